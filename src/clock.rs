//! Clocks that a live run waits on: the system's, and a manual one for tests that must not sleep.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

/// A clock that can be waited on. Times are nanoseconds since the Unix epoch.
pub trait Clock: Send + Sync {
    /// The current time. Never decreases.
    fn now(&self) -> i64;

    /// Blocks until `time`, or until `stop` becomes true.
    fn wait_until(&self, time: i64, stop: &AtomicBool);
}

/// The wall time in nanoseconds since the Unix epoch.
pub(crate) fn now() -> i64 {
    chrono::Utc::now().timestamp_nanos_opt().unwrap_or_default()
}

/// The machine's clock, read once and carried on by its monotonic clock: corrections of the wall clock during a run
/// change no rate. Time that the machine spends suspended passes, where the system tells it (Linux): events that were
/// due meanwhile are late.
#[derive(Debug)]
pub(crate) struct SystemClock {
    began: i64,
    since: Moment,
}

/// A moment of the clock that never goes back and counts a machine's sleep, in nanoseconds since it was booted.
#[cfg(target_os = "linux")]
#[derive(Debug)]
struct Moment(i64);

#[cfg(target_os = "linux")]
impl Moment {
    fn now() -> Self {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        Moment(time.tv_sec.saturating_mul(1_000_000_000).saturating_add(time.tv_nsec))
    }

    /// Nanoseconds since then.
    fn elapsed(&self) -> i64 {
        Moment::now().0.saturating_sub(self.0)
    }
}

/// A moment of the clock that never goes back.
#[cfg(not(target_os = "linux"))]
#[derive(Debug)]
struct Moment(std::time::Instant);

#[cfg(not(target_os = "linux"))]
impl Moment {
    fn now() -> Self {
        Moment(std::time::Instant::now())
    }

    /// Nanoseconds since then.
    fn elapsed(&self) -> i64 {
        i64::try_from(self.0.elapsed().as_nanos()).unwrap_or(i64::MAX)
    }
}

/// A clock for tests: waiting takes no time, and work takes as long as [`advance`](Self::advance) says.
#[derive(Debug)]
pub struct ManualClock(Mutex<i64>);

/// Interval at which a wait checks whether to stop.
const NAP: Duration = Duration::from_millis(50);

impl SystemClock {
    /// Starts from the current system time.
    pub(crate) fn new() -> Self {
        SystemClock { began: now(), since: Moment::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> i64 {
        self.began.saturating_add(self.since.elapsed())
    }

    fn wait_until(&self, time: i64, stop: &AtomicBool) {
        while !stop.load(Ordering::Relaxed) {
            let left = time.saturating_sub(self.now());
            if left <= 0 {
                return;
            }
            thread::sleep(Duration::from_nanos(left.unsigned_abs()).min(NAP));
        }
    }
}

impl ManualClock {
    /// A clock that shows `time`.
    pub fn new(time: i64) -> Self {
        ManualClock(Mutex::new(time))
    }

    /// Advances the clock.
    pub fn advance(&self, nanoseconds: i64) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += nanoseconds;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> i64 {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_until(&self, time: i64, stop: &AtomicBool) {
        if !stop.load(Ordering::Relaxed) {
            let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            *now = time.max(*now);
        }
    }
}
