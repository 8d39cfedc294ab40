//! What single columns of a row get: chosen on the row's screen, written as a pick of the row.

use super::event::Request;
use super::key_map::Command;
use super::prompt::{Asks, Prompt};
use super::rows::Rows;
use super::state::{Over, State};
use crate::engine::ShownColumn;
use crate::policy::{Choice, Choices, Resolution, ValueOf};

impl State {
    /// What a key about one column asks for.
    pub(super) fn on_choice(&mut self, command: Command) -> Option<Request> {
        match command {
            Command::Take(of) => self.choose(Some(Choice::Of(of))),
            Command::SetNull => self.choose(Some(Choice::Null)),
            Command::Release => self.choose(None),
            _ => {
                if self.read_only.is_none() {
                    self.over = Some(Over::Prompt(Prompt::of(Asks::Value, "")));
                }
                None
            }
        }
    }

    /// Chooses what the column under the cursor gets.
    pub(super) fn choose(&mut self, choice: Option<Choice>) -> Option<Request> {
        let (Some(open), None) = (&self.row, &self.read_only) else {
            return None;
        };
        let view = self.rows.as_ref().and_then(Rows::chosen)?;
        let shown = |column: &&ShownColumn| open.alike || column.differs;
        let column = view.seen.row.columns.iter().filter(shown).nth(usize::try_from(open.list.at).ok()?)?.name.clone();
        let decided = &view.decided;
        if !decided.resolution.says_the_rest() {
            self.said = Some("whose are the other columns? decide about the row first: OLD's, or NEW's".to_owned());
            return None;
        }
        let choices = chosen(&decided.choices, &column, choice.clone(), decided.resolution);
        if choices == decided.choices {
            self.said = Some(format!("{column} is so already: nothing is written"));
            return None;
        }
        if let Err(cause) = choices.check(view.seen.row.class, decided.resolution) {
            self.said = Some(cause);
            return None;
        }
        Some(Request::Choose { position: view.seen.position, column, choice, why: self.why.clone() })
    }
}

/// What columns get once one of them gets something else. What the row's resolution says anyway is not said again.
pub(super) fn chosen(known: &Choices, column: &str, choice: Option<Choice>, resolution: Resolution) -> Choices {
    let rest = match resolution {
        Resolution::KeepOld => Some(Choice::Of(ValueOf::Old)),
        Resolution::ApplyNew => Some(Choice::Of(ValueOf::New)),
        _ => None,
    };
    let mut choices = known.clone();
    match choice.filter(|choice| rest.as_ref() != Some(choice)) {
        Some(choice) if known.0.get(column).is_some_and(|known| known.choice == choice) => {}
        Some(choice) => choices.choose(column, choice),
        None => drop(choices.0.remove(column)),
    }
    choices
}
