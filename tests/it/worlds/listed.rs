//! What failback itself says of each key: its class and what the plan does about it, read from the run's own files.

use std::collections::BTreeMap;

use arrow_array::cast::AsArray;
use arrow_array::{Array, RecordBatch};
use failback::codec::BatchEncoder;
use failback::delta::{Base, Class, Evidence};
use failback::name::Sided;
use failback::policy::{Action, Decisions, Origin, Resolution};
use failback::schema::{Coverage, Covered, Method};
use failback::staging::{DatabasePlan, DatabaseRecord, Manifest, Plan, SegmentReader, TablePlan, TableRecord};
use failback::store::{LocalStore, Store};

use super::picks::Pick;
use super::schema::Table;
use super::snapshot::{Row, RowKey, Snapshot, key_of};

/// What is said of one key.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "what is known of a decision, each independent of the others")]
pub(super) struct Entry {
    pub(super) class: Class,
    /// What the class rests on.
    pub(super) evidence: Sided<Evidence>,
    /// Where the row of the cutover is said to be.
    pub(super) base: Base,
    pub(super) action: Action,
    /// Whether a person decided that NEW's row, or the later one, is to win in this class.
    pub(super) decided: bool,
    /// Whether that is by the time at which each side's row was written.
    pub(super) by_time: bool,
    /// Whether it was decided for this table, or this row, by its name.
    pub(super) by_name: bool,
    /// Whether it was decided that the row gets of each column the side that changed it.
    pub(super) composed: bool,
    /// Whether somebody picked the row under this key, and OLD has another one now.
    pub(super) outdated: bool,
    pub(super) why: String,
}

/// What is said of one table; `None` where the run does not carry it.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) entries: BTreeMap<RowKey, Entry>,
    pub(super) coverage: Coverage,
    pub(super) method: Method,
    /// Whether the rows' stamps were held against an estimate.
    pub(super) is_checked: bool,
    /// Whether BASE says what its rows were.
    pub(super) based: bool,
}

/// What is decided of a row, as far as the files of the decisions say it.
#[derive(Clone, Copy)]
struct Ruled {
    resolution: Resolution,
    origin: Origin,
}

/// Reads what a plan says of every table of the world, in the world's order. `old` is OLD as the diff found it.
pub(super) fn read(
    store: &LocalStore,
    (tables, databases): (&[Table], &[String]),
    picks: &[Pick],
    old: &Snapshot,
) -> Vec<Option<Said>> {
    let manifest = Manifest::read(store).expect("a manifest");
    let plan = Plan::read(store).expect("a plan");
    let text = if store.exists("decisions.toml").expect("a run") {
        String::from_utf8(store.read("decisions.toml").expect("decisions")).expect("a text")
    } else {
        String::new()
    };
    let decisions = Decisions::parse(&text, "decisions.toml").expect("decisions");
    let one = |(number, table): (usize, &Table)| {
        let record: &DatabaseRecord = manifest.database(&databases[table.database])?;
        let planned: &DatabasePlan = plan.databases.iter().find(|planned| planned.name == record.name)?;
        let found = record.tables.iter().find(|found| found.name.to_string() == table.full_name())?;
        let planned = planned.tables.iter().find(|planned| planned.id == found.id)?;
        let ruled = |class, key: &RowKey| match picks.iter().find(|pick| (pick.table, &pick.key) == (number, key)) {
            Some(pick) if pick.old.as_ref() == old.tables[number].get(key) => {
                Ruled { resolution: pick.resolution, origin: Origin::Row }
            }
            Some(pick) => Ruled { resolution: pick.resolution, origin: Origin::Outdated },
            None => {
                let decided = decisions.resolve(&record.name, &table.full_name(), class);
                Ruled { resolution: decided.resolution, origin: decided.origin }
            }
        };
        let entries = entries(store, table, found, planned, &ruled);
        let is_checked = found.method == Method::Timestamps && found.asks_ids(record.is_estimated());
        let mut coverage = found.coverage.clone();
        if found.has_base() && found.method == Method::Compare {
            // What is trusted is that BASE shows the cutover, and it does.
            let yes = || Covered::Yes { by: "BASE".to_owned() };
            coverage = Coverage { insert: yes(), update: yes(), delete: yes() };
        }
        Some(Said { entries, coverage, method: found.method, is_checked, based: found.has_base() })
    };
    tables.iter().enumerate().map(one).collect()
}

