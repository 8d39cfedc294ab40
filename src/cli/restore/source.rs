//! Where backups are: a folder, one backup, or a container of Azure's.

use std::path::Path;

use clap::{Args, ValueEnum};

use super::super::Call;
use super::super::settings::Settings;
use crate::engine::{self, Backup, Container};
use crate::error::Result;

/// Where backups are.
#[derive(Args, Clone)]
#[expect(clippy::doc_markdown, reason = "this is the help on a terminal, where backticks are noise")]
pub(super) struct Source {
    /// A folder of backups, one backup, or a container of Azure's as az://ACCOUNT/CONTAINER[/PREFIX]
    #[arg(value_name = "SOURCE")]
    pub(super) source: String,
    /// How the Azure CLI is let in: `login`, or `key` for AZURE_STORAGE_KEY, a SAS token or a connection string
    #[arg(long, value_enum, value_name = "MODE", default_value_t = Auth::Login)]
    auth: Auth,
}

/// The Azure CLI's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Auth {
    Login,
    Key,
}

impl Source {
    /// The container, where it is one.
    pub(super) fn container(&self) -> Result<Option<Container>> {
        let auth = match self.auth {
            Auth::Login => "login",
            Auth::Key => "key",
        };
        Container::parse(&self.source, auth)
    }

    /// Lists the backups there.
    pub(super) async fn backups(&self, call: &Call, settings: &Settings) -> Result<Vec<Backup>> {
        match self.container()? {
            Some(container) => container.backups(&super::azure(call, settings)).await,
            None => engine::backups(Path::new(&self.source)),
        }
    }
}
