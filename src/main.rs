//! The program: see `--help`, and the library for how it is built.

use std::process::ExitCode;

fn main() -> ExitCode {
    overwatch_bot::cli::main()
}
