//! Where everything in an account comes from.

use super::account::Fact;
use crate::name::Side;
use crate::pg::ServerIdentity;
use crate::policy::Decisions;
use crate::staging::{DatabaseRecord, DiffIndex, Manifest, Plan, Sealed};
use crate::store::Store;

/// Lists it.
pub(super) fn of(
    store: &dyn Store,
    manifest: &Sealed<Manifest>,
    index: &Sealed<DiffIndex>,
    plan: Option<&Sealed<Plan>>,
    decisions: &Decisions,
) -> Vec<Fact> {
    let mut facts = vec![
        fact("run", &manifest.run_id),
        fact("folder", store.location()),
        fact("this page by", format!("failback {}", env!("FAILBACK_VERSION"))),
        fact("cutover", &manifest.cutover),
        fact("overlap before it", format!("{} s", manifest.overlap_us / 1_000_000)),
        fact("zone of times without one", &manifest.zone),
        fact("exported", format!("{}, by failback {}", manifest.made_at, manifest.tool_version)),
        fact("manifest.json, BLAKE3", manifest.own_blake3()),
        fact("compared", &index.made_at),
        fact("diff.json, BLAKE3", index.own_blake3()),
    ];
    if let Some(plan) = plan {
        facts.push(fact("planned", format!("{}, by failback {}", plan.made_at, plan.tool_version)));
        facts.push(fact("plan", &plan.digest));
        facts.push(fact("plan.json, BLAKE3", plan.own_blake3()));
    }
    facts.push(fact("decisions, what they mean", decisions.digest()));
    for database in &manifest.databases {
        facts.extend(of_database(database));
    }
    facts
}

fn of_database(database: &DatabaseRecord) -> Vec<Fact> {
    let name = &database.name;
    let mut facts = Vec::new();
    for side in Side::BOTH {
        let server = match side {
            Side::Old => &database.old,
            Side::New => &database.new,
        };
        facts.push(fact(&format!("{name}: {side}"), identity(server)));
        if let Some(ended) = &database.ended {
            let said = format!("every transaction below {} was over", ended.get(side));
            facts.push(fact(&format!("{name}: {side}'s snapshot"), said));
        }
    }
    match database.horizons() {
        Some(horizons) => {
            for side in Side::BOTH {
                let horizon = horizons.get(side);
                let said = format!("every transaction below {} was over, by {}", horizon.horizon.xid(), horizon.source);
                facts.push(fact(&format!("{name}: {side} at the cutover"), said));
            }
        }
        None => facts.push(fact(&format!("{name}: at the cutover"), "which transactions were over is not known")),
    }
    if let Some(base) = &database.base {
        facts.push(fact(&format!("{name}: BASE"), identity(&base.identity)));
    }
    if let Some(baseline) = &database.baseline {
        facts.push(fact(&format!("{name}: baseline"), baseline));
    }
    if let Some(log) = &database.log {
        let unused = log.unused.as_ref().map_or_else(String::new, |why| format!("; not used: {why}"));
        facts.push(fact(&format!("{name}: NEW's log"), format!("slot {} from {}{unused}", log.slot, log.start)));
    }
    facts
}

fn identity(server: &ServerIdentity) -> String {
    let place = match (&server.address, server.port) {
        (Some(address), Some(port)) => format!("{address}:{port}"),
        _ => "a Unix socket".to_owned(),
    };
    let system = server.system_identifier.as_deref().unwrap_or("hidden");
    let timeline = server.timeline.map_or_else(String::new, |timeline| format!(", timeline {timeline}"));
    format!("PostgreSQL {} at {place}, {}, system {system}{timeline}", server.version, server.encoding)
}

fn fact(name: &str, value: impl std::fmt::Display) -> Fact {
    Fact { name: name.to_owned(), value: value.to_string() }
}
