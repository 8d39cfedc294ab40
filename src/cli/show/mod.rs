//! `failback show`.

mod block;
mod csv;
mod json;
mod script;
mod tables;
mod value;
mod view;

use clap::Args;

use super::options::{Form, Given as _, OfRun};
use super::settings::Settings;
use super::{Call, Exit, run};
use crate::engine::{Filter, Review, Window};
use crate::error::{Error, ErrorKind, Result};
use crate::policy::{SelectorWords, read_value};

pub(super) use block::{block, headings, history, title};
pub(super) use json::value as row_value;

use self::block::Blocks;
use self::csv::Csv;
use self::json::Json;
use self::script::Script;
pub(super) use self::value::shown;
use self::view::View;

/// So many rows are shown unless more are asked for.
const LIMIT: u64 = 20;

/// Show the rows that differ, as OLD and NEW have them, and as the plan would leave them
///
/// Without a table: how many rows of each table differ, by class, and no value. With one, as schema.name, as name or with * for
/// any text: its rows, one column a line, those that differ unless --all is given. With a key, the row that has it. Values are
/// printed as the server prints them, with time zone UTC; those of columns that failback.toml masks are not. Reads the run's
/// files and nothing else: no server is asked, and nothing is written.
#[derive(Args)]
#[expect(clippy::struct_excessive_bools, reason = "options of a command line, each asked for on its own")]
#[command(after_help = "\
Examples:
  failback show
  failback show public.users 42
  failback show public.wallets --class conflict --held
  failback show '*' --changed status --evidence column,two_way --limit 100
  failback show public.users --csv --limit all > users.csv
  failback show public.users 42 --sql")]
pub(super) struct Arguments {
    /// The table whose rows are shown
    #[arg(value_name = "TABLE")]
    table: Option<String>,
    /// The key of one row: a value for each of the key's columns
    #[arg(value_name = "KEY", allow_negative_numbers = true)]
    key: Vec<String>,
    /// Only in these databases, with commas between
    #[arg(long, value_name = "DB", value_delimiter = ',')]
    database: Vec<String>,
    /// Only rows of these classes, with commas between; conflict and ambiguous stand for several
    #[arg(long, value_name = "CLASSES", value_delimiter = ',')]
    class: Vec<String>,
    /// Only rows whose class rests on this evidence, with commas between
    #[arg(long, value_name = "EVIDENCE", value_delimiter = ',')]
    evidence: Vec<String>,
    /// Only rows that differ in one of these columns, with commas between and * for any text
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    changed: Vec<String>,
    /// Only rows that the plan holds
    #[arg(long)]
    held: bool,
    /// So many rows at most, or `all`
    #[arg(long, value_name = "N", default_value_t = LIMIT.to_string())]
    limit: String,
    /// Pass over so many rows first
    #[arg(long, value_name = "N", default_value_t = 0)]
    offset: u64,
    /// Show columns that are alike too
    #[arg(long)]
    all: bool,
    /// Show long values whole
    #[arg(long)]
    full: bool,
    /// Print CSV: one line for each value
    #[arg(long, conflicts_with_all = ["sql", "json"])]
    csv: bool,
    /// Print the statements that a merge would run for the rows
    #[arg(long, conflicts_with = "json")]
    sql: bool,
    #[command(flatten)]
    pub(super) options: OfRun,
}

/// Shows the rows of a run's diff.
pub(super) fn run(call: &Call, arguments: &Arguments) -> Result<Exit> {
    let settings = Settings::read(call, &arguments.options, None)?;
    let store = run::open(&settings)?;
    let (mask, notes) = run::mask(&settings, &store)?;
    let review = Review::open(&store, &mask)?;
    for note in notes.iter().chain(review.notes()) {
        call.printer.note(note);
    }
    let filter = filter(&review, arguments)?;
    let Some(table) = &arguments.table else {
        if arguments.csv || arguments.sql {
            return Err(usage("rows are printed of tables that are named").next("name a table, or '*' for all"));
        }
        tables::show(call, &settings, &review, &filter)?;
        return Ok(Exit::Done);
    };
    let window = Window { offset: arguments.offset, limit: limit(&arguments.limit)? };
    let review = if arguments.sql { review.with_statements()? } else { review };
    let mut view: Box<dyn View> = if arguments.sql {
        Box::new(Script::begin()?)
    } else if arguments.csv {
        Box::new(Csv::begin(call, review.is_planned(), arguments.all)?)
    } else if arguments.options.given().output.form != Form::Page {
        Box::new(Json::of(call, &review, window, arguments.all))
    } else {
        Box::new(Blocks::begin(call, arguments.all, arguments.full, window))
    };
    let found = review.rows(&filter, window, &mut |row| view.row(&row))?;
    if found == 0 && !filter.key.is_empty() {
        let error = Error::new(ErrorKind::Usage, "find the row to show")
            .at(table)
            .because("no row that differs has this key")
            .next("the row may be the same on both sides, or not have been staged");
        return Err(named_values(&filter.key).into_iter().fold(error, Error::next));
    }
    view.end(found)?;
    if arguments.csv || arguments.sql {
        tell_rest(call, window, found);
    }
    Ok(Exit::Done)
}

/// Says how a key is given, where the texts of one look as if they named its columns.
pub(in crate::cli) fn named_values(key: &[String]) -> Option<String> {
    let named = key.iter().find(|text| text.split_once('=').is_some_and(|(name, _)| !name.is_empty()))?;
    Some(format!("a key is given by its columns' values alone, in their order; `{named}` is taken for a value"))
}

/// Says on stderr what a form that is for programs does not say itself.
fn tell_rest(call: &Call, window: Window, found: u64) {
    if let Some(rest) = block::rest(window, found) {
        call.printer.note(&rest);
    }
}

fn filter(review: &Review<'_>, arguments: &Arguments) -> Result<Filter> {
    let table = arguments.table.as_deref().map(|name| review.find(name)).transpose()?;
    let words = SelectorWords {
        databases: arguments.database.clone(),
        tables: table.into_iter().collect(),
        classes: arguments.class.clone(),
        evidence: arguments.evidence.clone(),
        changed: arguments.changed.clone(),
    };
    let key = arguments.key.iter().map(|text| read_value(text).map_err(usage)).collect::<Result<_>>()?;
    Ok(Filter { selector: words.read().map_err(usage)?, held: arguments.held, key })
}

fn limit(text: &str) -> Result<Option<u64>> {
    if text == "all" {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| usage(format!("`{text}` is no number of rows")).next("give --limit a number, or `all`"))
}

fn usage(cause: impl Into<String>) -> Error {
    Error::new(ErrorKind::Usage, "choose what to show").because(cause.into())
}
