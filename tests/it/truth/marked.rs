//! What a mark proves: who wrote a row since, with or without stamps, and where it proves nothing.

use std::sync::Arc;
use std::time::Duration;

use arrow_array::cast::AsArray as _;
use failback::config::Cutover;
use failback::delta::Class;
use failback::demo::{Cluster, ClusterOptions};
use failback::error::ErrorKind;
use failback::name::Sided;
use failback::schema::Method;
use failback::staging::Mark;

use super::*;

const BARE: &str = "create table t (id int primary key, v text); insert into t select g, 'both' from generate_series(1, 20) g";

/// Sets both sides up alike and marks them; lets something happen while that is done, and then each side do its own work.
fn marked_while(test: &str, both: &str, meanwhile: impl FnOnce(&Pair) -> Work, [new, old]: [&str; 2]) -> (Recovery, Mark) {
    let pair = support::pair(test);
    for side in Side::BOTH {
        support::sql(pair.url(side), both);
    }
    let finish = meanwhile(&pair);
    let mut case = recovery(pair, "");
    // A transaction of another test's database that ends just now may be taken for one of this one: it is asked again.
    let (mark, _) = block_on(engine::mark(&case.context, Duration::from_millis(250))).expect("a mark");
    finish();
    std::thread::sleep(Duration::from_millis(20));
    let cutover = Cutover::parse(&Timestamp::now().to_string()).expect("a cutover");
    std::thread::sleep(Duration::from_millis(20));
    support::sql(&case.pair.new, new);
    support::sql(&case.pair.old, old);
    let selection = case.context.selection().clone().with_cutover(Some(cutover)).with_mark(Some(Arc::new(mark.clone())));
    case.context = case.context.clone().with_selection(selection);
    (case, mark)
}

type Work = Box<dyn FnOnce()>;

fn marked(test: &str, both: &str, new: &str, old: &str) -> Recovery {
    marked_while(test, both, |_| Box::new(|| ()), [new, old]).0
}

fn method(case: &Recovery) -> (Method, Option<String>) {
    let table = discovered(case).expect("a discovery").databases.remove(0).tables.remove(0);
    (table.method, table.unmarked)
}

fn of(case: &Recovery) -> Vec<(Class, u64)> {
    case.up_to_plan().into_iter().map(|((_, class), rows)| (class, rows)).collect()
}

#[test]
fn every_write_of_either_side_is_known_without_a_stamp() {
    let new = "update t set v = 'new' where id in (1, 2); delete from t where id in (3, 4); insert into t values (30, 'new')";
    let old = "update t set v = 'old' where id in (2, 4, 5); delete from t where id = 6; insert into t values (31, 'old')";
    let case = marked("mark_bare", BARE, new, old);
    assert_eq!(method(&case), (Method::Xid, None));
    let expected = [
        (Class::Update, 1),
        (Class::Delete, 1),
        // 6, which OLD deleted: NEW has it as it was. Row 5 is as it was on NEW, and not looked at.
        (Class::OldOnly, 1),
        (Class::AmbiguousMissingOnOld, 1),
        (Class::AmbiguousMissingOnNew, 1),
        (Class::UpdateOriginDiffers, 1),
        (Class::DeleteOriginDiffers, 0),
    ];
    let found = of(&case);
    for (class, rows) in expected {
        let counted: u64 = found.iter().filter(|(one, _)| *one == class).map(|(_, rows)| rows).sum();
        // Whether row 4 was there at the mark nothing says: OLD wrote it since, and NEW has none.
        let wanted = if class == Class::AmbiguousMissingOnNew { 2 } else { rows };
        assert_eq!(counted, wanted, "{class:?}: {found:?}");
    }
}

#[test]
fn a_delete_that_the_mark_proves_needs_no_more_than_its_decision() {
    let case = marked("mark_delete", BARE, "delete from t where id = 3", "");
    case.decide("[defaults]\ndelete = \"apply_new\"\n[evidence]\n");
    let plan = planned(&case);
    assert_eq!((plan.actions.get(failback::policy::Action::Delete), plan.wanting.len()), (1, 0), "{plan:#?}");
}

