//! Asking the pages that say whether a side serves.

use std::time::Duration;

use super::super::asking;
use super::super::reading::Answer;
use super::super::spelling::failure;
use crate::config::Health;
use crate::name::Side;

/// What a page said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Page {
    /// Whose it is.
    pub(super) side: Side,
    /// Whether the side serves.
    pub(super) serves: Answer,
    /// Whether anything answered there.
    pub(super) answered: bool,
    /// What was seen.
    pub(super) seen: String,
}

/// Asks a page.
pub(super) async fn ask(health: &Health) -> Page {
    let (name, side) = (&health.name, health.side);
    let asked = async {
        let page = asking::Page {
            url: health.url.as_str(),
            within: Duration::from_secs(health.timeout.seconds().into()),
            ca: health.ca.as_deref(),
            resolve: health.resolve.as_deref(),
            redirects: health.redirects,
            expect: health.expect,
            contains: None,
            headers: asking::of_file(health.token_file.as_deref())?,
        };
        page.ask().await
    };
    match asked.await {
        Ok(said) => {
            let serves = if said.wrong.is_none() { Answer::Yes } else { Answer::No };
            let seen = format!("{name}: {} after {} ms", said.status, said.took.as_millis());
            Page { side, serves, answered: true, seen }
        }
        Err(error) => {
            Page { side, serves: Answer::of_failure(&error), answered: false, seen: format!("{name}: {}", failure(&error)) }
        }
    }
}
