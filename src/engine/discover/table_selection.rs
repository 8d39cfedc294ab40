//! What is asked of one table: its columns on both sides, its key, its time columns, the method, and what stands in the way.
//!
//! Pure: from the two definitions and the settings to a record of the manifest, without its files.

use crate::codec::{Codec, Lane, RowLayout, StagedColumn};
use crate::config::{NamedTimeColumns, TableSettings};
use crate::engine::evidence::{AtCutover, XidEvidence, finder};
use crate::name::{Ident, QualifiedName, Side};
use crate::schema::{
    Column, CompareBy, ComparisonKey, KeyProblem, MappedColumn, Method, Renaming, Source, Table, TimeColumn, TimeColumns,
    TimeKind, WHOLE_ROW_COLUMNS, comparison_key, drift, keep_wall_clocks, map_columns, own_form, round_as_new_does,
};
use crate::staging::layout::TableId;
use crate::staging::{BaseUse, LeftOut, LogUse, TableRecord};

/// Names that a table without a key must not have.
const TAKEN: [&str; 4] = [WHOLE_ROW_COLUMNS[0], WHOLE_ROW_COLUMNS[1], "fb_ctid", "fb_tableoid"];

/// Rows of no more bytes than this are sent whole: that is quicker than to have both servers hash them (`compare.events` of the
/// benchmarks).
const NARROW_BYTES: usize = 64;

/// The zone in which wall clocks are read.
pub(crate) struct ReadingZone<'a> {
    /// Its IANA name.
    pub(crate) name: &'a str,
    /// Whether the configuration says so; if not, it is only a default, and no wall clock is evidence.
    pub(crate) is_stated: bool,
}

/// Either a table that is carried, or the reason why it is not.
pub(crate) enum TableSelection {
    /// Carried.
    Carry(Box<TableRecord>),
    /// Not carried.
    Leave(LeftOut),
}

/// Decides what is asked of a table that both sides have.
pub(crate) fn select_table(
    id: TableId,
    old: &Table,
    new: &Table,
    settings: &TableSettings,
    zone: &ReadingZone<'_>,
    AtCutover { xids, base, log }: AtCutover<'_>,
) -> TableSelection {
    if settings.method == Some(Method::Skip) {
        return TableSelection::Leave(left_out_by_choice(&new.name, "the configuration says method = \"skip\""));
    }
    for (side, table) in [(Side::Old, old), (Side::New, new)] {
        if let Some(obstacle) = &table.obstacle {
            return leave(new, &format!("on {side}: {obstacle}"), true);
        }
    }
    let renaming = Renaming::new(settings.renamed.iter().map(|(old, new)| (Ident::new(old), Ident::new(new))));
    let translated = match renaming.translate(old, new) {
        Ok(translated) => translated,
        Err(problem) => return leave(new, &problem.to_string(), true),
    };
    let (on_new, new) = (new, &translated);
    let mut pairs = map_columns(old, new, &renaming, zone.name);
    let key = match key_of(old, new, &pairs, settings) {
        Ok(key) => key,
        Err(why) => return leave(on_new, &why, true),
    };
    let times = time_columns(&pairs, settings, zone.is_stated);
    let mut drift = drift(old, new, &renaming);
    round_as_new_does(&mut pairs, &mut drift, old, new, &exact(&key, &times), zone.name);
    let stamps: Vec<_> = times.iter().map(|column| column.name.clone()).collect();
    keep_wall_clocks(&mut pairs, new, &stamps);
    let estimated = xids.is_some_and(XidEvidence::is_estimated);
    let unmarked =
        xids.and_then(|xids| if key.is_whole_row() { Some("it has no key".to_owned()) } else { xids.objection(old, on_new) });
    let proving = xids.filter(|_| !estimated && unmarked.is_none());
    let asked = asked_method(settings, &key, old, new);
    let by_blocks = asked.is_some_and(Method::goes_by_blocks);
    let unlisted = proving.filter(|_| by_blocks).and_then(XidEvidence::unlisted).map(str::to_owned);
    let by_ids = proving.map(|_| asked.filter(|_| by_blocks && unlisted.is_none()).unwrap_or(Method::Xid));
    let layout = layout(old, &pairs, &key);
    let base_use = base.map(|base| base.objection(old, &key, &layout).map_or(BaseUse::Yes, |why| BaseUse::No { why }));
    let has_base = base_use == Some(BaseUse::Yes);
    let method = method_of(asked, &key, &times, by_ids, has_base);
    // Without ids nothing says that a table is the one that it was.
    let log = log.filter(|log| log.record.unused.is_none() && method.goes_by_ids());
    let log_use = log.map(|log| log.objection(on_new, &key).map_or(LogUse::Yes, |why| LogUse::No { why }));
    // An estimate is held against stamps; a table without such says nothing less for it.
    let unmarked = unmarked.filter(|_| !estimated || method == Method::Timestamps);
    let mut coverage = finder(method).coverage(&times, compare_by(settings, &key, &layout));
    if let Some(trusted) = xids.filter(|_| method.goes_by_ids()).and_then(XidEvidence::trusted) {
        coverage.trust(&trusted);
    }
    if let Some(trusted) = base.filter(|_| has_base).and_then(|base| base.trusted(method.goes_by_ids())) {
        coverage.trust_all(trusted);
    }
    TableSelection::Carry(Box::new(TableRecord {
        id,
        name: old.name.clone(),
        method,
        compare_by: compare_by(settings, &key, &layout),
        coverage,
        layout,
        key,
        times,
        drift,
        old: old.clone(),
        new: new.clone(),
        candidates: Vec::new(),
        absent: Vec::new(),
        walked: None,
        // A comparison is configured because some writes do not move the stamps.
        stamps_prove: settings.method != Some(Method::Compare),
        detached: Vec::new(),
        unmarked,
        unlisted,
        base: base_use,
        log: log_use,
        wall_clocks: wall_clocks(&pairs, settings, zone.is_stated),
        unplaced: std::collections::BTreeMap::new(),
    }))
}

