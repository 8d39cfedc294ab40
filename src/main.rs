//! Parses, runs, exits with a code; everything else is in the library's `cli` room.

use std::process::ExitCode;

fn main() -> ExitCode {
    failback::cli::main()
}
