//! The options that verbs share: each stands once, and a verb takes the group that has those which it uses.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{ArgAction, Args, ValueEnum};

/// What a verb was given of the options that verbs share; what it does not take is not given.
#[derive(Clone, Debug, Default)]
pub(super) struct Options {
    /// How OLD is reached.
    pub(super) old: Option<String>,
    /// How NEW is reached.
    pub(super) new: Option<String>,
    /// The configuration's file.
    pub(super) config: Option<PathBuf>,
    /// The environment that is laid over it.
    pub(super) env: Option<String>,
    /// The run's folder.
    pub(super) run: Option<PathBuf>,
    /// Connections to a server, at most.
    pub(super) jobs: Option<NonZeroUsize>,
    /// How the verb speaks.
    pub(super) output: Output,
}

/// For whom results are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Form {
    /// For people.
    #[default]
    Page,
    /// For programs: one JSON document.
    Document,
    /// For programs: an event a line, while it happens.
    Lines,
}

/// How a verb speaks.
#[derive(Clone, Debug, Default)]
pub(super) struct Output {
    /// For whom results are printed.
    pub(super) form: Form,
    /// Report progress as lines.
    pub(super) plain: bool,
    /// Break lines at so many columns.
    pub(super) width: Option<u16>,
    /// When to use colour.
    pub(super) color: Colour,
    /// How much of what is done is said on stderr.
    pub(super) verbose: u8,
    /// The file that has the same.
    pub(super) log_file: Option<PathBuf>,
    /// Say nothing but errors.
    pub(super) quiet: bool,
}

/// A group of options, as it was given.
pub(super) trait Given {
    /// Returns what was given of all options that verbs share.
    fn given(&self) -> Options;
}

/// An option, or some that belong together.
trait Part {
    /// Adds what was given of it.
    fn add(&self, options: &mut Options);
}

