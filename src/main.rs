//! The `falsetrail` command: parse, call, print the error once, exit status.

use falsetrail::cli;
use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::run() {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            let color = cli::color_on_stderr();
            cli::report(&error.render(color));
            ExitCode::from(error.exit_code())
        }
    }
}
