//! The code of a jurisdiction (ISO 3166): a country, or a part of one.

/// Longest code of a jurisdiction, in bytes (ISO 3166-2).
const CODE_BYTES_MAX: usize = 6;

/// A jurisdiction's code in upper case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code([u8; CODE_BYTES_MAX]);

impl Code {
    /// No code: no text names it.
    pub(crate) const NONE: Self = Self([0; CODE_BYTES_MAX]);

    /// A code as packs and messages write it, case ignored; `None` when it cannot be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().as_bytes();
        let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
        if text.is_empty() || text.len() > CODE_BYTES_MAX || !text.iter().all(is_plain) {
            return None;
        }
        let mut code = [0; CODE_BYTES_MAX];
        for (to, from) in code.iter_mut().zip(text) {
            *to = from.to_ascii_uppercase();
        }
        Some(Self(code))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let end = self.0.iter().position(|byte| *byte == 0).unwrap_or(CODE_BYTES_MAX);
        self.0.get(..end).and_then(|code| std::str::from_utf8(code).ok()).unwrap_or_default()
    }

    /// The country of a subdivision (`US` of `US-IL`); a country is its own.
    #[must_use]
    pub fn country(self) -> Self {
        let mut code = [0; CODE_BYTES_MAX];
        for (to, from) in code.iter_mut().zip(self.0.iter().take_while(|byte| **byte != b'-')) {
            *to = *from;
        }
        Self(code)
    }

    /// Whether it names a part of a country.
    #[must_use]
    pub fn is_subdivision(self) -> bool {
        self.0.contains(&b'-')
    }
}

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
