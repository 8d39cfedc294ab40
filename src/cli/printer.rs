//! Who prints what where: the result on stdout, everything else on stderr.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;
use serde_json::{Map, Value};

use super::environment::Environment;
use super::failure;
use super::fold::fold;
use super::options::{Colour, Form, Output};
use super::page::Page;
use super::paint::{Paint, tame, tame_json};
use super::terminal;
use crate::error::{Error, ErrorKind, OldState, Result};

/// How far the rest of a line of the log stands behind its beginning.
const LOG_INDENT: usize = 4;

/// What the last of some lines is called, whose others are events.
const SUMMARY: &str = "summary";
const ERROR: &str = "error";

/// The version of the documents' members, on every document that is no event: members may be added under the same number.
pub(super) const SCHEMA_VERSION: u32 = 1;

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Narration {
    /// A bar: standard error is a terminal.
    Bar,
    /// A line now and then.
    Lines,
    /// Nothing.
    Silent,
}

/// Prints for one command.
#[derive(Clone)]
pub(super) struct Printer {
    command: &'static str,
    form: Form,
    narration: Narration,
    out: Paint,
    err: Paint,
    widths: Widths,
    /// Whether results go to a terminal.
    terminal: bool,
    /// Whether a JSON document is begun and has no end yet: it stands within a list of its own.
    open: Arc<AtomicBool>,
}

/// How wide lines may be; without a limit where nobody's terminal would break them.
#[derive(Clone, Copy)]
struct Widths {
    out: Option<usize>,
    err: Option<usize>,
}

impl Printer {
    /// Decides by the options, the terminal and `NO_COLOR` (<https://no-color.org>).
    pub(super) fn new(command: &'static str, options: &Output, environment: &Environment) -> Self {
        let (out, err) = (io::stdout().is_terminal(), io::stderr().is_terminal());
        let dumb = environment.get("TERM") == Some("dumb");
        let plain = environment.get("NO_COLOR").is_some() || dumb;
        let paint = |terminal: bool| Paint {
            on: match options.color {
                Colour::Always => true,
                Colour::Never => false,
                Colour::Auto => terminal && !plain,
            },
        };
        // A bar has no place among the lines of a log.
        let lines = options.plain || options.verbose > 0 || !err || dumb;
        let narration = match (options.quiet, lines) {
            (true, _) => Narration::Silent,
            (false, true) => Narration::Lines,
            (false, false) => Narration::Bar,
        };
        let given = options.width.map(usize::from);
        let widths = Widths {
            out: given.or_else(|| terminal::width(io::stdout())),
            err: given.or_else(|| terminal::width(io::stderr())),
        };
        Self {
            command,
            form: options.form,
            narration,
            out: paint(out),
            err: paint(err),
            widths,
            terminal: out,
            open: Arc::default(),
        }
    }

    /// Whether results are painted.
    pub(super) fn is_painted(&self) -> bool {
        self.out.on
    }

    /// Whether what is said besides is painted.
    pub(super) fn is_narration_painted(&self) -> bool {
        self.err.on
    }

    /// Returns how progress is shown.
    pub(super) fn narration(&self) -> Narration {
        self.narration
    }

    /// Begins a page for [`result`](Self::result).
    pub(super) fn page(&self) -> Page {
        Page::new(self.out, self.widths.out)
    }

    /// Returns how wide the lines of a result may be.
    pub(super) fn width(&self) -> Option<usize> {
        self.widths.out
    }

    /// Prints the result: the report as one JSON document, or the page.
    ///
    /// # Errors
    /// `Storage` where stdout cannot take it; a reader who closed the pipe has read enough, and that is no failure.
    pub(super) fn result(&self, report: &impl Serialize, page: &Page) -> Result<()> {
        let failed = |error: io::Error| Error::new(ErrorKind::Storage, "write the result to stdout").because(error);
        let text = if self.form == Form::Page {
            page.text().to_owned()
        } else {
            let value = serde_json::to_value(report).map_err(|error| failed(error.into()))?;
            tame_json(&self.laid_out(&self.document(value, SUMMARY)))
        };
        write_out(&text).map_err(failed)
    }

    /// Whether events are printed, each as a line of JSON.
    pub(super) fn has_lines(&self) -> bool {
        self.form == Form::Lines
    }

