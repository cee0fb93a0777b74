//! The words of the mail that asks for a confirmation: the approved texts to the letter, the link, who asks. It promotes nothing,
//! has no picture and no other link than the privacy notice.

use std::fmt;

use jiff::Timestamp;

use crate::asked::AskedText;
use crate::brand::Brand;
use crate::language::Language;
use crate::when::When;
use crate::words::Words;

/// What the mail is about.
#[derive(Clone, Copy)]
pub struct ConfirmMail<'a> {
    /// What was asked for.
    pub asked: &'a [AskedText],
    /// When.
    pub asked_at: &'a When,
    /// Until when the link works.
    pub until: &'a When,
    /// The link.
    pub url: &'a str,
}

/// Subject and plain text.
#[derive(Clone, PartialEq, Eq)]
pub struct MailWords {
    /// One line.
    pub subject: String,
    /// The text, lines ending in `\n`.
    pub text: String,
}

impl fmt::Debug for ConfirmMail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConfirmMail(redacted)")
    }
}

impl fmt::Debug for MailWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MailWords(redacted)")
    }
}

impl ConfirmMail<'_> {
    /// The mail in the brand's name.
    #[must_use]
    pub fn words(&self, brand: &Brand, language: Language, now: Timestamp) -> MailWords {
        let t = Words::new(language, now);
        let asked = t.say("mail-asked").s("brand", brand.name()).w("at", t.minute(self.asked_at));
        let mut parts = vec![asked.to_string()];
        for it in self.asked {
            let name = brand.purpose_name(&it.purpose, language);
            parts.push(format!("{name}\n\n{}", indented(it.notice.text())));
        }
        parts.push(format!("{}\n{}", t.say("mail-link"), self.url));
        let until = t.say("mail-until").w("day", t.day(self.until));
        parts.push(format!("{until} {}", t.say("mail-not")));
        let contact = brand.contact();
        let mut foot = format!("-- \n{}\n{}", brand.legal_name(), contact.email);
        if let Some(privacy) = &contact.privacy {
            foot.push('\n');
            foot.push_str(privacy);
        }
        parts.push(foot);
        MailWords {
            subject: t.say("mail-subject").s("brand", brand.name()).to_string(),
            text: format!("{}\n", parts.join("\n\n")),
        }
    }
}

/// As mail sets texts apart that it quotes.
fn indented(text: &str) -> String {
    text.lines().map(|line| format!("> {line}")).collect::<Vec<_>>().join("\n")
}
