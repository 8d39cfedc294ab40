//! What a plan brings to one table of OLD and what it takes away, in temporary tables, and the questions that are asked of both
//! before anything is written: whether a row would meet another that may not stand beside it, and whether children would lose
//! their parents.
//!
//! `fb_delta_in_N` has the table's own columns, so that expressions of indexes can be evaluated on it, and the row's position
//! in the plan. `fb_delta_out_N` holds the position and place of every row of OLD that goes, or gives way to another version of
//! itself. All questions are asked under one snapshot: a row's place does not change under it.

use std::collections::BTreeSet;

use crate::name::Ident;
use crate::schema::{Exclusive, ForeignKey, Table};

use super::check::{children, missing, pairs, parents, refers};
use super::exclusive::{compared, meets};
use super::{Inserted, LoadTable};

/// The statements for one table's delta tables.
#[derive(Clone, Debug)]
pub struct DeltaTables<'a> {
    /// A number that is unique within the session.
    pub number: usize,
    /// The table on OLD.
    pub table: &'a Table,
    /// The rows as they are sent: new ones with `i`, versions of old ones with `u` or `r`, keys of those that go with `d`.
    pub load: LoadTable<'a>,
    /// The lists of columns that foreign keys refer to.
    pub referenced: BTreeSet<Vec<Ident>>,
}

impl DeltaTables<'_> {
    pub(super) fn incoming(&self) -> String {
        format!("pg_temp.fb_delta_in_{}", self.number)
    }

    pub(super) fn outgoing(&self) -> String {
        format!("pg_temp.fb_delta_out_{}", self.number)
    }

    /// The name of the column with the position, which none of the table's columns has.
    pub(super) fn ord(&self) -> String {
        Ident::beside("fb_ord", self.table.columns.iter().map(|column| &column.name)).sql()
    }

    /// The table under its own name, by which an expression may call the whole row.
    pub(super) fn alias(&self) -> String {
        self.table.name.name.sql()
    }

    /// Creates the table of incoming rows. NULL is allowed everywhere: what a default would fill in is not known here. A copy
    /// of the definition asks for a right to the whole table, so it is only made where columns are computed from others.
    #[must_use]
    pub fn create(&self) -> String {
        let incoming = self.incoming();
        let name = incoming.trim_start_matches("pg_temp.");
        let table = self.table.name.sql();
        let position = format!("alter table {incoming} add column {} int8", self.ord());
        if !self.table.columns.iter().any(|column| column.generated) {
            return format!(
                "create temporary table {name} on commit drop as select t.* from {table} t with no data; {position}"
            );
        }
        let refusing = self.table.columns.iter().filter(|column| column.not_null);
        let optional =
            refusing.map(|column| format!(", alter column {} drop not null", column.name.sql())).collect::<Vec<_>>().concat();
        format!("create temporary table {name} (like {table} including generated) on commit drop; {position}{optional}")
    }

    /// Fills both tables from the load table; `inserted` are the rows that OLD lacks.
    #[must_use]
    pub fn fill(&self, inserted: Inserted) -> Vec<String> {
        let (load, ord) = (self.load.qualified(), self.ord());
        let insert = |rows, operations: &str| {
            let (names, values) = self.load.written(rows);
            let names = names.iter().map(|name| format!(", {name}")).collect::<Vec<_>>().concat();
            let values = values.iter().map(|value| format!(", {value}")).collect::<Vec<_>>().concat();
            format!(
                "insert into {} ({ord}{names}) select s.ord{values} from {load} s where s.op in ({operations})",
                self.incoming()
            )
        };
        let [relation, place] = self.load.source.place();
        let mut statements = vec![
            insert(inserted, "'i'"),
            insert(Inserted::Olds, "'u', 'r'"),
            format!(
                "create temporary table {} on commit drop as select s.ord, s.op, {} as rel, {} as tid from {load} s \
                 join {} on {} where s.op <> 'i'",
                self.outgoing().trim_start_matches("pg_temp."),
                relation,
                place,
                self.load.source.from_item(),
                self.load.join_condition()
            ),
            // The planner expects that hardly any row is found wanting, and would walk through the whole table for each that
            // is.
            format!("create index on {} (tid, rel)", self.outgoing()),
        ];
        let index = |columns: &Vec<Ident>| {
            let columns: Vec<_> = columns.iter().map(Ident::sql).collect();
            format!("create index on {} ({})", self.incoming(), columns.join(", "))
        };
        statements.extend(self.referenced.iter().map(index));
        statements.push(format!("analyze {}, {}", self.incoming(), self.outgoing()));
        statements
    }

    /// Takes rows out again that the plan holds after all.
    #[must_use]
    pub fn forget(&self, rows: &[usize]) -> String {
        let list = rows.iter().map(usize::to_string).collect::<Vec<_>>().join(",");
        let array = format!("'{{{list}}}'::pg_catalog.int8[]");
        let (incoming, outgoing, ord) = (self.incoming(), self.outgoing(), self.ord());
        format!("delete from {incoming} where {ord} = any ({array}); delete from {outgoing} where ord = any ({array})")
    }

    /// Finds positions that take the same row of OLD away: two spellings of one key.
    #[must_use]
    pub fn same_row_pairs(&self) -> String {
        let outgoing = self.outgoing();
        format!(
            "select distinct l.ord from {outgoing} l where exists \
             (select from {outgoing} o where o.rel = l.rel and o.tid = l.tid and o.ord <> l.ord) order by 1"
        )
    }

    /// A condition that is true for rows of OLD under an alias that stay as they are.
    fn stays(&self, alias: &str) -> String {
        format!("not exists (select from {} l where l.rel = {alias}.rel and l.tid = {alias}.tid)", self.outgoing())
    }

    /// Finds the positions of incoming rows that may not stand beside a row that stays, or beside each other. Two statements
    /// where NULLs count as equal: one that indexes serve, and one for the few rows with NULLs.
    #[must_use]
    pub fn clashes(&self, exclusive: &Exclusive) -> Vec<String> {
        if exclusive.parts.is_empty() {
            return Vec::new();
        }
        let arrive = compared(exclusive, &format!("{} as ord", self.ord()), &self.incoming(), &self.alias());
        let stand = compared(exclusive, "tableoid as rel, ctid as tid", &self.load.source.relation(), &self.alias());
        let asked = |met: &str, nulls: &str| {
            let stays = self.stays("o");
            format!(
                "select n.ord from {arrive} n join {stand} o on {met}{nulls} where {stays} \
                 union select n.ord from {arrive} n join {arrive} o on {met} and n.ord <> o.ord{nulls} order by 1"
            )
        };
        let mut found = vec![asked(&meets(exclusive, "n", "o", false), "")];
        if exclusive.nulls_not_distinct {
            let has_null = |alias: &str| {
                let tests: Vec<_> = (0..exclusive.parts.len()).map(|index| format!("{alias}.e{index} is null")).collect();
                format!(" and ({})", tests.join(" or "))
            };
            found.push(asked(&meets(exclusive, "n", "o", true), &(has_null("n") + &has_null("o"))));
        }
        found
    }
}

