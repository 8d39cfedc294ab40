//! The statements in `sql/`: each says what it is for, and every server that it is meant for takes it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use failback::name::Side;
use tokio_postgres::Client;

use crate::support::{self, Majors, block_on};

/// Every statement with its file.
fn statements() -> BTreeMap<PathBuf, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql");
    let entries = |folder: &Path| fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let files = entries(&folder).filter(|path| path.is_dir()).flat_map(|room| entries(&room).collect::<Vec<_>>());
    files.map(|path| (path.clone(), fs::read_to_string(&path).expect("a statement"))).collect()
}

/// Returns the least major version that a statement's header names.
fn least_version(statement: &str) -> u32 {
    let rest = statement.split_once("\n-- Server: ").expect("a header with a version").1;
    rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().expect("a version")
}

#[test]
fn every_header_says_what_goes_in_and_out() {
    for (path, sql) in statements() {
        for part in ["\n-- Parameters: ", "\n-- Columns: ", "\n-- Server: "] {
            assert!(sql.contains(part), "{} lacks `{}`", path.display(), part.trim());
        }
    }
}

#[test]
fn types_of_the_catalog_are_named_with_its_schema() {
    for (path, sql) in statements() {
        let lines = sql.lines().filter(|line| !line.starts_with("--"));
        // One text is compared with what the server prints.
        let bare = lines.filter(|line| line.replace("::pg_catalog.", "").replace("::regclass)'", "").contains("::"));
        assert_eq!(bare.collect::<Vec<_>>(), [""; 0], "{}", path.display());
    }
}

#[test]
fn every_server_takes_every_statement_that_is_meant_for_it() {
    for majors in [Majors { old: 13, new: 16 }, Majors { old: 14, new: 17 }, Majors { old: 15, new: 18 }] {
        let pair = support::pair_on("fixed_sql", majors);
        for side in Side::BOTH {
            let taken = block_on(async { take(&support::connect(pair.url(side)).await, majors.of(side)).await });
            assert!(taken >= 30, "{taken} on {majors:?}");
        }
    }
}

/// Has a server of this version prepare every statement that is meant for it, and returns how many there are.
async fn take(client: &Client, version: u32) -> usize {
    client.batch_execute(include_str!("../../sql/ledger/create_schema.sql")).await.expect("the ledger's schema");
    client.batch_execute(include_str!("../../sql/ledger/create.sql")).await.expect("the ledger, which others read");
    client.batch_execute(include_str!("../../sql/ledger/create_brought.sql")).await.expect("its memory of keys");
    let mut taken = 0;
    for (path, sql) in statements().into_iter().filter(|(_, sql)| least_version(sql) <= version) {
        let is_batch = sql.contains("\n-- A batch");
        // It makes what was made above.
        let sql = if path.ends_with("create_schema.sql") { sql.replace("\"failback\"", "once_more") } else { sql };
        let result = if is_batch { client.batch_execute(&sql).await } else { client.prepare(&sql).await.map(drop) };
        result.unwrap_or_else(|error| panic!("{version}: {}: {error:?}", path.display()));
        taken += 1;
    }
    taken
}
