//! `failback disarm`.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::confirm::confirm_drop;
use super::options::WithNew;
use super::paint::tame;
use super::settings::Settings;
use super::{Call, Exit, amount, run};
use crate::engine::{self, Disarmed, DisarmedSlot};
use crate::error::Result;
use crate::name::Side;
use crate::staging::Baseline;
use crate::store::LocalStore;

/// Drop the slots that `failback arm --slot` made on NEW
///
/// Lets go of the log that NEW keeps for them. Drops no other slot: each is known by its name, its database, what decodes it,
/// and the server that it was made on. What is gone already is no error, so it can be run again. The folder stays as it is: its
/// mark and its digests are worth what they were.
#[derive(Args)]
#[command(after_help = "\
Examples:
  failback disarm --confirm new.example.com:5432
  failback disarm --baseline friday.armed --new postgres://dba@new/db")]
pub(super) struct Arguments {
    /// The folder that `failback arm` made
    #[arg(long, value_name = "DIR", default_value = "failback.armed")]
    baseline: PathBuf,
    /// Confirm by name: NEW's host:port
    #[arg(long, value_name = "NAME")]
    confirm: Option<String>,
    #[command(flatten)]
    pub(super) options: WithNew,
}

/// What was dropped.
#[derive(Serialize)]
struct Report {
    slots: Vec<DisarmedSlot>,
}

/// Drops the slots and prints which.
pub(super) async fn run(call: &Call, arguments: &Arguments) -> Result<Exit> {
    let settings = Settings::read(call, &arguments.options, None)?;
    let context = settings.context(call, run::none()?, &[Side::New])?;
    let (_, mark) = Baseline::read(&LocalStore::open(&arguments.baseline)?)?;
    let names: Vec<_> = mark.slots().map(|(_, slot)| slot.name.clone()).collect();
    if !names.is_empty() {
        confirm_drop(call, &context, &names, arguments.confirm.as_deref()).await?;
    }
    let report = Report { slots: engine::disarm(&context, &mark).await? };
    let mut page = call.printer.page();
    if report.slots.is_empty() {
        page.line("nothing to drop: no slot was made with it");
    }
    for slot in &report.slots {
        page.line(tame(&sentence(slot)));
    }
    call.printer.result(&report, &page)?;
    let is_left = report.slots.iter().any(|slot| slot.outcome == Disarmed::Left);
    Ok(if is_left { Exit::LeftAside } else { Exit::Done })
}

fn sentence(slot: &DisarmedSlot) -> String {
    let said = match (slot.outcome, slot.released_bytes, &slot.why) {
        (Disarmed::Dropped, Some(bytes), _) => format!("dropped; it held {}", amount::bytes(bytes)),
        (Disarmed::Dropped, None, _) => "dropped; what it held was lost before".to_owned(),
        (Disarmed::Gone, ..) => "gone already".to_owned(),
        (Disarmed::Left, _, Some(why)) => format!("left as it is: {why}"),
        (Disarmed::Left, _, None) => "left as it is".to_owned(),
    };
    format!("{}: {}: {said}", slot.database, slot.slot)
}
