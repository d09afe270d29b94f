//! A text that comes in pieces, compared with the bytes of a file.

use std::{
    fmt,
    io::{self, ErrorKind, Read},
};

use super::super::messages::reason;

/// How far a file is as it should be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// Bytes.
    pub offset: u64,
    /// Line feeds in them.
    pub lines: u64,
    /// Whether the last line has no line feed yet.
    within: bool,
}

/// Where a file stops being as it should be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Difference {
    /// In this line, from 1.
    Line(u64),
    /// It ends where this line should begin.
    EndsBefore(u64),
    /// It goes on after so many lines, and the run ends.
    GoesOnAfter(u64),
    /// It cannot be read on.
    Unreadable { lines: u64, reason: String },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line} differs"),
            Self::EndsBefore(line) => write!(f, "ends before line {line}"),
            Self::GoesOnAfter(lines) => write!(f, "goes on after line {lines}"),
            Self::Unreadable { lines, reason } => write!(f, "cannot be read after line {lines}: {reason}"),
        }
    }
}

impl Progress {
    /// Compares the next piece of the text with the next bytes of the file. `buffer` is memory to use again.
    pub fn compare(&mut self, file: &mut dyn Read, text: &[u8], buffer: &mut Vec<u8>) -> Result<(), Difference> {
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

    /// Whether the file ends here, as the text does.
    pub fn compare_end(self, file: &mut dyn Read) -> Result<(), Difference> {
        match fill(file, &mut [0]) {
            Ok(0) => Ok(()),
            Ok(_) => Err(Difference::GoesOnAfter(self.lines)),
            Err((_, error)) => Err(Difference::Unreadable { lines: self.lines, reason: reason(&error) }),
        }
    }
}

/// Reads until the buffer is full or the file ends; how many bytes there are, also before an error.
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
