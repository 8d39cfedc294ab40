//! The whole way through the engine, on the estate and its incident: what is found, what is merged, what is taken back.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use failback::config::{Config, Cutover};
use failback::delta::Class;
use failback::demo;
use failback::engine::{self, Context, Limits, MergeOptions, Reporter, Selection, Servers, Silent, Stop};
use failback::error::{ErrorKind, OldState};
use failback::name::{Side, Sided};
use failback::pg::{Endpoint, OldWrites};
use failback::staging::Mark;
use failback::store::{LocalStore, Store};
use jiff::{SignedDuration, Timestamp};

use super::support::{self, Pair, block_on};

/// A recovery of one pair of databases, in a run of its own.
pub(crate) struct Recovery {
    pub(crate) context: Context,
    pub(crate) pair: Pair,
    pub(crate) store: LocalStore,
    folder: tempfile::TempDir,
}

/// A configuration with a zone for wall clocks, unless it says something of its own.
fn with_zone(config: &str) -> String {
    if config.contains("zone") { config.to_owned() } else { format!("zone = \"UTC\"\n{config}") }
}

impl Recovery {
    /// Plans a recovery of a pair with a cutover two hours ago.
    pub(crate) fn of(pair: Pair, cutover: Timestamp, config: &str) -> Self {
        if cutover > Timestamp::now() - SignedDuration::from_mins(30) {
            // What one from before the cutover would say depends on when the server made its last.
            for side in Side::BOTH {
                support::sql(pair.url(side), "checkpoint");
            }
        }
        let folder = tempfile::tempdir().expect("a folder for the run");
        let endpoint = |side: Side| Endpoint::resolve(side, Some(pair.url(side)), &|_| None).expect("an endpoint");
        let store = LocalStore::create(&folder.path().join("run")).expect("a run");
        let config = Config::parse(&with_zone(config), "failback.toml").expect("a configuration");
        let cutover = Cutover::parse(&cutover.to_string()).expect("a cutover");
        let selection = Selection::new(config).with_cutover(Some(cutover)).with_databases(vec![pair.database.clone()]);
        let endpoints = Sided { old: endpoint(Side::Old), new: endpoint(Side::New) };
        let servers = Servers::new(endpoints, Stop::default(), OldWrites::default());
        let reporter = Reporter::new(Arc::new(Silent), Stop::default());
        let context = Context::new(servers, Arc::new(store.clone()), selection, reporter, Limits::new(2));
        Self { context, pair, store, folder }
    }

    /// Asks for some tables only.
    pub(crate) fn choose(&mut self, tables: &str) {
        let selection = self.context.selection().clone().with_tables(vec![tables.to_owned()]);
        self.context = self.context.clone().with_selection(selection);
    }

    /// Asks for these tables; for all where there are none.
    pub(crate) fn choose_all(&mut self, tables: &[String]) {
        let selection = self.context.selection().clone().with_tables(tables.to_vec());
        self.context = self.context.clone().with_selection(selection);
    }

    /// Looks at these databases.
    pub(crate) fn look_at(&mut self, databases: Vec<String>) {
        let selection = self.context.selection().clone().with_databases(databases);
        self.context = self.context.clone().with_selection(selection);
    }

    /// Goes by a mark.
    pub(crate) fn go_by(&mut self, mark: Arc<Mark>) {
        let selection = self.context.selection().clone().with_mark(Some(mark));
        self.context = self.context.clone().with_selection(selection);
    }

    /// Estimates which transactions were over at the cutover.
    pub(crate) fn estimate(&mut self) {
        let selection = self.context.selection().clone().with_estimate(true);
        self.context = self.context.clone().with_selection(selection);
    }

    /// Asks a third server what there was at the cutover.
    pub(crate) fn ask_base(&mut self, url: &str) {
        let base = Endpoint::resolve_base(Some(url), None, &|_| None).expect("an endpoint");
        let servers = self.context.servers().clone().with_base(Some(base));
        self.context = self.context.clone().with_servers(servers);
    }

    /// Keeps the run in another store.
    pub(crate) fn keep_in(&mut self, store: Arc<dyn Store>) {
        self.context = self.context.clone().with_store(store);
    }

    /// The folder that holds the run.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes the run's decisions. Where deletes are decided, stamps are evidence enough for them, unless the text asks for
    /// evidence itself.
    pub(crate) fn decide(&self, text: &str) {
        let is_plain = text.contains("delete = \"apply_new\"") && !text.contains("evidence]");
        let evidence = if is_plain { "\n[evidence]\ndelete = \"column\"\n" } else { "" };
        self.store.write("decisions.toml", format!("{text}{evidence}").as_bytes()).expect("decisions");
    }

    /// Exports, compares and plans; returns the keys by table and class.
    pub(crate) fn up_to_plan(&self) -> BTreeMap<(String, Class), u64> {
        block_on(engine::export(&self.context)).expect("an export");
        let diff = block_on(engine::diff(&self.context)).expect("a diff");
        block_on(engine::plan(&self.context)).expect("a plan");
        let tables = diff.tables.iter();
        tables.flat_map(|one| one.counts.iter().map(|(class, rows)| ((one.table.clone(), class), rows))).collect()
    }
}