#[test]
fn what_old_deleted_is_found_beside_and_among_what_new_made() {
    for (key, value) in [("int", "g"), ("uuid", "md5(g::text)::uuid"), ("text", "lpad(g::text, 9, '0')")] {
        let rows = |from: u32, to: u32, v: &str| {
            format!("insert into t select {value}, g, '{v}' from generate_series({from}, {to}) g; ")
        };
        let both = format!("create table t (id {key} primary key, n int, v text); {} analyze t", rows(1, 5000, "both"));
        // The last of what OLD deleted stands right before what NEW made.
        let old = "delete from t where n between 1001 and 2000 or n in (3000, 3002) or n > 4800";
        let new = rows(10_001, 13_000, "new") + "update t set v = 'new' where n in (7, 1500)";
        let mut case = marked(&format!("mark_lone_{key}"), &both, &new, old);
        let limits = case.context.limits().with_chunk_bytes(64 << 10);
        case.context = case.context.clone().with_limits(limits);
        assert_eq!(method(&case), (Method::Xid, None));
        let missing = [(Class::Update, 1), (Class::OldOnly, 1201), (Class::AmbiguousMissingOnOld, 3001)];
        let mut counts = of(&case);
        counts.sort_unstable_by_key(|(class, _)| missing.iter().position(|(one, _)| one == class));
        assert_eq!(counts, missing, "{key}: 1500 is young, and OLD has none");
    }
}

#[test]
fn a_stamp_of_its_creation_says_which_young_row_is_an_insert() {
    let both = "create table t (id int primary key, v text, created_at timestamptz default now());
                insert into t select g, 'both', '2020-01-01' from generate_series(1, 20) g";
    // An import brings a row with its old stamp: that it is new is not proven.
    let new = "insert into t values (30, 'new'); insert into t values (31, 'import', '2001-01-01');
               update t set v = 'new' where id = 1";
    let case = marked("mark_created", both, new, "");
    assert_eq!(of(&case), [(Class::Insert, 1), (Class::Update, 1), (Class::UpdateMissing, 1)]);
}

#[test]
fn what_was_open_at_the_mark_counts_as_written_since() {
    let open = |pair: &Pair| -> Work {
        let url = pair.new.clone();
        let session = block_on(support::connect(&url));
        let begin = "begin; savepoint s; update t set v = 'open' where id = 7; release s";
        block_on(session.batch_execute(begin)).expect("an open transaction");
        // Others end after it began and before the mark.
        support::sql(&url, "update t set v = 'both' where id = 8");
        Box::new(move || block_on(session.batch_execute("commit")).expect("a commit"))
    };
    let (case, mark) = marked_while("mark_open", BARE, open, ["", ""]);
    assert!(mark.servers.new.next_xid > mark.servers.new.databases[0].horizon.xid(), "{mark:?}");
    assert_eq!(of(&case), [(Class::Update, 1), (Class::Convergent, 1)], "row 7; 8 is young too, and equal");
}

#[test]
fn rows_keep_their_writer_through_vacuum_and_freeze() {
    let new = "update t set v = 'new' where id = 1";
    let case = marked("mark_frozen", BARE, new, "");
    for url in [&case.pair.new, &case.pair.old] {
        support::sql(url, "vacuum (freeze) t");
    }
    assert_eq!(method(&case), (Method::Xid, None));
    assert_eq!(of(&case), [(Class::Update, 1)]);
}

#[test]
fn tables_that_were_rewritten_or_redefined_since_are_compared() {
    for (what, said) in [
        ("truncate t; insert into t select g, 'both' from generate_series(1, 20) g", "rewritten on NEW"),
        ("alter table t alter v type varchar(20)", "rewritten on NEW"),
        ("alter table t add w text default 'w'", "changed on NEW"),
        ("alter table t drop v; alter table t add v text default 'both'", "changed on NEW"),
    ] {
        let case = marked("mark_void", BARE, what, "");
        let (method, unmarked) = method(&case);
        assert_eq!(method, Method::Compare, "{what}");
        assert!(unmarked.as_deref().is_some_and(|why| why.contains(said)), "{what}: {unmarked:?}");
    }
    let kinds = "create type kind as enum ('a', 'b'); create table t (id int primary key, v kind)";
    let case = marked("mark_enum", kinds, "alter type kind rename value 'a' to 'c'", "");
    assert_eq!(method(&case).0, Method::Compare, "an old row shows another label");
    let case = marked("mark_other", BARE, "create table other (id int); create type kind as enum ('a')", "");
    assert_eq!(method(&case).0, Method::Xid, "that has nothing to do with it");
}

