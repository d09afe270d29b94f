//! The table: what was measured beside what is required.

use crate::{generating, processes, rendering, simulation, verification};
use std::process::ExitCode;

/// A measure.
pub struct Row {
    what: String,
    measured: f64,
    required: f64,
    more_is_better: bool,
    note: String,
}

impl Row {
    pub fn note(self, note: String) -> Self {
        Row { note, ..self }
    }

    fn is_met(&self) -> bool {
        if self.more_is_better { self.measured >= self.required } else { self.measured <= self.required }
    }

    fn print(&self) {
        let digits = match self.required {
            ratio if ratio < 2.0 => 2,
            few if few < 20.0 => 1,
            _ => 0,
        };
        let bound = if self.more_is_better { "≥" } else { "≤" };
        let verdict = if self.is_met() { "" } else { "  missed" };
        let (what, measured, required) = (&self.what, self.measured, self.required);
        println!("{what:<52} {measured:>8.digits$}   {bound} {required:<6} {}{verdict}", self.note);
    }
}

/// A speed as a part of the limit.
pub fn ratio(what: &str, measured: f64, required: f64) -> Row {
    at_least(what, measured, required)
}

pub fn at_least(what: &str, measured: f64, required: f64) -> Row {
    Row { what: what.to_owned(), measured, required, more_is_better: true, note: String::new() }
}

pub fn at_most(what: &str, measured: f64, required: f64) -> Row {
    Row { more_is_better: false, ..at_least(what, measured, required) }
}

/// Other programs that make the same events.
const PEERS: &str = "--with-peers";

/// A part's name, and what measures it.
type Slice = (&'static str, fn() -> Vec<Row>);

/// Measures and prints the parts of that name, or all; the last only if it is wanted: not everybody has its programs.
pub fn print(wanted: &[&str]) -> ExitCode {
    let parts: [Slice; 10] = [
        ("rendering", rendering::rows),
        ("generating", generating::rows),
        ("simulation", simulation::rows),
        ("start", processes::start),
        ("pipe", processes::pipe),
        ("file", processes::file),
        ("threads", processes::threads),
        ("compression", processes::compression),
        ("verification", verification::rows),
        (PEERS, processes::peers),
    ];
    if let Some(unknown) = wanted.iter().find(|wanted| parts.iter().all(|(name, _)| name != *wanted)) {
        eprintln!("there is no part `{unknown}`: {}", parts.map(|(name, _)| name).join(", "));
        return ExitCode::from(2);
    }
    println!("{:<52} {:>8}   required", "", "measured");
    let all = wanted.iter().all(|wanted| *wanted == PEERS);
    let mut met = true;
    for (name, rows) in parts {
        let is_part_of_all = all && name != PEERS;
        if is_part_of_all || wanted.contains(&name) {
            for row in rows() {
                met &= row.is_met();
                row.print();
            }
        }
    }
    if met { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
