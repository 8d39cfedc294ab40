//! A user's wish to stop, heeded between batches.

use std::sync::Arc;

use tokio::sync::watch;

use crate::error::{Error, ErrorKind, Result};

/// A wish to stop, which steps look at between batches.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<watch::Sender<bool>>);

impl Stop {
    /// Asks every step to stop.
    pub fn ask(&self) {
        self.0.send_replace(true);
    }

    /// Returns whether anybody has asked.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        *self.0.borrow()
    }

    /// # Errors
    /// `Interrupted` once the user has asked.
    pub fn check(&self) -> Result<()> {
        if self.is_asked() { Err(interrupted()) } else { Ok(()) }
    }

    /// Does something that may take long and can be dropped at any moment, such as waiting for an answer, unless the user asks
    /// to stop.
    ///
    /// # Errors
    /// `Interrupted` once the user has asked; what is done is dropped then.
    pub async fn or<T>(&self, work: impl Future<Output = T>) -> Result<T> {
        let mut asked = self.0.subscribe();
        tokio::select! {
            biased;
            // The sender is ours, so that there is always one.
            _ = asked.wait_for(|asked| *asked) => Err(interrupted()),
            done = work => Ok(done),
        }
    }
}

fn interrupted() -> Error {
    Error::new(ErrorKind::Interrupted, "stop").because("asked to stop")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_to_stop_is_an_error_of_its_own() {
        let stop = Stop::default();
        assert!(stop.check().is_ok());
        stop.clone().ask();
        assert_eq!(stop.check().expect_err("asked").kind(), ErrorKind::Interrupted);
    }

    #[test]
    fn what_is_waited_for_is_given_up_once_a_stop_is_asked_for() {
        let stop = Stop::default();
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        assert_eq!(runtime.block_on(stop.or(std::future::ready(1))).expect("an answer"), 1);
        let asked = runtime.block_on(async {
            let (gone, ()) = tokio::join!(stop.or(std::future::pending::<()>()), async { stop.ask() });
            gone.expect_err("a stop")
        });
        assert_eq!(asked.kind(), ErrorKind::Interrupted);
        assert!(runtime.block_on(stop.or(std::future::ready(1))).is_err(), "asked before");
    }
}
