//! Progress: a bar on a terminal, a line now and then without one, nothing for what is done at once. The only user of
//! `indicatif`.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::paint::tame;
use super::printer::{Narration, Printer, write_err};
use super::tally::Tally;
use super::terminal;
use crate::engine::{Event, Progress};

/// Work that is done sooner shows no bar: it would only flicker.
const PATIENCE: Duration = Duration::from_millis(250);
/// How often a bar is drawn, a second.
const FRAMES: u8 = 15;
/// How often a line is written.
const LINE_EVERY: Duration = Duration::from_secs(2);

const KNOWN: &str = "{prefix} [{bar:16}] {how_far}";
const UNKNOWN: &str = "{prefix} {spinner} {how_far}";
/// The columns that the bar takes beside its prefix and what is said behind it.
const BAR: usize = 20;

/// Shows events.
pub(super) struct Bars {
    printer: Printer,
    work: Arc<Mutex<Option<Work>>>,
}

/// The step that is going on.
struct Work {
    step: &'static str,
    far: Arc<Mutex<Far>>,
    began: Instant,
    said: Instant,
    bar: Option<ProgressBar>,
}

/// How far it has come. Nobody draws while it is locked.
#[derive(Clone, Default)]
struct Far {
    tally: Tally,
    database: String,
    table: String,
}

impl Bars {
    /// Shows what the printer says is to be shown.
    pub(super) fn new(printer: &Printer) -> Self {
        Self { printer: printer.clone(), work: Arc::new(Mutex::new(None)) }
    }

    fn begin(&self, step: &'static str, tally: Tally) {
        self.end();
        let (now, far) = (Instant::now(), Arc::new(Mutex::new(Far { tally, ..Far::default() })));
        let bar = (self.printer.narration() == Narration::Bar).then(|| hidden_bar(step, &far));
        if let Some(bar) = &bar {
            show_later(bar);
        }
        *lock(&self.work) = Some(Work { step, far, began: now, said: now, bar });
    }

    fn advance(&self, change: impl FnOnce(&mut Far)) {
        let mut work = lock(&self.work);
        let Some(work) = work.as_mut() else { return };
        let far = {
            let mut far = lock(&work.far);
            change(&mut far);
            far.clone()
        };
        if let Some(bar) = &work.bar {
            let (done, all) = far.tally.progress();
            if let Some(all) = all {
                bar.set_length(all);
            }
            bar.set_position(done);
        } else if self.printer.narration() == Narration::Lines && work.said.elapsed() >= LINE_EVERY {
            work.said = Instant::now();
            write_err(&line(work, &format!("{} {}", far.database, far.table)));
        }
    }

    fn end(&self) {
        let Some(work) = lock(&self.work).take() else { return };
        if let Some(bar) = &work.bar {
            bar.finish_and_clear();
        } else if self.printer.narration() == Narration::Lines && work.began.elapsed() >= LINE_EVERY {
            write_err(&line(&work, "done"));
        }
    }

    fn note(&self, note: &str) {
        let bar = lock(&self.work).as_ref().and_then(|work| work.bar.clone());
        match bar {
            Some(bar) => bar.suspend(|| self.printer.note(note)),
            None => self.printer.note(note),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Progress for Bars {
    fn event(&self, event: Event) {
        match event {
            Event::Began { step, rows, written } => self.begin(step, Tally::new(rows, written)),
            Event::Rows { database, table, rows, .. } => self.advance(|far| {
                far.tally.saw(rows);
                (far.database, far.table) = (database, table);
            }),
            Event::Written { database, table, rows } => self.advance(|far| {
                far.tally.wrote(rows);
                (far.database, far.table) = (database, table);
            }),
            Event::Again { rows, written } => self.advance(|far| far.tally.forget(rows, written)),
            Event::Note(note) => self.note(&note),
            Event::Ended { .. } => self.end(),
        }
    }
}

/// A step that fails tells no end.
impl Drop for Bars {
    fn drop(&mut self) {
        if let Some(bar) = lock(&self.work).take().and_then(|work| work.bar) {
            bar.finish_and_clear();
        }
    }
}

fn line(work: &Work, place: &str) -> String {
    let rows = lock(&work.far).tally.rows();
    format!("{}: {rows} in {} s ({})\n", work.step, work.began.elapsed().as_secs(), tame(place))
}

/// Says how far it has come, as much of it as has room: the table alone, or nothing, where the whole place has none.
fn how_far(far: &Far, elapsed: Duration, room: usize) -> String {
    let mut said = far.tally.rows();
    let places = [format!("  {} {}", far.database, far.table), format!("  {}", far.table)].map(|place| tame(&place));
    for more in [far.tally.rate(elapsed), far.tally.left(elapsed)].into_iter().flatten() {
        add(&mut said, &format!(", {more}"), room);
    }
    let _ = places.iter().any(|place| add(&mut said, place, room));
    said
}

/// Adds a text in whole, if there is room for it.
fn add(said: &mut String, more: &str, room: usize) -> bool {
    let fits = said.chars().count() + more.chars().count() <= room;
    if fits {
        said.push_str(more);
    }
    fits
}

fn hidden_bar(step: &'static str, far: &Arc<Mutex<Far>>) -> ProgressBar {
    let (_, length) = lock(far).tally.progress();
    let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::hidden()).with_prefix(step);
    let far = Arc::clone(far);
    let said = move |state: &ProgressState, out: &mut dyn std::fmt::Write| {
        let columns = terminal::width(io::stderr()).unwrap_or(usize::MAX);
        let far = lock(&far).clone();
        let _ = out.write_str(&how_far(&far, state.elapsed(), columns.saturating_sub(BAR + step.len() + 1)));
    };
    // The templates are ours: one that does not parse leaves the library's own look.
    if let Ok(style) = ProgressStyle::with_template(if length.is_some() { KNOWN } else { UNKNOWN }) {
        bar.set_style(style.with_key("how_far", said));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_room_is_left_out_in_whole() {
        let mut far = Far { tally: Tally::new(1_000_000, 0), database: "shop".into(), table: "public.orders".into() };
        far.tally.saw(500_000);
        let said = |room| how_far(&far, Duration::from_secs(10), room);
        let all = "500,000/1,000,000 rows, 50,000 rows/s, ETA 11 s  shop public.orders";
        assert_eq!(said(all.len()), all);
        assert_eq!(said(all.len() - 1), "500,000/1,000,000 rows, 50,000 rows/s, ETA 11 s  public.orders");
        assert_eq!(said(55), "500,000/1,000,000 rows, 50,000 rows/s, ETA 11 s");
        assert_eq!(said(25), "500,000/1,000,000 rows");
        assert!(!how_far(&far, Duration::ZERO, 100).contains("ETA"), "nothing is known yet");
    }
}
