//! What a command line adds to the decisions beside what it says of classes: rules, and rows that are picked.

use clap::Args;

use super::ruling::read_resolution;
use super::settings::Settings;
use super::{Call, amount, conditions, run, show};
use crate::engine::{Filter, Met, Review, Tally, Window};
use crate::error::{Error, ErrorKind, Result};
use crate::policy::{
    Addition, Choice, Choices, Decisions, PickedRow, Resolution, RowPick, RuleWords, SelectorWords, Setting, append_rows,
    append_rule, read_key,
};
use crate::staging::{DiffIndex, Manifest, layout};
use crate::store::Store;

/// So many rows are named as examples.
const EXAMPLES: u64 = 5;

/// What is added, and where.
pub(super) struct Added {
    /// The text of the decisions with it.
    pub(super) text: String,
    /// The section, with its brackets.
    pub(super) section: &'static str,
    /// What was added, for people.
    pub(super) said: Vec<String>,
    /// As [`said`](Self::said), without a row's key: journals hold no values.
    pub(super) journal: Vec<String>,
    /// Some of the rows that are meant.
    pub(super) examples: Vec<String>,
    /// The text of the list of picks, where it changes.
    pub(super) picks: Option<String>,
}

/// Which rows are meant beside what is said of classes.
#[derive(Args)]
#[command(next_help_heading = "Rules and rows")]
pub(super) struct Meant {
    /// Decide for the row with this key, as id=42; with commas between the columns of a longer one
    #[arg(long, value_name = "KEY", requires = "table")]
    #[arg(conflicts_with_all = ["rests_on", "changed", "when", "name", "expect", "evidence"])]
    row: Vec<String>,
    /// Decide for rows whose class rests on this evidence, with commas between
    #[arg(long, value_name = "EVIDENCE", value_delimiter = ',', conflicts_with = "evidence")]
    rests_on: Vec<String>,
    /// Decide for rows that differ in one of these columns, with commas between and * for any text
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',', conflicts_with = "evidence")]
    changed: Vec<String>,
    /// Decide for rows that meet this condition, in OLD's own SQL over old.*, new.* and base.*; OLD's server is asked
    #[arg(long = "where", value_name = "SQL", conflicts_with = "evidence")]
    when: Option<String>,
    /// Give a column OLD's value, NEW's, or that of the cutover, as status=old, or OLD's number and the difference that NEW
    /// made, as total=delta; all others are as the resolution says
    #[arg(long, value_name = "COLUMN=SIDE", requires = "table", conflicts_with = "evidence")]
    column: Vec<String>,
    /// Give a column what OLD reads in a text, written as PostgreSQL prints it, as status=paid
    #[arg(long, value_name = "COLUMN=TEXT", requires = "table", conflicts_with = "evidence")]
    set: Vec<String>,
    /// Give a column NULL
    #[arg(long, value_name = "COLUMN", requires = "table", conflicts_with = "evidence")]
    set_null: Vec<String>,
    /// Give a column what OLD's server says of an expression over old.*, new.* and base.*, as total=old.total+new.tip
    #[arg(long, value_name = "COLUMN=SQL", requires = "table", conflicts_with = "evidence")]
    compute: Vec<String>,
    /// Call the rule so
    #[arg(long, value_name = "TEXT", conflicts_with = "evidence")]
    name: Option<String>,
    /// Write down how many rows the rule means: a plan stops where they are not as many any more
    #[arg(long, conflicts_with = "evidence")]
    expect: bool,
}

impl Meant {
    /// What single columns get.
    fn choices(&self) -> Result<Choices> {
        let mut choices = Choices::default();
        let mut choose = |column: &str, choice| {
            if choices.0.contains_key(column) {
                return Err(usage(format!("`{column}` gets a value twice")));
            }
            choices.choose(column, choice);
            Ok(())
        };
        for said in &self.column {
            let (column, word) = parted(said, "write COLUMN=old, new, base or delta")?;
            choose(column, Choice::named(word).map_err(usage)?)?;
        }
        for said in &self.set {
            let (column, text) = parted(said, "write COLUMN=TEXT; NULL is written with --set-null COLUMN")?;
            choose(column, Choice::Text(text.to_owned()))?;
        }
        for said in &self.compute {
            let (column, sql) = parted(said, "write COLUMN=SQL")?;
            choose(column, Choice::Sql(sql.to_owned()))?;
        }
        self.set_null.iter().try_for_each(|column| choose(column, Choice::Null))?;
        Ok(choices)
    }

