//! The binary as people run it: into pipes and files, by one thread and two, and how soon it begins.

use crate::{
    sample::{BATCH, Simulated, median, medians, plan, timed},
    table::{Row, at_least, at_most, ratio},
};
use falsetrail::machinery::bytes::Chunk;
use std::{
    env,
    fs::{self, File},
    io::{self, Read, Write},
    path::Path,
    process::{Child, Command, ExitCode, Stdio},
    time::{Duration, Instant},
};

pub const FALSETRAIL: &str = env!("CARGO_BIN_EXE_falsetrail");
pub const RUN: [&str; 7] = ["generate", "busy-day", "--seed", "7", "--from", "2026-01-05T08:00:00Z", "--quiet"];
/// The capacity of pipes, and the size of writes into them: the fastest that were found. Which is faster depends on
/// where the system lets writer and reader run.
const PIPES: [(usize, usize); 2] = [(1 << 20, 64 << 10), (512 << 10, 16 << 10)];

/// A run of so many events.
fn generate(events: u64, more: &[&str]) -> Command {
    let mut command = Command::new(FALSETRAIL);
    command.args(RUN).args(["--events", &events.to_string()]).args(more).stdin(Stdio::null());
    command
}

/// Copies and writes as many bytes, doing nothing else, to a file or into the pipe of that number.
fn reference(bytes: u64, to: &str) -> Command {
    let mut command = Command::new(env::current_exe().expect("this program has a name"));
    command.args(["write", &bytes.to_string(), to]).stdin(Stdio::null());
    command
}

/// Into a pipe, to a reader that does next to nothing.
pub fn pipe() -> Vec<Row> {
    let events = 300_000;
    let bytes = bytes_of(events);
    let mut rows = Vec::new();
    for (shown, reader) in [("wc -l", ["wc", "-l"]), ("cat >/dev/null", ["cat", "-"])] {
        let [generating, writing, otherwise] = medians(
            7,
            [
                &mut || piped(&mut generate(events, &[]), reader),
                &mut || piped(&mut reference(bytes, "0"), reader),
                &mut || piped(&mut reference(bytes, "1"), reader),
            ],
        );
        rows.push(
            ratio(&format!("generate | {shown} ÷ memcpy + write"), writing.min(otherwise) / generating, 0.85)
                .note(speed(bytes, generating)),
        );
    }
    rows
}

/// To a file in memory, and to one on the disk that the project lies on; both are synced.
pub fn file() -> Vec<Row> {
    let events = 150_000;
    let bytes = bytes_of(events);
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let mut rows = Vec::new();
    for (shown, folder) in [("tmpfs", Path::new("/dev/shm")), ("this file system", scratch)] {
        let path = folder.join(format!("falsetrail-{}.ndjson", std::process::id()));
        let (Some(name), true) = (path.to_str(), folder.is_dir()) else { continue };
        // Each begins without a file: freeing an old one's memory is not what is measured.
        let fresh = |command: &mut Command| {
            let time = run(command);
            let _ = fs::remove_file(&path);
            time
        };
        let (mut times, mut references) = (Vec::new(), Vec::new());
        for _ in 0..7 {
            times.push(fresh(&mut generate(events, &["--output", name])).as_secs_f64());
            references.push(fresh(&mut reference(bytes, name)).as_secs_f64());
        }
        let (generating, writing) = (median(times), median(references));
        rows.push(
            ratio(&format!("generate -o FILE, {shown} ÷ memcpy + write"), writing / generating, 0.85)
                .note(speed(bytes, generating)),
        );
    }
    rows
}

/// Two threads against one, where nothing has to be written; long enough that the start is nothing.
pub fn threads() -> Vec<Row> {
    let (one, two) = one_and_two(3_000_000, "/dev/null");
    vec![at_least("2 threads ÷ 1, -o /dev/null", one / two, 1.8)]
}

/// Two threads against one, where compression takes the time.
pub fn compression() -> Vec<Row> {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("falsetrail.ndjson.zst");
    let (one, two) = one_and_two(300_000, path.to_str().unwrap_or_default());
    let _ = fs::remove_file(path);
    vec![at_least("2 threads ÷ 1, .zst", one / two, 1.8)]
}

fn one_and_two(events: u64, output: &str) -> (f64, f64) {
    let with = |threads| run(&mut generate(events, &["--output", output, "--force", "--threads", threads]));
    let [one, two] = medians(7, [&mut || with("1"), &mut || with("2")]);
    (one, two)
}

