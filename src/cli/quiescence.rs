//! Whether the servers were quiet, in sentences that say no more than was looked at.

use super::amount::moment;
use super::amount::plural;
use crate::engine::DatabaseQuiescence;
use crate::name::Side;
use crate::pg::Writers;
use crate::staging::{Quiescence, Quiet, Since};

/// One sentence for each side that was looked at; `!` marks what the export may lack.
pub(super) fn sentences(found: &[DatabaseQuiescence]) -> Vec<String> {
    let one = |one: &DatabaseQuiescence| {
        let lacks = one.quiescence.side == Side::New && one.quiescence.found != Quiet::Quiet;
        format!("{}{}: {}", if lacks { "! " } else { "" }, one.database, sentence(&one.quiescence))
    };
    found.iter().map(one).collect()
}

fn sentence(seen: &Quiescence) -> String {
    let side = seen.side;
    let since = match seen.since {
        Since::Mark => "the mark",
        Since::Snapshot => "the export's snapshot",
    };
    let remedy =
        if side == Side::New { "; what it takes since then is not found: keep writers away, and export again" } else { "" };
    match seen.found {
        Quiet::Quiet => format!("{side} was not written from {since} to {}", moment(&seen.until)),
        Quiet::Written => format!("{side} is being written, by {}{remedy}", named(&seen.writers)),
        Quiet::NotKnown => {
            format!("whether {side} was written since {since} is not known: {}{remedy}", why(seen))
        }
    }
}

/// Why nothing is known.
fn why(seen: &Quiescence) -> String {
    if seen.ids() > 0 {
        let ids = plural(seen.ids(), "transaction id was", "transaction ids were");
        return format!("{ids} given out on its server, of whichever database, those of its own upkeep included");
    }
    match (seen.writers.is_empty(), seen.since) {
        (false, _) => format!("transactions were going on: {}", named(&seen.writers)),
        (true, Since::Mark) => "transactions were going on at the mark".to_owned(),
        (true, Since::Snapshot) => "it is a standby, and its primary was not asked".to_owned(),
    }
}

/// Whose transactions were going on.
fn named(writers: &[Writers]) -> String {
    let one = |one: &Writers| {
        let whose = one.role.as_deref().or(one.kind.as_deref()).unwrap_or("somebody");
        let many = match (one.kind.as_deref(), &one.database) {
            (Some("prepared transaction"), _) => plural(one.transactions, "prepared transaction", "prepared transactions"),
            (_, None) => plural(one.transactions, "transaction, over by now", "transactions, over by now"),
            _ => plural(one.transactions, "transaction", "transactions"),
        };
        format!("{whose} ({many})")
    };
    writers.iter().map(one).collect::<Vec<_>>().join(", ")
}
