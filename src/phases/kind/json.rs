//! What programs print as JSON.

use serde_json::{Map, Value};

use crate::error::{Error, ErrorKind, Result};

/// Reads what a program printed.
///
/// # Errors
/// `Malformed` where it is no JSON.
pub(super) fn parse(program: &str, text: &str) -> Result<Value> {
    serde_json::from_str(text).map_err(|error| {
        Error::new(ErrorKind::Malformed, format!("read what {program} printed")).because(format!("it is no JSON: {error}"))
    })
}

/// Writes every key in small letters: versions of the Azure CLI disagree on `aRecords`, `ARecords` and `arecords`.
pub(super) fn lower_keys(value: Value) -> Value {
    match value {
        Value::Object(entries) => {
            let lower = entries.into_iter().map(|(key, value)| (key.to_lowercase(), lower_keys(value)));
            Value::Object(lower.collect::<Map<_, _>>())
        }
        Value::Array(values) => Value::Array(values.into_iter().map(lower_keys).collect()),
        other => other,
    }
}
