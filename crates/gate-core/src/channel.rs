//! The channels a message can take, and the families an opt-out covers together.

use crate::listed::listed;

listed! {
    /// A delivery channel, named exactly as in the schemas.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    #[repr(u8)]
    pub enum Channel {
        /// E-mail.
        Email = 1,
        /// Text message.
        Sms = 2,
        /// Multimedia message.
        Mms = 3,
        /// Rich Communication Services.
        Rcs = 4,
        /// WhatsApp.
        Whatsapp = 5,
        /// App push notification.
        Push = 6,
        /// A call by a person.
        VoiceLive = 7,
        /// An automated or recorded call.
        VoiceAuto = 8,
    }
}

// the codes are places in tables, one behind the other
const _: () = {
    let (mut code, mut rest) = (1, Channel::ALL.as_slice());
    while let [channel, more @ ..] = rest {
        assert!(*channel as u8 == code, "the codes of channels leave one out");
        (code, rest) = (code + 1, more);
    }
};

/// Channels that a person experiences as one: a refusal on one covers all of them
/// (docs/law.md section 10, state rule 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// `email`.
    Email,
    /// `sms`, `mms`, `rcs`.
    Text,
    /// `whatsapp`.
    Whatsapp,
    /// `push`.
    Push,
    /// `voice_live`, `voice_auto`.
    Voice,
}

impl Channel {
    /// The channel of that name; `None` for anything unknown, which callers must block.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.as_str() == name)
    }

    /// The name used on the wire and in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Sms => "sms",
            Self::Mms => "mms",
            Self::Rcs => "rcs",
            Self::Whatsapp => "whatsapp",
            Self::Push => "push",
            Self::VoiceLive => "voice_live",
            Self::VoiceAuto => "voice_auto",
        }
    }

    /// The family a refusal covers.
    #[must_use]
    pub const fn family(self) -> Family {
        match self {
            Self::Email => Family::Email,
            Self::Sms | Self::Mms | Self::Rcs => Family::Text,
            Self::Whatsapp => Family::Whatsapp,
            Self::Push => Family::Push,
            Self::VoiceLive | Self::VoiceAuto => Family::Voice,
        }
    }

    /// The channel with that code in stored state.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| *channel as u8 == code)
    }
}

/// The channels a consent change speaks about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChannelScope {
    /// Not named, or `any`: everything when restrictive, nothing when permissive.
    Any,
    /// One named channel.
    One(Channel),
}

impl ChannelScope {
    /// Whether a refusal with this scope reaches `channel`.
    #[must_use]
    pub fn refuses(self, channel: Channel) -> bool {
        match self {
            Self::Any => true,
            Self::One(named) => named.family() == channel.family(),
        }
    }

    /// Whether a permission with this scope names exactly `channel`.
    #[must_use]
    pub fn permits(self, channel: Channel) -> bool {
        self == Self::One(channel)
    }

    /// The channel that is named, if one is.
    #[must_use]
    pub const fn channel(self) -> Option<Channel> {
        match self {
            Self::Any => None,
            Self::One(channel) => Some(channel),
        }
    }

    /// The code in stored state; 0 is `Any`.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Any => 0,
            Self::One(channel) => channel as u8,
        }
    }

    /// The scope with that code.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        if code == 0 { Some(Self::Any) } else { Channel::from_code(code).map(Self::One) }
    }
}
