//! The README is true: what it shows is run, and what it runs is compared.
//!
//! | block | what becomes of it |
//! |---|---|
//! | `console` | each line after `$ ` is run; what follows it is what it prints, errors and summary included |
//! | `sh` | run as a whole; it has to succeed |
//! | `… file=NAME`, `… append=NAME` | written to that file, or to its end |
//! | `rust` | has to stand in the crate's front page, where it is compiled |
//! | `text`, `toml` | nothing |
//! | any, below `<!-- not run: why -->` | nothing |
//!
//! Everything happens in one folder and in order, as a reader would do it. In expected output `…` stands for any text
//! in a line, or alone for any lines; how long a run took is not compared. A command has to fail if a line of what it
//! prints begins with `error:`, and to succeed otherwise.

use std::{
    env,
    fmt::Write as _,
    fs::{self, OpenOptions},
    io::Write as _,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use falsetrail::catalog::{Catalog, Effect, Method};
use tempfile::{TempDir, tempdir};

#[test]
fn everything_that_the_readme_shows_is_so() {
    let folder = folder();
    let mut wrong = String::new();
    let mut commands = 0;
    for block in blocks(&readme()) {
        let mut words = block.info.split(' ');
        match (words.next().unwrap_or_default(), words.next()) {
            _ if block.excused => {}
            ("text" | "toml", None) => {}
            (_, Some(place)) => place_file(folder.path(), place, &block),
            ("console", None) => {
                for shown in block.commands() {
                    commands += 1;
                    wrong += &run(folder.path(), &shown).err().unwrap_or_default();
                }
            }
            ("sh", None) => {
                commands += 1;
                let shown = Shown { line: block.line, command: block.text, expected: "…".to_owned() };
                wrong += &run(folder.path(), &shown).err().unwrap_or_default();
            }
            ("rust", None) => assert!(front_page().contains(&block.text), "line {}: not in lib.rs", block.line),
            (other, None) => panic!("README.md:{}: a block of `{other}` needs a `file=` or a reason", block.line),
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    // If the fences were misread, nothing would be wrong.
    assert!(commands > 10, "only {commands} commands found");
}

#[test]
fn the_table_of_methods_is_the_catalogs() {
    let catalog = Catalog::built_in().unwrap();
    let expected: Vec<String> = catalog.methods.iter().map(|method| row(&catalog, method)).collect();
    let readme = readme();
    let table = readme.split("| method | short name | does | failures |\n|---|---|---|---|\n").nth(1).unwrap();
    let shown: Vec<&str> = table.lines().take_while(|line| line.starts_with('|')).collect();
    assert_eq!(shown, expected);
}

#[test]
fn what_is_needed_is_what_cargo_asks_for() {
    let version = env!("CARGO_PKG_RUST_VERSION");
    assert!(readme().contains(&format!("Rust {version} or later")), "Cargo.toml asks for Rust {version}");
}

#[test]
fn links_lead_somewhere() {
    for page in ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"] {
        let text = fs::read_to_string(root().join(page)).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target) {
            let exists = target.starts_with("https://") || root().join(target).exists();
            assert!(exists, "{page} links to `{target}`, which is not there");
        }
    }
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

/// A fenced block.
struct Block {
    /// The line of its fence, from 1.
    line: usize,
    /// What stands behind the fence.
    info: String,
    text: String,
    /// Whether a comment above it says why it is not run.
    excused: bool,
}

/// A command and what the README says that it prints.
struct Shown {
    line: usize,
    command: String,
    expected: String,
}

fn blocks(markdown: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = (1..).zip(markdown.lines());
    let mut above = "";
    while let Some((line, text)) = lines.next() {
        if let Some(info) = text.strip_prefix("```") {
            let inside = lines.by_ref().map(|(_, text)| text).take_while(|text| *text != "```");
            let text = inside.fold(String::new(), |text, line| text + line + "\n");
            let excused = above.starts_with("<!-- not run: ");
            blocks.push(Block { line, info: info.to_owned(), text, excused });
        }
        above = text;
    }
    blocks
}

impl Block {
    fn commands(&self) -> Vec<Shown> {
        let mut found: Vec<Shown> = Vec::new();
        for (line, text) in (self.line + 1..).zip(self.text.lines()) {
            if let Some(command) = text.strip_prefix("$ ") {
                found.push(Shown { line, command: command.to_owned(), expected: String::new() });
            } else if let Some(last) = found.last_mut() {
                last.expected += text;
                last.expected += "\n";
            } else {
                panic!("README.md:{line}: a block of `console` begins with `$ `");
            }
        }
        found
    }
}

/// Runs a command and says how what it does differs from what is shown.
fn run(folder: &Path, shown: &Shown) -> Result<(), String> {
    let binary = Path::new(env!("CARGO_BIN_EXE_falsetrail"));
    let path = format!("{}:{}", binary.parent().unwrap().display(), env::var("PATH").unwrap_or_default());
    let mut shell = Command::new("sh");
    shell.args(["-ec", &format!("exec 2>&1\n{}", shown.command)]).current_dir(folder).env("PATH", path);
    let output = shell.output().unwrap();
    let actual = String::from_utf8_lossy(&output.stdout);
    let expected: Vec<String> = shown.expected.lines().map(masked).collect();
    let lines: Vec<String> = actual.lines().map(masked).collect();
    let succeeds = !shown.expected.lines().any(|line| line.starts_with("error:"));
    if output.status.success() == succeeds && lines_match(&expected, &lines) {
        return Ok(());
    }
    let mut difference = format!("\nREADME.md:{}: $ {}\n{}, printed:\n", shown.line, shown.command, output.status);
    // Whole events are long, and what a reader looks for is at the end.
    for line in actual.lines().skip(actual.lines().count().saturating_sub(40)) {
        let _ = writeln!(difference, "    {}", line.chars().take(160).collect::<String>());
    }
    Err(difference)
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

/// Writes a block to where `file=NAME` or `append=NAME` says.
fn place_file(folder: &Path, place: &str, block: &Block) {
    let (how, name) = place.split_once('=').unwrap_or((place, ""));
    let mut options = OpenOptions::new();
    match how {
        "file" => options.write(true).create(true).truncate(true),
        "append" => options.append(true),
        _ => panic!("README.md:{}: a block is `file=NAME` or `append=NAME`, not `{place}`", block.line),
    };
    options.open(folder.join(name)).unwrap().write_all(block.text.as_bytes()).unwrap();
}

/// A folder that looks like the repository to commands.
fn folder() -> TempDir {
    let folder = tempdir().unwrap();
    for name in ["scenarios", "templates"] {
        symlink(root().join(name), folder.path().join(name)).unwrap();
    }
    folder
}

/// What the README says of a method.
fn row(catalog: &Catalog, method: &Method) -> String {
    let does = match method.does {
        Effect::Create => "create",
        Effect::Get => "get",
        Effect::List => "list",
        Effect::Update => "update",
        Effect::Delete => "delete",
    };
    let names: Vec<&str> = method.failures.iter().map(|failure| catalog.failures[*failure].name.as_str()).collect();
    let common = ["too-many-requests", "internal-error"];
    assert!(names.ends_with(&common), "the README says that every method can fail with {common:?}");
    let names: Vec<String> = names[..names.len() - 2].iter().map(|name| format!("`{name}`")).collect();
    format!("| {} | `{}` | {does} | {} |", method.name, method.short, names.join(" "))
}

/// The code on the crate's front page, as its reader sees it.
fn front_page() -> String {
    let source = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let lines = source.lines().filter_map(|line| line.strip_prefix("//! ")).filter(|line| !line.starts_with("# "));
    lines.fold(String::new(), |text, line| text + line + "\n")
}

fn readme() -> String {
    fs::read_to_string(root().join("README.md")).unwrap()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
