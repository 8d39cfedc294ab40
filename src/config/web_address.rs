//! The address of a web service, as a person wrote it.

use std::fmt;

use crate::error::Result;
use crate::policy::keys::Entry;

/// An address that begins with `http://` or `https://`. Debug shows nothing behind its host, which may be a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct WebAddress(String);

impl WebAddress {
    /// Reads an address.
    pub(super) fn read(entry: &Entry<'_>) -> Result<Self> {
        let text = entry.text()?.trim();
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let refused = |cause: &str| Err(entry.value_error(format!("`{}` {cause}", entry.key())));
        let Some(rest) = rest.filter(|rest| !rest.starts_with(['/', '?', ':']) && !rest.is_empty()) else {
            return refused("must begin with http:// or https:// and a host");
        };
        if rest.split(['/', '?']).next().unwrap_or_default().contains('@') {
            return refused("holds a user or a password, which would be seen in logs: leave them out");
        }
        if rest.contains(|c: char| c.is_whitespace() || !c.is_ascii() || c == '#') {
            return refused("has characters that have to be spelt out, as %20");
        }
        Ok(Self(text.to_owned()))
    }

    /// Returns the address with everything in it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for WebAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, rest) = self.0.split_once("://").unwrap_or_default();
        write!(f, "{scheme}://{}/…", rest.split(['/', '?']).next().unwrap_or_default())
    }
}
