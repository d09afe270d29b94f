//! How far an instance is when a run begins: the place where it waits, and the steps before it.

/// A position in a scenario: the call of an operation, and its turn of several.
#[derive(Debug, Clone, Copy)]
pub(super) struct Position {
    pub operation: u32,
    pub turn: u32,
    pub turns: u32,
}

/// An earlier event of an instance that may have changed its state.
#[derive(Debug, Clone, Copy)]
pub(super) struct Visit {
    pub operation: u32,
    pub turn: u32,
    /// Nanoseconds since the start of the instance.
    pub age: i64,
}

/// The steps of an instance before the run.
pub(super) struct Past<'a> {
    /// When it started.
    pub start: i64,
    pub visits: &'a [Visit],
}
