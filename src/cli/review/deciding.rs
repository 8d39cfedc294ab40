//! What a review decides: a row by its key, rows by a rule, each written before anything else is done.

use std::sync::Arc;

use super::choosing::chosen;
use super::desk::Desk;
use super::event::Event;
use super::filter_text::FilterText;
use super::pen::{Exchanged, Pen};
use super::question::{Draft, Question};
use crate::cli::{amount, show};
use crate::delta::Class;
use crate::engine::{Cell, Kind, SeenRow, TableDecisions};
use crate::error::{Error, ErrorKind, Result};
use crate::policy::{
    Addition, By, Choice, Decided, Decisions, Glob, PickedRow, Resolution, RuleWords, SelectorWords, append_rows, append_rule,
};

/// So many rows are named before a rule is written.
const SAMPLE: u64 = 8;

impl Desk<'_> {
    /// Picks a row.
    pub(super) fn pick(&mut self, position: u64, resolution: Resolution, why: Option<String>) -> Result<Vec<Event>> {
        let Some(open) = &self.open else { return Ok(Vec::new()) };
        let seen = open.table.read(&[position])?;
        let Some(seen) = seen.first() else { return Ok(Vec::new()) };
        let row = (self.database(open.number), seen.row.table.clone(), key_of(seen)?);
        let said = format!("{}: {resolution}", show::title(&seen.row));
        let journal = format!("1 row of {} {resolution}", seen.row.table);
        let pen = pen(&mut self.pen)?;
        let fingerprint = Some(seen.row.picked_by.fingerprint.clone());
        let picked: [(PickedRow, _); 1] = [(row, Addition { fingerprint, ..pen.sign(resolution, why) })];
        let decisions = pen.write("[[row]]", said.clone(), journal, |text| append_rows(text, &picked))?;
        self.decided(decisions, format!("written: {said}"))
    }

    /// Chooses what one column of a row gets.
    pub(super) fn choose(
        &mut self,
        position: u64,
        column: &str,
        choice: Option<Choice>,
        why: Option<String>,
    ) -> Result<Vec<Event>> {
        let Some(open) = &self.open else {
            return Ok(Vec::new());
        };
        let seen = open.table.read(&[position])?;
        let Some(seen) = seen.first() else {
            return Ok(Vec::new());
        };
        let decided = open.table.decisions(&self.decisions, &self.met)?.of_row(seen)?;
        let Some((_, decided)) = decided else {
            return Ok(Vec::new());
        };
        let choices = chosen(&decided.choices, column, choice, decided.resolution);
        open.table.expect_choices(&choices)?;
        let row = (self.database(open.number), seen.row.table.clone(), key_of(seen)?);
        let said = format!("{}: {}", show::title(&seen.row), Decided { choices: choices.clone(), ..decided.clone() }.said());
        let journal = format!("1 row of {} {} by column", seen.row.table, decided.resolution);
        let pen = pen(&mut self.pen)?;
        let fingerprint = Some(seen.row.picked_by.fingerprint.clone());
        let picked: [(PickedRow, _); 1] = [(row, Addition { choices, fingerprint, ..pen.sign(decided.resolution, why) })];
        let decisions = pen.write("[[row]]", said.clone(), journal, |text| append_rows(text, &picked))?;
        self.decided(decisions, format!("written: {said}"))
    }

    /// Says what a rule would come to.
    pub(super) fn weigh(&self, filter: FilterText, name: Option<String>, resolution: Resolution) -> Result<Vec<Event>> {
        let Some(open) = &self.open else { return Ok(Vec::new()) };
        let Some(kinds) = &open.kinds else { return Ok(Vec::new()) };
        if filter.held {
            return Err(usage("what the plan holds is no word of a rule").next("leave `held` out of the filter"));
        }
        let asked = filter.filter()?;
        let rows = open.table.decisions(&self.decisions, &self.met)?;
        let (mut means, mut before, mut deletes, mut classes) = (0, Before::default(), 0, Vec::<Class>::new());
        for (kind, count) in kinds.iter().filter(|(kind, _)| kind.is_asked(&asked)) {
            means += count;
            if rows.asks_conditions(kind) {
                for position in kinds.positions(|one| one == kind) {
                    before.add(&rows, kind, position, 1)?;
                }
            } else {
                before.add(&rows, kind, 0, count)?;
            }
            if resolution == Resolution::ApplyNew && kind.class.applying_deletes() {
                deletes += count;
            }
            if !classes.contains(&kind.class) {
                classes.push(kind.class);
            }
        }
        if means == 0 {
            return Err(usage("the filter asks for no row"));
        }
        if let Some(class) = classes.iter().find(|class| !class.allowed().contains(&resolution)) {
            return Err(
                usage(format!("{resolution} makes no sense for {class}, of which there are rows")).next("filter by class")
            );
        }
        classes.sort();
        let classes = classes.into_iter().map(|class| class.word().to_owned()).collect();
        let chosen = kinds.choose(|kind| kind.is_asked(&asked));
        let positions: Vec<_> = (0..SAMPLE).map_while(|place| kinds.find(&chosen, place)).collect();
        let sample = open.table.read(&positions)?.iter().map(|seen| show::title(&seen.row)).collect();
        let table = &self.lines[open.number].name;
        let picks = self.decisions.picks().iter().filter(|pick| pick.table == *table).count() as u64;
        let draft = Draft { name, filter, classes, means };
        let Before { decided: before, not_evaluated } = before;
        Ok(vec![Event::Asked(Box::new(Question { draft, resolution, before, not_evaluated, picks, deletes, sample }))])
    }

    /// Writes a rule.
    pub(super) fn rule(&mut self, draft: Draft, resolution: Resolution, why: Option<String>) -> Result<Vec<Event>> {
        let Some(open) = &self.open else { return Ok(Vec::new()) };
        let table = self.lines[open.number].name.clone();
        if !Glob::new(&table).is_exact() {
            return Err(usage("the table's name holds a `*`, which a rule would take for any text").next("decide row by row"));
        }
        let FilterText { classes, evidence, changed, .. } = draft.filter;
        let words = RuleWords {
            name: draft.name,
            means: SelectorWords {
                databases: self.database(open.number).into_iter().collect(),
                tables: vec![table.clone()],
                classes: if classes.is_empty() { draft.classes } else { classes },
                evidence,
                changed,
            },
            when: None,
            expect: Some(draft.means),
        };
        let said = format!("rule for {} of {table}: {resolution}", amount::rows(draft.means));
        let pen = pen(&mut self.pen)?;
        let signed = pen.sign(resolution, why);
        let decisions = pen.write("[[rule]]", said.clone(), said.clone(), |text| append_rule(text, &words, &signed))?;
        self.decided(decisions, format!("written: {said}"))
    }

    /// Takes the last decision back, or decides it again.
    pub(super) fn go_back(&mut self, step: fn(&mut Pen) -> Result<Exchanged>, otherwise: &str) -> Result<Vec<Event>> {
        match step(pen(&mut self.pen)?)? {
            Some((decisions, said)) => self.decided(decisions, said),
            None => Ok(vec![Event::Said(otherwise.to_owned())]),
        }
    }

    fn decided(&mut self, decisions: Decisions, said: String) -> Result<Vec<Event>> {
        self.decisions = Arc::new(decisions);
        let mut events = vec![Event::Decided(said)];
        events.extend(self.tally()?);
        Ok(events)
    }

    /// The database of a table, where another has one of the same name.
    fn database(&self, number: usize) -> Option<String> {
        let line = &self.lines[number];
        let others = self.lines.iter().any(|other| other.name == line.name && other.database != line.database);
        others.then(|| line.database.clone())
    }
}

