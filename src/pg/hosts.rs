//! The servers that one endpoint may mean, in the order in which they are tried, and what is asked of the one that answers.
//!
//! Comes in: the comma lists `host`, `hostaddr` and `port`. Goes out: one [`Host`] per place.
//! Never: resolves a name.

use std::fmt;
use std::net::IpAddr;

use super::conninfo::Settings;
use crate::error::{Error, ErrorKind, Result};

/// Where distributions put the socket; libpq has one of them compiled in.
const SOCKET_DIRS: [&str; 2] = ["/var/run/postgresql", "/tmp"];

/// One place to try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Host {
    /// A host name, an address, or the folder of a Unix socket (begins with `/`).
    pub(super) name: String,
    /// The address to connect to instead of looking the name up.
    pub(super) address: Option<IpAddr>,
    /// TCP port, or the number in the socket's name.
    pub(super) port: u16,
}

impl Host {
    /// Returns whether this is a Unix socket, on which TLS is never spoken.
    pub(super) fn is_socket(&self) -> bool {
        self.name.starts_with('/')
    }

    /// Returns the name under which password files know this place.
    pub(super) fn passfile_host(&self) -> &str {
        if SOCKET_DIRS.contains(&self.name.as_str()) { "localhost" } else { &self.name }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name.contains(':') {
            return write!(f, "[{}]:{}", self.name, self.port);
        }
        write!(f, "{}:{}", self.name, self.port)
    }
}

fn refused(cause: impl Into<String>) -> Error {
    Error::new(ErrorKind::Config, "read the connection settings").because(cause.into())
}

/// Pairs the lists up.
///
/// # Errors
/// `Config` if the lists differ in length, or an address or port is none. Ports are not quoted: a mistyped URI can put a piece
/// of its password there.
pub(super) fn hosts(settings: &Settings) -> Result<Vec<Host>> {
    let list = |word| settings.get(word).map(|text| text.split(',').map(str::trim).collect::<Vec<_>>());
    let addresses = list("hostaddr")
        .unwrap_or_default()
        .into_iter()
        .map(|text| match text {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| refused("hostaddr is not an IP address")),
        })
        .collect::<Result<Vec<Option<IpAddr>>>>()?;
    let hosts = match list("host") {
        Some(hosts) => hosts.into_iter().map(str::to_owned).collect(),
        None if !addresses.is_empty() => vec![String::new(); addresses.len()],
        None => SOCKET_DIRS.map(str::to_owned).to_vec(),
    };
    if !addresses.is_empty() && addresses.len() != hosts.len() {
        return Err(refused(format!("there are {} hosts but {} hostaddrs", hosts.len(), addresses.len())));
    }
    let ports = list("port").unwrap_or_else(|| vec![""]).into_iter().map(port).collect::<Result<Vec<_>>>()?;
    if ports.len() != 1 && ports.len() != hosts.len() {
        return Err(refused(format!("there are {} hosts but {} ports", hosts.len(), ports.len())));
    }
    let pair = |(index, host): (usize, String)| {
        let address = addresses.get(index).copied().flatten();
        let host = match (host.is_empty(), address) {
            (false, _) => host,
            (true, Some(address)) => address.to_string(),
            (true, None) => SOCKET_DIRS[0].to_owned(),
        };
        Host { name: host, address, port: *ports.get(index).unwrap_or(&ports[0]) }
    };
    Ok(hosts.into_iter().enumerate().map(pair).collect())
}

fn port(text: &str) -> Result<u16> {
    match text {
        "" => Ok(5432),
        text => text.parse().ok().filter(|port| *port != 0).ok_or_else(|| refused("port is not a number from 1 to 65535")),
    }
}

/// What the session must be able to do (`target_session_attrs`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SessionAttrs {
    Any,
    ReadWrite,
    ReadOnly,
    Primary,
    Standby,
    PreferStandby,
}

impl SessionAttrs {
    pub(super) fn parse(text: Option<&str>) -> Result<Self> {
        Ok(match text {
            None | Some("any") => Self::Any,
            Some("read-write") => Self::ReadWrite,
            Some("read-only") => Self::ReadOnly,
            Some("primary") => Self::Primary,
            Some("standby") => Self::Standby,
            Some("prefer-standby") => Self::PreferStandby,
            Some(_) => {
                return Err(refused(
                    "target_session_attrs is none of any, read-write, read-only, primary, standby, prefer-standby",
                ));
            }
        })
    }

    /// Returns why a server does not do, or nothing if it does.
    pub(super) fn objection(self, read_only: bool, in_recovery: bool) -> Option<&'static str> {
        match self {
            Self::ReadWrite if read_only || in_recovery => Some("the server does not allow writes"),
            Self::ReadOnly if !(read_only || in_recovery) => Some("the server allows writes"),
            Self::Primary if in_recovery => Some("the server is a standby"),
            Self::Standby | Self::PreferStandby if !in_recovery => Some("the server is not a standby"),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::conninfo;
    use super::*;

    fn shown(text: &str) -> Result<Vec<String>> {
        Ok(hosts(&conninfo::parse(text)?)?.iter().map(Host::to_string).collect())
    }

    #[test]
    fn lists_pair_up() {
        assert_eq!(shown("host=a,b port=1,2").unwrap(), ["a:1", "b:2"]);
        assert_eq!(shown("host=a,b port=7").unwrap(), ["a:7", "b:7"]);
        assert_eq!(shown("postgres://a:1,b/").unwrap(), ["a:1", "b:5432"]);
        assert_eq!(shown("hostaddr=::1").unwrap(), ["[::1]:5432"]);
        assert_eq!(shown("host=/run/pg user=x").unwrap(), ["/run/pg:5432"]);
        assert_eq!(shown("user=x").unwrap(), ["/var/run/postgresql:5432", "/tmp:5432"]);
        let both = hosts(&conninfo::parse("host=name hostaddr=127.0.0.1").unwrap()).unwrap();
        assert_eq!((both[0].name.as_str(), both[0].address.map(|a| a.to_string())), ("name", Some("127.0.0.1".to_owned())));
    }

    #[test]
    fn lists_that_do_not_pair_are_refused() {
        for text in
            ["host=a,b port=1,2,3", "host=a hostaddr=1.1.1.1,2.2.2.2", "host=a port=0", "host=a port=s3cret", "hostaddr=name"]
        {
            let error = shown(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{text}");
            assert!(!format!("{error:?}").contains("s3cret"));
        }
    }

    #[test]
    fn wishes_are_checked() {
        assert!(SessionAttrs::Primary.objection(true, true).is_some());
        assert!(SessionAttrs::ReadOnly.objection(true, false).is_none());
        assert!(SessionAttrs::ReadWrite.objection(true, false).is_some());
        assert!(SessionAttrs::Any.objection(true, true).is_none());
        assert!(SessionAttrs::PreferStandby.objection(false, false).is_some());
        assert!(SessionAttrs::parse(Some("master")).is_err());
    }
}
