//! Takes one message where it goes: to an address that takes JSON, or to people's mailboxes.

use std::time::Duration;

use lettre::message::Mailbox;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};

use super::tools::Tools;
use crate::config::{Channel, Mail, SecretPlace, Webhook};
use crate::error::{Error, ErrorKind, Result};
use crate::http::{Address, Request};
use crate::store::host_files;

/// How long one message may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How much of a text is a mail's subject.
const SUBJECT: usize = 120;

/// What a message is taken there with.
#[derive(Clone, Copy)]
pub(super) struct Delivery<'a> {
    /// Runs programs that know secrets, and hides what they say.
    pub(super) tools: &'a Tools,
    /// Returns a variable of this process.
    pub(super) variable: &'a (dyn Fn(&str) -> Option<String> + Send + Sync),
}

impl Delivery<'_> {
    /// Sends a text to a channel, once.
    ///
    /// # Errors
    /// `Config` where the channel makes no sense, or refuses it; `Connect` and `Timeout` where it cannot be reached.
    pub(super) async fn send(&self, channel: &Channel, text: &str) -> Result<()> {
        match channel {
            Channel::Webhook(webhook) => self.post(webhook, text).await,
            Channel::Mail(mail) => self.mail(mail, text).await,
        }
    }

    async fn post(&self, webhook: &Webhook, text: &str) -> Result<()> {
        let address = self.secret(&webhook.address).await?;
        let body = match &webhook.body {
            None => serde_json::json!({ "text": text }).to_string(),
            Some(template) => {
                let key = match &webhook.key {
                    Some(place) => self.secret(place).await?,
                    None => String::new(),
                };
                filled(template, text, &key)
            }
        };
        let request = Request::post(Address::parse_secret(&address)?, body.into_bytes()).within(PATIENCE);
        let mut request = request.header("content-type", "application/json")?;
        if let Some(place) = &webhook.authorization {
            request = request.header("authorization", &self.secret(place).await?)?;
        }
        let answer = request.send().await?;
        if (200..300).contains(&answer.status()) {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Config, "send a notice").because(format!("it answered {}", answer.status())))
    }

    async fn mail(&self, mail: &Mail, text: &str) -> Result<()> {
        let wrong = |cause: String| Error::new(ErrorKind::Config, "send a notice by mail").because(cause);
        let server = self.secret(&mail.server).await?;
        let mailbox = |text: &String| text.parse::<Mailbox>().map_err(|error| wrong(format!("{text}: {error}")));
        let subject: String = text.lines().next().unwrap_or_default().chars().take(SUBJECT).collect();
        let mut message = Message::builder().from(mailbox(&mail.from)?).subject(subject);
        for to in &mail.to {
            message = message.to(mailbox(to)?);
        }
        let message = message.body(text.to_owned()).map_err(|error| wrong(error.to_string()))?;
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(&server);
        let transport = transport.map_err(|_| wrong("what is kept as `smtp` is no address of a mail server".to_owned()))?;
        let sending = transport.timeout(Some(PATIENCE)).build();
        let sent = tokio::time::timeout(PATIENCE, sending.send(message)).await;
        let sent =
            sent.map_err(|_| Error::new(ErrorKind::Timeout, "send a notice by mail").because("nobody answered in time"))?;
        sent.map(|_| ()).map_err(|error| wrong(error.to_string()))
    }

    /// Finds a secret, which nothing shows from then on.
    async fn secret(&self, place: &SecretPlace) -> Result<String> {
        let wrong = |cause: String| Error::new(ErrorKind::Config, "find a channel's address").because(cause);
        let text = match place {
            SecretPlace::Variable(name) => (self.variable)(name).ok_or_else(|| wrong(format!("{name} is not set")))?,
            SecretPlace::File(path) => host_files::read_text(path.as_ref())?,
            SecretPlace::Command(argv) => self.asked(argv).await?,
            SecretPlace::Vault(vault, secret) => self.asked(&vault_argv(vault, secret)).await?,
        };
        let first = text.lines().next().unwrap_or_default().trim();
        if first.is_empty() {
            return Err(wrong("it is empty".to_owned()));
        }
        self.tools.secrets().learn(first);
        Ok(first.to_owned())
    }

    async fn asked(&self, argv: &[String]) -> Result<String> {
        let secret = self.tools.ask(argv, PATIENCE).await?;
        let name = argv.first().map(String::as_str).unwrap_or_default();
        secret.ok_or_else(|| Error::new(ErrorKind::Config, "find a channel's address").because(format!("{name} failed")))
    }
}

/// How a vault is asked.
fn vault_argv(vault: &str, secret: &str) -> Vec<String> {
    let words =
        ["az", "keyvault", "secret", "show", "--vault-name", vault, "--name", secret, "--query", "value", "--output", "tsv"];
    words.map(str::to_owned).to_vec()
}

/// Fills a template's places, each within a text of JSON.
fn filled(template: &str, text: &str, key: &str) -> String {
    let within = |text: &str| {
        let quoted = serde_json::Value::from(text).to_string();
        quoted[1..quoted.len() - 1].to_owned()
    };
    // What a notice says is no place: each piece of the template is filled by itself.
    let keyed = |piece: &str| piece.replace("${key}", &within(key));
    template.split("${text}").map(keyed).collect::<Vec<_>>().join(&within(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stays_one_text_wherever_it_stands() {
        let template = r#"{"k": "${key}", "t": "${text}", "again": "${text}"}"#;
        let said = "a \"quoted\" ${key}\n{}";
        let value: serde_json::Value = serde_json::from_str(&filled(template, said, "s\"k")).unwrap();
        assert_eq!(value, serde_json::json!({ "k": "s\"k", "t": said, "again": said }));
    }
}
