//! Where rows live, and who may see them: each story is told twice, once for OLD and once for NEW, comes home, is verified and
//! is taken back.

mod access;
mod columns;
mod encodings;
mod inheritance;
mod storage;
mod wide;

use failback::engine::{self, Discovery, MergeOptions, PlanReport, State};
use jiff::{SignedDuration, Timestamp};

use super::recovery::{Recovery, fingerprint};
use super::support::{self, Pair, block_on};

/// Decides that NEW's rows win, whatever two sides without time columns leave in doubt.
const NEW_WINS: &str = "[defaults]\nambiguous_missing_on_old = \"apply_new\"\nambiguous_differs = \"apply_new\"\n\
                        ambiguous_missing_on_new = \"apply_new\"\n";

/// A recovery of two databases that were set up by a few statements each, with a cutover an hour ago.
struct Story {
    recovery: Recovery,
}

impl Story {
    fn of(test: &str, old: &str, new: &str) -> Self {
        let pair = support::pair(test);
        support::sql(&pair.old, old);
        support::sql(&pair.new, new);
        Self::on(pair)
    }

    /// Both sides begin alike; NEW goes on.
    fn both(test: &str, both: &str, new: &str) -> Self {
        Self::of(test, both, &format!("{both}; {new}"))
    }

    fn on(pair: Pair) -> Self {
        let recovery = Recovery::of(pair, Timestamp::now() - SignedDuration::from_hours(1), "");
        recovery.decide(NEW_WINS);
        Self { recovery }
    }

    fn discover(&self) -> Discovery {
        block_on(engine::discover(&self.recovery.context)).expect("a discovery")
    }

    /// Exports, compares and plans.
    fn plan(&self) -> PlanReport {
        block_on(engine::export(&self.recovery.context)).expect("an export");
        block_on(engine::diff(&self.recovery.context)).expect("a diff");
        block_on(engine::plan(&self.recovery.context)).expect("a plan")
    }

    /// Merges what is not held, verifies it, runs a check, and takes it back.
    fn merge_check_undo(&self, expected: State, check: impl FnOnce(&Pair)) {
        let pair = &self.recovery.pair;
        let before = fingerprint(&pair.old);
        let options = MergeOptions { leave_held: true, ..MergeOptions::default() };
        block_on(engine::merge(&self.recovery.context, options)).expect("a merge");
        let verified = block_on(engine::verify(&self.recovery.context)).expect("a verification");
        assert_eq!(verified.state_of_rows(), expected, "{verified:#?}");
        check(pair);
        block_on(engine::undo(&self.recovery.context, MergeOptions::default())).expect("an undo");
        assert_eq!(fingerprint(&pair.old), before, "undo after merge is identity");
    }

    /// Comes home completely: every table of OLD holds the rows of NEW, and goes back.
    fn comes_home(&self) {
        let planned = self.plan();
        assert_eq!(planned.held, 0, "{planned:#?}");
        assert!(!planned.actions.is_empty(), "nothing happened: {planned:#?}");
        self.merge_check_undo(State::Verified, |pair| assert_eq!(own_rows(&pair.old), own_rows(&pair.new)));
    }

    /// The reason why a relation is left out, and whether rows may be lost by it.
    fn left_out(&self, name: &str) -> (String, bool) {
        let found = self.discover();
        let left_out = &found.databases[0].left_out;
        let one = left_out.iter().find(|one| one.name.to_string() == name);
        let one = one.unwrap_or_else(|| panic!("{name} is not left out: {left_out:#?}"));
        (one.reason.clone(), one.blocker)
    }
}

const PLAIN_TABLES: &str = "select format('%I.%I', n.nspname, c.relname), case when c.relkind = 'p' then '' else 'only' end \
     from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind in ('r', 'p') and not c.relispartition \
     and c.relpersistence <> 't' and n.nspname not in ('pg_catalog', 'information_schema', 'failback') order by 1";

/// Each table's own rows, ordered by their text.
fn own_rows(url: &str) -> Vec<(String, Vec<Option<String>>)> {
    let content = |row: Vec<Option<String>>| {
        let (table, only) = (row[0].clone().expect("a name"), row[1].clone().expect("a word"));
        // Sorted here: two servers' own orders of text may differ.
        let mut rows: Vec<_> =
            support::rows(url, &format!("select t::text from {only} {table} t")).into_iter().flatten().collect();
        rows.sort();
        (table, rows)
    };
    support::rows(url, PLAIN_TABLES).into_iter().map(content).collect()
}

fn texts(url: &str, query: &str) -> Vec<String> {
    support::rows(url, query)
        .into_iter()
        .map(|row| row.into_iter().map(Option::unwrap_or_default).collect::<Vec<_>>().join("|"))
        .collect()
}
