//! What the decisions come to, table by table, with the rows that they affect.

use serde::Serialize;

use super::lacking::{self, Lacking};
use super::settings::Settings;
use super::table::Table;
use super::waiting::{self, Waiting};
use super::{Call, Exit, amount, conditions};
use crate::delta::Class;
use crate::engine::{Met, MovedDecision, TalliedRows, TalliedRule, Tally, moved_decisions, read_decisions};
use crate::error::Result;
use crate::policy::{Decisions, Minimum, Origin, Past, Resolution, Rule, Signature};
use crate::staging::{DiffIndex, Manifest, layout};
use crate::store::Store;

/// What is decided.
#[derive(Serialize)]
struct Shown {
    run: String,
    resolutions: Vec<Resolved>,
    rules: Vec<AskedRule>,
    waiting: Vec<Waiting>,
    wanting: Vec<Lacking>,
    history: Vec<Past>,
    unmatched: Vec<String>,
    notes: Vec<String>,
}

/// What is to be done about a class in one table.
#[derive(Serialize)]
struct Resolved {
    database: String,
    table: String,
    class: Class,
    rows: u64,
    resolution: Resolution,
    /// What single columns get, where that is not what the resolution says.
    #[serde(skip_serializing_if = "String::is_empty")]
    columns: String,
    origin: Origin,
    #[serde(flatten)]
    signature: Signature,
    /// What must be known of such rows before OLD is written for them; nothing where it is not written for any.
    #[serde(skip_serializing_if = "Option::is_none")]
    needs: Option<Minimum>,
}

/// One rule, with the rows that it is about.
#[derive(Serialize)]
struct AskedRule {
    rule: String,
    resolution: Resolution,
    /// The same with what single columns get.
    says: String,
    means: u64,
    decides: u64,
    expect: Option<u64>,
}

fn rules(tally: &Tally, decisions: &Decisions) -> Vec<AskedRule> {
    let of = |(rule, rows): (&Rule, &TalliedRule)| AskedRule {
        rule: rule.title(),
        resolution: rule.resolution,
        says: rule.said(),
        means: rows.means,
        decides: rows.decides,
        expect: rule.expect,
    };
    decisions.rules().iter().zip(&tally.rules).map(of).collect()
}

/// Prints what is decided about everything that differs.
pub(super) async fn show(call: &Call, settings: &Settings, store: &dyn Store) -> Result<Exit> {
    let index = DiffIndex::read(store)?;
    let decisions = read_decisions(store)?;
    let manifest = Manifest::read(store)?;
    let tables = manifest.databases.iter().flat_map(|one| one.tables.iter().map(|table| (&one.name, table.name.to_string())));
    let known: Vec<_> = tables.collect();
    let tally = Tally::of(store, (&manifest, &index), &decisions, &conditions::asked(call, settings, &[&decisions]).await?)?;
    let report = Shown {
        run: store.location(),
        resolutions: resolve(&tally),
        rules: rules(&tally, &decisions),
        waiting: waiting::waiting(&tally),
        wanting: lacking::lacking(&tally),
        history: decisions.history().to_vec(),
        unmatched: decisions.unmatched(&known).into_iter().chain(tally.idle(&decisions)).collect(),
        notes: decisions.notes(),
    };
    let mut table = Table::new(&["table", "class", "#rows", "resolution", "said by"]);
    let mut signatures = Vec::new();
    for one in &report.resolutions {
        let columns = if one.columns.is_empty() { String::new() } else { format!(", {}", one.columns) };
        table.row([
            &format!("{}: {}", one.database, one.table),
            one.class.word(),
            &amount::count(one.rows),
            &format!("{}{columns}", one.resolution),
            &format!("{}{}", one.origin, number(&mut signatures, signed(&one.signature))),
        ]);
    }
    let mut page = call.printer.page();
    page.heading("what is to be done");
    if table.is_empty() {
        page.line("  nothing: no row differs");
    } else {
        page.table(&table);
    }
    page.list("said by whom:", signatures.iter().zip(1..).map(|(signature, number)| format!("[{number}] {signature}")));
    let rules = report.rules.iter().map(|rule| {
        let expect = rule.expect.map_or_else(String::new, |rows| format!(", expects {}", amount::count(rows)));
        format!(
            "{}: {}; means {}, decides {}{expect}",
            rule.rule,
            rule.says,
            amount::rows(rule.means),
            amount::count(rule.decides)
        )
    });
    page.list("rules, of which the first that means a row decides it:", rules);
    page.list("waiting for a decision:", report.waiting.iter().flat_map(Waiting::sentences));
    page.list("held for want of evidence:", report.wanting.iter().flat_map(Lacking::sentences));
    page.list("evidence that is needed by decision:", report.resolutions.iter().filter_map(needed));
    page.list("decided before:", report.history.iter().map(past));
    page.list("decisions that match nothing:", &report.unmatched);
    page.list("notes:", &report.notes);
    page.next(settings.steps("plan", &[]));
    call.printer.result(&report, &page)?;
    Ok(Exit::Done)
}

