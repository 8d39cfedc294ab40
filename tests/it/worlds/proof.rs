//! The oracle of a mark: no row is said to be as at the mark that is not, and each row of the diff has the class that its
//! writers give it.

use std::collections::BTreeSet;

use failback::delta::{Base, Class, Evidence};
use failback::name::{Side, Sided};
use failback::schema::Method;

use super::listed::{Entry, Said};
use super::oracle::{Window, shown};
use super::schema::Table;
use super::snapshot::{Row, RowKey, Snapshot, Writers, agree, created_apart, may_be_respelt};

/// Both sides at one moment: their rows, and who had written each last.
pub(super) type Moment = Sided<(Snapshot, Vec<Writers>)>;

/// What an earlier merge brought: NEW's rows when it was made, and what it wrote to OLD, by key and by who is named as the
/// writer.
pub(super) struct Brought {
    pub(super) new: Snapshot,
    pub(super) written: Vec<Writers>,
}

/// Everything that is known of a diff that goes by a mark.
pub(super) struct Proof<'a> {
    pub(super) tables: &'a [Table],
    /// Both sides at the mark.
    pub(super) then: &'a Moment,
    /// OLD at the diff, NEW at the export.
    pub(super) now: &'a Moment,
    /// OLD at the export.
    pub(super) at_export: &'a Snapshot,
    pub(super) said: &'a [Option<Said>],
    /// Tables of which the mark may prove nothing, by their numbers.
    pub(super) shaken: &'a BTreeSet<usize>,
    /// What an earlier merge brought.
    pub(super) brought: Option<&'a Brought>,
}

/// What became of one side's row since the mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// There is none.
    None,
    /// It is the one of the mark.
    Same,
    /// It was written since, or may have been.
    Written,
    /// An earlier merge brought it to OLD as NEW had it, and nobody wrote it there since.
    Brought,
}

impl Proof<'_> {
    /// Lists everything that is wrong, one sentence each.
    pub(super) fn complaints(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (number, (table, said)) in self.tables.iter().zip(self.said).enumerate() {
            let Some(said) = said else { continue };
            let expected = table.is_keyed() && table.method.is_none() && !self.shaken.contains(&number);
            if expected && said.method != Method::Xid {
                found.push(format!("{}: the mark is not heeded: {}", table.name, said.method.word()));
            }
            if said.method != Method::Xid {
                continue;
            }
            for key in self.keys(number) {
                let one = self.one(number, &key);
                let wrong = said.entries.get(&key).map_or_else(|| one.unlisted(table), |entry| one.misjudged(table, entry));
                found.extend(wrong.map(|what| format!("{} {}: {what}", table.name, shown(&key))));
            }
        }
        found
    }

    /// As [`complaints`](Self::complaints) of tables whose stamps were held against an estimate: what both say must be so, and
    /// the estimate alone must say nothing. `from` is the earliest stamp, as columns of either kind show it, that may be of
    /// after the cutover.
    pub(super) fn of_estimates(&self, window: &Window) -> Vec<String> {
        let mut found = Vec::new();
        for (number, (table, said)) in self.tables.iter().zip(self.said).enumerate() {
            let from = if table.wall { &window.wall } else { &window.instant };
            for (key, entry) in said.iter().filter(|said| said.is_checked).flat_map(|said| &said.entries) {
                let one = self.one(number, key);
                let wrong = one
                    .falsely_proven(table, entry, Evidence::XidEstimated)
                    .or_else(|| one.falsely_proven(table, entry, Evidence::Xid))
                    .or_else(|| one.unsupported(entry, from));
                found.extend(wrong.map(|what| format!("{} {}: {what}", table.name, shown(key))));
            }
        }
        found
    }

    fn keys(&self, number: usize) -> BTreeSet<RowKey> {
        Side::BOTH.into_iter().flat_map(|side| self.now.get(side).0.tables[number].keys().cloned()).collect()
    }

    fn one(&self, number: usize, key: &RowKey) -> One {
        let row = |moment: &Moment, side: Side| moment.get(side).0.tables[number].get(key).cloned();
        let writer = |moment: &Moment, side: Side| moment.get(side).1[number].get(key).cloned();
        let is_brought = |side, by: &String| {
            let Some(brought) = self.brought.filter(|_| side == Side::Old) else { return false };
            brought.written[number].get(key) == Some(by)
                && agree(&self.tables[number], row(self.now, side).as_ref(), brought.new.tables[number].get(key))
        };
        let fate = |side| match (writer(self.then, side), writer(self.now, side)) {
            (_, None) => Fate::None,
            (Some(then), Some(now)) if then == now => Fate::Same,
            (_, Some(now)) if is_brought(side, &now) => Fate::Brought,
            _ => Fate::Written,
        };
        let on_old_at_export = self.at_export.tables[number].contains_key(key);
        One {
            then: row(self.then, Side::Old),
            differed: !agree(&self.tables[number], row(self.then, Side::Old).as_ref(), row(self.then, Side::New).as_ref()),
            now: Sided::of(|side| row(self.now, side)),
            fates: Sided::of(fate),
            on_old_at_export,
        }
    }
}