#[test]
fn rows_of_a_partition_that_was_attached_since_are_not_those_of_the_mark() {
    let both = "create table t (id int, part int, v text, primary key (id, part)) partition by list (part);
                create table t_one partition of t for values in (1);
                create table other (like t_one including all);
                insert into t values (1, 1, 'both'), (2, 1, 'both'); insert into other values (1, 1, 'other'), (3, 1, 'other')";
    let exchange = "drop table t_one; alter table t attach partition other for values in (1)";
    for (new, old, side) in [(exchange, "", "NEW"), ("update t set v = 'new' where id = 1", exchange, "OLD")] {
        let case = marked("mark_exchanged", both, new, old);
        let discovery = discovered(&case).expect("a discovery");
        let table = discovery.databases[0].tables.iter().find(|table| table.name.name.as_str() == "t").expect("t");
        assert_eq!(table.method, Method::Compare);
        assert!(
            table.unmarked.as_deref().is_some_and(|why| why.contains(&format!("attached or renamed on {side}"))),
            "{:?}",
            table.unmarked
        );
        assert!(of(&case).iter().all(|(class, _)| *class != Class::Update), "the other row is overwritten by nobody");
    }
}

#[test]
fn a_partition_that_was_made_since_has_young_rows_alone() {
    let both = "create table t (id int, part int, v text, primary key (id, part)) partition by list (part);
                create table t_one partition of t for values in (1); insert into t values (1, 1, 'both')";
    let made = "create table t_two partition of t for values in (2)";
    let case = marked("mark_made", both, &format!("{made}; insert into t values (2, 2, 'new')"), made);
    assert_eq!(method(&case), (Method::Xid, None));
    assert_eq!(of(&case), [(Class::AmbiguousMissingOnOld, 1)]);
}

#[test]
fn a_table_without_a_key_is_compared_beside_marked_ones() {
    let case = marked("mark_keyless", "create table t (v int); insert into t values (1)", "insert into t values (2)", "");
    assert_eq!(method(&case), (Method::Compare, Some("it has no key".to_owned())));
    assert_eq!(of(&case), [(Class::AmbiguousMissingOnOld, 1)]);
}

#[test]
fn a_server_that_was_started_since_the_mark_is_trusted_and_no_more() {
    let (mut case, mark) = marked_while("mark_restarted", BARE, |_| Box::new(|| ()), ["", ""]);
    let of_inserts =
        |case: &Recovery| discovered(case).expect("a discovery").databases.remove(0).tables.remove(0).coverage.insert;
    assert_eq!(of_inserts(&case).word(), "yes");
    for side in Side::BOTH {
        let mut before = mark.clone();
        before.servers.get_mut(side).started_us -= 1;
        let selection = case.context.selection().clone().with_mark(Some(Arc::new(before)));
        case.context = case.context.clone().with_selection(selection);
        let failback::schema::Covered::Trusted { by } = of_inserts(&case) else { panic!("more than trusted") };
        assert!(by.contains(&format!("{side} was started since the mark")), "{by}");
    }
}

#[test]
fn a_stamp_of_before_on_a_row_that_was_written_since_does_not_say_that_it_was_there() {
    let both = "create table t (id int primary key, v text, updated_at timestamptz default now());
                insert into t select g, 'both', '2020-01-01' from generate_series(1, 20) g";
    // Imports bring rows with their old stamps, on either side.
    let case = marked(
        "mark_imported",
        both,
        "insert into t values (30, 'new', '2001-01-01')",
        "insert into t values (31, 'old', '2001-01-01')",
    );
    assert_eq!(of(&case), [(Class::AmbiguousMissingOnOld, 1), (Class::AmbiguousMissingOnNew, 1)]);
}

