//! Which table of NEW answers to which of OLD, and what becomes of those that answer to none.

use std::collections::BTreeMap;

use super::detached::{detached_from, root_of};
use super::new_only;
use super::table_selection::{ReadingZone, TableSelection, left_out_by_choice, select_table, times_aside};
use crate::catalog::Catalog;
use crate::engine::evidence::AtCutover;
use crate::engine::run::Selection;
use crate::name::{QualifiedName, Side, Sided};
use crate::schema::{Method, Relation, RelationKind, Table};
use crate::staging::layout::TableId;
use crate::staging::{Aside, LeftOut, NewOnlyTable, TableRecord};

/// Every table and relation of a database, each in exactly one list.
#[derive(Default)]
pub(super) struct Pairing {
    pub(super) tables: Vec<TableRecord>,
    pub(super) new_only: Vec<NewOnlyTable>,
    pub(super) left_out: Vec<LeftOut>,
    pub(super) aside: Vec<Aside>,
}

/// NEW's name for every table of OLD that the configuration says NEW calls otherwise.
struct Renamed {
    on_old: BTreeMap<String, QualifiedName>,
    /// Tables of OLD, by the table of NEW that they all lead to, where that is more than one.
    contested: BTreeMap<String, Vec<QualifiedName>>,
}

impl Renamed {
    fn read(selection: &Selection, database: &str, old: &Catalog) -> Self {
        let (mut on_old, mut led) = (BTreeMap::new(), BTreeMap::<String, Vec<QualifiedName>>::new());
        for table in &old.tables {
            let settings = selection.table(database, &table.name.to_string());
            if settings.method != Some(Method::Skip) {
                let on_new = settings.new_name.clone().unwrap_or_else(|| table.name.to_string());
                led.entry(on_new).or_default().push(table.name.clone());
            }
            on_old.extend(settings.new_name.map(|on_new| (on_new, table.name.clone())));
        }
        led.retain(|_, tables| tables.len() > 1);
        Self { on_old, contested: led }
    }

    /// Returns OLD's name for a table of NEW.
    fn on_old<'a>(&'a self, on_new: &'a QualifiedName) -> &'a QualifiedName {
        self.on_old.get(&on_new.to_string()).unwrap_or(on_new)
    }

    /// Whether a table's name was given to another one on NEW: then NEW's table of this name answers to nothing.
    fn frees(&self, name: &QualifiedName) -> bool {
        self.on_old.iter().any(|(on_new, on_old)| on_old == name && *on_new != name.to_string())
    }

    /// Says of a table of NEW's which ones of OLD's lead to it, if that is more than one.
    fn contest(&self, on_new: &QualifiedName) -> Option<String> {
        let tables: Vec<_> = self.contested.get(&on_new.to_string())?.iter().map(QualifiedName::to_string).collect();
        Some(format!(
            "several tables of OLD lead to it ({}): say in failback.toml with `new_name` what NEW calls each, or `method = \
             \"skip\"` for those that NEW lacks",
            tables.join(", ")
        ))
    }

    /// As [`contest`](Self::contest), of a table of OLD's.
    fn contest_of(&self, on_old: &QualifiedName, new: &Catalog) -> Option<String> {
        let (on_new, _) = self.contested.iter().find(|(_, tables)| tables.contains(on_old))?;
        new.tables.iter().find(|table| table.name.to_string() == *on_new)?;
        Some(format!("NEW's {on_new} is that of another table of OLD too: see there"))
    }
}

/// Where tables are paired.
#[derive(Clone, Copy)]
struct Place<'a> {
    selection: &'a Selection,
    database: &'a str,
    catalogs: Sided<&'a Catalog>,
    known: AtCutover<'a>,
}

impl Place<'_> {
    /// What is known of a table that both sides have and that is not carried.
    fn aside(self, old: &Table, new: &Table) -> Aside {
        let zone = self.selection.zone();
        let zone = ReadingZone { name: zone.name(), is_stated: self.selection.has_zone() };
        let settings = self.selection.table(self.database, &old.name.to_string());
        Aside { name: old.name.clone(), times: times_aside(old, new, &settings, &zone) }
    }
}

