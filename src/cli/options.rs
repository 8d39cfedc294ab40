//! The options that verbs share.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{ArgAction, Args, ValueEnum};

/// The options of every verb.
#[derive(Args, Clone)]
#[expect(clippy::doc_markdown, reason = "this is the help on a terminal, where backticks are noise")]
#[command(next_help_heading = "Common options")]
pub(super) struct Options {
    /// The OLD server: a URL or libpq keywords [else OLD_PGHOST, OLD_PGPASSWORD …, else failback.toml]
    #[arg(long, value_name = "URL")]
    pub(super) old: Option<String>,
    /// The NEW server, whose rows are only ever read [else NEW_PGHOST, NEW_PGPASSWORD …, else failback.toml]
    #[arg(long, value_name = "URL")]
    pub(super) new: Option<String>,
    /// Configuration file [default: ./failback.toml, if it exists]
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Environment of the configuration to lay over it
    #[arg(long, value_name = "NAME")]
    pub(super) env: Option<String>,
    /// The run's folder [default: the newest in .runs; export and recover make a new one]
    #[arg(long, value_name = "DIR")]
    pub(super) run: Option<PathBuf>,
    /// Connections to each server, at most [default: the number of processors, up to 4]
    #[arg(long, value_name = "N", value_parser = jobs)]
    pub(super) jobs: Option<NonZeroUsize>,
    #[command(flatten)]
    pub(super) output: Output,
}

fn jobs(text: &str) -> Result<NonZeroUsize, String> {
    text.parse().map_err(|_| "it must be a whole number from 1".to_owned())
}

/// Fewer columns than this leave no room for words.
pub(super) const LEAST_WIDTH: u16 = 20;

/// How a verb speaks.
#[derive(Args, Clone)]
#[command(next_help_heading = "Common options")]
pub(super) struct Output {
    /// Print one JSON document on stdout
    #[arg(long)]
    pub(super) json: bool,
    /// Report progress as lines instead of a bar
    #[arg(long)]
    pub(super) plain: bool,
    /// Break lines at so many columns [default: the terminal's; none where there is no terminal]
    #[arg(long, value_name = "COLUMNS", value_parser = clap::value_parser!(u16).range(i64::from(LEAST_WIDTH)..))]
    pub(super) width: Option<u16>,
    /// When to use colour
    #[arg(long, value_enum, default_value_t = Colour::Auto, value_name = "WHEN")]
    pub(super) color: Colour,
    /// Say what is done on stderr, and with -vv each statement; never a value or a password
    #[arg(short, long, action = ArgAction::Count)]
    pub(super) verbose: u8,
    /// Add the same to a file, which is made if there is none; -vv adds each statement
    #[arg(long, value_name = "FILE")]
    pub(super) log_file: Option<PathBuf>,
    /// Say nothing on stderr but errors
    #[arg(short, long, conflicts_with = "verbose")]
    pub(super) quiet: bool,
}

/// What an export takes in. Later steps take the run as it was exported, so that half of it cannot be merged by mistake.
#[derive(Args, Clone)]
#[command(next_help_heading = "What to look at")]
pub(super) struct Scope {
    /// Databases, with commas between [default: all that both servers have]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(super) databases: Vec<String>,
    /// Tables as schema.name with `*` for any text, with commas between or repeated [default: all]
    #[arg(long, value_name = "GLOB", value_delimiter = ',')]
    pub(super) tables: Vec<String>,
    /// When writes moved from OLD to NEW, as 2026-11-22T10:00:00+02:00 [else `cutover` in failback.toml]
    #[arg(long, value_name = "RFC3339")]
    pub(super) cutover: Option<String>,
    /// Go by a mark that was made before the cutover: the file that `failback mark` wrote
    #[arg(long, value_name = "FILE")]
    pub(super) mark: Option<PathBuf>,
    /// A third server that shows OLD as it was at the cutover, as after a point-in-time restore [else `[base]`]
    #[arg(long, value_name = "URL")]
    pub(super) base: Option<String>,
    /// Go by a baseline, and its mark, that were made before the cutover: the folder that `failback arm` made
    #[arg(long, value_name = "DIR", conflicts_with = "base")]
    pub(super) baseline: Option<PathBuf>,
    /// Without a mark: OLD's first transaction that may not have been over at the cutover, as 741 or 0:741
    #[arg(long, value_name = "ID", conflicts_with = "mark")]
    pub(super) old_xid: Option<String>,
    /// The same of NEW's. One that is too high takes changes for none: see docs/mark.md
    #[arg(long, value_name = "ID", conflicts_with = "mark")]
    pub(super) new_xid: Option<String>,
    /// Where nothing says which transactions were over at the cutover: estimate it from rows with time columns, which are read
    /// once, and hold rows whose stamps disagree
    #[arg(long, conflicts_with = "mark")]
    pub(super) estimate: bool,
}

/// How a writing verb is confirmed and carried out.
#[derive(Args, Clone)]
#[command(next_help_heading = "Writing to OLD")]
pub(super) struct Writing {
    /// Confirm by name: OLD's host:port, or the database's name if the run has only one
    #[arg(long, value_name = "NAME")]
    pub(super) confirm: Option<String>,
    /// Let OLD's triggers fire
    #[arg(long)]
    pub(super) fire_triggers: bool,
}

/// When to use colour: on a terminal unless `NO_COLOR` is set, or always, or never.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Colour {
    Auto,
    Always,
    Never,
}
