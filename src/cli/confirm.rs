//! Writing to OLD wants its name, and dropping what NEW keeps wants NEW's: given with `--confirm`, or typed on a terminal.

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use rustix::termios::{QueueSelector, tcflush};

use super::printer::write_err;
use super::{Call, amount};
use crate::engine::{Context, Stop};
use crate::error::{Error, ErrorKind, Result};
use crate::name::Side;
use crate::policy::Action;
use crate::staging::Plan;

/// Checks that a person, or a script that was told, names the server that is about to be written to.
///
/// # Errors
/// `Refused` where the name is missing or another; `Interrupted` where the user would rather not say.
pub(super) async fn confirm(call: &Call, context: &Context, verb: &str, given: Option<&str>) -> Result<()> {
    let plan = Plan::read(context.store())?;
    let old = context.servers().endpoint(Side::Old);
    let address = old.address();
    let mut names = vec![address.as_str()];
    if let [only] = plan.databases.as_slice() {
        names.push(&only.name);
    }
    let refused = |cause: &str| {
        Error::new(ErrorKind::Refused, format!("confirm the {verb}"))
            .at(format!("OLD {address}"))
            .because(cause.to_owned())
            .next(format!("to write to OLD, give --confirm {address}"))
    };
    let question = || std::iter::once(format!("{verb} writes to OLD, {old}")).chain(outline(&plan, verb == "undo")).collect();
    let said = said(call, &address, question, given).await?;
    match said {
        None => Err(refused(NOBODY)),
        Some(said) if names.contains(&said.trim()) => Ok(()),
        Some(_) => Err(refused("the name that was given is not OLD's")),
    }
}

/// Checks that a person, or a script that was told, names NEW, some of whose slots are about to be dropped.
///
/// # Errors
/// As [`confirm`].
pub(super) async fn confirm_drop(call: &Call, context: &Context, slots: &[String], given: Option<&str>) -> Result<()> {
    let new = context.servers().endpoint(Side::New);
    let address = new.address();
    let refused = |cause: &str| {
        Error::new(ErrorKind::Refused, "confirm the disarm")
            .at(format!("NEW {address}"))
            .because(cause.to_owned())
            .next(format!("to drop what keeps NEW's log, give --confirm {address}"))
    };
    let question = || {
        let ends = "what NEW has written since is then no longer told from its log: export first, if a recovery may come";
        vec![format!("disarm drops slots on NEW, {new}: {}", slots.join(", ")), ends.to_owned()]
    };
    match said(call, &address, question, given).await? {
        None => Err(refused(NOBODY)),
        Some(said) if said.trim() == address => Ok(()),
        Some(_) => Err(refused("the name that was given is not NEW's")),
    }
}

/// Checks that a person, or a script that was told, names the server whose settings, not rows, are about to be changed. `lines`
/// say what is done, `what` in a few words.
///
/// # Errors
/// As [`confirm`].
pub(super) async fn confirm_besides(
    call: &Call,
    context: &Context,
    side: Side,
    (what, lines): (&str, Vec<String>),
    given: Option<&str>,
) -> Result<()> {
    let address = context.servers().endpoint(side).address();
    let refused = |cause: &str| {
        Error::new(ErrorKind::Refused, format!("confirm to {what}"))
            .at(format!("{side} {address}"))
            .because(cause.to_owned())
            .next(format!("to {what}, give --confirm {address}"))
    };
    match said(call, &address, || lines, given).await? {
        None => Err(refused(NOBODY)),
        Some(said) if said.trim() == address => Ok(()),
        Some(_) => Err(refused(&format!("the name that was given is not {side}'s"))),
    }
}

/// Checks that a person, or a script that was told, names the environment that something is about to be done to; `shown_by`
/// shows what that is.
///
/// # Errors
/// As [`confirm`].
pub(super) async fn confirm_name(call: &Call, name: &str, (what, shown_by): (&str, &str), given: Option<&str>) -> Result<()> {
    let refused = |cause: &str| {
        Error::new(ErrorKind::Refused, what.to_owned())
            .at(format!("environment {name}"))
            .because(cause.to_owned())
            .next(format!("to go on, give --confirm {name}; `{shown_by}` shows what would be done"))
    };
    match said(call, name, || vec![format!("{what}, in the environment {name}")], given).await? {
        None => Err(refused(NOBODY)),
        Some(said) if said.trim() == name => Ok(()),
        Some(_) => Err(refused("the name that was given is not the environment's")),
    }
}

/// Why nothing is done where nobody can be asked.
const NOBODY: &str = "it was not confirmed, and there is no terminal to ask on";

/// Returns the name that was given, else what is typed at a question; `None` where nobody can be asked.
async fn said(
    call: &Call,
    address: &str,
    question: impl FnOnce() -> Vec<String>,
    given: Option<&str>,
) -> Result<Option<String>> {
    if let Some(name) = given {
        return Ok(Some(name.to_owned()));
    }
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Ok(None);
    }
    for line in question() {
        // Part of the question, so with --quiet too.
        write_err(&call.printer.note_line(&line));
    }
    // What was typed before the question was read is no answer to it.
    let _ = tcflush(io::stdin(), QueueSelector::IFlush);
    call.printer.ask(&format!("Type {address} to go on: "));
    read_line(&call.stop).await.map(Some)
}

/// How long a row takes, as docs/performance.md has measured it: compared, written, its foreign keys checked.
const ROW: Duration = Duration::from_micros(37);

/// Says what is about to be done: databases, rows by what becomes of them, and about how long it takes. An undo deletes what
/// was inserted, and inserts what was deleted.
fn outline(plan: &Plan, back: bool) -> [String; 3] {
    let names: Vec<_> = plan.databases.iter().map(|database| database.name.as_str()).collect();
    let rows = plan.actions();
    let (inserts, deletes) = (rows.get(Action::Insert), rows.get(Action::Delete));
    let (inserts, deletes) = if back { (deletes, inserts) } else { (inserts, deletes) };
    let updates = rows.get(Action::Update) + rows.get(Action::Replace);
    let written = inserts + updates + deletes;
    let seconds = ROW.saturating_mul(u32::try_from(written).unwrap_or(u32::MAX)).as_secs();
    let [inserts, updates, deletes] = [inserts, updates, deletes].map(amount::count);
    let held = || format!("; {} held, which stay as they are", amount::rows(rows.get(Action::Hold)));
    let left = if back { String::new() } else { held() };
    let time = match seconds {
        0 => "a few seconds".to_owned(),
        1..120 => format!("about {} seconds", seconds + 1),
        more => format!("about {} minutes", more.div_ceil(60)),
    };
    [
        format!("databases: {}", names.join(", ")),
        format!("rows: {inserts} to insert, {updates} to update, {deletes} to delete{left}"),
        format!("time: {time}, more where OLD is busy, or tables have many indexes or triggers"),
    ]
}

/// Reads a line, unless the user asks to stop before it ends.
pub(super) async fn read_line(stop: &Stop) -> Result<String> {
    let interrupted = || Error::new(ErrorKind::Interrupted, "wait for the confirmation").because("asked to stop");
    let read = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        io::stdin().read_line(&mut line).map(|_| line)
    });
    match stop.or(read).await {
        Ok(Ok(Ok(line))) => Ok(line),
        _ => Err(interrupted()),
    }
}
