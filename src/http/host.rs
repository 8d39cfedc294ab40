//! Where a host is to be looked for instead of where its name leads.

use std::fmt;
use std::net::Ipv6Addr;

use ureq::http::Uri;
use ureq::http::uri::Authority;

use crate::error::{Error, ErrorKind, Result};

/// A host's name or address, with a port where that is another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host(Authority);

impl Host {
    /// Reads `10.0.0.4`, `10.0.0.4:8443`, `[fd00::4]:8443`, `fd00::4` or `old.example.org:8443`.
    ///
    /// # Errors
    /// `Config` if it is something else.
    pub fn parse(text: &str) -> Result<Self> {
        Self::read(text).map_err(|cause| Error::new(ErrorKind::Config, "read a host").because(cause))
    }

    /// Reads a host; the error is a sentence for whoever knows the place.
    ///
    /// # Errors
    /// Why it is none.
    pub fn read(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let bracketed = text.parse::<Ipv6Addr>().map(|address| format!("[{address}]"));
        let strange = || "it is no host: write an address or a name, with :PORT where that is another one".to_owned();
        let authority: Authority = bracketed.as_deref().unwrap_or(text).parse().map_err(|_| strange())?;
        let has_odd_port = authority.port_u16().is_none() && authority.as_str() != authority.host();
        if authority.host().is_empty() || authority.as_str().contains('@') || has_odd_port {
            return Err(strange());
        }
        Ok(Self(authority))
    }

    /// Returns the address with this host in the place of its own.
    pub(super) fn instead_of(&self, uri: &Uri) -> Option<Uri> {
        let port = self.0.port_u16().or_else(|| uri.port_u16());
        let authority = port.map_or_else(|| self.0.host().to_owned(), |port| format!("{}:{port}", self.0.host()));
        let mut parts = uri.clone().into_parts();
        parts.authority = Some(authority.parse().ok()?);
        Uri::from_parts(parts).ok()
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_takes_the_place_of_another_and_keeps_its_port() {
        let uri: Uri = "https://shop.example.org:8443/health".parse().unwrap();
        let cases = [
            ("10.0.0.4", "https://10.0.0.4:8443/health"),
            ("10.0.0.4:1", "https://10.0.0.4:1/health"),
            ("fd00::4", "https://[fd00::4]:8443/health"),
            ("[fd00::4]:1", "https://[fd00::4]:1/health"),
            (" old.example.org ", "https://old.example.org:8443/health"),
        ];
        for (text, expected) in cases {
            assert_eq!(Host::parse(text).unwrap().instead_of(&uri).unwrap().to_string(), expected, "{text}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for text in ["", "a b", "https://a", "a/b", "u@a", "a:", "a:b", "a:99999"] {
            assert!(Host::parse(text).is_err(), "{text}");
        }
    }
}
