//! A terminal without anybody before it: programs run on it, keys are pressed, and what it shows is read.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt as _;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

/// Both ends of a terminal.
pub(crate) struct Pty {
    ours: OwnedFd,
    name: String,
    /// Without it, the terminal would be gone before the program has opened it.
    held: Option<File>,
}

impl Pty {
    pub(crate) fn open(columns: u16, lines: u16) -> Self {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&ours).and_then(|()| unlockpt(&ours)).expect("its other end");
        let name = ptsname(&ours, Vec::new()).expect("its name").into_string().expect("a path");
        let mut pty = Self { ours, name, held: None };
        let held = pty.theirs();
        tcsetwinsize(&held, Winsize { ws_row: lines, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }).expect("its size");
        pty.held = Some(held);
        pty
    }

    /// Its other end. It is nobody's controlling terminal, so that nobody's processes end with it.
    fn theirs(&self) -> File {
        let flags = i32::try_from(OpenptFlags::NOCTTY.bits()).expect("flags");
        OpenOptions::new().read(true).write(true).custom_flags(flags).open(&self.name).expect("its other end")
    }

    /// Our end of it.
    pub(crate) fn ours(&self) -> File {
        File::from(self.ours.try_clone().expect("the terminal"))
    }

    /// Starts a program on it. Once that has ended, there is nothing left to read.
    pub(crate) fn start(&mut self, mut command: Command) -> Child {
        command.stdin(self.theirs()).stdout(self.theirs()).stderr(self.theirs());
        let child = command.spawn().expect("the program");
        self.held = None;
        child
    }
}

/// A program on a terminal's whole screen.
pub(crate) struct Stage {
    pty: Pty,
    pub(crate) child: Child,
    cells: Arc<Mutex<Cells>>,
    /// Reads what is written, to the end.
    reader: Option<JoinHandle<()>>,
}

impl Drop for Stage {
    fn drop(&mut self) {
        // A test that failed in the middle leaves nothing behind that holds its terminal, or a lock that it inherited.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Stage {
    pub(crate) fn start(columns: u16, lines: u16, command: Command) -> Self {
        let mut pty = Pty::open(columns, lines);
        let child = pty.start(command);
        let cells = Arc::new(Mutex::new(Cells::new(columns, lines)));
        let (mut ours, seen) = (pty.ours(), Arc::clone(&cells));
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 1 << 12];
            // The system says that the other end is closed by an error.
            while let Ok(length @ 1..) = ours.read(&mut buffer) {
                seen.lock().expect("the cells").take(&buffer[..length]);
            }
        });
        Self { pty, child, cells, reader: Some(reader) }
    }

    pub(crate) fn press(&self, keys: &str) {
        self.pty.ours().write_all(keys.as_bytes()).expect("a terminal");
    }

    /// What is shown, line by line.
    pub(crate) fn text(&self) -> String {
        self.cells.lock().expect("the cells").text()
    }

    /// Waits until the screen shows a text; a screen that never does fails the test.
    pub(crate) fn wait_for(&self, text: &str) -> String {
        let begun = Instant::now();
        loop {
            let shown = self.text();
            if shown.contains(text) {
                return shown;
            }
            assert!(begun.elapsed() < Duration::from_mins(1), "never shows `{text}`:\n{shown}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits for the end of the program, and of what it wrote; returns its exit code.
    pub(crate) fn end(&mut self) -> Option<i32> {
        let code = self.child.wait().expect("its end").code();
        if let Some(reader) = self.reader.take() {
            reader.join().expect("all that was written");
        }
        code
    }

    /// Whether the program's own screen is shown, and everything that was ever written.
    pub(crate) fn is_taken(&self) -> bool {
        self.cells.lock().expect("the cells").alternate
    }

    pub(crate) fn written(&self) -> String {
        self.cells.lock().expect("the cells").written.clone()
    }

    /// Whether what is typed is shown and handed on line by line, as a shell needs it.
    pub(crate) fn is_as_it_was(&self) -> bool {
        let modes = tcgetattr(&self.pty.ours).expect("its modes").local_modes;
        modes.contains(LocalModes::ICANON | LocalModes::ECHO)
    }
}

/// What a terminal shows, as far as programs here ask for it.
struct Cells {
    columns: usize,
    lines: Vec<Vec<char>>,
    /// What stands there while the next picture is drawn.
    before: Option<Vec<Vec<char>>>,
    at: (usize, usize),
    alternate: bool,
    /// What has come of a character or a command that is not whole yet.
    begun: Vec<u8>,
    written: String,
}

impl Cells {
    fn new(columns: u16, lines: u16) -> Self {
        let columns = usize::from(columns);
        let lines = vec![vec![' '; columns]; usize::from(lines)];
        Self { columns, lines, before: None, at: (0, 0), alternate: false, begun: Vec::new(), written: String::new() }
    }

    fn text(&self) -> String {
        let lines = self.before.as_ref().unwrap_or(&self.lines);
        lines.iter().map(|line| line.iter().collect::<String>().trim_end().to_owned() + "\n").collect()
    }

    fn take(&mut self, bytes: &[u8]) {
        self.begun.extend_from_slice(bytes);
        let whole = match std::str::from_utf8(&self.begun) {
            Ok(text) => text.len(),
            Err(error) => error.valid_up_to(),
        };
        let text = String::from_utf8(self.begun[..whole].to_vec()).expect("UTF-8");
        let mut rest = text.as_str();
        while let Some(character) = rest.chars().next() {
            let length = if character == '\u{1b}' {
                let Some(length) = command_length(rest) else { break };
                self.obey(&rest[1..length]);
                length
            } else {
                self.put(character);
                character.len_utf8()
            };
            self.written.push_str(&rest[..length]);
            rest = &rest[length..];
        }
        let left = rest.len() + self.begun.len() - whole;
        self.begun.drain(..self.begun.len() - left);
    }

    fn put(&mut self, character: char) {
        let (line, column) = self.at;
        match character {
            '\r' => self.at.1 = 0,
            '\n' => self.at.0 = (line + 1).min(self.lines.len() - 1),
            _ if character.is_control() => {}
            _ => {
                if column < self.columns {
                    self.lines[line][column] = character;
                }
                self.at.1 = column + 1;
            }
        }
    }

    fn obey(&mut self, command: &str) {
        let Some(body) = command.strip_prefix('[') else { return };
        let (numbers, verb) = body.split_at(body.len() - 1);
        let number = |at: usize| numbers.split(';').nth(at).and_then(|one| one.parse::<usize>().ok());
        match verb {
            "H" => self.at = (number(0).unwrap_or(1) - 1, number(1).unwrap_or(1) - 1),
            "G" => self.at.1 = number(0).unwrap_or(1) - 1,
            "C" => self.at.1 += number(0).unwrap_or(1),
            "J" => self.lines.iter_mut().for_each(|line| line.fill(' ')),
            "K" => self.lines[self.at.0][self.at.1..].fill(' '),
            "h" | "l" if numbers == "?1049" => {
                self.alternate = verb == "h";
                self.lines.iter_mut().for_each(|line| line.fill(' '));
            }
            "h" if numbers == "?2026" => self.before = Some(self.lines.clone()),
            "l" if numbers == "?2026" => self.before = None,
            _ => {}
        }
    }
}

/// How long a command is, with its beginning; nothing where it is not whole.
fn command_length(text: &str) -> Option<usize> {
    if !text[1..].starts_with('[') {
        return text.char_indices().nth(2).map(|(at, _)| at).or((text.len() == 2).then_some(2));
    }
    text[2..].find(|c: char| c.is_ascii_alphabetic()).map(|at| at + 3)
}