/// One key, then and now.
struct One {
    /// OLD's row at the mark; NEW's was the same, or the two differed already.
    then: Option<Row>,
    /// Whether they did.
    differed: bool,
    now: Sided<Option<Row>>,
    fates: Sided<Fate>,
    /// Whether OLD had the row at the export.
    on_old_at_export: bool,
}

impl One {
    fn equal(&self, table: &Table) -> bool {
        agree(table, self.now.old.as_ref(), self.now.new.as_ref())
    }

    /// What is wrong with a row that the diff does not list: it is said to be equal, or nothing that NEW wrote. What OLD
    /// deleted or made after the export is its own.
    fn unlisted(&self, table: &Table) -> Option<String> {
        let is_olds_own = match self.fates.new {
            // What differed already is no write of NEW's, and not looked for.
            Fate::Same => true,
            Fate::Written | Fate::Brought => false,
            Fate::None => self.then.is_none() || !self.on_old_at_export,
        };
        (!self.equal(table) && !is_olds_own).then(|| {
            format!(
                "NEW's write is not listed: {:?} on OLD, {:?} on NEW, which are {:?}",
                self.now.old, self.now.new, self.fates
            )
        })
    }

    /// What is wrong with a row of the diff.
    fn misjudged(&self, table: &Table, entry: &Entry) -> Option<String> {
        self.falsely_proven(table, entry, Evidence::Xid).or_else(|| {
            let by_baseline = entry.evidence.old == Evidence::Baseline;
            let allowed = if by_baseline { self.classes_by_baseline(table) } else { self.classes(table) };
            // Both wrote one value, and spelt it otherwise.
            let respelt = self.equal(table) && may_be_respelt(table, self.now.new.as_ref());
            (!allowed.contains(&entry.class) && !respelt)
                .then(|| format!("is {}, and by its writers ({:?}) it is one of {allowed:?}", entry.class, self.fates))
        })
    }

    /// Says which claim of proof is false: by the row's values, and by who wrote it.
    fn falsely_proven(&self, table: &Table, entry: &Entry, grade: Evidence) -> Option<String> {
        let claims = |side: Side| [grade, Evidence::Baseline].contains(entry.evidence.get(side));
        let base = |is: Base| entry.base == is;
        let old_is_base = claims(Side::Old) && (base(Base::IsOld) || matches!(entry.class, Class::Update | Class::Delete));
        if old_is_base && (self.now.old != self.then || self.fates.old != Fate::Same) {
            return Some(format!("OLD's row is said to be the one of the mark, {:?}, and is {:?}", self.then, self.now.old));
        }
        let new_is_base = claims(Side::New) && (base(Base::IsNew) || entry.class == Class::OldOnly);
        if new_is_base && (!agree(table, self.now.new.as_ref(), self.then.as_ref()) || self.fates.new != Fate::Same) {
            return Some(format!("NEW's row is said to be the one of the mark, {:?}, and is {:?}", self.then, self.now.new));
        }
        let by_ledger = entry.evidence.old == Evidence::Ledger && matches!(entry.class, Class::Update | Class::Delete);
        if by_ledger && self.fates.old != Fate::Brought {
            return Some(format!("OLD's row is said to be as a merge brought it, and is {:?}", self.now.old));
        }
        let drifted = entry.class == Class::Drift;
        if drifted && (!self.differed || self.fates != Sided { old: Fate::Same, new: Fate::Same }) {
            return Some(format!("is said to have differed at the mark, by rows that are {:?} since", self.fates));
        }
        let absent = (claims(Side::Old) || claims(Side::New)) && (base(Base::Absent) || entry.class == Class::Insert);
        if absent && self.then.is_some() {
            return Some(format!("there is said to have been no row at the mark, and there was {:?}", self.then));
        }
        None
    }

