//! Which rows of a load were written by others since a merge, as the rows themselves tell: each bears the transaction that
//! wrote it last (`xmin`).

use super::LoadTable;
use super::check::{children, pairs};
use super::read::own_rows;
use super::writer::{is_older, is_written_by_none, is_written_by_others, is_written_since};
use crate::name::Ident;
use crate::schema::{ForeignKey, Table};

/// By what rows tell that a merge wrote them last.
#[derive(Clone, Debug)]
pub struct WriterMark {
    /// The merge's transactions.
    pub transactions: Vec<i64>,
    /// Transactions in which failback put back what later merges had found.
    pub put_back_in: Vec<i64>,
    /// Relations that were rewritten since: their rows bear the number of whoever did that.
    pub rewritten: Vec<u32>,
}

/// Which columns a table has of which a load knows no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// None.
    Nothing,
    /// Some that the merge left to their defaults.
    Defaults,
    /// Some that came since: whoever fills them in writes every row, and rows that stay keep what stands there.
    Later,
}

impl WriterMark {
    /// The condition under which a row `t` was written by somebody else. In columns of which the load knows no value others may
    /// have written something before a later merge came: a row that goes with them must be the merge's alone.
    fn is_written_by_another(&self, has_unknown: bool) -> String {
        let by_another = is_written_by_none(&self.transactions);
        if self.put_back_in.is_empty() {
            return by_another;
        }
        let by_others = is_written_by_others(&self.put_back_in);
        let but = if has_unknown { format!("(s.op = 'd' or {by_others})") } else { by_others };
        format!("{by_another} and {but}")
    }
}

/// Asks whether a relation that holds rows of a table has one that one of some transactions wrote last.
#[must_use]
pub fn has_row_of(table: &Table, relation: u32, transactions: &[i64]) -> String {
    format!(
        "select exists (select from {} t where t.tableoid = {relation} and not {})",
        own_rows(&table.name, table.partitioned),
        is_written_by_others(transactions)
    )
}

impl LoadTable<'_> {
    /// Finds the positions of rows of a table with a key that another transaction than the merge's wrote last. A row that
    /// goes must bear the merge's number in any case where the table has `unknown` columns, as what stands in them is not
    /// compared; it alone, where these came since. `None` where there is nothing to ask.
    #[must_use]
    pub fn written_since(&self, mark: Option<&WriterMark>, unknown: Unknown) -> Option<String> {
        let has_unknown = unknown != Unknown::Nothing;
        let found = |rows: &str, condition: &str| {
            format!(
                "select s.ord from {} join {} on {}{condition} order by s.ord",
                self.in_order(rows),
                self.source.from_item(),
                self.same_row()
            )
        };
        let Some(mark) = mark else {
            return has_unknown.then(|| found("where s.op = 'd'", ""));
        };
        let by_another = mark.is_written_by_another(has_unknown);
        let oids: Vec<_> = mark.rewritten.iter().map(u32::to_string).collect();
        let tells = match (oids.is_empty(), has_unknown) {
            _ if unknown == Unknown::Later => " and s.op = 'd'".to_owned(),
            (true, _) => String::new(),
            (false, true) => format!(" and (s.op = 'd' or t.tableoid <> all ('{{{}}}'::pg_catalog.oid[]))", oids.join(",")),
            (false, false) => format!(" and t.tableoid <> all ('{{{}}}'::pg_catalog.oid[])", oids.join(",")),
        };
        Some(found("where s.op <> 'i'", &format!(" where {by_another}{tells}")))
    }

    /// Finds the positions of rows whose key the table has more than once.
    #[must_use]
    pub fn doubled(&self) -> String {
        format!(
            "select s.ord from {} s join {} on {} group by s.ord having count(*) > 1 order by s.ord",
            self.qualified(),
            self.source.from_item(),
            self.same_row()
        )
    }

    /// Finds those of some positions to whose rows children refer that were written after a merge's transactions; without
    /// any, all children.
    #[must_use]
    pub fn with_children_since(&self, key: &ForeignKey, transactions: &[i64], positions: &[usize]) -> String {
        let since = is_written_since("c", transactions);
        self.with_children(key, positions, &since)
    }

    /// Finds those of some positions to whose rows children refer that may have been written since a horizon, but for those
    /// that another load table writes (`own`).
    #[must_use]
    pub fn with_young_children(
        &self,
        key: &ForeignKey,
        horizon: Option<i64>,
        own: Option<&LoadTable<'_>>,
        positions: &[usize],
    ) -> String {
        let written = own.map_or_else(String::new, |own| {
            let [relation, place] = own.source.place();
            format!(
                " and (c.tableoid, c.ctid) not in (select {relation}, {place} from {} s join {} on {} where s.op <> 'i')",
                own.qualified(),
                own.source.from_item(),
                own.join_condition()
            )
        });
        self.with_children(key, positions, &format!("not {}{written}", is_older("c", horizon)))
    }

    /// Finds those of some positions to whose rows children `c` refer for which a condition is true.
    fn with_children(&self, key: &ForeignKey, positions: &[usize], condition: &str) -> String {
        let list = positions.iter().map(usize::to_string).collect::<Vec<_>>().join(",");
        format!(
            "select s.ord from {} s join {} on {} where s.ord = any ('{{{list}}}'::pg_catalog.int8[]) \
             and exists (select from {} c where {} and {condition}) order by s.ord",
            self.qualified(),
            self.source.from_item(),
            self.same_row(),
            children(key),
            pairs(key, "t", "c")
        )
    }

    /// Finds the positions of rows that go and whose values, in some columns, a row has that was written after a merge's
    /// transactions; without any, every row. What was inserted under one key may be there under another.
    #[must_use]
    pub fn under_other_keys(&self, transactions: &[i64], columns: &[Ident]) -> String {
        let compared: Vec<_> = (0..self.columns.len()).filter(|index| columns.contains(&self.columns[*index].name)).collect();
        let own: Vec<_> = compared.iter().map(|index| format!("t.{}", self.columns[*index].name.sql())).collect();
        let values: Vec<_> = compared.iter().map(|index| self.value(*index)).collect();
        let since = is_written_since("t", transactions);
        format!(
            "select distinct s.ord from {} s join {} on row({})::text = row({})::text where s.op = 'd' and {since} \
             order by s.ord",
            self.qualified(),
            self.source.from_item(),
            own.join(", "),
            values.join(", ")
        )
    }

    /// Asks whether any row of the table was written after a merge's transactions; without any, whether there is one.
    #[must_use]
    pub fn any_written_after(&self, transactions: &[i64]) -> String {
        let since = is_written_since("t", transactions);
        format!("select exists (select from {} t where {since})", self.table())
    }
}
