//! What a message's content can be required to hold.

use crate::Content;

macro_rules! elements {
    ($($variant:ident $name:literal $meaning:literal)*) => {
        /// What a message's content can be required to hold.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum Element { $(#[doc = $meaning] $variant),* }

        impl Element {
            /// Every element.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The name packs and messages use.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }
        }
    };
}

elements! {
    SenderIdentity "sender_identity" "The sender is named."
    ContactAddress "contact_address" "A way to reach the sender; a postal address is one."
    PostalAddress "postal_address" "A physical postal address."
    Unsubscribe "unsubscribe" "A free way to refuse."
    OneClick "one_click" "RFC 8058 one-click unsubscribe."
    AdLabel "ad_label" "It is labelled as advertising."
    TemplateId "template_id" "It uses a registered template."
    HeaderId "header_id" "It uses a registered header."
}

/// A set of content elements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ContentSet(u16);

const _: () = assert!(Element::ALL.len() <= u16::BITS as usize, "more elements than bits");

impl ContentSet {
    /// Adds one.
    #[must_use]
    pub const fn with(self, element: Element) -> Self {
        Self(self.0 | 1 << element as u16)
    }

    /// Both together.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether it holds none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Its elements.
    pub fn iter(self) -> impl Iterator<Item = Element> {
        Element::ALL.iter().copied().filter(move |element| self.0 & 1 << *element as u16 != 0)
    }

    /// What of it a message does not declare; unknown counts as missing.
    #[must_use]
    pub fn missing_in(self, content: &Content) -> Self {
        let is_there = |stated: Option<bool>| stated == Some(true);
        self.iter().fold(Self::default(), |missing, element| {
            let holds = match element {
                Element::SenderIdentity => is_there(content.sender_identity),
                Element::ContactAddress => {
                    is_there(content.contact_address) || is_there(content.postal_address)
                }
                Element::PostalAddress => is_there(content.postal_address),
                Element::Unsubscribe => is_there(content.unsubscribe),
                Element::OneClick => is_there(content.one_click),
                Element::AdLabel => is_there(content.ad_label),
                Element::TemplateId => is_there(content.template_id),
                Element::HeaderId => is_there(content.header_id),
            };
            if holds { missing } else { missing.with(element) }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_element_asked_for_twice_is_asked_for() {
        for element in Element::ALL {
            let set = ContentSet::default().with(*element);
            assert_eq!(set.with(*element), set);
            assert_eq!(set.union(set), set);
            assert!(set.iter().eq([*element]));
        }
    }
}
