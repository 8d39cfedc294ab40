//! The rows of one table's diff with what decides each: read batch by batch.

use arrow_array::RecordBatch;

use super::fact::Fact;
use super::met::{Met, TableMet};
use crate::codec::{BatchEncoder, BatchView, CodecError, Shown};
use crate::delta::{Class, Evidence};
use crate::engine::rows::{Image, fingerprint, key_positions};
use crate::error::{Error, ErrorKind, Result};
use crate::policy::{By, Decided, Decisions, Minimum, RowDecisions};
use crate::staging::{Segment, SegmentReader, TableRecord};
use crate::store::Store;

/// What decides the rows of one table.
pub(crate) struct DecidedRows<'a> {
    decisions: &'a Decisions,
    rows: RowDecisions<'a>,
    met: TableMet<'a>,
    encoder: BatchEncoder,
    key: Vec<usize>,
}

/// One row, and what decides it.
pub(crate) struct DecidedRow {
    pub(crate) class: Class,
    /// What the class rests on.
    pub(crate) rests_on: Evidence,
    pub(crate) by: By,
    /// What it is, where it is picked; see [`fingerprint`].
    pub(crate) fingerprint: Option<String>,
    /// The rules that mean it.
    pub(crate) meaning: Vec<usize>,
    /// Those of which it is not known whether they do.
    pub(crate) not_evaluated: Vec<usize>,
}

impl<'a> DecidedRows<'a> {
    /// `met` is what OLD's server says of the rules' conditions.
    pub(crate) fn of(decisions: &'a Decisions, database: &str, record: &TableRecord, met: &'a Met) -> Result<Self> {
        let names = record.key.names();
        let rows = decisions.of_rows(database, &record.name.to_string(), &names)?;
        Ok(Self {
            decisions,
            rows,
            met: met.of_table(database, record.id, decisions.rules()),
            encoder: BatchEncoder::new(&record.layout),
            key: key_positions(&record.layout, &names)?,
        })
    }

    /// Whether rows are decided by their class alone.
    pub(crate) fn is_by_class(&self) -> bool {
        self.rows.is_by_class()
    }

    /// Whether rows are picked by their keys.
    pub(crate) fn asks_keys(&self) -> bool {
        self.rows.asks_keys()
    }

    /// Opens a segment for what decides its rows, beside some columns.
    pub(crate) fn open(&self, store: &dyn Store, segment: &Segment, rows: usize, columns: &[&str]) -> Result<SegmentReader> {
        let images: &[&str] = if self.rows.asks_keys() { &["old", "new", "base"] } else { &[] };
        SegmentReader::open_projected(store, segment, rows, &[columns, images].concat())
    }

    /// Says of each row of a batch what decides it; the batch begins with the row of that position in the table's diff.
    pub(crate) fn read(&self, batch: &RecordBatch, first: usize) -> Result<Vec<DecidedRow>> {
        let read = |name| Image::read(batch, name);
        let sides = if self.rows.asks_keys() { Some([read("old")?, read("new")?, read("base")?]) } else { None };
        let sides = sides.as_ref().map(|sides| Sides::open(sides, &self.encoder)).transpose()?;
        let keys = sides.as_ref().map(|sides| self.keys(sides)).transpose()?;
        let mut found = Vec::with_capacity(batch.num_rows());
        for (row, fact) in Fact::read(batch)?.into_iter().enumerate() {
            let Fact { class, rests_on, .. } = fact;
            if self.rows.is_by_class() {
                let (meaning, not_evaluated) = (Vec::new(), Vec::new());
                found.push(DecidedRow { class, rests_on, by: By::Class, fingerprint: None, meaning, not_evaluated });
                continue;
            }
            let changed: Vec<_> = fact.changed().collect();
            let key = keys.as_ref().and_then(|keys| keys[row].as_ref());
            let key: Option<Vec<_>> = key.map(|values| values.iter().map(String::as_str).collect());
            let picked = key.as_ref().filter(|key| self.rows.is_picked(key)).and(sides.as_ref());
            let fingerprint = picked.map(|sides| sides.fingerprint(class, row)).transpose()?;
            let meets = |rule: usize| self.met.meets(rule, first + row);
            let by = self.rows.by((class, rests_on), &changed, key.as_deref().zip(fingerprint.as_deref()), meets);
            let (mut meaning, mut not_evaluated) = (Vec::new(), Vec::new());
            for rule in self.rows.meaning(class, rests_on, &changed) {
                match meets(rule) {
                    Some(true) => meaning.push(rule),
                    Some(false) => {}
                    None => not_evaluated.push(rule),
                }
            }
            found.push(DecidedRow { class, rests_on, by, fingerprint, meaning, not_evaluated });
        }
        Ok(found)
    }

    /// Returns what is decided about rows of a class, and what they need.
    pub(crate) fn decided(&self, class: Class, by: By) -> Result<Option<Decided>> {
        self.decisions.decided(&self.rows, class, by)
    }

    pub(crate) fn minimum(&self, class: Class) -> Option<Minimum> {
        self.rows.of_class(class).map(|(_, minimum)| minimum.clone())
    }

    /// Whether what decides a row names its table.
    pub(crate) fn is_by_name(&self, decided: &Decided, by: By) -> bool {
        self.decisions.is_by_name(decided, by)
    }

    /// How the reason of a row names a rule that gives none; nothing where its class is what decides.
    pub(crate) fn rule_title(&self, by: By) -> Option<String> {
        match by {
            By::Rule(number) => self.decisions.rules().get(number).map(crate::policy::Rule::title),
            By::Class | By::Row(_) | By::Outdated(_) | By::NotEvaluated(_) => None,
        }
    }

    /// The keys' values; `None` where one of them has no text.
    fn keys(&self, sides: &Sides<'_>) -> Result<Vec<Option<Vec<String>>>> {
        let of = |row: usize| {
            let side = if sides.old.0.present.value(row) { &sides.old } else { &sides.new };
            let values = self.key.iter().map(|column| match side.1.shown(row, *column).map_err(unreadable)? {
                Shown::Text(text) => Ok(Some(text)),
                Shown::Null | Shown::Wire(_) => Ok(None),
            });
            values.collect::<Result<Option<Vec<_>>>>()
        };
        (0..sides.old.0.rows.num_rows()).map(of).collect()
    }
}

/// The images of a batch's rows, opened for reading.
struct Sides<'a> {
    old: (&'a Image, BatchView<'a>),
    new: (&'a Image, BatchView<'a>),
    base: (&'a Image, BatchView<'a>),
}

impl<'a> Sides<'a> {
    fn open([old, new, base]: &'a [Image; 3], encoder: &'a BatchEncoder) -> Result<Self> {
        let view = |image: &'a Image| encoder.view(&image.rows).map_err(unreadable);
        Ok(Self { old: (old, view(old)?), new: (new, view(new)?), base: (base, view(base)?) })
    }

    fn fingerprint(&self, class: Class, row: usize) -> Result<String> {
        fingerprint(
            class,
            [&self.old, &self.new, &self.base].map(|(image, view)| image.present.value(row).then_some(view)),
            row,
        )
    }
}

fn unreadable(error: CodecError) -> Error {
    Error::new(ErrorKind::Damaged, "read the diff").because(error)
}
