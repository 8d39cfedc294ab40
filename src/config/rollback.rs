//! What an environment says for rollbacks: what runbooks' placeholders stand for, where tools are, where notices go, and how
//! careful to be.

use std::collections::BTreeMap;
use std::time::Duration;

use toml_edit::Value;

use super::channel::{self, Channels};
use super::{SecretPlace, SecretPlaces, lock_waits, secret_place, unknown_secret};
use crate::error::{Error, ErrorKind, Result};
use crate::policy::keys::{Entry, Section};

/// What a placeholder of a runbook stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Var {
    /// One text.
    Text(String),
    /// Several, for `for_each` and for places that take lists.
    List(Vec<String>),
}

/// `[vars]`, `[tools]`, `[channels]`, `[secrets]`, `protected` and `traffic_rest`.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct RollbackSettings {
    vars: BTreeMap<String, Var>,
    tools: BTreeMap<String, String>,
    pass: Option<Vec<String>>,
    channels: Channels,
    secrets: SecretPlaces,
    protected: Option<bool>,
    traffic_rest: Option<Duration>,
}

impl RollbackSettings {
    pub(super) const KEYS: [&str; 6] = ["vars", "tools", "channels", "secrets", "protected", "traffic_rest"];

    /// The key under `[tools]` that lists variables, and names no tool.
    const PASS: &str = "environment";

    pub(super) fn read(section: &Section<'_>) -> Result<Self> {
        let mut settings = Self { channels: channel::read(section)?, secrets: secret_place::read(section)?, ..Self::default() };
        for entry in section.section("vars")?.iter().flat_map(Section::entries) {
            settings.vars.insert(entry.key().to_owned(), var(&entry)?);
        }
        for entry in section.section("tools")?.iter().flat_map(Section::entries) {
            if entry.key() == Self::PASS {
                settings.pass = Some(entry.texts()?);
            } else {
                settings.tools.insert(entry.key().to_owned(), entry.text()?.to_owned());
            }
        }
        let flag = |entry: &Entry<'_>| entry.value().and_then(Value::as_bool).ok_or_else(|| entry.wants("true or false"));
        settings.protected = section.entry("protected").as_ref().map(flag).transpose()?;
        let length = |entry: &Entry<'_>| lock_waits::read(entry.text()?).map_err(|cause| entry.value_error(&cause));
        settings.traffic_rest = section.entry("traffic_rest").as_ref().map(length).transpose()?;
        Ok(settings)
    }

    pub(super) fn over(self, mut below: Self) -> Self {
        below.vars.extend(self.vars);
        below.tools.extend(self.tools);
        below.channels.extend(self.channels);
        below.secrets.extend(self.secrets);
        Self {
            vars: below.vars,
            tools: below.tools,
            pass: self.pass.or(below.pass),
            channels: below.channels,
            secrets: below.secrets,
            protected: self.protected.or(below.protected),
            traffic_rest: self.traffic_rest.or(below.traffic_rest),
        }
    }

    /// What placeholders stand for, by name.
    #[must_use]
    pub const fn vars(&self) -> &BTreeMap<String, Var> {
        &self.vars
    }

    /// Where tools are that are not found by their names.
    #[must_use]
    pub const fn tools(&self) -> &BTreeMap<String, String> {
        &self.tools
    }

    /// Variables of this process that tools may see, besides those that every tool sees.
    #[must_use]
    pub fn environment(&self) -> &[String] {
        self.pass.as_deref().unwrap_or_default()
    }

    /// Where notices go, by name.
    #[must_use]
    pub const fn channels(&self) -> &Channels {
        &self.channels
    }

    /// Where the secrets are kept that steps and channels take, by name.
    #[must_use]
    pub const fn secrets(&self) -> &SecretPlaces {
        &self.secrets
    }

    /// # Errors
    /// `Config` where a channel takes a secret that is not there.
    pub(super) fn expect_secrets(&self, place: &str) -> Result<()> {
        for (channel, taken) in self.channels.iter().flat_map(|(name, known)| known.secrets().map(move |taken| (name, taken))) {
            if let SecretPlace::Named(name) = taken
                && !self.secrets.contains_key(name)
            {
                let cause = unknown_secret(name, self.secrets.keys().map(String::as_str));
                let error = Error::new(ErrorKind::Config, "read the configuration").at(place);
                return Err(error.because(format!("channel {channel}: {cause}")));
            }
        }
        Ok(())
    }

    /// Whether the environment's name has to be typed before anything is changed.
    #[must_use]
    pub fn is_protected(&self) -> bool {
        self.protected.unwrap_or(false)
    }

    /// How long traffic rests where it is between two moves; `None` where nothing is said of it.
    #[must_use]
    pub const fn traffic_rest(&self) -> Option<Duration> {
        self.traffic_rest
    }
}

fn var(entry: &Entry<'_>) -> Result<Var> {
    match entry.value() {
        Some(Value::Array(_)) => entry.texts().map(Var::List),
        Some(Value::String(_)) => entry.text().map(|text| Var::Text(text.to_owned())),
        Some(Value::Integer(number)) => Ok(Var::Text(number.value().to_string())),
        _ => Err(entry.wants("a string, a whole number or a list of strings")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn an_environment_lays_its_names_over_the_files() {
        let text = "vars = { zone = \"example.org\", ttl = 60, services = [\"a\", \"b\"] }\ntools.az = \"/opt/az\"\n\
                    [environments.prod]\nprotected = true\ntraffic_rest = \"5m\"\n\
                    vars.zone = \"prod.example.org\"\ntools.environment = [\"ARM_X\"]\n";
        let config = Config::parse(text, "failback.toml").unwrap();
        assert!(!config.rollback().is_protected());
        let prod = config.for_environment("prod").unwrap();
        let text = |name: &str| prod.rollback().vars()[name].clone();
        assert_eq!((text("zone"), text("ttl")), (Var::Text("prod.example.org".to_owned()), Var::Text("60".to_owned())));
        assert_eq!(text("services"), Var::List(vec!["a".to_owned(), "b".to_owned()]));
        assert!(prod.rollback().is_protected());
        let rests = [&config, &prod].map(|config| config.rollback().traffic_rest());
        assert_eq!(rests, [None, Some(Duration::from_mins(5))]);
        assert_eq!(
            (prod.rollback().tools()["az"].as_str(), prod.rollback().environment()),
            ("/opt/az", &["ARM_X".to_owned()][..])
        );
        assert!(Config::parse("vars.a = { b = 1 }", "failback.toml").is_err());
    }
}
