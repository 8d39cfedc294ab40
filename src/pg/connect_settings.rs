//! What only matters while a connection is opened: how long to wait, whom to take, how to keep the line alive.
//!
//! Comes in: settings. Goes out: the same with libpq's defaults and limits. Never: reads a variable or a file.

use std::time::Duration;

use tokio_postgres::config::ChannelBinding;

use super::conninfo::Settings;
use super::hosts::SessionAttrs;
use crate::error::{Error, ErrorKind, Result};

/// Long enough for a server that is starting up behind a slow network, short enough for a person who mistyped a host.
pub(super) const CONNECT_LIMIT: Duration = Duration::from_secs(30);

/// Settings that only matter while connecting.
#[derive(Clone, Debug)]
pub(super) struct ConnectSettings {
    pub(super) limit: Option<Duration>,
    pub(super) wanted: SessionAttrs,
    pub(super) channel_binding: ChannelBinding,
    pub(super) application_name: String,
    pub(super) options: Option<String>,
    pub(super) keepalives: bool,
    pub(super) keepalives_idle: Duration,
    pub(super) keepalives_interval: Duration,
    pub(super) keepalives_count: u32,
    pub(super) tcp_user_timeout: Option<Duration>,
}

fn refused(cause: impl Into<String>) -> Error {
    Error::new(ErrorKind::Config, "read the connection settings").because(cause.into())
}

impl ConnectSettings {
    /// Reads them.
    ///
    /// # Errors
    /// `Config` where a value is none that its keyword takes.
    pub(super) fn read(settings: &Settings) -> Result<Self> {
        let number = |word: &str| {
            settings
                .get(word)
                .map(|text| text.trim().parse::<i64>().map_err(|_| refused(format!("{word} is not a number"))))
                .transpose()
        };
        let seconds = |word: &str, default: u64| {
            number(word).map(|n| {
                n.and_then(|n| u64::try_from(n).ok())
                    .filter(|n| *n > 0)
                    .map_or(Duration::from_secs(default), Duration::from_secs)
            })
        };
        let channel_binding = match settings.get("channel_binding") {
            None | Some("prefer") => ChannelBinding::Prefer,
            Some("disable") => ChannelBinding::Disable,
            Some("require") => ChannelBinding::Require,
            Some(_) => return Err(refused("channel_binding is none of disable, prefer, require")),
        };
        let limit = match number("connect_timeout")? {
            None => Some(CONNECT_LIMIT),
            // Zero and less wait for ever; libpq raises one second to two.
            Some(n) => u64::try_from(n).ok().filter(|n| *n > 0).map(|n| Duration::from_secs(n.max(2))),
        };
        let tcp_user_timeout =
            number("tcp_user_timeout")?.and_then(|n| u64::try_from(n).ok()).filter(|n| *n > 0).map(Duration::from_millis);
        Ok(Self {
            limit,
            wanted: SessionAttrs::parse(settings.get("target_session_attrs"))?,
            channel_binding,
            application_name: settings.get("application_name").unwrap_or("failback").to_owned(),
            options: settings.get("options").map(str::to_owned),
            keepalives: number("keepalives")? != Some(0),
            // Cloud load balancers drop idle connections after four minutes; the kernel's default is two hours.
            keepalives_idle: seconds("keepalives_idle", 60)?,
            keepalives_interval: seconds("keepalives_interval", 10)?,
            keepalives_count: number("keepalives_count")?.and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0).unwrap_or(6),
            tcp_user_timeout,
        })
    }
}
