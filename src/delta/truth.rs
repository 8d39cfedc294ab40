//! The three-way truth table.

use super::base::infer_base;
use super::{Base, Class, Evidence, KnownBase, Witness};
use crate::name::Sided;

/// What a key's history means for OLD.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The class.
    pub class: Class,
    /// The row at the cutover.
    pub base: Base,
    /// What the verdict rests on, for each side.
    pub evidence: Sided<Evidence>,
}

/// Classifies one key by what is known of each side's row (`None`: the side has no such row), BASE's row (`None`: BASE is not
/// at hand), and whether the two sides' rows are equal byte for byte, which means nothing unless both exist.
///
/// Where BASE is at hand it decides, whatever the witnesses say; else their evidence stands in for it.
///
/// ```
/// use failback::delta::{Class, Evidence, History, KnownBase, Witness, classify};
/// use failback::name::Sided;
///
/// // NEW's row says that it existed at the cutover and was changed since; OLD has no row.
/// let history = History { existed: Some(true), changed: Some(true) };
/// let new = Some(Witness::new(history, Evidence::Column));
/// assert_eq!(classify(None, new, None, false).class, Class::UpdateMissing);
///
/// // BASE has a row, and it is not NEW's of today: OLD had it, and deleted it.
/// let equal = Some(Sided { old: false, new: false });
/// let base = KnownBase { equal, evidence: Evidence::Baseline };
/// assert_eq!(classify(None, new, Some(base), false).class, Class::UpdateDeleted);
/// ```
#[must_use]
#[inline]
pub fn classify(old: Option<Witness>, new: Option<Witness>, base: Option<KnownBase>, equal: bool) -> Verdict {
    let sides = Sided { old, new };
    match base {
        Some(known) => compared_with(known, sides, equal),
        None => inferred(sides, equal),
    }
}

/// Classifies a key by BASE's row.
fn compared_with(known: KnownBase, sides: Sided<Option<Witness>>, equal: bool) -> Verdict {
    let present = sides.map(|row| row.is_some());
    let base = known.locate(present);
    let class = match look_up(base, present, equal) {
        // BASE has the row, so OLD had it too.
        Class::UpdateMissing => Class::UpdateDeleted,
        class => class,
    };
    Verdict { class, base, evidence: Sided { old: known.evidence, new: known.evidence } }
}

/// Classifies a key by what is known of both sides' rows.
#[inline]
fn inferred(sides: Sided<Option<Witness>>, equal: bool) -> Verdict {
    let base = infer_base(sides, equal);
    let class = match base {
        // A conflict in any case, whether or not there was a row at the cutover.
        Base::Unknown if !equal && is_written(sides.old) && is_written(sides.new) => Class::UpdateOriginDiffers,
        // They differed at the cutover already. Where stamps or a person say so, one of them is wrong rather.
        Base::Unknown if !equal && is_proven_unwritten(sides.old) && is_proven_unwritten(sides.new) => Class::Drift,
        // A row that NEW alone has, stamped before the cutover: OLD may have deleted it, or an import brought it to NEW with
        // its old stamp.
        Base::IsNew if sides.old.is_none() && is_stamped(sides.new) => Class::AmbiguousDeletedOnOld,
        _ => look_up(base, sides.map(|row| row.is_some()), equal),
    };
    Verdict { class, base, evidence: sides.map(|row| row.map_or(Evidence::TwoWay, Witness::evidence)) }
}

/// Whether a side has a row that it has written since the cutover.
fn is_written(row: Option<Witness>) -> bool {
    row.is_some_and(|row| row.history().changed == Some(true))
}

/// Whether a side has a row of which its server proves that nobody wrote it since the cutover.
fn is_proven_unwritten(row: Option<Witness>) -> bool {
    row.is_some_and(|row| {
        row.evidence().is_proof() && row.history().changed == Some(false) && !row.history().contradicts_itself()
    })
}

/// Whether nothing better than the row's own time columns says what is known of it; that an estimate agrees is no proof.
fn is_stamped(row: Option<Witness>) -> bool {
    row.is_some_and(|row| matches!(row.evidence(), Evidence::Column | Evidence::XidEstimated))
}

