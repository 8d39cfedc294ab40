//! A user's wish to stop, heeded between batches.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::{Error, ErrorKind, Result};

/// A wish to stop, which steps look at between batches.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Asks every step to stop.
    pub fn ask(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// # Errors
    /// `Interrupted` once the user has asked.
    pub fn check(&self) -> Result<()> {
        if self.0.load(Ordering::Relaxed) {
            return Err(Error::new(ErrorKind::Interrupted, "stop").because("interrupted by the user"));
        }
        Ok(())
    }
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
}
