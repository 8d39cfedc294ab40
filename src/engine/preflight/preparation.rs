//! One thing that can be prepared: whether it is, what it buys, and how it is made.

use serde::Serialize;

use super::server_facts::ServerFacts;
use crate::pg::SlotFacts;
use crate::words::words;

/// Whether something is prepared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Readiness {
    /// It is.
    Ready,
    /// It can be, at once.
    Possible,
    /// It can be, and the server has to be started anew for it.
    Restart,
    /// It cannot be, on this server.
    Impossible,
}

words!(Readiness {
    Ready => "ready",
    Possible => "possible",
    Restart => "restart",
    Impossible => "impossible",
});

/// One thing that a server can be prepared with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Preparation {
    /// What: a setting or an extension.
    pub what: &'static str,
    /// Whether it is prepared.
    pub readiness: Readiness,
    /// How it is now.
    pub now: String,
    /// What it buys if a recovery is needed.
    pub buys: &'static str,
    /// What makes it, as a statement for an administrator; nothing where it is made, or cannot be.
    pub run: Vec<String>,
}

/// Lists what a server can be prepared with, of which so many databases are moved.
pub(super) fn of_server(facts: &ServerFacts, user: &str, databases: usize) -> Vec<Preparation> {
    vec![commit_times(facts), inspect(facts, user), summaries(facts), logical(&facts.slots, user, databases)]
}

fn commit_times(facts: &ServerFacts) -> Preparation {
    let is_on = facts.commit_times;
    Preparation {
        what: "track_commit_timestamp",
        readiness: if is_on { Readiness::Ready } else { Readiness::Restart },
        now: if is_on { "on" } else { "off" }.to_owned(),
        buys: "the server says by itself, without a mark, which transactions were over at the cutover",
        run: if is_on { Vec::new() } else { vec!["ALTER SYSTEM SET track_commit_timestamp = on;".to_owned()] },
    }
}

fn inspect(facts: &ServerFacts, user: &str) -> Preparation {
    let (readiness, now) = match (facts.inspect.as_str(), facts.may_inspect) {
        ("here", true) => (Readiness::Ready, "in this database, and this user may use it"),
        ("here", false) => (Readiness::Possible, "in this database, and this user may not use it"),
        ("available", _) => (Readiness::Possible, "not in this database"),
        _ => (Readiness::Impossible, "the server does not have it: it comes with PostgreSQL 15, among its contributed modules"),
    };
    let mut run = Vec::new();
    if readiness == Readiness::Possible && facts.inspect == "available" {
        run.push("CREATE EXTENSION pg_walinspect;".to_owned());
    }
    if readiness == Readiness::Possible && !facts.may_inspect {
        run.push(format!("GRANT pg_read_server_files, pg_monitor TO {user};"));
    }
    Preparation {
        what: "pg_walinspect",
        readiness,
        now: now.to_owned(),
        buys: "the same from write-ahead log, as long as the server keeps that of the cutover (wal_keep_size)",
        run,
    }
}

fn summaries(facts: &ServerFacts) -> Preparation {
    let (readiness, now) = match facts.summaries {
        Some(true) => (Readiness::Ready, "on"),
        Some(false) => (Readiness::Possible, "off"),
        None => (Readiness::Impossible, "PostgreSQL 17 is the first that can"),
    };
    let statement = "ALTER SYSTEM SET summarize_wal = on; SELECT pg_reload_conf();";
    Preparation {
        what: "summarize_wal",
        readiness,
        now: now.to_owned(),
        buys: "the server keeps a list of the blocks that were written since, ten days long (wal_summary_keep_time)",
        run: if readiness == Readiness::Possible { vec![statement.to_owned()] } else { Vec::new() },
    }
}

fn logical(slots: &SlotFacts, user: &str, databases: usize) -> Preparation {
    let wanted = SlotFacts::wanted(databases);
    let missing = wanted.saturating_sub(slots.free).max(0);
    let mut run = Vec::new();
    if slots.wal_level != "logical" {
        run.push("ALTER SYSTEM SET wal_level = logical;".to_owned());
    }
    if missing > 0 {
        run.push(format!("ALTER SYSTEM SET max_replication_slots = {};", slots.most.saturating_add(missing)));
    }
    let readiness = match (run.is_empty(), slots.may_replicate) {
        (true, true) => Readiness::Ready,
        (true, false) => Readiness::Possible,
        (false, _) => Readiness::Restart,
    };
    if !slots.may_replicate {
        run.push(format!("ALTER ROLE {user} REPLICATION;"));
    }
    let may = if slots.may_replicate { "" } else { ", which this user may not make" };
    Preparation {
        what: "wal_level",
        readiness,
        now: format!("{}, {} replication slots free of {wanted} that are needed{may}", slots.wal_level, slots.free.max(0)),
        buys: "`failback arm --slot` has the server keep what was inserted and deleted since, as a fact; or logical \
               replication from NEW back to OLD can be set up at the cutover: where it was, failback is not needed",
        run,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(wal_level: &str, free: i64, may_replicate: bool) -> SlotFacts {
        SlotFacts { wal_level: wal_level.to_owned(), kept_mb: None, free, most: 10, may_replicate }
    }

    fn facts() -> ServerFacts {
        ServerFacts {
            commit_times: true,
            summaries: Some(true),
            slots: slots("logical", 4, true),
            inspect: "here".to_owned(),
            may_inspect: true,
        }
    }

    #[test]
    fn what_is_prepared_needs_no_statement_and_what_is_not_has_one() {
        assert!(of_server(&facts(), "dba", 3).iter().all(|one| one.readiness == Readiness::Ready && one.run.is_empty()));
        let bare = ServerFacts {
            commit_times: false,
            summaries: Some(false),
            slots: slots("replica", 0, false),
            inspect: "available".to_owned(),
            may_inspect: false,
        };
        let found = of_server(&bare, "\"dba\"", 3);
        let readiness: Vec<_> = found.iter().map(|one| one.readiness).collect();
        assert_eq!(readiness, [Readiness::Restart, Readiness::Possible, Readiness::Possible, Readiness::Restart]);
        assert!(found.iter().all(|one| !one.run.is_empty()));
        assert_eq!(found[1].run[1], "GRANT pg_read_server_files, pg_monitor TO \"dba\";");
        let made = ["wal_level = logical", "max_replication_slots = 14", "ROLE \"dba\" REPLICATION"];
        assert!(found[3].run.iter().zip(made).all(|(run, part)| run.contains(part)), "{:?}", found[3].run);
        let logical = |slots| of_server(&ServerFacts { slots, ..facts() }, "dba", 3)[3].readiness;
        assert_eq!(logical(slots("logical", 3, true)), Readiness::Restart, "one more is needed to read");
        assert_eq!(logical(slots("logical", 4, false)), Readiness::Possible);
        let old = ServerFacts { summaries: None, inspect: "none".to_owned(), ..facts() };
        let impossible = of_server(&old, "dba", 3).into_iter().filter(|one| one.readiness == Readiness::Impossible);
        assert_eq!(impossible.map(|one| one.what).collect::<Vec<_>>(), ["pg_walinspect", "summarize_wal"]);
    }
}
