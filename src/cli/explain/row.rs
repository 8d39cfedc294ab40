//! Everything that is known of one row, for people and for programs.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::Arguments;
use crate::cli::page::Page;
use crate::cli::paint::tame;
use crate::cli::settings::Settings;
use crate::cli::show::{block, named_values, row_value, shown};
use crate::cli::table::Table;
use crate::cli::{Call, Exit, amount, run};
use crate::engine::{
    self, Became, DecidedBy, ExplainOptions, ExplainedRow, Explanation, NowOf, NowState, Review, RowNow, UnknownRow,
};
use crate::error::{Error, ErrorKind, Result};
use crate::name::Side;
use crate::policy::{Origin, read_value};
use crate::report::sentence;
use crate::schema::Covered;

/// Gathers what is known of a row, and prints it.
pub(super) async fn run(call: &Call, arguments: &Arguments) -> Result<Exit> {
    let settings = Settings::read(call, &arguments.options, None)?;
    let store = run::open(&settings)?;
    let (mask, notes) = run::mask(&settings, &store)?;
    let needed = if arguments.now { &Side::BOTH[..] } else { &[] };
    let context = settings.context(call, store.clone(), needed)?;
    let review = Review::open(&store, &mask)?;
    for note in notes.iter().chain(review.notes()) {
        call.printer.note(note);
    }
    let usage = |cause| Error::new(ErrorKind::Usage, "read the row's key").because(cause);
    let key = arguments.words.iter().skip(1).map(|text| read_value(text).map_err(usage)).collect::<Result<_>>()?;
    let table = arguments.words.first().cloned().unwrap_or_default();
    let options = ExplainOptions { databases: arguments.database.clone(), table, key, now: arguments.now };
    let explanation = engine::explain(&context, &review, &options).await?;
    let mut page = call.printer.page();
    for row in &explanation.rows {
        explained(&mut page, call.printer.width(), row, arguments.all);
    }
    for unknown in &explanation.unknown {
        told_unknown(&mut page, &explanation, unknown);
    }
    if let Some(hint) = named_values(&options.key).filter(|_| explanation.rows.is_empty()) {
        page.line("");
        page.line(tame(&hint));
    }
    if !arguments.now {
        page.line("");
        page.line("OLD's ledger and both servers: not asked (--now asks them)");
    }
    call.printer.result(&document(&explanation, review.notes(), arguments.all)?, &page)?;
    Ok(Exit::Done)
}

/// The same for programs: rows as `failback show --json` has them.
fn document(explanation: &Explanation, notes: &[String], all: bool) -> Result<Value> {
    let failed = |error| Error::new(ErrorKind::Storage, "write the result to stdout").because(error);
    let mut value = serde_json::to_value(explanation).map_err(failed)?;
    value["known"] = json!(!explanation.rows.is_empty());
    value["notes"] = json!(notes);
    for (at, row) in explanation.rows.iter().enumerate() {
        value["rows"][at]["row"] = row_value(&row.row, all)?;
    }
    Ok(value)
}

fn explained(page: &mut Page, width: Option<usize>, row: &ExplainedRow, all: bool) {
    block(page, width, &row.row, all, false);
    let mut said = vec![("class", class(row)), ("found by", found_by(row))];
    if let Some(decision) = &row.decision {
        said.push(("decided", decided(decision)));
    }
    said.push(("became", became(row)));
    if let Some(ledger) = &row.ledger {
        let by = ledger.merged_in.map_or_else(String::new, |xid| format!("; the merge was transaction {xid}"));
        said.push(("OLD's ledger", format!("{} at {}{by}", ledger.action, ledger.recorded_at)));
    } else if let Some(why) = &row.ledger_not_asked {
        said.push(("OLD's ledger", format!("could not be asked: {why}")));
    } else if row.now.is_some() {
        said.push(("OLD's ledger", "has nothing of this plan".to_owned()));
    }
    let verified = row.verified.as_ref();
    said.push((
        "verify",
        match verified {
            Some(verdict) => format!("{} (of the whole plan), {}", verdict.state, amount::moment(&verdict.at)),
            None => "did not look at the merge as it stands".to_owned(),
        },
    ));
    list(page, &said);
    page.list(
        "what the run's journal has of its merge:",
        row.journal.iter().map(|entry| format!("{}  {}", amount::moment(&entry.at), sentence(&entry.record))),
    );
    if let Some(now) = &row.now {
        told_now(page, now, Some(row));
    }
}

fn list(page: &mut Page, said: &[(&str, String)]) {
    let widest = said.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    page.line("");
    for (name, text) in said {
        page.hanging(&format!("  {name:widest$}  {}", tame(text)), widest + 4);
    }
}

/// What the class says, and what it rests on.
fn class(row: &ExplainedRow) -> String {
    let shown = &row.row;
    let base = match shown.base {
        "old" => "the row at the cutover was OLD's of now",
        "new" => "the row at the cutover was NEW's of now",
        "absent" => "there was no row at the cutover",
        "other" => "the row at the cutover was neither OLD's nor NEW's",
        _ => "what the row was at the cutover is not known",
    };
    let conflict = if row.conflict.is_some() { ", a conflict" } else { "" };
    format!("{}{conflict}; it rests on {}: {base}", shown.class, shown.rests_on)
}

fn found_by(row: &ExplainedRow) -> String {
    let found = &row.found_by;
    let mut said = format!("method {}", found.method);
    let sorts = [("inserts", &found.coverage.insert), ("updates", &found.coverage.update), ("deletes", &found.coverage.delete)];
    for (sort, covered) in sorts {
        match covered {
            Covered::Yes { .. } => {}
            Covered::Trusted { by } => said.extend(["; ", sort, " are trusted to be found: ", by]),
            Covered::No { why } => said.extend(["; ", sort, " are not found: ", why]),
        }
    }
    if let Some(horizon) = &found.horizon {
        for side in Side::BOTH {
            let (xid, source) = horizon.get(side);
            let _ = write!(said, "; {side}: transactions below {xid} were over at the cutover, by {}", source.phrase());
        }
    }
    said
}

