//! Every command that a run prints works when it is typed: it gives the same bytes, or just the rest of them.

use super::{
    command_run::{Run, command, finished, run, shell, shell_command},
    command_run_file::write,
};
use proptest::{prelude::*, sample::select};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, ChildStdout, Stdio},
    sync::LazyLock,
};
use tempfile::{TempDir, tempdir};

const STORY: &str = "params: { times: 2 }\nevery: 2s\nresources: { pool: { kind: compute-pool } }\nsteps:\n  - create-pool\n  \
                     - { call: get-pool, after: 1s, repeat: { times: $times, every: 1s } }\n  - delete-pool\n";
const MIX: &str = "mix: [{ scenario: pool-lifecycle, weight: 3 }, { scenario: my story.yaml }]\ninject:\n  - { scenario: \
                   mass-deletion, at: +2s, with: { deletes: 3, gap: 1s } }\n";

/// A folder with everything that commands name: scenarios whose names need quotes, templates, run files, a summary.
static ORIGIN: LazyLock<TempDir> = LazyLock::new(|| {
    let folder = tempdir().unwrap();
    let scenarios =
        ["my story.yaml", "it's.yaml", "$HOME `x`.yaml", "-dash.yaml", "line\nfeed\t\u{7f}.yaml", "💧.yaml", "in"];
    let files: Vec<_> = scenarios.iter().map(|name| (*name, STORY)).collect();
    write(folder.path(), &files);
    write(
        folder.path(),
        &[("mix.yaml", MIX), ("my templates/CreateComputePool.json", r#"{"id":"${event.id}","pool":"${pool.id}"}"#)],
    );
    let fixed = "--seed 7 --from 2026-01-05T08:00:00Z -q >/dev/null";
    for line in [
        "busy-day -n 300 --write-run run.json",
        "pool-lifecycle --instances 9 --summary summary.json",
        "mix.yaml --rate 20/s --first 5 --write-run 'end less.json'",
        "pool-lifecycle --first 40 --summary 'end less summary.json'",
    ] {
        shell(folder.path(), &format!("falsetrail generate {line} {fixed}")).fine();
    }
    folder
});

fn copy() -> TempDir {
    let folder = tempdir().unwrap();
    shell(ORIGIN.path(), &format!("cp -R . '{}'", folder.path().display())).fine();
    folder
}

/// The files that a run has made, uncompressed.
fn made(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(inside) = folders.pop() {
        for entry in fs::read_dir(inside).unwrap().map(|entry| entry.unwrap().path()) {
            let name = entry.strip_prefix(folder).unwrap().to_path_buf();
            match () {
                () if entry.is_dir() => folders.push(entry),
                () if ORIGIN.path().join(&name).exists() => {}
                () => drop(files.insert(name.to_string_lossy().into_owned(), plain(&entry))),
            }
        }
    }
    files
}

fn plain(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).unwrap();
    let mut plain = Vec::new();
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("gz") => drop(flate2::read::MultiGzDecoder::new(&*bytes).read_to_end(&mut plain).unwrap()),
        #[cfg(feature = "zstd")]
        Some("zst") => plain = zstd::decode_all(&*bytes).unwrap(),
        _ => plain = bytes,
    }
    plain
}

/// Types a command; what it reads and writes beside its files are `in` and `stdout`.
fn typed(folder: &Path, before: &str, command: &str, onto: &str) -> Run {
    // `sh` may be a shell that does not know `$'…'`.
    let mut bash = shell_command(folder, "exec bash -c \"$LINE\"");
    bash.env("LINE", format!("{before} {command} < in {onto} stdout"));
    finished(&bash.output().expect("a shell starts"))
}

