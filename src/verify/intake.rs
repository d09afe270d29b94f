//! Records as they come: which event each belongs to, and whether it has the event's very bytes.
//!
//! The usual record is settled here, by one search for its id and one hash. A record with other bytes waits in the
//! spool for its event to be rendered again; one without any id waits in case it is a piece of an event.

mod divide;

use super::{
    Options,
    arrivals::Arrivals,
    candidates::{self, UUID},
    counts::Counts,
    encoded,
    expectation::{Detail, Expectation, Found},
    json::{self, Node},
    late::Lateness,
    origin::Origin,
    orphans::Orphans,
    piece::Piece,
    shape::Class,
    spool::{Spool, Spooled},
};
use xxhash_rust::xxh3::xxh3_64;

/// Takes records.
pub(super) struct Intake<'p> {
    pub expectation: Expectation<'p>,
    pub arrivals: Arrivals,
    pub counts: Counts,
    pub spool: Spool,
    pub orphans: Orphans,
    pub lateness: Lateness,
    options: Options,
    /// Records so far.
    next: u32,
    /// A bit for each event of which a record waits, and how many there are.
    waiting: Vec<u64>,
    waiting_events: u64,
    /// The record that is being read in parts: the last bytes, and the events that it names.
    long: Option<Long>,
}

/// An id of an expected event, and where it stands in a record.
#[derive(Debug, Clone, Copy)]
struct Hit {
    at: usize,
    event: u64,
    /// Whether it is the event's own id.
    is_event_id: bool,
}

/// A record that is too long for memory.
#[derive(Default)]
struct Long {
    tail: Vec<u8>,
    events: Vec<u64>,
    has_version: bool,
    example: Vec<u8>,
}

/// Events at most that are noted of a record which is too long for memory.
const MOST_OF_LONG: usize = 1 << 20;

impl<'p> Intake<'p> {
    pub(super) fn new(expectation: Expectation<'p>, options: Options) -> Self {
        Intake {
            arrivals: Arrivals::new(&expectation),
            counts: Counts::default(),
            spool: Spool::new(expectation.count, options.spool.as_deref()),
            orphans: Orphans::default(),
            lateness: Lateness::new(options.received_at.clone()),
            waiting: vec![0; expectation.count.div_ceil(64) as usize],
            waiting_events: 0,
            expectation,
            options,
            next: 0,
            long: None,
        }
    }

    /// Different events that have arrived, or of which a record waits to be compared, at most.
    pub(super) fn arrived_at_most(&self) -> u64 {
        self.arrivals.different + self.waiting_events
    }

    /// Takes what was read of an input; the number of the record in `origin` is given here.
    pub(super) fn take(&mut self, piece: Piece<'_>, origin: Origin) {
        match piece {
            Piece::Whole(record) => {
                self.end_long();
                let origin = self.numbered(origin);
                self.record(record, origin);
            }
            Piece::Slice(part, is_first) => {
                if is_first {
                    self.end_long();
                }
                self.part(part);
            }
        }
    }

    /// The origin with the next number.
    fn numbered(&mut self, origin: Origin) -> Origin {
        let record = self.next;
        self.next = self.next.saturating_add(1);
        Origin { record, ..origin }
    }

    fn record(&mut self, record: &[u8], origin: Origin) {
        if self.expectation.detail == Detail::Ids {
            return self.ids(record, origin);
        }
        let origin = self.lateness.received(record, origin);
        if let Some(event) = self.is_event(record) {
            return self.unchanged(event, origin);
        }
        let (hits, has_version) = self.hits(record);
        match Self::different(&hits).as_slice() {
            [] if has_version => self.counts.foreign(record, true),
            [] => match encoded::record(record) {
                Some(plain) => self.record(&plain, origin),
                None => self.orphans.put(record, &mut self.counts),
            },
            [event] if hits.iter().filter(|hit| hit.is_event_id).count() <= 1 => {
                self.one(*event, record, origin, false);
            }
            _ => self.several(record, &hits, origin),
        }
    }

    /// The event whose bytes these are: its id is looked for where generated events have it.
    fn is_event(&self, record: &[u8]) -> Option<u64> {
        const KEY: &[u8] = b"\"id\":\"";
        let at = memchr::memmem::rfind(record, KEY)? + KEY.len();
        let bits = candidates::uuid(record.get(at..at + UUID)?)?;
        let Found::Event(event) = self.expectation.event(bits) else { return None };
        self.has_bytes(event, record).then_some(event)
    }

    fn has_bytes(&self, event: u64, bytes: &[u8]) -> bool {
        self.expectation.body_hash(event) == Some(xxh3_64(bytes))
    }

    fn unchanged(&mut self, event: u64, origin: Origin) {
        self.counts.records += 1;
        self.counts.carrying += 1;
        self.arrived(event, Class::Unchanged, origin);
    }

