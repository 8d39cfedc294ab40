//! Errors for people and for programs: what failed, where, the cause, whether OLD was touched, what to do next.

use serde_json::{Value, json};

use super::fold::{fold, fold_whole};
use super::paint::{Paint, tame};
use crate::error::{Error, OldState};

/// Where what is said of an error begins, behind the names of its parts.
const PART: usize = 9;

/// Lays an error out in lines, none wider than `width`. `state` is what OLD may have seen, unless the error says it; `command`
/// is the verb that failed.
pub(super) fn text(error: &Error, state: &OldState, command: &str, paint: Paint, width: Option<usize>) -> String {
    let mut lines = vec![fold(&format!("{} {}", paint.red("error:"), tame(error.what())), width, "error: ".len())];
    let mut part = |fold: fn(&str, Option<usize>, usize) -> String, label: &str, said: &[String]| {
        for (index, sentence) in said.iter().flat_map(|said| said.lines()).enumerate() {
            let label = if index == 0 { label } else { "" };
            lines.push(fold(&format!("  {label:<6} {}", tame(sentence)), width, PART));
        }
    };
    part(fold, "where:", &[places(error, command).join(", ")]);
    part(fold, "cause:", &error.causes());
    part(fold, "state:", &[error.old_state().unwrap_or(state).to_string()]);
    // Commands are among them.
    part(fold_whole, "next:", &error.hints());
    lines.join("\n") + "\n"
}

/// An error without a place happened in the command itself.
fn places(error: &Error, command: &str) -> Vec<String> {
    if error.places().is_empty() { vec![format!("failback {command}")] } else { error.places().to_vec() }
}

/// Returns an error as the member of a JSON document.
pub(super) fn value(error: &Error, state: &OldState, command: &str) -> Value {
    json!({
        "error": {
            "kind": error.kind().word(),
            "what": error.what(),
            "where": places(error, command),
            "cause": error.causes(),
            "state": error.old_state().unwrap_or(state).to_string(),
            "next": error.hints(),
            "exit_code": error.kind().exit_code(),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn an_error_has_five_parts() {
        let inner = Error::new(ErrorKind::Server, "insert rows").because("23503 foreign_key_violation");
        let error = Error::new(ErrorKind::Refused, "merge")
            .at("public.orders")
            .at("OLD shop")
            .because(inner)
            .state(OldState::RolledBack)
            .next("one")
            .next("two");
        let expected = "error: merge\n  where: OLD shop, public.orders\n  cause: insert rows\n         23503 \
                        foreign_key_violation\n  state: OLD is as it was: the transaction was rolled back\n  \
                        next:  one\n         two\n";
        assert_eq!(text(&error, &OldState::NotWritten, "merge", Paint::default(), None), expected);
        assert_eq!(value(&error, &OldState::NotWritten, "merge")["error"]["exit_code"], 4);
    }

    #[test]
    fn a_hostile_name_stays_text() {
        let error = Error::new(ErrorKind::Server, "read").at("a\u{1b}[2J");
        assert!(!text(&error, &OldState::NotWritten, "read", Paint::default(), None).contains('\u{1b}'));
    }

    #[test]
    fn an_error_without_a_place_happened_in_the_command() {
        let error = Error::new(ErrorKind::Usage, "read the cutover").because("it has no offset");
        assert!(
            text(&error, &OldState::NotWritten, "export", Paint::default(), None)
                .contains("\n  where: failback export\n  cause: ")
        );
        assert_eq!(value(&error, &OldState::NotWritten, "export")["error"]["where"][0], "failback export");
    }
}
