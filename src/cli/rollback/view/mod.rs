//! What a person sees while steps are carried out on a terminal: the steps with their times, what runs now, what it says, and
//! who is waited for. The screen is given back in the end, and the result is printed behind it.

mod draw;
mod scene;
#[cfg(test)]
mod tests;

use std::io::{self, Stderr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ratatui_core::terminal::Terminal;
use ratatui_crossterm::CrosstermBackend;
use ratatui_crossterm::crossterm::cursor::Show;
use ratatui_crossterm::crossterm::execute;
use ratatui_crossterm::crossterm::terminal::{Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen};

use self::scene::Scene;
use crate::cli::frame;
use crate::engine::Stop;
use crate::phases::account::Account;
use crate::phases::course::Event;
use crate::phases::plan::Plan;
use crate::phases::secrets::Secrets;
use crate::phases::state::State;
use crate::phases::tools::Doing;
use crate::text::shell_line;

/// How often it is drawn.
const TICK: Duration = Duration::from_millis(200);

/// Whether the terminal shows a rollback.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// A rollback on a terminal. Dropped, it gives the terminal back.
pub(super) struct View {
    scene: Arc<Mutex<Scene>>,
    begun: Instant,
    over: Arc<AtomicBool>,
    painter: Mutex<Option<JoinHandle<()>>>,
}

impl View {
    /// Takes the terminal; nothing where that cannot be.
    pub(super) fn take(plan: &Plan, account: &Account, colour: bool, stop: &Stop) -> Option<Self> {
        let about = account.declared.as_ref();
        let about = about.map(|declared| format!("{}, led by {}", declared.incident, declared.commander)).unwrap_or_default();
        let scene = Arc::new(Mutex::new(Scene::of(plan, about, |step| account.state(step))));
        let (begun, over) = (Instant::now(), Arc::new(AtomicBool::new(false)));
        execute!(io::stderr(), EnterAlternateScreen, Clear(ClearType::All)).ok()?;
        TAKEN.store(true, Ordering::SeqCst);
        let terminal = Terminal::new(CrosstermBackend::new(io::stderr()));
        let Ok(terminal) = terminal else {
            give_back();
            return None;
        };
        let painter = {
            let (scene, over, stop) = (Arc::clone(&scene), Arc::clone(&over), stop.clone());
            std::thread::spawn(move || paint(terminal, &scene, (begun, colour), &over, &stop))
        };
        Some(Self { scene, begun, over, painter: Mutex::new(Some(painter)) })
    }

    /// Something happened to a step.
    pub(super) fn event(&self, event: &Event<'_>, secrets: &Secrets) {
        let now = self.begun.elapsed();
        let mut scene = lock(&self.scene);
        match event {
            Event::Begins(step, ..) => {
                let shows: Vec<_> = step.kind.show().iter().map(|line| secrets.hide(line)).collect();
                scene.begins(&step.id, &shows, now);
            }
            Event::Ends(step, state, cause) => scene.ends(&step.id, *state, *cause, now),
            Event::Waits(step, cause) => scene.ends(&step.id, State::Waiting, Some(cause), now),
            Event::TakesBack(step) => scene.begins(&step.id, &["is taken back".to_owned()], now),
            Event::Rests(step, until) => {
                let until = until.strftime("%H:%M:%S UTC");
                scene.told = Some(format!("{} waits until {until}: traffic was moved a moment ago", step.id));
            }
            Event::Note(text) => scene.told = Some((*text).to_owned()),
        }
    }

    /// Something became of a program.
    pub(super) fn program(&self, doing: &Doing<'_>) {
        let mut scene = lock(&self.scene);
        match doing {
            Doing::Starts(_, argv) => scene.starts(shell_line(argv), self.begun.elapsed()),
            Doing::Prints(line) => scene.prints(line),
            Doing::Ends => {}
        }
    }

    /// Gives the terminal back.
    pub(super) fn end(&self) {
        self.over.store(true, Ordering::SeqCst);
        if let Some(painter) = lock(&self.painter).take() {
            // A painter that panicked has nothing to paint any more.
            let _ = painter.join();
        }
        give_back();
    }
}

impl Drop for View {
    fn drop(&mut self) {
        self.end();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn paint(
    mut terminal: Terminal<CrosstermBackend<Stderr>>,
    scene: &Mutex<Scene>,
    (begun, colour): (Instant, bool),
    over: &AtomicBool,
    stop: &Stop,
) {
    let mut is_told = false;
    while !over.load(Ordering::SeqCst) {
        if stop.is_asked() && !is_told {
            lock(scene).told = Some("asked to stop: ending in good order; Ctrl-C once more ends at once".to_owned());
            // What was said of it has been written over the screen.
            let _ = terminal.clear();
            is_told = true;
        }
        let seen = lock(scene).clone();
        let drawn = frame::draw(&mut terminal, |frame| {
            draw::draw(&seen, begun.elapsed(), colour, frame.area(), frame.buffer_mut());
        });
        // A terminal that is gone is drawn on no more; the rollback goes on.
        if drawn.is_err() {
            return;
        }
        std::thread::park_timeout(TICK);
    }
}

/// Gives the terminal back, if it shows a rollback.
pub(in crate::cli) fn give_back() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        // There is nobody to tell.
        let _ = execute!(io::stderr(), LeaveAlternateScreen, Show);
    }
}