    /// An event arrived.
    pub(super) fn arrived(&mut self, event: u64, class: Class, origin: Origin) {
        if self.expectation.optional.contains(&event) {
            self.counts.optional += 1;
            return;
        }
        if self.arrivals.note(event, class, origin) {
            self.lateness.note(self.expectation.time(event), origin.received);
            self.counts.keys.note(origin.key, self.expectation.key(event));
        }
    }

    /// The ids of expected events in a text, and whether there is one of the same run that is not expected.
    fn hits(&self, text: &[u8]) -> (Vec<Hit>, bool) {
        let (mut hits, mut has_version) = (Vec::new(), false);
        let mut note = |found, at, is_event_id| match found {
            Found::Event(event) => hits.push(Hit { at, event, is_event_id }),
            Found::Version => has_version = true,
            Found::Foreign => {}
        };
        if let Some(path) = &self.options.id_at {
            let text_at = json::parse(text).ok();
            let id = text_at.as_ref().and_then(|node| node.at_path(path)).and_then(Node::text).unwrap_or_default();
            candidates::uuids(id.as_bytes()).for_each(|id| note(self.expectation.event(id.bits), 0, true));
            candidates::digit_runs(id.as_bytes()).for_each(|id| note(self.expectation.request(id.bits), 0, false));
            return (hits, has_version);
        }
        // An organization's id stands in a record many times.
        let mut foreign = None;
        for id in candidates::uuids(text) {
            if Some(id.bits) == foreign {
                continue;
            }
            let found = self.expectation.event(id.bits);
            if found == Found::Foreign {
                foreign = Some(id.bits);
            }
            note(found, id.at, true);
        }
        candidates::digit_runs(text).for_each(|id| {
            let of_request = self.expectation.request(id.bits);
            // Some systems print UUIDs without their hyphens.
            let found = if of_request == Found::Foreign { self.expectation.event(id.bits) } else { of_request };
            note(found, id.at, false);
        });
        hits.sort_by_key(|hit| hit.at);
        (hits, has_version)
    }

    fn different(hits: &[Hit]) -> Vec<u64> {
        let mut events: Vec<u64> = hits.iter().map(|hit| hit.event).collect();
        events.sort_unstable();
        events.dedup();
        events
    }

    /// A record in which each id is an arrival.
    fn ids(&mut self, record: &[u8], origin: Origin) {
        let (hits, has_version) = self.hits(record);
        let events = Self::different(&hits);
        if events.is_empty() {
            return match encoded::record(record).filter(|_| !has_version) {
                Some(plain) => self.ids(&plain, origin),
                None => self.counts.foreign(record, has_version),
            };
        }
        self.counts.records += 1;
        self.counts.carrying += 1;
        for event in events {
            self.arrived(event, Class::Uncompared, origin);
        }
    }

    /// A record that may have one event's body.
    fn one(&mut self, event: u64, record: &[u8], origin: Origin, is_shared: bool) {
        if !is_shared {
            let from = memchr::memchr(b'{', record).unwrap_or(0);
            if self.has_bytes(event, record) || from > 0 && self.has_bytes(event, &record[from..]) {
                return self.unchanged(event, origin);
            }
        }
        let bit = 1 << (event % 64);
        let word = &mut self.waiting[(event / 64) as usize];
        self.waiting_events += u64::from(*word & bit == 0);
        *word |= bit;
        self.spool.put(&Spooled { event, origin, is_shared, bytes: record });
    }

    /// A part of a record that is too long: only its ids count.
    fn part(&mut self, part: &[u8]) {
        let mut long = self.long.take().unwrap_or_default();
        // An id may be cut by the parts' border.
        let mut text = std::mem::take(&mut long.tail);
        text.extend_from_slice(part);
        let (hits, has_version) = self.hits(&text);
        long.has_version |= has_version;
        if long.events.len() < MOST_OF_LONG {
            long.events.extend(hits.iter().map(|hit| hit.event));
        }
        if long.example.is_empty() {
            long.example = part[..part.len().min(1024)].to_vec();
        }
        long.tail = text[text.len().saturating_sub(UUID)..].to_vec();
        self.long = Some(long);
    }

    /// The long record is over.
    pub(super) fn end_long(&mut self) {
        let Some(mut long) = self.long.take() else { return };
        long.events.sort_unstable();
        long.events.dedup();
        let origin = self.numbered(Origin::default());
        if long.events.is_empty() {
            self.counts.foreign(&long.example, long.has_version);
        } else if self.expectation.detail == Detail::Ids {
            self.counts.records += 1;
            self.counts.carrying += 1;
            for event in long.events {
                self.arrived(event, Class::Uncompared, origin);
            }
        } else {
            self.counts.mention(&long.example);
        }
    }
}