#[test]
fn a_mark_waits_for_what_is_open_and_for_what_is_prepared() {
    let pair = support::pair("mark_waits");
    for side in Side::BOTH {
        support::sql(pair.url(side), BARE);
    }
    let (open, name) = (block_on(support::connect(&pair.new)), pair.database.clone());
    block_on(open.batch_execute("begin; savepoint s; update t set v = 'open' where id = 7; release s")).expect("a transaction");
    let prepare = format!("begin; savepoint s; update t set v = 'open' where id = 8; release s; prepare transaction '{name}'");
    support::sql(&pair.new, &prepare);
    let case = recovery(pair, "");
    let (_, impatient) = block_on(engine::mark(&case.context, Duration::ZERO)).expect("a mark");
    assert!(impatient.servers.new.in_doubt > 0 && impatient.servers.old.in_doubt == 0, "{impatient:?}");
    let marking = engine::mark(&case.context, Duration::from_mins(1));
    let ending = async {
        // The mark is waiting for it by now, or will find it gone.
        tokio::time::sleep(Duration::from_millis(200)).await;
        open.batch_execute("commit").await.expect("a commit");
        open.batch_execute(&format!("commit prepared '{name}'")).await.expect("a commit");
    };
    let (marked, ()) = block_on(async { tokio::join!(marking, ending) });
    let (mark, told) = marked.expect("a mark");
    assert_eq!(told.servers.new.in_doubt, 0);
    let writer = "select max(xmin::text::bigint)::text from t where id in (7, 8)";
    let writer: u64 = support::value(&case.pair.new, writer).and_then(|xid| xid.parse().ok()).expect("who wrote it");
    assert!(mark.servers.new.databases[0].horizon.xid() > writer, "{writer} is over at {mark:?}");
}

#[test]
fn a_mark_of_a_standby_knows_what_its_primary_has_open() {
    let start = |side: Side| {
        let options = ClusterOptions { label: format!("marked-{}", side.word()), ..ClusterOptions::default() };
        let cluster = Cluster::start(&support::binaries(side), &options).expect("a server");
        support::sql(&cluster.url("postgres"), BARE);
        cluster
    };
    let (old, new) = (start(Side::Old), start(Side::New));
    let url = new.url("postgres");
    let open = block_on(support::connect(&url));
    block_on(open.batch_execute("begin; update t set v = 'open' where id = 7")).expect("an open transaction");
    let xid = block_on(open.query_one("select pg_current_xact_id()::text", &[])).expect("its id").get::<_, String>(0);
    // Others end after it began; a checkpoint says which are going on.
    support::sql(&url, "set synchronous_commit = on; update t set v = 'both' where id = 8");
    support::sql(&url, "checkpoint");
    support::sql(&url, "set synchronous_commit = on; update t set v = 'both' where id = 9");
    // From now on it recovers what it once wrote, as a standby of itself: to such a one nobody says that the transaction ended.
    new.kill().expect("a stop");
    std::fs::write(new.data_dir().join("standby.signal"), "").expect("a signal");
    new.revive().expect("a standby");
    assert_eq!(support::value(&url, "select pg_is_in_recovery()").as_deref(), Some("t"));
    let pair = Pair { database: "postgres".to_owned(), old: old.url("postgres"), new: new.url("postgres") };
    let (mark, _) = block_on(engine::mark(&recovery(pair, "").context, Duration::ZERO)).expect("a mark");
    let horizon = mark.servers.new.databases[0].horizon.xid();
    assert!(horizon <= xid.parse().expect("an id"), "{xid} is going on at {mark:?}");
}

#[test]
fn a_mark_that_is_late_or_of_others_is_refused() {
    let (mut case, mark) = marked_while("mark_late", BARE, |_| Box::new(|| ()), ["", ""]);
    let refuses = |case: &Recovery, said: &str| {
        let error = discovered(case).expect_err("the mark is of no use");
        assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
        assert!(error.causes().iter().any(|cause| cause.contains(said)), "{:?}", error.causes());
    };
    let with = |case: &Recovery, mark: Mark, cutover: Timestamp| {
        let cutover = Cutover::parse(&cutover.to_string()).expect("a cutover");
        let selection = case.context.selection().clone().with_cutover(Some(cutover)).with_mark(Some(Arc::new(mark)));
        case.context.clone().with_selection(selection)
    };
    let now = Timestamp::now();
    case.context = with(&case, mark.clone(), now - SignedDuration::from_mins(10));
    refuses(&case, "after the cutover");
    let mut other = mark.clone();
    other.servers.new.system_identifier = "1".to_owned();
    case.context = with(&case, other, now);
    refuses(&case, "another server");
    let mut swapped = mark.clone();
    std::mem::swap(&mut swapped.servers.old, &mut swapped.servers.new);
    case.context = with(&case, swapped, now);
    refuses(&case, "the other way round");
    let mut copies = mark.clone();
    let Sided { old, new } = &mut copies.servers;
    std::mem::swap(&mut old.started_us, &mut new.started_us);
    case.context = with(&case, copies, now);
    refuses(&case, "the other way round");
    let mut ahead = mark;
    ahead.servers.old.databases[0].horizon = failback::delta::Horizon::new(u64::from(u32::MAX) * 3);
    case.context = with(&case, ahead, now);
    refuses(&case, "before the mark");
}