/// Reads the table: was there a row at the cutover, and what do the sides have now?
#[inline]
fn look_up(base: Base, present: Sided<bool>, equal: bool) -> Class {
    match (base, present.old, present.new) {
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
        // What NEW's row says proves that NEW had the row at the cutover. That OLD had it too, and deleted it, it does not.
        (Base::Other, false, true) => Class::UpdateMissing,
        (Base::Other, true, false) => Class::DeleteOriginDiffers,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delta::History;

    const CREATED: Option<History> = Some(History { existed: Some(false), changed: Some(true) });
    const CHANGED: Option<History> = Some(History { existed: Some(true), changed: Some(true) });
    const SAME: Option<History> = Some(History { existed: Some(true), changed: Some(false) });
    const TOUCHED: Option<History> = Some(History { existed: None, changed: Some(true) });
    const EXISTED: Option<History> = Some(History { existed: Some(true), changed: None });
    const SILENT: Option<History> = Some(History { existed: None, changed: None });

    /// Evidence that rests on a stamp.
    const STAMPED: [Evidence; 2] = [Evidence::Column, Evidence::XidEstimated];

    /// What a side's row can say, none included.
    const SAYINGS: [Option<History>; 7] = [None, CREATED, CHANGED, SAME, TOUCHED, EXISTED, SILENT];

    fn by(evidence: Evidence, row: Option<History>) -> Option<Witness> {
        row.map(|history| Witness::new(history, evidence))
    }

    fn by_columns(old: Option<History>, new: Option<History>, equal: bool) -> Verdict {
        classify(by(Evidence::Column, old), by(Evidence::Column, new), None, equal)
    }

    fn class(old: Option<History>, new: Option<History>, equal: bool) -> &'static str {
        by_columns(old, new, equal).class.word()
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
        assert_eq!(class(None, SAME, false), "ambiguous_deleted_on_old", "a stamp can be imported");
        assert_eq!(class(None, CHANGED, false), "update_missing");
        assert_eq!(class(None, None, false), "convergent");
        assert_eq!(class(None, SILENT, false), "ambiguous_missing_on_old");
        assert_eq!(class(SILENT, None, false), "ambiguous_missing_on_new");
        assert_eq!(class(SILENT, SILENT, false), "ambiguous_differs");
    }

    /// The values that a key can have at three places, `None` where it is not there.
    type Values = [Option<char>; 3];

    /// The table of the design with BASE at hand: base, old, new, class.
    const WITH_BASE: [(Values, Class, Base); 15] = [
        ([None, None, Some('n')], Class::Insert, Base::Absent),
        ([None, Some('n'), Some('n')], Class::Convergent, Base::Absent),
        ([None, Some('o'), None], Class::OldOnly, Base::Absent),
        ([None, Some('o'), Some('n')], Class::InsertExists, Base::Absent),
        ([Some('b'), Some('b'), Some('b')], Class::Unchanged, Base::IsOld),
        ([Some('b'), Some('b'), Some('n')], Class::Update, Base::IsOld),
        ([Some('b'), Some('o'), Some('b')], Class::OldOnly, Base::IsNew),
        ([Some('b'), Some('n'), Some('n')], Class::Convergent, Base::Other),
        ([Some('b'), Some('o'), Some('n')], Class::UpdateOriginDiffers, Base::Other),
        ([Some('b'), Some('b'), None], Class::Delete, Base::IsOld),
        ([Some('b'), Some('o'), None], Class::DeleteOriginDiffers, Base::Other),
        ([Some('b'), None, Some('b')], Class::OldOnly, Base::IsNew),
        ([Some('b'), None, Some('n')], Class::UpdateDeleted, Base::Other),
        ([Some('b'), None, None], Class::Convergent, Base::Other),
        ([None, None, None], Class::Convergent, Base::Absent),
    ];

    fn known(base: Option<char>, sides: Sided<Option<char>>, evidence: Evidence) -> KnownBase {
        KnownBase { equal: base.map(|_| sides.map(|row| row == base)), evidence }
    }

    #[test]
    fn where_base_is_at_hand_it_decides_whatever_the_rows_say() {
        for ([base, old, new], class, place) in WITH_BASE {
            let known = known(base, Sided { old, new }, Evidence::Baseline);
            for says in SAYINGS.into_iter().flatten() {
                for evidence in Evidence::ALL {
                    let witness = |row: Option<char>| row.map(|_| Witness::new(says, *evidence));
                    let verdict = classify(witness(old), witness(new), Some(known), old == new);
                    let expected = Sided { old: Evidence::Baseline, new: Evidence::Baseline };
                    assert_eq!(verdict, Verdict { class, base: place, evidence: expected }, "{base:?} {old:?} {new:?}");
                }
            }
        }
    }

    #[test]
    fn half_evidence_is_never_stretched() {
        assert_eq!(class(None, TOUCHED, false), "ambiguous_missing_on_old", "written after the cutover, but created when?");
        assert_eq!(class(None, EXISTED, false), "ambiguous_missing_on_old", "it existed; whether it was changed is unknown");
        assert_eq!(class(EXISTED, None, false), "ambiguous_missing_on_new", "OLD's row may have been changed since");
        assert_eq!(class(EXISTED, TOUCHED, false), "ambiguous_differs");
        assert_eq!(class(SAME, SAME, false), "ambiguous_differs", "both claim to be the row of the cutover, and differ");
        assert_eq!(class(SAME, CREATED, false), "ambiguous_differs", "two rows, or one that NEW deleted and made again");
        assert_eq!(class(CREATED, SAME, false), "ambiguous_differs", "an import may have brought NEW's with its old stamps");
        assert_eq!(class(CREATED, CHANGED, false), "update_origin_differs");
        assert_eq!(by_columns(CREATED, CHANGED, false).base, Base::Unknown, "they do not agree on whether there was a row");
        assert_eq!(class(SAME, SILENT, false), "update", "OLD's row is the row of the cutover, so NEW changed it");
        assert_eq!(class(TOUCHED, TOUCHED, false), "update_origin_differs");
        assert_eq!(
            by_columns(TOUCHED, TOUCHED, false).base,
            Base::Unknown,
            "nothing says that there was one row at the cutover"
        );
        assert_eq!(by_columns(TOUCHED, CHANGED, false).base, Base::Other);
    }

    #[test]
    fn every_side_has_its_own_evidence_and_none_where_its_row_says_nothing() {
        for evidence in Evidence::ALL {
            let found = classify(by(*evidence, SAME), by(Evidence::Column, CHANGED), None, false);
            assert_eq!(found.evidence, Sided { old: *evidence, new: Evidence::Column });
            let found = classify(by(*evidence, SILENT), by(*evidence, CHANGED), None, false);
            assert_eq!(found.evidence, Sided { old: Evidence::TwoWay, new: *evidence });
            let found = classify(None, by(*evidence, CHANGED), None, false);
            assert_eq!(found.evidence, Sided { old: Evidence::TwoWay, new: *evidence });
        }
    }

    /// Every pair of sayings, with every kind of evidence for each side, equal or not.
    fn combinations() -> impl Iterator<Item = (Sided<Option<History>>, Sided<Evidence>, bool)> {
        let sides = SAYINGS.into_iter().flat_map(|old| SAYINGS.map(|new| Sided { old, new }));
        let evidence = || Evidence::ALL.iter().flat_map(|old| Evidence::ALL.iter().map(|new| Sided { old: *old, new: *new }));
        sides.flat_map(move |rows| evidence().flat_map(move |kinds| [false, true].map(|equal| (rows, kinds, equal))))
    }

    #[test]
    fn two_rows_that_are_both_proven_to_be_as_at_the_cutover_drifted_apart_before_it() {
        for (old, new) in Evidence::ALL.iter().flat_map(|old| Evidence::ALL.iter().map(|new| (*old, *new))) {
            let differ = classify(by(old, SAME), by(new, SAME), None, false);
            let expected = if old.is_proof() && new.is_proof() { Class::Drift } else { Class::AmbiguousDiffers };
            assert_eq!((differ.class, differ.base), (expected, Base::Unknown), "{old} {new}");
            assert_eq!(classify(by(old, SAME), by(new, SAME), None, true).class, Class::Unchanged);
        }
        let by_servers = |old, new| classify(by(Evidence::Xid, old), by(Evidence::Xid, new), None, false).class;
        assert_eq!(by_servers(SAME, CHANGED), Class::Update);
        assert_eq!(by_servers(SAME, EXISTED), Class::Update, "whether NEW wrote it is not known");
        assert_eq!(by_servers(CHANGED, SAME), Class::OldOnly);
        let contradiction = Some(History { existed: Some(false), changed: Some(false) });
        assert_eq!(by_servers(SAME, contradiction), Class::AmbiguousDiffers);
    }

    #[test]
    fn the_kind_of_evidence_is_told_and_changes_no_class_but_of_what_servers_prove() {
        for (rows, kinds, equal) in combinations() {
            let verdict = classify(by(kinds.old, rows.old), by(kinds.new, rows.new), None, equal);
            let by_columns = by_columns(rows.old, rows.new, equal);
            let class = match by_columns.class {
                Class::AmbiguousDeletedOnOld if !STAMPED.contains(&kinds.new) => Class::OldOnly,
                Class::AmbiguousDiffers
                    if (rows.old, rows.new) == (SAME, SAME) && kinds.old.is_proof() && kinds.new.is_proof() =>
                {
                    Class::Drift
                }
                class => class,
            };
            assert_eq!((verdict.class, verdict.base), (class, by_columns.base));
            let told = rows.zip(kinds).map(|(row, kind)| by(kind, row).map_or(Evidence::TwoWay, Witness::evidence));
            assert_eq!(verdict.evidence, told);
        }
    }

    #[test]
    fn every_combination_overwrites_old_only_where_old_is_the_row_of_the_cutover() {
        for (rows, kinds, equal) in combinations() {
            let verdict = classify(by(kinds.old, rows.old), by(kinds.new, rows.new), None, equal);
            let unchanged = rows.old.is_some_and(|row| row.changed == Some(false));
            match verdict.class {
                Class::Update => assert!(unchanged && rows.new.is_some()),
                Class::Delete => assert!(unchanged && rows.new.is_none()),
                Class::Insert => assert!(rows.old.is_none()),
                _ => {}
            }
        }
    }
}
