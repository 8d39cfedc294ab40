//! Rows that took another one's place under their key: no change of it, whatever was there at the cutover.

use super::{Base, Class, Evidence, Logged, Verdict, Witness};
use crate::name::Sided;

/// Says how it is known, if it is, that one side's row was made since the cutover and is another one than the other side's.
/// `fact` is what the side's log says of the key, and decides where it knows; `created_apart`: the two rows' stamps of creation
/// differ.
#[must_use]
pub fn remade(row: Option<Witness>, fact: Logged, created_apart: bool) -> Option<Evidence> {
    let (history, evidence) = row.map(|row| (row.history(), row.evidence()))?;
    match fact {
        // A row that was deleted and made again is the one that it was, if it says so itself.
        Logged::Replaced => (history.existed != Some(true)).then_some(Evidence::Log),
        Logged::Created => Some(Evidence::Log),
        // The same row has stood there all the time.
        Logged::Existed => None,
        // Replication may have brought it, which is not in the log.
        Logged::Untouched | Logged::Unknown => {
            let says_so = created_apart && history.existed == Some(false) && !history.contradicts_itself();
            says_so.then_some(evidence)
        }
    }
}

impl Verdict {
    /// Takes two rows under one key for two, where it is known of one that it was made since and is another one: it is no
    /// change of what was there at the cutover.
    #[must_use]
    pub fn told_apart(self, remade: Sided<Option<Evidence>>) -> Self {
        let class = match (self.class, remade) {
            (Class::Update, Sided { new: Some(_), .. }) => Class::AmbiguousDiffers,
            (Class::UpdateOriginDiffers, Sided { old: None, new: None }) => return self,
            (Class::UpdateOriginDiffers, _) => self.class,
            _ => return self,
        };
        Self { class, base: Base::Unknown, evidence: self.evidence.zip(remade).map(|(known, of)| of.unwrap_or(known)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delta::History;

    const SAYINGS: [Option<bool>; 3] = [None, Some(false), Some(true)];

    fn row(existed: Option<bool>) -> Witness {
        Witness::new(History { existed, changed: Some(true) }, Evidence::Column)
    }

    #[test]
    fn the_log_is_asked_before_the_stamp() {
        let of = |fact| SAYINGS.map(|existed| remade(Some(row(existed)), fact, true));
        let (log, stamp) = (Some(Evidence::Log), Some(Evidence::Column));
        assert_eq!(of(Logged::Created), [log; 3]);
        assert_eq!(of(Logged::Replaced), [log, log, None]);
        assert_eq!(of(Logged::Existed), [None; 3]);
        assert_eq!([of(Logged::Unknown), of(Logged::Untouched)], [[None, stamp, None]; 2]);
        assert_eq!(remade(Some(row(Some(false))), Logged::Unknown, false), None, "one row: it bears one stamp of creation");
        let contradiction = Some(Witness::new(History::CONTRADICTION, Evidence::Column));
        assert_eq!(remade(contradiction, Logged::Unknown, true), None);
    }

    #[test]
    fn what_overwrites_old_without_being_decided_is_never_a_row_that_was_made_anew() {
        for class in Class::ALL {
            let evidence = Sided { old: Evidence::Base, new: Evidence::Base };
            let verdict = Verdict { class: *class, base: Base::IsOld, evidence };
            assert_eq!(verdict.told_apart(Sided::default()), verdict);
            let apart = verdict.told_apart(Sided { old: None, new: Some(Evidence::Log) });
            assert_ne!(apart.class, Class::Update);
            let is_apart = matches!(class, Class::Update | Class::UpdateOriginDiffers);
            assert_eq!(apart.base == Base::Unknown, is_apart, "{class}");
            assert_eq!(apart.evidence.new == Evidence::Log, is_apart, "{class}");
        }
    }
}
