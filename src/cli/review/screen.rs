//! The terminal: taken over for the review, and given back whatever ends it.

use std::io::{self, IsTerminal as _, Stdout};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ratatui_core::terminal::Terminal;
use ratatui_crossterm::CrosstermBackend;
use ratatui_crossterm::crossterm::cursor::Show;
use ratatui_crossterm::crossterm::event::{
    self, DisableBracketedPaste, EnableBracketedPaste, Event as Heard, KeyCode, KeyEvent, KeyEventKind, KeyModifiers,
};
use ratatui_crossterm::crossterm::execute;
use ratatui_crossterm::crossterm::terminal::{
    Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};

use super::draw::{Look, draw};
use super::event::Event;
use super::key::Key;
use super::state::State;
use crate::cli::frame;
use crate::error::{Error, ErrorKind, Result};

/// Whether the terminal is the review's.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The terminal while it is the review's.
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
    look: Look,
}

impl Screen {
    /// Takes the terminal over.
    ///
    /// # Errors
    /// `Usage` where there is none.
    pub(super) fn take(look: Look, is_dumb: bool) -> Result<Self> {
        if is_dumb || !io::stdin().is_terminal() || !io::stdout().is_terminal() {
            return Err(Error::new(ErrorKind::Usage, "open the review")
                .because("there is no terminal that it could be shown on")
                .next("`failback show` prints the rows, `failback decide` decides about them: both without a terminal"));
        }
        enable_raw_mode().map_err(fault)?;
        TAKEN.store(true, Ordering::SeqCst);
        let taken = execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, Clear(ClearType::All));
        let terminal = taken.and_then(|()| Terminal::new(CrosstermBackend::new(io::stdout())));
        terminal.map(|terminal| Self { terminal, look }).map_err(|error| {
            give_back();
            fault(error)
        })
    }

    /// Shows how the review stands.
    pub(super) fn show(&mut self, state: &State) -> Result<()> {
        let look = self.look;
        frame::draw(&mut self.terminal, |frame| draw(state, look, frame.area(), frame.buffer_mut())).map_err(fault)
    }

    /// How many columns and lines there are.
    pub(super) fn size(&self) -> Result<Event> {
        let size = self.terminal.size().map_err(fault)?;
        Ok(Event::Size(size.width, size.height))
    }
}

/// Waits a moment for a key, or for another size.
pub(super) fn next(wait: Duration) -> Result<Option<Event>> {
    if !event::poll(wait).map_err(fault)? {
        return Ok(None);
    }
    Ok(match event::read().map_err(fault)? {
        Heard::Key(key) => key_of(key).map(Event::Key),
        Heard::Resize(columns, lines) => Some(Event::Size(columns, lines)),
        Heard::Paste(text) => Some(Event::Pasted(text)),
        _ => None,
    })
}

/// Forgets what was typed so far.
pub(super) fn forget_keys() -> Result<()> {
    while event::poll(Duration::ZERO).map_err(fault)? {
        event::read().map_err(fault)?;
    }
    Ok(())
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// Gives the terminal back, if it is the review's.
pub(in crate::cli) fn give_back() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        // Each is tried whatever became of the others; there is nobody to tell.
        let _ = execute!(io::stdout(), EndSynchronizedUpdate, DisableBracketedPaste, LeaveAlternateScreen, Show);
        let _ = disable_raw_mode();
    }
}

fn key_of(key: KeyEvent) -> Option<Key> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        return (key.code == KeyCode::Char('c')).then_some(Key::Stop);
    }
    if key.modifiers.intersects(KeyModifiers::ALT | KeyModifiers::META | KeyModifiers::SUPER) {
        return None;
    }
    Some(match key.code {
        KeyCode::Char(character) => Key::Char(character),
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc => Key::Esc,
        KeyCode::Tab => Key::Tab,
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::Backspace => Key::Backspace,
        _ => return None,
    })
}

fn fault(cause: io::Error) -> Error {
    Error::new(ErrorKind::Storage, "use the terminal").because(cause)
}

#[cfg(test)]
mod tests {
    use std::fs::{File, OpenOptions};
    use std::io::Read as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    use std::process::Command;

    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use rustix::termios::{LocalModes, tcgetattr};

    use super::*;
    use crate::cli::printer::write_err;
    use crate::defect;

    const CHILD: &str = "FAILBACK_TEST_OF_A_PANIC";

    /// Panics while it has the terminal; run by the test below, on a terminal.
    #[test]
    fn a_panic_within() {
        if std::env::var_os(CHILD).is_none() {
            return;
        }
        defect::listen();
        let error = defect::caught("review", || -> Result<()> {
            let _screen = Screen::take(Look { colour: true }, false)?;
            let caught = defect::caught("read", || -> Result<()> { panic!("the file contradicts itself") });
            assert!(caught.is_err() && TAKEN.load(Ordering::SeqCst), "what is caught takes nothing away");
            panic!("something nobody thought of");
        });
        write_err(&error.unwrap_err().in_full());
    }

    #[test]
    fn a_panic_gives_the_terminal_back_and_is_told_behind_it() {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&ours).and_then(|()| unlockpt(&ours)).unwrap();
        let name = ptsname(&ours, Vec::new()).unwrap().into_string().unwrap();
        let flags = i32::try_from(OpenptFlags::NOCTTY.bits()).unwrap();
        let theirs = || OpenOptions::new().read(true).write(true).custom_flags(flags).open(&name).unwrap();
        let before = tcgetattr(&ours).unwrap().local_modes;
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "cli::review::screen::tests::a_panic_within", "--nocapture"]).env(CHILD, "1");
        command.env("TERM", "xterm").stdin(theirs()).stdout(theirs()).stderr(theirs());
        let mut child = command.spawn().unwrap();
        drop(command);
        let (mut said, mut buffer) = (Vec::new(), [0; 1 << 12]);
        let mut reader = File::from(ours.try_clone().unwrap());
        // The system says that the other end is closed by an error.
        while let Ok(length @ 1..) = reader.read(&mut buffer) {
            said.extend_from_slice(&buffer[..length]);
        }
        assert!(child.wait().unwrap().success());
        let said = String::from_utf8_lossy(&said);
        let (screen, behind) = said.split_once("\u{1b}[?1049l").expect("the screen is given back");
        assert!(screen.contains("\u{1b}[?1049h") && !screen.contains("nobody thought of"), "{said}");
        assert!(behind.contains("nobody thought of") && !behind.contains("contradicts"), "{said}");
        let after = tcgetattr(&ours).unwrap().local_modes;
        assert!(after == before && after.contains(LocalModes::ECHO), "{after:?}");
    }
}
