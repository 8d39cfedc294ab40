//! The oracle complains where it should: each case hands it an OLD on which one thing went wrong.

use std::collections::{BTreeMap, BTreeSet};

use failback::delta::{Base, Class, Evidence};
use failback::name::Sided;
use failback::policy::Action;
use failback::schema::{Coverage, Covered, Method};

use super::listed::{Entry, Said};
use super::oracle::{Merge, Window};
use super::proof::{Moment, Proof};
use super::schema::{Key, Reference, Table};
use super::sequences;
use super::snapshot::{Row, Snapshot};

fn table(name: &str, references: Vec<Reference>) -> Table {
    Table {
        database: 0,
        name: name.to_owned(),
        key: Key::Number,
        references,
        created: false,
        updated: false,
        wall: false,
        value: None,
        unique: false,
        extra: false,
        partitioned: false,
        loud: false,
        fussy: false,
        leaning: false,
        method: None,
    }
}

/// A parent and a child that refers to it.
fn tables() -> [Table; 2] {
    let columns = vec![("id".to_owned(), "bigint".to_owned())];
    let own = vec!["r0".to_owned()];
    let reference = Reference { parent: 0, columns, own, rules: String::new(), not_valid: false, only_new: false };
    [table("parent", Vec::new()), table("child", vec![reference])]
}

fn row(id: u32, tok: &str, val: &str, parent: Option<u32>) -> Row {
    let mut row: Row = [("id", id.to_string()), ("tok", tok.to_owned()), ("val", val.to_owned())]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), Some(value)))
        .collect();
    row.insert("u".to_owned(), None);
    if let Some(parent) = parent {
        row.insert("r0".to_owned(), Some(parent.to_string()));
    }
    row
}

/// Parents, then children.
fn snapshot(parents: &[(u32, &str, &str)], children: &[(u32, &str, u32)]) -> Snapshot {
    let key = |id: &u32| vec![Some(id.to_string())];
    let parents = parents.iter().map(|(id, tok, val)| (key(id), row(*id, tok, val, None))).collect();
    let children = children.iter().map(|(id, tok, parent)| (key(id), row(*id, tok, "c", Some(*parent)))).collect();
    Snapshot { tables: vec![parents, children] }
}

/// What the plan says of keys: `decided` says whether a person let NEW win.
fn said(entries: &[(u32, Class, Action, bool)]) -> Said {
    let yes = || Covered::Yes { by: "a control".to_owned() };
    let entry = |(id, class, action, decided): &(u32, Class, Action, bool)| {
        let entry = Entry {
            class: *class,
            evidence: Sided { old: Evidence::TwoWay, new: Evidence::TwoWay },
            base: Base::Unknown,
            action: *action,
            decided: *decided,
            by_time: false,
            by_name: false,
            composed: false,
            outdated: false,
            why: String::new(),
        };
        (vec![Some(id.to_string())], entry)
    };
    let coverage = Coverage { insert: yes(), update: yes(), delete: yes() };
    Said { entries: entries.iter().map(entry).collect(), coverage, method: Method::Compare, is_checked: false, based: false }
}

/// What the oracle says where the plan has these entries for parents and for children.
fn complaints(moments: [&Snapshot; 4], said: [Said; 2]) -> Vec<String> {
    let [base, new, before, after] = moments;
    let (tables, said) = (tables(), said.map(Some));
    let window = Window { instant: "2026-01-01".to_owned(), wall: "2026-01-01".to_owned() };
    let merge = Merge { tables: &tables, base, new, earlier: &[], before, after, said: &said, window: &window, fired: false };
    merge.complaints()
}

fn expect(found: &[String], what: &str) {
    assert!(found.len() == 1 && found[0].contains(what), "expected {what}: {found:?}");
}

