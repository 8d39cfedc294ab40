//! What a table holds, byte for byte, and whether two tables hold the same.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use failback::name::Sided;
use failback::wire::{CopyDecoder, RowBuffer};
use futures::TryStreamExt;

use super::super::support::{self, block_on, connect};
use super::subject::Subject;

/// A row's fields, each the bytes of its type's send function, or its text where the type sends none.
pub(super) type Fields = Vec<Option<Bytes>>;

/// A table's rows by their `id`.
pub(super) type Image = BTreeMap<i32, Fields>;

/// Settings under which two servers print equal values alike, and print them exactly.
const PINS: &str = "set search_path = ''; set extra_float_digits = 3; set timezone = 'UTC'; set datestyle = 'ISO'; \
     set intervalstyle = 'postgres'; set bytea_output = 'hex'; set lc_monetary = 'C'; \
     set quote_all_identifiers = off; set client_encoding = 'UTF8'";

/// Reads queries' rows by binary COPY. Each query comes with its number of columns, of which the first is an `int`.
pub(super) fn read(url: &str, queries: &[(String, usize)]) -> Vec<Image> {
    block_on(async {
        let client = connect(url).await;
        client.batch_execute(PINS).await.expect("settings");
        let mut images = Vec::with_capacity(queries.len());
        for (query, columns) in queries {
            let stream = client.copy_out(&format!("copy ({query}) to stdout (format binary)")).await;
            let stream = stream.unwrap_or_else(|error| panic!("{query}: {error:?}"));
            let chunks: Vec<Bytes> = stream.try_collect().await.unwrap_or_else(|error| panic!("{query}: {error:?}"));
            images.push(image(&chunks, *columns));
        }
        images
    })
}

fn image(chunks: &[Bytes], columns: usize) -> Image {
    let mut decoder = CopyDecoder::new(columns);
    let mut rows = RowBuffer::new(columns);
    for chunk in chunks {
        decoder.feed(chunk, &mut rows).expect("a COPY stream");
    }
    decoder.finish().expect("a whole COPY stream");
    let field = |row, column| rows.field(row, column).map(Bytes::copy_from_slice);
    let id = |row| i32::from_be_bytes(rows.field(row, 0).expect("an id").try_into().expect("an int"));
    (0..rows.row_count()).map(|row| (id(row), (1..columns).map(|column| field(row, column)).collect())).collect()
}

/// Reads the subjects' tables.
pub(super) fn images(url: &str, subjects: &[Subject]) -> Vec<Image> {
    let queries: Vec<_> = subjects.iter().map(query).collect();
    read(url, &queries)
}

fn query(subject: &Subject) -> (String, usize) {
    let columns = subject.columns();
    let sent: Vec<_> =
        columns.iter().map(|column| if subject.is_binary { format!("t.{column}") } else { printed(column) }).collect();
    (format!("select t.id, {} from {} t", sent.join(", "), subject.qualified()), columns.len() + 1)
}

/// The output function's text. A cast to text may be another function; `format` always takes the output function.
pub(super) fn printed(column: &str) -> String {
    format!("case when num_nulls(t.{column}) = 0 then format('%s', t.{column}) end")
}

/// The OIDs of a database's own types. They differ between two databases, and arrays and records carry them.
pub(super) fn own_types(url: &str) -> HashMap<[u8; 4], String> {
    let query = "select t.oid::int8, format('%s.%s', n.nspname, t.typname) from pg_type t \
                 join pg_namespace n on n.oid = t.typnamespace where t.oid >= 16384";
    let parse = |row: &[Option<String>]| {
        let oid: u32 = row[0].as_deref().and_then(|text| text.parse().ok()).expect("an oid");
        (oid.to_be_bytes(), row[1].clone().unwrap_or_default())
    };
    support::rows(url, query).iter().map(|row| parse(row)).collect()
}

/// Two databases' own types, to see through the OIDs that values carry.
pub(super) struct Oids {
    /// OLD's OID for each of NEW's.
    translated: HashMap<[u8; 4], [u8; 4]>,
}

impl Oids {
    pub(super) fn between(old: &str, new: &str) -> Self {
        let by_name: HashMap<_, _> = own_types(old).into_iter().map(|(oid, name)| (name, oid)).collect();
        let translated = own_types(new).into_iter().filter_map(|(oid, name)| Some((oid, *by_name.get(&name)?))).collect();
        Self { translated }
    }

    /// Whether NEW's bytes are OLD's, but for the OIDs of types that both made.
    fn same(&self, old: &[u8], new: &[u8]) -> bool {
        if old.len() != new.len() {
            return false;
        }
        let mut at = 0;
        while at < old.len() {
            if old[at..] == new[at..] {
                return true;
            }
            if old[at] == new[at] {
                at += 1;
                continue;
            }
            // OIDs differ in their last bytes first: step back to where one may begin.
            let translates = |start: usize| {
                let oid = Sided { old, new }.map(|bytes| bytes.get(start..start + 4));
                let translated = oid.new.and_then(|oid| self.translated.get(oid)).map(<[u8; 4]>::as_slice);
                translated == oid.old && oid.old.is_some()
            };
            let Some(start) = (at.saturating_sub(3)..=at).find(|start| translates(*start)) else { return false };
            at = start + 4;
        }
        true
    }
}

/// Compares two images of a table; each line says where they differ, and how.
pub(super) fn differences(what: &str, columns: &[&str], old: &Image, new: &Image, oids: Option<&Oids>) -> Vec<String> {
    let same = |old: &Option<Bytes>, new: &Option<Bytes>| match (old, new) {
        (Some(old), Some(new)) => old == new || oids.is_some_and(|oids| oids.same(old, new)),
        (old, new) => old == new,
    };
    let mut found = Vec::new();
    for id in old.keys().chain(new.keys()).collect::<std::collections::BTreeSet<_>>() {
        let (Some(old), Some(new)) = (old.get(id), new.get(id)) else {
            found.push(format!("{what}: row {id} is on one side only"));
            continue;
        };
        for (column, (old, new)) in columns.iter().zip(old.iter().zip(new)) {
            if !same(old, new) {
                found.push(format!(
                    "{what}: row {id}, column {column}: OLD {} NEW {}",
                    shown(old.as_ref()),
                    shown(new.as_ref())
                ));
            }
        }
    }
    found
}

fn shown(field: Option<&Bytes>) -> String {
    field.map_or_else(|| "NULL".to_owned(), |bytes| format!("{} bytes {:?}", bytes.len(), bytes.slice(..bytes.len().min(60))))
}
