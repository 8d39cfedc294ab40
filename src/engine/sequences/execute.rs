//! Looks at both sides' sequences, and says what OLD's lack.

use std::collections::{BTreeMap, BTreeSet};

use tokio::try_join;
use tracing::Instrument as _;

use super::look::Look;
use super::pairs::{Column, numbers, pair};
use super::report::{DatabaseSequences, NewSequence, NumberedRows, SequenceAccount, SequenceState, SequencesReport};
use super::room::Room;
use crate::catalog;
use crate::engine::discover;
use crate::engine::run::{Context, read_step, spans};
use crate::error::{Place as _, Result};
use crate::name::{Ident, QualifiedName, Side, Sided};
use crate::pg::Transaction;
use crate::schema::Sequence;

/// Looks at every sequence of the databases that both sides have. `gap` is how many numbers OLD's shall be ahead of NEW's.
///
/// # Errors
/// As [`discover`](crate::engine::discover()); `Timeout` where somebody keeps a table for himself.
pub async fn sequences(context: &Context, gap: u64) -> Result<SequencesReport> {
    let look = read_step(context, async |context| look(context, gap).await);
    look.instrument(spans::step(context, "sequences")).await
}

async fn look(context: &Context, gap: u64) -> Result<SequencesReport> {
    let (mut notes, mut databases) = (Vec::new(), Vec::new());
    for name in &discover::databases(context, &mut notes).await?.names {
        context.reporter().check_stop()?;
        let looking = look_at(context, name, gap).instrument(spans::database(name));
        databases.push(looking.await.place(|| format!("database {name}"))?);
    }
    Ok(SequencesReport { applied: false, gap, databases, notes })
}

async fn look_at(context: &Context, name: &str, gap: u64) -> Result<DatabaseSequences> {
    let Sided { old, new } = discover::connect(context, name).await?;
    let names = NewNames::read(context, name, &new, &catalog::sequences(old.client()).await?).await.place(|| Side::New)?;
    let (old, new) = try_join!(Transaction::read(old), Transaction::read(new))?;
    let (old, new) = (Look::at(Side::Old, old).await.place(|| Side::Old)?, Look::at(Side::New, new).await.place(|| Side::New)?);
    let (pairs, alone) = pair(&old.sequences, &new.sequences, |column| names.of(column));
    let mut found = Vec::new();
    for (sequence, answering) in old.sequences.iter().zip(pairs) {
        context.reporter().check_stop()?;
        let answering = answering.into_iter().filter_map(|at| new.sequences.get(at)).collect();
        let case = Case { old: &old, new: &new, names: &names, sequence, answering, gap };
        found.push(Box::pin(case.account()).await.place(|| &sequence.name)?);
    }
    let new_only = alone.into_iter().filter_map(|at| new.sequences.get(at)).map(|one| one.name.to_string()).collect();
    old.close().await?;
    new.close().await?;
    Ok(DatabaseSequences { name: name.to_owned(), sequences: found, new_only })
}

/// What NEW calls tables and columns, where the configuration says that it calls them otherwise.
struct NewNames(BTreeMap<Column, Column>);

impl NewNames {
    async fn read(context: &Context, database: &str, new: &crate::pg::Session, on_old: &[Sequence]) -> Result<Self> {
        let (mut names, mut tables) = (BTreeMap::new(), None);
        for column in on_old.iter().flat_map(numbers) {
            let settings = context.selection().table(database, &column.0.to_string());
            let renamed = settings.renamed.iter().find(|(on_old, _)| on_old == column.1.as_str());
            let name = renamed.map_or_else(|| column.1.clone(), |(_, on_new)| Ident::new(on_new));
            let table = match &settings.new_name {
                None => column.0.clone(),
                Some(called) => {
                    if tables.is_none() {
                        tables = Some(catalog::read(new.client()).await?.tables);
                    }
                    let known = tables.iter().flatten().find(|table| table.name.to_string() == *called);
                    known.map_or_else(|| column.0.clone(), |table| table.name.clone())
                }
            };
            names.insert(column.clone(), (table, name));
        }
        Ok(Self(names))
    }

    fn of(&self, column: &Column) -> Column {
        self.0.get(column).unwrap_or(column).clone()
    }
}

/// One sequence of OLD, and what answers to it.
struct Case<'a> {
    old: &'a Look,
    new: &'a Look,
    names: &'a NewNames,
    sequence: &'a Sequence,
    answering: Vec<&'a Sequence>,
    gap: u64,
}