fn decided(decision: &DecidedBy) -> String {
    let mut said = format!(
        "{}, by {}",
        decision.resolution,
        match decision.origin {
            Origin::Builtin => "nobody: it is what is done with its class by default",
            Origin::Default => "[defaults] of decisions.toml",
            Origin::Table => "the table's section of decisions.toml",
            Origin::DatabaseTable => "the section of decisions.toml for the table in this database",
            Origin::Rule | Origin::Row => "",
            Origin::Outdated => "nobody: it was picked when it was another row",
            Origin::NotEvaluated => "nobody yet: OLD was not asked what a rule's condition means of it",
        }
    );
    if let Some(line) = &decision.at_line {
        said = if said.ends_with("by ") { said + line } else { format!("{said} ({line})") };
    }
    for (word, text) in [(", said by ", &decision.by), (", at ", &decision.at), (": ", &decision.why)] {
        if let Some(text) = text {
            said.push_str(word);
            said.push_str(text);
        }
    }
    said
}

fn became(row: &ExplainedRow) -> String {
    let by = if row.ledger.is_some() { "OLD's ledger" } else { "the run's journal" };
    let what = match row.became {
        Became::NotPlanned => "there is no plan that says what is done with it".to_owned(),
        Became::NotMerged => "the plan writes it, and was not merged".to_owned(),
        Became::Applied => format!("the merge wrote it, by {by}, and stands"),
        Became::TakenBack => format!("the merge wrote it, and it was taken back, by {by}"),
        Became::Left => format!("the merge wrote it, and an undo left it, by {by}"),
        Became::KeptOld => "OLD's row stays".to_owned(),
        Became::Held => "it waits for a decision; nothing was written".to_owned(),
        Became::Skipped => "it was left aside on purpose; nothing was written".to_owned(),
        Became::NotKnown => {
            "the run's journal has its merge, of which OLD's ledger knows nothing: `failback status` says what that may \
                             mean"
                .to_owned()
        }
        Became::NotAsked => {
            "a part of the merge was taken back, or left by a live merge; only OLD's ledger knows which (--now asks it)"
                .to_owned()
        }
    };
    format!("{}: {what}", row.became)
}

fn told_now(page: &mut Page, now: &RowNow, row: Option<&ExplainedRow>) {
    page.heading("now:");
    for side in Side::BOTH {
        let said = now.sides.get(side);
        page.line(format!("  {side}: {}", tame(&side_now(said, side, row.is_some()))));
        for meaning in &said.means {
            page.line(format!("    {}", tame(meaning)));
        }
    }
    if let Some(verdict) = row.and_then(|row| verdict(row, now)) {
        page.line(format!("  as `verify` would say of this row: {verdict}"));
    }
    page.line(match now.alike {
        Some(true) if now.sides.old.present == Some(true) => "  NEW's row is as OLD's",
        Some(true) => "  neither server has the row",
        Some(false) => "  OLD and NEW have it otherwise:",
        None => "  whether both have it alike is not known",
    });
    if now.alike == Some(false) && !now.columns.is_empty() {
        let mut table = Table::new(&["column", "OLD now", "NEW now"]);
        for column in &now.columns {
            table.row([column.name.clone(), shown(&column.old, Some(0)), shown(&column.new, Some(0))]);
        }
        page.table(&table);
    }
}

fn side_now(said: &NowOf, side: Side, is_known: bool) -> String {
    if let Some(why) = &said.not_asked {
        return format!("could not be asked: {why}");
    }
    let there = if said.present == Some(true) { "has the row" } else { "has no such row" };
    let state = match said.state {
        _ if !is_known => "",
        Some(NowState::AsStaged) if side == Side::Old => ", as when it was compared",
        Some(NowState::AsStaged) => ", as when it was exported",
        Some(NowState::AsPlanned) => ", as the plan leaves it",
        Some(NowState::Otherwise) if said.by_merge == Some(true) => ", otherwise than in the run, and the merge wrote it last",
        Some(NowState::Otherwise) => ", otherwise than in the run: it was written since",
        None => "",
    };
    let place = said.place.as_ref().map_or_else(String::new, |place| format!(", at {place}"));
    let xmin = said.xmin.map_or_else(String::new, |xmin| format!(", xmin {xmin}"));
    format!("{there}{state}{place}{xmin}")
}

/// What `verify` would say of a row that a merge wrote.
fn verdict(row: &ExplainedRow, now: &RowNow) -> Option<&'static str> {
    if row.became != Became::Applied {
        return None;
    }
    let old = &now.sides.old;
    Some(match old.state? {
        NowState::AsPlanned => "as the plan promised",
        _ if old.present == Some(false) => "written since: it is gone, and the merge was committed with all its rows",
        NowState::AsStaged | NowState::Otherwise => match old.by_merge {
            Some(true) => "mismatched",
            Some(false) => "written since",
            None => "not as the plan promised; who wrote it is not known",
        },
    })
}

fn told_unknown(page: &mut Page, explanation: &Explanation, unknown: &UnknownRow) {
    page.heading(&format!("{}: {}: the run has no such row among its differences", unknown.database, explanation.table));
    for reason in &unknown.reasons {
        page.line(format!("  {}", tame(reason)));
    }
    if let Some(now) = &unknown.now {
        told_now(page, now, None);
    }
}
