//! Keeps account of the buffers that librdkafka may still read, and of the event that each report is about.
//!
//! A batch is a group of consecutive events in one buffer. Its entry is created before the first of its records is handed
//! over, and removed when the last of them has been returned.

use std::sync::Arc;

/// Bits of a token for the event's index in its batch.
const PLACE_BITS: u32 = 12;

/// The most events of a batch.
pub(crate) const BATCH_EVENTS: usize = 1 << PLACE_BITS;

/// Memory of a queued record in addition to its value: librdkafka's own data, with key and headers.
const RECORD_BYTES: usize = 640;

/// Whether returned buffers are reused. In debug builds they are freed instead, so that valgrind detects a read that
/// comes too late (`tests/kafka/memcheck`).
const KEEPS_BUFFERS: bool = !cfg!(debug_assertions);

/// All batches with records that have not been returned.
#[derive(Default)]
pub(crate) struct InFlight {
    batches: Vec<Entry>,
    /// Indices of unused entries.
    free: Vec<usize>,
    /// Returned buffers, for reuse by further chunks: their memory is already mapped.
    spare: Vec<Vec<u8>>,
    held: usize,
}

/// A batch.
#[derive(Default)]
struct Entry {
    /// The buffer, if values are not copied.
    bodies: Option<Arc<Vec<u8>>>,
    /// The events' numbers in the run.
    numbers: Vec<u64>,
    /// Memory that the batch accounts for, in bytes.
    size: usize,
    /// The number of records that have not been returned; negative while the batch is open.
    due: i64,
    /// Whether further records may be handed over.
    open: bool,
}

/// A delivery token: the value that librdkafka stores with a record and returns with its report. It cannot be copied:
/// each is returned once.
pub(crate) struct DeliveryToken(usize);

impl DeliveryToken {
    /// The token of the event at an index of an open batch.
    pub(super) fn new(batch: usize, place: usize) -> Self {
        debug_assert!(place < BATCH_EVENTS);
        Self(batch << PLACE_BITS | place)
    }

    /// The token as a number.
    pub(super) fn into_bits(self) -> usize {
        self.0
    }

    /// The token that a number stands for.
    pub(super) fn from_bits(bits: usize) -> Self {
        Self(bits)
    }

    fn batch(&self) -> usize {
        self.0 >> PLACE_BITS
    }
}

/// Memory, in bytes, that a batch with a buffer of this size accounts for.
pub(crate) fn size(buffer: usize, events: usize) -> usize {
    buffer + events * RECORD_BYTES
}

impl InFlight {
    /// Whether a batch of this size fits into the limit. A single batch always does.
    pub(crate) fn has_room(&self, size: usize, limit: usize) -> bool {
        self.held == 0 || self.held + size <= limit
    }

    /// Adds a batch; `bodies` is its buffer, if values are not copied.
    pub(super) fn open(
        &mut self,
        bodies: Option<Arc<Vec<u8>>>,
        size: usize,
        numbers: impl Iterator<Item = u64>,
    ) -> usize {
        let at = self.free.pop().unwrap_or_else(|| {
            self.batches.push(Entry::default());
            self.batches.len() - 1
        });
        let batch = &mut self.batches[at];
        batch.numbers.clear();
        batch.numbers.extend(numbers);
        (batch.bodies, batch.size, batch.due, batch.open) = (bodies, size, 0, true);
        self.held += size;
        at
    }

    /// Closes a batch: no further record of it will be handed over; `handed` records were.
    pub(super) fn close(&mut self, at: usize, handed: i64) {
        let batch = &mut self.batches[at];
        batch.due += handed;
        batch.open = false;
        self.settle(at);
    }

    /// The number of the event that a record contains.
    pub(super) fn number(&self, token: &DeliveryToken) -> u64 {
        let numbers = self.batches.get(token.batch()).map(|batch| &batch.numbers);
        numbers.and_then(|numbers| numbers.get(token.0 & (BATCH_EVENTS - 1)).copied()).unwrap_or_default()
    }

    /// Returns a record: its value is no longer accessed.
    pub(super) fn back(&mut self, token: DeliveryToken) {
        let at = token.into_bits() >> PLACE_BITS;
        if let Some(batch) = self.batches.get_mut(at) {
            batch.due -= 1;
            self.settle(at);
        }
    }

    /// A buffer for a further chunk.
    pub(crate) fn spare(&mut self) -> Vec<u8> {
        self.spare.pop().unwrap_or_default()
    }

    /// Removes a batch if all of its records have been returned.
    fn settle(&mut self, at: usize) {
        let batch = &mut self.batches[at];
        if batch.open || batch.due != 0 {
            return;
        }
        self.held -= batch.size;
        self.free.push(at);
        // Another batch may use the same buffer.
        let bodies = batch.bodies.take().and_then(|bodies| Arc::try_unwrap(bodies).ok());
        if let Some(mut bodies) = bodies.filter(|_| KEEPS_BUFFERS) {
            bodies.clear();
            self.spare.push(bodies);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buffer() -> Arc<Vec<u8>> {
        Arc::new(vec![7; 100])
    }

    #[test]
    fn a_buffer_stays_until_its_last_record_is_back() {
        let mut in_flight = InFlight::default();
        let batch = in_flight.open(Some(buffer()), 300, [40, 50, 60].into_iter());
        // Two records are returned before the batch is closed.
        let tokens = [0, 1, 2].map(|place| DeliveryToken::new(batch, place));
        assert_eq!(tokens.each_ref().map(|token| in_flight.number(token)), [40, 50, 60]);
        let [first, second, third] = tokens;
        in_flight.back(third);
        in_flight.back(first);
        assert!(in_flight.spare.is_empty() && !in_flight.has_room(1, 300) && in_flight.has_room(1, 301));
        in_flight.close(batch, 3);
        assert!(in_flight.spare.is_empty());
        in_flight.back(second);
        assert_eq!((in_flight.spare().capacity() >= 100, in_flight.spare().capacity()), (KEEPS_BUFFERS, 0));
        assert!(in_flight.has_room(1000, 300), "one batch always may");
    }

    #[test]
    fn a_batch_of_which_nothing_was_taken_is_gone_when_it_is_closed() {
        let mut in_flight = InFlight::default();
        let batch = in_flight.open(Some(buffer()), 300, [1, 2].into_iter());
        in_flight.close(batch, 0);
        assert_eq!((in_flight.held, in_flight.spare.len(), in_flight.free.len()), (0, usize::from(KEEPS_BUFFERS), 1));
    }

    #[test]
    fn batches_share_a_buffer_and_entries_are_used_again() {
        let mut in_flight = InFlight::default();
        let shared = buffer();
        let [one, other] = [1, 2].map(|number| in_flight.open(Some(Arc::clone(&shared)), 50, [number].into_iter()));
        drop(shared);
        for batch in [other, one] {
            assert!(in_flight.spare.is_empty());
            in_flight.close(batch, 1);
            in_flight.back(DeliveryToken::from_bits(DeliveryToken::new(batch, 0).into_bits()));
        }
        assert_eq!((in_flight.held, in_flight.spare.len()), (0, usize::from(KEEPS_BUFFERS)));
        let copied = in_flight.open(None, 50, [9].into_iter());
        assert!(in_flight.batches.len() == 2 && in_flight.number(&DeliveryToken::new(copied, 0)) == 9);
        in_flight.close(copied, 0);
    }
}