#[test]
fn a_right_merge_is_not_complained_about() {
    let base = snapshot(&[(1, "B1", "b")], &[(1, "B2", 1)]);
    let new = snapshot(&[(1, "B1", "n"), (2, "N1", "n")], &[(1, "B2", 1), (2, "N2", 2)]);
    let before = snapshot(&[(1, "B1", "b"), (3, "O1", "o")], &[(1, "B2", 1)]);
    let after = snapshot(&[(1, "B1", "n"), (2, "N1", "n"), (3, "O1", "o")], &[(1, "B2", 1), (2, "N2", 2)]);
    let said = [
        said(&[(1, Class::Update, Action::Update, false), (2, Class::Insert, Action::Insert, false)]),
        said(&[(2, Class::Insert, Action::Insert, false)]),
    ];
    assert_eq!(complaints([&base, &new, &before, &after], said), [""; 0]);
}

#[test]
fn a_lost_row_and_an_overwritten_one_are_complained_about() {
    let base = snapshot(&[(1, "B1", "b"), (2, "B2", "b")], &[]);
    let whole = snapshot(&[(1, "B1", "o"), (2, "B2", "b")], &[]);
    let lost = snapshot(&[(1, "B1", "o")], &[]);
    let nothing = || [said(&[]), said(&[])];
    expect(&complaints([&base, &base, &whole, &lost], nothing()), "changed without being planned");
    let new = snapshot(&[(1, "B1", "n"), (2, "B2", "b")], &[]);
    let overwritten = |decided| [said(&[(1, Class::Update, Action::Update, decided)]), said(&[])];
    expect(&complaints([&base, &new, &whole, &new], overwritten(false)), "OLD's write is lost");
    assert_eq!(complaints([&base, &new, &whole, &new], overwritten(true)), [""; 0], "a person decided it");
    let held = [said(&[(1, Class::UpdateOriginDiffers, Action::Hold, false)]), said(&[])];
    expect(&complaints([&base, &new, &whole, &new], held), "changed although the plan says hold");
}

#[test]
fn a_write_of_new_that_is_not_listed_is_complained_about() {
    let base = snapshot(&[(1, "B1", "b")], &[]);
    let new = snapshot(&[(1, "B1", "n")], &[]);
    let of = |entries: &[_]| [said(entries), said(&[])];
    let moments = [&base, &new, &base, &base];
    expect(&complaints(moments, of(&[])), "lost in silence");
    expect(&complaints(moments, of(&[(1, Class::OldOnly, Action::KeepOld, false)])), "dropped as old_only");
    expect(&complaints(moments, of(&[(1, Class::Update, Action::Update, false)])), "planned as update and not there");
    assert_eq!(complaints(moments, of(&[(1, Class::Update, Action::Hold, false)])), [""; 0]);
    let deleted = snapshot(&[], &[]);
    expect(&complaints([&base, &deleted, &base, &base], of(&[])), "lost in silence");
    let half = snapshot(&[(1, "B1", "half")], &[]);
    let updated = of(&[(1, Class::Update, Action::Update, false)]);
    assert_eq!(complaints([&base, &new, &base, &half], updated).len(), 2, "neither OLD's row nor NEW's");
}

#[test]
fn a_child_of_a_stranger_is_complained_about() {
    let base = snapshot(&[], &[]);
    let new = snapshot(&[(8, "N1", "n")], &[(1, "N2", 8)]);
    let before = snapshot(&[(8, "O1", "o")], &[]);
    let after = snapshot(&[(8, "O1", "o")], &[(1, "N2", 8)]);
    let held = [said(&[(8, Class::AmbiguousDiffers, Action::Hold, false)]), said(&[(1, Class::Insert, Action::Insert, false)])];
    expect(&complaints([&base, &new, &before, &after], held), "wrong parent: r0 is of O1, and was to be of N1");
    // OLD's own child, whose parent was replaced under it.
    let new = snapshot(&[(8, "N1", "n")], &[]);
    let before = snapshot(&[(8, "O1", "o")], &[(2, "O2", 8)]);
    let after = snapshot(&[(8, "N1", "n")], &[(2, "O2", 8)]);
    let replaced = [said(&[(8, Class::InsertExists, Action::Update, true)]), said(&[])];
    expect(&complaints([&base, &new, &before, &after], replaced), "wrong parent: r0 is of N1, and was to be of O1");
    let orphaned = snapshot(&[], &[(2, "O2", 8)]);
    let gone = [said(&[(8, Class::DeleteOriginDiffers, Action::Delete, true)]), said(&[])];
    expect(&complaints([&base, &base, &before, &orphaned], gone), "has no parent");
}

