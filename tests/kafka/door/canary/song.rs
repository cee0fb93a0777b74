//! What a canary sounds like wherever it comes out: as it is, in lower case, in percent, in hex, in base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// In names, texts, ids, addresses.
pub(super) const WORD: &str = "KanarienVogel";
/// In telephone numbers; a hash or a time hardly has these ten digits in a row.
pub(super) const NUMBER: &str = "7700900123";
/// The people of the providers' sample requests.
const SAMPLES: [&str; 2] = ["ana@example", "eva@example"];

/// Everything to listen for.
pub(super) struct Song {
    /// In lower case.
    any_case: Vec<String>,
    /// Letter by letter.
    exact: Vec<String>,
}

impl Song {
    /// The canaries, and these secrets as they are.
    pub(super) fn new(secrets: &[String]) -> Self {
        let mut song = Self { any_case: Vec::new(), exact: secrets.to_vec() };
        for word in [WORD, NUMBER].into_iter().chain(SAMPLES) {
            for form in [word.to_owned(), word.to_lowercase(), word.to_uppercase()] {
                song.any_case.extend([percent(&form, true), percent(&form, false), hex(&form)]);
                song.any_case.push(form.to_lowercase());
                song.exact.extend((0..3).map(|shift| base64(&form, shift)));
            }
        }
        song.any_case.sort();
        song.any_case.dedup();
        song
    }

    /// The place where it is heard, with what stands around it.
    pub(super) fn heard_in(&self, text: &str) -> Option<String> {
        let lower = text.to_ascii_lowercase();
        let found = self.any_case.iter().find_map(|form| Some((lower.find(form)?, form)));
        let found = found.or_else(|| {
            // a base64 text for URLs differs in two letters
            let other = text.replace('-', "+").replace('_', "/");
            self.exact.iter().find_map(|form| {
                Some((text.find(form.as_str()).or_else(|| other.find(form.as_str()))?, form))
            })
        });
        let (at, form) = found?;
        let bytes = text.as_bytes();
        let around = bytes.get(at.saturating_sub(200)..(at + 200).min(bytes.len()));
        Some(format!("`{form}` in …{}…", String::from_utf8_lossy(around.unwrap_or_default())))
    }
}

/// All letters escaped, or those alone that a URL escapes.
fn percent(text: &str, all: bool) -> String {
    let letter = |c: char| match c.is_ascii_alphanumeric() && !all {
        true => c.to_string(),
        false => format!("%{:02x}", u32::from(c)),
    };
    text.chars().map(letter).collect()
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// The letters that a text has in base64 wherever `shift` bytes (modulo 3) stand before it, whatever follows.
fn base64(text: &str, shift: usize) -> String {
    let mut bytes = vec![0; shift];
    bytes.extend_from_slice(text.as_bytes());
    let encoded = STANDARD_NO_PAD.encode(&bytes);
    let (begin, end) = ((shift * 8).div_ceil(6), bytes.len() * 8 / 6);
    encoded[begin..end].to_owned()
}

#[test]
fn every_form_is_heard() {
    let song = Song::new(&["A-Secret".to_owned()]);
    for quiet in ["kanarien", "7700900", "a-secret", "ana@other.example"] {
        assert_eq!(song.heard_in(quiet), None, "{quiet}");
    }
    for before in ["", "x", "xy", "xyz"] {
        for word in ["KanarienVogel", "kanarienvogel", "+447700900123", "ana@example.com"] {
            let text = format!("{before}{word} and so on");
            let forms = [
                text.clone(),
                hex(&text),
                percent(&text, true),
                percent(&text, false),
                STANDARD_NO_PAD.encode(&text),
            ];
            for form in forms {
                assert!(song.heard_in(&form).is_some(), "{form}");
            }
        }
    }
    assert!(song.heard_in("the A-Secret word").is_some());
}
