//! Runs the binary as a shell would.

use std::{
    ffi::OsStr,
    io::Write as _,
    path::Path,
    process::{Command, Output, Stdio},
};

/// What a run leaves behind.
#[derive(Debug)]
pub struct Run {
    /// The exit status; a run that a signal has ended has none, and is a mistake of the test.
    pub code: i32,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

impl Run {
    /// The standard output as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).expect("the output is UTF-8")
    }

    /// The command that the summary gives for the same bytes again.
    pub fn again(&self) -> &str {
        let found = self.stderr.lines().rev().find_map(|line| line.strip_prefix("reproduce with: "));
        found.unwrap_or_else(|| panic!("no command in {}", self.stderr))
    }

    /// The command that the summary of a stopped run gives for the rest.
    pub fn rest(&self) -> Option<&str> {
        self.stderr.lines().find_map(|line| line.strip_prefix("to continue: "))
    }

    /// This run, which must have ended well and without a word.
    pub fn quiet(self) -> Self {
        assert_eq!((self.code, self.stderr.as_str()), (0, ""), "{}", self.stderr);
        self
    }

    /// This run, which must have ended well.
    pub fn fine(self) -> Self {
        assert_eq!(self.code, 0, "{}", self.stderr);
        self
    }
}

/// The binary, told to run in a folder.
pub fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_falsetrail"));
    command.current_dir(folder).stdin(Stdio::null());
    command
}

/// Runs it with these arguments.
pub fn run<A: AsRef<OsStr>>(folder: &Path, arguments: impl IntoIterator<Item = A>) -> Run {
    finished(&command(folder).args(arguments).output().expect("the binary starts"))
}

/// Runs it with the arguments of a line, which has no quotes.
pub fn line(folder: &Path, line: &str) -> Run {
    run(folder, line.split_whitespace())
}

/// Runs it with something on its standard input.
pub fn with_input(folder: &Path, line: &str, input: &[u8]) -> Run {
    let mut command = command(folder);
    command.args(line.split_whitespace()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary starts");
    // It may have gone away without reading everything.
    let _ = child.stdin.take().expect("stdin is a pipe").write_all(input);
    finished(&child.wait_with_output().expect("the binary ends"))
}

/// Runs a line in a shell where `falsetrail` is this binary.
pub fn shell(folder: &Path, line: &str) -> Run {
    finished(&shell_command(folder, line).output().expect("a shell starts"))
}

/// A shell that would run a line.
pub fn shell_command(folder: &Path, line: &str) -> Command {
    let binary = Path::new(env!("CARGO_BIN_EXE_falsetrail")).parent().expect("the binary has a folder");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let paths = [binary.to_owned()].into_iter().chain(std::env::split_paths(&path));
    let path = std::env::join_paths(paths).expect("paths have no colons");
    let mut command = Command::new("sh");
    command.args(["-c", line]).env("PATH", path).current_dir(folder).stdin(Stdio::null());
    command
}

/// What a process that has ended leaves behind.
pub fn finished(output: &Output) -> Run {
    Run {
        code: output.status.code().unwrap_or_else(|| panic!("ended by a signal: {output:?}")),
        stdout: output.stdout.clone(),
        stderr: String::from_utf8(output.stderr.clone()).expect("messages are UTF-8"),
    }
}
