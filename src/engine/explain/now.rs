//! How both servers have one row now, and how that compares with the run.

use super::report::{NowColumn, NowOf, NowState, RowNow};
use crate::delta::{self, Horizon};
use crate::engine::plan::{Change, PlannedRows};
use crate::engine::review::{Cell, Review};
use crate::engine::rows::{Composed, Image, fetch, finding_names, is_no_value};
use crate::engine::run::{Context, read_step};
use crate::error::{Error, ErrorKind, Result};
use crate::name::{Side, Sided};
use crate::pg::{ServerIdentity, Session, Snapshot};
use crate::policy::Action;
use crate::schema::Table;
use crate::staging::{DatabaseRecord, SegmentReader, TableDiff, TablePlan, TableRecord};
use crate::statement::{self, ROW_VERSION, RowSource};
use crate::store::Store;

/// A row as the run has it.
pub(super) struct Staged {
    /// OLD's as it was compared, and as the plan leaves it.
    change: Change<Image>,
    new: Image,
    /// Whether the plan writes it.
    writes: bool,
}

impl Staged {
    /// Reads the row at a position of a table's diff.
    pub(super) fn read(
        store: &dyn Store,
        (table, diff): (&TableRecord, &TableDiff),
        (plan, action): (Option<&TablePlan>, Option<Action>),
        position: u64,
    ) -> Result<Self> {
        let composed = plan.and_then(|plan| plan.composed.as_ref()).map(|file| Composed::open(store, file)).transpose()?;
        let mut before = 0;
        for segment in &diff.segments {
            if position >= before + segment.rows {
                before += segment.rows;
                continue;
            }
            let at = position - before;
            let batch = SegmentReader::open_window(store, segment, 1, at..at + 1)?.next().ok_or_else(missing)??;
            let rows = PlannedRows::read(action.into_iter().collect(), &batch)?.composed(composed.as_ref(), &[position])?;
            let (change, new) = (rows.change(&table.layout)?, Image::read(&batch, "new")?);
            return Ok(Self { change, new, writes: action.is_some_and(Action::writes) });
        }
        Err(missing())
    }

    /// Says how a row that was read now compares with it.
    fn compare(&self, side: Side, now: &Image, table: &TableRecord) -> Result<NowState> {
        let then = if side == Side::Old { &self.change.before } else { &self.new };
        let is_staged = now.unlike(then, |_, _| true)?.is_empty();
        let is_planned = side == Side::Old && self.writes && self.change.broken(now, &table.layout)?.is_empty();
        Ok(match (is_planned, is_staged) {
            (true, _) => NowState::AsPlanned,
            (false, true) => NowState::AsStaged,
            (false, false) => NowState::Otherwise,
        })
    }
}

fn missing() -> Error {
    Error::new(ErrorKind::Damaged, "read the diff").because("it has fewer rows than its index says")
}

/// What a row is held against.
pub(super) struct Against<'a> {
    pub(super) record: &'a DatabaseRecord,
    pub(super) table: &'a TableRecord,
    pub(super) staged: Option<&'a Staged>,
    /// The merge's transaction, where its rows can still be told by it.
    pub(super) merged_in: Option<i64>,
}

/// Looks at a row on both servers. A server that cannot be asked is no failure: the account says why.
///
/// # Errors
/// `Malformed` where both sides' rows cannot be compared.
pub(super) async fn look(context: &Context, review: &Review<'_>, against: &Against<'_>, key: &[Vec<String>]) -> Result<RowNow> {
    let table = against.table;
    let (old, new) = (ask(context, against, Side::Old, key).await, ask(context, against, Side::New, key).await);
    let images = match (&old.1, &new.1) {
        (Some(old), Some(new)) => Some(Sided { old: old.clone(), new: new.clone() }),
        _ => None,
    };
    let mut now = RowNow { sides: Sided { old: old.0, new: new.0 }, alike: None, columns: Vec::new() };
    let nothing = || Image::nothing(&table.layout.arrow_schema(), 1);
    let shown = Sided { old: old.1.unwrap_or_else(nothing), new: new.1.unwrap_or_else(nothing) };
    let both = shown.old.present.value(0) && shown.new.present.value(0);
    let malformed = |error| Error::new(ErrorKind::Malformed, "compare OLD's and NEW's rows").because(error);
    let differences = delta::compare(&shown.old.rows, &shown.new.rows).map_err(malformed)?;
    let differing: Vec<_> = differences.columns(0).filter(|column| table.layout.columns[*column].is_carried()).collect();
    now.alike = images.map(|sides| sides.old.present.value(0) == sides.new.present.value(0) && (!both || differing.is_empty()));
    let is_listed = |name: &str| !both || differing.iter().any(|at| table.layout.columns[*at].name.as_str() == name);
    let row = review.shown_now(&against.record.name, table, &shown)?;
    let columns = row.into_iter().flat_map(|row| row.columns).filter(|column| is_listed(&column.name));
    now.columns = columns.map(|column| NowColumn { name: column.name, old: column.old, new: column.new }).collect();
    if now.columns.iter().all(|column| (&column.old, &column.new) == (&Cell::NoRow, &Cell::NoRow)) {
        now.columns.clear();
    }
    Ok(now)
}

