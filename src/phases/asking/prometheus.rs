//! A question to Prometheus (its HTTP API, `/api/v1/query` and `/api/v1/query_range`), and its answer as it is read.

use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::error::Result;
use crate::http::{Address, Request, Trust};

/// A question.
#[derive(Clone, Debug)]
pub(in crate::phases) struct Query<'a> {
    /// Prometheus' address.
    pub(in crate::phases) at: &'a str,
    /// What is asked, in Prometheus' language.
    pub(in crate::phases) text: &'a str,
    pub(in crate::phases) when: When,
    pub(in crate::phases) within: Duration,
    /// The file of the authorities that may have signed its certificate; the machine's, if none.
    pub(in crate::phases) ca: Option<&'a Path>,
    /// Headers, whose values nothing shows.
    pub(in crate::phases) headers: Vec<(String, String)>,
}

/// For which instants, in seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::phases) enum When {
    /// For now.
    Now,
    /// From the first to the last, so many seconds apart.
    Range(i64, i64, u32),
}

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::phases) enum Form {
    /// Of one instant.
    Instant,
    /// Of several.
    Range,
}

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::phases) struct Told {
    pub(in crate::phases) form: Form,
    pub(in crate::phases) series: Vec<Series>,
    /// What was left out of the answer, as where one of several stores was out of reach.
    pub(in crate::phases) warnings: Vec<String>,
}

/// The values of one series, each with its instant.
pub(in crate::phases) type Series = Vec<(f64, String)>;

#[derive(Deserialize)]
struct Document {
    status: String,
    error: Option<String>,
    data: Option<Data>,
    #[serde(default)]
    warnings: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    result_type: String,
    result: Value,
}

#[derive(Deserialize)]
struct Many {
    values: Series,
}

#[derive(Deserialize)]
struct One {
    value: (f64, String),
}

impl Query<'_> {
    /// Asks, once. Within it is why what was answered is no answer.
    ///
    /// # Errors
    /// What keeps it from being asked, or from answering.
    pub(in crate::phases) async fn ask(&self) -> Result<Result<Told, String>> {
        let base = Address::parse(self.at)?;
        let address = match self.when {
            When::Now => base.below("/api/v1/query")?.with("query", self.text)?,
            When::Range(start, end, step) => base
                .below("/api/v1/query_range")?
                .with("query", self.text)?
                .with("start", &start.to_string())?
                .with("end", &end.to_string())?
                .with("step", &step.to_string())?,
        };
        let trust = self.ca.map_or(Trust::System, |ca| Trust::File(ca.to_path_buf()));
        let request = Request::get(address).within(self.within).trusting(trust);
        let request = self.headers.iter().try_fold(request, |request, (name, value)| request.header(name, value))?;
        let answer = request.send().await?;
        if answer.is_cut() {
            return Ok(Err("the answer is too long: let the query have fewer results".to_owned()));
        }
        Ok(match (answer.status(), read(answer.body())) {
            (200, told) => told,
            (status, Ok(_)) => Err(format!("it answers with status {status}")),
            (status, Err(cause)) => Err(format!("{cause} (status {status})")),
        })
    }
}

/// Reads an answer, or says why it is none.
pub(in crate::phases) fn read(body: &[u8]) -> Result<Told, String> {
    let none = || "what was answered is none of Prometheus' documents".to_owned();
    let document: Document = serde_json::from_slice(body).map_err(|_| none())?;
    let data = match (document.status.as_str(), document.data) {
        ("success", Some(data)) => data,
        ("error", _) => return Err(format!("Prometheus says: {}", document.error.unwrap_or_default())),
        _ => return Err(none()),
    };
    let (form, series) = match data.result_type.as_str() {
        "matrix" => (
            Form::Range,
            serde_json::from_value::<Vec<Many>>(data.result).map(|all| all.into_iter().map(|one| one.values).collect()),
        ),
        "vector" => (
            Form::Instant,
            serde_json::from_value::<Vec<One>>(data.result).map(|all| all.into_iter().map(|one| vec![one.value]).collect()),
        ),
        "scalar" => (Form::Instant, serde_json::from_value(data.result).map(|value| vec![vec![value]])),
        other => return Err(format!("what was answered is a {other}, and no figure")),
    };
    Ok(Told { form, series: series.map_err(|_| none())?, warnings: document.warnings })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_read_and_what_is_none_is_told() {
        let document = |kind: &str, result: &str| {
            read(format!(r#"{{"status":"success","data":{{"resultType":"{kind}","result":{result}}}}}"#).as_bytes())
        };
        let series = |told: Result<Told, String>| told.map(|told| (told.form, told.series));
        let one = |value: &str| vec![(1.0, value.to_owned())];
        assert_eq!(series(document("vector", r#"[{"value":[1,"0.15"]}]"#)), Ok((Form::Instant, vec![one("0.15")])));
        assert_eq!(series(document("scalar", r#"[1,"2"]"#)), Ok((Form::Instant, vec![one("2")])));
        assert_eq!(series(document("matrix", r#"[{"values":[[1,"NaN"]]}]"#)), Ok((Form::Range, vec![one("NaN")])));
        assert_eq!(series(document("vector", "[]")), Ok((Form::Instant, vec![])));
        assert!(document("string", r#"[1,"x"]"#).unwrap_err().contains("a string, and no figure"));
        for wrong in ["<html>", "{}", r#"{"status":"success"}"#, "[]"] {
            assert!(read(wrong.as_bytes()).unwrap_err().contains("none of Prometheus' documents"), "{wrong}");
        }
        assert_eq!(read(br#"{"status":"error","error":"parse error"}"#), Err("Prometheus says: parse error".to_owned()));
    }
}