/// The estate's database with its incident, on a fresh pair.
pub(crate) fn incident(test: &str, database: &str) -> (Pair, Timestamp) {
    let pair = support::pair(test);
    let cutover = Timestamp::now() - SignedDuration::from_hours(2);
    play(&pair, database, cutover);
    (pair, cutover)
}

/// Loads the estate's database as it was at the cutover, and plays its incident.
pub(crate) fn play(pair: &Pair, database: &str, cutover: Timestamp) {
    block_on(async {
        for side in Side::BOTH {
            demo::load_database(pair.url(side), database, cutover).await.expect("the estate");
        }
        for side in [Side::New, Side::Old] {
            demo::play_incident_on(side, pair.url(side), database, cutover).await.expect("the incident");
        }
    });
}

const TABLES: &str = "select format('%I.%I', n.nspname, c.relname) from pg_class c \
     join pg_namespace n on n.oid = c.relnamespace where c.relkind in ('r', 'p') and not c.relispartition \
     and n.nspname not in ('pg_catalog', 'information_schema', 'failback') order by 1";

/// The md5 of every table's rows, ordered by their text.
pub(crate) fn fingerprint(url: &str) -> BTreeMap<String, Option<String>> {
    let digest =
        |table: &str| support::value(url, &format!("select md5(string_agg(t::text, E'\\n' order by t::text)) from {table} t"));
    let tables = support::rows(url, TABLES).into_iter().filter_map(|mut row| row.remove(0));
    tables.map(|table| (table.clone(), digest(&table))).collect()
}

fn leave_held() -> MergeOptions {
    MergeOptions { leave_held: true, ..MergeOptions::default() }
}

/// What became of a database of the estate.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Keys by table and class.
    counts: BTreeMap<(String, Class), u64>,
    /// Rows that the merge wrote.
    written: u64,
    /// OLD after the merge.
    merged: BTreeMap<String, Option<String>>,
}

/// Plays the incident of a database of the estate on a pair, recovers it, and takes it back. The cutover is always the same
/// one, and so are the rows: the outcome depends on nothing but the database.
pub(crate) fn comes_home_and_goes_back(pair: Pair, database: &str) -> Outcome {
    let cutover = "2026-01-14T10:00:00Z".parse().expect("an instant");
    play(&pair, database, cutover);
    let before = fingerprint(&pair.old);
    let recovery = Recovery::of(pair, cutover, "");
    let counts = recovery.up_to_plan();
    assert!(counts.values().sum::<u64>() > 0);
    let refused = block_on(engine::merge(&recovery.context, MergeOptions::default())).expect_err("rows wait");
    assert_eq!((refused.kind(), refused.old_state()), (ErrorKind::Refused, Some(&OldState::NotWritten)));
    assert_eq!(fingerprint(&recovery.pair.old), before, "a refusal writes nothing");
    let report = block_on(engine::merge(&recovery.context, leave_held())).expect("a merge");
    assert!(report.rows() > 0);
    let merged = fingerprint(&recovery.pair.old);
    let verified = block_on(engine::verify(&recovery.context)).expect("a verification");
    assert_eq!(verified.state_of_rows(), engine::State::VerifiedWithHeld, "{verified:#?}");
    let again = block_on(engine::merge(&recovery.context, leave_held())).expect("a merge");
    assert!(
        again.databases.iter().all(|database| database.outcome == engine::DatabaseOutcome::DoneBefore),
        "a plan is carried out once"
    );
    let replanned = block_on(engine::plan(&recovery.context)).expect_err("undo needs the files");
    assert_eq!(replanned.kind(), ErrorKind::Refused);
    block_on(engine::undo(&recovery.context, MergeOptions::default())).expect("an undo");
    assert_eq!(fingerprint(&recovery.pair.old), before, "undo after merge is identity");
    let again = block_on(engine::undo(&recovery.context, MergeOptions::default())).expect("an undo");
    assert!(
        again.databases.iter().all(|database| database.outcome == engine::DatabaseOutcome::DoneBefore),
        "a merge is taken back once"
    );
    let done = recovery.context.servers().old_writes().state();
    assert!(
        matches!(&done, OldState::Committed(what) if what.contains("the merge of") && what.contains("the undo of")),
        "{done}"
    );
    assert!(recovery.folder().exists());
    Outcome { counts, written: report.rows(), merged }
}

/// The outcome of every database of the estate on the installed version, worked out once.
pub(crate) fn outcomes() -> &'static BTreeMap<&'static str, Outcome> {
    static OUTCOMES: LazyLock<BTreeMap<&str, Outcome>> = LazyLock::new(|| {
        let databases = demo::databases().into_iter();
        databases.map(|database| (database, comes_home_and_goes_back(support::pair(database), database))).collect()
    });
    &OUTCOMES
}

#[test]
fn every_database_of_the_estate_comes_home_and_goes_back() {
    assert_eq!(outcomes().len(), 3);
}