/// Makes groups of parts.
macro_rules! groups {
    ($($(#[$about:meta])* $group:ident { $($part:ident: $of:ident),+ })+) => {$(
        $(#[$about])*
        #[derive(Args, Clone)]
        pub(super) struct $group {
            $(#[command(flatten)] $part: $of,)+
        }

        impl Given for $group {
            fn given(&self) -> Options {
                let mut options = Options::default();
                $(self.$part.add(&mut options);)+
                options
            }
        }
    )+};
}

groups! {
    /// For what only prints.
    Speaking { voice: Voice }
    /// For what answers, and asks neither a server nor the configuration.
    Answering { document: Document, voice: Voice }
    /// For what goes by the configuration alone.
    Configured { configuration: Configuration, document: Document, voice: Voice }
    /// For what looks at a run on a terminal's screen.
    OnScreen { configuration: Configuration, run: Run, voice: Voice }
    /// For what reads or writes a run's files, and asks no server.
    OfRun { configuration: Configuration, run: Run, document: Document, voice: Voice }
    /// For what works on a run with OLD, over one connection.
    WithOld { old: Old, configuration: Configuration, run: Run, document: Document, progress: Progress, voice: Voice }
    /// For what works on a run with OLD, over several connections.
    WithOldAtOnce {
        old: Old, configuration: Configuration, run: Run, jobs: Jobs, document: Document, progress: Progress, voice: Voice
    }
    /// For what asks OLD alone, over one connection, and keeps no run.
    WithOldAlone { old: Old, configuration: Configuration, document: Document, voice: Voice }
    /// For what works on OLD alone, over several connections, and keeps no run.
    AtOld { old: Old, configuration: Configuration, jobs: Jobs, document: Document, voice: Voice }
    /// For what looks at a run, and at its servers.
    AboutRun { old: Old, new: New, configuration: Configuration, run: Run, document: Document, voice: Voice }
    /// For what asks NEW alone.
    WithNew { new: New, configuration: Configuration, document: Document, voice: Voice }
    /// For what asks both servers, and keeps no run.
    WithBoth { old: Old, new: New, configuration: Configuration, document: Document, voice: Voice }
    /// For what tells a rollback as it goes on.
    Following { configuration: Configuration, document: Lines, voice: Voice }
    /// For what carries out steps of a rollback.
    Carrying { old: Old, new: New, configuration: Configuration, document: Lines, progress: Progress, voice: Voice }
    /// For what reads rows of both servers, and keeps no run.
    ReadingBoth { old: Old, new: New, configuration: Configuration, document: Document, progress: Progress, voice: Voice }
    /// For what makes a run.
    MakingRun {
        old: Old, new: New, configuration: Configuration, run: FreshRun, jobs: Jobs, document: Document, progress: Progress,
        voice: Voice
    }
}

/// The OLD server.
#[derive(Args, Clone)]
#[expect(clippy::doc_markdown, reason = "this is the help on a terminal, where backticks are noise")]
#[command(next_help_heading = "Common options")]
struct Old {
    /// The OLD server: a URL or libpq keywords [else OLD_PGHOST, OLD_PGPASSWORD …, else failback.toml]
    #[arg(long, value_name = "URL")]
    old: Option<String>,
}

impl Part for Old {
    fn add(&self, options: &mut Options) {
        options.old.clone_from(&self.old);
    }
}

/// The NEW server.
#[derive(Args, Clone)]
#[expect(clippy::doc_markdown, reason = "this is the help on a terminal, where backticks are noise")]
#[command(next_help_heading = "Common options")]
struct New {
    /// The NEW server, whose rows are only ever read [else NEW_PGHOST, NEW_PGPASSWORD …, else failback.toml]
    #[arg(long, value_name = "URL")]
    new: Option<String>,
}

impl Part for New {
    fn add(&self, options: &mut Options) {
        options.new.clone_from(&self.new);
    }
}

/// The configuration.
#[derive(Args, Clone)]
#[command(next_help_heading = "Common options")]
struct Configuration {
    /// Configuration file [default: ./failback.toml, if it exists]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Environment of the configuration to lay over it
    #[arg(long, value_name = "NAME")]
    env: Option<String>,
}

impl Part for Configuration {
    fn add(&self, options: &mut Options) {
        options.config.clone_from(&self.config);
        options.env.clone_from(&self.env);
    }
}

/// A run that there is.
#[derive(Args, Clone)]
#[command(next_help_heading = "Common options")]
struct Run {
    /// The run's folder [default: the newest in .runs]
    #[arg(long, value_name = "DIR")]
    run: Option<PathBuf>,
}

impl Part for Run {
    fn add(&self, options: &mut Options) {
        options.run.clone_from(&self.run);
    }
}

/// A run that is to be made.
#[derive(Args, Clone)]
#[command(next_help_heading = "Common options")]
struct FreshRun {
    /// The folder to make the run in [default: one in .runs, by the run's id]
    #[arg(long, value_name = "DIR")]
    run: Option<PathBuf>,
}

impl Part for FreshRun {
    fn add(&self, options: &mut Options) {
        options.run.clone_from(&self.run);
    }
}

/// How much is done at once.
#[derive(Args, Clone)]
#[command(next_help_heading = "Common options")]
struct Jobs {
    /// Connections to a server, at most [default: the number of processors, up to 4]
    #[arg(long, value_name = "N", value_parser = jobs)]
    jobs: Option<NonZeroUsize>,
}

impl Part for Jobs {
    fn add(&self, options: &mut Options) {
        options.jobs = self.jobs;
    }
}

fn jobs(text: &str) -> Result<NonZeroUsize, String> {
    text.parse().map_err(|_| "it must be a whole number from 1".to_owned())
}

/// What is printed for programs.
#[derive(Args, Clone)]
#[command(next_help_heading = "Common options")]
struct Document {
    /// Print one JSON document on stdout
    #[arg(long)]
    json: bool,
}

impl Part for Document {
    fn add(&self, options: &mut Options) {
        options.output.form = if self.json { Form::Document } else { Form::Page };
    }
}

/// What is printed for programs while it happens.
#[derive(Args, Clone)]
#[command(next_help_heading = "Common options")]
struct Lines {
    /// Print JSON lines on stdout, one an event; the last is the summary, or an error
    #[arg(long)]
    json: bool,
}

impl Part for Lines {
    fn add(&self, options: &mut Options) {
        options.output.form = if self.json { Form::Lines } else { Form::Page };
    }
}

/// How it is said how far a verb has come.
#[derive(Args, Clone)]
#[command(next_help_heading = "Common options")]
struct Progress {
    /// Report progress as lines instead of a bar
    #[arg(long)]
    plain: bool,
}

impl Part for Progress {
    fn add(&self, options: &mut Options) {
        options.output.plain = self.plain;
    }
}

/// Fewer columns than this leave no room for words.
pub(super) const LEAST_WIDTH: u16 = 20;

/// How every verb speaks.
#[derive(Args, Clone)]
#[command(next_help_heading = "Common options")]
struct Voice {
    /// Break lines at so many columns [default: the terminal's; none where there is no terminal]
    #[arg(long, value_name = "COLUMNS", value_parser = clap::value_parser!(u16).range(i64::from(LEAST_WIDTH)..))]
    width: Option<u16>,
    /// When to use colour
    #[arg(long, value_enum, default_value_t = Colour::Auto, value_name = "WHEN")]
    color: Colour,
    /// Say what is done on stderr, and with -vv each statement; never a value or a password
    #[arg(short, long, action = ArgAction::Count)]
    verbose: u8,
    /// Add the same to a file, which is made if there is none; -vv adds each statement
    #[arg(long, value_name = "FILE")]
    log_file: Option<PathBuf>,
    /// Say nothing on stderr but errors
    #[arg(short, long, conflicts_with = "verbose")]
    quiet: bool,
}

impl Part for Voice {
    fn add(&self, options: &mut Options) {
        let Self { width, color, verbose, log_file, quiet } = self.clone();
        options.output = Output { width, color, verbose, log_file, quiet, ..options.output.clone() };
    }
}

/// Databases and tables to look at.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "What to look at")]
pub(super) struct Places {
    /// Databases, with commas between [default: all that both servers have]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(super) databases: Vec<String>,
    /// Tables as schema.name with `*` for any text, with commas between or repeated [default: all]
    #[arg(long, value_name = "GLOB", value_delimiter = ',')]
    pub(super) tables: Vec<String>,
}

/// What an export takes in. Later steps take the run as it was exported, so that half of it cannot be merged by mistake.
#[derive(Args, Clone)]
#[command(next_help_heading = "What to look at")]
pub(super) struct Scope {
    #[command(flatten)]
    pub(super) places: Places,
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Colour {
    #[default]
    Auto,
    Always,
    Never,
}
