//! What follows from what was seen of a side.

use super::report::Watched;
use crate::pg::Writers;
use crate::staging::Quiet;

/// How PostgreSQL's own upkeep is called among processes.
const UPKEEP: [&str; 3] = ["autovacuum worker", "autovacuum launcher", "checkpointer"];

/// Says whether the side was written, and why that is known or not. Nobody wrote where no transaction got an id and none that
/// had one was going on: one gets an id before it writes its first row. The log's growth proves nothing by itself.
pub(super) fn judge(seen: &Watched) -> (Quiet, Vec<String>) {
    let mut why: Vec<_> = seen.writers.iter().filter(|one| is_users(one)).map(named).collect();
    let ids = seen.to.next.saturating_sub(seen.from.next);
    if ids > 0 {
        let counted = seen.databases.iter().filter(|database| database.rows > 0);
        why.extend(counted.map(|one| format!("{} rows of {}'s tables were counted as written", one.rows, one.name)));
    }
    let busy = |one: &&crate::pg::Subscribed| one.works && ids > 0;
    why.extend(seen.subscriptions.iter().filter(busy).map(|one| format!("the subscription {} is at work", one.name)));
    if !why.is_empty() {
        return (Quiet::Written, why);
    }
    if seen.standby {
        why.push("it is a standby, and its primary was not asked".to_owned());
    }
    if ids > 0 {
        why.push(format!(
            "{ids} transaction ids were given out on the server, of whichever database, its own upkeep included, and nobody \
             was seen at it"
        ));
    }
    why.extend(seen.writers.iter().map(named));
    if !why.is_empty() {
        return (Quiet::NotKnown, why);
    }
    why.push("no transaction id was given out on the whole server, and none was held".to_owned());
    if seen.log_bytes.is_some_and(|bytes| bytes > 0) {
        why.push(
            "its log has grown all the same: checkpoints, running transactions noted down, pages written whole for a hint, and \
             vacuum do that without writing a row"
                .to_owned(),
        );
    }
    (Quiet::Quiet, why)
}

/// Whether a transaction is a user's, and no upkeep.
fn is_users(one: &Writers) -> bool {
    let is_upkeep = one.kind.as_deref().is_some_and(|kind| UPKEEP.contains(&kind));
    one.database.is_some() && one.role.is_some() && !is_upkeep
}

/// Says whose transactions were going on.
fn named(one: &Writers) -> String {
    let whose = one.role.as_deref().or(one.kind.as_deref()).unwrap_or("somebody");
    let database = one.database.as_ref().map(|name| format!(" in {name}")).unwrap_or_default();
    let kind = match one.kind.as_deref() {
        Some("prepared transaction") => ", prepared: it can be committed at any time",
        Some(kind) if UPKEEP.contains(&kind) => ", the server's own upkeep",
        _ => "",
    };
    let many = if one.transactions == 1 { "a transaction".to_owned() } else { format!("{} transactions", one.transactions) };
    format!("{many} of {whose}{database}{kind}")
}

#[cfg(test)]
mod tests {
    use super::super::report::WatchedDatabase;
    use super::*;
    use crate::pg::{Subscribed, TransactionIds};

    fn seen(ids: u64, writers: &[(Option<&str>, Option<&str>, &str)]) -> Watched {
        let at = |next| TransactionIds { next, ended: next, wal: "0/1".to_owned() };
        let writer = |(database, role, kind): &(Option<&str>, Option<&str>, &str)| Writers {
            database: database.map(str::to_owned),
            role: role.map(str::to_owned),
            kind: Some((*kind).to_owned()),
            transactions: 1,
        };
        Watched {
            verdict: Quiet::NotKnown,
            why: Vec::new(),
            seconds: 1.0,
            from: at(100),
            to: at(100 + ids),
            log_bytes: Some(56),
            standby: false,
            sees_others: true,
            databases: vec![WatchedDatabase { name: "shop".to_owned(), rows: 0, commits: 3 }],
            sessions: Vec::new(),
            writers: writers.iter().map(writer).collect(),
            subscriptions: Vec::new(),
        }
    }

    #[test]
    fn quiet_and_written_are_said_only_where_they_are_seen() {
        let (shop, app) = (Some("shop"), Some("app"));
        let verdict = |seen: &Watched| judge(seen).0;
        assert_eq!(verdict(&seen(0, &[])), Quiet::Quiet);
        assert!(judge(&seen(0, &[])).1[1].contains("its log has grown all the same"));
        assert_eq!(verdict(&seen(2, &[])), Quiet::NotKnown);
        assert_eq!(verdict(&seen(0, &[(shop, app, "client backend")])), Quiet::Written);
        assert_eq!(verdict(&seen(0, &[(shop, app, "prepared transaction")])), Quiet::Written);
        assert_eq!(verdict(&seen(1, &[(shop, None, "autovacuum worker")])), Quiet::NotKnown);
        assert_eq!(verdict(&Watched { standby: true, ..seen(0, &[]) }), Quiet::NotKnown);
        let rows = |ids| Watched {
            databases: vec![WatchedDatabase { name: "shop".to_owned(), rows: 4, commits: 0 }],
            ..seen(ids, &[])
        };
        assert_eq!(verdict(&rows(1)), Quiet::Written);
        assert_eq!(verdict(&rows(0)), Quiet::Quiet, "counted late: what was written before");
        let subscription = Subscribed { name: "from_old".to_owned(), works: true, received: None };
        assert_eq!(verdict(&Watched { subscriptions: vec![subscription], ..seen(1, &[]) }), Quiet::Written);
    }
}
