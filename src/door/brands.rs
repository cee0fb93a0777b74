//! The brands whose pages are shown: a file of them, checked as a whole at the start.

use std::path::Path;

use gate_door_pages::{Brand, BrandSettings};

use crate::exit::{ExitCode, Failure, OrFail as _};
use crate::files;

/// Bytes of the file; notices are texts.
const FILE_BYTES_MAX: u64 = 4 << 20;
/// Brands of one door.
const BRANDS_MAX: usize = 100;

/// In the order of the file.
#[derive(Default)]
pub(super) struct Brands(Vec<Brand>);

impl Brands {
    /// Reads the file; without one there are no pages of our own. A brand may have addresses kept where the door knows them.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub(super) fn load(path: Option<&Path>, knows_addresses: bool) -> Result<Self, Failure> {
        let Some(path) = path else { return Ok(Self::default()) };
        let name = path.display();
        let text = files::read_text(path, FILE_BYTES_MAX)
            .or_fail_at(ExitCode::Config, || format!("`door.brands_file`: `{name}`"))?;
        let brands = Self::parse(&text, knows_addresses);
        brands.map_err(|why| Failure::new(ExitCode::Config, format!("{name}: {why}")))
    }

    fn parse(text: &str, knows_addresses: bool) -> Result<Self, String> {
        let settings: Vec<BrandSettings> = serde_saphyr::from_str(text)
            .map_err(|error| format!("{error}; write a list of brands (docs/door.md)"))?;
        if settings.len() > BRANDS_MAX {
            return Err(format!("more than {BRANDS_MAX} brands"));
        }
        let (mut brands, mut problems) = (Vec::<Brand>::new(), Vec::new());
        for (nth, settings) in settings.iter().enumerate() {
            match settings.check(&format!("[{nth}]")) {
                Ok(brand) if brands.iter().any(|known| known.id() == brand.id()) => {
                    problems.push(format!("`[{nth}].id`: `{}` stands there twice", brand.id()));
                }
                // what anybody may write proves nothing
                Ok(brand) if !knows_addresses && brand.sign_up().is_some_and(|it| it.keep_ip) => {
                    problems.push(format!(
                        "`[{nth}].sign_up.keep_ip`: needs `door.trusted_proxies`: without it nobody knows whose address would be kept; name the proxies, or leave it out"
                    ));
                }
                Ok(brand) => brands.push(brand),
                Err(found) => problems.extend(found.iter().map(ToString::to_string)),
            }
        }
        if problems.is_empty() { Ok(Self(brands)) } else { Err(problems.join("\n")) }
    }

    /// The brand of a link. One that names none is everybody's: the first of the file shows it. Nobody shows another's.
    pub(super) fn of(&self, name: Option<&str>) -> Option<&Brand> {
        match name {
            Some(name) => self.0.iter().find(|brand| brand.id().eq_ignore_ascii_case(name)),
            None => self.0.first(),
        }
    }

    /// Whether one has a form that sends mail.
    pub(super) fn have_sign_up(&self) -> bool {
        self.0.iter().any(|brand| brand.sign_up().is_some())
    }

    /// The style of `/brand/{id}.css`.
    pub(super) fn css(&self, id: &str) -> Option<&str> {
        self.0.iter().find(|brand| brand.id() == id)?.css()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = r#"
- id: acme
  name: Acme
  legal_name: "Acme Ltd, 1 Example Street"
  contact: {email: stop@example.com}
  locales: [en]
  default_locale: en
  channels: [email]
"#;

    #[test]
    fn a_link_is_shown_by_its_brand_or_by_the_first() {
        let brands =
            Brands::parse(&format!("{PLAIN}{}", PLAIN.replace("acme", "other")), false).unwrap();
        assert_eq!(brands.of(Some("Other")).unwrap().id(), "other");
        assert_eq!(brands.of(None).unwrap().id(), "acme");
        assert!(brands.of(Some("gone")).is_none(), "nobody speaks for another brand");
        assert!(Brands::default().of(None).is_none());
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once() {
        let wrong = PLAIN.replace("[en]", "[xx]").replace("stop@example.com", "nobody");
        let why = Brands::parse(&format!("{wrong}{PLAIN}{PLAIN}"), false).err().unwrap();
        assert!(
            why.contains("locales") && why.contains("contact") && why.contains("twice"),
            "{why}"
        );
    }

    #[test]
    fn an_address_is_kept_only_where_somebody_knows_it() {
        let text = format!(
            "{PLAIN}{}",
            r#"  purposes: [{id: marketing.newsletter, channels: [email], words: {en: {name: Newsletter}}}]
  notices:
    - {purpose: marketing.newsletter, channel: email, version: "1", locale: en, text: "Yes, send me the newsletter.", approved_by: Kim, approved_on: "2026-11-02"}
  sign_up: {controller: acme-ltd, purposes: [marketing.newsletter], keep_ip: true}
"#
        );
        let why = Brands::parse(&text, false).err().unwrap();
        assert!(why.contains("keep_ip") && why.contains("door.trusted_proxies"), "{why}");
        assert!(Brands::parse(&text, true).unwrap().have_sign_up());
    }
}
