//! Where SQL may stand: statements in `statement` and `sql/`, and those that begin and end transactions in two files.

use std::path::Path;

use super::{offenders, production, room_of, sources};

/// Returns the string literals of a source text, with the number of the line on which each begins.
fn literals(text: &str) -> Vec<(usize, String)> {
    let bytes = text.as_bytes();
    let (mut found, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let rest = &text[at..];
        let end = match bytes[at] {
            b'/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            b'\'' if rest.starts_with("'\\") => rest[2..].char_indices().nth(1).map_or(rest.len(), |(end, _)| end + 2),
            // A character; a lifetime has no second quote there.
            b'\'' => match rest[1..].chars().next() {
                Some(inner) if rest[1 + inner.len_utf8()..].starts_with('\'') => inner.len_utf8() + 2,
                _ => 1,
            },
            b'"' => quoted(rest),
            b'r' if is_raw(text, at) => raw(rest),
            _ => rest.chars().next().map_or(1, char::len_utf8),
        };
        if matches!(bytes[at], b'"' | b'r') && end > 1 {
            let line = text[..at].matches('\n').count() + 1;
            found.push((line, rest[..end].trim_matches(['r', '#']).trim_matches('"').to_owned()));
        }
        at += end;
    }
    found
}

/// The length of a literal in quotes.
fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            '"' if !escaped => return at + 1,
            '\\' if !escaped => escaped = true,
            _ => escaped = false,
        }
    }
    text.len()
}

fn is_raw(text: &str, at: usize) -> bool {
    let own_word = !text[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_');
    own_word && text[at + 1..].trim_start_matches('#').starts_with('"')
}

/// The length of a raw literal.
fn raw(text: &str) -> usize {
    let fence = text[1..].find('"').unwrap_or(0);
    let close = format!("\"{}", "#".repeat(fence));
    text[fence + 2..].find(&close).map_or(text.len(), |end| fence + 2 + end + close.len())
}

/// Whether a statement begins or ends a transaction or a part of one.
fn governs_a_transaction(text: &str) -> bool {
    text.to_lowercase().split(';').any(|statement| {
        let words: Vec<_> = statement.split_whitespace().take(3).collect();
        match words.as_slice() {
            ["begin" | "commit" | "rollback" | "abort"]
            | ["savepoint", ..]
            | ["start" | "set" | "prepare", "transaction", ..]
            | ["release", "savepoint", ..]
            | ["set", "local" | "session", "transaction" | "characteristics", ..] => true,
            ["begin" | "commit" | "rollback" | "abort", second, ..] => {
                ["isolation", "work", "transaction", "read", "not", "deferrable", "to", "and", "prepared"].contains(second)
            }
            _ => false,
        }
    })
}

/// Whether a text is SQL, or a part of it. What is shown to people as SQL is in capitals.
fn is_sql(text: &str) -> bool {
    const PARTS: [&str; 13] = [
        "pg_catalog.",
        "pg_temp.",
        "operator(",
        "coalesce(",
        "::text",
        "::int8",
        "::reg",
        "collate \\\"C\\\"",
        " returning ",
        " order by ",
        " where t.",
        " is not null",
        "at time zone",
    ];
    const OBJECTS: [&str; 9] = ["table", "temporary", "index", "schema", "sequence", "column", "type", "function", "trigger"];
    let has = |part: &str| text.contains(part);
    let words: Vec<_> = text.split_whitespace().take(2).collect();
    let begins = match words.as_slice() {
        ["select", ..] => has(" from ") || has("("),
        ["update", ..] => has(" set "),
        ["copy", ..] => has(" stdin") || has(" stdout"),
        ["insert", "into"] | ["delete", "from"] | ["lock", "table"] | ["set", "local" | "constraints" | "session"] => true,
        ["create" | "alter" | "drop" | "truncate", object] => OBJECTS.contains(object),
        ["explain" | "analyze" | "vacuum", ..] => words.len() > 1,
        _ => false,
    };
    begins || PARTS.into_iter().any(has)
}

fn offending(allowed: impl Fn(&Path) -> bool, is_meant: impl Fn(&str) -> bool) -> Vec<String> {
    offenders(|path, text, found| {
        if allowed(path) || room_of(path) == Some("demo") {
            return;
        }
        let meant = literals(production(text)).into_iter().filter(|(_, literal)| is_meant(literal));
        found.extend(meant.map(|(line, literal)| format!("{}:{line}: {literal}", path.display())));
    })
}

#[test]
fn only_a_transaction_begins_commits_and_rolls_back() {
    // The last reads what a server prints of transactions that are over.
    let own = ["src/pg/transaction.rs", "src/pg/snapshot.rs", "src/wire/decoded.rs"].map(Path::new);
    // A rollback of a migration is a word of these rooms, which send no statement of their own.
    let speaks = |path: &Path| path.starts_with("src/phases") || path.starts_with("src/cli");
    let found = offending(|path| own.contains(&path) || speaks(path), governs_a_transaction);
    assert!(found.is_empty(), "{found:#?}");
    for path in own {
        let known = sources().into_iter().any(|(source, text)| {
            source == path && literals(production(&text)).iter().any(|(_, literal)| governs_a_transaction(literal))
        });
        assert!(known, "the check does not see {}", path.display());
    }
}

#[test]
fn fixed_statements_leave_transactions_alone() {
    for folder in std::fs::read_dir("sql").expect("statements").map(|entry| entry.expect("an entry").path()) {
        for path in std::fs::read_dir(&folder).into_iter().flatten().map(|entry| entry.expect("an entry").path()) {
            let text = std::fs::read_to_string(&path).expect("a statement");
            let code: Vec<_> = text.lines().filter(|line| !line.trim_start().starts_with("--")).collect();
            assert!(!governs_a_transaction(&code.join("\n")), "{}", path.display());
        }
    }
}

#[test]
fn sql_stands_in_the_room_of_statements() {
    let found = offending(|path| matches!(room_of(path), Some("name" | "pg" | "statement")), is_sql);
    assert!(found.is_empty(), "{found:#?}");
    let statements = sources().into_iter().filter(|(path, _)| room_of(path) == Some("statement"));
    let known = statements.flat_map(|(_, text)| literals(production(&text))).filter(|(_, literal)| is_sql(literal)).count();
    assert!(known > 40, "the check sees {known} statements in their own room");
}

#[test]
fn literals_are_told_from_comments_characters_and_lifetimes() {
    let text =
        "// \"no\"\nlet a: &'a str = \"one \\\" more\"; let b = '\"'; let c = r#\"raw \"two\"\"#;\nlet d = '\\''; \"three\"";
    let expected = [(2, "one \\\" more"), (2, "raw \"two"), (3, "three")];
    let found = literals(text);
    assert_eq!(found.iter().map(|(line, text)| (*line, text.as_str())).collect::<Vec<_>>(), expected);
}

#[test]
fn what_is_said_to_people_is_no_sql() {
    for said in ["copy rows out", "delete rows", "update rows", "select columns", "create the run", "lock OLD's ledger"] {
        assert!(!is_sql(said) && !governs_a_transaction(said), "{said}");
    }
    assert!(!governs_a_transaction("begin the segment") && !is_sql("GRANT SET ON PARAMETER session_replication_role"));
    for statement in ["update t set a = 1", "select 1 from t", "set local jit = off", "explain (costs off) {query}"] {
        assert!(is_sql(statement), "{statement}");
    }
    for statement in ["select; commit", "begin isolation level read committed", "rollback to savepoint x", "savepoint {name}"] {
        assert!(governs_a_transaction(statement), "{statement}");
    }
}
