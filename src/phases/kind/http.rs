//! `kind = "http"`: whether addresses answer as they should, several times in a row.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::http::Address;
use crate::phases::asking;
use crate::phases::fields::Fields;
use crate::phases::outcome::Ended;
use crate::phases::taken::Taken;
use crate::phases::work::{EVERY, Work};

/// How long one answer may take, unless the runbook says otherwise.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Http {
    url: String,
    expect: u16,
    contains: Option<String>,
    resolve: Option<String>,
    ca: Option<String>,
    patience: u64,
    times: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token_secret: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    header_secrets: BTreeMap<String, String>,
}

impl Http {
    pub(super) const KEYS: &[&str] =
        &["url", "expect", "contains", "resolve", "ca", "patience", "times", "token_secret", "header_secrets"];

    pub(super) fn read(fields: &Fields<'_>) -> Result<Self> {
        let url = fields.required("url")?;
        Address::read(&url).map_err(|cause| fields.error("url", cause))?;
        let status = |code: u32| u16::try_from(code).ok().filter(|code| (100..600).contains(code));
        let expect = fields.count("expect")?.unwrap_or(200);
        Ok(Self {
            url,
            expect: status(expect).ok_or_else(|| fields.error("expect", "`expect` is an HTTP status, as 200"))?,
            contains: fields.text("contains")?,
            resolve: fields.text("resolve")?,
            ca: fields.text("ca")?,
            patience: fields.duration("patience")?.unwrap_or(PATIENCE).as_secs().max(1),
            times: fields.count("times")?.unwrap_or(1).max(1),
            token_secret: fields.secret("token_secret")?,
            header_secrets: fields.secrets("header_secrets", |header| {
                let is_name = |c: char| c == '-' || c == '_' || c.is_ascii_alphanumeric();
                if header.chars().all(is_name) { Ok(()) } else { Err(format!("`{header}` is no name of a header")) }
            })?,
        })
    }

    pub(super) fn show(&self) -> Vec<String> {
        let at = self.resolve.as_ref().map_or_else(String::new, |host| format!(" at {host}"));
        let address = Address::read(&self.url).map_or_else(|_| "an address".to_owned(), |address| address.to_string());
        let times = if self.times > 1 { format!(", {} times in a row", self.times) } else { String::new() };
        vec![format!("GET {address}{at}: {}{times}", self.expect)]
    }

    pub(super) fn takes(&self) -> Vec<Taken<'_>> {
        let token = self.token_secret.as_deref().map(|name| Taken { as_what: "token", name });
        token.into_iter().chain(self.header_secrets.iter().map(|(header, name)| Taken { as_what: header, name })).collect()
    }

    pub(super) async fn act(&self, work: &Work<'_>) -> Result<Ended> {
        work.until(EVERY, || self.ask_in_a_row(work)).await
    }

    async fn ask_in_a_row(&self, work: &Work<'_>) -> Result<Ended> {
        let mut slowest = Duration::ZERO;
        for _ in 0..self.times {
            match self.ask(work).await? {
                Ok(took) => slowest = slowest.max(took),
                Err(cause) => return Ok(Ended::Failed(cause)),
            }
        }
        Ok(Ended::found("slowest_ms", slowest.as_millis().to_string()))
    }

    async fn ask(&self, work: &Work<'_>) -> Result<Result<Duration, String>> {
        let resolve = self.resolve.as_ref().map(|host| work.fill(host)).transpose()?;
        let mut headers = Vec::new();
        if let Some(name) = &self.token_secret {
            headers.push(asking::bearer(&work.tools.secret(name).await?));
        }
        for (header, name) in &self.header_secrets {
            headers.push((header.clone(), work.tools.secret(name).await?));
        }
        let page = asking::Page {
            url: &self.url,
            within: Duration::from_secs(self.patience),
            ca: self.ca.as_deref().map(Path::new),
            resolve: resolve.as_deref(),
            redirects: 0,
            expect: self.expect,
            contains: self.contains.as_deref(),
            headers,
        };
        Ok(match work.tools.stop().or(page.ask()).await? {
            Ok(said) => said.wrong.map_or(Ok(said.took), Err),
            Err(error) => Err(error.in_full()),
        })
    }
}
