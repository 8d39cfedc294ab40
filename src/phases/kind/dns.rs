//! `kind = "dns"`: where a name leads: changed as a whole record set with its etag, so that nobody's change in between is lost,
//! and looked at where it counts: at the authority, at each resolver, and for as long as the old answer may live.
//!
//! Azure DNS: `record-set a update --set aRecords=[…]` replaces the whole list (`add-record` would append, and reset the
//! TTL); `--if-match` is refused with 412 where the record set has moved.

use std::net::Ipv4Addr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::azure::addresses;
use super::json::{lower_keys, parse};
use super::lookup::{Asked, ask};
use crate::error::Result;
use crate::phases::fields::Fields;
use crate::phases::outcome::{Ended, Facts, Seen};
use crate::phases::state::Effect;
use crate::phases::work::{EVERY, Work};
use crate::text::shell_line;
use crate::words::words;

/// What is done with a name, or asked of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dns {
    #[serde(rename = "do")]
    ask: Ask,
    name: String,
    zone: String,
    group: Option<String>,
    subscription: Option<String>,
    to: String,
    ttl: u32,
    servers: Vec<String>,
    old_ttl: Option<String>,
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// The name's record set is made to be one address.
    Point,
    /// Every server that is named answers with it, and the time that the old answer may live is over.
    Settled,
}

words!(Ask {
    Point => "point",
    Settled => "settled",
});

/// A record set as it stands.
struct RecordSet {
    addresses: Vec<String>,
    ttl: u64,
    etag: String,
}

impl Dns {
    pub(super) const KEYS: &[&str] = &["do", "name", "zone", "group", "subscription", "to", "ttl", "servers", "old_ttl"];

    pub(super) fn read(fields: &Fields<'_>) -> Result<Self> {
        let ask: Ask = fields.word("do")?;
        let is_point = ask == Ask::Point;
        Ok(Self {
            ask,
            name: fields.required("name")?,
            zone: fields.required("zone")?,
            group: if is_point { Some(fields.required("group")?) } else { fields.text("group")? },
            subscription: fields.text("subscription")?,
            to: fields.required("to")?,
            ttl: fields.count("ttl")?.unwrap_or(60),
            servers: if is_point { fields.texts("servers")? } else { fields.some_texts("servers")? },
            old_ttl: fields.text("old_ttl")?,
        })
    }

    pub(super) const fn effect(&self) -> Effect {
        if matches!(self.ask, Ask::Point) { Effect::Traffic } else { Effect::Read }
    }

    /// Whether it asks by a program, and not by questions of its own.
    pub(super) const fn has_program(&self) -> bool {
        matches!(self.ask, Ask::Point)
    }

    pub(super) const fn can_undo(&self) -> bool {
        matches!(self.ask, Ask::Point)
    }

    pub(super) fn show(&self) -> Vec<String> {
        match self.ask {
            Ask::Point => vec![
                shell_line(&self.call("show", &[])),
                shell_line(&self.update(std::slice::from_ref(&self.to), self.ttl.into(), "<etag>")),
            ],
            Ask::Settled => {
                let ask = |server: &String| format!("ask {server} for {}.{}: {} alone", self.name, self.zone, self.to);
                self.servers.iter().map(ask).collect()
            }
        }
    }

    fn call(&self, verb: &str, more: &[String]) -> Vec<String> {
        let group = self.group.as_deref().unwrap_or_default();
        let words = ["az", "network", "dns", "record-set", "a", verb, "-g", group, "-z", &self.zone, "-n", &self.name];
        let mut argv: Vec<String> = words.into_iter().map(str::to_owned).collect();
        argv.extend_from_slice(more);
        if let Some(subscription) = &self.subscription {
            argv.extend(["--subscription".to_owned(), subscription.clone()]);
        }
        argv.extend(["--output".to_owned(), "json".to_owned()]);
        argv
    }

    fn update(&self, to: &[String], ttl: u64, etag: &str) -> Vec<String> {
        let list: Vec<_> = to.iter().map(|address| serde_json::json!({ "ipv4Address": address })).collect();
        let set = format!("aRecords={}", serde_json::Value::from(list));
        let words = ["--if-match", etag, "--set", &set, "--set", &format!("ttl={ttl}")].map(str::to_owned);
        self.call("update", &words)
    }

    async fn current(&self, work: &Work<'_>) -> Result<Result<RecordSet, String>> {
        let ran = work.run(&self.call("show", &[])).await?;
        if !ran.is_fine() {
            return Ok(Err(ran.said("az")));
        }
        let set = lower_keys(parse("az network dns record-set a show", &ran.out)?);
        let etag = set["etag"].as_str().unwrap_or_default().to_owned();
        Ok(match (set["ttl"].as_u64(), etag.is_empty()) {
            (Some(ttl), false) => Ok(RecordSet { addresses: addresses(&set), ttl, etag }),
            _ => Err("az shows a record set without a TTL or an etag".to_owned()),
        })
    }

