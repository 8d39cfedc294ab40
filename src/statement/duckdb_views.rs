//! Views over a run's files, in DuckDB's dialect: one for each of its tables, with the rows that differ by their keys' names,
//! and what a plan does with each. Nothing of it is ever sent to a server.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::name::{Ident, literal};

/// One table of a run, and its files by their paths within the run's folder.
#[derive(Clone, Debug, Default)]
pub struct ViewedTable {
    /// The database's name.
    pub database: String,
    /// The table, as `schema.name`.
    pub table: String,
    /// Its short name in paths.
    pub id: String,
    /// The columns of its key by names that no other column of a view has, and which field of an image each is, counted from 1.
    pub key: Vec<(Ident, usize)>,
    /// The files of rows that differ, and how many rows are in those before each.
    pub diff: Vec<(String, u64)>,
    /// How many rows differ.
    pub rows: u64,
    /// The file of what is done with each, where there is a plan.
    pub plan: Option<String>,
    /// The file of the rows that the plan composes of both sides', where there are any.
    pub composed: Option<String>,
    /// The fields of an image, in their order, where the sides do not have the same columns; else nothing.
    pub fields: Vec<(Ident, FieldOf)>,
    /// The files of NEW's staged rows.
    pub staged: Vec<String>,
}

/// Whose one field of an image is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldOf {
    /// A column of both sides.
    Both,
    /// A column that OLD alone has: a merge leaves its value as it is.
    OldAlone,
    /// A column that NEW alone has: OLD gets nothing of it.
    NewAlone,
    /// OLD's own form of another field, counted from 1: a merge leaves it where it leaves that one's value.
    FormOf(usize),
}

/// What a view says of a row beside its key and its images.
const TOLD: &str = "fb_class, fb_conflict, fb_evidence_old, fb_evidence_new, fb_base, fb_changed";

/// Returns the statements, for a DuckDB that is started in the run's folder.
#[must_use]
pub fn duckdb_views(tables: &[ViewedTable]) -> String {
    let mut text = String::from(
        "-- Views for DuckDB over this run's files; written by failback, and anew by each diff and plan.\n\
         -- In the run's folder: duckdb -init views.sql\n",
    );
    let (mut taken, mut listed, mut all) = (BTreeSet::new(), Vec::new(), Vec::new());
    for table in tables {
        let of = format!("{}.{}", table.database, table.table);
        let view = if table.diff.is_empty() { None } else { Some(fresh(&mut taken, &of, &table.id)) };
        if let Some(view) = &view {
            let _ = write!(text, "\ncreate or replace view {} as\n{};\n", view.sql(), rows_that_differ(table));
            all.push(format!("select fb_database, fb_table, {TOLD}, fb_action, fb_why from {}", view.sql()));
        }
        if !table.staged.is_empty() {
            let view = fresh(&mut taken, &format!("{of} staged"), &table.id);
            let _ =
                write!(text, "\ncreate or replace view {} as\nselect * from {};\n", view.sql(), files(table.staged.iter(), ""));
        }
        let words = [&table.database, &table.table, &table.id].map(|word| literal(word)).join(", ");
        let view = view.map_or_else(|| "null".to_owned(), |view| literal(view.as_str()));
        listed.push(format!("({words}, {view}, {})", table.rows));
    }
    let texts =
        |columns: &str| columns.split(", ").map(|column| format!("null::varchar {column}")).collect::<Vec<_>>().join(", ");
    let told = texts(TOLD).replace("null::varchar fb_changed", "null::varchar[] fb_changed");
    let nothing = format!("select {}, {told}, {} where false", texts("fb_database, fb_table"), texts("fb_action, fb_why"));
    all.insert(0, nothing);
    let _ = write!(text, "\ncreate or replace view fb_rows as\n{};\n", all.join("\nunion all "));
    listed.insert(0, "(null::varchar, null::varchar, null::varchar, null::varchar, 0)".to_owned());
    let of = "fb_database, fb_table, fb_id, fb_view, fb_rows";
    let _ = write!(
        text,
        "\ncreate or replace view fb_tables as\nselect * from (values {}) t ({of}) where fb_id is not null;\n",
        listed.join(",\n  ")
    );
    text
}

/// The rows of one table.
fn rows_that_differ(table: &ViewedTable) -> String {
    // Out of the images: the files of an earlier failback have no columns of the key.
    let key: String = table.key.iter().fold(String::new(), |mut text, (column, field)| {
        let images = ["new", "old", "base"].map(|image| format!("struct_extract_at(d.\"{image}\", {field})")).join(", ");
        let _ = write!(text, "coalesce({images}) as {},\n  ", column.sql());
        text
    });
    let (action, plan) = match &table.plan {
        Some(plan) => {
            let mut joined = format!(
                "\nleft join {} p\n  on p.file_row_number = f.rows_before + d.file_row_number",
                files(std::iter::once(plan), ", file_row_number = true")
            );
            if let Some(composed) = &table.composed {
                let rows = files(std::iter::once(composed), "");
                let _ = write!(joined, "\nleft join {rows} c\n  on c.fb_row = f.rows_before + d.file_row_number");
            }
            ("p.fb_action, p.fb_why", joined)
        }
        None => ("null::varchar as fb_action, null::varchar as fb_why", String::new()),
    };
    let told = format!("{TOLD}, fb_written_old, fb_written_new")
        .split(", ")
        .map(|name| format!("d.{name}"))
        .collect::<Vec<_>>()
        .join(", ");
    let before: Vec<_> = table.diff.iter().map(|(path, rows)| format!("({}, {rows})", literal(path))).collect();
    format!(
        "select {} as fb_database, {} as fb_table,\n  {key}{told}, {action},\n  \
         d.\"base\", d.\"old\", d.\"new\",\n  {} as result\nfrom {} d\n\
         join (values {}) f (path, rows_before) on f.path = d.filename{plan}",
        literal(&table.database),
        literal(&table.table),
        result(table),
        files(table.diff.iter().map(|(path, _)| path), ", filename = true, file_row_number = true"),
        before.join(", ")
    )
}

