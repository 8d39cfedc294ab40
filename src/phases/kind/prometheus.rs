//! `kind = "prometheus"`: whether a figure is within its bounds (Prometheus HTTP API, `/api/v1/query`).
//!
//! No series, and a value that is no number, are no answer: a figure that nobody measures is not a good one.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::http::Address;
use crate::phases::asking::{self, Told};
use crate::phases::fields::Fields;
use crate::phases::outcome::Ended;
use crate::phases::taken::Taken;
use crate::phases::work::{EVERY, Work};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Asks Prometheus.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prometheus {
    url: String,
    query: String,
    above: Option<f64>,
    below: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token_secret: Option<String>,
}

impl Prometheus {
    pub(super) const KEYS: &[&str] = &["url", "query", "above", "below", "token_secret"];

    pub(super) fn read(fields: &Fields<'_>) -> Result<Self> {
        let url = fields.required("url")?;
        Address::read(&url).map_err(|cause| fields.error("url", cause))?;
        let prometheus = Self {
            url,
            query: fields.required("query")?,
            above: fields.number("above")?,
            below: fields.number("below")?,
            token_secret: fields.secret("token_secret")?,
        };
        if prometheus.above.is_none() && prometheus.below.is_none() {
            return Err(fields.error("query", "say `below` or `above`: within which bounds the figure has to be"));
        }
        Ok(prometheus)
    }

    pub(super) fn show(&self) -> Vec<String> {
        vec![format!("{} is {}", self.query, self.bounds())]
    }

    pub(super) fn takes(&self) -> Option<Taken<'_>> {
        self.token_secret.as_deref().map(|name| Taken { as_what: "token", name })
    }

    fn bounds(&self) -> String {
        let above = self.above.map(|bound| format!("above {bound}"));
        let below = self.below.map(|bound| format!("below {bound}"));
        above.into_iter().chain(below).collect::<Vec<_>>().join(" and ")
    }

    pub(super) async fn act(&self, work: &Work<'_>) -> Result<Ended> {
        work.until(EVERY * 5, || self.ask(work)).await
    }

    async fn ask(&self, work: &Work<'_>) -> Result<Ended> {
        let headers = match &self.token_secret {
            Some(name) => vec![asking::bearer(&work.tools.secret(name).await?)],
            None => Vec::new(),
        };
        let (at, text) = (self.url.as_str(), self.query.as_str());
        let query = asking::Query { at, text, when: asking::When::Now, within: PATIENCE, ca: None, headers };
        let values = match work.tools.stop().or(query.ask()).await? {
            Ok(told) => told.and_then(|told| values(&told)),
            Err(error) => Err(format!("{error}: {}", error.causes().join(": "))),
        };
        let values = match values {
            Ok(values) => values,
            Err(cause) => return Ok(Ended::Failed(cause)),
        };
        let is_fine =
            |value: &f64| self.above.is_none_or(|bound| *value > bound) && self.below.is_none_or(|bound| *value < bound);
        Ok(match values.iter().find(|value| !is_fine(value)) {
            _ if values.is_empty() => Ended::Failed("nothing is measured: the query has no series".to_owned()),
            Some(wrong) => Ended::Failed(format!("it is {wrong}, and has to be {}", self.bounds())),
            None => Ended::found("value", values[0].to_string()),
        })
    }
}

/// The figures of an answer. One with a warning is not all of it: what was left out may be beyond the bounds.
fn values(told: &Told) -> Result<Vec<f64>, String> {
    if !told.warnings.is_empty() {
        return Err(format!("Prometheus warns: {}", told.warnings.join("; ")));
    }
    let number = |(_, text): &(f64, String)| {
        let value = text.parse::<f64>().ok().filter(|value| value.is_finite());
        value.ok_or_else(|| format!("a value that is no number: {text}"))
    };
    told.series.iter().flatten().map(number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_and_what_is_none_is_told() {
        let told = |value: &str, warnings: &[&str]| Told {
            form: asking::Form::Instant,
            series: vec![vec![(1.0, value.to_owned())]],
            warnings: warnings.iter().map(|text| (*text).to_owned()).collect(),
        };
        assert_eq!(values(&told("0.15", &[])), Ok(vec![0.15]));
        for wrong in ["NaN", "+Inf", "nonsense"] {
            assert!(values(&told(wrong, &[])).unwrap_err().contains("no number"), "{wrong}");
        }
        assert_eq!(values(&told("0.15", &["a store is away"])), Err("Prometheus warns: a store is away".to_owned()));
    }
}
