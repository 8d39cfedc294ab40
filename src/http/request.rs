//! What is asked of a web service.

use std::time::Duration;

use ureq::http::{HeaderName, HeaderValue, Method};

use super::{Address, Host, Trust};
use crate::error::{Error, ErrorKind, Result};

/// How long an answer may take unless it is said.
const PATIENCE: Duration = Duration::from_secs(10);

/// One request. It is sent once.
#[derive(Clone)]
pub struct Request {
    pub(super) method: Method,
    pub(super) address: Address,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) body: Option<Vec<u8>>,
    pub(super) within: Duration,
    pub(super) trust: Trust,
    pub(super) instead: Option<Host>,
    pub(super) redirects: u32,
}

impl Request {
    /// Asks for what is at an address.
    #[must_use]
    pub const fn get(address: Address) -> Self {
        Self::new(Method::GET, address, None)
    }

    /// Sends a body to an address. The caller bounds it.
    #[must_use]
    pub const fn post(address: Address, body: Vec<u8>) -> Self {
        Self::new(Method::POST, address, Some(body))
    }

    const fn new(method: Method, address: Address, body: Option<Vec<u8>>) -> Self {
        let (within, trust) = (PATIENCE, Trust::System);
        Self { method, address, headers: Vec::new(), body, within, trust, instead: None, redirects: 0 }
    }

    /// Adds a header. Its value is never printed.
    ///
    /// # Errors
    /// `Config`, without the value, if name or value are none.
    pub fn header(mut self, name: &str, value: &str) -> Result<Self> {
        let refused = |cause: &str| {
            Error::new(ErrorKind::Config, "read a header").at(name).because(format!("{cause} may not stand in a request"))
        };
        let key = name.parse().map_err(|_| refused("the name"))?;
        let mut value = HeaderValue::from_str(value).map_err(|_| refused("the value"))?;
        value.set_sensitive(true);
        self.headers.push((key, value));
        Ok(self)
    }

    /// Says how long it may take in all: name, connection, answer, and every redirect.
    #[must_use]
    pub const fn within(mut self, patience: Duration) -> Self {
        self.within = patience;
        self
    }

    /// Says whom to trust, as to who the server is.
    #[must_use]
    pub fn trusting(mut self, trust: Trust) -> Self {
        self.trust = trust;
        self
    }

    /// Looks for the address's host there, and asks under its own name all the same: the certificate has to be for it.
    #[must_use]
    pub fn resolved_to(mut self, host: Host) -> Self {
        self.instead = Some(host);
        self
    }

    /// Follows so many redirects; none unless it is said, and none from https to http.
    #[must_use]
    pub const fn following(mut self, redirects: u32) -> Self {
        self.redirects = redirects;
        self
    }
}
