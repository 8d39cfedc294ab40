//! What a review reads: rows as they are looked at, through a table that is held open; numbers, from a clerk beside it.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::clerk::{Clerk, Job, What};
use super::event::{Event, Facet, Request, RowView};
use super::filter_text::FilterText;
use super::pen::Pen;
use super::tables::{TableLine, Tables};
use super::told::told;
use crate::config::Mask;
use crate::engine::{Chosen, Filter, Kind, Kinds, Met, OpenTable, Review, SeenRow, TableDecisions, Tally, read_decisions};
use crate::error::Result;
use crate::policy::{Decided, Decisions, Origin, Resolution, Signature};
use crate::store::LocalStore;

/// Where rules or picks are about more rows than this, they are counted beside the screen.
const AT_ONCE: u64 = 200_000;

/// So many rows more are read on both sides of those that are looked at.
const AHEAD: u64 = 64;

/// What a review reads.
pub(super) struct Desk<'a> {
    pub(super) review: &'a Review<'a>,
    pub(super) decisions: Arc<Decisions>,
    /// What OLD's server said of rules' conditions when it was asked last; it is not asked here.
    pub(super) met: Arc<Met>,
    /// The right to decide; nothing where others have it.
    pub(super) pen: Option<Pen>,
    counts: Clerk,
    tallies: Clerk,
    pub(super) lines: Vec<TableLine>,
    pub(super) open: Option<Opened<'a>>,
    /// How many rows differ in all.
    rows: u64,
}

/// The table that is open.
pub(super) struct Opened<'a> {
    /// Its number.
    pub(super) number: usize,
    pub(super) table: OpenTable<'a>,
    filter: FilterText,
    pub(super) kinds: Option<Kinds>,
    chosen: Chosen,
}

impl<'a> Desk<'a> {
    /// Begins, with the tables of the run.
    pub(super) fn begin(review: &'a Review<'a>, store: &LocalStore, mask: &Mask) -> Result<(Self, Tables)> {
        let (decisions, met) = (read_decisions(store)?, Arc::new(Met::read(store)?));
        let counted = review.counts(&Filter::default())?;
        let rows: u64 = counted.iter().map(|table| table.counts.sum()).sum();
        let decisions = Arc::new(decisions);
        let by_class = decisions.rules().is_empty() && decisions.picks().is_empty();
        let tally = (by_class || rows <= AT_ONCE).then(|| review.tally(&decisions, &met)).transpose()?;
        let clerk = || Clerk::begin(store.clone(), mask.clone());
        let (counts, tallies) = (clerk(), clerk());
        if tally.is_none() {
            tallies.hand(Job::Tally(Arc::clone(&decisions), Arc::clone(&met)));
        }
        let lines = counted.into_iter().map(|table| TableLine {
            waiting: tally.as_ref().map(|tally| waits(tally, &table.database, &table.table)),
            database: table.database,
            name: table.table,
            counts: table.counts,
        });
        let lines: Vec<_> = lines.collect();
        let alike = review.carried().saturating_sub(lines.len());
        let tables = Tables::of(lines, alike);
        let lines = tables.lines.clone();
        Ok((Self { review, decisions, met, pen: None, counts, tallies, lines, open: None, rows }, tables))
    }

    /// Does what is asked for, the end apart.
    pub(super) fn on(&mut self, request: Request) -> Vec<Event> {
        let done = match request {
            Request::Quit => Ok(Vec::new()),
            Request::Open(number) => self.open(number),
            Request::Filter(filter) => self.filter(filter),
            Request::Undecided { from, back } => self.undecided(from, back),
            Request::Count(filter) => self.count(&filter),
            Request::Weigh { filter, name, resolution } => self.weigh(filter, name, resolution),
            Request::Pick { position, resolution, why } => self.pick(position, resolution, why),
            Request::Choose { position, column, choice, why } => self.choose(position, &column, choice, why),
            Request::Rule { draft, resolution, why } => self.rule(draft, resolution, why),
            Request::Undo => self.go_back(Pen::undo, "there is no decision of this review to take back"),
            Request::Redo => self.go_back(Pen::redo, "there is nothing to decide again"),
        };
        done.unwrap_or_else(|error| vec![Event::Said(told(&error))])
    }

    /// Counts anew what waits, after something was decided about the open table, or about whatever was decided before.
    pub(super) fn tally(&self) -> Result<Vec<Event>> {
        if self.rows <= AT_ONCE {
            let tally = self.review.tally(&self.decisions, &self.met)?;
            return Ok(self.waiting(&tally));
        }
        self.tallies.hand(Job::Tally(Arc::clone(&self.decisions), Arc::clone(&self.met)));
        Ok(Vec::new())
    }

