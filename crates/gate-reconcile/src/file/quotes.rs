//! Whether quotation marks stand where a file may have them. csv-core takes what it gets: it ends an open field with the file, and
//! joins what follows a closing mark to the field. Either hides the lines in between.

/// Where the next byte stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// A field begins.
    #[default]
    Begin,
    /// In a field without marks.
    Plain,
    /// In a field with marks.
    Open,
    /// Behind a mark that closes a field, or is the first half of a doubled one.
    Closed,
}

/// Follows the marks of a file, byte by byte as csv-core reads it.
#[derive(Debug, Default)]
pub(super) struct Quotes {
    state: State,
    line: u64,
    /// The line in which the field that is open began.
    opened: u64,
}

impl Quotes {
    /// Takes a piece; the line, from 1, of a field that goes on behind its closing mark.
    pub(super) fn push(&mut self, bytes: &[u8], separator: u8) -> Result<(), u64> {
        for byte in bytes {
            let is_end = *byte == separator || matches!(byte, b'\n' | b'\r');
            self.state = match (self.state, byte) {
                (State::Begin, b'"') => {
                    self.opened = self.line + 1;
                    State::Open
                }
                (State::Open, b'"') => State::Closed,
                (State::Open, _) | (State::Closed, b'"') => State::Open,
                (State::Begin | State::Plain | State::Closed, _) if is_end => State::Begin,
                (State::Closed, _) => return Err(self.opened),
                (State::Begin | State::Plain, _) => State::Plain,
            };
            self.line += u64::from(*byte == b'\n');
        }
        Ok(())
    }

    /// The line, from 1, in which a field begins that is open now.
    pub(super) fn open(&self) -> Option<u64> {
        (self.state == State::Open).then_some(self.opened)
    }
}
