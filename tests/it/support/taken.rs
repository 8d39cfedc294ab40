//! Options that tests give to whichever verb takes them.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::failback;

/// Returns those of some options, each with its value, that a verb takes by its own help.
pub(crate) fn taken<'a>(verb: &str, options: &[(&'a str, &'a str)]) -> Vec<&'a str> {
    let help = help(verb);
    let is_taken = |option: &&(&str, &str)| help.contains(&format!(" {} <", option.0));
    options.iter().filter(is_taken).flat_map(|(option, value)| [*option, *value]).collect()
}

/// A verb's help, which is asked for once.
fn help(verb: &str) -> String {
    static KNOWN: Mutex<Option<HashMap<String, String>>> = Mutex::new(None);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let ask = || {
        let output = failback(&[verb, "--help"]);
        assert_eq!(output.code, 0, "{verb}: {}", output.stderr);
        output.stdout
    };
    known.get_or_insert_default().entry(verb.to_owned()).or_insert_with(ask).clone()
}