    fn waiting(&self, tally: &Tally) -> Vec<Event> {
        let of = |(number, line): (usize, &TableLine)| Event::Waiting(number, waits(tally, &line.database, &line.name));
        self.lines.iter().enumerate().map(of).collect()
    }

    /// Reads rows, by their places among those that are shown.
    pub(super) fn window(&self, places: Range<u64>) -> Event {
        match self.read(places.clone()) {
            Ok((from, rows)) => Event::Window(from, rows),
            Err(error) => Event::Unreadable(places, told(&error)),
        }
    }

    /// Returns what the clerks have found since.
    pub(super) fn news(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        for what in self.counts.news() {
            match what {
                What::Counting(rows) => events.push(Event::Counting(rows)),
                What::Counted(kinds) => {
                    if let Some(open) = &mut self.open {
                        open.kinds = Some(*kinds);
                    }
                    events.extend(self.counted().unwrap_or_else(|error| vec![Event::Said(told(&error))]));
                }
                What::Failed(said) => events.push(Event::Said(said)),
                What::Tallied(_) => {}
            }
        }
        for what in self.tallies.news() {
            match what {
                What::Tallied(tally) => events.extend(self.waiting(&tally)),
                What::Failed(said) => events.push(Event::Said(said)),
                What::Counting(_) | What::Counted(_) => {}
            }
        }
        events
    }

    fn open(&mut self, number: usize) -> Result<Vec<Event>> {
        let Some(TableLine { database, name, .. }) = self.lines.get(number) else { return Ok(Vec::new()) };
        let table = self.review.open_table(database, name)?;
        let rows = table.rows();
        self.counts.hand(Job::Count { database: database.clone(), table: name.clone() });
        self.open = Some(Opened { number, table, filter: FilterText::default(), kinds: None, chosen: Chosen::default() });
        Ok(vec![Event::Opened(number, rows)])
    }

    fn filter(&mut self, filter: FilterText) -> Result<Vec<Event>> {
        if let Some(open) = &mut self.open {
            open.filter = filter;
        }
        self.counted()
    }

    /// Says how many rows a filter means, where that is known.
    fn count(&self, filter: &FilterText) -> Result<Vec<Event>> {
        let Some(kinds) = self.open.as_ref().and_then(|open| open.kinds.as_ref()) else { return Ok(Vec::new()) };
        let filter = filter.filter()?;
        let asked = kinds.iter().filter(|(kind, _)| kind.is_asked(&filter));
        Ok(vec![Event::Means(asked.map(|(_, rows)| rows).sum())])
    }

    /// Says how many rows are asked for, and what they have in common, once that is known.
    fn counted(&mut self) -> Result<Vec<Event>> {
        let Some(open) = &mut self.open else { return Ok(Vec::new()) };
        let Some(kinds) = &open.kinds else { return Ok(Vec::new()) };
        let filter = open.filter.filter()?;
        open.chosen = kinds.choose(|kind| kind.is_asked(&filter));
        Ok(vec![Event::Counted(open.chosen.rows(), facets(kinds, &open.filter)?)])
    }

    fn read(&self, places: Range<u64>) -> Result<(u64, Vec<RowView>)> {
        let Some(open) = &self.open else { return Ok((places.start, Vec::new())) };
        let (mut from, mut positions) = (places.start, open.positions(places.clone()));
        if !open.table.is_at_hand(&positions) && is_dense(&positions) {
            from = places.start.saturating_sub(AHEAD);
            positions = open.positions(from..places.end.saturating_add(AHEAD));
        }
        let seen = open.table.read(&positions)?;
        let rows = open.table.decisions(&self.decisions, &self.met)?;
        let view = |seen: Arc<SeenRow>| -> Result<RowView> {
            let decided = rows.of_row(&seen)?.map_or_else(undecided, |(_, decided)| decided);
            let minimum = rows.minimum(seen.kind.class);
            let lacks = minimum.filter(|minimum| writes(decided.resolution) && !minimum.admits(seen.kind.rests_on));
            let lacks = lacks.map(|minimum| minimum.evidence);
            Ok(RowView { seen, decided, lacks })
        };
        Ok((from, seen.into_iter().map(view).collect::<Result<_>>()?))
    }

