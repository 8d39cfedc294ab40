//! How much of NEW's log failback's slots hold back, as lines; and `failback status --baseline`.

use std::path::Path;

use serde::Serialize;

use super::paint::tame;
use super::settings::Settings;
use super::step::Step;
use super::{Call, Exit, amount, run};
use crate::engine::{self, HeldLog, SlotState};
use crate::error::Result;
use crate::name::Side;
use crate::staging::Baseline;
use crate::store::LocalStore;

/// What the list is headed.
pub(super) const HEADING: &str = "slots of failback's on NEW, which keep its log until `failback disarm`:";

/// Says what a slot holds; `!` before what should not wait.
pub(super) fn sentence(held: &HeldLog) -> String {
    let alarm = if matches!(held.state, SlotState::Fine | SlotState::Gone) { "" } else { "! " };
    let parts = [
        held.retained_bytes.map(|bytes| format!("holds {}", amount::bytes(bytes))),
        held.wal_status.as_ref().map(|status| format!("wal_status {status}")),
        held.safe_bytes.map(|bytes| format!("lost after {} more", amount::bytes(u64::try_from(bytes).unwrap_or(0)))),
        held.why.clone(),
    ];
    let parts: Vec<_> = std::iter::once(held.state.word().to_owned()).chain(parts.into_iter().flatten()).collect();
    let said = format!("{alarm}{}: {}: {}", held.database, held.slot, parts.join(", "));
    tame(&said)
}

/// What `failback status --baseline` prints.
#[derive(Serialize)]
struct Held {
    slots: Vec<HeldLog>,
}

/// Looks at the slots that were made with a folder and prints what they hold.
pub(super) async fn tell(call: &Call, settings: &Settings, folder: &Path) -> Result<Exit> {
    let context = settings.context(call, run::none()?, &[Side::New])?;
    let (_, mark) = Baseline::read(&LocalStore::open(folder)?)?;
    let held = Held { slots: engine::held_log(&context, &mark).await? };
    let mut page = call.printer.page();
    if held.slots.is_empty() {
        page.line("no slot was made with it");
    }
    page.list(HEADING, held.slots.iter().map(sentence));
    if held.slots.iter().any(|slot| matches!(slot.state, SlotState::Warn | SlotState::Critical | SlotState::Lost)) {
        page.next([Step::Say("drop what is not needed any more: failback disarm".to_owned())]);
    }
    call.printer.result(&held, &page)?;
    Ok(Exit::Done)
}
