//! The log: every span and event of ours as one line, on stderr (`-v`, `-vv`) and in a file (`--log-file`).
//!
//! Comes in: what the rooms below tell `tracing`. Goes out: `TIME LEVEL PATH: EVENT FIELDS`, where the path names the spans
//! around the event, the outermost first.
//! Never: tells of other crates (the driver's own words hold SQL with values), or stops anything: a file that can no longer be
//! written is said once.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use jiff::Timestamp;
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{Interest, Subscriber};
use tracing::{Event, Level, Metadata};
use tracing_core::span::Current;

use super::log_line::Fields;
use super::options::Output;
use super::printer::{Printer, write_err};
use crate::error::Result;
use crate::store::LogFile;

/// What is logged: events of this crate's modules.
const OURS: &str = "failback";

/// Sets the process's log up as the options say: nothing where none of them asks for one.
///
/// # Errors
/// `Usage` where the file cannot be opened.
pub(super) fn start(options: &Output, printer: &Printer) -> Result<()> {
    let stderr = match options.verbose {
        0 => LevelFilter::OFF,
        1 => LevelFilter::INFO,
        _ => LevelFilter::DEBUG,
    };
    let file = options.log_file.as_deref().map(LogFile::open).transpose()?;
    if file.is_some() || stderr != LevelFilter::OFF {
        // Fails only where the process has one already.
        let _ = tracing::subscriber::set_global_default(Log::new(stderr, file, printer.clone()));
    }
    Ok(())
}

/// Takes what is told.
struct Log {
    stderr: LevelFilter,
    file: Option<LogFile>,
    /// What goes into the file.
    level: LevelFilter,
    /// Whether the file could not be written, which is said once.
    broken: AtomicBool,
    printer: Printer,
    spans: Mutex<HashMap<u64, Open>>,
    next: AtomicU64,
}

/// A span that is open.
struct Open {
    metadata: &'static Metadata<'static>,
    /// The spans around it and itself, with what was known when it began.
    path: String,
    /// What became known later; told when it ends.
    late: Fields,
    began: Instant,
    handles: usize,
}

thread_local! {
    /// The spans that this thread is in, the innermost last.
    static ENTERED: RefCell<Vec<Id>> = const { RefCell::new(Vec::new()) };
}

impl Log {
    fn new(stderr: LevelFilter, file: Option<LogFile>, printer: Printer) -> Self {
        let level = if file.is_some() { stderr.max(LevelFilter::INFO) } else { LevelFilter::OFF };
        let (broken, spans) = (AtomicBool::new(false), Mutex::default());
        Self { stderr, file, level, broken, printer, spans, next: AtomicU64::new(1) }
    }

    fn spans(&self) -> MutexGuard<'_, HashMap<u64, Open>> {
        self.spans.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The path of the span that something is told in.
    fn path(&self, parent: Option<&Id>, contextual: bool) -> String {
        let current = || ENTERED.with_borrow(|entered| entered.last().cloned());
        let around = parent.cloned().or_else(|| if contextual { current() } else { None });
        around.and_then(|id| self.spans().get(&id.into_u64()).map(|open| open.path.clone())).unwrap_or_default()
    }

    fn tell(&self, level: Level, path: &str, fields: &Fields) {
        let line = line(Timestamp::now(), level, path, fields);
        if level <= self.stderr {
            write_err(&self.printer.log_line(&line));
        }
        let Some(file) = self.file.as_ref().filter(|_| level <= self.level) else { return };
        if let Err(error) = file.append(&line)
            && !self.broken.swap(true, Ordering::Relaxed)
        {
            let causes = error.causes().join(": ");
            write_err(&self.printer.note_line(&format!("{error}: {causes}: lines are missing in it; what is done goes on")));
        }
    }
}

fn line(at: Timestamp, level: Level, path: &str, fields: &Fields) -> String {
    let colon = if path.is_empty() { "" } else { ": " };
    format!("{} {level:<5} {path}{colon}{}", at.strftime("%Y-%m-%dT%H:%M:%S%.6fZ"), fields.text())
}

impl Subscriber for Log {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.enabled(metadata) { Interest::always() } else { Interest::never() }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.stderr.max(self.level))
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let ours = metadata.target().split("::").next() == Some(OURS);
        ours && *metadata.level() <= self.stderr.max(self.level)
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let metadata = attributes.metadata();
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let outer = self.path(attributes.parent(), attributes.is_contextual());
        let colon = if outer.is_empty() { "" } else { ":" };
        let path = format!("{outer}{colon}{}{{{}}}", metadata.name(), fields.text());
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        // Where something hangs, the log ends with what was begun.
        self.tell(Level::DEBUG.max(*metadata.level()), &path, &Fields::saying("began"));
        let open = Open { metadata, path, late: Fields::default(), began: Instant::now(), handles: 1 };
        self.spans().insert(number, open);
        Id::from_u64(number)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        if let Some(open) = self.spans().get_mut(&span.into_u64()) {
            values.record(&mut open.late);
        }
    }

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        self.tell(*event.metadata().level(), &self.path(event.parent(), event.is_contextual()), &fields);
    }

    fn enter(&self, span: &Id) {
        ENTERED.with_borrow_mut(|entered| entered.push(span.clone()));
    }

    fn exit(&self, span: &Id) {
        ENTERED.with_borrow_mut(|entered| {
            if let Some(at) = entered.iter().rposition(|other| other == span) {
                entered.remove(at);
            }
        });
    }

    fn clone_span(&self, span: &Id) -> Id {
        if let Some(open) = self.spans().get_mut(&span.into_u64()) {
            open.handles += 1;
        }
        span.clone()
    }

    fn try_close(&self, span: Id) -> bool {
        let mut spans = self.spans();
        let Some(open) = spans.get_mut(&span.into_u64()) else { return false };
        open.handles -= 1;
        if open.handles > 0 {
            return false;
        }
        let ended = spans.remove(&span.into_u64());
        drop(spans);
        if let Some(open) = ended {
            let fields = Fields::saying("ended").lasting(open.began.elapsed()).and(&open.late);
            self.tell(*open.metadata.level(), &open.path, &fields);
        }
        true
    }

    fn current_span(&self) -> Current {
        let current = ENTERED.with_borrow(|entered| entered.last().cloned());
        let known = current.and_then(|id| Some((self.spans().get(&id.into_u64())?.metadata, id)));
        known.map_or_else(Current::none, |(metadata, id)| Current::new(id, metadata))
    }
}