/// Asks one server, and returns what it says and the row.
async fn ask(context: &Context, against: &Against<'_>, side: Side, key: &[Vec<String>]) -> (NowOf, Option<Image>) {
    let asking = read_step(context, async |context: &Context| {
        let session = context.servers().connect(side, &against.record.name).await?;
        let identity = session.identity().await?;
        let snapshot = Snapshot::hold(session).await?;
        let definition = definition(against.table, side);
        let reading = read(snapshot.session(), against, (side, &identity), key);
        finding_names(snapshot.session(), definition.inlines(), reading).await
    });
    match asking.await {
        Ok((said, image)) => (said, Some(image)),
        Err(error) if is_no_value(&error) => {
            let said = NowOf {
                present: Some(false),
                means: vec!["the key is no value of its type there, or names what is not there: no row can have it".to_owned()],
                ..NowOf::default()
            };
            (said, Some(Image::nothing(&against.table.layout.arrow_schema(), 1)))
        }
        Err(error) => {
            let why = error.causes().first().map_or_else(|| error.to_string(), ToString::to_string);
            (NowOf { not_asked: Some(why), ..NowOf::default() }, None)
        }
    }
}

const fn definition(table: &TableRecord, side: Side) -> &Table {
    match side {
        Side::Old => &table.old,
        Side::New => &table.new,
    }
}

async fn read(
    session: &Session,
    against: &Against<'_>,
    (side, identity): (Side, &ServerIdentity),
    key: &[Vec<String>],
) -> Result<(NowOf, Image)> {
    let table = against.table;
    let source = RowSource::of(definition(table, side), &table.key, side);
    let image = fetch(session, source, &table.layout, key).await?;
    let mut said = NowOf { present: Some(image.present.value(0)), ..NowOf::default() };
    said.state = against.staged.map(|staged| staged.compare(side, &image, table)).transpose()?;
    if image.present.value(0) && !table.key.is_whole_row() {
        let found = session.query(&statement::counterparts(source, ROW_VERSION, key), &[]).await?;
        if let Some(row) = found.first() {
            let xmin = row.get::<_, Option<i64>>(1).and_then(|xmin| u32::try_from(xmin).ok());
            let next = row.get::<_, Option<i64>>(4).and_then(|next| u64::try_from(next).ok());
            let place = row.get::<_, Option<String>>(3).zip(row.get::<_, Option<String>>(2));
            said.place = place.map(|(relation, place)| format!("{relation} {place}"));
            said.means = xmin.zip(next).map_or_else(Vec::new, |asked| means(against, (side, identity), asked));
            said.xmin = xmin;
        }
    }
    Ok((said, image))
}

/// Says what a row's transaction means, as far as its number can be held against others.
fn means(against: &Against<'_>, (side, identity): (Side, &ServerIdentity), (xmin, next): (u32, u64)) -> Vec<String> {
    let record = against.record;
    let then = if side == Side::Old { &record.old } else { &record.new };
    let mut said = Vec::new();
    if side == Side::Old
        && let Some(merged_in) = against.merged_in
    {
        let is_merge = u32::try_from(merged_in.rem_euclid(1 << 32)) == Ok(xmin);
        let by = if is_merge { "written last by the merge" } else { "another transaction than the merge's wrote it last" };
        said.push(format!("{by} (transaction {merged_in})"));
    }
    if identity.system_identifier.is_some() && identity.system_identifier != then.system_identifier {
        said.push("this is another server than the one that was exported: its transaction numbers are its own".to_owned());
        return said;
    }
    if identity.started_us != then.started_us {
        said.push("the server was started since the export: what numbers of before it mean is not relied on".to_owned());
        return said;
    }
    let is_young = |horizon: u64| Horizon::new(horizon).young(next).is_none_or(|young| young.contain(xmin));
    if let Some(known) = record.horizons() {
        let known = known.get(side);
        let (xid, by) = (known.horizon.xid(), known.source.phrase());
        said.push(if is_young(xid) {
            format!("may have been written since the cutover: transaction {xid} or a later one, by {by}")
        } else {
            format!("not written since the cutover: before transaction {xid}, by {by}")
        });
    }
    if let Some(ended) = record.ended.as_ref().map(|ended| *ended.get(side)) {
        said.push(if is_young(ended) {
            format!("may have been written since the export: transaction {ended} or a later one")
        } else {
            format!("not written since the export: before transaction {ended}")
        });
    }
    said
}