/// Pairs both sides' tables by name; a table that OLD lacks is new-only, and whatever is no table is left out with a reason.
pub(super) fn pair(selection: &Selection, database: &str, catalogs: Sided<&Catalog>, known: AtCutover<'_>) -> Pairing {
    let Sided { old, new } = catalogs;
    let renamed = Renamed::read(selection, database, old);
    let place = Place { selection, database, catalogs, known };
    let mut found = Pairing::default();
    for table in &new.tables {
        if let Some(reason) = renamed.contest(&table.name) {
            found.left_out.push(left_out(Side::New, &table.name, &reason, true));
            continue;
        }
        let name = renamed.on_old(&table.name);
        let answers = *name != table.name || !renamed.frees(name);
        let on_old = old.tables.iter().find(|known| known.name == *name && answers);
        if selection.wants(&name.to_string()) {
            found.add(place, name, on_old, table);
        } else {
            found.aside.extend(on_old.map(|on_old| place.aside(on_old, table)));
            found.left_out.push(left_out_by_choice(&table.name, "not asked for (--tables)"));
        }
    }
    let has_pair = |table: &&Table| new.tables.iter().any(|on_new| *renamed.on_old(&on_new.name) == table.name);
    for table in &old.tables {
        if let Some(reason) = renamed.contest_of(&table.name, new) {
            // NEW's of its name is listed already.
            let is_listed = renamed.contest(&table.name).is_some();
            found.left_out.extend((!is_listed).then(|| left_out(Side::Old, &table.name, &reason, true)));
        } else if !has_pair(&table) {
            found.left_out.push(left_out(Side::Old, &table.name, &missing_on_new(table, new), false));
        }
    }
    found.left_out.extend(other_relations(catalogs));
    found
}

impl Pairing {
    /// Puts a table of NEW into one of the lists; `name` is OLD's for it.
    fn add(&mut self, place: Place<'_>, name: &QualifiedName, old: Option<&Table>, new: &Table) {
        let Place { selection, database, catalogs, known } = place;
        let id = TableId::nth(u32::try_from(self.tables.len() + self.new_only.len()).unwrap_or(u32::MAX - 1));
        let settings = selection.table(database, &name.to_string());
        let Some(old) = old else {
            if settings.method == Some(Method::Skip) {
                self.left_out.push(left_out_by_choice(&new.name, "the configuration says method = \"skip\""));
            } else {
                self.left_out.push(left_out(Side::New, &new.name, &missing_on_old(new, catalogs.old), true));
                self.new_only.push(new_only::new_only(id, new));
            }
            return;
        };
        let zone = selection.zone();
        let zone = ReadingZone { name: zone.name(), is_stated: selection.has_zone() };
        match select_table(id, old, new, &settings, &zone, known) {
            TableSelection::Carry(mut record) => {
                record.detached = detached_from(old, catalogs.new);
                record.coverage.doubt_deletes(&record.detached);
                self.tables.push(*record);
            }
            TableSelection::Leave(reason) => {
                self.left_out.push(reason);
                self.aside.push(place.aside(old, new));
            }
        }
    }
}

fn missing_on_old(new: &Table, old: &Catalog) -> String {
    if let Some(root) = root_of(&new.name, old) {
        return format!("on OLD it is a partition of {}; NEW detached it: its rows are staged and not compared", root.name);
    }
    match &new.obstacle {
        Some(obstacle) => format!("the table does not exist on OLD, and on NEW {obstacle}"),
        None => "the table does not exist on OLD: its rows have no place there and stay in staging".to_owned(),
    }
}

fn missing_on_new(old: &Table, new: &Catalog) -> String {
    match root_of(&old.name, new) {
        Some(root) => format!("on NEW it is a partition of {}; OLD detached it: its rows are not compared", root.name),
        None => "the table does not exist on NEW: there is nothing to carry".to_owned(),
    }
}

fn left_out(side: Side, name: &QualifiedName, reason: &str, blocker: bool) -> LeftOut {
    LeftOut { side, name: name.clone(), reason: reason.to_owned(), blocker, by_choice: false, unreadable: false }
}

/// Lists what is no table: NEW's, and of OLD's what NEW lacks.
fn other_relations(catalogs: Sided<&Catalog>) -> impl Iterator<Item = LeftOut> {
    let Sided { old, new } = catalogs;
    let unseen = |relation: &&Relation| !new.relations.iter().any(|on_new| on_new.name == relation.name);
    let on_old = old.relations.iter().filter(unseen).map(|relation| other_relation(Side::Old, relation));
    new.relations.iter().map(|relation| other_relation(Side::New, relation)).chain(on_old)
}

fn other_relation(side: Side, relation: &Relation) -> LeftOut {
    let loses_rows = relation.kind == RelationKind::LargeObjects;
    let blocker = side == Side::New && loses_rows && relation.size_bytes > 0;
    left_out(side, &relation.name, relation.kind.reason(), blocker)
}