    /// The evidence that is asked for.
    pub(super) fn rests_on(&self) -> &[String] {
        &self.rests_on
    }

    /// The columns that are asked for.
    pub(super) fn changed(&self) -> &[String] {
        &self.changed
    }
}

/// What is said of rows: of which table, and what is to be done.
pub(super) struct Asked<'a> {
    pub(super) meant: &'a Meant,
    pub(super) table: Option<&'a String>,
    pub(super) database: Option<&'a String>,
    pub(super) settings: &'a [String],
}

impl Asked<'_> {
    /// Whether rows are meant by more than their class and a table's whole name.
    pub(super) fn adds(&self) -> bool {
        let Meant { row, rests_on, changed, when, column, set, set_null, compute, name, expect } = self.meant;
        let is_glob = self.table.is_some_and(|table| table.contains('*'));
        is_glob
            || *expect
            || name.is_some()
            || when.is_some()
            || [row, rests_on, changed, column, set, set_null, compute].iter().any(|list| !list.is_empty())
    }

    /// Adds what is asked for: one rule for each resolution, or the rows that are picked.
    pub(super) async fn add(
        &self,
        (call, settings): (&Call, &Settings),
        store: &dyn Store,
        text: &str,
        sign: &dyn Fn(Resolution) -> Addition,
    ) -> Result<Added> {
        if self.settings.is_empty() {
            return Err(
                usage("what is to be done with the rows is not said").next("write CLASS=RESOLUTION, as in conflict=keep_old")
            );
        }
        let choices = self.meant.choices()?;
        let sign = |resolution: Resolution| Addition { choices: choices.clone(), ..sign(resolution) };
        if self.meant.row.is_empty() {
            rules(self, (call, settings), store, text, &sign).await
        } else {
            rows(self, store, text, &sign)
        }
    }
}

async fn rules(
    arguments: &Asked<'_>,
    (call, settings): (&Call, &Settings),
    store: &dyn Store,
    text: &str,
    sign: &dyn Fn(Resolution) -> Addition,
) -> Result<Added> {
    let mut asked: Vec<(Resolution, Vec<Setting>)> = Vec::new();
    for said in arguments.settings {
        let (setting, resolution) = read_resolution(said)?;
        setting.check(resolution).map_err(usage)?;
        match asked.iter_mut().find(|(known, _)| *known == resolution) {
            Some((_, classes)) => classes.push(setting),
            None => asked.push((resolution, vec![setting])),
        }
    }
    let (mask, _) = run::mask(settings, store)?;
    let review = Review::open(store, &mask)?;
    let (mut text, mut said, mut examples) = (text.to_owned(), Vec::new(), Vec::new());
    for (resolution, classes) in asked {
        let words = RuleWords {
            name: arguments.meant.name.clone(),
            means: SelectorWords {
                databases: arguments.database.into_iter().cloned().collect(),
                tables: arguments.table.into_iter().cloned().collect(),
                classes: classes.iter().map(|class| class.word().to_owned()).collect(),
                evidence: arguments.meant.rests_on.clone(),
                changed: arguments.meant.changed.clone(),
            },
            when: arguments.meant.when.clone(),
            expect: None,
        };
        let filter = Filter { selector: words.means.read().map_err(usage)?, ..Filter::default() };
        let window = Window { offset: 0, limit: Some(EXAMPLES) };
        let means = if words.when.is_some() {
            let with = append_rule(&text, &words, &sign(resolution))?;
            meant_by_last(call, settings, store, &Decisions::parse(&with, layout::DECISIONS)?).await?
        } else {
            review.rows(&filter, window, &mut |row| {
                examples.push(show::title(&row));
                Ok(())
            })?
        };
        let choices = sign(resolution).choices;
        let words = RuleWords { expect: arguments.meant.expect.then_some(means), ..words };
        text = append_rule(&text, &words, &sign(resolution))?;
        let did = if choices.is_empty() { resolution.to_string() } else { format!("{resolution}, {choices}") };
        said.push(format!("{} {did}: means {}", words.means.classes.join(","), amount::rows(means)));
    }
    Ok(Added { text, section: "[[rule]]", journal: said.clone(), said, examples, picks: None })
}

