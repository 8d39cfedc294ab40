//! Without a mark: what else says which transactions were over at the cutover, and where it must not be believed.

mod by_hand;
mod checkpoint;
mod commit_timestamps;
mod estimated;
mod fence;
mod histories;
mod once;
mod versions;
mod wal;

use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arrow_array::cast::AsArray as _;
use failback::config::{Config, Cutover, GivenXid};
use failback::delta::{Class, Evidence, HorizonSource, TriedSource};
use failback::demo::{Cluster, ClusterOptions};
use failback::engine::Selection;
use failback::error::ErrorKind;
use failback::name::Sided;
use failback::schema::{Covered, Method};
use failback::staging::{DatabaseRecord, DiffIndex, Manifest, SegmentReader};

use super::*;

const TABLE: &str = "create table t (id int primary key, v text)";
const ROWS: &str = "insert into t select g, 'both' from generate_series(1, 20) g";

/// What each side does after the cutover.
const NEW: &str = "update t set v = 'new' where id in (1, 2); delete from t where id = 3; insert into t values (30, 'new')";
const OLD: &str = "update t set v = 'old' where id in (2, 4); delete from t where id = 6";

/// What that comes to: 1; 3; 6, which OLD deleted; 30; 2. Row 4 is as it was on NEW, and not looked at.
const TOLD: [(Class, u64); 5] = [
    (Class::Update, 1),
    (Class::Delete, 1),
    (Class::OldOnly, 1),
    (Class::AmbiguousMissingOnOld, 1),
    (Class::UpdateOriginDiffers, 1),
];

/// Servers of these tests alone, which take turns: what is going on elsewhere on a server counts.
struct Servers {
    clusters: Sided<Cluster>,
    turn: Mutex<u32>,
}

impl Servers {
    fn start(settings: &[(&str, &str)]) -> Self {
        Self::start_on(support::Majors::installed(), settings)
    }

    fn start_on(majors: support::Majors, settings: &[(&str, &str)]) -> Self {
        let settings: Vec<_> = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let start = |side: Side| {
            let label = format!("horizon-{}", side.word());
            let options = ClusterOptions { label, settings: settings.clone(), ..ClusterOptions::default() };
            let cluster = Cluster::start(&support::binaries_of(side, majors.of(side)), &options).expect("a server");
            // What is kept of transactions is known from the first checkpoint on.
            support::sql(&cluster.url("postgres"), "checkpoint");
            cluster
        };
        Self { clusters: Sided::of(start), turn: Mutex::new(0) }
    }

    /// Takes a turn, with one fresh database on each side.
    fn pair(&self) -> (Pair, MutexGuard<'_, u32>) {
        let mut turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        *turn += 1;
        let database = format!("horizon_{turn}");
        let urls = self.clusters.as_ref().map(|cluster| {
            support::sql(&cluster.url("postgres"), &format!("create database {database} template template0"));
            cluster.url(&database)
        });
        (Pair { database, old: urls.old, new: urls.new }, turn)
    }
}

/// Servers that keep nothing but what every server does.
fn plain() -> &'static Servers {
    static SERVERS: LazyLock<Servers> = LazyLock::new(|| Servers::start(&[("max_prepared_transactions", "5")]));
    &SERVERS
}

/// A table with rows on both sides, that was there before.
fn estate(servers: &Servers) -> (Pair, MutexGuard<'_, u32>) {
    let (pair, turn) = servers.pair();
    both(&pair, TABLE);
    both(&pair, ROWS);
    (pair, turn)
}

/// The same databases, for another recovery.
fn again(pair: &Pair) -> Pair {
    Pair { database: pair.database.clone(), old: pair.old.clone(), new: pair.new.clone() }
}

/// Runs something on both sides.
fn both(pair: &Pair, statements: &str) {
    for side in Side::BOTH {
        support::sql(pair.url(side), statements);
    }
}

/// Lets a moment pass before and after the cutover, so that clocks tell them apart.
fn cut_over() -> Cutover {
    std::thread::sleep(Duration::from_millis(30));
    let cutover = Cutover::parse(&Timestamp::now().to_string()).expect("a cutover");
    std::thread::sleep(Duration::from_millis(30));
    cutover
}

/// A recovery with this cutover, and as little overlap as this.
fn case(pair: Pair, cutover: &Cutover, config: &str) -> Recovery {
    let mut case = recovery(pair, &format!("overlap = \"0s\"\n{config}"));
    choose(&mut case, |selection| selection.with_cutover(Some(cutover.clone())));
    case
}

fn choose(case: &mut Recovery, how: impl FnOnce(Selection) -> Selection) {
    case.context = case.context.clone().with_selection(how(case.context.selection().clone()));
}

/// What is known of the only database.
fn record(case: &Recovery) -> DatabaseRecord {
    discovered(case).expect("a discovery").databases.remove(0)
}

fn method(case: &Recovery) -> Method {
    record(case).tables[0].method
}

/// The horizon of a side and what it is from, or what every source lacks.
fn horizon(case: &Recovery, side: Side) -> Result<(HorizonSource, u64), Vec<(HorizonSource, String)>> {
    let tried = record(case).horizon_sources.expect("a search").get(side).clone();
    match tried.iter().find_map(TriedSource::known) {
        Some(known) => Ok((known.source, known.horizon.xid())),
        None => Err(tried
            .into_iter()
            .filter_map(|one| match one {
                TriedSource::Lacks { source, why } => Some((source, why)),
                TriedSource::Used { .. } | TriedSource::Offers { .. } => None,
            })
            .collect()),
    }
}

fn counts(case: &Recovery) -> Vec<(Class, u64)> {
    case.up_to_plan().into_iter().map(|((_, class), rows)| (class, rows)).collect()
}

/// Expects that each side's writes of the usual work are told apart.
fn expect_told(case: &Recovery) {
    assert_eq!(method(case), Method::Xid);
    let mut expected = TOLD.to_vec();
    expected.sort();
    assert_eq!(counts(case), expected);
}

/// The words for what the verdicts of the first table rest on, OLD's and NEW's, sorted and each once.
fn evidence(case: &Recovery) -> Sided<Vec<String>> {
    let diff = DiffIndex::read(&case.store).expect("a diff");
    Sided::of(|side| {
        let mut found = Vec::new();
        for segment in &diff.databases[0].tables[0].segments {
            for batch in SegmentReader::open(&case.store, segment, 100).expect("a segment") {
                let batch = batch.expect("a batch");
                let words = batch.column_by_name(&format!("fb_evidence_{}", side.word())).expect("a column");
                found.extend(words.as_string::<i32>().iter().flatten().map(str::to_owned));
            }
        }
        found.sort();
        found.dedup();
        found
    })
}

/// The next transaction of a side, as a person would look it up.
fn next_xid(pair: &Pair, side: Side) -> u64 {
    let next = support::value(pair.url(side), "select pg_snapshot_xmax(pg_current_snapshot())::text");
    next.and_then(|text| text.parse().ok()).expect("an id")
}
