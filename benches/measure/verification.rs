//! `verify` on a file, as ratios to reading the same file and to generating it.

use crate::{
    processes::{FALSETRAIL, RUN, finish},
    sample::{medians, timed},
    table::{Row, at_most},
};
use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, BufWriter, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

const EVENTS: u64 = 200_000;

/// Ids alone, unchanged bodies, and bodies with other spacing: two threads each.
pub fn rows() -> Vec<Row> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("verification-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("can be made");
    let (sent, run) = (folder.join("sent.ndjson"), folder.join("run.json"));
    generate(&sent, &["--write-run", path(&run)]);
    let spaced = folder.join("spaced.ndjson");
    respaced(&sent, &spaced).expect("can be written");
    let again = folder.join("again.ndjson");
    let [reading, generating, ids, unchanged, reformatted] = medians(
        5,
        [
            &mut || timed(|| read(&sent).expect("can be read")),
            &mut || timed(|| generate(&again, &["--force"])),
            &mut || timed(|| verify(&run, &sent, &["--ids-only"])),
            &mut || timed(|| verify(&run, &sent, &[])),
            &mut || timed(|| verify(&run, &spaced, &[])),
        ],
    );
    let _ = fs::remove_dir_all(&folder);
    let speed = |seconds: f64| format!("{:.0} thousand events a second", EVENTS as f64 / seconds / 1e3);
    vec![
        at_most("verify --ids-only ÷ reading the file", ids / reading, 8.0).note(speed(ids)),
        at_most("verify ÷ generate -o FILE", unchanged / generating, 6.0).note(speed(unchanged)),
        at_most("verify, reformatted ÷ unchanged", reformatted / unchanged, 10.0).note(speed(reformatted)),
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
    command.args(["verify", "--threads", "2", "--run"]).arg(run).arg(input).args(more).stdout(Stdio::null());
    finish(command.spawn().expect("starts"));
}

fn read(file: &Path) -> io::Result<()> {
    io::copy(&mut File::open(file)?, &mut io::sink()).map(|_| ())
}

/// The same events with a space after each opening brace of a line.
fn respaced(from: &Path, to: &Path) -> io::Result<()> {
    let mut out = BufWriter::new(File::create(to)?);
    for line in BufReader::new(File::open(from)?).lines() {
        writeln!(out, "{{ {}", &line?[1..])?;
    }
    out.flush()
}
