//! How much of NEW's write-ahead log failback's slots hold back: a slot that is forgotten fills a server's disk.

use serde::Serialize;

use super::context::Context;
use crate::config::Retention;
use crate::error::{Place as _, Result};
use crate::name::Side;
use crate::pg::{PLUGIN, Session, Slot};
use crate::staging::{DatabaseMark, Mark, MarkedSlot};
use crate::words::words;

/// What is to be thought of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SlotState {
    /// It is there, and holds little.
    Fine,
    /// It holds much, or is on the way to be lost.
    Warn,
    /// It holds so much that the server's disk may fill, or is about to be lost.
    Critical,
    /// What it held is gone.
    Lost,
    /// It is not there.
    Gone,
    /// There is one of its name, and it is not the one that was made.
    Foreign,
}

words!(SlotState {
    Fine => "fine",
    Warn => "warn",
    Critical => "critical",
    Lost => "lost",
    Gone => "gone",
    Foreign => "foreign",
});

/// A slot of failback's, and how much log it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HeldLog {
    /// The slot's name.
    pub slot: String,
    /// The database that it is of.
    pub database: String,
    /// What is to be thought of it.
    pub state: SlotState,
    /// How many bytes of log the server keeps for it, at the least.
    pub retained_bytes: Option<u64>,
    /// How many bytes may be written before it is lost; nothing where any amount may, or it is lost.
    pub safe_bytes: Option<i64>,
    /// What the server says of the log that it needs.
    pub wal_status: Option<String>,
    /// Why it was lost, or is foreign, as far as is known.
    pub why: Option<String>,
}

impl HeldLog {
    /// Judges a slot that is there.
    pub(crate) fn of(slot: &Slot, limits: Retention) -> Self {
        Self {
            slot: slot.name.clone(),
            database: slot.database.clone(),
            state: judge(slot, limits),
            retained_bytes: slot.retained_bytes,
            safe_bytes: slot.safe_bytes,
            wal_status: slot.wal_status.clone(),
            why: slot.lost_why.clone(),
        }
    }

    fn absent(database: &DatabaseMark, slot: &MarkedSlot, state: SlotState, why: Option<String>) -> Self {
        let (slot, database) = (slot.name.clone(), database.name.clone());
        Self { slot, database, state, retained_bytes: None, safe_bytes: None, wal_status: None, why }
    }
}

fn judge(slot: &Slot, limits: Retention) -> SlotState {
    let retained = slot.retained_bytes.unwrap_or(0);
    // What may be written yet, beside what is held already.
    let left = slot.safe_bytes.map(|safe| u64::try_from(safe).unwrap_or(0));
    if slot.is_lost() {
        SlotState::Lost
    } else if retained >= limits.critical() || slot.wal_status.as_deref() == Some("unreserved") || left == Some(0) {
        SlotState::Critical
    } else if retained >= limits.warn() || left.is_some_and(|left| left < retained / 2) {
        SlotState::Warn
    } else {
        SlotState::Fine
    }
}

/// Why a slot that is there is not the one that was made; `None` where it is.
pub(crate) fn foreign(slot: &Slot, database: &DatabaseMark) -> Option<String> {
    if slot.plugin != PLUGIN {
        return Some(format!("it is decoded by {}", slot.plugin));
    }
    (slot.database_oid != database.oid).then(|| format!("it is of another database, {}", slot.database))
}

/// Lists the slots on NEW that bear a name as failback gives them, of whichever database, with the session that was asked.
///
/// # Errors
/// Whatever connecting with the database can give.
pub(crate) async fn slots_on_new(context: &Context, database: &str) -> Result<(Session, Vec<Slot>)> {
    let session = context.servers().connect(Side::New, database).await?;
    let slots = session.slots().await.place(|| Side::New)?;
    Ok((session, slots))
}

/// Lists every slot on NEW that bears such a name: made by whomever, forgotten or not. Any database that is looked at will do.
///
/// # Errors
/// Whatever connecting can give.
pub(crate) async fn held_on_new(context: &Context, database: &str) -> Result<Vec<HeldLog>> {
    let (_, slots) = slots_on_new(context, database).await?;
    let limits = context.selection().retention();
    Ok(slots.iter().map(|slot| HeldLog::of(slot, limits)).collect())
}

/// Looks at the slots that were made with a mark.
///
/// # Errors
/// Whatever connecting can give.
pub async fn held_log(context: &Context, mark: &Mark) -> Result<Vec<HeldLog>> {
    let (_, found) = slots_on_new(context, context.servers().endpoint(Side::New).database()).await?;
    let limits = context.selection().retention();
    let one = |(database, slot): (&DatabaseMark, &MarkedSlot)| match found.iter().find(|one| one.name == slot.name) {
        None => HeldLog::absent(database, slot, SlotState::Gone, None),
        Some(there) => match foreign(there, database) {
            Some(why) => HeldLog::absent(database, slot, SlotState::Foreign, Some(why)),
            None => HeldLog::of(there, limits),
        },
    };
    Ok(mark.slots().map(one).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn state(text: &str, retained_bytes: Option<u64>, safe_bytes: Option<i64>, wal_status: &str) -> SlotState {
        let slot = Slot {
            name: "failback_20261130t072000z_1a2b_5".to_owned(),
            plugin: PLUGIN.to_owned(),
            database: "shop".to_owned(),
            database_oid: 5,
            is_read: false,
            wal_status: Some(wal_status.to_owned()),
            safe_bytes,
            retained_bytes,
            start: Some("0/1".to_owned()),
            lost_why: None,
        };
        judge(&slot, Config::parse(text, "failback.toml").unwrap().retention())
    }

    #[test]
    fn a_slot_that_holds_much_is_told_before_the_disk_is_full() {
        let mb = |count: u64| Some(count << 20);
        let limits = "slot = { warn = \"100MB\", critical = \"1GB\" }";
        assert_eq!(state(limits, mb(99), None, "extended"), SlotState::Fine);
        assert_eq!(state(limits, mb(100), None, "reserved"), SlotState::Warn);
        assert_eq!(state(limits, mb(1024), None, "extended"), SlotState::Critical);
        assert_eq!(state("", mb(1024), None, "extended"), SlotState::Fine, "what is built in is more");
    }

    #[test]
    fn a_slot_that_the_server_will_let_go_is_told_before_it_is_lost() {
        let mb = |count: u64| Some(count << 20);
        assert_eq!(state("", mb(60), Some(40 << 20), "extended"), SlotState::Fine);
        assert_eq!(state("", mb(70), Some(30 << 20), "extended"), SlotState::Warn);
        assert_eq!(state("", mb(70), Some(30 << 20), "unreserved"), SlotState::Critical);
        assert_eq!(state("", mb(70), Some(-1), "extended"), SlotState::Critical);
        assert_eq!(state("", None, None, "lost"), SlotState::Lost);
    }
}