/// A word of the test's own, as a shell reads it.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Some options, each of which may be left out.
fn some_of(groups: &'static [&'static [&'static str]]) -> impl Strategy<Value = Vec<&'static str>> {
    let one = |group: &'static [&'static str]| prop_oneof![2 => Just(None), 1 => select(group).prop_map(Some)];
    groups.iter().map(|group| one(group)).collect::<Vec<_>>().prop_map(|chosen| chosen.into_iter().flatten().collect())
}

/// What the run is: words separated by `|`.
fn content() -> impl Strategy<Value = Vec<&'static str>> {
    let scenarios = select(vec![
        "pool-lifecycle",
        "create-pool -> update-pool-failure -> delete-pool",
        "create-pool,delete-pool",
        "my story.yaml|it's.yaml",
        "$HOME `x`.yaml",
        "line\nfeed\t\u{7f}.yaml|💧.yaml",
        "-",
        "busy-day",
        "mix.yaml",
        "--|-dash.yaml",
    ]);
    let options = some_of(&[
        &["-n|150", "--instances|12", "-d|30s", "--first|90", "-n|150|-d|20s", "-n|120|--first|90"],
        &["--rate|10/s", "--stage|5s:20/s|--stage|2500ms:5/s", "--every|700ms", "--rate|10/s|--cold-start"],
        &["--seed|18446744073709551615"],
        &["--from|2026-01-05T08:00:00.5+02:00", "--from|-3d", "--to|-1h", "--from|now"],
        &["--inject|mass-deletion@+3s,label=near-miss,deletes=2,gap=500ms", "--inject|it's.yaml@+1s"],
        &["--set|pool.max_cfu=20", "--set|times=3", "--set|organization.id=3fa85f64-5717-4562-b3fc-2c963f66afa6"],
        &["--templates|my templates", "--as-documented"],
    ]);
    (scenarios, options).prop_map(|(scenarios, options)| {
        // What looks like an option stands behind all options.
        if scenarios.starts_with("--") {
            [options, vec![scenarios]].concat()
        } else {
            [vec![scenarios], options].concat()
        }
    })
}

fn recorded() -> impl Strategy<Value = Vec<&'static str>> {
    let ended = select(vec!["--run|run.json", "--run|./summary.json"]).prop_map(|run| vec![run]);
    let files = select(vec!["--run|end less.json", "--run|end less summary.json"]);
    let ends = select(vec!["-n|60", "--first|70", "-d|9s", "--to|2026-01-05T08:00:07Z", "-n|60|--first|50"]);
    let endless = (files, ends).prop_map(|(file, end)| vec![file, end]);
    (prop_oneof![ended, endless], some_of(&[&["--from|2026-02-01T00:00:00Z", "--from|-2d"]]))
        .prop_map(|(run, from)| if run.contains(&"--to|2026-01-05T08:00:07Z") { run } else { [run, from].concat() })
}

fn output() -> impl Strategy<Value = Vec<&'static str>> {
    some_of(&[
        &[
            "-o|it's a trail.ndjson",
            "-o|trail.json.gz",
            "-o|./tr\tail.ndjson",
            "-o|-dash",
            "--split|event|-o|-d/",
            "-o|fixed.ndjson.zst",
            "--split|instance|-o|a folder",
        ],
        &["--format|json", "--format|batch", "--format|ndjson"],
        &["--truth|the truth.ndjson", "--truth|truth.ndjson|--truth-all"],
        &["--skip|7"],
        &["--shard|1/3"],
        &["--threads|2", "--digest", "--force"],
    ])
}

#[derive(Debug, Clone)]
struct Case {
    words: Vec<String>,
    /// How large a file may get, in blocks of the shell, before the run is stopped by that.
    blocks: u32,
    summary: bool,
}

fn case() -> impl Strategy<Value = Case> {
    let words = (prop_oneof![3 => content().boxed(), 1 => recorded().boxed()], output());
    (words, 4..200_u32, any::<bool>()).prop_map(|((mut content, output), blocks, summary)| {
        let last = content.iter().position(|word| word.starts_with("--|")).unwrap_or(content.len());
        let behind = content.split_off(last);
        let groups = content.into_iter().chain(output).chain(behind);
        let words = groups.flat_map(|group| group.split('|'));
        // Clap takes a value with a hyphen for an option.
        let mut joined: Vec<String> = Vec::new();
        for word in words {
            match joined.last_mut() {
                Some(option) if option == "-o" && word.starts_with('-') => *option = format!("-o={word}"),
                _ => joined.push(word.to_owned()),
            }
        }
        Case { words: joined, blocks, summary }
    })
}

