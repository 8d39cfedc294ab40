//! Progress: a bar on a terminal, a line now and then without one, nothing for what is done at once. The only user of
//! `indicatif`.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::amount;
use super::paint::tame;
use super::printer::{Narration, Printer, write_err};
use crate::engine::{Event, Progress};

/// Work that is done sooner shows no bar: it would only flicker.
const PATIENCE: Duration = Duration::from_millis(250);
/// How often a bar is drawn, a second.
const FRAMES: u8 = 15;
/// How often a line is written.
const LINE_EVERY: Duration = Duration::from_secs(2);

const KNOWN: &str = "{prefix} [{bar:24}] {human_pos}/{human_len} rows, {rate}, ETA {eta}  {wide_msg}";
const UNKNOWN: &str = "{prefix} {spinner} {human_pos} rows, {rate}, {elapsed}  {wide_msg}";

/// Shows events.
pub(super) struct Bars {
    printer: Printer,
    work: Arc<Mutex<Option<Work>>>,
}

/// The step that is going on.
struct Work {
    step: &'static str,
    /// By estimate; 0 where unknown.
    wanted: u64,
    done: u64,
    began: Instant,
    said: Instant,
    bar: Option<ProgressBar>,
}

impl Bars {
    /// Shows what the printer says is to be shown.
    pub(super) fn new(printer: &Printer) -> Self {
        Self { printer: printer.clone(), work: Arc::new(Mutex::new(None)) }
    }

    fn begin(&self, step: &'static str, wanted: u64) {
        let now = Instant::now();
        let bar = (self.printer.narration() == Narration::Bar).then(|| hidden_bar(step, wanted));
        if let Some(bar) = &bar {
            show_later(bar);
        }
        *self.work.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(Work { step, wanted, done: 0, began: now, said: now, bar });
    }

    fn advance(&self, database: &str, table: &str, rows: u64) {
        let mut work = self.work.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(work) = work.as_mut() else { return };
        work.done += rows;
        if let Some(bar) = &work.bar {
            bar.inc(rows);
            // An estimate may fall short.
            if work.wanted > 0 && work.done > work.wanted {
                bar.set_length(work.done);
            }
            bar.set_message(tame(&format!("{database} {table}")));
        } else if self.printer.narration() == Narration::Lines && work.said.elapsed() >= LINE_EVERY {
            work.said = Instant::now();
            write_err(&line(work, &format!("{database} {table}")));
        }
    }

    fn end(&self) {
        let Some(work) = self.work.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        if let Some(bar) = &work.bar {
            bar.finish_and_clear();
        } else if self.printer.narration() == Narration::Lines && work.began.elapsed() >= LINE_EVERY {
            write_err(&line(&work, "done"));
        }
    }

    fn note(&self, note: &str) {
        let bar = self.work.lock().unwrap_or_else(PoisonError::into_inner).as_ref().and_then(|work| work.bar.clone());
        match bar {
            Some(bar) => bar.suspend(|| self.printer.note(note)),
            None => self.printer.note(note),
        }
    }
}

impl Progress for Bars {
    fn event(&self, event: Event) {
        match event {
            Event::Began { step, rows } => self.begin(step, rows),
            Event::Rows { database, table, rows, .. } => self.advance(&database, &table, rows),
            Event::Note(note) => self.note(&note),
            Event::Ended { .. } => self.end(),
        }
    }
}

/// A step that fails tells no end.
impl Drop for Bars {
    fn drop(&mut self) {
        if let Some(bar) = self.work.lock().unwrap_or_else(PoisonError::into_inner).take().and_then(|work| work.bar) {
            bar.finish_and_clear();
        }
    }
}

fn line(work: &Work, place: &str) -> String {
    let mut line = format!("{}: {}", work.step, amount::count(work.done));
    if work.wanted > 0 {
        let _ = write!(line, " of about {}", amount::count(work.wanted.max(work.done)));
    }
    let _ = writeln!(line, " rows in {} s ({})", work.began.elapsed().as_secs(), tame(place));
    line
}

fn hidden_bar(step: &'static str, wanted: u64) -> ProgressBar {
    let length = (wanted > 0).then_some(wanted);
    let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::hidden()).with_prefix(step);
    let rate = |state: &ProgressState, out: &mut dyn std::fmt::Write| {
        let _ = write!(out, "{:.0} rows/s", state.per_sec());
    };
    // The templates are ours: one that does not parse leaves the library's own look.
    if let Ok(style) = ProgressStyle::with_template(if length.is_some() { KNOWN } else { UNKNOWN }) {
        bar.set_style(style.with_key("rate", rate));
    }
    bar
}

/// Draws the bar once patience is at its end, if there still is one.
fn show_later(bar: &ProgressBar) {
    let bar = bar.downgrade();
    std::thread::spawn(move || {
        std::thread::sleep(PATIENCE);
        if let Some(bar) = bar.upgrade().filter(|bar| !bar.is_finished()) {
            bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(FRAMES));
            bar.enable_steady_tick(PATIENCE);
        }
    });
}
