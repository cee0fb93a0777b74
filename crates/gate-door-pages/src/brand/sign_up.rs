//! The sign-up form of a brand: what it offers, and what may be asked for at all.

use std::collections::BTreeMap;

use crate::brand::problem::Problems;
use crate::brand::settings::SignUpSettings;
use crate::channel::Channel;
use crate::notice::Notice;

/// As many purposes as a form may offer: they are asked for in one mail.
pub const SIGN_UP_PURPOSES_MAX: usize = 8;
/// How long the link of the mail may work, in hours.
pub const LINK_HOURS: std::ops::RangeInclusive<u32> = 48..=168;

/// Selling or sharing data can only be refused (CCPA 1798.120): nothing on a page of ours turns it on.
pub(super) fn is_sale_share(purpose: &str) -> bool {
    purpose == "sale_share" || purpose.starts_with("sale_share.")
}

/// The form, as far as it is right; what is wrong is named.
pub(super) fn sign_up(
    settings: Option<&SignUpSettings>,
    notices: &BTreeMap<(String, Channel), Vec<Notice>>,
    p: &mut Problems,
) -> Option<SignUpSettings> {
    let settings = settings?;
    if settings.controller.trim().is_empty() {
        p.add("sign_up.controller", "it is empty", "write the legal entity, as messages name it");
    }
    if !(1..=SIGN_UP_PURPOSES_MAX).contains(&settings.purposes.len()) {
        let reason = format!("it has {} purposes", settings.purposes.len());
        p.add("sign_up.purposes", reason, format_args!("offer 1 to {SIGN_UP_PURPOSES_MAX}"));
    }
    for (at, purpose) in settings.purposes.iter().enumerate() {
        let key = format!("sign_up.purposes[{at}]");
        if !notices.contains_key(&(purpose.clone(), Channel::Email)) {
            let reason = format!("`{purpose}` by `email` has no approved text");
            p.add(&key, reason, "add a notice for it, or take it out here");
        }
        if settings.purposes.iter().take(at).any(|before| before == purpose) {
            p.add(&key, format_args!("`{purpose}` stands twice"), "write it once");
        }
    }
    if !LINK_HOURS.contains(&settings.link_hours) {
        let reason = format!("a link cannot work for {} hours", settings.link_hours);
        let fix = format!("write {} to {}", LINK_HOURS.start(), LINK_HOURS.end());
        p.add("sign_up.link_hours", reason, fix);
    }
    Some(settings.clone())
}
