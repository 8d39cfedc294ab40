//! Which peers are there. None is needed: one that is absent is named in the report, with the reason.

use std::collections::BTreeMap;
use std::fmt;
use std::process::{Command, Stdio};

use serde::Serialize;

use super::Outcome;
use super::psql::search_path;

/// One peer.
#[derive(Clone, Debug, Serialize)]
struct Peer {
    /// What it says of itself, if it is there.
    version: Option<String>,
    /// Why it is not.
    absent: Option<String>,
}

/// All peers, by name.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Peers(BTreeMap<String, Peer>);

impl Peers {
    /// Where the scripts that drive them stand.
    pub(crate) const fn drivers() -> &'static str {
        concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/peers")
    }

    /// Where they are installed.
    pub(crate) const fn folder() -> &'static str {
        concat!(env!("CARGO_MANIFEST_DIR"), "/target/peers")
    }

    /// Has `fixtures/peers/fetch` install what can be had, or look only; it says a line for each.
    pub(crate) fn look(only_look: bool) -> Outcome<Self> {
        let mut fetch = Command::new(format!("{}/fetch", Self::drivers()));
        if only_look {
            fetch.arg("--look");
        }
        let output = fetch.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
        let mut peers = BTreeMap::new();
        for line in String::from_utf8(output.stdout)?.lines() {
            let mut words = line.splitn(3, '\t').map(str::to_owned);
            let (Some(name), Some(state), said) = (words.next(), words.next(), words.next()) else { continue };
            let is_there = state == "there";
            let (version, absent) = if is_there { (said, None) } else { (None, said) };
            peers.insert(name, Peer { version, absent });
        }
        for program in ["psql", "pg_dump"] {
            let version =
                Command::new(program).arg("--version").env("PATH", search_path()).output().ok().map(|output| output.stdout);
            let version = version.map(|text| String::from_utf8_lossy(&text).trim().to_owned());
            let absent = version.is_none().then(|| "it is not installed".to_owned());
            peers.insert(program.to_owned(), Peer { version, absent });
        }
        if peers["psql"].absent.is_some() {
            return Err("psql is missing (apt-get install postgresql-client): the bench makes its data with it".into());
        }
        Ok(Self(peers))
    }

    /// Says why a peer cannot run, or nothing if it can.
    pub(crate) fn absent(&self, name: &str) -> Option<String> {
        match self.0.get(name) {
            Some(peer) => peer.absent.clone(),
            None => Some("fixtures/peers/fetch did not name it".to_owned()),
        }
    }
}

impl fmt::Display for Peers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, peer)) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "; " };
            match (&peer.version, &peer.absent) {
                (Some(version), _) if version.starts_with(name) => write!(f, "{comma}{version}")?,
                (Some(version), _) => write!(f, "{comma}{name} {version}")?,
                (None, reason) => write!(f, "{comma}{name} absent: {}", reason.as_deref().unwrap_or("unknown"))?,
            }
        }
        Ok(())
    }
}
