//! Whether NEW was written since a run was exported, table by table, as its rows say. Nothing is staged, and the run stays as
//! it is, merged or not.

use std::collections::BTreeSet;

use serde::Serialize;
use tracing::Instrument as _;

use super::described::Described;
use super::execute::as_exported;
use super::kept::{has_same_rows, is_same_server_on, is_same_table};
use super::looked::Looked;
use crate::delta::Horizon;
use crate::engine::evidence::{XidEvidence, young};
use crate::engine::run::{Context, Event, expect_as_exported, read_step, spans};
use crate::error::{ErrorKind, Place as _, Result};
use crate::name::{QualifiedName, Side};
use crate::pg::Session;
use crate::schema::{ComparisonKey, Method};
use crate::staging::{DatabaseRecord, Manifest};
use crate::statement::RowSource;

/// What NEW was seen to have written since a run was exported.
#[derive(Clone, Debug, Serialize)]
pub struct MovedReport {
    /// Where the run is, for people.
    pub run: String,
    /// How many tables were looked at.
    pub tables: usize,
    /// Those that NEW has written since, by `database: schema.name`.
    pub written: Vec<String>,
    /// Those of which nobody can tell, each with the reason.
    pub not_known: Vec<String>,
}

impl MovedReport {
    /// Whether every table is as it was exported.
    #[must_use]
    pub const fn is_still(&self) -> bool {
        self.written.is_empty() && self.not_known.is_empty()
    }
}

/// Looks at NEW's tables that a run was exported of.
///
/// # Errors
/// Whatever connecting and reading can give.
pub async fn moved(context: &Context) -> Result<MovedReport> {
    Box::pin(read_step(context, look)).instrument(spans::step(context, "export")).await
}

async fn look(context: &Context) -> Result<MovedReport> {
    expect_as_exported(context)?;
    let earlier = Manifest::read(context.store())?;
    let narrowed = as_exported(context, &earlier)?;
    let mut report = MovedReport { run: context.run(), tables: 0, written: Vec::new(), not_known: Vec::new() };
    // Asked before the rows are read: whatever has ended by then is among them.
    for was in &earlier.databases {
        let open = writing(&narrowed, was).await.place(|| format!("database {}", was.name))?;
        report.not_known.extend(open);
    }
    let Looked { names, sources, mut first, .. } = Looked::at(&narrowed, None, &[]).await?;
    for name in names {
        let now = match first.take() {
            Some(described) => described,
            None => Box::pin(Described::hold(&narrowed, &name, &sources, &mut Vec::new())).await?,
        };
        if let Some(was) = earlier.databases.iter().find(|was| was.name == name) {
            compare(was, &now, &mut report).await.place(|| format!("database {name}"))?;
        }
    }
    context.reporter().tell(Event::Ended { step: "export" });
    Ok(report)
}

/// Names the tables of a database that transactions on NEW which have not ended may have written.
async fn writing(context: &Context, was: &DatabaseRecord) -> Result<Vec<String>> {
    let session = context.servers().connect(Side::New, &was.name).await?;
    let open = session.writing().await?;
    session.close().await;
    let of_run = was.tables.iter().map(|table| &table.new.name).chain(was.new_only.iter().map(|table| &table.name));
    let of_run: BTreeSet<_> = of_run.collect();
    let told = open.into_iter().filter_map(|one| match one.table {
        Some(table) if !of_run.contains(&table) => None,
        Some(table) => Some(format!("{}: {table}: {} has not ended, and may have written it", was.name, one.who)),
        None => Some(format!("{}: {} has not ended, and may have written or made a table", was.name, one.who)),
    });
    Ok(told.collect())
}

/// Adds what one database's tables say.
async fn compare(was: &DatabaseRecord, now: &Described, report: &mut MovedReport) -> Result<()> {
    let sessions = now.sessions();
    let ended = was.ended.filter(|_| is_same_server_on(Side::New, was, &now.record)).map(|ended| ended.map(Horizon::new));
    let (evidence, why) = match ended {
        Some(ended) => match XidEvidence::since(ended, sessions).await {
            Ok(evidence) => (Some((evidence, young(sessions.new, ended.new).await?)), String::new()),
            Err(error) if error.kind() == ErrorKind::Refused => (None, error.causes().join(": ")),
            Err(error) => return Err(error),
        },
        None => (None, "NEW is another server, or was started since".to_owned()),
    };
    for before in &was.tables {
        report.tables += 1;
        let named = format!("{}: {}", was.name, before.name);
        let Some(table) = now.record.tables.iter().find(|table| table.name == before.name) else {
            report.not_known.push(format!("{named}: it is not there any more, or is not looked at"));
            continue;
        };
        let walked = before.walked.filter(|_| before.method != Method::TimestampsOnly);
        let objection = match &evidence {
            Some(_) if !is_same_table(&before.new, &table.new) => Some("it is defined otherwise now".to_owned()),
            Some((evidence, _)) => evidence.objection(&table.old, &table.new),
            None => Some(why.clone()),
        };
        match (&evidence, walked, objection) {
            (Some((_, young)), Some(walked), None) => {
                let source = RowSource::of(&table.new, &table.key, Side::New);
                if !has_same_rows(sessions.new, source, young, walked.new).await.place(|| &table.name)? {
                    report.written.push(named);
                }
            }
            (.., Some(objection)) => report.not_known.push(format!("{named}: {objection}")),
            _ => report.not_known.push(format!("{named}: not all of its rows were counted by the export")),
        }
    }
    let young = evidence.as_ref().map(|(_, young)| young.as_str()).ok_or(why.as_str());
    compare_new_only(was, (&now.record, sessions.new), young, report).await?;
    let carried = now.record.tables.iter().map(|table| &table.name).chain(now.record.new_only.iter().map(|table| &table.name));
    let is_new = |name: &&QualifiedName| {
        !was.tables.iter().any(|table| table.name == **name) && !was.new_only.iter().any(|table| table.name == **name)
    };
    report.written.extend(carried.filter(is_new).map(|name| format!("{}: {name}, which came since", was.name)));
    Ok(())
}

/// Adds what the tables say that OLD lacks, all of whose rows are staged. `young` selects what may have been written since, or
/// says why nothing does.
async fn compare_new_only(
    was: &DatabaseRecord,
    (now, new): (&DatabaseRecord, &Session),
    young: std::result::Result<&str, &str>,
    report: &mut MovedReport,
) -> Result<()> {
    for before in &was.new_only {
        report.tables += 1;
        let named = format!("{}: {}, which OLD lacks", was.name, before.name);
        let unknown = match (young, now.new_only.iter().find(|table| table.name == before.name)) {
            (Err(why), _) => why,
            (_, None) => "it is not there any more, or is not looked at",
            (_, Some(table)) if table.layout != before.layout => "it is defined otherwise now",
            (_, Some(table)) if table.row_security => "row-level security hides rows",
            (Ok(young), Some(_)) => {
                let key = ComparisonKey::Columns { columns: Vec::new() };
                let partitioned = before.leaves.iter().any(|leaf| leaf.name != before.name);
                let source = RowSource { table: &before.name, partitioned, key: &key, side: Side::New };
                if !has_same_rows(new, source, young, before.row_count()).await.place(|| &before.name)? {
                    report.written.push(named);
                }
                continue;
            }
        };
        report.not_known.push(format!("{named}: {unknown}"));
    }
    Ok(())
}
