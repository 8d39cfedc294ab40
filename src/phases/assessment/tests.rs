//! Every way from answers to advice and phase.

use jiff::Timestamp;

use super::*;
use crate::config::CRITERIA;
use crate::words::Word as _;

const HOUR: u64 = 3600;

fn gathered(since: Since, answer: Answer) -> Gathered {
    let reading = |one: &crate::config::Criterion| Reading {
        criterion: one.name.to_owned(),
        list: one.list,
        question: one.question.to_owned(),
        answer: if one.list == CriteriaList::Fact { Answer::Yes } else { answer },
        value: None,
        threshold: None,
        evidence: "looked".to_owned(),
        by: None,
        measured: None,
    };
    let readings = CRITERIA.iter().map(reading).collect();
    let rows = RowsAtStake::uncounted("not asked");
    Gathered { at: Timestamp::UNIX_EPOCH, cutover: None, since, readings, rows }
}

fn judged(gathered: Gathered, said: &[&str]) -> Assessment {
    let said: Vec<_> = said.iter().map(|text| Said::parse(text, "ada").unwrap()).collect();
    judge(gathered, &said, &Matrix::default(), &Roles::default()).unwrap()
}

fn after(seconds: u64, said: &[&str]) -> Assessment {
    judged(gathered(Since::After(seconds), Answer::No), said)
}

#[test]
fn each_criterion_yes_no_and_unknown() {
    for criterion in &CRITERIA {
        let asked = |answer: Answer| after(60, &[&format!("{}={answer}", criterion.name)]).advice;
        let [yes, no, unknown] = [Answer::Yes, Answer::No, Answer::Unknown].map(asked);
        let expected = match criterion.list {
            CriteriaList::Automatic => [Advice::RollBack, Advice::Stay, Advice::Undecided],
            CriteriaList::Evaluated => [Advice::Evaluate, Advice::Stay, Advice::Undecided],
            CriteriaList::FixForward => [Advice::FixForward, Advice::Stay, Advice::Stay],
            CriteriaList::Fact => [Advice::Stay; 3],
        };
        assert_eq!([yes, no, unknown], expected, "{}", criterion.name);
    }
}

#[test]
fn what_is_not_known_never_counts_as_no() {
    let all_unknown = || gathered(Since::After(60), Answer::Unknown);
    assert_eq!(judged(all_unknown(), &[]).advice, Advice::Undecided);
    assert_eq!(judged(all_unknown(), &["cosmetic=yes"]).advice, Advice::Undecided);
    assert_eq!(judged(all_unknown(), &["outage=yes"]).advice, Advice::RollBack);
    let weighed = judged(all_unknown(), &["users-complain=yes"]);
    assert_eq!(weighed.advice, Advice::Evaluate);
    assert!(weighed.why[1].contains("6 automatic criteria are not known"), "{:?}", weighed.why);
    let not_known: Vec<_> = weighed.not_known.iter().map(|one| one.criterion.as_str()).collect();
    assert!(not_known.contains(&"outage") && not_known.contains(&"degradation") && !not_known.contains(&"cosmetic"));
    let late = judged(gathered(Since::After(30 * HOUR), Answer::Unknown), &["users-complain=yes"]);
    assert_eq!(late.advice, Advice::Evaluate, "fixing forward is no default for what is not known");
}

#[test]
fn so_late_people_decide_whatever_is_met() {
    assert_eq!(after(30 * HOUR, &["outage=yes"]).advice, Advice::Evaluate);
    assert_eq!(after(30 * HOUR, &["users-complain=yes"]).advice, Advice::FixForward);
    let about = |assessment: &Assessment| assessment.contradictions.iter().map(|one| one.about).collect::<Vec<_>>();
    assert!(about(&after(30 * HOUR, &["outage=yes"])).contains(&"who decides"));
    assert!(about(&after(2 * HOUR, &["outage=yes"])).contains(&"who decides"));
    assert!(!about(&after(60, &["outage=yes"])).contains(&"who decides"));
}

#[test]
fn facts_win_over_the_time_that_stands_for_them() {
    let cases: [(u64, &[&str], Option<Phase>); 8] = [
        (60, &[], Some(Phase::Quick)),
        (HOUR, &[], Some(Phase::Evaluated)),
        (60, &["old-data=no"], Some(Phase::Emergency)),
        (60, &["old-data=unknown"], Some(Phase::Quick)),
        (50 * HOUR, &[], Some(Phase::LongTerm)),
        (50 * HOUR, &["old-data=no"], Some(Phase::Emergency)),
        (50 * HOUR, &["old-data=unknown"], None),
        (30 * HOUR, &["old-data=no"], Some(Phase::Emergency)),
    ];
    for (seconds, said, phase) in cases {
        assert_eq!(after(seconds, said).phase, phase, "{seconds} {said:?}");
    }
    let open = after(50 * HOUR, &["old-data=unknown"]);
    assert_eq!(open.possible, [Phase::LongTerm, Phase::Emergency]);
    assert!(after(60, &["old-data=unknown"]).in_the_way[0].contains("unknown"));
    assert_eq!(after(60, &["old-serves=no"]).in_the_way, ["OLD serves: no"]);
}

#[test]
fn before_the_cutover_it_matters_whether_new_is_there() {
    let before = |said: &[&str]| judged(gathered(Since::Before(90), Answer::No), said);
    assert_eq!(before(&[]).phase, Some(Phase::DestroyNew));
    assert_eq!(before(&["new-deployed=no"]).phase, Some(Phase::AbortDeployment));
    let open = before(&["new-deployed=unknown"]);
    assert_eq!((open.phase, open.possible.len()), (None, 2));
    assert_eq!(judged(gathered(Since::NotStated, Answer::No), &[]).possible.len(), Phase::ALL.len());
}

#[test]
fn what_the_procedure_says_twice_is_told_where_it_matters() {
    let about = |assessment: &Assessment| assessment.contradictions.iter().map(|one| one.about).collect::<Vec<_>>();
    assert_eq!(about(&after(60, &["slight-degradation=yes"])), ["data loss"]);
    assert_eq!(about(&after(HOUR, &["slight-degradation=yes"])), ["data loss", "borders"]);
    assert!(about(&after(50 * HOUR, &[])).contains(&"whether OLD is destroyed"));
    let by_hand = after(60, &["outage=no"]);
    assert!(
        by_hand.contradictions.iter().any(|one| one.instead.contains("of 6: 5 measured, 1 answered by people, 0 not known"))
    );
    let mut between = gathered(Since::After(60), Answer::No);
    let degradation = between.readings.iter_mut().find(|one| one.criterion == "degradation").unwrap();
    degradation.value = Some("0.3".to_owned());
    let told = judged(between, &[]).contradictions;
    assert!(told.iter().any(|one| one.about == "degradation" && one.instead.contains("0.3")), "{told:?}");
}

#[test]
fn approvals_have_people_where_somebody_is_named() {
    let config = crate::config::Config::parse("[roles]\nincident_commander = [\"ada\"]", "failback.toml").unwrap();
    let judged = judge(gathered(Since::After(2 * HOUR), Answer::No), &[], config.matrix(), config.roles()).unwrap();
    let roles: Vec<_> = judged.approvals.iter().map(|one| (one.role.as_str(), one.people.len())).collect();
    assert_eq!(roles[0], ("incident commander", 1));
    assert_eq!((roles.len(), roles[1].1), (4, 0));
}

#[test]
fn every_word_is_read_back() {
    for advice in Advice::ALL {
        assert_eq!(Advice::read(advice.word()), Ok(*advice));
    }
}
