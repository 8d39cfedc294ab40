//! What a person sees while steps are carried out: a line when one begins, with the commands, and one when it ends.

use super::super::Call;
use crate::phases::course::Event;
use crate::phases::secrets::Secrets;
use crate::phases::state::State;

/// Tells what happens, on stderr.
pub(super) fn tell(call: &Call, secrets: &Secrets, event: &Event<'_>) {
    match event {
        Event::Begins(step, at, of) => {
            call.printer.note(&format!("[{at}/{of}] {}: {}", step.id, step.title));
            for line in step.kind.show() {
                call.printer.note(&format!("        {}", secrets.hide(&line)));
            }
        }
        Event::Ends(step, state, cause) => {
            let because = cause.map_or_else(String::new, |cause| format!(": {cause}"));
            let mark = if matches!(state, State::Failed | State::Unknown) { "!" } else { " " };
            call.printer.note(&format!("      {mark} {} {state}{because}", step.id));
        }
        Event::Waits(step, cause) => call.printer.note(&format!("        {} waits: {cause}", step.id)),
        Event::TakesBack(step) => call.printer.note(&format!("        {} is taken back", step.id)),
        Event::Rests(step, until) => {
            let until = until.strftime("%H:%M:%S UTC");
            call.printer.note(&format!("        {} waits until {until}: traffic was moved a moment ago", step.id));
        }
        Event::Note(text) => call.printer.note(&format!("        note: {text}")),
    }
}