    /// Finds the next row that nobody has decided, or the one before. Of rows that are picked, what they are says nothing, and
    /// little of those whose rule has a condition.
    fn undecided(&self, from: u64, back: bool) -> Result<Vec<Event>> {
        let Some(open) = &self.open else { return Ok(Vec::new()) };
        let Some(kinds) = &open.kinds else { return Ok(vec![Event::Said("still counting the rows".to_owned())]) };
        let (rows, filter) = (open.table.decisions(&self.decisions, &self.met)?, open.filter.filter()?);
        let chosen = kinds.choose(|kind| kind.is_asked(&filter) && (rows.asks_conditions(kind) || is_held(&rows, kind, 0)));
        let here = open.position(from).unwrap_or(0);
        let place = kinds.place(&chosen, here);
        let mut candidates: Box<dyn Iterator<Item = u64>> =
            if back { Box::new((0..place).rev()) } else { Box::new(place..chosen.rows()) };
        let found = candidates.find_map(|place| {
            let position = kinds.find(&chosen, place).filter(|position| *position != here)?;
            let kind = kinds.of_row(position)?;
            (is_held(&rows, kind, position) && still_waits(open, &rows, position)).then_some(position)
        });
        let place = found.map(|position| if open.filter.is_empty() { position } else { kinds.place(&open.chosen, position) });
        Ok(vec![Event::Found(place)])
    }
}

impl Opened<'_> {
    /// Where rows stand in the table's diff, by their places among those that are shown.
    fn positions(&self, places: Range<u64>) -> Vec<u64> {
        places.map_while(|place| self.position(place)).collect()
    }

    fn position(&self, place: u64) -> Option<u64> {
        match &self.kinds {
            _ if self.filter.is_empty() => (place < self.table.rows()).then_some(place),
            Some(kinds) => kinds.find(&self.chosen, place),
            None => None,
        }
    }
}

/// Whether rows stand so close that it costs little to read those around them.
fn is_dense(positions: &[u64]) -> bool {
    let (Some(first), Some(last)) = (positions.first(), positions.last()) else { return false };
    last - first < 4 * positions.len() as u64
}

/// Whether OLD may be written for what is decided.
const fn writes(resolution: Resolution) -> bool {
    !matches!(resolution, Resolution::KeepOld | Resolution::Hold | Resolution::Skip)
}

/// How many rows of a table wait for a decision.
fn waits(tally: &Tally, database: &str, table: &str) -> u64 {
    let here = tally.rows.iter().filter(|one| one.database == database && one.table == table);
    here.filter(|one| one.decided.resolution == Resolution::Hold).map(|one| one.rows).sum()
}

/// Whether a row is held, unless it is picked.
fn is_held(rows: &TableDecisions<'_>, kind: &Kind, position: u64) -> bool {
    let decided = rows.of_unpicked(kind, position);
    decided.is_ok_and(|one| one.is_some_and(|(_, one)| one.resolution == Resolution::Hold))
}

/// Whether a row that is held by what it is, is not picked.
fn still_waits(open: &Opened<'_>, rows: &TableDecisions<'_>, position: u64) -> bool {
    if !rows.asks_keys() {
        return true;
    }
    let Ok(seen) = open.table.read(&[position]) else { return true };
    let decided = seen.first().and_then(|seen| rows.of_row(seen).ok().flatten());
    decided.is_none_or(|(_, decided)| decided.resolution == Resolution::Hold)
}

/// What is said where nothing is.
fn undecided() -> Decided {
    Decided::bare(Resolution::Hold, Origin::Builtin, Signature::default())
}

/// What the rows have in common that a filter asks for, each word's own values apart.
fn facets(kinds: &Kinds, asked: &FilterText) -> Result<Vec<Facet>> {
    let mut facets: Vec<Facet> = Vec::new();
    let mut add = |word: &'static str, without: FilterText, values: &dyn Fn(&Kind) -> Vec<String>| -> Result<()> {
        let filter = without.filter()?;
        let mut found = BTreeMap::<String, u64>::new();
        for (kind, rows) in kinds.iter().filter(|(kind, _)| kind.is_asked(&filter)) {
            for value in values(kind) {
                *found.entry(value).or_insert(0) += rows;
            }
        }
        let mut found: Vec<_> = found.into_iter().map(|(value, rows)| Facet { word, value, rows }).collect();
        found.sort_by_key(|facet| Reverse(facet.rows));
        facets.extend(found);
        Ok(())
    };
    let classes = |kind: &Kind| vec![kind.class.word().to_owned()];
    add("class", FilterText { classes: Vec::new(), ..asked.clone() }, &classes)?;
    let changed = |kind: &Kind| kind.changed.clone().unwrap_or_default();
    add("changed", FilterText { changed: Vec::new(), ..asked.clone() }, &changed)?;
    let evidence = |kind: &Kind| vec![kind.rests_on.word().to_owned()];
    add("evidence", FilterText { evidence: Vec::new(), ..asked.clone() }, &evidence)?;
    Ok(facets)
}
