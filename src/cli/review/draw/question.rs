//! The question before a rule is written.

use ratatui_core::text::Line;

use super::look::heading;
use super::text::cut;
use crate::cli::amount;
use crate::cli::paint::tame;
use crate::cli::review::question::Question;
use crate::cli::review::state::State;

/// The question, with a sample of the rows.
pub(super) fn lines(state: &State, question: &Question, width: usize) -> Vec<Line<'static>> {
    let draft = &question.draft;
    let table = state.rows.as_ref().and_then(|rows| state.tables.lines.get(rows.table));
    let table = table.map_or_else(String::new, |table| format!("{}: {}", tame(&table.database), tame(&table.name)));
    let mut lines = vec![heading(cut(&format!(" A rule for {table}"), width)), Line::default()];
    let mut say = |text: String| lines.push(Line::raw(cut(&format!("   {text}"), width)));
    if let Some(name) = &draft.name {
        say(format!("name        {}", tame(name)));
    }
    let filter = if draft.filter.is_empty() { "all rows".to_owned() } else { tame(&draft.filter.text()) };
    say(format!("rows        {filter}"));
    say(format!("resolution  {}", question.resolution));
    say(format!("why         {}", state.why.as_deref().map_or_else(|| "(none: w gives one)".to_owned(), tame)));
    say(String::new());
    say(format!("It means {}, and the plan stops once it means others.", amount::rows(draft.means)));
    if question.deletes > 0 {
        say(format!("! It deletes {} of OLD.", amount::rows(question.deletes)));
    }
    if question.before > 0 {
        say(format!("Rules before it decide {} of them.", amount::count(question.before)));
    }
    if question.not_evaluated > 0 {
        let rows = amount::count(question.not_evaluated);
        say(format!("Whether rules before it decide {rows} of them is not evaluated: `failback plan` asks OLD."));
    }
    if question.picks > 0 {
        say(format!("What is picked stays as it is picked: {} of the table.", amount::rows(question.picks)));
    }
    say(String::new());
    say("for example:".to_owned());
    for row in &question.sample {
        say(format!("  {row}"));
    }
    lines
}
