//! Which buffers librdkafka may still read, and which event a report is about.
//!
//! A lot is some consecutive events that lie in one buffer. Its entry here is
//! made before the first of its records is handed over, and goes when the last
//! of them is back.

use std::sync::Arc;

/// Bits of a ticket for the event's place in its lot.
const PLACE_BITS: u32 = 12;

/// Events of a lot at most.
pub const LOT_EVENTS: usize = 1 << PLACE_BITS;

/// What a waiting record takes beside its value: what librdkafka keeps of it,
/// with key and headers.
const RECORD_BYTES: usize = 640;

/// Whether a buffer that is back is used again. Where the program is to be
/// watched, it is freed instead: what is read too late is then seen by valgrind
/// (`tests/kafka/memcheck`).
const KEEPS_BUFFERS: bool = !cfg!(debug_assertions);

/// All lots of which not all records are back.
#[derive(Default)]
pub struct Loans {
    lots: Vec<Lot>,
    /// Entries that are not used.
    free: Vec<usize>,
    /// Buffers that are back, for further chunks: their memory is mapped.
    spare: Vec<Vec<u8>>,
    held: usize,
}

#[derive(Default)]
struct Lot {
    /// The buffer, if values are not copied.
    bodies: Option<Arc<Vec<u8>>>,
    /// The events' positions in the run.
    numbers: Vec<u64>,
    /// Bytes of memory that it accounts for.
    size: usize,
    /// Records that are not back; below zero as long as it is open.
    due: i64,
    /// Further records may be handed over.
    open: bool,
}

/// What librdkafka keeps for us beside a record, and gives back with its
/// report. It cannot be copied: each is given back once.
pub struct Ticket(usize);

impl Ticket {
    /// For the event at a place of an open lot.
    pub(super) fn new(lot: usize, place: usize) -> Self {
        debug_assert!(place < LOT_EVENTS);
        Self(lot << PLACE_BITS | place)
    }

    /// As a number.
    pub(super) fn into_bits(self) -> usize {
        self.0
    }

    /// From the number of a ticket.
    pub(super) fn from_bits(bits: usize) -> Self {
        Self(bits)
    }

    fn lot(&self) -> usize {
        self.0 >> PLACE_BITS
    }
}

/// Bytes that a lot accounts for, with a buffer of so many bytes.
pub fn size(buffer: usize, events: usize) -> usize {
    buffer + events * RECORD_BYTES
}

impl Loans {
    /// Whether a lot of this size may be added. One always may.
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

    /// No further record of the lot will be handed over; so many were.
    pub(super) fn close(&mut self, at: usize, handed: i64) {
        let lot = &mut self.lots[at];
        lot.due += handed;
        lot.open = false;
        self.settle(at);
    }

    /// Which event a record was.
    pub(super) fn number(&self, ticket: &Ticket) -> u64 {
        let numbers = self.lots.get(ticket.lot()).map(|lot| &lot.numbers);
        numbers.and_then(|numbers| numbers.get(ticket.0 & (LOT_EVENTS - 1)).copied()).unwrap_or_default()
    }

    /// A record is back: nobody looks at its value any more.
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

    /// Ends a lot of which all records are back.
    fn settle(&mut self, at: usize) {
        let lot = &mut self.lots[at];
        if lot.open || lot.due != 0 {
            return;
        }
        self.held -= lot.size;
        self.free.push(at);
        // Another lot may lie in the same buffer.
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
        // Two are back before the lot is closed.
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
