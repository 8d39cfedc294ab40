//! The last checkpoint, where that was before the cutover.

use super::*;

#[test]
fn it_says_which_transactions_were_over_if_nothing_came_between() {
    let (pair, _turn) = estate(plain());
    let open = block_on(support::connect(&pair.new));
    block_on(open.batch_execute("begin; update t set v = 'open' where id = 7")).expect("an open transaction");
    both(&pair, "checkpoint");
    std::thread::sleep(Duration::from_millis(1_100));
    let cutover = cut_over();
    support::sql(&pair.new, NEW);
    support::sql(&pair.old, OLD);
    block_on(open.batch_execute("commit")).expect("a commit");
    let case = case(pair, &cutover, "");
    for side in Side::BOTH {
        assert_eq!(horizon(&case, side).map(|known| known.0), Ok(HorizonSource::Checkpoint), "{side}");
    }
    assert_eq!(method(&case), Method::Xid);
    let mut expected = TOLD.to_vec();
    expected.retain(|(class, _)| *class != Class::Update);
    expected.push((Class::Update, 2));
    expected.sort();
    assert_eq!(counts(&case), expected, "7 was open at the cutover");
    assert!(evidence(&case).old.contains(&"xid".to_owned()));
}

#[test]
fn one_after_the_cutover_or_within_the_overlap_says_nothing() {
    let (pair, _turn) = estate(plain());
    both(&pair, "checkpoint");
    std::thread::sleep(Duration::from_millis(1_100));
    let early = case(again(&pair), &cut_over(), "");
    assert_eq!(horizon(&early, Side::Old).map(|known| known.0), Ok(HorizonSource::Checkpoint));
    let why = |case: &Recovery| {
        let lacks = horizon(case, Side::Old).expect_err("nothing says it");
        lacks.into_iter().find_map(|(source, why)| (source == HorizonSource::Checkpoint).then_some(why)).expect("it was asked")
    };
    both(&pair, "checkpoint");
    assert!(why(&early).starts_with("it was after the cutover"), "{}", why(&early));
    let mut wide = recovery(pair, "overlap = \"1h\"");
    choose(&mut wide, |selection| selection.with_cutover(Some(cut_over())));
    assert!(why(&wide).starts_with("it was after the cutover"), "{}", why(&wide));
}