    /// Prints an event as a line of JSON, where events are printed; `hide` takes out of it what nothing may show.
    ///
    /// # Errors
    /// As [`result`](Self::result).
    pub(super) fn event(&self, event: &impl Serialize, hide: impl Fn(&str) -> String) -> Result<()> {
        if !self.has_lines() {
            return Ok(());
        }
        let failed = |error: io::Error| Error::new(ErrorKind::Storage, "write an event to stdout").because(error);
        let line = serde_json::to_string(event).map_err(|error| failed(error.into()))?;
        write_out(&tame_json(&format!("{}\n", hide(&line)))).map_err(failed)
    }

    /// Prints a page that is part of a longer result; with `--json` the result says it in the end.
    pub(super) fn part(&self, page: &Page) -> Result<()> {
        if self.form != Form::Page {
            return Ok(());
        }
        write_out(&format!("{}\n", page.text()))
            .map_err(|error| Error::new(ErrorKind::Storage, "write the result to stdout").because(error))
    }

    /// Prints a piece of a result that is printed as it comes.
    ///
    /// # Errors
    /// As [`result`](Self::result).
    pub(super) fn piece(text: &str) -> Result<()> {
        write_out(text).map_err(|error| Error::new(ErrorKind::Storage, "write the result to stdout").because(error))
    }

    /// Prints the beginning of a JSON document, up to the bracket that opens a list; what comes is printed piece by piece. An
    /// error ends the document.
    ///
    /// # Errors
    /// As [`result`](Self::result).
    pub(super) fn begin_document(&self, head: &str) -> Result<()> {
        self.open.store(true, Ordering::Relaxed);
        Self::piece(head)
    }

    /// Prints the end of the document that was begun.
    ///
    /// # Errors
    /// As [`result`](Self::result).
    pub(super) fn end_document(&self, end: &str) -> Result<()> {
        self.open.store(false, Ordering::Relaxed);
        Self::piece(end)
    }

    /// Whether results go to a terminal.
    pub(super) fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// Prints an error: five parts on stderr, and with `--json` the same as the document on stdout. `state` is what OLD may
    /// have seen, unless the error says it.
    pub(super) fn error(&self, error: &Error, state: &OldState) {
        if self.form != Form::Page {
            let said = failure::value(error, state, self.command);
            let document = if self.open.swap(false, Ordering::Relaxed) {
                format!("\n  ],\n  \"error\": {}\n}}\n", said["error"])
            } else {
                self.laid_out(&self.document(said, ERROR))
            };
            // Nothing is left to tell where stdout is gone; the exit code stays.
            let _ = write_out(&tame_json(&document));
        }
        write_err(&failure::text(error, state, self.command, self.err, self.widths.err));
    }

    /// Says something on stderr that a person should know.
    pub(super) fn note(&self, note: &str) {
        if self.narration != Narration::Silent {
            write_err(&self.note_line(note));
        }
    }

    /// Asks on stderr, without ending the line.
    pub(super) fn ask(&self, question: &str) {
        write_err(&self.err.bold(&tame(question)));
    }

    /// Returns a note as a line for stderr.
    pub(super) fn note_line(&self, note: &str) -> String {
        let line = format!("{} {}", self.err.yellow("note:"), tame(note));
        fold(&line, self.widths.err, "note: ".len()) + "\n"
    }

    /// Returns a line of the log as it is shown on stderr.
    pub(super) fn log_line(&self, line: &str) -> String {
        fold(line, self.widths.err, LOG_INDENT) + "\n"
    }

    /// Lays a document out for people, or as the last of some lines.
    fn laid_out(&self, document: &Value) -> String {
        if self.has_lines() { format!("{document}\n") } else { format!("{document:#}\n") }
    }

    fn document(&self, report: Value, event: &str) -> Value {
        let mut document = Map::new();
        document.insert("command".to_owned(), self.command.into());
        document.insert("schema_version".to_owned(), SCHEMA_VERSION.into());
        if self.has_lines() {
            document.insert("event".to_owned(), event.into());
        }
        match report {
            Value::Object(fields) => document.extend(fields),
            other => drop(document.insert("result".to_owned(), other)),
        }
        Value::Object(document)
    }
}

fn write_out(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

/// Writes narration; a closed stderr is no failure.
pub(super) fn write_err(text: &str) {
    let mut err = io::stderr().lock();
    let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
}
