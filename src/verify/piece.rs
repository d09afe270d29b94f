//! A piece of an input: a record, or a part of one that is too long for memory.

/// A record or a part of it, as the readers hand it on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// A record.
    Whole(&'a [u8]),
    /// A part of a record that is too long; whether it is the first one.
    Slice(&'a [u8], bool),
}
