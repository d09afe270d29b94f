//! Pages are true: what they show is run, and what it prints is compared.
//!
//! | block | what becomes of it |
//! |---|---|
//! | `console` | each line after `$ ` is run; what follows it is what it prints, errors and summary included |
//! | `sh` | run as a whole; it has to succeed |
//! | `… file=NAME`, `… append=NAME` | written to that file, or to its end; the sentence above has to name the file |
//! | `rust` | has to stand in the crate's front page, where it is compiled |
//! | `text`, `toml`, `mermaid` | nothing |
//! | any, below `<!-- not run: why -->` | nothing |
//!
//! Everything on a page happens in one folder of its own and in order, as a reader would do it. In expected output `…`
//! stands for any text in a line, or alone for any lines; how long a run took is not compared. A command has to fail if
//! a line of what it prints begins with `error:`, and to succeed otherwise.

use std::{
    env,
    fmt::Write as _,
    fs::{self, OpenOptions},
    io::Write as _,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::{TempDir, tempdir};

/// Runs all that a page shows, and fails with everything that is not so.
pub fn check(page: &'static str) {
    let text = read(page);
    let folder = folder();
    let mut wrong = String::new();
    for block in blocks(page, &text) {
        wrong += &block.check(folder.path());
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// How many commands of a page are run, and how many it shows.
pub fn commands(page: &'static str) -> (usize, usize) {
    let text = read(page);
    let blocks = blocks(page, &text);
    let run = blocks.iter().filter(|block| !block.excused && block.info == "console");
    (run.map(|block| block.commands().len()).sum(), text.lines().filter(|line| line.starts_with("$ ")).count())
}

/// A fenced block.
pub struct Block<'t> {
    page: &'static str,
    /// The line of its fence, from 1.
    line: usize,
    /// What stands behind the fence.
    pub info: String,
    pub text: String,
    /// The paragraph above it.
    above: Vec<&'t str>,
    /// Whether a comment above it says why it is not run.
    pub excused: bool,
}

/// A command and what its page says that it prints.
struct Shown {
    line: usize,
    command: String,
    expected: String,
}

/// The fenced blocks of a page.
pub fn blocks<'t>(page: &'static str, markdown: &'t str) -> Vec<Block<'t>> {
    let mut blocks = Vec::new();
    let mut lines = (1..).zip(markdown.lines());
    let mut above: Vec<&str> = Vec::new();
    while let Some((line, text)) = lines.next() {
        let Some(info) = text.strip_prefix("```") else {
            // A paragraph stays the last one until the next begins.
            if above.last() == Some(&"") && !text.is_empty() {
                above.clear();
            }
            above.push(text);
            continue;
        };
        let inside = lines.by_ref().map(|(_, text)| text).take_while(|text| *text != "```");
        let text = inside.fold(String::new(), |text, line| text + line + "\n");
        let excused = above.last().is_some_and(|comment| comment.starts_with("<!-- not run: "));
        blocks.push(Block { page, line, info: info.to_owned(), text, above: std::mem::take(&mut above), excused });
    }
    blocks
}

impl Block<'_> {
    /// Does what it says; what is not so.
    fn check(&self, folder: &Path) -> String {
        let place = format!("{}:{}", self.page, self.line);
        let mut words = self.info.split(' ');
        match (words.next().unwrap_or_default(), words.next()) {
            _ if self.excused => String::new(),
            ("text" | "toml" | "mermaid", None) => String::new(),
            (_, Some(to)) => {
                self.place(folder, to);
                String::new()
            }
            ("console", None) => {
                self.commands().iter().filter_map(|shown| run(folder, self.page, shown).err()).collect()
            }
            ("sh", None) => {
                let shown = Shown { line: self.line, command: self.text.clone(), expected: "…".to_owned() };
                run(folder, self.page, &shown).err().unwrap_or_default()
            }
            ("rust", None) if front_page().contains(&self.text) => String::new(),
            ("rust", None) => format!("{place}: not in lib.rs\n"),
            (other, None) => panic!("{place}: a block of `{other}` needs a `file=` or a reason"),
        }
    }

    fn commands(&self) -> Vec<Shown> {
        let mut found: Vec<Shown> = Vec::new();
        for (line, text) in (self.line + 1..).zip(self.text.lines()) {
            if let Some(command) = text.strip_prefix("$ ") {
                found.push(Shown { line, command: command.to_owned(), expected: String::new() });
            } else if let Some(last) = found.last_mut() {
                last.expected += text;
                last.expected += "\n";
            } else {
                panic!("{}:{line}: a block of `console` begins with `$ `", self.page);
            }
        }
        found
    }

    /// The file that it is written to.
    pub fn file(&self) -> Option<&str> {
        self.info.split_once(" file=").map(|(_, name)| name)
    }

    /// The block with another text, as it stands on its page.
    pub fn written(&self, text: &str) -> String {
        format!("```{}\n{text}```\n", self.info)
    }

    /// Writes it to where `file=NAME` or `append=NAME` says.
    fn place(&self, folder: &Path, to: &str) {
        let (how, name) = to.split_once('=').unwrap_or((to, ""));
        let place = format!("{}:{}", self.page, self.line);
        // Readers do not see what stands behind the fence.
        let named = self.above.iter().any(|line| line.contains(&format!("`{name}`")));
        assert!(named, "{place}: the paragraph above does not say that this is `{name}`");
        let mut options = OpenOptions::new();
        match how {
            "file" => options.write(true).create(true).truncate(true),
            "append" => options.append(true),
            _ => panic!("{place}: a block is `file=NAME` or `append=NAME`, not `{to}`"),
        };
        let mut file = options.open(folder.join(name)).unwrap_or_else(|error| panic!("{place}: {name}: {error}"));
        file.write_all(self.text.as_bytes()).unwrap();
    }
}

/// Runs a command and says how what it does differs from what is shown.
fn run(folder: &Path, page: &str, shown: &Shown) -> Result<(), String> {
    let binary = Path::new(env!("CARGO_BIN_EXE_falsetrail"));
    let path = format!("{}:{}", binary.parent().unwrap().display(), env::var("PATH").unwrap_or_default());
    let mut shell = Command::new("sh");
    shell.args(["-ec", &format!("exec 2>&1\n{}", shown.command)]).current_dir(folder).env("PATH", path);
    let output = shell.output().unwrap();
    let actual = String::from_utf8_lossy(&output.stdout);
    let expected: Vec<String> = shown.expected.lines().map(masked).collect();
    let lines: Vec<String> = actual.lines().map(masked).collect();
    let succeeds = !shown.expected.lines().any(|line| line.starts_with("error:"));
    if output.status.success() == succeeds
        && (lines_match(&expected, &lines) || lines_match(&expected, &at_once(&lines)))
    {
        return Ok(());
    }
    let mut difference = format!("\n{page}:{}: $ {}\n{}, printed:\n", shown.line, shown.command, output.status);
    // Whole events are long, and what a reader looks for is at the end.
    for line in actual.lines().skip(actual.lines().count().saturating_sub(40)) {
        let _ = writeln!(difference, "    {}", line.chars().take(160).collect::<String>());
    }
    Err(difference)
}

/// The lines without those that a run prints on its way where it takes more than ten seconds, as on a busy machine.
fn at_once(lines: &[String]) -> Vec<String> {
    let is_progress = |line: &&String| {
        let (count, rest) = line.split_once(" events").unwrap_or_default();
        !count.is_empty() && count.chars().all(|c| c.is_ascii_digit() || c == ',') && !rest.starts_with(" of ")
    };
    lines.iter().filter(|line| !is_progress(line)).cloned().collect()
}

/// A line without what differs from run to run.
fn masked(line: &str) -> String {
    match line.rsplit_once(", in ") {
        Some((before, _)) if before.contains(" events of ") => format!("{before}, in …"),
        _ => line.to_owned(),
    }
}

/// Whether lines are as expected; a `…` alone stands for any number of lines.
fn lines_match(expected: &[String], actual: &[String]) -> bool {
    match expected.split_first() {
        None => actual.is_empty(),
        Some((first, rest)) if first.trim() == "…" => {
            (0..=actual.len()).any(|skipped| lines_match(rest, &actual[skipped..]))
        }
        Some((first, rest)) => {
            actual.first().is_some_and(|line| line_matches(first, line)) && lines_match(rest, &actual[1..])
        }
    }
}

/// Whether a line is as expected; a `…` stands for any text.
fn line_matches(expected: &str, actual: &str) -> bool {
    match expected.split_once('…') {
        None => expected == actual,
        Some((before, after)) => {
            let Some(rest) = actual.strip_prefix(before) else { return false };
            rest.char_indices().map(|(at, _)| at).chain([rest.len()]).any(|at| line_matches(after, &rest[at..]))
        }
    }
}

/// A folder that looks like the repository to commands.
fn folder() -> TempDir {
    let folder = tempdir().unwrap();
    for name in ["scenarios", "templates"] {
        if root().join(name).exists() {
            symlink(root().join(name), folder.path().join(name)).unwrap();
        }
    }
    folder
}

/// The code on the crate's front page, as its reader sees it.
fn front_page() -> String {
    let source = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let lines = source.lines().filter_map(|line| line.strip_prefix("//! ")).filter(|line| !line.starts_with("# "));
    lines.fold(String::new(), |text, line| text + line + "\n")
}

/// The text of a page.
pub fn read(page: &str) -> String {
    fs::read_to_string(root().join(page)).unwrap_or_else(|error| panic!("{page}: {error}"))
}

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn expected_output_may_leave_out_lines_and_parts_of_lines() {
    for (expected, actual, same) in [
        ("a\nb", "a\nb", true),
        ("a\nb", "a\nb\nc", false),
        ("a\n…", "a\nb\nc", true),
        ("…\nc", "a\nb\nc", true),
        ("a\n…\nb", "a\nb", true),
        ("a\n  …\nc\n…\ne", "a\nb\nc\nd\ne", true),
        ("a\n…\nd", "a\nb\nc", false),
        ("x…z", "xyz", true),
        ("x…z", "xz", true),
        ("x…y…", "xayb", true),
        ("x…z", "xyzy", false),
        ("3 events of a, in 87 µs", "3 events of a, in 1.20 s", true),
        ("3 events of a, in 87 µs", "4 events of a, in 87 µs", false),
    ] {
        let lines = |text: &'static str| text.lines().map(masked).collect::<Vec<_>>();
        assert_eq!(lines_match(&lines(expected), &lines(actual)), same, "{expected:?} and {actual:?}");
    }
}

#[test]
fn lines_of_progress_are_no_difference() {
    let lines =
        ["1,200 events (40 %), 120/s, 2.47 MB, 15s left", "3,000 events of office, in …", "3007"].map(str::to_owned);
    assert_eq!(at_once(&lines), lines[1..]);
}
