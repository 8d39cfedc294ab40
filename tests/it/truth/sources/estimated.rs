//! Where nothing else says it: an estimate from rows with time columns, which is held against the rows' own stamps.

use super::*;

const STAMPED: &str = "create table t (id int primary key, v text, updated_at timestamptz)";

/// A table whose rows were written one after the other until a quarter of an hour ago, by a transaction each.
fn written(rows: i64, more: &str) -> (Pair, MutexGuard<'static, u32>) {
    let (pair, turn) = plain().pair();
    both(&pair, STAMPED);
    both(&pair, more);
    write_one_by_one(&pair, rows);
    (pair, turn)
}

/// Writes rows that are the same on both sides, by a transaction each, four minutes apart.
fn write_one_by_one(pair: &Pair, rows: i64) {
    let now = Timestamp::now();
    for id in 0..rows {
        let at = now - SignedDuration::from_mins(15 + 4 * (rows - id));
        both(pair, &format!("insert into t values ({id}, 'both', '{at}')"));
    }
}

fn estimating(pair: Pair) -> Recovery {
    let mut case = recovery(pair, "");
    let cutover = Cutover::parse(&Timestamp::now().to_string()).expect("a cutover");
    choose(&mut case, |selection| selection.with_cutover(Some(cutover)).with_estimate(true));
    std::thread::sleep(Duration::from_millis(20));
    case
}

/// Users of either side stamp what they write; jobs do not.
fn work(pair: &Pair) {
    support::sql(&pair.new, "update t set v = 'new', updated_at = now() where id in (1, 2, 10)");
    support::sql(&pair.new, "update t set v = 'job' where id = 3");
    support::sql(&pair.old, "update t set v = 'job' where id = 1");
}

fn value_of(pair: &Pair, id: u32) -> Option<String> {
    support::value(&pair.old, &format!("select v from t where id = {id}"))
}

#[test]
fn what_a_job_wrote_is_spared_on_old_and_found_on_new() {
    let (pair, _turn) = written(12, "");
    let case = estimating(pair);
    work(&case.pair);
    assert_eq!(method(&case), Method::Timestamps);
    // Row 1 was written on OLD, 3 on NEW, whatever their stamps say; 10 lies in the doubt, with all that are equal.
    assert_eq!(counts(&case), [(Class::Update, 1), (Class::AmbiguousDiffers, 3), (Class::Unchanged, 8)]);
    let words = evidence(&case);
    assert_eq!(words.old, ["xid_estimated"]);
    assert_eq!(words.new, ["column", "xid_estimated"]);
    let options = MergeOptions { leave_held: true, ..MergeOptions::default() };
    block_on(engine::merge(&case.context, options)).expect("a merge");
    assert_eq!([1, 2, 3].map(|id| value_of(&case.pair, id)), ["job", "new", "both"].map(|v| Some(v.to_owned())));
}

#[test]
fn without_it_the_stamps_are_believed() {
    let (pair, _turn) = written(12, "");
    let mut case = estimating(pair);
    choose(&mut case, |selection| selection.with_estimate(false));
    work(&case.pair);
    assert_eq!(counts(&case), [(Class::Update, 3)]);
    let lacks = horizon(&case, Side::Old).expect_err("nothing says it");
    let asked = lacks.iter().find(|(source, _)| *source == HorizonSource::Estimated).expect("it is named");
    assert_eq!(asked.1, "it is not asked for (--estimate)");
}

