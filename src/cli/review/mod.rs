//! `failback review`: the rows on a terminal's whole screen.
//!
//! What happens (`event`) goes into the state (`state`, and a file a screen), which says what it asks for; `desk` reads that,
//! `deciding` writes it with a `pen`, `draw` shows the state, `screen` is the terminal. The key map (`key_map`) is the only
//! place that says what a key does.

mod choosing;
mod clerk;
mod deciding;
mod desk;
mod draw;
mod event;
mod filter_text;
mod key;
mod key_map;
mod list;
mod pen;
mod prompt;
mod question;
mod rows;
mod screen;
mod state;
mod tables;
#[cfg(test)]
mod tests;
mod told;

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use clap::Args;

use self::desk::Desk;
use self::draw::Look;
use self::event::{Event, Request};
use self::pen::Pen;
use self::screen::Screen;
use self::state::State;
use super::options::{Given as _, OnScreen};
use super::settings::Settings;
use super::{Call, Exit, decide, run};
use crate::engine::{Review, Stop};
use crate::error::{Error, ErrorKind, Result};
use crate::store::Store as _;

pub(super) use self::draw::{cut, fit, wrap};
pub(super) use self::screen::give_back;

/// How long a key is waited for before it is looked whether anything else has happened.
const WAIT: Duration = Duration::from_millis(100);

/// Look at the rows that differ, and decide about them, on a full screen
///
/// From all tables with differences to the rows of one, to the columns of a row; `?` lists the keys. Rows are read as they are
/// looked at, however many there are. Values of columns that failback.toml masks are not shown. What is decided, about a row or
/// by a rule about all rows of a filter, is written into the run's decisions.toml at once, as `failback decide` writes it, with
/// who and when. While others are at work on the run, it is read-only. Reads the run's files alone: no server is asked. Needs a
/// terminal; without one there are `failback show` and `failback decide`.
#[derive(Args)]
#[command(after_help = "\
Examples:
  failback review
  failback review --by ada --why 'agreed with finance'
  failback review --read-only --run .runs/20260114-1031-7f3a")]
pub(super) struct Arguments {
    /// Decide nothing, and leave the run to others
    #[arg(long)]
    read_only: bool,
    /// The reason of what is decided, until another is given; reports repeat it
    #[arg(long, value_name = "TEXT", conflicts_with = "read_only")]
    why: Option<String>,
    /// Who decides [default: the user of this machine]
    #[arg(long, value_name = "NAME", conflicts_with = "read_only")]
    by: Option<String>,
    #[command(flatten)]
    pub(super) options: OnScreen,
}

/// Reviews a run.
pub(super) fn run(call: &Call, arguments: &Arguments) -> Result<Exit> {
    if arguments.options.given().output.verbose > 0 && io::stderr().is_terminal() {
        return Err(Error::new(ErrorKind::Usage, "open the review")
            .because("what -v says would be written over the screen")
            .next("have it written into a file, with --log-file"));
    }
    let settings = Settings::read(call, &arguments.options, None)?;
    let store = run::open(&settings)?;
    let (mask, _) = run::mask(&settings, &store)?;
    let review = Review::open(&store, &mask)?;
    let (mut desk, tables) = Desk::begin(&review, &store, &mask)?;
    let mut state = State::of(store.location(), tables, review.is_planned());
    state.why.clone_from(&arguments.why);
    if arguments.read_only {
        state.read_only = Some("read-only, as asked".to_owned());
    } else {
        match Pen::take(&store, decide::signer(call, arguments.by.as_ref())) {
            Ok(pen) => desk.pen = Some(pen),
            Err(error) => state.read_only = Some(format!("read-only: {}", error.causes().join("; "))),
        }
    }
    if state.read_only.is_none() {
        state.said = review.notes().first().cloned();
    }
    let is_dumb = call.environment.get("TERM").is_none_or(|name| name == "dumb");
    let mut screen = Screen::take(Look { colour: call.printer.is_painted() }, is_dumb)?;
    session(&mut state, &mut desk, &mut screen, &call.stop)?;
    Ok(Exit::Done)
}

/// Goes on until the end is asked for.
fn session(state: &mut State, desk: &mut Desk<'_>, screen: &mut Screen, stop: &Stop) -> Result<()> {
    state.on(screen.size()?);
    loop {
        stop.check()?;
        for event in desk.news() {
            state.on(event);
        }
        while let Some(places) = state.wants() {
            state.on(desk.window(places));
        }
        screen.show(state)?;
        let Some(event) = screen::next(WAIT)? else { continue };
        match state.on(event) {
            Some(Request::Quit) => return Ok(()),
            Some(request) => {
                for event in desk.on(request) {
                    // What was typed before a question could be read is no answer to it.
                    if matches!(event, Event::Asked(_)) {
                        screen::forget_keys()?;
                    }
                    state.on(event);
                }
            }
            None => {}
        }
    }
}