/// Finds the positions of rows that take a value over which another row has and changes: where both are updated in place, one
/// after the other, the server refuses the first. `None` where it waits with its check.
#[must_use]
pub fn takeovers(table: &DeltaTables<'_>, exclusive: &Exclusive) -> Option<String> {
    if exclusive.parts.is_empty() || exclusive.deferrable {
        return None;
    }
    let arrive = compared(exclusive, &format!("{} as ord", table.ord()), &table.incoming(), &table.alias());
    let stand = compared(exclusive, "tableoid as rel, ctid as tid", &table.load.source.relation(), &table.alias());
    let outgoing = table.outgoing();
    Some(format!(
        "select distinct n.ord from {arrive} n join {outgoing} m on m.ord = n.ord and m.op = 'r' join {stand} o on {} \
         join {outgoing} l on l.rel = o.rel and l.tid = o.tid and l.op = 'r' and l.ord <> n.ord order by 1",
        meets(exclusive, "n", "o", exclusive.nulls_not_distinct)
    ))
}

/// The rows of a foreign key's parent as the plan leaves them, under the alias `p`: incoming rows, and rows of OLD that stay.
fn parents_after(key: &ForeignKey, parent: Option<&DeltaTables<'_>>) -> Vec<String> {
    let columns = key.parent_columns.iter().map(Ident::sql).collect::<Vec<_>>().join(", ");
    let referenced = parents(key);
    let Some(parent) = parent else { return vec![format!("(select {columns} from {referenced}) p")] };
    let stays = format!("not exists (select from {} l where l.rel = q.tableoid and l.tid = q.ctid)", parent.outgoing());
    let columns_of_q = key.parent_columns.iter().map(|column| format!("q.{}", column.sql())).collect::<Vec<_>>().join(", ");
    let bound = key.parent_bound.as_ref().map_or_else(String::new, |bound| format!(" where {bound}"));
    let incoming = format!("select {columns} from {} as {}{bound}", parent.incoming(), parent.alias());
    let standing = format!("select {columns_of_q} from {referenced} q where {stays}");
    if key.period {
        return vec![format!("({incoming} union all {standing}) p")];
    }
    vec![format!("({incoming}) p"), format!("({standing}) p")]
}

