//! What single providers send and what it means here; one file each. Facts and sources: docs/providers.

pub(crate) mod hubspot;
pub(crate) mod mailgun;
pub(crate) mod postmark;
pub(crate) mod sendgrid;
pub(crate) mod ses;
pub(crate) mod shopify;
pub(crate) mod sns;
pub(crate) mod twilio;