#[test]
fn a_sequence_that_is_lowered_or_behind_is_complained_about() {
    let mut tables = tables();
    tables[0].key = Key::Serial;
    let numbers = |number| BTreeMap::from([("parent".to_owned(), number)]);
    let (before, after) = (snapshot(&[], &[]), snapshot(&[(7, "N1", "n")], &[]));
    let found = |was, is| sequences::complaints(&tables, &numbers(was), &numbers(is), &before, &after);
    expect(&found(9, 8), "lowered from 9 to 8");
    expect(&found(5, 6), "row 7 was brought");
    assert_eq!(found(5, 7), [""; 0]);
}

/// Who wrote a row of the parents: its id, its value, the transaction.
type Written = (u32, &'static str, u32);

/// Both sides at one moment, OLD first.
fn moment(sides: [&[Written]; 2]) -> Moment {
    let side = |rows: &[Written]| {
        let parents: Vec<_> = rows.iter().map(|(id, val, _)| (*id, "B1", *val)).collect();
        let writers = rows.iter().map(|(id, _, writer)| (vec![Some(id.to_string())], writer.to_string())).collect();
        (snapshot(&parents, &[]), vec![writers, BTreeMap::new()])
    };
    let [old, new] = sides.map(side);
    Sided { old, new }
}

/// What the oracle says of a diff by a mark, where five rows stood on both sides at the mark.
fn disproved(now: [&[Written]; 2], entries: &[(u32, Class, Base)]) -> Vec<String> {
    let rows = [(1, "b", 7), (2, "b", 7), (3, "b", 7), (4, "b", 7), (5, "b", 7)];
    disproved_since([&rows, &rows], now, entries)
}

/// What it says where these rows stood on both sides at the mark.
fn disproved_since(then: [&[Written]; 2], now: [&[Written]; 2], entries: &[(u32, Class, Base)]) -> Vec<String> {
    let (tables, then, now) = (tables(), moment(then), moment(now));
    let listed: Vec<_> = entries.iter().map(|(id, class, _)| (*id, *class, Action::Hold, false)).collect();
    let mut parents = Said { method: Method::Xid, ..said(&listed) };
    for (id, _, base) in entries {
        let entry = parents.entries.get_mut(&vec![Some(id.to_string())]).expect("an entry");
        (entry.evidence, entry.base) = (Sided { old: Evidence::Xid, new: Evidence::Xid }, *base);
    }
    let said = [Some(parents), None];
    Proof {
        tables: &tables,
        then: &then,
        now: &now,
        at_export: &now.old.0,
        said: &said,
        shaken: &BTreeSet::new(),
        brought: None,
    }
    .complaints()
}

#[test]
fn what_a_mark_proves_is_not_complained_about() {
    // NEW wrote 1 and deleted 2; OLD deleted 3 and wrote 4; nobody touched 5; OLD and NEW made 6 and 7.
    let old = [(1, "b", 7), (2, "b", 7), (4, "o", 8), (5, "b", 7), (6, "o", 8)];
    let new = [(1, "n", 9), (3, "b", 7), (4, "b", 7), (5, "b", 7), (7, "n", 9)];
    let right = [
        (1, Class::Update, Base::IsOld),
        (2, Class::Delete, Base::IsOld),
        (3, Class::OldOnly, Base::IsNew),
        (6, Class::AmbiguousMissingOnNew, Base::Unknown),
        (7, Class::AmbiguousMissingOnOld, Base::Unknown),
    ];
    assert_eq!(disproved([&old, &new], &right), [""; 0]);
}

#[test]
fn a_false_claim_of_proof_is_complained_about() {
    const B: [Written; 4] = [(2, "b", 7), (3, "b", 7), (4, "b", 7), (5, "b", 7)];
    let with = |row: Written| [&[row][..], &B[..]].concat();
    let (old, new) = ("OLD's row is said to be the one of the mark", "NEW's row is said to be the one of the mark");
    let update = [(1, Class::Update, Base::IsOld)];
    expect(&disproved([&with((1, "o", 8)), &with((1, "n", 9))], &update), old);
    expect(&disproved([&with((1, "b", 8)), &with((1, "n", 9))], &update), old);
    expect(&disproved([&with((1, "o", 7)), &with((1, "n", 9))], &update), old);
    expect(&disproved([&with((1, "o", 8)), &B], &[(1, Class::Delete, Base::IsOld)]), old);
    expect(&disproved([&B, &with((1, "b", 9))], &[(1, Class::OldOnly, Base::IsNew)]), new);
    expect(&disproved([&with((1, "o", 8)), &with((1, "n", 9))], &[(1, Class::OldOnly, Base::IsNew)]), new);
    let insert = [(1, Class::Insert, Base::Absent)];
    expect(&disproved([&B, &with((1, "n", 9))], &insert), "there is said to have been no row at the mark");
}

#[test]
fn rows_that_differed_at_the_mark_are_drift_and_no_others_are() {
    const APART: [&[Written]; 2] = [&[(1, "o", 7)], &[(1, "n", 7)]];
    let drift = [(1, Class::Drift, Base::Unknown)];
    assert_eq!(disproved_since(APART, APART, &drift), [""; 0]);
    assert_eq!(disproved_since(APART, APART, &[]), [""; 0], "it may be left unlisted");
    expect(&disproved_since(APART, APART, &[(1, Class::AmbiguousDiffers, Base::Unknown)]), "by its writers");
    for written in [[APART[0], &[(1, "n", 9)]], [&[(1, "o", 8)], APART[1]]] {
        expect(&disproved_since(APART, written, &drift), "said to have differed at the mark");
    }
    let same: [&[Written]; 2] = [&[(1, "b", 7)], &[(1, "b", 7)]];
    expect(&disproved_since(same, [same[0], &[(1, "n", 7)]], &drift), "said to have differed at the mark");
}

#[test]
fn a_write_that_a_mark_tells_and_the_diff_does_not_is_complained_about() {
    const B: [Written; 4] = [(2, "b", 7), (3, "b", 7), (4, "b", 7), (5, "b", 7)];
    let with = |row: Written| [&[row][..], &B[..]].concat();
    let unlisted = "NEW's write is not listed";
    expect(&disproved([&with((1, "b", 7)), &with((1, "n", 9))], &[]), unlisted);
    expect(&disproved([&with((1, "b", 7)), &B], &[]), unlisted);
    expect(&disproved([&B, &with((1, "n", 9))], &[]), unlisted);
    // Nobody wrote on OLD: it is no conflict.
    let conflict = [(1, Class::UpdateOriginDiffers, Base::Other)];
    expect(&disproved([&with((1, "b", 7)), &with((1, "n", 9))], &conflict), "by its writers");
    let same = moment([&B, &B]);
    let unheeded = |shaken: &[usize]| {
        let (tables, said, shaken) = (tables(), [Some(said(&[])), None], shaken.iter().copied().collect());
        Proof { tables: &tables, then: &same, now: &same, at_export: &same.old.0, said: &said, shaken: &shaken, brought: None }
            .complaints()
    };
    expect(&unheeded(&[]), "the mark is not heeded");
    assert_eq!(unheeded(&[0]), [""; 0]);
}
