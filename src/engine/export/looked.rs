//! What is to be exported, looked at before anything is read.

use std::slice;
use std::sync::Arc;

use tokio::try_join;
use tracing::Instrument as _;

use super::alike::expect_alike;
use super::described::Described;
use crate::engine::discover::{self, Chosen, Discovery};
use crate::engine::evidence::HorizonSources;
use crate::engine::run::{Context, Event, spans};
use crate::error::{Place as _, Result};
use crate::name::Sided;
use crate::schema::Method;
use crate::staging::{DatabaseAside, DatabaseRecord};

/// What is exported: the databases, what says which transactions were over at the cutover, and the one database that there is.
pub(crate) struct Looked {
    pub(crate) names: Vec<String>,
    /// Databases of NEW's that cannot be looked at.
    pub(crate) aside: Vec<DatabaseAside>,
    pub(crate) sources: Arc<HorizonSources>,
    pub(crate) first: Option<Described>,
}

impl Looked {
    /// Looks at what is to be exported, and tells of it. One database is described under its snapshot at once. Several are
    /// looked at beforehand: what is wrong with the last is to be known before hours are spent on the first. What a discovery
    /// has found out just before (`discovered`) is not asked again.
    ///
    /// What goes on with an earlier export (`earlier`) has to be of the same tables, looked at in the same way.
    pub(crate) async fn at(context: &Context, discovered: Option<&Discovery>, earlier: &[DatabaseRecord]) -> Result<Self> {
        let mut notes = Vec::new();
        let Chosen { names, aside, .. } = discover::databases(context, &mut notes).await?;
        let sources = match known_sources(context, &names[0], discovered).await? {
            Some(sources) => sources,
            None => Arc::new(HorizonSources::find(context, &names).await?),
        };
        let (first, looked_at) = if let [name] = names.as_slice() {
            let holding = Described::hold(context, name, &sources, &mut notes).instrument(spans::database(name));
            let described = holding.await.place(|| format!("database {name}"))?;
            discover::expect_matches(context.selection(), slice::from_ref(&described.record), &mut notes)?;
            expect_alike(earlier, &described.record)?;
            let rows = row_estimate(slice::from_ref(&described.record));
            (Some(described), rows)
        } else {
            let discovery = discover::discover_these(context, &names, &sources).await?;
            discovery.databases.iter().try_for_each(|record| expect_alike(earlier, record))?;
            notes.extend(discovery.notes);
            (None, row_estimate(&discovery.databases))
        };
        for note in notes {
            context.reporter().tell(Event::Note(note));
        }
        context.reporter().tell(Event::Began { step: "export", rows: looked_at, written: 0 });
        Ok(Self { names, aside, sources, first })
    }
}

/// Returns what a discovery has found out of the same servers.
async fn known_sources(
    context: &Context,
    database: &str,
    discovered: Option<&Discovery>,
) -> Result<Option<Arc<HorizonSources>>> {
    let Some(discovered) = discovered else { return Ok(None) };
    let sessions = discover::connect(context, database).await?;
    let (old, new) = try_join!(sessions.old.identity(), sessions.new.identity())?;
    Ok(discovered.sources_of(Sided { old: &old, new: &new }))
}

/// How many rows will be looked at, by the servers' estimates.
fn row_estimate(databases: &[DatabaseRecord]) -> u64 {
    let tables = databases.iter().flat_map(|database| &database.tables);
    tables.filter(|table| table.method != Method::Skip).filter_map(|table| table.new.row_estimate).sum()
}
