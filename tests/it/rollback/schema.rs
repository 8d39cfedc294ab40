//! The JSON Schema of runbooks knows what their reader knows, and no more.

use std::collections::BTreeSet;

use failback::phases::kind::KindWord;
use failback::phases::runbook::Runbook;
use failback::phases::shipped::Shipped;
use failback::phases::state::Effect;
use failback::phases::vars::Vars;
use failback::words::Word;
use serde_json::{Map, Value, json};

use crate::support::failback;

fn schema() -> Value {
    serde_json::from_str(include_str!("../../../docs/runbook.schema.json")).expect("JSON")
}

/// What a schema has against a value, as far as this one says anything.
fn faults(root: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    if let Some(name) = schema["$ref"].as_str() {
        return faults(root, &root["$defs"][name.trim_start_matches("#/$defs/")], value, at);
    }
    let mut found = Vec::new();
    let kind = match value {
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_i64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
        Value::Null => "null",
    };
    let kinds: Vec<_> = match &schema["type"] {
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    };
    let is_one = kinds.is_empty() || kinds.contains(&kind) || (kind == "integer" && kinds.contains(&"number"));
    if !is_one {
        found.push(format!("{at}: {kind}, and not {kinds:?}"));
    }
    if schema["enum"].as_array().is_some_and(|words| !words.contains(value)) {
        found.push(format!("{at}: {value} is no word of it"));
    }
    if let Value::Object(entries) = value {
        let wanted = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        found.extend(wanted.filter(|key| !entries.contains_key(*key)).map(|key| format!("{at}: lacks {key}")));
        for (key, value) in entries {
            match (&schema["properties"][key], &schema["additionalProperties"]) {
                (Value::Null, Value::Bool(false)) => found.push(format!("{at}: unknown {key}")),
                (Value::Null, other) => found.extend(faults(root, other, value, &format!("{at}.{key}"))),
                (known, _) => found.extend(faults(root, known, value, &format!("{at}.{key}"))),
            }
        }
    }
    for (number, item) in value.as_array().into_iter().flatten().enumerate() {
        found.extend(faults(root, &schema["items"], item, &format!("{at}[{number}]")));
    }
    let ways: Vec<_> = schema["anyOf"].as_array().into_iter().flatten().map(|way| faults(root, way, value, at)).collect();
    if !ways.iter().any(Vec::is_empty) {
        found.extend(ways.into_iter().flatten());
    }
    for one in schema["allOf"].as_array().into_iter().flatten() {
        if one["if"]["properties"]["kind"]["const"] == value["kind"] {
            found.extend(faults(root, &one["then"], value, at));
        }
    }
    found
}

fn of_toml(value: &toml_edit::Value) -> Value {
    match value {
        toml_edit::Value::String(text) => json!(text.value()),
        toml_edit::Value::Integer(number) => json!(number.value()),
        toml_edit::Value::Float(number) => json!(number.value()),
        toml_edit::Value::Boolean(flag) => json!(flag.value()),
        toml_edit::Value::Array(list) => list.iter().map(of_toml).collect(),
        toml_edit::Value::InlineTable(table) => {
            Value::Object(table.iter().map(|(key, value)| (key.to_owned(), of_toml(value))).collect())
        }
        toml_edit::Value::Datetime(_) => Value::Null,
    }
}

fn of_item(item: &toml_edit::Item) -> Value {
    let of_table = |table: &toml_edit::Table| -> Map<String, Value> {
        table.iter().map(|(key, item)| (key.to_owned(), of_item(item))).collect()
    };
    match item {
        toml_edit::Item::Value(value) => of_toml(value),
        toml_edit::Item::Table(table) => Value::Object(of_table(table)),
        toml_edit::Item::ArrayOfTables(tables) => tables.iter().map(|table| Value::Object(of_table(table))).collect(),
        toml_edit::Item::None => Value::Null,
    }
}

fn judge(text: &str) -> Vec<String> {
    let document: toml_edit::DocumentMut = text.parse().expect("TOML");
    faults(&schema(), &schema(), &of_item(document.as_item()), "it")
}