/// The row that OLD has after a merge of the plan; NULL where it then has none, or there is no plan.
fn result(table: &ViewedTable) -> String {
    if table.plan.is_none() {
        return "case when false then d.\"new\" end".to_owned();
    }
    let brought = if table.composed.is_some() { "coalesce(c.\"row\", d.\"new\")" } else { "d.\"new\"" };
    let [as_new, as_old] = if table.fields.is_empty() {
        [brought.to_owned(), "d.\"old\"".to_owned()]
    } else {
        [brought, "d.\"old\""].map(|image| packed(&table.fields, image))
    };
    format!(
        "case when p.fb_action in ('insert', 'update', 'replace') then {as_new}\n    \
         when p.fb_action <> 'delete' and d.\"old\" is not null then {as_old} end"
    )
}

/// An image's fields as OLD has them.
fn packed(fields: &[(Ident, FieldOf)], image: &str) -> String {
    let at = |image: &str, field: usize| format!("struct_extract_at({image}, {field})");
    let mut taken = BTreeSet::new();
    let of = |(number, (name, of)): (usize, &(Ident, FieldOf))| {
        let value = match of {
            FieldOf::Both => at(image, number + 1),
            FieldOf::OldAlone => at("d.\"old\"", number + 1),
            FieldOf::NewAlone => format!("case when false then {} end", at(image, number + 1)),
            FieldOf::FormOf(other) => format!(
                "case when {} is not distinct from {} then {} end",
                at(image, *other),
                at("d.\"old\"", *other),
                at("d.\"old\"", number + 1)
            ),
        };
        // As DuckDB calls the second of names that are alike but for their case.
        let (mut named, mut more) = (name.as_str().to_owned(), 0);
        while !taken.insert(named.to_lowercase()) {
            more += 1;
            named = format!("{}_{more}", name.as_str());
        }
        format!("{} := {value}", Ident::new(&named).sql())
    };
    format!("struct_pack({})", fields.iter().enumerate().map(of).collect::<Vec<_>>().join(", "))
}

fn files<'a>(paths: impl Iterator<Item = &'a String>, options: &str) -> String {
    format!("read_parquet([{}]{options})", paths.map(|path| literal(path)).collect::<Vec<_>>().join(", "))
}

/// Returns a name that none before it is, as DuckDB reads names: whatever their case.
fn fresh(taken: &mut BTreeSet<String>, wanted: &str, id: &str) -> Ident {
    let mut name = wanted.to_owned();
    while !taken.insert(name.to_lowercase()) {
        name = if name.ends_with(id) { format!("{name}_") } else { format!("{name} {id}") };
    }
    Ident::new(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &str, id: &str) -> ViewedTable {
        let diff = vec![(format!("shop/diff/{id}/00001.parquet"), 0), (format!("shop/diff/{id}/00002.parquet"), 7)];
        let key = vec![(Ident::new("id"), 1), (Ident::new("ID_"), 3)];
        let (database, table) = ("it's".to_owned(), format!("public.{name}"));
        ViewedTable { database, table, id: id.to_owned(), key, diff, rows: 9, ..ViewedTable::default() }
    }

    #[test]
    fn names_are_told_apart_as_duckdb_reads_them() {
        let text = duckdb_views(&[table("T", "t0001"), table("t", "t0002"), ViewedTable::default()]);
        for view in ["view \"it's.public.T\" as", "view \"it's.public.t t0002\" as", "('it''s', 'public.t', 't0002', "] {
            assert!(text.contains(view), "{text}");
        }
        for column in ["as \"id\",", "as \"ID_\",", "d.fb_class, "] {
            assert!(text.contains(column), "{text}");
        }
        assert!(text.contains("('shop/diff/t0001/00002.parquet', 7)) f (path, rows_before)"), "{text}");
        assert!(text.contains("null::varchar as fb_action"), "{text}");
    }

    #[test]
    fn what_a_plan_does_stands_beside_each_row() {
        let text = duckdb_views(&[ViewedTable { plan: Some("shop/plan/t0001.parquet".to_owned()), ..table("t", "t0001") }]);
        assert!(text.contains("left join read_parquet(['shop/plan/t0001.parquet'], file_row_number = true) p"), "{text}");
        assert!(text.contains("then d.\"new\"\n") && !text.contains("struct_pack"), "{text}");
    }

    #[test]
    fn columns_of_one_side_alone_come_to_what_old_has() {
        let fields = [("id", FieldOf::Both), ("a", FieldOf::OldAlone), ("A", FieldOf::NewAlone), ("f", FieldOf::FormOf(1))];
        let fields = fields.map(|(name, of)| (Ident::new(name), of)).to_vec();
        assert_eq!(
            packed(&fields, "n"),
            "struct_pack(\"id\" := struct_extract_at(n, 1), \"a\" := struct_extract_at(d.\"old\", 2), \
             \"A_1\" := case when false then struct_extract_at(n, 3) end, \
             \"f\" := case when struct_extract_at(n, 1) is not distinct from struct_extract_at(d.\"old\", 1) \
             then struct_extract_at(d.\"old\", 4) end)"
        );
    }
}