#[test]
fn what_it_rests_on_is_told() {
    let (pair, _turn) = written(12, "");
    let case = estimating(pair);
    work(&case.pair);
    let fifth = support::value(&case.pair.old, "select xmin::text from t where id = 4").and_then(|xid| xid.parse().ok());
    assert_eq!(horizon(&case, Side::Old).ok(), fifth.map(|xid| (HorizonSource::Estimated, xid)), "eight support it");
    let tried = record(&case).horizon_sources.expect("a search");
    let basis = |side| {
        let used = |one: &TriedSource| match one {
            TriedSource::Used { basis, .. } => basis.clone(),
            _ => None,
        };
        tried.get(side).iter().find_map(used).expect("what it rests on")
    };
    let (old, new) = (basis(Side::Old), basis(Side::New));
    assert_eq!((old.transactions, old.support, old.longest_us), (12, 11, 300_000_000), "{old:?}");
    let table = format!("{}: public.t", case.pair.database);
    assert_eq!([&old, &new].map(|one| one.contradicted.get(&table).copied()), [Some(1), Some(1)], "each side's job");
    assert!(new.doubtful < old.doubtful || new.doubtful > 0, "{new:?}");
    let cutover = case.context.selection().cutover().expect("a cutover");
    let told = support::failback(&[
        "discover",
        "--old",
        &case.pair.old,
        "--new",
        &case.pair.new,
        "--databases",
        &case.pair.database,
        "--cutover",
        cutover.text(),
        "--estimate",
    ]);
    assert_eq!(told.code, 0, "{told:?}");
    for said in [
        "by an estimate from rows with time columns (evidence: xid_estimated): 11 of 12 transactions with stamps support it",
        &format!("1 contradict others (rows imported or changed with old stamps, clocks: {table} 1)"),
        "went on for more than 5m across the cutover",
        "an estimate proves nothing",
        "--estimate",
    ] {
        assert!(told.stdout.contains(said), "{said}: {}", told.stdout);
    }
}

#[test]
fn tables_without_stamps_are_compared_as_ever() {
    let (pair, _turn) = written(12, "create table bare (id int primary key, v text); insert into bare values (1, 'both')");
    let mut case = estimating(pair);
    case.choose("public.*");
    support::sql(&case.pair.new, "update bare set v = 'new'");
    let tables = record(&case).tables;
    let bare = tables.iter().find(|table| table.name.name.as_str() == "bare").expect("the table");
    assert_eq!((bare.method, &bare.unmarked), (Method::Compare, &None));
    let found = case.up_to_plan();
    assert_eq!(found.get(&("public.bare".to_owned(), Class::AmbiguousDiffers)), Some(&1), "{found:?}");
}

#[test]
fn too_few_transactions_give_none() {
    let (pair, _turn) = written(7, "");
    let case = estimating(pair);
    work(&case.pair);
    let lacks = horizon(&case, Side::New).expect_err("too few");
    let why = lacks.into_iter().find_map(|(source, why)| (source == HorizonSource::Estimated).then_some(why));
    assert!(why.is_some_and(|why| why.contains("and 8 are needed")));
    assert_eq!(counts(&case), [(Class::Update, 2)], "by the stamps: 1 and 2");
}

#[test]
fn a_table_that_was_rewritten_since_goes_by_its_stamps() {
    let (pair, _turn) = written(12, "");
    let case = estimating(pair);
    support::sql(&case.pair.old, "vacuum full t");
    support::sql(&case.pair.new, "update t set v = 'new', updated_at = now() where id = 1");
    let table = record(&case).tables.remove(0);
    assert!(table.unmarked.is_some_and(|why| why.contains("rewritten on OLD")));
    assert_eq!(counts(&case), [(Class::Update, 1)]);
    assert_eq!(evidence(&case).old, ["column"]);
}

#[test]
fn where_old_was_started_anew_since_the_export_all_of_it_is_in_doubt() {
    let servers = Servers::start(&[]);
    let (pair, _turn) = servers.pair();
    both(&pair, STAMPED);
    write_one_by_one(&pair, 12);
    let case = estimating(again(&pair));
    support::sql(&pair.new, "update t set v = 'new', updated_at = now() where id = 1");
    block_on(engine::export(&case.context)).expect("an export");
    servers.clusters.old.kill().expect("a stop");
    servers.clusters.old.revive().expect("a start");
    let diff = block_on(engine::diff(&case.context)).expect("a diff");
    assert_eq!(diff.counts.iter().collect::<Vec<_>>(), [(Class::AmbiguousDiffers, 1), (Class::Unchanged, 8)]);
}