/// Says who decided, when and why; nothing where nobody did.
fn signed(Signature { by, at, why }: &Signature) -> String {
    let head: Vec<_> = by.iter().chain(at).map(String::as_str).collect();
    head.join(", ") + &why.as_ref().map_or_else(String::new, |why| format!(": {why}"))
}

/// Refers to a text in a list, which gets it if it is new; nothing for an empty one.
fn number(known: &mut Vec<String>, text: String) -> String {
    if text.is_empty() {
        return text;
    }
    let at = known.iter().position(|one| *one == text).unwrap_or_else(|| {
        known.push(text);
        known.len() - 1
    });
    format!(" [{}]", at + 1)
}

/// Says what evidence somebody asked for.
fn needed(one: &Resolved) -> Option<String> {
    let Minimum { evidence, signature: Signature { why, by, .. }, .. } =
        one.needs.as_ref().filter(|needs| needs.origin != Origin::Builtin)?;
    let by = by.as_ref().map_or_else(String::new, |by| format!(", by {by}"));
    let why = why.as_ref().map_or_else(String::new, |why| format!(": {why}"));
    Some(format!("{}: {}: {} needs {evidence} or better{by}{why}", one.database, one.table, one.class))
}

/// Says what was decided until a later decision took its place.
fn past(past: &Past) -> String {
    let Signature { why, by, .. } = &past.signature;
    let by = by.as_ref().map_or_else(String::new, |by| format!(", by {by}"));
    let why = why.as_ref().map_or_else(String::new, |why| format!(": {why}"));
    let said = past.evidence.as_ref().unwrap_or(&past.resolution);
    format!("{} {}={said} until {}{by}{why}", past.section, past.class, past.until)
}

fn resolve(tally: &Tally) -> Vec<Resolved> {
    let of = |one: &TalliedRows| Resolved {
        database: one.database.clone(),
        table: one.table.clone(),
        class: one.class,
        rows: one.rows,
        resolution: one.decided.resolution,
        columns: one.decided.choices.to_string(),
        origin: one.decided.origin,
        signature: one.decided.signature.clone(),
        needs: one.class.applying().map(|_| one.needs.clone()),
    };
    tally.rows.iter().map(of).collect()
}

/// Lists what an edit of the decisions changes; nothing where the run has no diff yet.
pub(super) fn changes(store: &dyn Store, before: &Decisions, after: &Decisions, met: &Met) -> Result<Vec<MovedDecision>> {
    if !store.exists(layout::DIFF)? {
        return Ok(Vec::new());
    }
    let (manifest, index) = (Manifest::read(store)?, DiffIndex::read(store)?);
    moved_decisions(store, (&manifest, &index), before, after, met)
}
