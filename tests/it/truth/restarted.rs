//! What transaction ids proved of OLD, once it was started anew: its files may be an earlier copy, whose ids are given out
//! again.

use failback::demo::{Cluster, ClusterOptions};
use failback::engine::{self, MergeOptions};
use failback::error::ErrorKind;
use failback::policy::Action;

use super::*;

const BOTH: &str = "create table p (id int primary key, who text);
                    create table c (id int primary key, p int references p, created_at timestamptz default now());
                    insert into p values (1, 'Ann')";

/// A recovery whose OLD is a server of its own, and that server.
fn on_own_server(test: &str) -> (Recovery, Cluster) {
    let options = ClusterOptions { label: "test-restart".into(), ..ClusterOptions::default() };
    let cluster = Cluster::start(&support::binaries(Side::Old), &options).expect("a throwaway server");
    let mut pair = support::pair(test);
    support::sql(&cluster.url("postgres"), &format!("create database {}", pair.database));
    pair.old = cluster.url(&pair.database);
    for side in Side::BOTH {
        support::sql(pair.url(side), &format!("set synchronous_commit = on; {BOTH}"));
    }
    support::sql(&pair.new, "insert into c values (1, 1)");
    (recovery(pair, ""), cluster)
}

fn start_anew(cluster: &Cluster) {
    cluster.kill().expect("a stop");
    cluster.revive().expect("a start");
}

#[test]
fn a_parent_is_no_longer_known_by_its_transaction() {
    let (case, cluster) = on_own_server("started_anew");
    let plan = planned(&case);
    assert_eq!((plan.actions.get(Action::Insert), plan.held), (1, 0), "nobody wrote the parent since: {plan:#?}");
    start_anew(&cluster);
    let error = block_on(engine::merge(&case.context, MergeOptions::default())).expect_err("that is not known any more");
    assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
    assert_eq!(support::value(&case.pair.old, "select count(*) from c").as_deref(), Some("0"));
    let plan = block_on(engine::plan(&case.context)).expect("a plan");
    assert_eq!((plan.actions.get(Action::Insert), plan.held), (0, 1), "{plan:#?}");
    let reasons: Vec<_> = plan.tables.iter().flat_map(|table| table.held_reasons.keys()).collect();
    assert!(reasons.iter().any(|why| why.contains("started anew")), "{reasons:?}");
}
