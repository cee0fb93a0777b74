//! The channels a person can be written to or called on, as the contract names them.

use serde::{Deserialize, Serialize};

macro_rules! channels {
    ($($(#[$doc:meta])* $channel:ident $code:literal $family:ident;)*) => {
        /// A channel; its code is that of `channel` in a consent change.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Channel {
            $($(#[$doc])* #[serde(rename = $code)] $channel,)*
        }

        impl Channel {
            /// All of them, in the order of pages.
            pub const ALL: &[Self] = &[$(Self::$channel,)*];

            /// The code: `voice_live`.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(Self::$channel => $code,)* }
            }

            /// What people call it, where a refusal of one is a refusal of its like.
            pub(crate) fn family(self) -> Family {
                match self { $(Self::$channel => Family::$family,)* }
            }
        }
    };
}

channels! {
    /// E-mail.
    Email "email" Email;
    /// Text message.
    Sms "sms" Text;
    /// Multimedia message.
    Mms "mms" Text;
    /// Rich Communication Services.
    Rcs "rcs" Text;
    /// WhatsApp.
    Whatsapp "whatsapp" Whatsapp;
    /// App push notification.
    Push "push" Push;
    /// A call by a person.
    VoiceLive "voice_live" Call;
    /// An automated or recorded call.
    VoiceAuto "voice_auto" Call;
}

impl Channel {
    /// The channel with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|channel| channel.code() == code)
    }
}

/// Channels that share their sentences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Email,
    Text,
    Whatsapp,
    Push,
    Call,
}

impl Family {
    /// The last part of the ids of its sentences.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Text => "text",
            Self::Whatsapp => "whatsapp",
            Self::Push => "push",
            Self::Call => "call",
        }
    }
}