#[test]
fn a_parent_without_stamps_that_nobody_wrote_since_gets_its_child() {
    let both = "create table p (id int primary key, v text);
                create table t (id int primary key, p int references p, created_at timestamptz default now());
                insert into p values (1, 'both'), (2, 'both'), (3, 'both')";
    // OLD's users put another row in the place of 2, and NEW's of 3.
    let old = "delete from p where id = 2; insert into p values (2, 'old')";
    let new = "insert into t values (1, 1), (2, 2), (3, 3); delete from p where id = 9";
    let case = marked("mark_parent", both, new, old);
    let plan = planned(&case);
    assert_eq!((plan.actions.get(failback::policy::Action::Insert), plan.held), (2, 1), "{plan:#?}");
}

#[test]
fn rows_that_differed_before_the_mark_are_kept_and_counted_and_only_a_decision_by_name_brings_them() {
    let both = "create table t (k numeric primary key, v text); insert into t values (1, 'both'), (2, 'both')";
    let apart = |pair: &Pair| -> Work {
        // OLD's server takes both spellings for one key.
        support::sql(&pair.new, "update t set k = 1.0, v = 'apart' where k = 1");
        Box::new(|| ())
    };
    let (case, _) = marked_while("mark_drift", both, apart, ["update t set v = 'new' where k = 2", ""]);
    assert_eq!(of(&case), [(Class::Update, 1), (Class::Delete, 1), (Class::Drift, 1)]);
    let plan = block_on(engine::plan(&case.context)).expect("a plan");
    assert_eq!(plan.actions.get(failback::policy::Action::KeepOld), 1, "{plan:#?}");
    case.decide("[defaults]\ndrift = \"apply_new\"\n");
    let refused = block_on(engine::plan(&case.context)).expect_err("for all tables alike");
    assert_eq!(refused.kind(), ErrorKind::Config, "{refused}");
    case.decide("");
    block_on(engine::plan(&case.context)).expect("a plan");
    block_on(engine::merge(&case.context, MergeOptions { leave_held: true, ..MergeOptions::default() })).expect("a merge");
    let verified = block_on(engine::verify(&case.context)).expect("a verification");
    let gap = verified.not_covered.iter().find(|gap| gap.of == engine::GapKind::Drift).expect("a gap");
    assert!(gap.why.starts_with("1 rows differ from NEW's since before the cutover"), "{gap:?}");
    block_on(engine::undo(&case.context, MergeOptions::default())).expect("an undo");
    case.decide("[tables.\"public.t\"]\ndrift = \"apply_new\"\n");
    let by_name = block_on(engine::plan(&case.context)).expect("a plan");
    assert_eq!(by_name.actions.get(failback::policy::Action::KeepOld), 0, "{by_name:#?}");
}

#[test]
fn what_a_verdict_rests_on_is_written_down() {
    let case = marked("mark_evidence", BARE, "update t set v = 'new' where id = 1", "");
    of(&case);
    let diff = failback::staging::DiffIndex::read(&case.store).expect("a diff");
    let segment = &diff.databases[0].tables[0].segments[0];
    let batches = failback::staging::SegmentReader::open(&case.store, segment, 10).expect("a segment");
    for batch in batches {
        let batch = batch.expect("a batch");
        for column in ["fb_evidence_old", "fb_evidence_new"] {
            let words = batch.column_by_name(column).expect("a column");
            assert_eq!(words.as_string::<i32>().value(0), "xid");
        }
    }
}
