//! `[secrets]`: where secrets are kept that steps of a runbook and channels take: never in the configuration itself.

use std::collections::BTreeMap;
use std::fmt;

use crate::error::Result;
use crate::policy::keys::{Entry, Section, nearest};
use crate::text::shell_line;

/// Where a secret is kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretPlace {
    /// In a variable of this process.
    Variable(String),
    /// In a file, as its first line.
    File(String),
    /// On the first line of what a program prints.
    Command(Vec<String>),
    /// In an Azure Key Vault: the vault, and the secret's name.
    Vault(String, String),
    /// Where `[secrets]` says that the secret of this name is.
    Named(String),
}

/// Where each secret is kept, by name.
pub type SecretPlaces = BTreeMap<String, SecretPlace>;

impl SecretPlace {
    const KEYS: &[&str] = &["env", "file", "command", "vault", "secret"];

    /// Reads a place, or the name of a secret of `[secrets]`.
    pub(super) fn read_or_name(entry: &Entry<'_>) -> Result<Self> {
        if entry.is_section() { Self::read(entry) } else { entry.text().map(|name| Self::Named(name.to_owned())) }
    }

    fn read(entry: &Entry<'_>) -> Result<Self> {
        let section = entry.section()?;
        section.check(Self::KEYS)?;
        let vault = match (section.text("vault")?, section.text("secret")?) {
            (Some(vault), Some(secret)) => Some(Self::Vault(vault, secret)),
            (None, None) => None,
            _ => return Err(entry.value_error("a vault wants the secret's name beside it: { vault = \"…\", secret = \"…\" }")),
        };
        let found = [
            section.text("env")?.map(Self::Variable),
            section.text("file")?.map(Self::File),
            section.texts("command")?.filter(|argv| !argv.is_empty()).map(Self::Command),
            vault,
        ];
        let mut found = found.into_iter().flatten();
        match (found.next(), found.next()) {
            (Some(place), None) => Ok(place),
            _ => Err(entry.value_error(
                "say where it is kept: { env = \"NAME\" }, { file = \"PATH\" }, { command = [\"…\"] } or { vault = \"…\", \
                 secret = \"…\" }",
            )),
        }
    }
}

/// Says where it is, in words that stand behind "from".
impl fmt::Display for SecretPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => write!(f, "the variable {name}"),
            Self::File(path) => write!(f, "the file {path}"),
            Self::Command(argv) => write!(f, "the command {}", shell_line(argv)),
            Self::Vault(vault, secret) => write!(f, "the Key Vault {vault}, secret {secret}"),
            Self::Named(name) => write!(f, "[secrets] {name}"),
        }
    }
}

/// Reads `[secrets]`.
pub(super) fn read(section: &Section<'_>) -> Result<SecretPlaces> {
    let entries = section.section("secrets")?;
    entries.iter().flat_map(Section::entries).map(|entry| Ok((entry.key().to_owned(), SecretPlace::read(&entry)?))).collect()
}

/// Says that a secret is not known, with the name that was probably meant.
#[must_use]
pub fn unknown_secret<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<_> = known.into_iter().collect();
    let rest = match (nearest(name, known.iter().copied()), known.as_slice()) {
        (Some(meant), _) => format!("did you mean `{meant}`?"),
        (None, []) => "failback.toml names none under [secrets]".to_owned(),
        (None, known) => format!("known are {}", known.join(", ")),
    };
    format!("no secret is called `{name}`; {rest}")
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    #[test]
    fn a_secret_is_kept_in_exactly_one_place() {
        let text = "[secrets]\nredis = { file = \"/run/redis\" }\ntoken = { vault = \"v\", secret = \"t\" }\n\
                    [secrets.old]\ncommand = [\"pass\", \"show\", \"old db\"]\n\
                    [environments.prod.secrets]\nredis = { env = \"REDIS\" }\n";
        let config = Config::parse(text, "failback.toml").unwrap();
        let told = |config: &Config| -> Vec<_> { config.rollback().secrets().values().map(ToString::to_string).collect() };
        let others = ["the command pass show 'old db'", "the file /run/redis", "the Key Vault v, secret t"];
        assert_eq!(told(&config), others);
        assert_eq!(told(&config.for_environment("prod").unwrap())[1], "the variable REDIS");
        for (wrong, said) in [
            ("secrets.a = {}", "say where it is kept"),
            ("secrets.a = { command = [] }", "say where it is kept"),
            ("secrets.a = { env = \"A\", file = \"f\" }", "say where it is kept"),
            ("secrets.a = { secret = \"x\" }", "a vault wants the secret's name"),
            ("secrets.a = { evn = \"A\" }", "did you mean `env`"),
            ("secrets.a = \"hunter2\"", "must be a table"),
        ] {
            let error = Config::parse(wrong, "failback.toml").unwrap_err();
            let told = format!("{error:?}{}", error.causes().join(" "));
            assert!(told.contains(said) && !told.contains("hunter2"), "{said}: {told}");
        }
    }

    #[test]
    fn a_channel_may_take_a_secret_by_its_name() {
        let text = "channels.pager.webhook = \"pager-url\"\n[environments.prod.secrets]\npager-url = { env = \"URL\" }\n";
        let config = Config::parse(text, "failback.toml").unwrap();
        assert_eq!(config.rollback().secrets().len(), 0);
        let wrong = text.replace("webhook = \"pager-url\"", "webhook = \"pager-ulr\"");
        let told = format!("{:?}", Config::parse(&wrong, "failback.toml").unwrap_err());
        assert!(told.contains("no secret is called `pager-ulr`; did you mean `pager-url`?"), "{told}");
    }
}
