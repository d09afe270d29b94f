//! Decides whether output for people is coloured.

use clap::{ColorChoice, ValueEnum};
use std::{
    ffi::OsString,
    io::{self, IsTerminal},
    sync::OnceLock,
};

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Everywhere.
    Always,
    /// Nowhere.
    Never,
}

/// The choice on the command line. It applies to every message of the process, including the last one in `main`.
static CHOSEN: OnceLock<Color> = OnceLock::new();

impl Color {
    /// Applies this choice from now on.
    pub(super) fn choose(self) {
        // A second call comes from the same command line.
        let _ = CHOSEN.set(self);
    }

    fn holds(is_terminal: bool) -> bool {
        match CHOSEN.get() {
            Some(Color::Always) => true,
            Some(Color::Never) => false,
            Some(Color::Auto) | None => {
                is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            }
        }
    }
}

/// Whether messages on standard error may be coloured.
pub fn on_stderr() -> bool {
    Color::holds(io::stderr().is_terminal())
}

/// Whether output on standard output may be coloured.
pub(super) fn on_stdout() -> bool {
    Color::holds(io::stdout().is_terminal())
}

/// The choice of colours in arguments that are not parsed yet: for messages about the arguments themselves.
pub(super) fn in_arguments(arguments: impl IntoIterator<Item = OsString>) -> ColorChoice {
    let mut choice = ColorChoice::Auto;
    let mut is_value = false;
    for argument in arguments {
        let Some(text) = argument.to_str() else { continue };
        let value = if std::mem::take(&mut is_value) { Some(text) } else { text.strip_prefix("--color=") };
        match value {
            Some("always") => choice = ColorChoice::Always,
            Some("never") => choice = ColorChoice::Never,
            _ => is_value = text == "--color",
        }
        if text == "--" {
            break;
        }
    }
    choice
}
