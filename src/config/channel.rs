//! `[channels]`: where notices of a rollback go, and where the secret in each address is kept.

use std::collections::BTreeMap;

use crate::error::Result;
use crate::policy::keys::{Entry, Section};

/// Where a secret is kept: never in the configuration itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretPlace {
    /// In a variable of this process.
    Variable(String),
    /// In a file, as its first line.
    File(String),
    /// On the first line of what a program prints.
    Command(Vec<String>),
}

impl SecretPlace {
    const KEYS: &[&str] = &["env", "file", "command"];

    fn read(entry: &Entry<'_>) -> Result<Self> {
        let section = entry.section()?;
        section.check(Self::KEYS)?;
        let found = [
            section.text("env")?.map(Self::Variable),
            section.text("file")?.map(Self::File),
            section.texts("command")?.map(Self::Command),
        ];
        let mut found = found.into_iter().flatten();
        match (found.next(), found.next()) {
            (Some(place), None) => Ok(place),
            _ => {
                Err(entry.value_error("say where it is kept: { env = \"NAME\" }, { file = \"PATH\" } or { command = [\"…\"] }"))
            }
        }
    }
}

/// Somewhere that notices go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// The address that takes `{"text": …}` by POST, as Slack, Mattermost, Teams' workflows and most pagers do.
    pub webhook: SecretPlace,
}

/// All of them, by name.
pub type Channels = BTreeMap<String, Channel>;

pub(super) fn read(section: &Section<'_>) -> Result<Channels> {
    let mut channels = Channels::new();
    for entry in section.section("channels")?.iter().flat_map(Section::entries) {
        let channel = entry.section()?;
        channel.check(&["webhook"])?;
        let webhook = channel.entry("webhook").ok_or_else(|| entry.value_error("`webhook` is missing"))?;
        channels.insert(entry.key().to_owned(), Channel { webhook: SecretPlace::read(&webhook)? });
    }
    Ok(channels)
}