/// Finds the positions of arriving children that would have no parent.
#[must_use]
pub fn orphans(key: &ForeignKey, child: &DeltaTables<'_>, parent: Option<&DeltaTables<'_>>) -> String {
    let bound = key.child_bound.as_ref().map_or_else(String::new, |bound| format!(" where {bound}"));
    let mut tests = vec![refers(key, "c")];
    tests.extend(parents_after(key, parent).iter().map(|parents| missing(key, parents, "c")));
    if !key.validated {
        // Orphans that OLD has already, and that keep pointing where they did, are not looked at by the server either.
        let same = |column: &Ident| format!("t.{0}::text is not distinct from c.{0}::text", column.sql());
        tests.push(format!(
            "not exists (select from {} l join {} t on t.tableoid = l.rel and t.ctid = l.tid where l.ord = c.{} and {})",
            child.outgoing(),
            child.load.source.relation(),
            child.ord(),
            key.child_columns.iter().map(same).collect::<Vec<_>>().join(" and ")
        ));
    }
    let columns = key.child_columns.iter().map(|column| format!(", {}", column.sql())).collect::<Vec<_>>().concat();
    let ord = child.ord();
    format!(
        "select c.{ord} from (select {ord}{columns} from {} as {}{bound}) c where {} order by 1",
        child.incoming(),
        child.alias(),
        tests.join(" and ")
    )
}

/// As [`orphans`], of rows that come back to OLD under a key that is NOT VALID: those that keep pointing where they do are
/// among them, as they may be inserted again.
#[must_use]
pub fn arriving_orphans(key: &ForeignKey, child: &DeltaTables<'_>, parent: Option<&DeltaTables<'_>>) -> String {
    orphans(&ForeignKey { validated: true, ..key.clone() }, child, parent)
}

/// Finds the positions of rows of OLD that refer to nothing, and that the server would not take back as they are: rows that go,
/// are deleted and inserted again, or refer to others afterwards.
#[must_use]
pub fn going_orphans(key: &ForeignKey, child: &DeltaTables<'_>) -> String {
    let same = |column: &Ident| format!("t.{0}::text is not distinct from c.{0}::text", column.sql());
    format!(
        "select l.ord from {} l join {} t on t.tableoid = l.rel and t.ctid = l.tid where {} and {} and not (l.op = 'u' and \
         exists (select from {} c where c.{} = l.ord and {})) order by 1",
        child.outgoing(),
        child.load.source.relation(),
        refers(key, "t"),
        missing(key, &format!("{} p", parents(key)), "t"),
        child.incoming(),
        child.ord(),
        key.child_columns.iter().map(same).collect::<Vec<_>>().join(" and ")
    )
}

/// Finds the positions of parents that go, or change what children refer to, while OLD keeps such children.
///
/// In steps that the planner cannot join in another order: it knows nothing of where the rows of a plan lie, and has walked all
/// children for each row that goes.
#[must_use]
pub fn orphaning_parents(key: &ForeignKey, child: Option<&DeltaTables<'_>>, parent: &DeltaTables<'_>) -> String {
    let [ord, rel, tid] = ["fb_ord", "fb_rel", "fb_tid"]
        .map(|name| Ident::beside(name, key.parent_columns.iter().chain(&key.child_columns)).sql());
    let columns_of = |alias: &str, columns: &[Ident]| {
        columns.iter().map(|column| format!(", {alias}.{}", column.sql())).collect::<Vec<_>>().concat()
    };
    // What children refer to is unique: once its row goes, only an incoming row can bring it back, and only the same row may:
    // in the place of another, children that stay would find a stranger. Of periods the rows that stay count too.
    let parents_after = if key.period {
        parents_after(key, Some(parent)).remove(0)
    } else {
        let columns = key.parent_columns.iter().map(Ident::sql).collect::<Vec<_>>().join(", ");
        let bound = key.parent_bound.as_ref().map_or_else(String::new, |bound| format!(" where {bound}"));
        let (incoming, alias, own_ord) = (parent.incoming(), parent.alias(), parent.ord());
        // The table's own name, which its bound may use, must not hide the row that is asked about.
        let arriving = format!("(select * from {incoming} as {alias}{bound}) q");
        format!("(select {columns} from {arriving} where q.{own_ord} = t.{ord}) p")
    };
    // An update in place leaves what children refer to alone, and may move its row to another partition.
    let kept = if key.parent_part.is_some() { "true" } else { "l.op <> 'u'" };
    let mut tests = vec![missing(key, &parents_after, "t")];
    tests.extend(
        child.map(|child| format!("not exists (select from {} k where k.rel = t.{rel} and k.tid = t.{tid})", child.outgoing())),
    );
    format!(
        "with going as materialized (select l.ord as {ord}{} from {} l join {} g on g.tableoid = l.rel and g.ctid = l.tid \
         where {kept}), \
         left_alone as materialized (select g.{ord}, t.tableoid as {rel}, t.ctid as {tid}{} from going g join {} t on {}) \
         select distinct t.{ord} from left_alone t where {} order by 1",
        columns_of("g", &key.parent_columns),
        parent.outgoing(),
        parents(key),
        columns_of("t", &key.child_columns),
        children(key),
        pairs(key, "g", "t"),
        tests.join(" and ")
    )
}