/// How many rows rules decide that are asked before another one.
#[derive(Default)]
struct Before {
    decided: u64,
    /// Of so many more that is not known.
    not_evaluated: u64,
}

impl Before {
    fn add(&mut self, rows: &TableDecisions<'_>, kind: &Kind, position: u64, count: u64) -> Result<()> {
        match rows.of_unpicked(kind, position)? {
            Some((By::NotEvaluated(_), _)) => self.not_evaluated += count,
            Some((By::Rule(_), _)) => self.decided += count,
            _ => {}
        }
        Ok(())
    }
}

fn pen(pen: &mut Option<Pen>) -> Result<&mut Pen> {
    pen.as_mut().ok_or_else(|| Error::new(ErrorKind::Refused, "decide").because("the review is read-only"))
}

/// The values of a row's key, as decisions name it.
fn key_of(seen: &SeenRow) -> Result<Vec<(String, String)>> {
    let part = |(name, cell): &(String, Cell)| match cell {
        Cell::Text(text) => Ok((name.clone(), text.clone())),
        Cell::Masked => {
            Err(usage(format!("`{name}` of the key is masked, and decisions.toml would show it"))
                .next("decide by a rule: A, or r"))
        }
        _ => Err(usage(format!("`{name}` of the key has no text by which the row could be picked")).next("decide by a rule")),
    };
    seen.row.key.iter().map(part).collect()
}

fn usage(cause: impl Into<String>) -> Error {
    Error::new(ErrorKind::Usage, "decide").because(cause.into())
}
