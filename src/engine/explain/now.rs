//! How both servers have one row now, and how that compares with the run.

use super::report::{NowColumn, NowOf, NowState, RowNow};
use crate::codec::{BatchEncoder, Shown};
use crate::delta::{self, Horizon};
use crate::engine::plan::{Change, PlannedRows};
use crate::engine::review::{Cell, Review};
use crate::engine::rows::{Composed, Image, fetch, finding_names, is_no_value, key_positions, view};
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
    /// The merge's transactions, where its rows can still be told by them.
    pub(super) merged_in: &'a [i64],
}

/// How both servers have a row.
pub(super) struct Looked {
    pub(super) now: RowNow,
    /// Its key as the run's files would spell it, where a server has the row.
    pub(super) key: Option<Vec<String>>,
}

/// Looks at a row on both servers. A server that cannot be asked is no failure: the account says why.
///
/// # Errors
/// `Malformed` where both sides' rows cannot be compared.
pub(super) async fn look(context: &Context, review: &Review<'_>, against: &Against<'_>, key: &[Vec<String>]) -> Result<Looked> {
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
    let there = [&shown.old, &shown.new].into_iter().find(|image| image.present.value(0));
    let spelt = there.map(|image| key_of(image, table)).transpose()?;
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
    Ok(Looked { now, key: spelt })
}

fn key_of(image: &Image, table: &TableRecord) -> Result<Vec<String>> {
    let encoder = BatchEncoder::new(&table.layout);
    let rows = view(&encoder, &image.rows)?;
    let texts = key_positions(&table.layout, &table.key.names())?.into_iter().map(|at| match rows.shown(0, at) {
        Ok(Shown::Text(text)) => Ok(text),
        // A key may be NULL in a table without one.
        Ok(_) => Ok(String::new()),
        Err(error) => Err(Error::new(ErrorKind::Malformed, "read the row's key").because(error)),
    });
    texts.collect()
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
        Err(error) => {
            let said = NowOf { not_asked: Some(why(&error)), ..NowOf::default() };
            (said, None)
        }
    }
}

/// Says in a few words why a server could not be asked.
pub(super) fn why(error: &Error) -> String {
    error.causes().first().map_or_else(|| error.to_string(), ToString::to_string)
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
    // Asked for no key at all: what fails then is how the table is defined by now, and not the key.
    let no_keys = vec![Vec::new(); key.len()];
    let list = statement::select_list(&table.layout, side, "t");
    session.execute(&statement::counterparts(source, &list, &no_keys), &[]).await?;
    let image = match fetch(session, source, &table.layout, key).await {
        Err(error) if is_no_value(&error) => return Ok((no_value(), Image::nothing(&table.layout.arrow_schema(), 1))),
        image => image?,
    };
    let mut said = NowOf { present: Some(image.present.value(0)), ..NowOf::default() };
    said.state = against.staged.map(|staged| staged.compare(side, &image, table)).transpose()?;
    if image.present.value(0) && !table.key.is_whole_row() {
        let found = session.query(&statement::counterparts(source, ROW_VERSION, key), &[]).await?;
        if let Some(row) = found.first() {
            let xmin = row.get::<_, Option<i64>>(1).and_then(|xmin| u32::try_from(xmin).ok());
            let next = row.get::<_, Option<i64>>(4).and_then(|next| u64::try_from(next).ok());
            let place = row.get::<_, Option<String>>(3).zip(row.get::<_, Option<String>>(2));
            said.place = place.map(|(relation, place)| format!("{relation} {place}"));
            said.by_merge = xmin.filter(|_| side == Side::Old && !against.merged_in.is_empty()).map(|xmin| {
                // A row bears the lowest 32 bits.
                against.merged_in.iter().any(|merged_in| merged_in.rem_euclid(1 << 32) == i64::from(xmin))
            });
            said.means = xmin.zip(next).map_or_else(Vec::new, |asked| means(against, (side, identity), asked, said.by_merge));
            said.xmin = xmin;
        }
    }
    Ok((said, image))
}

fn no_value() -> NowOf {
    let means = "the key is no value of its type there, or names what is not there: no row can have it";
    NowOf { present: Some(false), means: vec![means.to_owned()], ..NowOf::default() }
}

/// Says what a row's transaction means, as far as its number can be held against others.
fn means(
    against: &Against<'_>,
    (side, identity): (Side, &ServerIdentity),
    (xmin, next): (u32, u64),
    by_merge: Option<bool>,
) -> Vec<String> {
    let record = against.record;
    let then = if side == Side::Old { &record.old } else { &record.new };
    let mut said = Vec::new();
    if let Some(is_merge) = by_merge {
        let by = if is_merge { "written last by the merge" } else { "another transaction than the merge's wrote it last" };
        said.push(match against.merged_in {
            [one] => format!("{by} (transaction {one})"),
            several => format!("{by} (it came in {} batches)", several.len()),
        });
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