/// The method that is configured. A key that no index keeps unique shows whether it is where it is walked.
fn asked_method(settings: &TableSettings, key: &ComparisonKey, old: &Table, new: &Table) -> Option<Method> {
    let is_guarded = key.is_kept_unique(old) && key.is_kept_unique(new);
    settings.method.map(|method| if is_guarded { method } else { method.with_keys() })
}

/// Says how rows are compared where all of a table are.
fn compare_by(settings: &TableSettings, key: &ComparisonKey, layout: &RowLayout) -> CompareBy {
    match settings.compare_by {
        // Without a key the digest of the row is the key: there is nothing left to hash, and no row to fetch by it.
        _ if key.is_whole_row() => CompareBy::Rows,
        Some(stated) => stated,
        None if layout.fixed_width().is_some_and(|bytes| bytes <= NARROW_BYTES) => CompareBy::Rows,
        None => CompareBy::Hashes,
    }
}

/// Says by which columns a table's rows are told apart: without a key, by the whole row.
///
/// # Errors
/// Why there is none.
fn key_of(old: &Table, new: &Table, pairs: &[MappedColumn], settings: &TableSettings) -> Result<ComparisonKey, String> {
    let configured: Option<Vec<Ident>> = settings.key.as_ref().map(|names| names.iter().map(Ident::new).collect());
    let is_taken = |column: &Column| TAKEN.contains(&column.name.as_str());
    match comparison_key(old, new, pairs, configured.as_deref()) {
        Ok(columns) => Ok(ComparisonKey::Columns { columns }),
        Err(KeyProblem::NoKey) => match whole_row(pairs) {
            // The stand-ins for a key, and the row's place, have these names beside the table's own columns.
            Some(_) if [old, new].into_iter().flat_map(|table| &table.columns).any(is_taken) => Err(
                "it has no key, and a column with a name that failback needs for the comparison without one: name a key in \
                     failback.toml"
                    .to_owned(),
            ),
            Some(columns) => Ok(ComparisonKey::WholeRow { columns }),
            None => Err("its columns differ in name or type, and it has no key: name one in failback.toml".to_owned()),
        },
        Err(problem) => Err(problem.to_string()),
    }
}

/// Columns of which every digit counts: the key, and the stamp that says when OLD last wrote a row.
fn exact(key: &ComparisonKey, times: &TimeColumns) -> Vec<Ident> {
    let written = times.updated.as_ref().or(times.created.as_ref());
    key.names().into_iter().chain(written.map(|column| column.name.clone())).collect()
}

/// Finds the time columns of a table that is not carried, as far as they prove anything.
pub(crate) fn times_aside(old: &Table, new: &Table, settings: &TableSettings, zone: &ReadingZone<'_>) -> TimeColumns {
    let renaming = Renaming::new(settings.renamed.iter().map(|(old, new)| (Ident::new(old), Ident::new(new))));
    match renaming.translate(old, new) {
        Ok(new) if settings.method != Some(Method::Compare) => {
            time_columns(&map_columns(old, &new, &renaming, zone.name), settings, zone.is_stated)
        }
        _ => TimeColumns::default(),
    }
}

