//! `kind = "prometheus"`: whether a figure is within its bounds (Prometheus HTTP API, `/api/v1/query`).
//!
//! No series, and a value that is no number, are no answer: a figure that nobody measures is not a good one.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::json::parse;
use crate::error::{Error, ErrorKind, Result};
use crate::http::{Address, Request};
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
        let address = Address::parse(&self.url)?.below("/api/v1/query")?.with("query", &self.query)?;
        let mut request = Request::get(address).within(PATIENCE);
        if let Some(name) = &self.token_secret {
            request = request.header("authorization", &format!("Bearer {}", work.tools.secret(name).await?))?;
        }
        let asked = work.tools.stop().or(request.send()).await?;
        let values = match asked.and_then(|answer| values(answer.status(), &answer.text())) {
            Ok(values) => values,
            Err(error) if error.kind() == ErrorKind::Interrupted => return Err(error),
            Err(error) => return Ok(Ended::Failed(format!("{error}: {}", error.causes().join(": ")))),
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

/// Reads the values of an instant query's answer.
fn values(status: u16, text: &str) -> Result<Vec<f64>> {
    let wrong = |cause: String| Error::new(ErrorKind::Malformed, "read what Prometheus answered").because(cause);
    let answer = parse("Prometheus", text)?;
    if status != 200 || answer["status"] != "success" {
        return Err(wrong(format!("status {status}: {}", answer["error"].as_str().unwrap_or("no success"))));
    }
    let result = &answer["data"]["result"];
    let samples: Vec<&Value> = match answer["data"]["resultType"].as_str() {
        Some("scalar") => vec![&result[1]],
        Some("vector") => result.as_array().into_iter().flatten().map(|series| &series["value"][1]).collect(),
        other => return Err(wrong(format!("a result of type {}", other.unwrap_or("unknown")))),
    };
    let number = |sample: &Value| {
        let value = sample.as_str().and_then(|text| text.parse::<f64>().ok()).filter(|value| value.is_finite());
        value.ok_or_else(|| wrong("a value that is no number".to_owned()))
    };
    samples.into_iter().map(number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_and_what_is_none_is_told() {
        let vector = |value: &str| {
            format!(r#"{{"status":"success","data":{{"resultType":"vector","result":[{{"value":[1,"{value}"]}}]}}}}"#)
        };
        assert_eq!(values(200, &vector("0.15")).unwrap(), [0.15]);
        let scalar = r#"{"status":"success","data":{"resultType":"scalar","result":[1,"2"]}}"#;
        assert_eq!(values(200, scalar).unwrap(), [2.0]);
        let none = r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#;
        assert!(values(200, none).unwrap().is_empty());
        for wrong in [vector("NaN"), vector("+Inf"), r#"{"status":"error","error":"no"}"#.to_owned(), "<html>".to_owned()] {
            assert!(values(200, &wrong).is_err(), "{wrong}");
        }
        assert!(values(503, &vector("1")).is_err());
    }
}