impl Case {
    fn command(&self) -> String {
        let words: Vec<String> = self.words.iter().map(|word| quoted(word)).collect();
        format!("falsetrail generate {}", words.join(" "))
    }

    fn has(&self, word: &str) -> bool {
        self.words.iter().any(|of| of == word)
    }
}

/// The lines of a message that give a command.
fn commands<'r>(run: &'r Run, label: &str) -> Vec<&'r str> {
    run.stderr.lines().filter_map(|line| line.strip_prefix(label)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    /// In every combination of options that makes a run: what repeats it repeats it, and what continues it completes it.
    #[test]
    fn printed_commands_work_when_they_are_typed(case in case()) {
        let folder = copy();
        let whole = typed(folder.path(), "", &case.command(), ">");
        // Options that exclude each other make no run.
        prop_assume!(whole.code != 2);
        prop_assert_eq!(whole.code, 0, "{}", whole.stderr);
        let expected = made(folder.path());
        let again = commands(&whole, "reproduce with: ");
        // Before the first event and at the end, it is the same.
        prop_assert!(again.windows(2).all(|two| two[0] == two[1]), "{}", whole.stderr);
        let again = again[again.len() - 1];

        let elsewhere = copy();
        let second = typed(elsewhere.path(), "", again, ">");
        prop_assert_eq!(second.code, 0, "{}\n{}", again, second.stderr);
        prop_assert!(made(elsewhere.path()) == expected, "other bytes by {}", again);
        prop_assert_eq!(commands(&second, "reproduce with: "), vec![again], "the repetition repeats itself");

        let stopped_in = copy();
        let limit = format!("trap '' XFSZ; ulimit -f {};", case.blocks);
        let stopped = typed(stopped_in.path(), &limit, again, ">");
        let rest = commands(&stopped, "to continue: ");
        // Another array is no continuation of the first one.
        let is_apart = case.has("batch") && !case.words.iter().any(|word| word.starts_with("-o"));
        if let ([rest], false) = (rest.as_slice(), is_apart) {
            let continued = typed(stopped_in.path(), "", rest, ">>");
            prop_assert_eq!(continued.code, 0, "{}\n{}\n{}", stopped.stderr, rest, continued.stderr);
            prop_assert!(made(stopped_in.path()) == expected, "other bytes by {}", rest);
        }
        if case.summary {
            // The summary of the run is the run, too.
            let by_summary = copy();
            let noting = again.replacen(" generate ", " generate --summary 'sum mary.json' ", 1);
            let noted = typed(by_summary.path(), "", &noting, ">");
            prop_assert_eq!(noted.code, 0, "{}", noted.stderr);
            let document: serde_json::Value =
                serde_json::from_slice(&fs::read(by_summary.path().join("sum mary.json")).unwrap()).unwrap();
            prop_assert_eq!(&document["run"]["command"], again);
        }
    }
}

/// A run that has no end of its own, and what it has printed and written until it is stopped.
struct Endless {
    child: Child,
    stdout: BufReader<ChildStdout>,
    text: String,
}

impl Endless {
    fn start(mut command: std::process::Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Endless { child, stdout, text: String::new() }
    }

    fn read(&mut self, events: usize) {
        for _ in 0..events {
            if self.stdout.read_line(&mut self.text).unwrap() == 0 {
                let mut stderr = String::new();
                self.child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
                panic!("it has ended: {stderr}");
            }
        }
    }

    /// Sends a signal, and reads all that is left.
    fn end(mut self, signal: &str) -> (String, String, Option<i32>) {
        shell(Path::new("."), &format!("kill -{signal} {}", self.child.id())).fine();
        self.stdout.read_to_string(&mut self.text).unwrap();
        let output = self.child.wait_with_output().unwrap();
        (self.text, String::from_utf8(output.stderr).unwrap(), output.status.code())
    }
}

const LIVE: [&[&str]; 7] = [
    &["pool-lifecycle", "--live", "--every", "20ms"],
    &["mix.yaml", "--rate", "500/s", "--speed", "3"],
    &["my story.yaml", "--rate", "100/s", "--live", "--inject", "mass-deletion@+2h"],
    &["it's.yaml", "--every", "10ms", "--speed", "2", "--shard", "0/2", "--seed", "5", "--from", "+1s"],
    &["--run", "end less.json", "--from", "now", "--speed", "50"],
    &["--run", "end less summary.json", "--live", "--skip", "10", "--re-pace", "--speed", "50"],
    &["busy-day", "--rate", "200/s", "--live", "--truth", "truth.ndjson"],
];

