//! How many events happen when, in memory that does not grow with the run.

/// Events over event time.
#[derive(Debug, Clone)]
pub struct Course {
    from: i64,
    /// Nanoseconds in a bin: doubled, and bins joined, when the run turns out to be longer.
    width: u64,
    bins: Vec<u32>,
    /// The second at hand, counted from the run's beginning, and its events.
    second: (i64, u64),
    busiest: u64,
    last: i64,
}

/// So many that a column of a chart has some hundreds of them, and no column looks fuller for having one more.
const BINS: usize = 1 << 16;

const SECOND: i64 = 1_000_000_000;

impl Course {
    /// Nothing yet, of a run that begins at `from` (nanoseconds since the Unix epoch).
    pub(super) fn new(from: i64) -> Self {
        Course { from, width: 1_000_000, bins: Vec::new(), second: (0, 0), busiest: 0, last: from }
    }

    /// Adds an event; none is before the run's beginning.
    pub(super) fn add(&mut self, time: i64) {
        let since = time.saturating_sub(self.from).max(0);
        let mut bin = (since.unsigned_abs() / self.width) as usize;
        while bin >= BINS {
            self.width *= 2;
            self.bins = self.bins.chunks(2).map(|pair| pair.iter().sum()).collect();
            bin /= 2;
        }
        if bin >= self.bins.len() {
            self.bins.resize(bin + 1, 0);
        }
        self.bins[bin] += 1;
        self.last = time;
        let second = since / SECOND;
        self.second = if second == self.second.0 { (second, self.second.1 + 1) } else { (second, 1) };
        self.busiest = self.busiest.max(self.second.1);
    }

    /// Events of the busiest second; seconds are counted from the run's beginning.
    pub fn busiest_second(&self) -> u64 {
        self.busiest
    }

    /// The time of the last event.
    pub fn until(&self) -> i64 {
        self.last
    }

    /// Events a second in so many equal parts of the time from the run's beginning to `end` (nanoseconds since the Unix
    /// epoch). Nothing if that is no time at all.
    pub fn rates(&self, end: i64, parts: usize) -> Vec<f64> {
        let span = end.saturating_sub(self.from) as f64;
        if span <= 0.0 || parts == 0 {
            return Vec::new();
        }
        let part = span / parts as f64;
        let mut events = vec![0.0; parts];
        for (bin, count) in self.bins.iter().enumerate() {
            // A bin that two parts share is divided between them.
            let (mut at, end) = (bin as f64 * self.width as f64, (bin + 1) as f64 * self.width as f64);
            let density = f64::from(*count) / (end.min(span) - at).max(1.0);
            while at < end.min(span) {
                let index = ((at / part) as usize).min(parts - 1);
                let until = if index + 1 == parts { end } else { end.min((index + 1) as f64 * part) }.min(span);
                let until = until.max(at + 1.0);
                events[index] += density * (until - at);
                at = until;
            }
        }
        events.into_iter().map(|events| events * SECOND as f64 / part).collect()
    }
}
