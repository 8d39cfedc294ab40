//! The three-way truth table.

use super::{Base, Class, Evidence, History, infer_base};

/// What a key's history means for OLD.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What the key's history means for OLD.
    pub class: Class,
    /// The row at the cutover.
    pub base: Base,
    /// What the verdict rests on.
    pub evidence: Evidence,
}

/// Classifies one key by what each side's row says about itself (`None`: the side has no such row) and whether the two rows
/// are equal byte for byte. `equal` is looked at only where both rows exist.
#[must_use]
pub fn classify(old: Option<History>, new: Option<History>, equal: bool) -> Verdict {
    let base = infer_base(old, new, equal);
    let written = |row: Option<History>| row.is_some_and(|row| row.changed == Some(true));
    let class = match base {
        // A conflict in any case, whether or not there was a row at the cutover.
        Base::Unknown if written(old) && written(new) && !equal => Class::UpdateOriginDiffers,
        _ => look_up(base, old.is_some(), new.is_some(), equal),
    };
    let silent = old.unwrap_or_default().is_silent() && new.unwrap_or_default().is_silent();
    let evidence = if silent { Evidence::TwoWay } else { Evidence::Column };
    Verdict { class, base, evidence }
}

/// Reads the table: was there a row at the cutover, and what do the sides have now?
fn look_up(base: Base, old: bool, new: bool, equal: bool) -> Class {
    match (base, old, new) {
        (Base::IsOld | Base::IsNew, true, true) if equal => Class::Unchanged,
        (_, true, true) if equal => Class::Convergent,
        (_, false, false) => Class::Convergent,
        (Base::Unknown, false, true) => Class::AmbiguousMissingOnOld,
        (Base::Unknown, true, false) => Class::AmbiguousMissingOnNew,
        (Base::Unknown, true, true) => Class::AmbiguousDiffers,
        (Base::Absent, false, true) => Class::Insert,
        (Base::Absent, true, false) | (Base::IsNew, ..) => Class::OldOnly,
        (Base::Absent, true, true) => Class::InsertExists,
        (Base::IsOld, _, true) => Class::Update,
        (Base::IsOld, _, false) => Class::Delete,
        (Base::Other, true, true) => Class::UpdateOriginDiffers,
        // NEW's stamps prove that NEW had the row at the cutover. That OLD had it too, and deleted it, they do not.
        (Base::Other, false, true) => Class::UpdateMissing,
        (Base::Other, true, false) => Class::DeleteOriginDiffers,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREATED: Option<History> = Some(History { existed: Some(false), changed: Some(true) });
    const CHANGED: Option<History> = Some(History { existed: Some(true), changed: Some(true) });
    const SAME: Option<History> = Some(History { existed: Some(true), changed: Some(false) });
    const TOUCHED: Option<History> = Some(History { existed: None, changed: Some(true) });
    const EXISTED: Option<History> = Some(History { existed: Some(true), changed: None });
    const SILENT: Option<History> = Some(History { existed: None, changed: None });

    fn class(old: Option<History>, new: Option<History>, equal: bool) -> &'static str {
        classify(old, new, equal).class.word()
    }

    #[test]
    fn the_table_of_the_design_row_by_row() {
        assert_eq!(class(None, CREATED, false), "insert");
        assert_eq!(class(CREATED, CREATED, true), "convergent");
        assert_eq!(class(CREATED, None, false), "old_only");
        assert_eq!(class(CREATED, CREATED, false), "insert_exists");
        assert_eq!(class(SAME, SAME, true), "unchanged");
        assert_eq!(class(SAME, CHANGED, false), "update");
        assert_eq!(class(CHANGED, SAME, false), "old_only");
        assert_eq!(class(CHANGED, CHANGED, true), "convergent");
        assert_eq!(class(CHANGED, CHANGED, false), "update_origin_differs");
        assert_eq!(class(SAME, None, false), "delete");
        assert_eq!(class(CHANGED, None, false), "delete_origin_differs");
        assert_eq!(class(None, SAME, false), "old_only");
        assert_eq!(class(None, CHANGED, false), "update_missing");
        assert_eq!(class(None, None, false), "convergent");
        assert_eq!(class(None, SILENT, false), "ambiguous_missing_on_old");
        assert_eq!(class(SILENT, None, false), "ambiguous_missing_on_new");
        assert_eq!(class(SILENT, SILENT, false), "ambiguous_differs");
    }

    #[test]
    fn half_evidence_is_never_stretched() {
        assert_eq!(class(None, TOUCHED, false), "ambiguous_missing_on_old", "written after the cutover, but created when?");
        assert_eq!(class(None, EXISTED, false), "ambiguous_missing_on_old", "it existed; whether it was changed is unknown");
        assert_eq!(class(EXISTED, None, false), "ambiguous_missing_on_new", "OLD's row may have been changed since");
        assert_eq!(class(EXISTED, TOUCHED, false), "ambiguous_differs");
        assert_eq!(class(SAME, SAME, false), "ambiguous_differs", "both claim to be the row of the cutover, and differ");
        assert_eq!(class(SAME, SILENT, false), "update", "OLD's row is the row of the cutover, so NEW changed it");
        assert_eq!(class(TOUCHED, TOUCHED, false), "update_origin_differs");
        assert_eq!(classify(TOUCHED, TOUCHED, false).base, Base::Unknown, "nothing says that there was one row at the cutover");
        assert_eq!(classify(TOUCHED, CHANGED, false).base, Base::Other);
    }

    #[test]
    fn every_combination_overwrites_old_only_where_old_is_the_row_of_the_cutover() {
        let sides = [None, CREATED, CHANGED, SAME, TOUCHED, EXISTED, SILENT];
        for old in sides {
            for new in sides {
                for equal in [false, true] {
                    let verdict = classify(old, new, equal);
                    match verdict.class {
                        Class::Update => assert_eq!(old.and_then(|row| row.changed), Some(false)),
                        Class::Delete => assert_eq!((old.and_then(|row| row.changed), new), (Some(false), None)),
                        Class::Insert => assert!(old.is_none()),
                        _ => {}
                    }
                }
            }
        }
    }
}