    /// Says where an estimate alone would have OLD's row overwritten or deleted.
    fn unsupported(&self, entry: &Entry, from: &str) -> Option<String> {
        let changes_old = matches!(entry.class, Class::Update | Class::Delete);
        let stamp = self.now.old.as_ref().and_then(|row| row.get("updated_at").cloned().flatten());
        let is_stamped_before = stamp.as_ref().is_some_and(|stamp| stamp.as_str() < from);
        (changes_old && !is_stamped_before)
            .then(|| format!("is {}, and OLD's row does not say that it is as at the cutover: {stamp:?}", entry.class))
    }

    /// The class that a row has that was there at the mark, given who wrote either side's: a baseline knows that it was.
    fn classes_by_baseline(&self, table: &Table) -> Vec<Class> {
        if self.then.is_none() {
            return Vec::new();
        }
        let class = match (self.fates.old, self.fates.new) {
            _ if self.equal(table) => Class::Convergent,
            (Fate::Same, Fate::Written) => Class::Update,
            (Fate::Same, Fate::None) => Class::Delete,
            (_, Fate::Same | Fate::Brought) => Class::OldOnly,
            // What an earlier merge brought is another row than then.
            (Fate::Written | Fate::Brought, Fate::Written) => Class::UpdateOriginDiffers,
            (Fate::Written | Fate::Brought, Fate::None) => Class::DeleteOriginDiffers,
            (Fate::None, Fate::Written) => Class::UpdateDeleted,
            (Fate::None, Fate::None) => Class::Convergent,
        };
        // Or another row, as its stamp says.
        let is_another = class == Class::Update && created_apart(self.now.old.as_ref(), self.now.new.as_ref());
        if is_another { vec![class, Class::AmbiguousDiffers] } else { vec![class] }
    }

    /// The classes that a row may have, given who wrote either side's.
    fn classes(&self, table: &Table) -> Vec<Class> {
        let stamped = |classes: &[Class]| if table.created { classes.to_vec() } else { Vec::new() };
        let (always, by_creation): (&[Class], &[Class]) = match (self.fates.old, self.fates.new) {
            (_, Fate::Written) if self.equal(table) => (&[Class::Convergent], &[]),
            (Fate::Same, Fate::Written) => (&[Class::Update], &[Class::AmbiguousDiffers]),
            (Fate::Same, Fate::None) => (&[Class::Delete], &[]),
            (Fate::None, Fate::Same) => (&[Class::OldOnly, Class::UpdateDeleted], &[]),
            // Where triggers fired, or an action of a foreign key could, the merge is taken for a user of OLD's.
            (Fate::Brought, Fate::Written) => {
                (&[Class::Update, Class::UpdateOriginDiffers], &[Class::InsertExists, Class::AmbiguousDiffers])
            }
            (Fate::Brought, Fate::None) => {
                (&[Class::Delete, Class::AmbiguousMissingOnNew], &[Class::OldOnly, Class::DeleteOriginDiffers])
            }
            (Fate::Written, Fate::Written) => (&[Class::UpdateOriginDiffers], &[Class::InsertExists, Class::AmbiguousDiffers]),
            (Fate::Written, Fate::None) => (&[Class::AmbiguousMissingOnNew], &[Class::OldOnly, Class::DeleteOriginDiffers]),
            // What an earlier merge brought is known by OLD's ledger.
            (Fate::None, Fate::Written) => {
                (&[Class::AmbiguousMissingOnOld, Class::UpdateDeleted], &[Class::Insert, Class::UpdateMissing])
            }
            (Fate::Same, Fate::Same) if self.differed => (&[Class::Drift], &[]),
            (_, Fate::Brought | Fate::Same) | (Fate::None, Fate::None) => (&[], &[]),
        };
        [always.to_vec(), stamped(by_creation)].concat()
    }
}
