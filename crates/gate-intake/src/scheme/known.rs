//! Schemes by name, so that configuration and mapping files need not spell them out. Sources: docs/door-sources.md.

use super::{
    Algorithm, BearerScheme, Encoding, HeaderNames, JwtScheme, KeyForm, Scheme, SignatureScheme,
    Template, TimestampRule, Unit, Written,
};
use std::collections::BTreeMap;

/// How old a signature may be where the vendor's libraries say 300 seconds or nothing.
const TOLERANCE_SECONDS: u32 = 300;

/// Names that [`named`] knows.
pub(crate) const NAMES: [&str; 14] = [
    "standard-webhooks",
    "stripe",
    "shopify",
    "hubspot-v3",
    "salesforce-ens",
    "sinch",
    "klaviyo",
    "klaviyo-base64",
    "mandrill",
    "messagebird-jwt",
    "vonage-jwt",
    "bearer",
    "basic",
    "path-secret",
];

/// The scheme of that name.
pub(crate) fn named(name: &str) -> Option<Scheme> {
    Some(match name {
        "standard-webhooks" => standard_webhooks(),
        "stripe" => stripe(),
        "shopify" => simple("x-shopify-hmac-sha256", None, "{body}", Encoding::Base64),
        "hubspot-v3" => hubspot(),
        "salesforce-ens" => simple("x-sfmc-ens-signature", None, "{body}", Encoding::Base64),
        "sinch" => sinch(),
        // third-party handlers differ on the encoding; the vendor's page was not read
        "klaviyo" => klaviyo(Encoding::Hex),
        "klaviyo-base64" => klaviyo(Encoding::Base64),
        "mandrill" => mandrill(),
        "messagebird-jwt" => messagebird(),
        "vonage-jwt" => vonage(),
        "bearer" => Scheme::Bearer(BearerScheme::default()),
        "basic" => Scheme::Basic,
        "path-secret" => Scheme::PathSecret,
        _ => return None,
    })
}

fn template(text: &str) -> Template {
    Template::parse(text).unwrap_or(Template(Vec::new()))
}

fn signature(names: Vec<HeaderNames>, template_text: &str, encoding: Encoding) -> SignatureScheme {
    SignatureScheme {
        headers: names,
        template: template(template_text),
        written: Written::Plain,
        algorithm: Algorithm::HmacSha256,
        encoding,
        key: KeyForm::Text,
        timestamp: None,
        demand: BTreeMap::new(),
    }
}

fn names(signature: &str, timestamp: Option<&str>) -> HeaderNames {
    HeaderNames {
        signature: signature.to_owned(),
        timestamp: timestamp.map(str::to_owned),
        id: None,
        nonce: None,
    }
}

fn simple(header: &str, timestamp: Option<&str>, template: &str, encoding: Encoding) -> Scheme {
    Scheme::Signature(signature(vec![names(header, timestamp)], template, encoding))
}

/// Standard Webhooks 1.0.0 and the names Svix used before it.
fn standard_webhooks() -> Scheme {
    let of = |prefix: &str| HeaderNames {
        id: Some(format!("{prefix}-id")),
        ..names(&format!("{prefix}-signature"), Some(&format!("{prefix}-timestamp")))
    };
    let versions = [("v1", Algorithm::HmacSha256), ("v1a", Algorithm::Ed25519)];
    Scheme::Signature(SignatureScheme {
        written: Written::Versions(
            versions.map(|(version, algorithm)| (version.to_owned(), algorithm)).into(),
        ),
        key: KeyForm::Whsec,
        timestamp: rule(Unit::Seconds),
        ..signature(vec![of("webhook"), of("svix")], "{id}.{timestamp}.{body}", Encoding::Base64)
    })
}

const fn rule(unit: Unit) -> Option<TimestampRule> {
    Some(TimestampRule { unit, tolerance_seconds: TOLERANCE_SECONDS })
}

/// The prefix `whsec_` stays in: Stripe's key is the text.
fn stripe() -> Scheme {
    Scheme::Signature(SignatureScheme {
        written: Written::Pairs { timestamp: "t".to_owned(), signature: "v1".to_owned() },
        timestamp: rule(Unit::Seconds),
        ..signature(vec![names("stripe-signature", None)], "{timestamp}.{body}", Encoding::Hex)
    })
}

fn hubspot() -> Scheme {
    let names = names("x-hubspot-signature-v3", Some("x-hubspot-request-timestamp"));
    Scheme::Signature(SignatureScheme {
        timestamp: rule(Unit::Milliseconds),
        ..signature(vec![names], "{method}{url_decoded}{body}{timestamp}", Encoding::Base64)
    })
}

fn sinch() -> Scheme {
    let names = HeaderNames {
        nonce: Some("x-sinch-webhook-signature-nonce".to_owned()),
        ..names("x-sinch-webhook-signature", Some("x-sinch-webhook-signature-timestamp"))
    };
    let algorithm = ("x-sinch-webhook-signature-algorithm".to_owned(), "HmacSHA256".to_owned());
    Scheme::Signature(SignatureScheme {
        timestamp: rule(Unit::Seconds),
        demand: BTreeMap::from([algorithm]),
        ..signature(vec![names], "{body}.{nonce}.{timestamp}", Encoding::Base64)
    })
}

fn klaviyo(encoding: Encoding) -> Scheme {
    simple("klaviyo-signature", Some("klaviyo-timestamp"), "{body}{timestamp}", encoding)
}

fn mandrill() -> Scheme {
    Scheme::Signature(SignatureScheme {
        algorithm: Algorithm::HmacSha1,
        ..signature(
            vec![names("x-mandrill-signature", None)],
            "{url}{sorted_form}",
            Encoding::Base64,
        )
    })
}

fn messagebird() -> Scheme {
    Scheme::Jwt(JwtScheme {
        header: "messagebird-signature-jwt".to_owned(),
        issuer: Some("MessageBird".to_owned()),
        url_hash: true,
        leeway_seconds: 5,
        tolerance_seconds: None,
    })
}

fn vonage() -> Scheme {
    Scheme::Jwt(JwtScheme {
        header: "authorization".to_owned(),
        issuer: None,
        url_hash: false,
        leeway_seconds: 5,
        tolerance_seconds: Some(TOLERANCE_SECONDS),
    })
}
