//! Rows of a gigabyte and more: what fits into a message comes home, what does not is named with its key, and stops nothing
//! else.

use failback::engine::{self, MergeOptions, State};

use super::{Story, texts};
use crate::support::{self, block_on};

/// A row whose columns together are wider than PostgreSQL sends.
const TOO_WIDE: &str = "insert into wide (id, a) values (7, repeat('x', 360000000)); update wide set b = a where id = 7;
    update wide set c = a where id = 7";

#[test]
fn a_row_that_postgresql_does_not_send_leaves_out_its_table_alone() {
    let both = "
        create table wide (id int primary key, a text, b text, c text);
        insert into wide (id, a) select i, 'a' from generate_series(1, 5) i;
        create table t (id int primary key, v text)";
    let story = Story::both(
        "too_wide",
        both,
        &format!("{TOO_WIDE}; insert into wide (id, a) values (8, 'behind it'); insert into t values (1, 'a')"),
    );
    let exported = block_on(engine::export(&story.recovery.context)).expect("an export");
    expect_named(&exported);
    block_on(engine::diff(&story.recovery.context)).expect("a diff");
    block_on(engine::plan(&story.recovery.context)).expect("a plan");
    story.merge_check_undo(State::Verified, |pair| assert_eq!(texts(&pair.old, "select * from t"), ["1|a"]));
}

fn expect_named(exported: &engine::ExportReport) {
    assert_eq!(exported.blockers.len(), 1, "{exported:#?}");
    let reason = &exported.blockers[0].left_out.reason;
    assert_eq!(exported.blockers[0].left_out.name.to_string(), "public.wide");
    assert!(reason.contains("on NEW behind the key 5") && reason.contains("PostgreSQL"), "{reason}");
}

#[test]
#[ignore = "minutes, and 6 GiB of memory"]
fn a_row_of_700_mb_comes_home() {
    let story = Story::both(
        "very_wide",
        "create table wide (id int primary key, a text, b bytea); insert into wide values (1, 'a', 'b')",
        "insert into wide values (2, repeat('x', 300000000), convert_to(repeat('y', 400000000), 'UTF8')), (3, 'c', null);
         update wide set b = convert_to(repeat('z', 600000000), 'UTF8') where id = 1",
    );
    let planned = story.plan();
    assert_eq!(planned.held, 0, "{planned:#?}");
    let digest = "select string_agg(concat_ws(':', id, md5(a), md5(b)), ' ' order by id) from wide";
    let [before, wanted] = [&story.recovery.pair.old, &story.recovery.pair.new].map(|url| support::value(url, digest));
    let options = MergeOptions::default();
    block_on(engine::merge(&story.recovery.context, options)).expect("a merge");
    assert_eq!(support::value(&story.recovery.pair.old, digest), wanted);
    let verified = block_on(engine::verify(&story.recovery.context)).expect("a verification");
    assert_eq!(verified.state_of_rows(), State::Verified, "{verified:#?}");
    block_on(engine::undo(&story.recovery.context, options)).expect("an undo");
    assert_eq!(support::value(&story.recovery.pair.old, digest), before);
    assert!(peak_kib() < 8 << 20, "{} KiB", peak_kib());
}

/// The most memory that this process ever held, as Linux says it.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("what Linux says of this process");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next());
    peak.and_then(|number| number.parse().ok()).expect("a number")
}
