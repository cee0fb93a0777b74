//! Providers by a mapping file: where items lie, how their fields become a change, which scheme proves them. The format is
//! documented in docs/door-sources.md; those that come with the program are `providers/*.yaml`, one a provider.

mod file;

pub use file::{AtUnit, BodyKind, Mapping, NamedScheme, Rule, TimeField};

use std::sync::LazyLock;

/// The names of the mappings that come with the program.
pub const NAMES: [&str; 8] =
    ["mandrill", "mailchimp", "brevo", "sparkpost", "salesforce-ens", "sinch", "infobip", "vonage"];

const FILES: [&str; 8] = [
    include_str!("../../providers/mandrill.yaml"),
    include_str!("../../providers/mailchimp.yaml"),
    include_str!("../../providers/brevo.yaml"),
    include_str!("../../providers/sparkpost.yaml"),
    include_str!("../../providers/salesforce-ens.yaml"),
    include_str!("../../providers/sinch.yaml"),
    include_str!("../../providers/infobip.yaml"),
    include_str!("../../providers/vonage.yaml"),
];

static KNOWN: LazyLock<Vec<Mapping>> =
    LazyLock::new(|| FILES.iter().filter_map(|text| Mapping::parse(text).ok()).collect());

/// The mapping of that name, if it comes with the program.
pub(crate) fn known(name: &str) -> Option<Mapping> {
    let name = match name {
        "sfmc" | "ens" | "salesforce" => "salesforce-ens",
        "mailchimp-transactional" => "mandrill",
        "nexmo" => "vonage",
        "sendinblue" => "brevo",
        name => name,
    };
    KNOWN.iter().find(|mapping| mapping.name == name).cloned()
}
