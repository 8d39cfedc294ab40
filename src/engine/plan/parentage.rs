//! Which row of OLD's a child belongs to. A key says no more than that some row has a value; that it is the row which the child
//! means is shown by the row's own stamps, or by the transaction that wrote it last.
//!
//! Asked when a plan is made, and again under lock when it is carried out: OLD's users may have put another row in the place.

use std::collections::BTreeMap;

use crate::engine::evidence::Clock;
use crate::name::{Ident, QualifiedName};
use crate::schema::{ForeignKey, Method, Table, TimeColumns};
use crate::staging::{DatabaseRecord, TableRecord};
use crate::statement::{is_in, is_in_place, is_older, is_written_in};

/// What must be true of a row `p` of OLD's so that a child may refer to it, by table.
#[derive(Clone, Default)]
pub(crate) struct Parentage {
    tables: BTreeMap<QualifiedName, Evidence>,
    /// What is true of all other tables.
    others: Option<Evidence>,
}

/// What shows that a row is the right one.
#[derive(Clone)]
struct Evidence {
    /// The columns by which rows of both sides are compared.
    key: Vec<Ident>,
    /// For a row that is referred to by its key.
    by_key: String,
    /// For one that is referred to by another value, which may have gone from one row to another.
    by_value: String,
    /// What is said where it does not hold.
    why: &'static str,
}

/// A condition on a row `p`, and what is said of the parent where it is not true.
#[derive(Clone, Copy)]
pub(crate) struct Proof<'a> {
    pub(crate) condition: &'a str,
    pub(crate) why: &'static str,
}

const ASIDE: &str = "is not carried, and its row on OLD may be another one than NEW's";
const UNSEEN: &str = "has a row that does not say that it was there at the cutover, and may be another one than NEW's";
const COMPARED: &str = "has a row that was written on OLD since it was compared, and may be another one than NEW's";
const UNTOLD: &str =
    "has a row of which OLD does not tell any more whether it was written since it was compared (it was started anew)";
const BEFORE: &str = "has a row that was written on OLD since the export, and may be another one than before the merge";

impl Parentage {
    /// For children that come from NEW: OLD's row must be the one which NEW has under the same value.
    pub(crate) fn of_new(record: &DatabaseRecord, clock: &Clock) -> Self {
        let aside = record.aside.iter().map(|aside| {
            let existed = clock.existed(&aside.times, "p");
            (aside.name.clone(), Evidence { key: Vec::new(), by_key: existed.clone(), by_value: existed, why: ASIDE })
        });
        let carried = record.tables.iter().map(|table| (table.name.clone(), Self::carried(table, record, clock)));
        Self { tables: aside.chain(carried).collect(), others: None }
    }

    /// A row that its stamps did not select was not looked at, unless both tables were compared in full: then it was NEW's when
    /// the export began, and is as long as nobody writes it.
    ///
    /// Where it is known which transactions were over at the cutover, the row's own says whether it was written since.
    fn carried(table: &TableRecord, record: &DatabaseRecord, clock: &Clock) -> Evidence {
        let stamped = Evidence::of_stamps(table, &table.times, clock, UNSEEN);
        match (table.method, record.horizons()) {
            (Method::Compare, _) => {
                stamped.or(&stood(&table.old, record.horizon), if record.horizon.is_some() { COMPARED } else { UNTOLD })
            }
            (method, Some(known)) if method.goes_by_ids() => {
                stamped.or(&stood(&table.old, i64::try_from(known.old.horizon.xid()).ok()), UNSEEN)
            }
            _ => stamped,
        }
    }

    /// For children that OLD had before a merge: OLD's row must be the one that they referred to then. `undone` are the
    /// transactions that took parts of the merge back; `times` gives a table's time columns as far as they are what they were.
    pub(crate) fn of_before(
        record: &DatabaseRecord,
        clock: &Clock,
        (horizon, undone): (Option<i64>, &[i64]),
        times: impl Fn(&TableRecord) -> TimeColumns,
    ) -> Self {
        let untouched = |stood: String| format!("({stood} or {})", is_written_in("p", undone));
        let of = |table: &TableRecord| {
            let untouched = untouched(stood(&table.old, horizon));
            Evidence::of_stamps(table, &times(table), clock, BEFORE).or(&untouched, BEFORE)
        };
        let tables = record.tables.iter().map(|table| (table.name.clone(), of(table))).collect();
        let unknown = untouched(format!("({} and {})", is_older("p", horizon), is_in_place("p", horizon)));
        let others = Evidence { key: Vec::new(), by_key: unknown.clone(), by_value: unknown, why: BEFORE };
        Self { tables, others: Some(others) }
    }

    /// Returns what must be true of a row that children refer to by a foreign key; `None` where nothing is known of the table.
    pub(crate) fn proof(&self, key: &ForeignKey) -> Option<Proof<'_>> {
        let found = self.tables.get(&key.parent).or(self.others.as_ref())?;
        let by_key =
            key.parent_columns.len() == found.key.len() && key.parent_columns.iter().all(|one| found.key.contains(one));
        Some(Proof { condition: if by_key { &found.by_key } else { &found.by_value }, why: found.why })
    }
}

/// Returns a condition that is true for a row `p` that stood in the table before a horizon, and that nobody has written since.
fn stood(table: &Table, horizon: Option<i64>) -> String {
    let relations: Vec<_> = table.leaves.iter().map(|leaf| leaf.oid).collect();
    format!("({} and {})", is_older("p", horizon), is_in("p", &relations))
}

impl Evidence {
    fn of_stamps(table: &TableRecord, times: &TimeColumns, clock: &Clock, why: &'static str) -> Self {
        let key = table.key.names();
        if !table.stamps_prove {
            return Self { key, by_key: "false".to_owned(), by_value: "false".to_owned(), why };
        }
        Self { key, by_key: clock.existed(times, "p"), by_value: clock.untouched(times, "p"), why }
    }

    /// Takes another condition for as good.
    fn or(self, other: &str, why: &'static str) -> Self {
        let either = |one: &str| format!("({one} or {other})");
        Self { by_key: either(&self.by_key), by_value: either(&self.by_value), key: self.key, why }
    }
}
