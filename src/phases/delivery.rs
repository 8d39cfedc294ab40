//! Takes one message where it goes: to an address that takes JSON, or to people's mailboxes.

use std::time::Duration;

use lettre::message::Mailbox;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};

use super::tools::Tools;
use crate::config::{Channel, Mail, Webhook};
use crate::error::{Error, ErrorKind, Result};
use crate::http::{Address, Request};

/// How long one message may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How much of a text is a mail's subject.
const SUBJECT: usize = 120;

/// What a message is taken there with.
#[derive(Clone, Copy)]
pub(super) struct Delivery<'a> {
    /// Reads secrets, and hides what programs say that know them.
    pub(super) tools: &'a Tools,
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
        let address = self.tools.read_secret(&webhook.address).await?;
        let body = match &webhook.body {
            None => serde_json::json!({ "text": text }).to_string(),
            Some(template) => {
                let key = match &webhook.key {
                    Some(place) => self.tools.read_secret(place).await?,
                    None => String::new(),
                };
                filled(template, text, &key)
            }
        };
        let request = Request::post(Address::parse_secret(&address)?, body.into_bytes()).within(PATIENCE);
        let mut request = request.header("content-type", "application/json")?;
        if let Some(place) = &webhook.authorization {
            request = request.header("authorization", &self.tools.read_secret(place).await?)?;
        }
        let answer = request.send().await?;
        if (200..300).contains(&answer.status()) {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Config, "send a notice").because(format!("it answered {}", answer.status())))
    }

    async fn mail(&self, mail: &Mail, text: &str) -> Result<()> {
        let wrong = |cause: String| Error::new(ErrorKind::Config, "send a notice by mail").because(cause);
        let server = self.tools.read_secret(&mail.server).await?;
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
