//! Asking the pages that say whether a side serves.

use std::time::Duration;

use super::super::reading::Answer;
use super::super::spelling::failure;
use super::token;
use crate::config::Health;
use crate::error::{Error, ErrorKind, Result};
use crate::http::{Address, Host, Request, Trust};
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
    let answer = match request(health) {
        Ok(request) => request.send().await,
        Err(error) => Err(error),
    };
    match answer {
        Ok(answer) => {
            let (status, took) = (answer.status(), answer.took().as_millis());
            let serves = if status == health.expect { Answer::Yes } else { Answer::No };
            Page { side, serves, answered: true, seen: format!("{name}: {status} after {took} ms") }
        }
        Err(error) => Page { side, serves: unserved(&error), answered: false, seen: format!("{name}: {}", failure(&error)) },
    }
}

/// Whether what failed says that nothing is served: somebody else's certificate or a slip of ours does not.
fn unserved(error: &Error) -> Answer {
    match error.kind() {
        ErrorKind::Connect | ErrorKind::Timeout => Answer::No,
        _ => Answer::Unknown,
    }
}

fn request(health: &Health) -> Result<Request> {
    let trust = health.ca.clone().map_or(Trust::System, Trust::File);
    let request = Request::get(Address::parse(health.url.as_str())?)
        .within(Duration::from_secs(health.timeout.seconds().into()))
        .trusting(trust)
        .following(health.redirects);
    let request = token::show(request, health.token_file.as_deref())?;
    Ok(match &health.resolve {
        Some(host) => request.resolved_to(Host::parse(host)?),
        None => request,
    })
}