#[test]
fn triggers_that_fire_always_stay_quiet_and_come_back() {
    let pair = support::pair("always");
    let cutover = Timestamp::now() - SignedDuration::from_hours(1);
    for side in Side::BOTH {
        support::sql(
            pair.url(side),
            "create table notes (id bigint primary key, body text, updated_at timestamptz not null);
             create function touch() returns trigger language plpgsql as
                 $$ begin new.updated_at := '2001-01-01'; return new; end $$;
             insert into notes values (1, 'one', now() - interval '1 day'), (2, 'two', now() - interval '1 day');",
        );
    }
    support::sql(&pair.new, "update notes set body = 'won', updated_at = now() where id = 1");
    let trigger = "create trigger touch before insert or update on notes for each row execute function touch();
                   alter table notes enable always trigger touch";
    support::sql(&pair.old, trigger);
    let recovery = Recovery::of(pair, cutover, "");
    let counts = recovery.up_to_plan();
    assert_eq!(counts.get(&("public.notes".to_owned(), Class::Update)), Some(&1), "{counts:?}");
    block_on(engine::merge(&recovery.context, MergeOptions::default())).expect("a merge");
    let verified = block_on(engine::verify(&recovery.context)).expect("a verification");
    assert_eq!(verified.state_of_rows(), engine::State::Verified, "the trigger would have stamped the row: {verified:#?}");
    let mode = support::value(&recovery.pair.old, "select tgenabled::text from pg_trigger where tgname = 'touch'");
    assert_eq!(mode.as_deref(), Some("A"));
}

/// Rows of a table that inherits are that table's, whether their keys are known to the parent or not, and a foreign key binds
/// only the table on which it stands.
#[test]
fn tables_that_inherit_are_tables_of_their_own() {
    let pair = support::pair("inherits");
    for side in Side::BOTH {
        support::sql(
            pair.url(side),
            "create table kinds (id int primary key);
             create table notes (id int primary key, body text, kind int references kinds);
             create table letters (primary key (id), stamp text) inherits (notes);
             create table keyless (body text);
             create table keyless_too () inherits (keyless);
             insert into kinds values (1), (2);
             insert into notes select n, 'note', 1 from generate_series(1, 3) n;
             insert into letters select n, 'letter', 77, 'red' from generate_series(2, 5) n;
             insert into keyless select 'a' from generate_series(1, 3);
             insert into keyless_too select 'a' from generate_series(1, 2)",
        );
    }
    let work = "insert into letters values (9, 'new', 88, 'blue'); insert into notes values (5, 'new', 2);
                update only notes set body = 'changed' where id = 2; update letters set stamp = 'green' where id = 3;
                delete from only notes where id = 3; delete from letters where id = 4; delete from kinds where id = 3;
                insert into keyless_too values ('b'); delete from only keyless where ctid = '(0,1)'";
    support::sql(&pair.new, work);
    let before = fingerprint(&pair.old);
    let recovery = Recovery::of(pair, Timestamp::now(), "");
    recovery.decide(
        "[defaults]\nambiguous_differs = \"apply_new\"\nambiguous_missing_on_old = \"apply_new\"\n\
                     ambiguous_missing_on_new = \"apply_new\"\n",
    );
    let counts = recovery.up_to_plan();
    assert_eq!(counts.values().sum::<u64>(), 8, "{counts:?}");
    let merged = block_on(engine::merge(&recovery.context, MergeOptions::default())).expect("a merge");
    assert_eq!(merged.rows(), 8);
    assert_eq!(block_on(engine::verify(&recovery.context)).expect("a verification").state_of_rows(), engine::State::Verified);
    for table in ["notes", "letters", "keyless", "keyless_too"] {
        let content = format!("select string_agg(t::text, ' ' order by t::text) from only {table} t");
        let Sided { old, new } = Sided::of(|side| support::value(recovery.pair.url(side), &content));
        assert_eq!(old, new, "{table}");
    }
    block_on(engine::undo(&recovery.context, MergeOptions::default())).expect("an undo");
    assert_eq!(fingerprint(&recovery.pair.old), before);
}

/// More rows than all buffers between the socket and the encoder hold: buffers are used again, and each row is staged once.
#[test]
fn many_rows_are_staged_once_each() {
    let pair = support::pair("many");
    for side in Side::BOTH {
        support::sql(pair.url(side), "create table facts (id bigint primary key, body text)");
    }
    support::sql(&pair.new, "insert into facts select i, 'fact ' || i from generate_series(1, 60000) i");
    let recovery = Recovery::of(pair, Timestamp::now(), "");
    recovery.decide("[defaults]\nambiguous_missing_on_old = \"apply_new\"\n");
    let counts = recovery.up_to_plan();
    assert_eq!(counts.get(&("public.facts".to_owned(), Class::AmbiguousMissingOnOld)), Some(&60_000), "{counts:?}");
    block_on(engine::merge(&recovery.context, MergeOptions::default())).expect("a merge");
    let content = "select md5(string_agg(t::text, ',' order by id)) from facts t";
    let Sided { old, new } = Sided::of(|side| support::value(recovery.pair.url(side), content));
    assert_eq!(old, new);
}
