//! The answer to one question, and where it comes from.

use serde::Serialize;

use crate::config::CriteriaList;
use crate::error::{Error, ErrorKind, Result};
use crate::policy::keys::nearest;
use crate::words::{Word as _, words};

/// An answer. What is not known is no `no`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// It is so.
    Yes,
    /// It is not so.
    No,
    /// Nothing says whether it is.
    Unknown,
}

words!(Answer {
    Yes => "yes",
    No => "no",
    Unknown => "unknown",
});

impl Answer {
    /// What it says of a server that it could not be asked: `no` where nothing answers; somebody else's certificate, or a slip
    /// of ours, says nothing.
    #[must_use]
    pub fn of_failure(error: &Error) -> Self {
        match error.kind() {
            ErrorKind::Connect | ErrorKind::Timeout => Self::No,
            _ => Self::Unknown,
        }
    }

    /// `yes` where all are, `no` where any is, else `unknown`; `unknown` of nothing at all.
    #[must_use]
    pub fn all(answers: impl IntoIterator<Item = Self>) -> Self {
        let answers: Vec<_> = answers.into_iter().collect();
        match answers.as_slice() {
            [] => Self::Unknown,
            _ if answers.contains(&Self::No) => Self::No,
            _ if answers.contains(&Self::Unknown) => Self::Unknown,
            _ => Self::Yes,
        }
    }

    /// `yes` where any is, `no` where all are, else `unknown`; `unknown` of nothing at all.
    #[must_use]
    pub fn any(answers: impl IntoIterator<Item = Self>) -> Self {
        !Self::all(answers.into_iter().map(|answer| !answer))
    }
}

/// The opposite; of what is not known, what is not known.
impl std::ops::Not for Answer {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
        }
    }
}

/// Why an answer is not known that only people can give.
pub const NOBODY: &str = "nobody has answered";

/// One question with its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reading {
    /// The question's name.
    pub criterion: String,
    /// What it is asked for.
    pub list: CriteriaList,
    /// The question itself.
    pub question: String,
    /// The answer.
    pub answer: Answer,
    /// What was measured, if anything was.
    pub value: Option<String>,
    /// What it is held against.
    pub threshold: Option<String>,
    /// Where the answer comes from, or why there is none.
    pub evidence: String,
    /// Who answered, where a person did.
    pub by: Option<String>,
    /// What was measured where a person says otherwise.
    pub measured: Option<Answer>,
}

/// What a person answers to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The question's name.
    pub criterion: String,
    /// The answer.
    pub answer: Answer,
    /// Who said it.
    pub by: String,
}

impl Said {
    /// Reads `NAME=yes`.
    ///
    /// # Errors
    /// `Usage` if it is something else.
    pub fn parse(text: &str, by: &str) -> Result<Self> {
        let refused = |cause: String| Err(Error::new(ErrorKind::Usage, "read an answer").at("--answer").because(cause));
        let Some((name, word)) = text.split_once('=') else {
            return refused(format!("`{text}` is no answer: write the question's name, =, and yes, no or unknown"));
        };
        match Answer::read(word.trim()) {
            Ok(answer) => Ok(Self { criterion: name.trim().to_owned(), answer, by: by.to_owned() }),
            Err(_) => refused(format!("`{word}` is none of yes, no and unknown")),
        }
    }
}

/// Lays what people said over what was measured; a question that two answer takes the last.
///
/// # Errors
/// `Usage` where there is no such question.
pub(super) fn lay_over(readings: &mut [Reading], said: &[Said]) -> Result<()> {
    for one in said {
        let Some(at) = readings.iter().position(|reading| reading.criterion == one.criterion) else {
            let names = readings.iter().map(|reading| reading.criterion.as_str());
            let rest = nearest(&one.criterion, names.clone()).map_or_else(
                || format!("known are {}", names.collect::<Vec<_>>().join(", ")),
                |meant| format!("did you mean `{meant}`?"),
            );
            return Err(Error::new(ErrorKind::Usage, "read an answer")
                .at("--answer")
                .because(format!("no question is called `{}`; {rest}", one.criterion)));
        };
        let reading = &mut readings[at];
        let before = reading.measured.unwrap_or(reading.answer);
        reading.measured = (before != Answer::Unknown && before != one.answer).then_some(before);
        let instead =
            reading.measured.map_or_else(String::new, |measured| format!("; measured: {measured}, {}", reading.evidence));
        reading.evidence = format!("said by {}{instead}", one.by);
        (reading.answer, reading.by) = (one.answer, Some(one.by.clone()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_neither_all_nor_none() {
        use Answer::{No, Unknown, Yes};
        let cases = [
            (vec![], Unknown, Unknown),
            (vec![Yes, Yes], Yes, Yes),
            (vec![Yes, No], No, Yes),
            (vec![No, No], No, No),
            (vec![Yes, Unknown], Unknown, Yes),
            (vec![No, Unknown], No, Unknown),
        ];
        for (answers, all, any) in cases {
            assert_eq!((Answer::all(answers.clone()), Answer::any(answers.clone())), (all, any), "{answers:?}");
        }
    }

    #[test]
    fn a_person_is_heard_and_what_was_measured_is_kept() {
        let reading = |name: &str, answer| Reading {
            criterion: name.to_owned(),
            list: CriteriaList::Automatic,
            question: String::new(),
            answer,
            value: None,
            threshold: None,
            evidence: "asked".to_owned(),
            by: None,
            measured: None,
        };
        let mut readings = [reading("outage", Answer::No), reading("users-complain", Answer::Unknown)];
        let said = ["outage=yes", "users-complain=no"].map(|text| Said::parse(text, "ada").unwrap());
        lay_over(&mut readings, &said).unwrap();
        assert_eq!((readings[0].answer, readings[0].measured), (Answer::Yes, Some(Answer::No)));
        assert_eq!(readings[0].evidence, "said by ada; measured: no, asked");
        assert_eq!((readings[1].answer, readings[1].measured), (Answer::No, None));
        let told = |text: &str| {
            let said = Said::parse(text, "ada").and_then(|said| lay_over(&mut readings.clone(), &[said]));
            format!("{:?}", said.unwrap_err())
        };
        assert!(told("outag=yes").contains("did you mean `outage`?"));
        assert!(told("outage=maybe").contains("none of yes, no and unknown"));
        assert!(told("outage").contains("no answer"));
    }
}
