//! The whole job, four tables, from looking at both servers to knowing what landed.

use std::io::{BufRead as _, BufReader};
use std::process::{ChildStdout, Stdio};

use super::failback;
use crate::Outcome;
use crate::bench::{Bench, Place};
use crate::case::{Case, Set};
use crate::check::Check;
use crate::data;
use crate::sample;
use crate::server::Server;

/// The tables, parents first.
const TABLES: [&str; 4] = ["customers", "orders", "events", "blobs"];

/// One set.
pub(super) fn sets(bench: &Bench) -> Outcome<Vec<Set>> {
    let truths = bench.truths()?;
    let seed = concat!(
        r#"psql -qX -v ON_ERROR_STOP=1 -d "$NEW" -f "$SQL/seed_export.sql" && "#,
        r#"psql -qX -v ON_ERROR_STOP=1 -d "$OLD" -f "$SQL/seed_import.sql""#
    );
    let stamps = TABLES.map(|table| format!("[tables.\"{}\"]\nmethod = \"timestamps_only\"\n", failback::scope(table)));
    let mut cases = vec![
        Case::peer("seed", None, seed),
        // What the seed covers: deletes and events' silent updates are left aside.
        Case::failback("failback_seeds_coverage", recovery("")).before(failback::configure(stamps.concat())),
        Case::failback("failback", recovery("delete=apply_new ambiguous=apply_new --evidence delete=column"))
            .before(failback::configure("")),
    ];
    for case in &mut cases {
        case.before.insert(0, Box::new(|bench, _| data::restore(bench)));
        case.checks.push(Check::Own(Box::new(left_wrong)));
    }
    Ok(vec![Set {
        name: "whole.four_tables".to_owned(),
        title: "bring four tables home, from the first look to the last check".to_owned(),
        rows: truths.tables.iter().map(|truth| truth.changed() + truth.deleted).sum(),
        reference: "seed",
        database: failback::SHOP,
        rounds: None,
        cases,
    }])
}

/// Every step in its turn; each notes when it ended.
fn recovery(decisions: &str) -> String {
    let tables = TABLES.map(failback::scope).join(",");
    // `discover` keeps no run.
    let discover = failback::call("discover", &format!("--tables '{tables}'")).replace(" --run run", "");
    let decide = failback::call("decide", decisions);
    // Rows that are held on purpose are no failure.
    let held = |call: &str| format!("{{ {call} > /dev/null; (($? == 0 || $? == 9)); }}");
    let steps = [
        ("discover", discover),
        ("export", failback::export(&tables)),
        ("diff", failback::call("diff", "")),
        ("decide", if decisions.is_empty() { "true".to_owned() } else { decide }),
        ("plan", failback::call("plan", "")),
        ("merge", failback::write("merge")),
        ("verify", failback::call("verify", "")),
    ];
    let timed = steps.map(|(name, call)| format!("{} && {}", held(&call), sample::note(name)));
    format!("{}; {}", sample::note("start"), timed.join(" && "))
}

/// Says what is left: rows that OLD lacks, has in another state than NEW, or should not have any more.
fn left_wrong(bench: &Bench, place: &Place) -> Outcome<Option<String>> {
    let mut left = Vec::new();
    for table in TABLES {
        let [missing, stale, undeleted] = differences(bench, place, table)?;
        if missing + stale + undeleted > 0 {
            left.push(format!("{table}: {missing} missing, {stale} stale, {undeleted} undeleted"));
        }
    }
    Ok((!left.is_empty()).then(|| left.join("; ")))
}

/// Walks the keys and row hashes of both sides in key order.
fn differences(bench: &Bench, place: &Place, table: &str) -> Outcome<[u64; 3]> {
    let (mut old, mut new) = (Rows::of(&bench.servers.old, place, table)?, Rows::of(&bench.servers.new, place, table)?);
    let (mut left, mut right) = (old.next()?, new.next()?);
    let [mut missing, mut stale, mut undeleted] = [0; 3];
    loop {
        match (&left, &right) {
            (None, None) => return Ok([missing, stale, undeleted]),
            (Some(o), Some(n)) if o.0 == n.0 => {
                stale += u64::from(o.1 != n.1);
                (left, right) = (old.next()?, new.next()?);
            }
            (Some(o), n) if n.as_ref().is_none_or(|n| o.0 < n.0) => {
                undeleted += 1;
                left = old.next()?;
            }
            _ => {
                missing += 1;
                right = new.next()?;
            }
        }
    }
}

/// Keys and hashes of one side, as psql sends them.
struct Rows {
    lines: std::io::Lines<BufReader<ChildStdout>>,
    psql: std::process::Child,
}

impl Rows {
    fn of(server: &Server, place: &Place, table: &str) -> Outcome<Self> {
        let query = format!("copy (select id, hash_record_extended(t, 0) from {table} t order by id) to stdout");
        let mut psql = server.psql(place.database).command().args(["-c", &query]).stdout(Stdio::piped()).spawn()?;
        let lines = BufReader::new(psql.stdout.take().ok_or("psql has no output")?).lines();
        Ok(Self { lines, psql })
    }

    fn next(&mut self) -> Outcome<Option<(u64, String)>> {
        let Some(line) = self.lines.next() else {
            let ended = self.psql.wait()?;
            return if ended.success() { Ok(None) } else { Err(format!("psql: {ended}").into()) };
        };
        let line = line?;
        let (id, hash) = line.split_once('\t').ok_or("a row without a hash")?;
        Ok(Some((id.parse()?, hash.to_owned())))
    }
}
