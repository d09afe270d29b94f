//! Keeps account of the buffers that librdkafka may still read, and of the event that each report is about.
//!
//! A lot is a group of consecutive events in one buffer. Its entry is created before the first of its records is handed
//! over, and removed when the last of them has been returned.

use std::sync::Arc;

/// Bits of a ticket for the event's index in its lot.
const PLACE_BITS: u32 = 12;

/// The most events of a lot.
pub const LOT_EVENTS: usize = 1 << PLACE_BITS;

/// Memory of a queued record in addition to its value: librdkafka's own data, with key and headers.
const RECORD_BYTES: usize = 640;

/// Whether returned buffers are reused. In debug builds they are freed instead, so that valgrind detects a read that
/// comes too late (`tests/kafka/memcheck`).
const KEEPS_BUFFERS: bool = !cfg!(debug_assertions);

/// All lots with records that have not been returned.
#[derive(Default)]
pub struct Loans {
    lots: Vec<Lot>,
    /// Indices of unused entries.
    free: Vec<usize>,
    /// Returned buffers, for reuse by further chunks: their memory is already mapped.
    spare: Vec<Vec<u8>>,
    held: usize,
}

#[derive(Default)]
struct Lot {
    /// The buffer, if values are not copied.
    bodies: Option<Arc<Vec<u8>>>,
    /// The events' numbers in the run.
    numbers: Vec<u64>,
    /// Memory that the lot accounts for, in bytes.
    size: usize,
    /// The number of records that have not been returned; negative while the lot is open.
    due: i64,
    /// Whether further records may be handed over.
    open: bool,
}

/// A delivery token: the value that librdkafka stores with a record and returns with its report. It cannot be copied:
/// each is returned once.
pub struct Ticket(usize);

impl Ticket {
    /// The ticket of the event at an index of an open lot.
    pub(super) fn new(lot: usize, place: usize) -> Self {
        debug_assert!(place < LOT_EVENTS);
        Self(lot << PLACE_BITS | place)
    }

    /// The ticket as a number.
    pub(super) fn into_bits(self) -> usize {
        self.0
    }

    /// The ticket that a number stands for.
    pub(super) fn from_bits(bits: usize) -> Self {
        Self(bits)
    }

    fn lot(&self) -> usize {
        self.0 >> PLACE_BITS
    }
}

/// Memory, in bytes, that a lot with a buffer of this size accounts for.
pub fn size(buffer: usize, events: usize) -> usize {
    buffer + events * RECORD_BYTES
}

impl Loans {
    /// Whether a lot of this size fits into the limit. A single lot always does.
    pub fn has_room(&self, size: usize, limit: usize) -> bool {
        self.held == 0 || self.held + size <= limit
    }

    /// Adds a lot; `bodies` is its buffer, if values are not copied.
    pub(super) fn open(
        &mut self,
        bodies: Option<Arc<Vec<u8>>>,
        size: usize,
        numbers: impl Iterator<Item = u64>,
    ) -> usize {
        let at = self.free.pop().unwrap_or_else(|| {
            self.lots.push(Lot::default());
            self.lots.len() - 1
        });
        let lot = &mut self.lots[at];
        lot.numbers.clear();
        lot.numbers.extend(numbers);
        (lot.bodies, lot.size, lot.due, lot.open) = (bodies, size, 0, true);
        self.held += size;
        at
    }

    /// Closes a lot: no further record of it will be handed over; `handed` records were.
    pub(super) fn close(&mut self, at: usize, handed: i64) {
        let lot = &mut self.lots[at];
        lot.due += handed;
        lot.open = false;
        self.settle(at);
    }

    /// The number of the event that a record contains.
    pub(super) fn number(&self, ticket: &Ticket) -> u64 {
        let numbers = self.lots.get(ticket.lot()).map(|lot| &lot.numbers);
        numbers.and_then(|numbers| numbers.get(ticket.0 & (LOT_EVENTS - 1)).copied()).unwrap_or_default()
    }

    /// Returns a record: its value is no longer accessed.
    pub(super) fn back(&mut self, ticket: Ticket) {
        let at = ticket.into_bits() >> PLACE_BITS;
        if let Some(lot) = self.lots.get_mut(at) {
            lot.due -= 1;
            self.settle(at);
        }
    }

    /// A buffer for a further chunk.
    pub fn spare(&mut self) -> Vec<u8> {
        self.spare.pop().unwrap_or_default()
    }

    /// Removes a lot if all of its records have been returned.
    fn settle(&mut self, at: usize) {
        let lot = &mut self.lots[at];
        if lot.open || lot.due != 0 {
            return;
        }
        self.held -= lot.size;
        self.free.push(at);
        // Another lot may use the same buffer.
        let bodies = lot.bodies.take().and_then(|bodies| Arc::try_unwrap(bodies).ok());
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
        let mut loans = Loans::default();
        let lot = loans.open(Some(buffer()), 300, [40, 50, 60].into_iter());
        // Two records are returned before the lot is closed.
        let tickets = [0, 1, 2].map(|place| Ticket::new(lot, place));
        assert_eq!(tickets.each_ref().map(|ticket| loans.number(ticket)), [40, 50, 60]);
        let [first, second, third] = tickets;
        loans.back(third);
        loans.back(first);
        assert!(loans.spare.is_empty() && !loans.has_room(1, 300) && loans.has_room(1, 301));
        loans.close(lot, 3);
        assert!(loans.spare.is_empty());
        loans.back(second);
        assert_eq!((loans.spare().capacity() >= 100, loans.spare().capacity()), (KEEPS_BUFFERS, 0));
        assert!(loans.has_room(1000, 300), "one lot always may");
    }

    #[test]
    fn a_lot_of_which_nothing_was_taken_is_gone_when_it_is_closed() {
        let mut loans = Loans::default();
        let lot = loans.open(Some(buffer()), 300, [1, 2].into_iter());
        loans.close(lot, 0);
        assert_eq!((loans.held, loans.spare.len(), loans.free.len()), (0, usize::from(KEEPS_BUFFERS), 1));
    }

    #[test]
    fn lots_share_a_buffer_and_entries_are_used_again() {
        let mut loans = Loans::default();
        let shared = buffer();
        let [one, other] = [1, 2].map(|number| loans.open(Some(Arc::clone(&shared)), 50, [number].into_iter()));
        drop(shared);
        for lot in [other, one] {
            assert!(loans.spare.is_empty());
            loans.close(lot, 1);
            loans.back(Ticket::from_bits(Ticket::new(lot, 0).into_bits()));
        }
        assert_eq!((loans.held, loans.spare.len()), (0, usize::from(KEEPS_BUFFERS)));
        let copied = loans.open(None, 50, [9].into_iter());
        assert!(loans.lots.len() == 2 && loans.number(&Ticket::new(copied, 0)) == 9);
        loans.close(copied, 0);
    }
}