    pub(super) async fn probe(&self, work: &Work<'_>) -> Result<Seen> {
        if self.ask == Ask::Settled {
            return Ok(Seen::NotDone);
        }
        let to = work.fill(&self.to)?;
        Ok(match self.current(work).await? {
            // The TTL of the answer that resolvers may still hold is not known any more: the one that there is now counts.
            Ok(set) if set.addresses == [to] => Seen::Done(Facts::from([("ttl".to_owned(), set.ttl.to_string())])),
            Ok(_) => Seen::NotDone,
            Err(cause) => Seen::Unknown(cause),
        })
    }

    pub(super) async fn act(&self, work: &Work<'_>) -> Result<Ended> {
        let to = work.fill(&self.to)?;
        let is_address = to.parse::<Ipv4Addr>().is_ok_and(|address| !address.is_unspecified() && !address.is_multicast());
        if !is_address {
            return Ok(Ended::Failed(format!("`{to}` is no address that a name can lead to")));
        }
        match self.ask {
            Ask::Point => self.point(work, to).await,
            Ask::Settled => self.settle(work, &to).await,
        }
    }

    async fn point(&self, work: &Work<'_>, to: String) -> Result<Ended> {
        let before = match self.current(work).await? {
            Ok(before) => before,
            Err(cause) => return Ok(Ended::Failed(cause)),
        };
        let ran = work.run(&self.update(std::slice::from_ref(&to), self.ttl.into(), &before.etag)).await?;
        let facts = Facts::from([
            ("before".to_owned(), before.addresses.join(" ")),
            ("ttl".to_owned(), before.ttl.to_string()),
            ("to".to_owned(), to.clone()),
        ]);
        Ok(match self.current(work).await? {
            Ok(now) if now.addresses == [to.as_str()] => Ended::Done(facts),
            Ok(now) => Ended::Failed(format!("the name leads to {}; {}", now.addresses.join(" "), ran.said("az"))),
            Err(cause) => Ended::Unknown(format!("{cause}; {}", ran.said("az"))),
        })
    }

    async fn settle(&self, work: &Work<'_>, to: &str) -> Result<Ended> {
        let ended = work.until(EVERY, || self.ask_all(to)).await?;
        let Ended::Done(facts) = ended else { return Ok(ended) };
        if work.once {
            return Ok(Ended::Done(facts));
        }
        let old = self.old_ttl.as_deref().map(|text| work.fill(text)).transpose()?.and_then(|text| text.parse().ok());
        // Resolvers that nobody named may hold the old answer for as long as it said.
        let left = Duration::from_secs(old.unwrap_or(0)).saturating_sub(work.begun.elapsed().unwrap_or_default());
        work.tools.stop().or(tokio::time::sleep(left)).await?;
        Ok(Ended::Done(facts))
    }

    async fn ask_all(&self, to: &str) -> Result<Ended> {
        let name = format!("{}.{}", self.name, self.zone);
        for server in &self.servers {
            let asked = ask(server, &name).await;
            let wrong = match asked {
                Ok(Asked { addresses, others }) if addresses == [to] && others.is_empty() => continue,
                Ok(Asked { others, .. }) if !others.is_empty() => format!("has {} besides", others.join(", ")),
                Ok(Asked { addresses, .. }) if addresses.is_empty() => "has no address".to_owned(),
                Ok(Asked { addresses, .. }) => format!("leads to {}", addresses.join(" ")),
                Err(cause) => cause,
            };
            return Ok(Ended::Failed(format!("at {server} {name} {wrong}, and {to} is wanted")));
        }
        Ok(Ended::found("servers", self.servers.len().to_string()))
    }

    /// Restores the record set that was there, if it still is the one that this step made.
    pub(super) async fn undo(&self, work: &Work<'_>) -> Result<Ended> {
        let known = |key: &str| (work.facts)(work.step, key);
        let (Some(before), Some(ttl), Some(to)) = (known("before"), known("ttl"), known("to")) else {
            return Ok(Ended::Failed("nothing says where the name led before".to_owned()));
        };
        let now = match self.current(work).await? {
            Ok(now) => now,
            Err(cause) => return Ok(Ended::Unknown(cause)),
        };
        let before: Vec<String> = before.split(' ').map(str::to_owned).collect();
        if now.addresses == before {
            return Ok(Ended::done());
        }
        if now.addresses != [to] {
            return Ok(Ended::Failed(format!("somebody has changed it since: it leads to {}", now.addresses.join(" "))));
        }
        let ran = work.run(&self.update(&before, ttl.parse().unwrap_or(60), &now.etag)).await?;
        Ok(match self.current(work).await? {
            Ok(set) if set.addresses == before => Ended::done(),
            Ok(set) => Ended::Failed(format!("the name leads to {}; {}", set.addresses.join(" "), ran.said("az"))),
            Err(cause) => Ended::Unknown(cause),
        })
    }
}
