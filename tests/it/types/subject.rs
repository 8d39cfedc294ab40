//! One type under test: a table with the type in every place where a column can have it, and its rows on NEW and on OLD.

use std::fmt::Write as _;

use failback::name::{QualifiedName, Side};

/// Where rows of each sort begin: those that only NEW has, and those that OLD has otherwise.
const ONLY_NEW: usize = 1;
const OTHERWISE: usize = 101;
const SHAPES_ONLY_NEW: usize = 201;
const SHAPES_OTHERWISE: usize = 301;

/// How many shapes of arrays there are.
const SHAPES: usize = 7;

/// A type, its values and the table that holds them.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    /// The name in `pg_type`.
    pub(super) name: String,
    /// The table's name, which is how the type is declared.
    pub(super) table: String,
    /// The type, ready for SQL.
    pub(super) sql: String,
    /// The values that both servers know.
    pub(super) values: Vec<String>,
    /// Whether there is a type for arrays of it.
    pub(super) has_array: bool,
    /// Whether it has a send function and sends what another server understands.
    pub(super) is_binary: bool,
}

impl Subject {
    /// The table. It has a schema of its own: a table's name is a type's name too.
    pub(super) fn qualified(&self) -> String {
        QualifiedName::new("typed", &*self.table).sql()
    }

    /// The columns behind `id`.
    pub(super) fn columns(&self) -> Vec<&'static str> {
        if self.has_array { vec!["v", "d", "a", "da", "c", "ac"] } else { vec!["v", "d"] }
    }

    /// The statements that make the table and what it needs; the same on both sides.
    pub(super) fn definition(&self) -> String {
        let Self { sql, .. } = self;
        let [domain, inner, outer] = self.own_types();
        let mut text = format!("create domain {domain} as {sql};\n");
        if self.has_array {
            let name = self.qualified();
            let _ = write!(
                text,
                "create type {inner} as (x {sql}, xs {sql}[], d {domain});
                 create type {outer} as (n {inner}, ns {inner}[], d {domain});
                 create table {name} (id int primary key, v {sql}, d {domain}, a {sql}[], da {domain}[], c {outer},
                     ac {outer}[]);\n"
            );
        } else {
            let _ = writeln!(text, "create table {} (id int primary key, v {sql}, d {domain});", self.qualified());
        }
        text
    }

    fn own_types(&self) -> [String; 3] {
        ["domain over", "inner", "outer"].map(|word| QualifiedName::new("typed", format!("{word} {}", self.table)).sql())
    }

    /// The statements that fill the table on one side. NEW has every value twice; OLD has half of the rows, each with the value
    /// of the next one, so that every value is written by the merge, and brought back by undo.
    pub(super) fn rows(&self, side: Side) -> String {
        let shift = usize::from(side == Side::Old);
        let mut text = String::new();
        for (start, shift) in self.starts(ONLY_NEW, OTHERWISE, side, shift) {
            text.push_str(&self.values_from(start, shift));
        }
        if self.has_array {
            for (start, shift) in self.starts(SHAPES_ONLY_NEW, SHAPES_OTHERWISE, side, shift) {
                text.push_str(&self.shapes_from(start, shift));
            }
        }
        text
    }

    fn starts(&self, only_new: usize, otherwise: usize, side: Side, shift: usize) -> Vec<(usize, usize)> {
        assert!(self.values.len() < OTHERWISE - ONLY_NEW, "{} has more values than there is room for", self.table);
        match side {
            Side::Old => vec![(otherwise, shift)],
            Side::New => vec![(only_new, shift), (otherwise, shift)],
        }
    }

    /// NULL is the value number 0.
    fn values_from(&self, start: usize, shift: usize) -> String {
        let Self { sql, .. } = self;
        let name = self.qualified();
        let count = self.values.len() + 1;
        let mut list = format!("(0, null::{sql})");
        for (index, value) in self.values.iter().enumerate() {
            let _ = write!(list, ", ({}, ({value})::{sql})", index + 1);
        }
        let head = format!("with x(i, v) as materialized (values {list})\n");
        let join = format!(
            "from generate_series(0, {count} - 1) k join x on x.i = (k + {shift}) % {count} \
             join x y on y.i = (x.i + 1) % {count}"
        );
        if !self.has_array {
            return format!("{head} insert into {name} select {start} + k, x.v, x.v {join};\n");
        }
        let [domain, inner, outer] = self.own_types();
        let pair = format!("array_append(array_append(array_append(null::{sql}[], x.v), null), y.v)");
        let nested = format!(
            "row(row(x.v, {pair}, y.v)::{inner}, array[row(y.v, null, x.v)::{inner}, null, row(null, '{{}}', null)::{inner}], \
             x.v)::{outer}"
        );
        format!(
            "{head} insert into {name} select {start} + k, x.v, x.v, {pair}, {pair}::{domain}[], {nested}, array[null, \
             {nested}] {join};\n"
        )
    }

    /// Arrays of every shape: empty, of NULLs, with bounds of their own, in two and three dimensions.
    fn shapes_from(&self, start: usize, shift: usize) -> String {
        let Self { sql, .. } = self;
        let name = self.qualified();
        let [domain, ..] = self.own_types();
        let one = self.values.first().map_or("null", String::as_str);
        let other = self.values.get(1).map_or(one, String::as_str);
        let shapes = [
            format!("'{{}}'::{sql}[]"),
            format!("array_fill(null::{sql}, array[3])"),
            format!("array_fill(({one})::{sql}, array[2], array[-3])"),
            format!("array_fill(({one})::{sql}, array[2, 1, 2], array[-1, 0, 5])"),
            format!("array_fill(({other})::{sql}, array[1])"),
            // Different values in different places, so that a transposed array would show.
            format!("array_fill(null::{sql}, array[2, 2], array[0, 7])"),
            format!("array_fill(({other})::{sql}, array[1, 1, 1, 1, 1, 1], array[0, 0, 0, 0, 0, 0])"),
        ];
        let mut text = String::new();
        for index in 0..SHAPES {
            let shape = &shapes[(index + shift) % SHAPES];
            let _ =
                writeln!(text, "insert into {name} (id, a, da) values ({}, {shape}, ({shape})::{domain}[]);", start + index);
        }
        let second = start + (5 + SHAPES - shift) % SHAPES;
        let _ = writeln!(
            text,
            "update {name} set a[0][8] = ({one})::{sql}, a[1][7] = ({other})::{sql}, \
             da[0][8] = ({one})::{sql}, da[1][7] = ({other})::{sql} where id = {second};"
        );
        text
    }
}