fn entries(
    store: &LocalStore,
    table: &Table,
    record: &TableRecord,
    plan: &TablePlan,
    ruled: &dyn Fn(Class, &RowKey) -> Ruled,
) -> BTreeMap<RowKey, Entry> {
    let mut actions = Vec::new();
    if let Some(segment) = &plan.changes {
        for batch in SegmentReader::open(store, segment, 1024).expect("the planned rows") {
            let batch = batch.expect("planned rows");
            actions.extend(words(&batch, "fb_action").into_iter().zip(words(&batch, "fb_why")));
        }
    }
    let mut actions = actions.into_iter();
    let mut found = BTreeMap::new();
    for segment in &plan.diff {
        for batch in SegmentReader::open(store, segment, 1024).expect("the diff") {
            let batch = batch.expect("rows of the diff");
            let classes = words(&batch, "fb_class");
            let (bases, evidence) =
                (words(&batch, "fb_base"), ["fb_evidence_old", "fb_evidence_new"].map(|one| words(&batch, one)));
            let sides = ["old", "new"].map(|side| images(&batch, side, record));
            for (row, class) in classes.iter().enumerate() {
                let (action, why) = actions.next().expect("an action for each row of the diff");
                let image = sides[1][row].as_ref().or(sides[0][row].as_ref()).expect("a row on one side");
                let mut key = key_of(table, image);
                if !table.is_keyed() {
                    // The stand-in's second column is the number among equals.
                    key.push(image.get("fb_nth").cloned().flatten());
                }
                let class: Class = class.parse().expect("a class");
                let action = action.parse().expect("an action");
                let Ruled { resolution, origin } = ruled(class, &key);
                let by_time = matches!(resolution, Resolution::LastUpdateWins | Resolution::FirstUpdateWins);
                let outdated = origin == Origin::Outdated;
                let is_decided = origin != Origin::Builtin && !outdated;
                let new_wins = is_decided && (by_time || resolution == Resolution::ApplyNew);
                let [old, new] = evidence.each_ref().map(|words| words[row].parse().expect("a kind of evidence"));
                let entry = Entry {
                    class,
                    evidence: Sided { old, new },
                    base: bases[row].parse().expect("a base"),
                    action,
                    decided: new_wins,
                    by_time: new_wins && by_time,
                    by_name: new_wins && matches!(origin, Origin::Table | Origin::DatabaseTable | Origin::Row),
                    composed: is_decided && resolution == Resolution::ColumnMerge,
                    outdated,
                    why,
                };
                found.insert(key, entry);
            }
        }
    }
    found
}

/// One side's rows of a batch of the diff, `None` where the side has none.
fn images(batch: &RecordBatch, side: &str, record: &TableRecord) -> Vec<Option<Row>> {
    let encoder = BatchEncoder::new(&record.layout);
    let image = batch.column_by_name(side).expect("an image").as_struct();
    let rows = RecordBatch::try_new(record.layout.arrow_schema(), image.columns().to_vec()).expect("the layout's columns");
    let view = encoder.view(&rows).expect("the layout's columns");
    let mut names: Vec<_> = record.layout.columns.iter().map(|column| column.name.as_str().to_owned()).collect();
    if record.key.is_whole_row() {
        names.last_mut().expect("a column").replace_range(.., "fb_nth");
    }
    let value = |row, column| view.display(row, column).expect("a value");
    let row = |row| {
        let values = names.iter().enumerate().map(|(column, name)| (name.clone(), value(row, column)));
        image.is_valid(row).then(|| values.collect())
    };
    (0..batch.num_rows()).map(row).collect()
}

fn words(batch: &RecordBatch, name: &str) -> Vec<String> {
    let texts = batch.column_by_name(name).expect("a column").as_string::<i32>();
    texts.iter().map(|text| text.unwrap_or_default().to_owned()).collect()
}
