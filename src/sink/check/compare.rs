//! Compares a text that arrives in pieces with the bytes of a file.

use std::{
    fmt,
    io::{self, ErrorKind, Read},
};

use super::super::messages::reason;

/// How much of a file has matched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// Number of bytes.
    pub(crate) offset: u64,
    /// Number of line feeds in them.
    pub(crate) lines: u64,
    /// Whether the last line is still incomplete.
    within: bool,
}

/// Where a file differs from the run.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Difference {
    /// In this line, from 1.
    Line(u64),
    /// The file ends before this line.
    EndsBefore(u64),
    /// The file continues after this number of lines, where the run ends.
    GoesOnAfter(u64),
    /// The file cannot be read any further.
    Unreadable { lines: u64, reason: String },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line} differs"),
            Self::EndsBefore(line) => write!(f, "ends before line {line}"),
            Self::GoesOnAfter(lines) => write!(f, "continues after line {lines}"),
            Self::Unreadable { lines, reason } => write!(f, "cannot be read after line {lines}: {reason}"),
        }
    }
}

impl Progress {
    /// Compares the next piece of the text with the next bytes of the file. `buffer` is scratch memory.
    pub(super) fn compare(&mut self, file: &mut dyn Read, text: &[u8], buffer: &mut Vec<u8>) -> Result<(), Difference> {
        buffer.resize(text.len(), 0);
        let read = fill(file, buffer);
        let found = &buffer[..*read.as_ref().unwrap_or_else(|(read, _)| read)];
        let same = text.iter().zip(found).take_while(|(wanted, found)| wanted == found).count();
        let lines = self.lines + text[..same].iter().map(|byte| u64::from(*byte == b'\n')).sum::<u64>();
        let within = text[..same].last().map_or(self.within, |byte| *byte != b'\n');
        if same == text.len() {
            *self = Self { offset: self.offset + same as u64, lines, within };
            return Ok(());
        }
        match read {
            _ if same < found.len() => Err(Difference::Line(lines + 1)),
            Err((_, error)) => Err(Difference::Unreadable { lines, reason: reason(&error) }),
            Ok(_) if within => Err(Difference::Line(lines + 1)),
            Ok(_) => Err(Difference::EndsBefore(lines + 1)),
        }
    }

    /// Checks that the file ends here, as the text does.
    pub(super) fn compare_end(self, file: &mut dyn Read) -> Result<(), Difference> {
        match fill(file, &mut [0]) {
            Ok(0) => Ok(()),
            Ok(_) => Err(Difference::GoesOnAfter(self.lines)),
            Err((_, error)) => Err(Difference::Unreadable { lines: self.lines, reason: reason(&error) }),
        }
    }
}

/// Reads until the buffer is full or the file ends. Returns the number of bytes read, also with an error.
fn fill(file: &mut dyn Read, buffer: &mut [u8]) -> Result<usize, (usize, io::Error)> {
    let mut read = 0;
    while read < buffer.len() {
        match file.read(&mut buffer[read..]) {
            Ok(0) => break,
            Ok(count) => read += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err((read, error)),
        }
    }
    Ok(read)
}
