//! Asking Prometheus.

use std::time::Duration;

use super::super::reading::{Answer, Reading};
use super::super::spelling::{failure, length, number};
use super::series::{Window, judge};
use super::token;
use crate::config::{Bound, Metric};
use crate::error::Result;
use crate::http::{Address, Request, Trust};

/// Where the answers of a range query are, below Prometheus' address.
const RANGE: &str = "/api/v1/query_range";

/// Asks one question, as of an instant in seconds since 1970.
pub(super) async fn ask(metric: &Metric, now: i64) -> Reading {
    let window = Window::new(now, metric.lasting.seconds());
    let mut reading = Reading {
        criterion: metric.criterion.clone(),
        list: metric.list,
        question: metric.question.clone(),
        answer: Answer::Unknown,
        value: None,
        threshold: Some(threshold(metric)),
        evidence: String::new(),
        by: None,
        measured: None,
    };
    let answer = match request(metric, window) {
        Ok(request) => request.send().await,
        Err(error) => Err(error),
    };
    match answer {
        Err(error) => reading.evidence = failure(&error),
        Ok(answer) if answer.is_cut() => {
            reading.evidence = String::from("the answer is too long: let the query have fewer results");
        }
        Ok(answer) => {
            let found = judge(answer.body(), metric.bound, window);
            (reading.answer, reading.value) = (found.answer, found.value);
            reading.evidence = match answer.status() {
                200 => found.evidence,
                status => format!("{} (status {status})", found.evidence),
            };
            if answer.status() != 200 {
                reading.answer = Answer::Unknown;
            }
        }
    }
    reading
}

fn request(metric: &Metric, window: Window) -> Result<Request> {
    let address = Address::parse(metric.prometheus.as_str())?
        .below(RANGE)?
        .with("query", &metric.query)?
        .with("start", &window.start().to_string())?
        .with("end", &window.end.to_string())?
        .with("step", &window.step.to_string())?;
    let trust = metric.ca.clone().map_or(Trust::System, Trust::File);
    let request = Request::get(address).within(Duration::from_secs(metric.timeout.seconds().into())).trusting(trust);
    token::show(request, metric.token_file.as_deref())
}

fn threshold(metric: &Metric) -> String {
    let bound = match metric.bound {
        Bound::Above(above) => format!("> {}", number(above)),
        Bound::Below(below) => format!("< {}", number(below)),
    };
    match metric.lasting.seconds() {
        0 => bound,
        seconds => format!("{bound} for {}", length(seconds.into())),
    }
}
