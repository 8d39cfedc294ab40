//! `failback explain`: one word, or one row.

mod row;
mod word;

use clap::Args;

use super::options::AboutRun;
use super::{Call, Exit};
use crate::error::{Error, ErrorKind, Result};

/// Say what a word means, or everything that is known of one row
///
/// One argument is a word: every word of a report, of the run's files and of decisions.toml is known (classes, resolutions,
/// actions, evidence, verdicts, kinds of errors, exit codes), and what is printed is the documentation's own line about it,
/// with its page. Several arguments that the documentation names together are one, too.
///
/// A table and a key are a row: its class and what that rests on, its stamps, its values as they are staged, who decided
/// what, where and why, what the plan does with it, what became of it, and what `verify` said. Without --now the run's files
/// alone are read; with it OLD's ledger is asked, and both servers how they have the row now, which transaction wrote it, and
/// what that means. Of a row that the run does not know it is said why that may be so. Values that failback.toml masks are
/// not shown.
#[derive(Args)]
#[command(after_help = "\
Examples:
  failback explain update_origin_differs
  failback explain 8
  failback explain 'absent key'
  failback explain public.users 42
  failback explain app.prices 7 2026-11-22 --now
  failback explain public.users 42 --now --json | jq '.rows[0].now.sides.old'")]
pub(super) struct Arguments {
    /// A word; or a table, and a value for each column of its key, as `failback show` prints it
    #[arg(value_name = "WORD|TABLE KEY", required = true, num_args = 1.., allow_negative_numbers = true)]
    words: Vec<String>,
    /// Ask both servers how they have the row now, and OLD's ledger
    #[arg(long)]
    now: bool,
    /// Only in these databases, with commas between
    #[arg(long, value_name = "DB", value_delimiter = ',')]
    database: Vec<String>,
    /// Show columns that are alike too
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    pub(super) options: AboutRun,
}

/// Explains a word, or a row.
pub(super) async fn run(call: &Call, arguments: &Arguments) -> Result<Exit> {
    let together = arguments.words.join(" ");
    let is_row = arguments.words.len() > 1 && !word::is_named(&together);
    if is_row {
        return row::run(call, arguments).await;
    }
    if arguments.now || arguments.all || !arguments.database.is_empty() {
        return Err(Error::new(ErrorKind::Usage, "say what a word means")
            .because("--now, --all and --database are about a row, and one argument is a word")
            .next("for a row, name its table and its key: `failback explain public.users 42 --now`"));
    }
    word::run(call, &together)
}
