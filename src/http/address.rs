//! Where a web service is: an `http` or `https` address that shows no secret.

use std::fmt::{self, Write as _};

use ureq::http::Uri;

use crate::error::{Error, ErrorKind, Result};

/// The address of a web service. What is printed of it has no value of its query; of a secret address, nothing behind the host.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    uri: Uri,
    secret: bool,
}

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    /// `Config`, without the address, if it is none of `http` or `https`, or holds a user or a password.
    pub fn parse(text: &str) -> Result<Self> {
        Self::read(text).map_err(refused)
    }

    /// Reads an address that is a secret by itself, as a webhook's: nothing behind its host is ever printed.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn parse_secret(text: &str) -> Result<Self> {
        Ok(Self { secret: true, ..Self::parse(text)? })
    }

    /// Reads an address; the error is a sentence for whoever knows the place.
    ///
    /// # Errors
    /// Why it is none, without repeating it.
    pub fn read(text: &str) -> Result<Self, String> {
        let uri: Uri = text.trim().parse().map_err(|_| "it is no address, as https://shop.example.org/health".to_owned())?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.host().is_none_or(str::is_empty) {
            return Err("an address begins with http:// or https:// and a host".to_owned());
        }
        if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
            return Err("the address holds a user or a password, which would be seen in logs: leave them out".to_owned());
        }
        Ok(Self { uri, secret: false })
    }

    /// Returns the address of something below this one: `path` begins with a slash.
    ///
    /// # Errors
    /// `Config` if the path is none.
    pub fn below(&self, path: &str) -> Result<Self> {
        let base = self.uri.path().trim_end_matches('/');
        self.with_path_and_query(&format!("{base}{path}"))
    }

    /// Returns the address with one more parameter in its query.
    ///
    /// # Errors
    /// `Config` if the address becomes too long.
    pub fn with(&self, name: &str, value: &str) -> Result<Self> {
        let before = self.uri.path_and_query().map_or("/", |path| path.as_str());
        let joint = if self.uri.query().is_some() { '&' } else { '?' };
        self.with_path_and_query(&format!("{before}{joint}{}={}", encoded(name), encoded(value)))
    }

    fn with_path_and_query(&self, path: &str) -> Result<Self> {
        let mut parts = self.uri.clone().into_parts();
        parts.path_and_query = Some(path.parse().map_err(|_| refused("it is no address, or too long".to_owned()))?);
        let uri = Uri::from_parts(parts).map_err(|_| refused("it is no address".to_owned()))?;
        Ok(Self { uri, secret: self.secret })
    }

    /// Returns the host, an address of IP version 6 in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        self.uri.host().unwrap_or_default()
    }

    /// Whether it is asked over TLS.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.uri.scheme_str() == Some("https")
    }

    pub(super) const fn uri(&self) -> &Uri {
        &self.uri
    }
}

fn refused(cause: String) -> Error {
    Error::new(ErrorKind::Config, "read an address").because(cause)
}

/// Spells out everything that may mean something in a query.
fn encoded(text: &str) -> String {
    let mut spelt = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            spelt.push(byte.into());
        } else {
            let _ = write!(spelt, "%{byte:02X}");
        }
    }
    spelt
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let authority = self.uri.authority().map_or("", |authority| authority.as_str());
        write!(f, "{}://{authority}", self.uri.scheme_str().unwrap_or_default())?;
        if self.secret {
            return f.write_str("/…");
        }
        f.write_str(self.uri.path())?;
        for (at, pair) in self.uri.query().into_iter().flat_map(|query| query.split('&')).enumerate() {
            // What has no name is a value.
            let name = pair.split_once('=').map_or("", |(name, _)| name);
            let joint = if at == 0 { '?' } else { '&' };
            if name.is_empty() { write!(f, "{joint}…")? } else { write!(f, "{joint}{name}=…")? }
        }
        Ok(())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_shows_no_secret() {
        let shown = |text: &str| Address::parse(text).unwrap().to_string();
        assert_eq!(shown("https://a.example:8443/x?token=hunter2&b=1"), "https://a.example:8443/x?token=…&b=…");
        assert_eq!(shown("http://[::1]/?hunter2"), "http://[::1]/?…");
        assert_eq!(shown(" http://a "), "http://a/");
        let hook = Address::parse_secret("https://hooks.example/services/T0/hunter2").unwrap();
        assert_eq!((format!("{hook:?}"), hook.below("/hunter2").unwrap().to_string()), {
            let seen = "https://hooks.example/…".to_owned();
            (seen.clone(), seen)
        });
    }

    #[test]
    fn what_is_no_address_is_refused_without_being_repeated() {
        let texts =
            ["", "hunter2", "/hunter2", "ftp://a/hunter2", "https:///hunter2", "https://u:hunter2@a/", "http://a b/hunter2"];
        for text in texts {
            let error = Address::parse(text).map(|address| address.to_string()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{text}");
            assert!(!format!("{error:?}").contains("hunter2"), "{text}");
        }
    }

    #[test]
    fn a_query_is_spelt_so_that_it_means_itself() {
        let base = Address::parse("http://p:9090/prometheus/").unwrap().below("/api/v1/query").unwrap();
        let asked = base.with("query", "rate(a{b=\"c\"}[5m]) > 0.1 & é").unwrap().with("time", "1").unwrap();
        let spelt = "/prometheus/api/v1/query?query=rate%28a%7Bb%3D%22c%22%7D%5B5m%5D%29%20%3E%200.1%20%26%20%C3%A9&time=1";
        assert_eq!(asked.uri().path_and_query().unwrap().as_str(), spelt);
    }
}
