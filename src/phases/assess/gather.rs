//! One answer a question, and the rows at stake.

use std::time::Duration;

use futures::future::join_all;
use jiff::Timestamp;
use serde::Serialize;
use tokio::{join, try_join};

use super::super::reading::{Answer, NOBODY, Reading};
use super::health::{self, Page};
use super::prometheus;
use super::reach::{Reached, reach};
use crate::config::{CRITERIA, Config, Criterion, DATABASE_LOST, NEW_DEPLOYED, OLD_DATA, OLD_SERVES, OUTAGE};
use crate::engine::{self, Context, StakedTable};
use crate::error::{ErrorKind, Result};
use crate::name::{Side, Sided};
use crate::text::amount;

/// Which sides' servers are configured.
pub type Named = Sided<bool>;

/// How long ago the cutover was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Since {
    /// Nothing says when it is or was.
    NotStated,
    /// It is to come in so many seconds.
    Before(u64),
    /// It was so many seconds ago.
    After(u64),
}

impl Since {
    fn of(context: &Context, now: Timestamp) -> Self {
        context.selection().cutover().map_or(Self::NotStated, |cutover| {
            let passed = now.as_microsecond() - cutover.micros();
            let seconds = passed.unsigned_abs() / 1_000_000;
            if passed < 0 { Self::Before(seconds) } else { Self::After(seconds) }
        })
    }
}

/// What NEW has taken since the cutover.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RowsAtStake {
    /// How many rows at least, inserts and updates together; `None` where nothing was counted.
    pub rows: Option<u64>,
    /// Every table, counted or not.
    pub tables: Vec<StakedTable>,
    /// Why nothing was counted at all.
    pub why: Option<String>,
}

impl RowsAtStake {
    /// Says why nothing was counted.
    #[must_use]
    pub fn uncounted(why: &str) -> Self {
        Self { rows: None, tables: Vec::new(), why: Some(why.to_owned()) }
    }

    /// Says how many rows there are, and of how many tables that is known.
    #[must_use]
    pub fn told(&self) -> String {
        let Some(rows) = self.rows else {
            return format!("not counted: {}", self.why.as_deref().unwrap_or("no table tells which of its rows are new"));
        };
        let all = self.tables.len();
        let counted = self.tables.iter().filter(|table| table.rows.is_some()).count();
        let rows = amount::rows(rows);
        format!("{rows} or more, written on NEW since the cutover, in {counted} of {all} tables; deletes are not counted")
    }
}

/// Everything that an assessment rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gathered {
    /// When it was gathered.
    pub at: Timestamp,
    /// When the cutover was, as it was written.
    pub cutover: Option<String>,
    /// How long ago that is.
    pub since: Since,
    /// One answer a question.
    pub readings: Vec<Reading>,
    /// What NEW has taken since.
    pub rows: RowsAtStake,
}

/// Looks at everything that is configured; rows are counted for so long at most, and not at all without a time.
///
/// # Errors
/// `Interrupted` alone: what cannot be looked at is not known, and says why.
pub async fn gather(context: &Context, config: &Config, named: Named, counting: Option<Duration>) -> Result<Gathered> {
    let at = Timestamp::now();
    let cutover = context.selection().cutover().ok();
    let since = Since::of(context, at);
    let servers = reach_both(context, named);
    let pages = join_all(config.health().iter().map(health::ask));
    let metrics = join_all(config.metrics().iter().map(|metric| prometheus::ask(metric, at.as_second())));
    let (reached, pages, metrics) = join!(servers, pages, metrics);
    let (old, new) = reached?;
    let rows = count(context, since, (&old, &new), counting).await?;
    let seen = Seen { pages: &pages, servers: Sided { old: &old, new: &new } };
    let mut readings: Vec<_> = CRITERIA.iter().map(|criterion| seen.answer(criterion)).collect();
    for metric in metrics {
        match readings.iter_mut().find(|reading| reading.criterion == metric.criterion) {
            Some(reading) => *reading = metric,
            None => readings.push(metric),
        }
    }
    readings.sort_by_key(|reading| reading.list);
    Ok(Gathered { at, cutover: cutover.map(|cutover| cutover.to_string()), since, readings, rows })
}

