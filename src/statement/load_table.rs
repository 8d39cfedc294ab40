//! The load table: a temporary table on OLD that holds one table's part of a merge, and the statements that apply it.
//!
//! Its columns are named by position, so no column of the user's can collide with them: `ord` (position in the plan), `op`
//! (the letter of an [`Operation`]), `mask` (which values of a row that is updated change), `was` (the digest of what the row
//! was where the statement that updates it compares that), then `c0`, `c1` … in layout order.
//! A table may be as wide as tables can be; then the last columns arrive as text in one array, `rest`, so that there is room
//! for those in front.

use crate::name::Ident;
use crate::schema::Conversion;

use super::select_list::NOTHING;
use super::value::convert;
use super::{Operation, RowSource};

/// How many columns of a row a load table has room for: a table's 1600, less `ord`, `op`, `mask` and `was`.
const ROOM: usize = 1596;

/// Returns how many columns of a row have a column of their own in a load table; those behind them arrive in `rest`.
#[must_use]
pub const fn unpacked(columns: usize) -> usize {
    if columns <= ROOM { columns } else { ROOM - 1 }
}

/// One column of a load table.
#[expect(clippy::struct_excessive_bools, reason = "independent facts of a column, each asked for on its own")]
#[derive(Clone, Debug)]
pub struct LoadColumn {
    /// The column on OLD.
    pub name: Ident,
    /// The type in which the value arrives.
    pub sql_type: String,
    /// What makes the arrived value one of OLD's column. No cast here has a modifier: a value that is too long is an error,
    /// not cut off.
    pub conversions: Vec<Conversion>,
    /// The load table's column that has the value as OLD's own text wherever the arrived one cannot say it, by its name here,
    /// and the type that it is read as.
    pub own_form: Option<(Ident, String)>,
    /// The operator that compares two values of OLD's column.
    pub equals: String,
    /// Whether it identifies the row.
    pub key: bool,
    /// Whether an INSERT of a row of NEW's writes it. Stand-ins for a missing key are never written, and columns that NEW lacks
    /// get their default.
    pub inserted: bool,
    /// Whether an INSERT that puts a row of OLD's back writes it.
    pub restored: bool,
    /// Whether UPDATE sets it. Keys, GENERATED ALWAYS identity columns, and columns that NEW lacks are not set.
    pub updated: bool,
    /// Whether the server fits whatever is assigned to a type with a modifier, and makes another value of it: one that stays
    /// would be stored anew if it were assigned.
    pub refitted: bool,
}

/// Which rows of a load table an INSERT writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// Rows that OLD lacks, as NEW has them.
    News,
    /// Rows that OLD had: replaced ones, and deleted ones that come back.
    Olds,
}

impl Inserted {
    pub(super) const fn write(self, column: &LoadColumn) -> bool {
        match self {
            Self::News => column.inserted,
            Self::Olds => column.restored,
        }
    }
}

/// The statements for one table's load.
#[derive(Clone, Debug)]
pub struct LoadTable<'a> {
    /// The load table's own name, unique within the session.
    pub name: Ident,
    /// The table on OLD.
    pub source: RowSource<'a>,
    /// Its columns, in the order in which they are sent.
    pub columns: Vec<LoadColumn>,
}