/// A run without an end, too: stopped at any time, it prints what gives just its events, and what continues it.
#[test]
fn runs_without_an_end_print_what_repeats_and_continues_them() {
    for words in LIVE {
        let folder = copy();
        let mut first = command(folder.path());
        first.arg("generate").args(words);
        let mut first = Endless::start(first);
        first.read(25);
        let (text, stderr, code) = first.end("TERM");
        assert_eq!(code, Some(143), "{words:?}: {stderr}");
        let of = |label: &str| {
            stderr.lines().rev().find_map(|line| line.strip_prefix(label)).unwrap_or_else(|| panic!("{stderr}"))
        };
        // Elsewhere, because what is there already is not replaced.
        let again = shell(copy().path(), of("reproduce with: ")).fine();
        assert!(again.text() == text, "{words:?}: other events by {}", again.again());
        // Before the first event it was not known how long the run would be.
        let begin = stderr.lines().next().and_then(|line| line.strip_prefix("reproduce with: "));
        let begin = begin.unwrap_or_else(|| panic!("{words:?}: no line before the first event in {stderr}"));
        let begin = shell(copy().path(), &format!("{begin} -q | head -{}", text.lines().count()));
        assert!(begin.text() == text, "{words:?}: {stderr}");
        let mut rest = Endless::start(shell_command(folder.path(), &format!("exec {}", of("to continue: "))));
        rest.read(25);
        let (more, stderr, _) = rest.end("INT");
        let all = stderr.lines().rev().find_map(|line| line.strip_prefix("reproduce with: ")).unwrap();
        assert!(shell(copy().path(), all).fine().text() == more, "{words:?}: {stderr}");
    }
}

/// `kill -9` leaves a summary from which the run is repeated, and the line before the first event.
#[test]
fn a_killed_run_is_repeated_from_what_it_has_left() {
    let folder = copy();
    let mut killed = command(folder.path());
    killed.args(["generate", "mix.yaml", "--rate", "100/s", "--live", "--summary", "s.json", "--write-run", "r.json"]);
    let mut killed = Endless::start(killed);
    // Both are there before the first event.
    killed.read(1);
    assert!(folder.path().join("r.json").exists());
    let summary = || -> serde_json::Value {
        serde_json::from_slice(&fs::read(folder.path().join("s.json")).unwrap()).expect("each version is whole")
    };
    assert_eq!(summary()["status"], "running");
    while summary()["events"].as_u64().unwrap() < 50 {
        killed.read(10);
    }
    let (text, stderr, code) = killed.end("KILL");
    assert_eq!(code, None, "it was killed");
    let left = summary();
    let until = left["emitted"]["until"].as_u64().unwrap();
    assert!(left["status"] == "running" && until >= 50 && until == left["events"].as_u64().unwrap(), "{left}");
    let beginning: String = text.split_inclusive('\n').take(usize::try_from(until).unwrap()).collect();
    let again = shell(folder.path(), left["run"]["command"].as_str().unwrap()).fine();
    assert!(again.text() == beginning, "{left}");
    for file in ["s.json", "r.json"] {
        let options = ["generate", "--run", file, "-q", "--first", &until.to_string()];
        assert!(run(folder.path(), options).quiet().text() == beginning, "{file}");
    }
    let printed = stderr.lines().next().unwrap().strip_prefix("reproduce with: ").unwrap();
    let printed = shell(folder.path(), &format!("{printed} -q | head -{}", text.lines().count()));
    assert!(printed.text() == text, "{stderr}");
    // Without an end given, the file says how much of it there was.
    let open = run(folder.path(), ["generate", "--run", "s.json"]);
    assert_eq!(open.code, 2);
    assert!(open.stderr.contains(&format!("`--first {until}`")), "{}", open.stderr);
}

