//! OLD's users write while a merge looks at rows, locks and writes them: what they wrote is never lost, whatever came when.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use failback::engine::{self, MergeOptions};
use failback::error::ErrorKind;

use super::*;
use crate::support::{Dice, Majors};

const OPTIONS: MergeOptions = MergeOptions { leave_held: true, fire_triggers: false, dry_run: false, again: false };

/// How many rows there are, and how many of them NEW has changed.
const ROWS: usize = 8000;
const CHANGED: usize = 7000;

/// What NEW has made of a row's number. Whatever users add to OLD's is less.
const MERGED: i64 = 1_000_000;

/// How the statement begins at which a user sets out: any once the merge holds the table, the one that locks and reads, and the
/// one that writes, by when all rows are locked.
const MOMENTS: [&str; 4] = ["%", "copy (select%", "update only%", "update only%"];

/// Whether a merge that holds the table has come to such a statement.
const HAS_COME: &str = "select from pg_stat_activity a join pg_locks l on l.pid = a.pid
    where l.relation = 't'::regclass and l.mode = 'RowExclusiveLock' and a.pid <> pg_backend_pid()
        and a.application_name like 'failback%' and a.query like $1";

/// Lets one user write a row or two at random while a merge goes on, and returns which: each once for every write that OLD has
/// committed.
fn write(url: &str, dice: &mut Dice, stop: &AtomicBool) -> Vec<usize> {
    let (mut written, client) = (Vec::new(), block_on(support::connect(url)));
    let moment = MOMENTS[dice.below(MOMENTS.len())];
    while block_on(client.query(HAS_COME, &[&moment])).expect("an answer").is_empty() {
        if stop.load(Ordering::Relaxed) {
            return written;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    for _ in 0..=dice.below(2) {
        std::thread::sleep(Duration::from_millis(dice.below(30) as u64));
        let (id, way) = (1 + dice.below(ROWS), dice.below(20));
        let more = format!("update t set v = v + 1, updated_at = now() where id = {id} returning id");
        let rows = match way {
            // Deleted and inserted again, in one transaction.
            0 => format!(
                "with gone as (delete from t where id = {id} returning *) \
                 insert into moved select * from gone returning id"
            ),
            1 => {
                block_on(client.batch_execute(&format!("begin; {more}; rollback"))).expect("a write that is rolled back");
                continue;
            }
            _ => more,
        };
        let affected = block_on(client.query(&rows, &[])).expect("a write").len();
        if way == 0 && affected == 1 {
            let back = format!(
                "with back as (delete from moved where id = {id} returning *) \
                 insert into t select id, v + 1, pad, now() from back"
            );
            block_on(client.batch_execute(&back)).expect("a row that comes back");
        }
        written.extend((affected == 1).then_some(id));
    }
    written
}

/// Merges while three users write and a fourth tidies up; says whether it was carried out.
fn attempt(case: &Recovery, dice: &mut Dice, counts: &mut [i64]) -> bool {
    block_on(engine::diff(&case.context)).expect("a diff");
    block_on(engine::plan(&case.context)).expect("a plan");
    let (stop, url) = (AtomicBool::new(false), case.pair.old.as_str());
    let mut seeds: Vec<_> = (0..3).map(|_| Dice::seeded(dice.roll())).collect();
    let tidy = ["vacuum t", "vacuum full t", "cluster t using t_pkey", "vacuum freeze t"][dice.below(4)];
    std::thread::scope(|scope| {
        let users: Vec<_> = seeds.iter_mut().map(|dice| scope.spawn(|| write(url, dice, &stop))).collect();
        scope.spawn(|| support::sql(url, tidy));
        let merged = block_on(engine::merge(&case.context, OPTIONS));
        stop.store(true, Ordering::Relaxed);
        for id in users.into_iter().flat_map(|user| user.join().expect("a user")) {
            counts[id] += 1;
        }
        match merged {
            Ok(_) => true,
            Err(error) => {
                let is_told = matches!(error.kind(), ErrorKind::Refused | ErrorKind::Timeout);
                assert!(is_told, "neither moved nor waited for: {error:?}");
                false
            }
        }
    })
}

#[test]
fn what_users_write_while_a_merge_goes_on_is_never_lost() {
    let (mut carried_out, mut refused, mut writes) = (0, 0, 0);
    for (seed, major) in [(1, Majors::installed().old), (2, 13), (3, 17), (4, 18), (5, 17), (6, 13)] {
        let majors = Majors { old: major, new: major };
        let both = format!(
            "create table t (id int primary key, v bigint, pad text, updated_at timestamptz not null default '2020-01-01')
                 with (fillfactor = 60);
             create table moved (like t);
             insert into t select g, 0, repeat('x', 50) from generate_series(1, {ROWS}) g"
        );
        let pair = support::pair_on("under_load", majors);
        for side in Side::BOTH {
            support::sql(pair.url(side), &both);
        }
        support::sql(&pair.new, &format!("update t set v = {MERGED}, updated_at = now() where id <= {CHANGED}"));
        let mut case = recovery(pair, "");
        case.choose("public.t");
        block_on(engine::export(&case.context)).expect("an export");
        let (mut dice, mut counts) = (Dice::seeded(seed), vec![0; ROWS + 1]);
        for _ in 0..8 {
            if attempt(&case, &mut dice, &mut counts) {
                carried_out += 1;
                break;
            }
            refused += 1;
        }
        writes += counts.iter().sum::<i64>();
        let found = support::rows(&case.pair.old, "select id::text, v::text from t order by id");
        assert_eq!(found.len(), ROWS, "PostgreSQL {major}, seed {seed}");
        for row in found {
            let number = |at: usize| row[at].as_deref().expect("a value").parse::<i64>().expect("a number");
            let id = usize::try_from(number(0)).expect("an id");
            assert_eq!(number(1) % MERGED, counts[id], "PostgreSQL {major}, seed {seed}: row {id} has {}", number(1));
            assert!(id <= CHANGED || number(1) < MERGED, "PostgreSQL {major}, seed {seed}: row {id} was none of the plan's");
        }
    }
    assert!(carried_out > 0 && writes > 20, "{carried_out} carried out, {refused} refused, {writes} writes: no test");
}
