//! Notices: who is told what, and by when, on the clock that the communication plan sets. When one is due, and what became of
//! it, is read from the journal, so that a process that takes over sends what is left and nothing twice. No notice ever stops a
//! rollback.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::fields::Fields;
use super::journal::{Line, Record};
use super::state::{Sent, Verdict};
use crate::error::Result;

/// One notice of a runbook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Its name in the journal.
    pub id: String,
    /// What it follows: `declared`, `finished`, or a step's id.
    pub on: String,
    /// Within how many seconds of that it has to be sent.
    pub within: u64,
    /// Every how many seconds it is sent again, until the rollback has ended.
    pub every: Option<u64>,
    /// The channels that it goes to.
    pub to: Vec<String>,
    /// What it says.
    pub text: String,
}

/// A notice that is to be sent now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due<'a> {
    /// The notice.
    pub notice: &'a Notice,
    /// Where it goes.
    pub channel: &'a str,
    /// Until when it is in time.
    pub until: Timestamp,
    /// Whether a later one of its kind is due already, so that it has lost its sense.
    pub stale: bool,
}

impl Notice {
    pub(super) const KEYS: &[&str] = &["id", "on", "within", "every", "to", "text"];

    pub(super) fn read(fields: &Fields<'_>) -> Result<Self> {
        fields.check(Self::KEYS)?;
        let seconds = |length: Duration| length.as_secs().max(1);
        Ok(Self {
            id: fields.required("id")?,
            on: fields.required("on")?,
            within: fields.duration("within")?.map_or(300, seconds),
            every: fields.duration("every")?.map(seconds),
            to: fields.some_texts("to")?,
            text: fields.required("text")?,
        })
    }

    /// When what it follows happened.
    fn begins(&self, lines: &[Line]) -> Option<Timestamp> {
        let happened = |line: &&Line| match (&line.record, self.on.as_str()) {
            (Record::Declared { .. }, "declared") | (Record::Finished { .. }, "finished") => true,
            (Record::Ended { step, verdict: Verdict::Done | Verdict::AlreadyDone, .. }, on) => step == on,
            _ => false,
        };
        lines.iter().find(happened).map(|line| line.at)
    }

    /// The instants until which each of it has to be sent, up to the one that is due next at `now`.
    fn deadlines(&self, lines: &[Line], now: Timestamp) -> Vec<Timestamp> {
        let Some(begins) = self.begins(lines) else { return Vec::new() };
        let over = |line: &&Line| matches!(line.record, Record::Finished { .. } | Record::Aborted { .. });
        let end = lines.iter().find(over).map_or(now, |line| line.at.min(now));
        let after = |seconds: u64| begins.saturating_add(SignedDuration::from_secs(seconds.cast_signed())).unwrap_or(begins);
        let Some(every) = self.every else { return vec![after(self.within)] };
        let passed = u64::try_from(end.duration_since(begins).as_secs()).unwrap_or(0);
        (0..=passed / every).map(|time| after(time * every + self.within)).collect()
    }
}

/// Lists the notices that are to be sent now, or written off.
#[must_use]
pub fn due<'a>(notices: &'a [Notice], lines: &[Line], now: Timestamp) -> Vec<Due<'a>> {
    let mut found = Vec::new();
    for notice in notices {
        let deadlines = notice.deadlines(lines, now);
        for channel in &notice.to {
            for (at, until) in deadlines.iter().enumerate() {
                if !is_told(lines, &notice.id, channel, *until) {
                    found.push(Due { notice, channel, until: *until, stale: at + 1 < deadlines.len() });
                }
            }
        }
    }
    found
}

/// Whether the journal says what became of it. What failed is tried again until it is too late.
fn is_told(lines: &[Line], id: &str, to: &str, until: Timestamp) -> bool {
    lines.iter().any(|line| match &line.record {
        Record::Notified { notice, channel, due, sent, .. } => {
            (notice.as_str(), channel.as_str(), *due) == (id, to, until) && (*sent != Sent::Failed || line.at > until)
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn line(second: i64, record: Record) -> Line {
        Line { seq: 1, prev: String::new(), at: at(second), host: String::new(), record }
    }

    fn declared() -> Line {
        let text = || "x".to_owned();
        line(
            1000,
            Record::Declared {
                environment: text(),
                runbook: text(),
                plan: text(),
                incident: text(),
                commander: text(),
                by: text(),
                tool_version: text(),
            },
        )
    }

    fn told(second: i64, until: i64, sent: Sent) -> Line {
        let (notice, channel) = ("n".to_owned(), "slack".to_owned());
        line(second, Record::Notified { notice, channel, due: at(until), sent, cause: None })
    }

    fn notice(every: Option<u64>) -> Notice {
        let text = |text: &str| text.to_owned();
        Notice { id: text("n"), on: text("declared"), within: 300, every, to: vec![text("slack")], text: text("…") }
    }

    fn dues(every: Option<u64>, lines: &[Line], now: i64) -> Vec<(i64, bool)> {
        due(&[notice(every)], lines, at(now)).iter().map(|due| (due.until.as_second(), due.stale)).collect()
    }

    #[test]
    fn one_is_sent_once_and_what_failed_is_tried_until_it_is_too_late() {
        assert!(dues(None, &[], 1000).is_empty(), "nothing was declared");
        assert_eq!(dues(None, &[declared()], 1001), [(1300, false)]);
        assert!(dues(None, &[declared(), told(1002, 1300, Sent::Sent)], 1003).is_empty());
        assert_eq!(dues(None, &[declared(), told(1002, 1300, Sent::Failed)], 1003), [(1300, false)]);
        assert!(dues(None, &[declared(), told(1301, 1300, Sent::Failed)], 1400).is_empty());
    }

    #[test]
    fn one_that_is_repeated_is_due_again_until_the_end() {
        let sent = told(1002, 1300, Sent::Sent);
        assert!(dues(Some(900), &[declared(), sent.clone()], 1899).is_empty());
        assert_eq!(dues(Some(900), &[declared(), sent.clone()], 1900), [(2200, false)]);
        // Nobody was there for an hour: all but the latest have lost their sense.
        let later = dues(Some(900), &[declared(), sent.clone()], 4601);
        assert_eq!(later, [(2200, true), (3100, true), (4000, true), (4900, false)]);
        let finished = line(1500, Record::Finished { exceptions: false });
        assert!(dues(Some(900), &[declared(), sent, finished], 4601).is_empty());
    }
}