/// Against scripts that make the same events, into a pipe whose reader does next to nothing: events a second.
pub fn peers() -> Vec<Row> {
    let of_one_method = |events: u64| {
        let [verb, _, rest @ ..] = RUN;
        let mut command = Command::new(FALSETRAIL);
        command.arg(verb).arg("create-pool").args(rest).args(["--events", &events.to_string()]).stdin(Stdio::null());
        command
    };
    let example = of_one_method(1).output().expect("starts").stdout;
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("peers-example.ndjson");
    fs::write(&file, example).expect("can be written");
    let mut rows = Vec::new();
    for (shown, program, script, required) in [
        ("Node, a template literal", "node", "template.mjs", 10.0),
        ("Python, a `%` template", "python3", "template.py", 20.0),
    ] {
        let (events, theirs) = (1_000_000, 60_000);
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/measure/peers").join(script);
        let peer = || {
            let mut command = Command::new(program);
            command.arg(&script).arg(theirs.to_string()).stdin(File::open(&file).expect("was written"));
            command
        };
        if Command::new(program).arg("--version").stdout(Stdio::null()).status().is_err() {
            println!("{program} is not installed, and not measured");
            continue;
        }
        let reader = ["cat", "-"];
        let [ours, peers] =
            medians(5, [&mut || piped(&mut of_one_method(events), reader), &mut || piped(&mut peer(), reader)]);
        let (ours, peers) = (events as f64 / ours, f64::from(theirs) / peers);
        rows.push(at_least(&format!("generate | cat >/dev/null ÷ {shown}"), ours / peers, required).note(format!(
            "{:.2} and {:.2} million events a second",
            ours / 1e6,
            peers / 1e6
        )));
    }
    rows
}

/// From the start of the process to the first byte.
pub fn start() -> Vec<Row> {
    let command = ["generate", "pool-lifecycle", "--seed", "7", "--quiet"];
    let mut first_byte = || {
        let start = Instant::now();
        let mut child = Command::new(FALSETRAIL).args(command).stdout(Stdio::piped()).spawn().expect("starts");
        let mut byte = [0];
        child.stdout.take().expect("piped").read_exact(&mut byte).expect("an event");
        let time = start.elapsed();
        finish(child);
        time
    };
    let [seconds] = medians(41, [&mut first_byte]);
    vec![at_most("process start to first byte, ms", seconds * 1e3, 10.0)]
}

/// Lets the command write into a pipe until the reader has all of it.
fn piped(command: &mut Command, reader: [&str; 2]) -> Duration {
    timed(|| {
        let mut writer = command.stdout(Stdio::piped()).spawn().expect("starts");
        let pipe = writer.stdout.take().expect("piped");
        let reader = Command::new(reader[0]).arg(reader[1]).stdin(pipe).stdout(Stdio::null()).spawn().expect("starts");
        finish(writer);
        finish(reader);
    })
}

fn run(command: &mut Command) -> Duration {
    timed(|| finish(command.spawn().expect("starts")))
}

pub fn finish(mut child: Child) {
    let status = child.wait().expect("was started");
    assert!(status.success(), "a measured command failed: {status}");
}

fn speed(bytes: u64, seconds: f64) -> String {
    format!("{:.2} GB/s", bytes as f64 / seconds / 1e9)
}

/// How long the run's output is.
fn bytes_of(events: u64) -> u64 {
    let mut child = generate(events, &[]).stdout(Stdio::piped()).spawn().expect("starts");
    let bytes = io::copy(&mut child.stdout.take().expect("piped"), &mut io::sink()).expect("can be read");
    finish(child);
    bytes
}

/// The limit: rendered events are copied again and again, and written to a file or into the pipe of that number.
pub fn write(bytes: &str, to: &str) -> ExitCode {
    let Ok(mut left) = bytes.parse::<usize>() else { return ExitCode::from(2) };
    let pipe = to.parse().ok().and_then(|number: usize| PIPES.get(number));
    let plan = plan("busy-day", BATCH as u64, None);
    let simulated = Simulated::new(&plan, None, BATCH);
    let mut rendered = Chunk::default();
    simulated.render(&mut simulated.renderer(), &mut rendered, |_| {});
    let result = match pipe {
        Some((capacity, piece)) => {
            let mut out = io::stdout().lock();
            enlarge(&out, *capacity);
            copy_and_write(&rendered, &mut left, &mut |bytes| {
                bytes.chunks(*piece).try_for_each(|piece| out.write_all(piece))
            })
        }
        None => File::create(to).and_then(|mut file| {
            copy_and_write(&rendered, &mut left, &mut |bytes| file.write_all(bytes))?;
            file.sync_data()
        }),
    };
    result.map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS)
}

#[cfg(target_os = "linux")]
fn enlarge(pipe: &io::StdoutLock, capacity: usize) {
    let _ = rustix::pipe::fcntl_setpipe_size(pipe, capacity);
}

#[cfg(not(target_os = "linux"))]
fn enlarge(_pipe: &io::StdoutLock, _capacity: usize) {}

fn copy_and_write(
    rendered: &Chunk,
    left: &mut usize,
    write: &mut dyn FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let mut copy = Vec::with_capacity(rendered.bodies.len());
    while *left > 0 {
        copy.clear();
        for event in &rendered.events {
            copy.extend_from_slice(rendered.body(event));
            copy.push(b'\n');
        }
        copy.truncate(*left);
        write(&copy)?;
        *left -= copy.len();
    }
    Ok(())
}
