//! How far reading is, on a terminal.

use super::ReadingProgress;
use crate::units::{format_bytes, format_count};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{
    io::{self, IsTerminal},
    sync::{
        Arc,
        atomic::Ordering,
        mpsc::{self, RecvTimeoutError},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// Between two drawings.
const BETWEEN: Duration = Duration::from_millis(250);

/// The thread that draws, if there is anybody to see it.
pub(super) struct Progress(Option<(mpsc::Sender<()>, JoinHandle<()>)>);

impl Progress {
    pub(super) fn begin(quiet: bool, seen: &Arc<ReadingProgress>) -> Self {
        if quiet || !io::stderr().is_terminal() {
            return Progress(None);
        }
        let (over, is_over) = mpsc::channel();
        let seen = Arc::clone(seen);
        let thread = thread::Builder::new().name("progress".to_owned()).spawn(move || draw(&seen, &is_over));
        Progress(thread.ok().map(|thread| (over, thread)))
    }

    pub(super) fn finish(self) {
        if let Some((over, thread)) = self.0 {
            let _ = over.send(());
            // A thread that has failed has shown nothing, which is no failure of the verification.
            let _ = thread.join();
        }
    }
}

fn draw(seen: &ReadingProgress, is_over: &mpsc::Receiver<()>) {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
        bar.set_style(style);
    }
    let begun = Instant::now();
    while let Err(RecvTimeoutError::Timeout) = is_over.recv_timeout(BETWEEN) {
        let [bytes, records, expected, arrived] =
            [&seen.bytes, &seen.records, &seen.expected, &seen.arrived].map(|number| number.load(Ordering::Relaxed));
        let text = if expected == 0 {
            "simulating the run".to_owned()
        } else {
            let rate = records as f64 / begun.elapsed().as_secs_f64().max(1e-3);
            format!(
                "{} records, {}, {}/s; {} of {} events seen",
                format_count(records),
                format_bytes(bytes),
                format_count(rate as u64),
                format_count(arrived.min(expected)),
                format_count(expected)
            )
        };
        bar.set_message(text);
        bar.tick();
    }
    bar.finish_and_clear();
}
