//! What stands of a rollback that was taken back, or that is to be: said by all who say where a rollback is.

use serde::Serialize;

use super::super::page::Page;
use super::folder::Rollback;
use crate::phases::account::Account;
use crate::phases::finish::{self, Finish};
use crate::phases::state::State;
use crate::phases::step::Step;

/// A step that changed something, or may have, which stands.
#[derive(Serialize)]
pub(super) struct NotTakenBack {
    step: String,
    state: &'static str,
    /// Whether `undo` can take it back.
    pub(super) can_be: bool,
    /// The command that takes it back where `undo` cannot.
    #[serde(skip_serializing_if = "Option::is_none")]
    by_hand: Option<String>,
}

impl NotTakenBack {
    fn of(rollback: &Rollback, account: &Account, step: &Step) -> Self {
        let state = account.state(&step.id);
        let folder = rollback.store.folder().display().to_string();
        let by_hand = step.kind.by_hand().map(|command| command.replace("${rollback.folder}", &folder));
        let can_be = step.kind.can_undo() && state != State::Failed;
        Self { step: step.id.clone(), state: state.word(), can_be, by_hand }
    }

    fn line(&self) -> String {
        let state = if self.state == State::Done.word() { String::new() } else { format!(" ({})", self.state) };
        let by_hand = self.by_hand.as_ref().map_or_else(String::new, |command| format!(": by hand, {command}"));
        format!("{}{state}{by_hand}", self.step)
    }
}

/// What stands of a rollback of which something was taken back; nothing where nothing was.
pub(super) fn left(rollback: &Rollback, account: &Account) -> Vec<NotTakenBack> {
    if Finish::taken(&rollback.plan.runbook, account).is_none() {
        return Vec::new();
    }
    stands(rollback, account)
}

/// What stands of it in any case.
pub(super) fn stands(rollback: &Rollback, account: &Account) -> Vec<NotTakenBack> {
    let all = finish::stands(&rollback.plan.runbook, account);
    all.into_iter().map(|step| NotTakenBack::of(rollback, account, step)).collect()
}

/// Lists what stands.
pub(super) fn tell(page: &mut Page, left: &[NotTakenBack]) {
    let lines = |can_be: bool| left.iter().filter(move |one| one.can_be == can_be).map(NotTakenBack::line);
    page.list("stands, and can be taken back:", lines(true));
    page.list("cannot be taken back:", lines(false));
}