/// How many rows the last rule means, as OLD's server says.
async fn meant_by_last(call: &Call, settings: &Settings, store: &dyn Store, decisions: &Decisions) -> Result<u64> {
    let met = conditions::asked(call, settings, &[decisions]).await?;
    let (manifest, index) = (Manifest::read(store)?, DiffIndex::read(store)?);
    Ok(Tally::of(store, (&manifest, &index), decisions, &met)?.rules.last().map_or(0, |rule| rule.means))
}

fn rows(arguments: &Asked<'_>, store: &dyn Store, text: &str, sign: &dyn Fn(Resolution) -> Addition) -> Result<Added> {
    let [word] = arguments.settings else {
        return Err(usage("rows are picked for one resolution").next("write it alone, as in --row id=42 keep_old"));
    };
    let resolution: Resolution = word.parse()?;
    let table = arguments.table.cloned().ok_or_else(|| usage("of which table is the row?").next("give --table"))?;
    let picked = |key: &String| -> Result<(PickedRow, Addition)> {
        Ok(((arguments.database.cloned(), table.clone(), read_key(key).map_err(no_key)?), sign(resolution)))
    };
    let picked = arguments.meant.row.iter().map(picked).collect::<Result<Vec<_>>>()?;
    let added = add_rows(store, text, &picked)?;
    Ok(Added { journal: vec![format!("{} of {table} {resolution}", amount::rows(picked.len() as u64))], ..added })
}

/// Adds picks of rows, each of which has to be one that differs.
pub(super) fn add_rows(store: &dyn Store, text: &str, picked: &[(PickedRow, Addition)]) -> Result<Added> {
    let last = |text: &str| -> Result<Vec<RowPick>> {
        let mut picks = Decisions::parse(text, layout::DECISIONS)?.picks().to_vec();
        Ok(picks.split_off(picks.len() - picked.len()))
    };
    let (manifest, index) = (Manifest::read(store)?, DiffIndex::read(store)?);
    let added = Decisions::of_picks(last(&append_rows(text, picked)?)?);
    let found = Tally::of(store, (&manifest, &index), &added, &Met::default())?;
    for (pick, rows) in added.picks().iter().zip(&found.picks) {
        one_row(pick, *rows)?;
    }
    let of_now = picked.iter().zip(found.fingerprints);
    let picked: Vec<_> =
        of_now.map(|((row, said), fingerprint)| (row.clone(), Addition { fingerprint, ..said.clone() })).collect();
    let text = append_rows(text, &picked)?;
    let said = last(&text)?.iter().map(|pick| format!("{} {}", pick.title(), pick.said())).collect();
    Ok(Added { text, section: "[[row]]", said, journal: Vec::new(), examples: Vec::new(), picks: None })
}

/// Expects that a pick means one row.
pub(super) fn one_row(pick: &RowPick, rows: u64) -> Result<()> {
    match rows {
        0 => Err(usage(format!("no row that differs is {}", pick.title())).next("`failback show` names rows by their keys")),
        1 => Ok(()),
        _ => Err(usage(format!("{rows} rows that differ are {}, each in a database of its own", pick.title()))
            .next("pick one with --database")),
    }
}

fn parted<'s>(said: &'s str, next: &'static str) -> Result<(&'s str, &'s str)> {
    said.split_once('=').ok_or_else(|| usage(format!("`{said}` has no `=`")).next(next))
}

fn no_key(cause: String) -> Error {
    usage(cause).next("write COLUMN=VALUE for each column of the key, with commas between")
}

fn usage(cause: impl Into<String>) -> Error {
    Error::new(ErrorKind::Usage, "read the decision").because(cause.into())
}