/// What stands in a folder of a file is not looked for elsewhere.
#[test]
fn a_plan_prints_a_command_that_runs() {
    let folder = copy();
    for words in [
        "busy-day -n 200",
        "'my story.yaml' -d 20s --seed 5 --from -1d",
        "--run run.json",
        "--run 'end less.json' -n 50",
    ] {
        let plan = typed(folder.path(), "", &format!("falsetrail plan {words}"), ">");
        assert_eq!(plan.code, 0, "{}", plan.stderr);
        let text = fs::read_to_string(folder.path().join("stdout")).unwrap();
        let printed = text.lines().find_map(|line| line.strip_prefix("to run it: ")).unwrap();
        let made = typed(folder.path(), "", printed, ">");
        assert_eq!(made.code, 0, "{}", made.stderr);
        let events = fs::read_to_string(folder.path().join("stdout")).unwrap().lines().count();
        assert!(text.starts_with(&format!("{events} events of ")), "{text}");
    }
    // A live run begins when it is typed.
    let plan = shell(folder.path(), "falsetrail plan pool-lifecycle --live --speed 1000 -n 20 --seed 5").fine();
    let printed = plan.text().lines().find_map(|line| line.strip_prefix("to run it: ")).unwrap();
    assert_eq!(shell(folder.path(), printed).fine().text().lines().count(), 20, "{printed}");
}

/// A reader who leaves before what was asked for is a line, also with `-q`, and a failure if that is asked for.
#[test]
fn a_reader_that_leaves_is_told_of_where_it_matters() {
    let folder = copy();
    let leave = |words: &str| {
        shell(folder.path(), &format!("{{ falsetrail generate {words}; echo $? > code; }} | head -1 > first"));
        let mut command =
            shell_command(folder.path(), &format!("{{ falsetrail generate {words}; echo $? > code; }} | head -1"));
        let output = finished(&command.output().unwrap());
        (output.stderr, fs::read_to_string(folder.path().join("code")).unwrap().trim().to_owned())
    };
    let left = "the reader went away: ";
    for (words, said, code) in [
        ("busy-day -n 100k", true, "0"),
        ("busy-day -n 100k -q", true, "0"),
        ("busy-day --instances 50k -q", true, "0"),
        ("busy-day -d 5d -q", true, "0"),
        ("pool-lifecycle --from 2026-01-05 --first 500k --seed 1 -q", true, "0"),
        ("busy-day --rate 100/s --from -9d --to now -q", true, "0"),
        ("mass-deletion --set deletes=9000 --set gap=1s -q", false, "0"),
        ("mass-deletion --set deletes=9000 --set gap=1s", true, "0"),
    ] {
        let (stderr, status) = leave(words);
        assert_eq!((stderr.contains(left), status.as_str()), (said, code), "{words}: {stderr}");
    }
    for words in ["busy-day -n 100k -q --require-all", "mass-deletion --set deletes=9000 --set gap=1s --require-all"] {
        let (stderr, status) = leave(words);
        assert!(
            status == "1" && stderr.contains("error: the reader left before the end of the run, after "),
            "{stderr}"
        );
    }
    assert_eq!(
        shell(folder.path(), "falsetrail generate busy-day -n 9 -q --require-all | cat").text().lines().count(),
        9
    );
}

/// A standard output that is closed from the start takes nothing, which is no success.
#[cfg(target_os = "linux")]
#[test]
fn a_closed_standard_output_is_an_error() {
    let folder = copy();
    for words in ["generate pool-lifecycle", "generate pool-lifecycle -q -o -", "list", "show pool-lifecycle", "schema"]
    {
        let closed = shell(folder.path(), &format!("falsetrail {words} >&-"));
        assert_eq!(closed.code, 1, "{words}: {}", closed.stderr);
        assert!(closed.stderr.contains("standard output is closed"), "{}", closed.stderr);
    }
    // What needs none, or has one that takes nothing, is fine.
    shell(folder.path(), "falsetrail generate pool-lifecycle -q -o file.ndjson >&-").quiet();
    for to in ["> /dev/null", "1<> /dev/null", "> file"] {
        shell(folder.path(), &format!("falsetrail list {to}")).quiet();
    }
    drop(File::open(folder.path().join("file.ndjson")).unwrap());
}