fn leave(table: &Table, reason: &str, blocker: bool) -> TableSelection {
    let (name, reason) = (table.name.clone(), reason.to_owned());
    TableSelection::Leave(LeftOut { side: Side::New, name, reason, blocker, by_choice: false, unreadable: false })
}

/// A table of NEW's that is not carried because somebody asked for that.
pub(crate) fn left_out_by_choice(name: &QualifiedName, reason: &str) -> LeftOut {
    LeftOut {
        side: Side::New,
        name: name.clone(),
        reason: reason.to_owned(),
        blocker: false,
        by_choice: true,
        unreadable: false,
    }
}

/// Transaction ids where they prove something; a comparison where BASE says what every row was; timestamps where they say when
/// a row was last written; everything else is compared. A table with only a creation stamp would lose NEW's updates in silence,
/// so it is compared too unless the configuration trusts it to be append-only.
/// `by_ids` is the method that goes by transaction ids, where these prove something.
fn method_of(
    asked: Option<Method>,
    key: &ComparisonKey,
    times: &TimeColumns,
    by_ids: Option<Method>,
    has_base: bool,
) -> Method {
    match (asked.filter(|method| !method.goes_by_ids()), by_ids) {
        (None, Some(method)) => method,
        (Some(method @ (Method::Timestamps | Method::TimestampsOnly)), _) if !times.is_empty() && !key.is_whole_row() => method,
        (None, None) if times.updated.is_some() && !key.is_whole_row() && !has_base => Method::Timestamps,
        _ => Method::Compare,
    }
}

/// The columns that say when a row was written. A wall clock says so only where its zone is stated: read in another one, it is
/// hours off.
fn time_columns(pairs: &[MappedColumn], settings: &TableSettings, zone_is_stated: bool) -> TimeColumns {
    let usable = |column: &TimeColumn| zone_is_stated || column.kind == TimeKind::Instant;
    let find = |named: &NamedTimeColumns| named.names.iter().find_map(|name| time_column(pairs, name).filter(usable));
    TimeColumns { created: find(&settings.created), updated: find(&settings.updated) }
}

/// The columns that would say so if their zone were stated.
fn wall_clocks(pairs: &[MappedColumn], settings: &TableSettings, zone_is_stated: bool) -> Vec<Ident> {
    let named = settings.created.names.iter().chain(&settings.updated.names);
    let found = named.filter_map(|name| time_column(pairs, name)).filter(|column| column.kind != TimeKind::Instant);
    if zone_is_stated { Vec::new() } else { found.map(|column| column.name).collect() }
}

fn time_column(pairs: &[MappedColumn], name: &str) -> Option<TimeColumn> {
    let pair = pairs.iter().find(|pair| pair.name.as_str() == name && pair.is_carried())?;
    let kind = match pair.data_type.base.as_str() {
        "timestamptz" => TimeKind::Instant,
        "timestamp" => TimeKind::WallClock,
        "date" => TimeKind::Day,
        _ => return None,
    };
    pair.data_type.builtin.then(|| TimeColumn { name: pair.name.clone(), kind })
}

/// The columns that identify a row by its content, sorted so that both sides say the same; `None` where NEW does not have each
/// column of OLD's under its name and type.
fn whole_row(pairs: &[MappedColumn]) -> Option<Vec<Ident>> {
    let mut names = Vec::new();
    // Copies that differ in a column of OLD's alone are not alike, and nothing says which of them a change of NEW's means.
    for pair in pairs.iter().filter(|pair| pair.old.is_present()) {
        let alike = pair.old == Source::Same && pair.new == Source::Same;
        names.push(alike.then(|| pair.name.clone())?);
    }
    names.sort();
    Some(names)
}

fn layout(old: &Table, pairs: &[MappedColumn], key: &ComparisonKey) -> RowLayout {
    let mut columns: Vec<_> = pairs.iter().map(StagedColumn::of).collect();
    let own_form = |pair: &MappedColumn| {
        let form = own_form(pair, &old.column(&pair.name)?.data_type)?;
        // A blank in the name, and as many more as it takes to be nobody else's.
        let mut name = format!("fb_own {}", pair.name.as_str());
        while pairs.iter().any(|other| other.name.as_str() == name) {
            name.push(' ');
        }
        Some(StagedColumn::own_form(&pair.name, Ident::new(name), form))
    };
    columns.extend(pairs.iter().filter_map(own_form));
    if key.is_whole_row() {
        columns.push(StagedColumn::plain(WHOLE_ROW_COLUMNS[0], "text", Lane::Typed(Codec::Text)));
        columns.push(StagedColumn::plain(WHOLE_ROW_COLUMNS[1], "bigint", Lane::Typed(Codec::Int8)));
    }
    RowLayout { columns }
}
