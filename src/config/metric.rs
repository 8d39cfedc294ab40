//! Which query of Prometheus answers which question.

use std::path::PathBuf;

use super::criterion::{Bound, CRITERIA, CriteriaList, criterion};
use super::health::timeout;
use super::{Overlap, WebAddress};
use crate::error::{Error, Result};
use crate::policy::keys::{Section, nearest};
use crate::words::Word as _;

/// A query, as `[[metrics]]` says it.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// The question that it answers: one that is built in, or another.
    pub criterion: String,
    /// What it is asked for.
    pub list: CriteriaList,
    /// The question itself.
    pub question: String,
    /// Where Prometheus is.
    pub prometheus: WebAddress,
    /// The query.
    pub query: String,
    /// What every value is held against.
    pub bound: Bound,
    /// For how long every value has to be beyond it; nothing: once.
    pub lasting: Overlap,
    /// How long an answer may take.
    pub timeout: Overlap,
    /// The file of the authorities that may have signed Prometheus' certificate.
    pub ca: Option<PathBuf>,
    /// The file of a token that Prometheus wants, as a bearer's.
    pub token_file: Option<PathBuf>,
}

impl Metric {
    /// Reads all queries, each under `[[metrics]]`.
    pub(super) fn read_all(sections: &[Section<'_>]) -> Result<Vec<Self>> {
        let mut read: Vec<Self> = Vec::with_capacity(sections.len());
        for section in sections {
            let metric = Self::read(section)?;
            if read.iter().any(|known| known.criterion == metric.criterion) {
                return Err(at(section, format!("`{}` is answered by two queries", metric.criterion)));
            }
            read.push(metric);
        }
        Ok(read)
    }

    fn read(section: &Section<'_>) -> Result<Self> {
        section.check(&[
            "criterion",
            "list",
            "question",
            "prometheus",
            "query",
            "above",
            "below",
            "for",
            "timeout",
            "ca",
            "token_file",
        ])?;
        let wanted = |key: &str| section.entry(key).ok_or_else(|| section.lacks(key));
        let named = wanted("criterion")?;
        let name = named.text()?.to_owned();
        let (built_in, list) = (criterion(&name), list(section)?);
        let list = match (built_in, list) {
            (Some(known), Some(list)) if list != known.list => {
                return Err(at(section, format!("`{name}` is built in, and its list is {}", known.list)));
            }
            (Some(known), _) => known.list,
            (None, Some(list)) => list,
            (None, None) => {
                let rest = nearest(&name, CRITERIA.iter().map(|one| one.name));
                let rest = rest
                    .map_or_else(|| "say its `list`, if it is one of yours".to_owned(), |one| format!("did you mean `{one}`?"));
                return Err(named.value_error(format!("no question is called `{name}`; {rest}")));
            }
        };
        let bound = match (number(section, "above")?, number(section, "below")?) {
            (Some(_), Some(_)) => return Err(at(section, format!("`{name}` has both `above` and `below`: write one"))),
            (Some(above), None) => Bound::Above(above),
            (None, Some(below)) => Bound::Below(below),
            (None, None) => built_in
                .and_then(|known| known.bound)
                .ok_or_else(|| at(section, format!("`{name}` wants a number under `above` or `below`")))?,
        };
        let lasting = section.entry("for").map(|entry| Overlap::read(entry.text()?).map_err(|cause| entry.value_error(cause)));
        let question = section.text("question")?;
        Ok(Self {
            question: question
                .unwrap_or_else(|| built_in.map_or_else(|| format!("{name}?"), |known| known.question.to_owned())),
            list,
            prometheus: WebAddress::read(&wanted("prometheus")?)?,
            query: wanted("query")?.text()?.to_owned(),
            bound,
            lasting: lasting.transpose()?.unwrap_or_else(|| Overlap::of_seconds(built_in.map_or(0, |known| known.lasting))),
            timeout: timeout(section)?,
            ca: section.text("ca")?.map(PathBuf::from),
            token_file: section.text("token_file")?.map(PathBuf::from),
            criterion: name,
        })
    }
}

fn at(section: &Section<'_>, cause: String) -> Error {
    section.entry("criterion").map_or_else(|| section.lacks("criterion"), |entry| entry.key_error(cause))
}

fn list(section: &Section<'_>) -> Result<Option<CriteriaList>> {
    let Some(entry) = section.entry("list") else { return Ok(None) };
    let word = entry.text()?;
    let known = [CriteriaList::Automatic, CriteriaList::Evaluated, CriteriaList::FixForward];
    let found = CriteriaList::read(word).ok().filter(|list| known.contains(list));
    let words = || known.map(CriteriaList::word).join(", ");
    found.map(Some).ok_or_else(|| entry.value_error(format!("no list is called `{word}`; known are {}", words())))
}

fn number(section: &Section<'_>, key: &str) -> Result<Option<f64>> {
    let Some(entry) = section.entry(key) else { return Ok(None) };
    let whole = |value: &toml_edit::Value| value.as_integer().and_then(|number| i32::try_from(number).ok()).map(f64::from);
    let value = entry.value().and_then(|value| value.as_float().or_else(|| whole(value)));
    value.filter(|number| number.is_finite()).map(Some).ok_or_else(|| entry.wants("a number"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn read(text: &str) -> Result<Vec<Metric>, String> {
        let config = Config::parse(&format!("[[metrics]]\n{text}"), "failback.toml");
        config.map(|config| config.metrics().to_vec()).map_err(|error| format!("{error:?}"))
    }

    const REST: &str = "prometheus = \"http://p:9090\"\nquery = \"x\"\n";

    #[test]
    fn a_question_that_is_built_in_knows_its_list_and_its_numbers() {
        let metric = &read(&format!("criterion = \"error-rate\"\n{REST}")).unwrap()[0];
        assert_eq!((metric.list, metric.bound, metric.lasting.seconds()), (CriteriaList::Automatic, Bound::Above(0.1), 300));
        let metric = &read(&format!("criterion = \"error-rate\"\nabove = 1\nfor = \"1m\"\n{REST}")).unwrap()[0];
        assert_eq!((metric.bound, metric.lasting.seconds()), (Bound::Above(1.0), 60));
        let own = format!("criterion = \"queue\"\nlist = \"evaluated\"\nbelow = 0.5\nquestion = \"Is it stuck?\"\n{REST}");
        let metric = &read(&own).unwrap()[0];
        assert_eq!((metric.bound, metric.lasting.seconds(), metric.question.as_str()), (Bound::Below(0.5), 0, "Is it stuck?"));
    }

    #[test]
    fn slips_are_told_with_their_line() {
        let cases = [
            ("criterion = \"eror-rate\"", "did you mean `error-rate`?"),
            ("criterion = \"queue\"", "say its `list`"),
            ("criterion = \"queue\"\nlist = \"fact\"", "known are automatic, evaluated, fix-forward"),
            ("criterion = \"error-rate\"\nlist = \"evaluated\"", "its list is automatic"),
            ("criterion = \"outage\"", "`above` or `below`"),
            ("criterion = \"error-rate\"\nabove = 1\nbelow = 2", "write one"),
            ("criterion = \"error-rate\"\nabove = nan", "must be a number"),
            ("criterion = \"error-rate\"\nfor = \"soon\"", "no length of time"),
            ("treshold = 1", "unknown key"),
            ("list = \"automatic\"", "`criterion`"),
        ];
        for (text, cause) in cases {
            let told = read(&format!("{text}\n{REST}")).unwrap_err();
            assert!(told.contains("failback.toml:") && told.contains(cause), "{text}: {told}");
        }
        let twice = format!("criterion = \"error-rate\"\n{REST}[[metrics]]\ncriterion = \"error-rate\"\n{REST}");
        assert!(read(&twice).unwrap_err().contains("failback.toml:6:1"));
    }
}
