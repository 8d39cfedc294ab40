//! What says which transactions were over at the cutover, as lines.

use jiff::SignedDuration;

use super::amount::plural;
use crate::delta::{EstimateBasis, TriedSource};
use crate::name::{Side, Sided};

/// What the list is headed.
pub(super) const HEADING: &str = "which transactions were over at the cutover:";

/// What follows where one side's answer is missing.
const LACKING: &str = "unless both are known, transaction ids are no evidence";

/// What follows where one is estimated.
const ESTIMATED: &str =
    "an estimate proves nothing: tables with time columns go by these, and a row whose stamps disagree is held";

/// One line a side, and more where it is another answer in another database.
pub(super) fn lines(databases: &[(&str, &Sided<Vec<TriedSource>>)]) -> Vec<String> {
    let mut found = Vec::new();
    for side in Side::BOTH {
        let mut said = databases.iter().map(|(name, tried)| (name, sentence(side, tried.get(side)))).peekable();
        let first = said.peek().map(|(_, sentence)| sentence.clone());
        if said.clone().all(|(_, sentence)| first.as_ref() == Some(&sentence)) {
            found.extend(first);
        } else {
            found.extend(said.map(|(name, sentence)| format!("{name}: {sentence}")));
        }
    }
    let offered = databases.iter().flat_map(|(_, tried)| Side::BOTH.map(|side| offers(side, tried.get(side)))).flatten();
    for offer in offered {
        if !found.contains(&offer) {
            found.push(offer);
        }
    }
    let is_known = |tried: &Vec<TriedSource>| tried.iter().any(|one| one.known().is_some());
    if databases.iter().any(|(_, tried)| !is_known(&tried.old) || !is_known(&tried.new)) {
        found.push(LACKING.to_owned());
    }
    let is_estimated = |tried: &Vec<TriedSource>| tried.iter().any(|one| basis(one).is_some());
    if databases.iter().any(|(_, tried)| is_estimated(&tried.old) || is_estimated(&tried.new)) {
        found.push(ESTIMATED.to_owned());
    }
    found
}

/// What a person may confirm.
fn offers(side: Side, tried: &[TriedSource]) -> Vec<String> {
    let sentence = |one: &TriedSource| match one {
        TriedSource::Offers { xid, act, .. } => Some(format!(
            "{side}: transaction {xid} was the last that did this: {act}. If it cut writes over, and no older one was going on \
             then: --{}-xid {xid}",
            side.word()
        )),
        TriedSource::Used { .. } | TriedSource::Lacks { .. } => None,
    };
    tried.iter().filter_map(sentence).collect()
}

/// What an estimate rests on.
const fn basis(one: &TriedSource) -> Option<&EstimateBasis> {
    match one {
        TriedSource::Used { basis, .. } => basis.as_ref(),
        TriedSource::Lacks { .. } | TriedSource::Offers { .. } => None,
    }
}

/// Says what an estimate rests on, what contradicts itself, what it leaves in doubt, and what it takes for granted.
fn of_basis(basis: &EstimateBasis) -> String {
    let tables: Vec<_> = basis.contradicted.iter().map(|(table, rows)| format!("{table} {rows}")).collect();
    let contradicted = match basis.contradicted.values().sum::<u64>() {
        0 => "none contradicts another".to_owned(),
        all => format!("{all} contradict others (rows imported or changed with old stamps, clocks: {})", tables.join(", ")),
    };
    format!(
        "{} of {} with stamps support it, {contradicted}; in doubt are {}, from {} before the cutover on; taken for granted is \
         that none, with the lag of replication, went on for more than {} across the cutover",
        basis.support,
        plural(basis.transactions, "transaction", "transactions"),
        plural(basis.doubtful, "transaction", "transactions"),
        span(basis.doubt_us),
        span(basis.longest_us)
    )
}

/// A span of time, in seconds.
fn span(us: i64) -> String {
    format!("{:#}", SignedDuration::from_secs(us / 1_000_000))
}

fn sentence(side: Side, tried: &[TriedSource]) -> String {
    let mut used = tried.iter().filter_map(|one| match one {
        TriedSource::Used { source, horizon, grade, basis } => {
            let rests = basis.as_ref().map_or_else(String::new, |basis| format!(": {}", of_basis(basis)));
            Some(format!("{side}: those before {}, by {} (evidence: {grade}){rests}", horizon.xid(), source.phrase()))
        }
        TriedSource::Lacks { .. } | TriedSource::Offers { .. } => None,
    });
    used.next().unwrap_or_else(|| {
        let lacks = tried.iter().filter_map(|one| match one {
            TriedSource::Lacks { source, why } => Some(format!("{}: {why}", source.phrase())),
            TriedSource::Used { .. } | TriedSource::Offers { .. } => None,
        });
        format!("{side}: not known; {}", lacks.collect::<Vec<_>>().join("; "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delta::{Horizon, HorizonSource};

    #[test]
    fn a_side_has_one_line_where_all_databases_say_the_same() {
        let used = |xid| vec![TriedSource::used(HorizonSource::ByHand, Horizon::new(xid))];
        let lacks = vec![TriedSource::Lacks { source: HorizonSource::ByHand, why: "no id is given".to_owned() }];
        let (one, other) = (Sided { old: used(7), new: lacks.clone() }, Sided { old: used(8), new: lacks });
        let missing = "NEW: not known; an id given by hand: no id is given";
        assert_eq!(
            lines(&[("a", &one), ("b", &one)]),
            ["OLD: those before 7, by an id given by hand (evidence: xid_by_hand)", missing, LACKING]
        );
        assert_eq!(lines(&[("a", &one), ("b", &other)]).len(), 4);
        assert!(lines(&[]).is_empty());
    }
}