#[test]
fn every_shipped_runbook_is_one_by_the_schema() {
    for shipped in Shipped::ALL {
        assert_eq!(judge(shipped.runbook()), Vec::<String>::new(), "{shipped}");
        assert_eq!(judge(&shipped.whole()), Vec::<String>::new(), "{shipped}");
    }
    let (quick, put_together) = (Shipped::Quick.whole(), Shipped::Quick.runbook());
    let wrong = [
        (quick.replace("kind = \"azure\"", "kind = \"azrue\""), "is no word of it"),
        (quick.replace("do = \"kubeconfig\"", "do = \"kubecofnig\""), "is no word of it"),
        (quick.replace("needs = [\"fence\"]", "nedes = [\"fence\"]"), "unknown nedes"),
        (quick.replace("side = \"old\"\n", ""), "lacks side"),
        (quick.replace("optional = true", "optional = \"yes\""), "string, and not"),
        (quick.replace("within = \"5m\"", "wihtin = \"5m\""), "unknown wihtin"),
        (put_together.replace("include = \"end\"", "include = \"edn\""), "is no word of it"),
        (put_together.replace("include = \"end\"", "inclued = \"end\""), "unknown inclued"),
    ];
    for (text, fault) in wrong {
        assert!(judge(&text).iter().any(|found| found.contains(fault)), "{fault}: {:?}", judge(&text));
    }
}

/// The keys that the reader knows, by its own error about one that it does not.
fn told(text: &str) -> BTreeSet<String> {
    let error = Runbook::parse(text, "r", &Vars::default()).expect_err("an unknown key");
    let cause = error.causes().join("; ");
    let known = cause.split_once("known are ").unwrap_or_else(|| panic!("{cause}")).1;
    known.split(", ").map(str::to_owned).collect()
}

fn words_of<W: Word>() -> Vec<String> {
    W::ALL.iter().map(|word| word.word().to_owned()).collect()
}

fn keys(schema: &Value) -> BTreeSet<String> {
    assert_eq!(schema["additionalProperties"], false, "{schema:#}");
    schema["properties"].as_object().expect("keys").keys().cloned().collect()
}

#[test]
fn the_schema_knows_every_key_and_word_of_the_reader_and_no_other() {
    let schema = schema();
    let definition = |name: &str| &schema["$defs"][name];
    let head = "runbook = \"r\"\ntitle = \"r\"\nsummary = \"r\"\n";
    let step = "[[step]]\nid = \"a\"\ntitle = \"a\"\n";
    assert_eq!(keys(&schema), told("zzzzzzzz = 1\n"));
    for word in KindWord::ALL {
        let own = keys(definition(&format!("step_{word}")));
        assert_eq!(own, told(&format!("{head}{step}kind = \"{word}\"\nzzzzzzzz = 1\n")), "{word}");
        let check =
            format!("{head}{step}kind = \"checklist\"\n[[step.item]]\nid = \"b\"\ntext = \"b\"\ncheck.kind = \"{word}\"\n");
        assert_eq!(keys(definition(&format!("check_{word}"))), told(&format!("{check}check.zzzzzzzz = 1\n")), "{word}");
    }
    assert_eq!(keys(definition("item")), told(&format!("{head}{step}kind = \"checklist\"\n[[step.item]]\nzzzzzzzz = 1\n")));
    let wait = format!("{head}{step}kind = \"wait\"\nfor = \"1s\"\n");
    assert_eq!(keys(definition("approval")), told(&format!("{wait}approval.zzzzzzzz = 1\n")));
    assert_eq!(keys(definition("notice")), told(&format!("{wait}[[notice]]\nzzzzzzzz = 1\n")));
    let words = |place: &Value| -> Vec<String> {
        place["enum"].as_array().expect("words").iter().map(|word| word.as_str().expect("a word").to_owned()).collect()
    };
    assert_eq!(words(&definition("step")["properties"]["kind"]), words_of::<KindWord>());
    assert_eq!(words(&definition("step_command")["properties"]["effect"]), words_of::<Effect>());
    // The parts are those that the reader takes.
    let told_of = |step: &str| told(&format!("{head}[[step]]\n{step}"));
    assert_eq!(keys(definition("include")), told_of("include = \"end\"\nzzzzzzzz = 1\n"));
    let parts = &definition("include")["properties"]["include"];
    assert_eq!(words(parts).into_iter().collect::<BTreeSet<_>>(), told_of("include = \"zzzzzzzz\"\n"));
    // What a step is asked to do is a word as well: what the schema does not list, the reader does not take.
    for word in KindWord::ALL {
        let own = &definition(&format!("step_{word}"))["properties"]["do"];
        if own.is_null() {
            continue;
        }
        let text = format!("{head}{step}kind = \"{word}\"\ndo = \"zzzzzzzz\"\n");
        assert_eq!(words(own).into_iter().collect::<BTreeSet<_>>(), told(&text), "{word}");
    }
}

#[test]
fn the_schema_is_printed_as_it_ships() {
    let printed = failback(&["rollback", "runbook", "schema"]);
    assert_eq!((printed.code, printed.stdout.as_str()), (0, include_str!("../../../docs/runbook.schema.json")));
    let json = failback(&["rollback", "runbook", "schema", "--json"]);
    assert_eq!(json.code, 2, "it is no document of ours");
}
