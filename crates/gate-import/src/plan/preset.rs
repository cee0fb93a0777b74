//! Plans that come with the program, for lists as providers export them.
//!
//! What they hold of a provider's names is from memory or from its documentation, as each file says. A name that is not so in
//! a file is an error when the file is opened, never a silence.

macro_rules! presets {
    ($($name:literal)*) => {
        /// Their names.
        pub const PRESETS: &[&str] = &[$($name),*];

        /// The text of the one with this name.
        pub(crate) fn preset(name: &str) -> Option<&'static str> {
            match name {
                $($name => Some(include_str!(concat!("presets/", $name, ".yaml"))),)*
                _ => None,
            }
        }
    };
}
presets! {
    "suppression-list"
    "mailchimp-subscribed"
    "mailchimp-unsubscribed"
    "mailchimp-cleaned"
    "hubspot-statuses"
    "twilio-consents"
}
