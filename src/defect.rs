//! A defect of the program: a panic, of which the place is told and never the words where they were put together, since those
//! may hold what a row holds.

use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::{Mutex, PoisonError};

use tracing::error;

use crate::error::{Error, ErrorKind, Result};

/// Where the last panic was.
static LAST: Mutex<Option<String>> = Mutex::new(None);

/// From now on a panic prints nothing: whoever catches it tells of it, by [`error`].
pub(crate) fn listen() {
    panic::set_hook(Box::new(|info| {
        let place = place(info);
        error!(place, "panicked");
        *LAST.lock().unwrap_or_else(PoisonError::into_inner) = Some(place);
    }));
}

/// A panic's place, with its words where they are those of the source.
fn place(info: &PanicHookInfo<'_>) -> String {
    let place = info.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    match info.payload().downcast_ref::<&'static str>() {
        Some(words) => format!("{place}: {words}"),
        None => place,
    }
}

/// Does work; a panic within is an error like any other.
///
/// # Errors
/// Those of the work, and `Defect` for a panic.
pub(crate) fn caught<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    // What the work was about is not used once it has panicked.
    panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(error(what)))
}

/// The error of work that has panicked.
pub(crate) fn error(what: &str) -> Error {
    let last = LAST.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Error::new(ErrorKind::Defect, what)
        .because(format!("this is a fault of failback's own, at {}", last.as_deref().unwrap_or("an unknown place")))
        .next("`failback status` says how far the run has come, and asks OLD what it holds of it")
        .next("report it, with that place and what `failback --version` says: no values of rows are in either")
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    const CHILD: &str = "FAILBACK_TEST_OF_A_DEFECT";

    /// Panics with a value in its words; run by the test below, in a process of its own.
    #[test]
    fn a_panic_within() {
        if std::env::var_os(CHILD).is_none() {
            return;
        }
        listen();
        let value = std::hint::black_box("k4n4ry");
        let error = caught("merge", || -> Result<()> { panic!("the value is {value}") }).unwrap_err();
        assert!(error.in_full().contains("src/defect.rs:"), "{error:?}");
        let error = caught("merge", || -> Result<()> { panic!("these are words of the source") }).unwrap_err();
        assert!(error.in_full().contains("src/defect.rs:") && error.in_full().ends_with("words of the source"), "{error:?}");
    }

    #[test]
    fn a_panic_tells_its_place_and_no_value() {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "defect::tests::a_panic_within", "--nocapture"]).env(CHILD, "1");
        let done = command.output().unwrap();
        let said = [done.stdout, done.stderr].map(|said| String::from_utf8(said).unwrap()).concat();
        assert!(done.status.success(), "{said}");
        assert!(said.contains("1 passed") && !said.contains("k4n4ry"), "{said}");
    }
}
