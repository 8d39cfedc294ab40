//! `[channels]`: where notices of a rollback go.

use std::collections::BTreeMap;

use super::SecretPlace;
use crate::error::Result;
use crate::policy::keys::{Entry, Section};

/// Somewhere that notices go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Channel {
    /// An address that takes JSON by POST, as chats, status pages and pagers do.
    Webhook(Webhook),
    /// People's mailboxes.
    Mail(Mail),
}

impl Channel {
    /// Lists the secrets that it takes.
    pub fn secrets(&self) -> impl Iterator<Item = &SecretPlace> {
        let (first, others) = match self {
            Self::Webhook(webhook) => (&webhook.address, [webhook.authorization.as_ref(), webhook.key.as_ref()]),
            Self::Mail(mail) => (&mail.server, [None, None]),
        };
        std::iter::once(first).chain(others.into_iter().flatten())
    }
}

/// An address that takes JSON by POST.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// The address.
    pub address: SecretPlace,
    /// The JSON text that is sent, with `${text}` where the notice stands, and `${key}`; `None` for `{"text": …}`, as Slack,
    /// Mattermost and Teams' workflows take it.
    pub body: Option<String>,
    /// What stands in the header Authorization.
    pub authorization: Option<SecretPlace>,
    /// What stands for `${key}` in the body.
    pub key: Option<SecretPlace>,
}

/// People's mailboxes, by a server that takes mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// The server: `smtps://user:password@host`, or `smtp://…?tls=required`.
    pub server: SecretPlace,
    /// Who it is from.
    pub from: String,
    /// Who it goes to.
    pub to: Vec<String>,
}

/// All of them, by name.
pub type Channels = BTreeMap<String, Channel>;

pub(super) fn read(section: &Section<'_>) -> Result<Channels> {
    let mut channels = Channels::new();
    for entry in section.section("channels")?.iter().flat_map(Section::entries) {
        channels.insert(entry.key().to_owned(), channel(&entry)?);
    }
    Ok(channels)
}

fn channel(entry: &Entry<'_>) -> Result<Channel> {
    let section = entry.section()?;
    let secret = |key: &str| section.entry(key).map(|place| SecretPlace::read_or_name(&place)).transpose();
    match (secret("webhook")?, secret("smtp")?) {
        (Some(address), None) => {
            section.check(&["webhook", "body", "authorization", "key"])?;
            let body = section.entry("body").map(|body| template(&body)).transpose()?;
            Ok(Channel::Webhook(Webhook { address, body, authorization: secret("authorization")?, key: secret("key")? }))
        }
        (None, Some(server)) => {
            section.check(&["smtp", "from", "to"])?;
            let missing = |key: &str| entry.value_error(format!("`{key}` is missing"));
            let from = section.text("from")?.ok_or_else(|| missing("from"))?;
            let to = section.texts("to")?.filter(|to| !to.is_empty()).ok_or_else(|| missing("to"))?;
            Ok(Channel::Mail(Mail { server, from, to }))
        }
        (Some(_), Some(_)) => Err(entry.value_error("it has both `webhook` and `smtp`: write two channels")),
        (None, None) => Err(entry.value_error("`webhook` or `smtp` is missing")),
    }
}

fn template(entry: &Entry<'_>) -> Result<String> {
    let text = entry.text()?;
    let filled = text.replace("${text}", "x").replace("${key}", "x");
    if !text.contains("${text}") {
        return Err(entry.value_error("`body` says nothing: `${text}` is where the notice goes"));
    }
    match serde_json::from_str::<serde_json::Value>(&filled) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(entry.value_error(format!("`body` is no JSON: {error}; `${{text}}` stands between quotes"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn read(text: &str) -> Result<Channels> {
        Config::parse(text, "failback.toml").map(|config| config.rollback().channels().clone())
    }

    #[test]
    fn channels_are_webhooks_or_mailboxes() {
        let text = "[channels.pager]\nwebhook = { vault = \"v\", secret = \"url\" }\nkey = { env = \"KEY\" }\n\
                    body = '{\"routing_key\": \"${key}\", \"summary\": \"${text}\"}'\n\
                    [channels.managers]\nsmtp = { env = \"SMTP\" }\nfrom = \"a@example.org\"\nto = [\"b@example.org\"]\n";
        let channels = read(text).unwrap();
        let Channel::Webhook(pager) = &channels["pager"] else { panic!("a webhook") };
        assert_eq!(pager.address, SecretPlace::Vault("v".to_owned(), "url".to_owned()));
        let Channel::Mail(managers) = &channels["managers"] else { panic!("mail") };
        assert_eq!((managers.from.as_str(), managers.to.as_slice()), ("a@example.org", &["b@example.org".to_owned()][..]));
    }

    #[test]
    fn what_makes_no_sense_is_said() {
        for (text, said) in [
            ("channels.a = { from = \"x\" }", "`webhook` or `smtp` is missing"),
            ("channels.a.webhook = { vault = \"v\" }", "a vault wants the secret's name"),
            ("channels.a.webhook = { env = \"A\", file = \"f\" }", "say where it is kept"),
            ("channels.a = { webhook = { env = \"A\" }, body = \"{}\" }", "`${text}` is where the notice goes"),
            ("channels.a = { webhook = { env = \"A\" }, body = \"{${text}}\" }", "`body` is no JSON"),
            ("channels.a = { smtp = { env = \"A\" }, from = \"x\" }", "`to` is missing"),
        ] {
            let error = read(text).unwrap_err();
            assert!(format!("{error:?}{}", error.causes().join(" ")).contains(said), "{said}: {error:?}");
        }
    }
}
