//! Sets of channels, bases and kinds of recipient, a bit for each.

use crate::{Basis, Channel, RecipientKind};

/// A set of channels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChannelSet(u16);

impl ChannelSet {
    /// Every channel. Does not compile when a code has no bit.
    pub const ALL: Self = {
        let (mut all, mut rest) = (Self(0), Channel::ALL.as_slice());
        while let [channel, more @ ..] = rest {
            all = all.with(*channel);
            rest = more;
        }
        all
    };

    /// Adds one.
    #[must_use]
    pub const fn with(self, channel: Channel) -> Self {
        Self(self.0 | 1 << channel as u16)
    }

    /// Whether it holds one.
    #[must_use]
    pub const fn contains(self, channel: Channel) -> bool {
        self.0 & 1 << channel as u16 != 0
    }
}

/// A set of bases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BasisSet(u8);

const _: () = assert!(Basis::ALL.len() <= u8::BITS as usize, "more bases than bits");

impl BasisSet {
    /// Adds one.
    #[must_use]
    pub const fn with(self, basis: Basis) -> Self {
        Self(self.0 | 1 << basis as u8)
    }

    /// Whether both hold a common basis.
    #[must_use]
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Both together.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether it holds one.
    #[must_use]
    pub const fn contains(self, basis: Basis) -> bool {
        self.0 & 1 << basis as u8 != 0
    }

    /// Whether it holds none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// A set of kinds of recipient.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecipientSet(u8);

const _: () = assert!(RecipientKind::ALL.len() <= u8::BITS as usize, "more kinds than bits");

impl RecipientSet {
    /// Adds one.
    #[must_use]
    pub const fn with(self, kind: RecipientKind) -> Self {
        Self(self.0 | 1 << kind as u8)
    }

    /// Whether it holds one.
    #[must_use]
    pub const fn contains(self, kind: RecipientKind) -> bool {
        self.0 & 1 << kind as u8 != 0
    }

    /// Its kinds.
    pub fn iter(self) -> impl Iterator<Item = RecipientKind> {
        RecipientKind::ALL.into_iter().filter(move |kind| self.contains(*kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_added_twice_is_in() {
        for channel in Channel::ALL {
            let set = ChannelSet::default().with(channel).with(channel);
            assert!(
                Channel::ALL.into_iter().all(|other| set.contains(other) == (other == channel))
            );
        }
        for basis in Basis::ALL {
            let set = BasisSet::default().with(basis).with(basis);
            assert!(Basis::ALL.into_iter().all(|other| set.contains(other) == (other == basis)));
        }
        for kind in RecipientKind::ALL {
            let set = RecipientSet::default().with(kind).with(kind);
            assert!(set.iter().eq([kind]), "{kind:?}");
        }
    }

    #[test]
    fn bases_in_common_and_together() {
        let of =
            |bases: &[Basis]| bases.iter().fold(BasisSet::default(), |set, basis| set.with(*basis));
        let [first, second, third, ..] = Basis::ALL;
        let (low, high) = (of(&[first, second]), of(&[second, third]));
        assert!(low.intersects(high));
        assert!(!of(&[first]).intersects(high) && !BasisSet::default().intersects(high));
        assert_eq!(low.union(high), of(&[first, second, third]));
    }
}
