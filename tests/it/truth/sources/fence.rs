//! Acts by which writes may have been cut over: they are offered, and nothing is made of them until a person gives the id.

use super::*;

fn offered(case: &Recovery, side: Side) -> Vec<(u64, String)> {
    let tried = record(case).horizon_sources.expect("a search").get(side).clone();
    let offer = |one: TriedSource| match one {
        TriedSource::Offers { xid, act, .. } => Some((xid, act)),
        _ => None,
    };
    tried.into_iter().filter_map(offer).collect()
}

#[test]
fn they_are_offered_and_used_only_once_a_person_gives_the_id() {
    let (pair, _turn) = estate(plain());
    let database = pair.database.clone();
    // By a user of no other test, as settings are the server's.
    support::sql(&pair.old, &format!("create role \"{database} user\""));
    let fence = next_xid(&pair, Side::Old);
    support::sql(
        &pair.old,
        &format!("alter role \"{database} user\" in database {database} set default_transaction_read_only = on"),
    );
    let subscribe = format!(
        "create subscription \"{database} sub\" connection 'host=127.0.0.1 port=1' publication p \
         with (connect = false, slot_name = none)"
    );
    support::sql(&pair.new, &subscribe);
    let cut = next_xid(&pair, Side::New);
    support::sql(&pair.new, &format!("alter subscription \"{database} sub\" disable"));
    let cutover = cut_over();
    support::sql(&pair.new, NEW);
    support::sql(&pair.old, OLD);
    both(&pair, "checkpoint");
    let mut case = case(again(&pair), &cutover, "");
    assert_eq!(method(&case), Method::Compare, "nothing is made of them by themselves");
    let on_old = format!("ALTER ROLE {database} user IN DATABASE {database} SET default_transaction_read_only");
    assert_eq!(offered(&case, Side::Old), [(fence, on_old.clone())]);
    let on_new = format!("ALTER SUBSCRIPTION {database} sub DISABLE, in database {database}");
    assert_eq!(offered(&case, Side::New), [(cut, on_new)]);
    let told = support::failback(&[
        "discover",
        "--old",
        &pair.old,
        "--new",
        &pair.new,
        "--databases",
        &database,
        "--cutover",
        cutover.text(),
    ]);
    let said = format!("OLD: transaction {fence} was the last that did this: {on_old}. If it cut writes over");
    assert!(told.stdout.contains(&said) && told.stdout.contains(&format!("--new-xid {cut}")), "{told:?}");
    let given = Sided { old: fence, new: cut }.map(|id| GivenXid::parse(&id.to_string()).ok());
    choose(&mut case, |selection| selection.with_xids(given));
    expect_told(&case);
    support::sql(&pair.new, &format!("drop subscription \"{database} sub\""));
    support::sql(&pair.old, &format!("drop owned by \"{database} user\"; drop role \"{database} user\""));
}