impl Case<'_> {
    async fn account(&self) -> Result<SequenceAccount> {
        let Self { old, sequence, .. } = *self;
        let held = old.usage(&sequence.name);
        let mut account = SequenceAccount {
            sequence: sequence.name.to_string(),
            state: SequenceState::Ahead,
            old: old.position(sequence),
            new: Vec::new(),
            rows: Vec::new(),
            increment: sequence.increment,
            cache: held.map_or(1, |held| held.cache),
            cycle: sequence.cycle,
            to: None,
            raised_from: None,
            left: None,
            stuck: Vec::new(),
            unread: Vec::new(),
            remarks: Vec::new(),
            grants: Vec::new(),
        };
        let numbered: BTreeSet<Column> = numbers(sequence).into_iter().cloned().collect();
        let on_old = old.columns(&numbered).await?;
        let on_new: BTreeSet<Column> = numbered.iter().map(|column| self.names.of(column)).collect();
        let on_new = self.new.columns(&on_new).await?;
        let bounds = sequence.bounds.unwrap_or((i64::MIN, i64::MAX));
        let room = Room::new(bounds, sequence.increment, on_old.iter().map(|(_, column)| column.range));
        let handed_out = self.of_new(&mut account, room);
        let mut rows = Sided { old: None, new: None };
        // One that begins again at its end promises no new number, whatever the rows hold.
        for (look, side, columns) in [(old, Side::Old, &on_old), (self.new, Side::New, &on_new)] {
            for (column, known) in columns.iter().filter(|_| !sequence.cycle) {
                match look.reach(column, known, room).await? {
                    Ok((furthest, of_all)) => {
                        let beyond =
                            of_all.filter(|all| Some(*all) != furthest && room.is_past(*all, furthest.unwrap_or(*all)));
                        account.rows.push(rows_of(side, column, furthest, beyond.or(of_all.filter(|_| furthest.is_none()))));
                        let known = rows.get_mut(side);
                        *known = known.iter().copied().chain(furthest).reduce(|a, b| room.further(a, b));
                    }
                    Err(unread) => {
                        account.unread.push(unread.why);
                        account.grants.extend(unread.grants);
                    }
                }
                if known.foreign_rows {
                    account.remarks.push(format!("{} on {side} has rows on another server too", column.0));
                }
            }
        }
        if !sequence.cycle {
            let worked = sequence.worked_into.iter().map(|(table, column)| {
                format!("{table}.{column} is made of its numbers, or holds them elsewhere: its values are not compared")
            });
            account.unread.extend(worked);
        }
        let used_by_new = handed_out.into_iter().chain(rows.new).reduce(|a, b| room.further(a, b));
        self.judge(&mut account, room, used_by_new, rows.old);
        Ok(account)
    }

    /// Notes NEW's sequences, and returns the furthest number that they have handed out and OLD's can go on from.
    fn of_new(&self, account: &mut SequenceAccount, room: Room) -> Option<i64> {
        let (mut furthest, (least, greatest)) = (None, room.to_go_on());
        for on_new in &self.answering {
            let stands = self.new.position(on_new);
            account.new.push(NewSequence { sequence: on_new.name.to_string(), stands });
            let Some(stands) = stands else {
                let unread = self.new.unread(on_new);
                account.unread.push(format!("where {} on NEW stands is not known: {}", on_new.name, unread.why));
                account.grants.extend(unread.grants);
                continue;
            };
            if (on_new.increment < 0) != (self.sequence.increment < 0) {
                account.remarks.push(format!("NEW's {} counts the other way: OLD's is raised by the rows alone", on_new.name));
                continue;
            }
            let start = self.new.usage(&on_new.name).map_or(1, |held| held.start);
            let Some(reached) = stands.handed_out(on_new.increment, start) else { continue };
            if room.is_past(reached, if self.sequence.increment < 0 { least } else { greatest }) && !self.sequence.cycle {
                account.stuck.push(format!(
                    "NEW's {} has come to {reached}, and OLD's ends with {}: widen it, and the columns that it numbers, first \
                     (ALTER SEQUENCE … AS bigint MAXVALUE …)",
                    on_new.name,
                    room.end()
                ));
            } else if (least..=greatest).contains(&reached) {
                furthest = Some(furthest.map_or(reached, |known| room.further(known, reached)));
            }
        }
        furthest
    }

    fn judge(&self, account: &mut SequenceAccount, room: Room, used_by_new: Option<i64>, rows_of_old: Option<i64>) {
        let step = self.sequence.increment;
        if self.sequence.cycle {
            account.remarks.push("it begins again at its end, so it promises no new number, and rows say nothing of it".into());
        }
        let Some(stands) = account.old else {
            let unread = self.old.unread(self.sequence);
            account.unread.push(unread.why);
            account.grants.extend(unread.grants);
            account.state = SequenceState::NotKnown;
            return;
        };
        let gap = if self.sequence.cycle { 0 } else { self.gap };
        let with_gap = used_by_new.map(|used| room.ahead(used, gap).unwrap_or(room.end()));
        let wanted = with_gap.into_iter().chain(rows_of_old).reduce(|a, b| room.further(a, b));
        let behind = wanted.filter(|to| stands.covers(step).is_none_or(|covered| room.is_past(*to, covered)));
        let reached = behind.unwrap_or(stands.last_value);
        match room.goal(stands.last_value, reached) {
            Some(goal) => {
                account.left = Some(goal.left);
                account.to = behind.map(|_| goal.number);
                if goal.left < room.size() / 10 && !self.sequence.cycle {
                    account.remarks.push(format!("{} of its {} numbers are left then", goal.left, room.size()));
                }
            }
            None if self.sequence.cycle => account.to = behind,
            None => {
                account.to = behind;
                account.left = Some(0);
                account.stuck.push(match behind {
                    Some(to) if gap > 0 => {
                        format!(
                            "it ends with {}, and must have got past {to} with the gap of {gap}: ask for less, or widen it",
                            room.end()
                        )
                    }
                    Some(to) => format!("it ends with {}, and must have got past {to}: widen it first", room.end()),
                    None => format!("it has handed out its last number, and ends with {}: widen it first", room.end()),
                });
            }
        }
        if account.to.is_some() {
            self.expect_rights(account, room);
        }
        let beyond: Vec<_> = account.rows.iter().filter_map(|rows| Some((rows, rows.beyond?))).collect();
        let beyond = beyond.into_iter().map(|(rows, beyond)| {
            let more = if beyond == i64::MAX { " or more" } else { "" };
            let what = if beyond == room.end() { "the last of its numbers" } else { "none of its numbers" };
            format!("{}.{} on {} holds {beyond}{more}, which is {what}", rows.table, rows.column, rows.side)
        });
        account.remarks.extend(beyond.collect::<Vec<_>>());
        account.state = match (account.stuck.is_empty(), account.to) {
            (false, _) => SequenceState::Stuck,
            (true, Some(_)) => SequenceState::Behind,
            (true, None) => SequenceState::Ahead,
        };
    }

    /// Says what this user lacks to raise the sequence.
    fn expect_rights(&self, account: &mut SequenceAccount, room: Room) {
        let held = self.old.usage(&self.sequence.name);
        if !held.is_some_and(|held| held.schema_open && held.may_draw) {
            let lacking = self.old.unraised(self.sequence);
            account.stuck.push(lacking.why);
            account.grants.extend(lacking.grants);
        } else if held.is_some_and(|held| !held.may_read) {
            let lacking = self.old.unread(self.sequence);
            account.stuck.push(format!("{}, so it could not be told when to stop", lacking.why));
            account.grants.extend(lacking.grants);
        } else if account.cache > 1 && !held.is_some_and(|held| held.may_alter) {
            account.remarks.push(format!(
                "sessions that are connected to OLD may still hold up to {} lower numbers each (CACHE): let them connect anew, \
                 or raise it as its owner, which makes them forget those",
                account.cache
            ));
            // Drawing takes whole caches, and what is left of the last one is lost.
            let spare = u64::try_from(account.cache).unwrap_or(u64::MAX).saturating_mul(2);
            if account.left.is_some_and(|left| left < spare) {
                account.stuck.push(format!(
                    "drawing from it takes {} numbers at a time, and fewer would be left up to {}: raise it as its owner",
                    account.cache,
                    room.end()
                ));
            }
        }
    }
}

fn rows_of(side: Side, (table, column): &Column, furthest: Option<i64>, beyond: Option<i64>) -> NumberedRows {
    let table: &QualifiedName = table;
    NumberedRows { side, table: table.to_string(), column: column.to_string(), furthest, beyond }
}
