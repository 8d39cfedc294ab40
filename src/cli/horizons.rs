//! What says which transactions were over at the cutover, as lines.

use crate::delta::TriedSource;
use crate::name::{Side, Sided};

/// What the list is headed.
pub(super) const HEADING: &str = "which transactions were over at the cutover:";

/// What follows where one side's answer is missing.
const LACKING: &str = "unless both are known, transaction ids are no evidence";

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
    let is_known = |tried: &Vec<TriedSource>| tried.iter().any(|one| one.known().is_some());
    if databases.iter().any(|(_, tried)| !is_known(&tried.old) || !is_known(&tried.new)) {
        found.push(LACKING.to_owned());
    }
    found
}

fn sentence(side: Side, tried: &[TriedSource]) -> String {
    let mut used = tried.iter().filter_map(|one| match one {
        TriedSource::Used { source, horizon, grade } => {
            Some(format!("{side}: those before {}, by {} (evidence: {grade})", horizon.xid(), source.phrase()))
        }
        TriedSource::Lacks { .. } => None,
    });
    used.next().unwrap_or_else(|| {
        let lacks = tried.iter().filter_map(|one| match one {
            TriedSource::Lacks { source, why } => Some(format!("{}: {why}", source.phrase())),
            TriedSource::Used { .. } => None,
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
