//! Whether the servers were quiet: what an export says of NEW while it read it, and of OLD since a mark. On servers of their
//! own, as transaction ids are one server's.

use std::sync::Arc;
use std::time::Duration;

use failback::config::Cutover;
use failback::demo::{Cluster, ClusterOptions};
use failback::engine::{DatabaseQuiescence, Event, Progress, Reporter, Stop};
use failback::staging::{Manifest, Mark, Quiet, Since};
use tokio_postgres::Client;

use super::*;

const TABLE: &str = "create table t (id int primary key, v text); insert into t values (1, 'both'), (2, 'both')";

/// Servers that give out no transaction id unless somebody writes.
struct Servers {
    old: Cluster,
    new: Cluster,
}

impl Servers {
    fn start() -> Self {
        let settings = [("autovacuum", "off"), ("max_prepared_transactions", "5")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec();
        let start = |side: Side| {
            let label = format!("quiet-{}", side.word());
            let options = ClusterOptions { label, settings: settings.clone(), ..ClusterOptions::default() };
            let cluster = Cluster::start(&support::binaries(side), &options).expect("a server");
            support::sql(&cluster.url("postgres"), "create database other");
            support::sql(&cluster.url("postgres"), TABLE);
            cluster
        };
        Self { old: start(Side::Old), new: start(Side::New) }
    }

    fn url(&self, side: Side, database: &str) -> String {
        if side == Side::Old { self.old.url(database) } else { self.new.url(database) }
    }

    /// A recovery in a run of its own.
    fn recovery(&self, mark: Option<&Mark>) -> Recovery {
        let [old, new] = [Side::Old, Side::New].map(|side| self.url(side, "postgres"));
        let pair = Pair { database: "postgres".to_owned(), old, new };
        let mut case = recovery(pair, "");
        let cutover = Cutover::parse(&Timestamp::now().to_string()).expect("a cutover");
        let selection = case.context.selection().clone().with_cutover(Some(cutover)).with_mark(mark.cloned().map(Arc::new));
        case.context = case.context.clone().with_selection(selection);
        case
    }

    /// What an export says; `meanwhile` is sent to a database of NEW once its snapshot is taken.
    fn said(&self, mark: Option<&Mark>, meanwhile: Option<(&str, &'static str)>) -> Vec<DatabaseQuiescence> {
        let mut case = self.recovery(mark);
        if let Some((database, statement)) = meanwhile {
            let writing = Writing { url: self.url(Side::New, database), statement };
            case.context = case.context.clone().with_reporter(Reporter::new(Arc::new(writing), Stop::default()));
        }
        let report = block_on(engine::export(&case.context)).expect("an export");
        let manifest = Manifest::read(&case.store).expect("a manifest");
        let kept: Vec<_> = manifest.databases[0].quiescence.iter().collect();
        assert_eq!(kept, report.quiescence.iter().map(|one| &one.quiescence).collect::<Vec<_>>());
        report.quiescence
    }

    /// What an export without a mark finds of NEW.
    fn of_new(&self, meanwhile: Option<(&str, &'static str)>) -> (Quiet, Vec<String>) {
        let mut said = self.said(None, meanwhile);
        assert_eq!(said.len(), 1, "of OLD nothing is known without a mark: {said:?}");
        let said = said.remove(0).quiescence;
        assert_eq!((said.side, said.since), (Side::New, Since::Snapshot));
        (said.found, said.writers.into_iter().filter_map(|one| one.role).collect())
    }

    /// What an export with a mark finds of OLD.
    fn of_old(&self, mark: &Mark) -> Quiet {
        let said = self.said(Some(mark), None);
        said.iter().find(|one| one.quiescence.side == Side::Old).map(|one| one.quiescence.found).expect("OLD")
    }

    fn mark(&self) -> Mark {
        let marked = block_on(engine::mark(&self.recovery(None).context, Duration::ZERO)).expect("a mark").0;
        std::thread::sleep(Duration::from_millis(20));
        marked
    }

    /// A session on a side with an open transaction.
    fn open(&self, side: Side, statements: &str) -> Client {
        let session = block_on(support::connect(&self.url(side, "postgres")));
        block_on(session.batch_execute(&format!("begin; {statements}"))).expect("an open transaction");
        session
    }
}

/// Sends a statement to NEW once the export has taken its snapshots.
struct Writing {
    url: String,
    statement: &'static str,
}

impl Progress for Writing {
    fn event(&self, event: Event) {
        if matches!(event, Event::Began { step: "export", .. }) {
            let write = || support::sql(&self.url, self.statement);
            std::thread::scope(|scope| scope.spawn(write).join().expect("a write"));
        }
    }
}

#[test]
fn new_is_quiet_only_where_nobody_can_have_written() {
    const WRITE: &str = "update t set v = 'late' where id = 1";
    let servers = Servers::start();
    assert_eq!(servers.of_new(None), (Quiet::Quiet, vec![]));
    let reading = servers.open(Side::New, "select count(*) from t");
    assert_eq!(servers.of_new(None), (Quiet::Quiet, vec![]), "a transaction that only reads");
    drop(reading);
    assert_eq!(servers.of_new(Some(("postgres", WRITE))), (Quiet::NotKnown, vec![]), "over by the end, in whichever database");
    assert_eq!(servers.of_new(Some(("postgres", "begin; update t set v = 'no'; rollback"))).0, Quiet::NotKnown);
    assert_eq!(servers.of_new(Some(("postgres", "select count(*) from t"))).0, Quiet::Quiet);
    assert_eq!(servers.of_new(Some(("other", "create table t (id int)"))).0, Quiet::NotKnown, "another database took the ids");
    let user = || vec![servers.new.user().to_owned()];
    let writing = servers.open(Side::New, WRITE);
    assert_eq!(servers.of_new(None), (Quiet::Written, user()), "as long as it is going on");
    block_on(writing.batch_execute("prepare transaction 'p'")).expect("a prepared transaction");
    assert_eq!(servers.of_new(None), (Quiet::Written, user()));
    assert_eq!(
        servers.of_new(Some(("postgres", "rollback prepared 'p'"))),
        (Quiet::Written, user()),
        "when the snapshot was taken"
    );
    assert_eq!(servers.of_new(None), (Quiet::Quiet, vec![]));
}

#[test]
fn old_took_no_writes_since_the_mark_only_where_no_transaction_got_an_id() {
    let servers = Servers::start();
    let mark = servers.mark();
    assert_eq!(servers.of_old(&mark), Quiet::Quiet);
    assert_eq!(servers.of_old(&mark), Quiet::Quiet, "an export itself writes nothing");
    let writing = servers.open(Side::Old, "insert into t values (3, 'old')");
    assert_eq!(servers.of_old(&mark), Quiet::Written);
    let doubtful = servers.mark();
    block_on(writing.batch_execute("rollback")).expect("a rollback");
    assert_eq!(servers.of_old(&mark), Quiet::NotKnown, "what it wrote, and whether it stands, ids do not tell");
    assert_eq!(servers.of_old(&doubtful), Quiet::NotKnown, "it was going on at the mark");
    let mark = servers.mark();
    assert_eq!(servers.of_old(&mark), Quiet::Quiet);
    support::sql(&servers.url(Side::Old, "other"), "create table u (id int)");
    assert_eq!(servers.of_old(&mark), Quiet::NotKnown);
}

#[test]
fn the_program_says_whether_new_was_quiet() {
    let servers = Servers::start();
    let [old, new] = [Side::Old, Side::New].map(|side| servers.url(side, "postgres"));
    let export = |more: &[&str]| {
        let folder = tempfile::tempdir().expect("a folder");
        let run = folder.path().join("run");
        let run = run.to_str().expect("a path");
        let cutover = "2026-01-01T00:00:00Z";
        let given = ["export", "--old", &old, "--new", &new, "--databases", "postgres", "--cutover", cutover, "--run", run];
        let output = support::failback(&[&given, more].concat());
        assert_eq!(output.code, 0, "{output:?}");
        output.stdout
    };
    let said = export(&[]);
    assert!(said.contains("postgres: NEW was not written from the export's snapshot to 20"), "{said}");
    let _writing = servers.open(Side::New, "delete from t");
    let said = export(&[]);
    let user = servers.new.user();
    assert!(said.contains(&format!("! postgres: NEW is being written, by {user} (1 transaction)")), "{said}");
    let json: serde_json::Value = serde_json::from_str(&export(&["--json"])).expect("JSON");
    let quiescence = &json["quiescence"][0];
    assert_eq!((&quiescence["found"], &quiescence["side"]), (&"written".into(), &"new".into()), "{json}");
    assert_eq!(quiescence["writers"][0]["role"], user);
}
