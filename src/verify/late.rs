//! How long after its time an event was received.

use super::{json, origin::Origin, times};
use hdrhistogram::Histogram;

/// Delays of first arrivals, in microseconds.
pub(super) struct Lateness {
    /// The field of a record that says when it was received.
    field: Option<String>,
    delays: Option<Histogram<u64>>,
    /// Events that were received before they happened: clocks that disagree.
    early: u64,
}

/// How late events were.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Late {
    /// Events of which it is known.
    pub events: u64,
    /// Events that were received before their time: clocks disagree.
    pub early: u64,
    /// Seconds between an event's time and its receipt: the median.
    pub p50: f64,
    /// The 90th percentile.
    pub p90: f64,
    /// The 99th percentile.
    pub p99: f64,
    /// The longest.
    pub largest: f64,
}

impl Lateness {
    pub(super) fn new(field: Option<String>) -> Self {
        // Three digits are enough for any purpose; a histogram of that precision can always be made.
        Lateness { field, delays: Histogram::new(3).ok(), early: 0 }
    }

    /// Reads when a record was received, if a field says so.
    pub(super) fn received(&self, record: &[u8], origin: Origin) -> Origin {
        let Some(field) = &self.field else { return origin };
        let start = memchr::memchr(b'{', record).unwrap_or(0);
        let received = json::parse(&record[start..]).ok().and_then(|node| {
            let at = node.at_path(field)?;
            times::instant(&at.scalar()?)
        });
        Origin { received: received.or(origin.received), ..origin }
    }

    pub(super) fn note(&mut self, happened: Option<i64>, received: Option<i64>) {
        let (Some(happened), Some(received)) = (happened, received) else { return };
        self.early += u64::from(received < happened);
        let delay = u64::try_from(received.saturating_sub(happened)).unwrap_or_default() / 1_000;
        if let Some(delays) = &mut self.delays {
            // It grows as needed; no delay is too long for it.
            let _ = delays.record(delay);
        }
    }

    pub(super) fn late(&self) -> Option<Late> {
        let delays = self.delays.as_ref().filter(|delays| !delays.is_empty())?;
        let seconds = |quantile| delays.value_at_quantile(quantile) as f64 / 1e6;
        Some(Late {
            events: delays.len(),
            early: self.early,
            p50: seconds(0.5),
            p90: seconds(0.9),
            p99: seconds(0.99),
            largest: delays.max() as f64 / 1e6,
        })
    }
}
