//! What a web service answered.

use std::borrow::Cow;
use std::time::Duration;

use ureq::http::HeaderMap;

/// More of a body is not read.
pub const BODY_MAX: usize = 1 << 20;

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    pub(super) is_cut: bool,
    pub(super) took: Duration,
}

impl Answer {
    /// Returns the status, as 200.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// Returns a header's value, where it is text. A `location` may hold a secret.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Returns the body, or its first [`BODY_MAX`] bytes.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Whether the body was longer than what is kept of it.
    #[must_use]
    pub const fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Returns the body as text.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// Returns how long it took from the first look at the host's name to the end of the body.
    #[must_use]
    pub const fn took(&self) -> Duration {
        self.took
    }
}
