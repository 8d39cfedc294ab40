//! Asking Prometheus.

use std::time::Duration;

use super::super::asking::{Query, When, of_file};
use super::super::reading::{Answer, Reading};
use super::super::spelling::{failure, length, number};
use super::series::{Window, judge};
use crate::config::{Bound, Metric};

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
    let asked = async {
        let query = Query {
            at: metric.prometheus.as_str(),
            text: &metric.query,
            when: When::Range(window.start(), window.end, window.step),
            within: Duration::from_secs(metric.timeout.seconds().into()),
            ca: metric.ca.as_deref(),
            headers: of_file(metric.token_file.as_deref())?,
        };
        query.ask().await
    };
    match asked.await {
        Err(error) => reading.evidence = failure(&error),
        Ok(told) => {
            let found = judge(told, metric.bound, window);
            (reading.answer, reading.value, reading.evidence) = (found.answer, found.value, found.evidence);
        }
    }
    reading
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
