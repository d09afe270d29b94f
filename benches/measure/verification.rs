//! `verify` on a file: as a ratio to generating it, and what it takes in a second.

use crate::{
    processes::{FALSETRAIL, RUN, finish},
    sample::{medians, timed},
    table::{Row, at_least, at_most},
};
use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, BufWriter, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

const EVENTS: u64 = 200_000;

/// Ids alone on one thread; on two unchanged bodies, bodies with other spacing, and bodies whose time has fewer digits, so
/// that each is compared value by value. The run is simulated before the first record is read: an empty input costs just
/// that.
pub fn rows() -> Vec<Row> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("verification-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("can be made");
    let (sent, run) = (folder.join("sent.ndjson"), folder.join("run.json"));
    generate(&sent, &["--write-run", path(&run)]);
    let (spaced, shortened) = (folder.join("spaced.ndjson"), folder.join("shortened.ndjson"));
    rewritten(&sent, &spaced, |event| format!("{{ {}", &event[1..])).expect("can be written");
    rewritten(&sent, &shortened, with_fewer_digits).expect("can be written");
    let empty = folder.join("empty.ndjson");
    File::create(&empty).expect("can be made");
    let again = folder.join("again.ndjson");
    let [generating, nothing, ids, unchanged, reformatted, compared] = medians(
        5,
        [
            &mut || timed(|| generate(&again, &["--force"])),
            &mut || timed(|| verify(&run, &empty, &["--ids-only", "--threads", "1"])),
            &mut || timed(|| verify(&run, &sent, &["--ids-only", "--threads", "1"])),
            &mut || timed(|| verify(&run, &sent, &["--threads", "2"])),
            &mut || timed(|| verify(&run, &spaced, &["--threads", "2"])),
            &mut || timed(|| verify(&run, &shortened, &["--threads", "2"])),
        ],
    );
    let bytes = fs::metadata(&sent).expect("is there").len() as f64;
    let _ = fs::remove_dir_all(&folder);
    let thousand = |seconds: f64| EVENTS as f64 / seconds / 1e3;
    vec![
        at_most("verify ÷ generate -o FILE", unchanged / generating, 6.0),
        at_least("verify --ids-only, GB of lines a second of a thread", bytes / (ids - nothing) / 1e9, 1.0),
        at_least("verify, thousand unchanged bodies a second", thousand(unchanged), 300.0),
        at_least("verify, thousand bodies with other spacing a second", thousand(reformatted), 60.0),
        at_least("verify, thousand bodies with fewer digits a second", thousand(compared), 60.0),
    ]
}

fn path(path: &Path) -> &str {
    path.to_str().expect("the folder's name is text")
}

fn generate(to: &Path, more: &[&str]) {
    let mut command = Command::new(FALSETRAIL);
    command.args(RUN).args(["--events", &EVENTS.to_string(), "--threads", "2", "--output", path(to)]).args(more);
    finish(command.spawn().expect("starts"));
}

fn verify(run: &PathBuf, input: &PathBuf, more: &[&str]) {
    let mut command = Command::new(FALSETRAIL);
    command.args(["verify", "--run"]).arg(run).arg(input).args(more).stdout(Stdio::null()).stderr(Stdio::null());
    // That events are missing from an empty file is no failure here.
    let status = command.status().expect("starts");
    assert!(matches!(status.code(), Some(0 | 1)), "{status}");
}

/// The same events, each in another form.
fn rewritten(from: &Path, to: &Path, change: impl Fn(&str) -> String) -> io::Result<()> {
    let mut out = BufWriter::new(File::create(to)?);
    for line in BufReader::new(File::open(from)?).lines() {
        writeln!(out, "{}", change(&line?))?;
    }
    out.flush()
}

/// An event whose time has microseconds in place of nanoseconds.
fn with_fewer_digits(event: &str) -> String {
    const KEY: &str = "\"time\":\"";
    let time = event.find(KEY).expect("an event has a time") + KEY.len();
    let end = time + event[time..].find('Z').expect("times are UTC");
    format!("{}{}", &event[..end - 3], &event[end..])
}