impl LoadTable<'_> {
    pub(super) fn load(&self) -> String {
        format!("pg_temp.{}", self.name.sql())
    }

    pub(super) fn table(&self) -> String {
        self.source.relation()
    }

    /// Creates the load table; it goes with the transaction.
    #[must_use]
    pub fn create(&self) -> String {
        let own = unpacked(self.columns.len());
        let columns = self.columns[..own].iter().enumerate().map(|(index, column)| format!("c{index} {}", column.sql_type));
        let rest = (own < self.columns.len()).then(|| "rest text[]".to_owned());
        let columns: Vec<_> = columns.chain(rest).collect();
        format!(
            "create temporary table {} (ord int8 not null, op \"char\" not null, mask varbit, was bytea, {}) on commit drop",
            self.name.sql(),
            columns.join(", ")
        )
    }

    /// Drops the load table before its transaction ends.
    #[must_use]
    pub fn drop(&self) -> String {
        format!("drop table {}", self.qualified())
    }

    /// Receives the rows.
    #[must_use]
    pub fn fill(&self) -> String {
        format!("copy {} from stdin (format binary)", self.load())
    }

    /// Gives the planner the load table's size, which it cannot guess, and what it must know of the columns by which rows are
    /// found.
    #[must_use]
    pub fn analyze(&self) -> String {
        let own = unpacked(self.columns.len());
        let keys = self.columns[..own].iter().enumerate().filter(|(_, column)| column.key);
        let columns: Vec<_> = keys.map(|(index, _)| format!(", c{index}")).collect();
        format!("analyze {} (ord, op{})", self.load(), columns.concat())
    }

    pub(super) fn value(&self, index: usize) -> String {
        self.value_at("s", index)
    }

    /// A value of the load table's row that goes by an alias.
    fn value_at(&self, alias: &str, index: usize) -> String {
        let column = &self.columns[index];
        let value = convert(&column.conversions, self.arrived(alias, index));
        let Some((name, sql_type)) = &column.own_form else { return value };
        let Some(form) = self.columns.iter().position(|column| column.name == *name) else { return value };
        format!("coalesce({}, {value})", read_as(sql_type, self.arrived(alias, form)))
    }

    /// A value as it arrived.
    fn arrived(&self, alias: &str, index: usize) -> String {
        let own = unpacked(self.columns.len());
        match self.columns[index].sql_type.as_str() {
            _ if index < own => format!("{alias}.c{index}"),
            "text" => format!("{alias}.rest[{}]", index - own + 1),
            other => read_as(other, format!("{alias}.rest[{}]", index - own + 1)),
        }
    }

    /// The test that a row of the table has the value of the load table's row that goes by an alias.
    fn equals(&self, load: &str, index: usize) -> String {
        let column = &self.columns[index];
        format!("t.{} {} {}", column.name.sql(), column.equals, self.value_at(load, index))
    }

    /// The condition under which a load-table row and a row of the table are the same row.
    pub(super) fn same_row(&self) -> String {
        self.same_row_as("s")
    }

    fn same_row_as(&self, load: &str) -> String {
        let tests: Vec<_> =
            (0..self.columns.len()).filter(|index| self.columns[*index].key).map(|index| self.equals(load, index)).collect();
        tests.join(" and ")
    }

    /// The load table's rows in their order, under the alias `s`. Sorted before anything is joined to them: sorting what has
    /// been joined would move whole rows about.
    pub(super) fn in_order(&self, condition: &str) -> String {
        format!("(select * from {} s {condition} order by s.ord) s", self.load())
    }

    /// Locks every row of the table that the load table names and that is to be there, in the load table's order, against
    /// everything but readers.
    #[must_use]
    pub fn lock_rows(&self) -> String {
        if self.source.key.is_whole_row() {
            return self.lock_copies();
        }
        format!(
            "select count(*) from (select from {} join {} on {} order by s.ord for update of t) locked",
            self.in_order("where s.op <> 'i'"),
            self.source.from_item(),
            self.same_row()
        )
    }

    /// Reads the table's row for every load-table row, in the load table's order: first whether it exists, then `select_list`.
    /// Where the table may have several under one key (`is_unguarded`), it is any of them.
    #[must_use]
    pub fn counterparts(&self, select_list: &str, is_unguarded: bool) -> String {
        let [presence, _] = self.source.place();
        let one = if is_unguarded { "distinct on (s.ord) " } else { "" };
        format!(
            "select {one}{presence} is not null, {select_list} from {} left join {} on {} order by s.ord",
            self.in_order(""),
            self.source.from_item(),
            self.same_row()
        )
    }

    /// As [`counterparts`](Self::counterparts), of a table whose key an index serves and keeps unique, and locks each row as it
    /// is read: what is read is what is locked, also of a row that somebody was writing. The subquery is looked through once
    /// for each row of the load table; for none of those that are compared when they are updated.
    #[must_use]
    pub fn locked_counterparts(&self, select_list: &str) -> String {
        format!(
            "select t.tableoid is not null, {select_list} from {} left join lateral \
             (select t.tableoid, t.* from {} where {} for update of t) t on true order by s.ord",
            self.in_order("where s.was is null"),
            self.source.from_item(),
            self.same_row()
        )
    }

    /// Deletes the rows that go, and those that are replaced because they take part in a swap of unique values. Of a table
    /// without a key those copies go first that some transactions wrote.
    #[must_use]
    pub fn delete(&self, own: &[i64]) -> String {
        if self.source.key.is_whole_row() {
            return self.delete_copies(own);
        }
        format!("delete from {} t using {} s where s.op in ('d', 'r') and {}", self.table(), self.load(), self.same_row())
    }

    /// Inserts rows. Identity columns keep the values they came with.
    #[must_use]
    pub fn insert(&self, rows: Inserted, operation: Operation) -> String {
        self.insert_beside(rows, operation, &[])
    }

    /// As [`insert`](Self::insert), and gives the rows back what was [kept](Self::keep) of them in other columns.
    #[must_use]
    pub fn insert_beside(&self, rows: Inserted, operation: Operation, kept: &[Ident]) -> String {
        let (mut names, mut values) = self.written(rows);
        names.extend(kept.iter().map(Ident::sql));
        values.extend((0..kept.len()).map(|number| format!("k.k{number}")));
        let list = if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) };
        let beside = if kept.is_empty() { String::new() } else { format!(" join {} k on k.ord = s.ord", self.kept()) };
        format!(
            "insert into {} as t{list} overriding system value select {} from {} s{beside} where s.op = '{operation}' \
             order by s.ord",
            self.source.table.sql(),
            values.join(", "),
            self.load()
        )
    }

    fn kept(&self) -> String {
        format!("pg_temp.{}", Ident::new(format!("{}_kept", self.name.as_str())).sql())
    }

    /// Keeps what the rows that are replaced have in some columns which the load knows nothing of; goes with the transaction.
    #[must_use]
    pub fn keep(&self, columns: &[Ident]) -> String {
        let values: Vec<_> =
            columns.iter().enumerate().map(|(number, column)| format!(", t.{} as k{number}", column.sql())).collect();
        format!(
            "create temporary table {} on commit drop as select s.ord{} from {} s join {} on {} where s.op = 'r'",
            self.kept(),
            values.concat(),
            self.load(),
            self.source.from_item(),
            self.same_row()
        )
    }

    /// As [`insert`](Self::insert), and reads `select_list` of the rows as they came out, under the alias `t`.
    #[must_use]
    pub fn insert_returning(&self, rows: Inserted, operation: Operation, select_list: &str) -> String {
        let list = if select_list.is_empty() { NOTHING } else { select_list };
        format!("{} returning {list}", self.insert(rows, operation))
    }

    /// Returns the columns that an INSERT writes, and the values that it writes there.
    #[must_use]
    pub fn written(&self, rows: Inserted) -> (Vec<String>, Vec<String>) {
        let written = (0..self.columns.len()).filter(|index| rows.write(&self.columns[*index]));
        written.map(|index| (self.columns[index].name.sql(), self.value(index))).unzip()
    }

    /// Returns the value that such an INSERT writes into a column of the table.
    #[must_use]
    pub fn value_of(&self, rows: Inserted, name: &Ident) -> Option<String> {
        self.columns.iter().position(|column| rows.write(column) && column.name == *name).map(|index| self.value(index))
    }

    /// Returns the value that an UPDATE sets a column of the table to; `None` for columns that it leaves alone.
    #[must_use]
    pub fn updated_value(&self, name: &Ident) -> Option<String> {
        self.columns.iter().position(|column| column.updated && column.name == *name).map(|index| self.value(index))
    }

    /// Returns the values of a row's key, in the order of the key's columns.
    #[must_use]
    pub fn key_values(&self) -> Vec<String> {
        let position = |name: &Ident| self.columns.iter().position(|column| column.key && column.name == *name);
        self.source.key.columns().iter().filter_map(|key| position(&key.name)).map(|index| self.value(index)).collect()
    }

    /// The load table's name for checks that join it: `pg_temp."…"`.
    #[must_use]
    pub fn qualified(&self) -> String {
        self.load()
    }

    /// The join condition between a load-table row `s` and its table's row `t`.
    #[must_use]
    pub fn join_condition(&self) -> String {
        self.same_row()
    }
}

/// Reads a text as a type's input function does.
fn read_as(sql_type: &str, text: String) -> String {
    // An array cannot be an element, and nothing but its input function makes one of a text.
    if sql_type.ends_with("[]") {
        format!("({text})::{sql_type}")
    } else {
        convert(&[Conversion::Input(sql_type.to_owned())], text)
    }
}

/// A load table's table name: `fb_load_` and a number, so that several load tables live in one transaction.
#[must_use]
pub fn load_table_name(number: usize) -> Ident {
    Ident::new(format!("fb_load_{number}"))
}