async fn reach_both(context: &Context, named: Named) -> Result<(Reached, Reached)> {
    let look = |side: Side| reach(context, side, *named.get(side));
    try_join!(look(Side::Old), look(Side::New))
}

/// Counts what NEW has taken since the cutover, for so long at most, and asks nothing else.
///
/// # Errors
/// `Interrupted` alone: what cannot be counted says why.
pub async fn rows_at_stake(context: &Context, named: Named, within: Duration) -> Result<RowsAtStake> {
    let (old, new) = reach_both(context, named).await?;
    count(context, Since::of(context, Timestamp::now()), (&old, &new), Some(within)).await
}

/// Counts the rows of NEW, where both sides can be looked at.
async fn count(
    context: &Context,
    since: Since,
    (old, new): (&Reached, &Reached),
    counting: Option<Duration>,
) -> Result<RowsAtStake> {
    let Some(within) = counting else { return Ok(RowsAtStake::uncounted("counting was not asked for")) };
    match since {
        Since::NotStated => return Ok(RowsAtStake::uncounted("no cutover is stated")),
        Since::Before(_) => return Ok(RowsAtStake::uncounted("the cutover is still to come")),
        Since::After(_) => {}
    }
    for (side, reached) in [(Side::Old, old), (Side::New, new)] {
        if reached.answers != Answer::Yes {
            let why = format!("it takes a look at both servers, and {side} is not reached: {}", reached.seen);
            return Ok(RowsAtStake::uncounted(&why));
        }
    }
    let counted = async {
        let found = Box::pin(engine::discover(context)).await?;
        engine::stake(context, &found.databases, within).await
    };
    match counted.await {
        Ok(stake) => Ok(RowsAtStake { rows: stake.rows(), tables: stake.tables, why: None }),
        Err(error) if error.kind() == ErrorKind::Interrupted => Err(error),
        Err(error) => Ok(RowsAtStake::uncounted(&format!("{error}: {}", error.causes().join("; ")))),
    }
}

/// What was seen of both sides.
struct Seen<'a> {
    pages: &'a [Page],
    servers: Sided<&'a Reached>,
}

impl Seen<'_> {
    /// Answers a question that is built in, as far as health pages and servers do.
    fn answer(&self, criterion: &Criterion) -> Reading {
        let (answer, evidence) = match criterion.name {
            OLD_SERVES => self.serves(Side::Old),
            OUTAGE => {
                let (answer, evidence) = self.any_serves(Side::New);
                (!answer, evidence)
            }
            OLD_DATA => (self.servers.old.has_data, self.servers.old.seen.clone()),
            DATABASE_LOST => (!self.servers.new.answers, format!("from here: {}", self.servers.new.seen)),
            NEW_DEPLOYED => self.is_deployed(),
            _ if criterion.bound.is_some() => (Answer::Unknown, "no query under [[metrics]] answers it".to_owned()),
            _ => (Answer::Unknown, NOBODY.to_owned()),
        };
        Reading {
            criterion: criterion.name.to_owned(),
            list: criterion.list,
            question: criterion.question.to_owned(),
            answer,
            value: None,
            threshold: None,
            evidence,
            by: None,
            measured: None,
        }
    }

    fn pages(&self, side: Side) -> impl Iterator<Item = &Page> {
        self.pages.iter().filter(move |page| page.side == side)
    }

    fn told(&self, side: Side) -> String {
        let seen: Vec<_> = self.pages(side).map(|page| page.seen.as_str()).collect();
        if seen.is_empty() { format!("no page of {side} under [[health]]") } else { seen.join("; ") }
    }

    fn serves(&self, side: Side) -> (Answer, String) {
        (Answer::all(self.pages(side).map(|page| page.serves)), self.told(side))
    }

    fn any_serves(&self, side: Side) -> (Answer, String) {
        (Answer::any(self.pages(side).map(|page| page.serves)), self.told(side))
    }

    /// That nothing answers does not say that nothing is there.
    fn is_deployed(&self) -> (Answer, String) {
        let server = self.servers.new;
        match self.pages(Side::New).find(|page| page.answered) {
            _ if server.answers == Answer::Yes => (Answer::Yes, server.seen.clone()),
            Some(page) => (Answer::Yes, page.seen.clone()),
            None => (Answer::Unknown, format!("nothing of it answers: {}", server.seen)),
        }
    }
}
