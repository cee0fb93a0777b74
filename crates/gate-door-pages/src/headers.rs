//! What the shell sends with these pages. Here and not in the shell, because the pages are written to work under them.

/// Nothing from elsewhere, nothing inline, no frame around; forms and `fetch` stay on the door.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The content type of every page.
pub const HTML_TYPE: &str = "text/html; charset=utf-8";
/// The content type of the two lines for mail clients.
pub const TEXT_TYPE: &str = "text/plain; charset=utf-8";

/// With every answer of the door that is no asset: the address holds a person's token, so nobody keeps, lists or passes it on.
pub const PAGE_HEADERS: &[(&str, &str)] = &[
    ("content-security-policy", CONTENT_SECURITY_POLICY),
    ("cache-control", "no-store"),
    ("referrer-policy", "no-referrer"),
    ("x-robots-tag", "noindex, nofollow"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

/// With an asset or a brand's style that is asked for by its version (`?v=`).
pub const ASSET_HEADERS: &[(&str, &str)] = &[
    ("cache-control", "public, max-age=31536000, immutable"),
    ("x-content-type-options", "nosniff"),
    ("cross-origin-resource-policy", "same-origin"),
];
