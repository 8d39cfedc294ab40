//! Errors for people and for programs: what failed, where, the cause, whether OLD was touched, what to do next.

use serde_json::{Value, json};

use super::paint::{Paint, tame};
use crate::error::Error;

/// Lays an error out in lines.
pub(super) fn text(error: &Error, paint: Paint) -> String {
    let mut lines = vec![format!("{} {}", paint.red("error:"), tame(error.what()))];
    let mut part = |label: &str, said: &[String]| {
        for (index, sentence) in said.iter().flat_map(|said| said.lines()).enumerate() {
            let label = if index == 0 { label } else { "" };
            lines.push(format!("  {label:<6} {}", tame(sentence)));
        }
    };
    let place = error.places().join(", ");
    part("where:", &if place.is_empty() { Vec::new() } else { vec![place] });
    part("cause:", &error.causes());
    part("state:", &[error.old_state().to_string()]);
    part("next:", &error.hints());
    lines.join("\n") + "\n"
}

/// Returns an error as the member of a JSON document.
pub(super) fn value(error: &Error) -> Value {
    json!({
        "error": {
            "kind": error.kind().word(),
            "what": error.what(),
            "where": error.places(),
            "cause": error.causes(),
            "state": error.old_state().to_string(),
            "next": error.hints(),
            "exit_code": error.kind().exit_code(),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{ErrorKind, OldState};

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
                        foreign_key_violation\n  state: OLD is as it was: the transaction was rolled back\n  next:  one\n         \
                        two\n";
        assert_eq!(text(&error, Paint::default()), expected);
        assert_eq!(value(&error)["error"]["exit_code"], 4);
    }

    #[test]
    fn a_hostile_name_stays_text() {
        let error = Error::new(ErrorKind::Server, "read").at("a\u{1b}[2J");
        assert!(!text(&error, Paint::default()).contains('\u{1b}'));
    }
}
