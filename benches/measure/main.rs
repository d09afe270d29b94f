//! Speed as ratios: against copying the same bytes, against rendering alone, against one thread.
//!
//! A ratio is measured in one run on one machine, so it says the same on another. `benches/ratios` prints them all;
//! the other words are parts of it, or of the tests.

mod generating;
mod instructions;
mod processes;
mod rendering;
mod sample;
mod simulation;
mod table;
mod verification;

use std::{env, process::ExitCode};

fn main() -> ExitCode {
    // Cargo says `--bench` to every benchmark.
    let words: Vec<String> = env::args().skip(1).filter(|word| word != "--bench").collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["table", parts @ ..] => table::print(parts),
        ["instructions", method @ ..] => instructions::run(method.first().copied()),
        ["write", bytes, to] => processes::write(bytes, to),
        // `cargo test --all-targets` runs every benchmark once.
        [] => {
            println!("benches/ratios prints the table");
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!("usage: measure table [PART...] | instructions [METHOD] | write BYTES FILE|PIPE");
            ExitCode::from(2)
        }
    }
}
