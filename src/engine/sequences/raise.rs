//! Raises OLD's sequences as far as a look has said.

use tracing::{Instrument as _, info, warn};

use super::draw::{MOST_DRAWN, draw_up_to, missing_draws};
use super::look::Look;
use super::report::{SequenceAccount, SequenceState, SequencesReport};
use crate::catalog;
use crate::engine::run::{Context, spans};
use crate::error::{Error, ErrorKind, Place as _, Result};
use crate::name::Side;
use crate::pg::{Session, Transaction};
use crate::schema::Sequence;
use crate::statement::{last_drawn, raise_alone};

/// How long transactions that have drawn are waited for where a sequence is held.
const WAIT_MS: u64 = 5_000;

/// Raises every sequence of the report that is behind. What is raised stays raised: nobody knows who has taken its numbers
/// since. One that could not be raised is `stuck`, with the reason, and stops none of the others.
///
/// # Errors
/// `Connect`, `Interrupted`; the state says which sequences may have been raised until then.
pub async fn raise_sequences(context: &Context, report: SequencesReport) -> Result<SequencesReport> {
    raise_all(context, report).instrument(spans::step(context, "sequences")).await
}

async fn raise_all(context: &Context, mut report: SequencesReport) -> Result<SequencesReport> {
    let is_behind = |one: &SequenceAccount| one.state == SequenceState::Behind;
    for database in report.databases.iter_mut().filter(|database| database.sequences.iter().any(is_behind)) {
        let place = format!("database {}", database.name);
        let old = context.servers().connect(Side::Old, &database.name).await.place(|| place.clone())?;
        let known = catalog::sequences(old.client()).await.place(|| place.clone())?;
        for account in database.sequences.iter_mut().filter(|one| is_behind(one)) {
            context.reporter().check_stop()?;
            let Some(sequence) = known.iter().find(|known| known.name.to_string() == account.sequence) else {
                account.fail("it is gone since it was looked at".to_owned());
                continue;
            };
            // Before anything is drawn: it stays so whatever becomes of this.
            let what = format!("{}'s sequence {} may have been raised, and stays so", database.name, account.sequence);
            context.servers().old_writes().besides(&what);
            match raise(&old, sequence, account).await {
                Ok(()) => {
                    account.raised_from = account.old;
                    let from = account.old.map(|stood| stood.last_value);
                    info!(sequence = account.sequence, from, to = account.to, "raised");
                }
                Err(error) if ends(&error) => return Err(error.at(&sequence.name).at(&place)),
                Err(error) => {
                    warn!(sequence = account.sequence, kind = error.kind().word(), "not raised");
                    account.fail(std::iter::once(error.what().to_owned()).chain(error.causes()).collect::<Vec<_>>().join(": "));
                }
            }
        }
        let read = Look::at(Side::Old, Transaction::read(old).await?).await.place(|| place.clone())?;
        for account in &mut database.sequences {
            let sequence = read.sequences.iter().find(|known| known.name.to_string() == account.sequence);
            account.old = sequence.and_then(|sequence| read.position(sequence)).or(account.old);
        }
        read.close().await?;
    }
    report.applied = true;
    Ok(report)
}

/// Whether an error is about more than one sequence.
fn ends(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Connect | ErrorKind::Interrupted | ErrorKind::ServerFull)
}

/// Raises one. Its owner keeps others from drawing for a moment where sessions hold numbers of it; else numbers are drawn.
async fn raise(old: &Session, sequence: &Sequence, account: &mut SequenceAccount) -> Result<()> {
    let Some(to) = account.to else { return Ok(()) };
    let step = sequence.increment;
    let uses = catalog::sequence_uses(old.client()).await?;
    let held = uses.get(&sequence.name);
    if account.cache > 1 && held.is_some_and(|held| held.may_alter) {
        old.execute_all(&raise_alone(&sequence.name, account.cache, to, step < 0, WAIT_MS)).await?;
    } else {
        // Others may have drawn since it was looked at.
        let last = old.query(&last_drawn(&sequence.name), &[]).await?.first().and_then(|row| row.get(0));
        let is_far = missing_draws(last, to, step) > 2 * MOST_DRAWN;
        if is_far && !held.is_some_and(|held| held.may_set) {
            return Err(Error::new(ErrorKind::Permission, "raise it by so much")
                .because("that takes UPDATE on the sequence; USAGE lets numbers be drawn one by one"));
        }
        draw_up_to(old, &sequence.name, (last, to), step).await?;
    }
    account.state = SequenceState::Raised;
    Ok(())
}

impl SequenceAccount {
    fn fail(&mut self, why: String) {
        self.state = SequenceState::Stuck;
        self.stuck.push(why);
    }
}
