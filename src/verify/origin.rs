//! Where a record comes from: its place among all records, its input, its receipt, its key.

/// Where and when a record was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Origin {
    /// Which record of all, from 0.
    pub record: u32,
    /// Which input: a file, or a partition.
    pub input: u16,
    /// When the pipeline received it, in nanoseconds since the Unix epoch.
    pub received: Option<i64>,
    pub key: RecordKey,
}

/// The key of a record of a topic.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum RecordKey {
    /// The input has no keys, or the record has several events.
    #[default]
    Unknown,
    /// The record has no key.
    None,
    /// By the numbers of [`Expectation::key`](super::expectation::Expectation::key).
    Number(u32),
    /// No event of the run has that key.
    Other,
}

impl RecordKey {
    /// As a number for the disk.
    pub(super) fn to_number(self) -> u32 {
        match self {
            RecordKey::None => 0,
            RecordKey::Number(number) => number,
            RecordKey::Other => u32::MAX - 1,
            RecordKey::Unknown => u32::MAX,
        }
    }

    /// See [`RecordKey::to_number`].
    pub(super) fn from_number(number: u32) -> Self {
        match number {
            0 => RecordKey::None,
            u32::MAX => RecordKey::Unknown,
            number if number == u32::MAX - 1 => RecordKey::Other,
            number => RecordKey::Number(number),
        }
    }
}

/// The keys of a topic's records, compared with those that the events were generated with: first arrivals only.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Keys {
    /// Events with their key, which may be none.
    pub same: u64,
    /// Events with another key.
    pub other: u64,
    /// Events that have lost their key.
    pub gone: u64,
}

impl Keys {
    /// Notes an arrival; `expected` is the number of the event's key, 0 for none.
    pub(super) fn note(&mut self, found: RecordKey, expected: u32) {
        match found {
            RecordKey::Unknown => {}
            RecordKey::None if expected == 0 => self.same += 1,
            RecordKey::None => self.gone += 1,
            RecordKey::Number(number) if number == expected => self.same += 1,
            RecordKey::Number(_) | RecordKey::Other => self.other += 1,
        }
    }

    /// Whether any key is known.
    pub(super) fn is_known(self) -> bool {
        self.same + self.other + self.gone > 0
    }
}
