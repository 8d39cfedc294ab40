//! Rows of a table without a key. All copies of a row are alike, so they are counted: which of them has which number means
//! nothing, but for those that a known transaction wrote.

use crate::schema::WHOLE_ROW_COLUMNS;

use super::read::given_keys;
use super::{LoadTable, RowSource, is_written_in};

impl LoadTable<'_> {
    /// A stand-in for the missing key of a load table's row `s`.
    fn stand_in(&self, name: &str) -> String {
        let position = self.columns.iter().position(|column| column.key && column.name.as_str() == name);
        position.map_or_else(|| "null".to_owned(), |index| self.value(index))
    }

    /// The condition under which a row of the table, under the alias `t`, is like a load table's row `s`; of copies, the first
    /// stands for all.
    pub(super) fn like_row(&self) -> String {
        if !self.source.key.is_whole_row() {
            return self.join_condition();
        }
        let [digest, copy] = WHOLE_ROW_COLUMNS;
        format!("t.{digest} = {} and t.{copy} = 1", self.stand_in(digest))
    }

    /// Locks all copies of the rows that a load table names. A lock cannot be taken through a window function.
    pub(super) fn lock_copies(&self) -> String {
        format!(
            "select count(*) from (select from {} x where {} in (select {} from {} s) for update) locked",
            self.table(),
            self.source.row_digest("x"),
            self.stand_in(WHOLE_ROW_COLUMNS[0]),
            self.load(),
        )
    }

    /// Deletes as many copies of each row as the load table says, those first that some transactions wrote.
    pub(super) fn delete_copies(&self, own: &[i64]) -> String {
        format!(
            "delete from {table} x using (select r.tableoid as relation, r.ctid as place, {row} as digest, \
             pg_catalog.row_number() over (partition by {row} order by {own} desc) as copy from {table} r) t \
             join (select {digest} as digest, count(*) as planned from {load} s where s.op = 'd' group by 1) w \
             on w.digest = t.digest and t.copy <= w.planned where x.tableoid = t.relation and x.ctid = t.place",
            table = self.table(),
            row = self.source.row_digest("r"),
            own = is_written_in("r", own),
            digest = self.stand_in(WHOLE_ROW_COLUMNS[0]),
            load = self.load(),
        )
    }

    /// The rows of a load table that are to be written, each with its number among those of its kind (`rank`), how many these
    /// are (`planned`), how many copies OLD had as the plan knows it (`before`), how many it has (`copies`), and how many of
    /// these some transactions wrote (`own`). `absent` are the operations on rows that OLD did not have.
    fn counted(&self, absent: &str, own: &[i64]) -> String {
        format!(
            "(select s.ord, s.op, s.rank, s.planned, coalesce(s.first - 1, s.last) as before, coalesce(t.copies, 0) as copies, \
             coalesce(t.own, 0) as own from (select s.ord, s.op, {digest} as digest, \
             pg_catalog.row_number() over (partition by {digest}, s.op order by {copy}) as rank, \
             count(*) over (partition by {digest}, s.op) as planned, \
             pg_catalog.min({copy}) filter (where s.op in ({absent})) over (partition by {digest}) as first, \
             pg_catalog.max({copy}) over (partition by {digest}) as last from {load} s) s \
             left join (select {row} as digest, count(*) as copies, count(*) filter (where {own}) as own from {table} r \
             group by 1) t on t.digest = s.digest where s.op in ('d', 'i')) w",
            digest = self.stand_in(WHOLE_ROW_COLUMNS[0]),
            copy = self.stand_in(WHOLE_ROW_COLUMNS[1]),
            load = self.load(),
            table = self.table(),
            row = self.source.row_digest("r"),
            own = is_written_in("r", own),
        )
    }

    /// Finds the positions of rows of which OLD has another number of copies than it had when they were classified: others
    /// wrote them, as the second column says.
    #[must_use]
    pub fn miscounted(&self) -> String {
        format!("select w.ord, true from {} where w.copies <> w.before order by w.ord", self.counted("'i', 'n'", &[]))
    }

    /// Finds the positions of copies that a merge brought and that are not its own any more, and says of each whether others
    /// wrote it; else it is gone. Without the merge's transactions, whichever copies are left count as its own.
    #[must_use]
    pub fn changed_copies(&self, merge: &[i64]) -> String {
        let gone = "greatest(0, w.before + w.planned - w.copies)";
        let own = if merge.is_empty() { format!("(w.planned - {gone})") } else { "w.own".to_owned() };
        format!(
            "select w.ord, w.rank - {own} > {gone} from {} where w.op = 'd' and w.rank > {own} order by w.ord",
            self.counted("'d', 'n'", merge),
        )
    }
}

/// Counts, for each of some rows of a table without a key, given by their stand-ins, the copies that there are.
#[must_use]
pub fn copies(source: RowSource<'_>, keys: &[Vec<String>]) -> String {
    counts(source, "true", keys)
}

/// As [`copies`], those that some transactions wrote last.
#[must_use]
pub fn own_copies(source: RowSource<'_>, transactions: &[i64], keys: &[Vec<String>]) -> String {
    counts(source, &is_written_in("r", transactions), keys)
}

fn counts(source: RowSource<'_>, condition: &str, keys: &[Vec<String>]) -> String {
    let (given, values) = given_keys(source, keys);
    format!(
        "select coalesce(n.copies, 0) from {given} left join (select {} as digest, count(*) as copies from {} r \
         where {condition} group by 1) n on n.digest = {} order by k.ord",
        source.row_digest("r"),
        source.relation(),
        values.first().map_or("", String::as_str)
    )
}
