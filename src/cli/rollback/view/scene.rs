//! What is known of a rollback while it is carried out: where each step is, which program runs and what it says.

use std::collections::VecDeque;
use std::time::Duration;

use crate::phases::plan::Plan;
use crate::phases::state::State;

/// So many of the last lines that programs printed are kept.
const KEPT: usize = 32;

/// A rollback under way. Times are lengths since it was begun or gone on with.
#[derive(Clone, Debug)]
pub(super) struct Scene {
    pub(super) title: String,
    pub(super) about: String,
    pub(super) steps: Vec<Row>,
    /// The step that it is at, by place.
    pub(super) at: Option<usize>,
    /// What runs, to the letter, and since when; else what the step looks at.
    pub(super) runs: Option<(String, Duration)>,
    /// The last lines that programs printed.
    pub(super) said: VecDeque<String>,
    /// What is to be told at the bottom: who is waited for, or that it is about to end.
    pub(super) told: Option<String>,
}

/// One step.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) state: State,
    pub(super) began: Option<Duration>,
    pub(super) took: Option<Duration>,
}

impl Scene {
    /// Begins with what was known before; `state` says where a step is.
    pub(super) fn of(plan: &Plan, about: String, state: impl Fn(&str) -> State) -> Self {
        let row = |step: &crate::phases::step::Step| Row {
            id: step.id.clone(),
            title: step.title.clone(),
            state: state(&step.id),
            began: None,
            took: None,
        };
        Self {
            title: format!("{} · {}", plan.runbook.title, plan.environment),
            about,
            steps: plan.runbook.steps.iter().map(row).collect(),
            at: None,
            runs: None,
            said: VecDeque::new(),
            told: None,
        }
    }

    /// A step begins; `shows` is what it will look at or run.
    pub(super) fn begins(&mut self, id: &str, shows: &[String], now: Duration) {
        self.at = self.steps.iter().position(|row| row.id == id);
        self.said.clear();
        self.runs = shows.first().map(|line| (line.clone(), now));
        if let Some(row) = self.at.map(|at| &mut self.steps[at]) {
            (row.state, row.began, row.took) = (State::Running, Some(now), None);
        }
    }

    /// A step's work is over, or it waits.
    pub(super) fn ends(&mut self, id: &str, state: State, cause: Option<&str>, now: Duration) {
        self.runs = None;
        if let Some(row) = self.steps.iter_mut().find(|row| row.id == id) {
            row.state = state;
            row.took = row.began.map(|began| now.saturating_sub(began));
        }
        if let Some(cause) = cause {
            self.told = Some(format!("{id} {state}: {cause}"));
        }
    }

    /// A program was started.
    pub(super) fn starts(&mut self, line: String, now: Duration) {
        self.said.clear();
        self.runs = Some((line, now));
    }

    /// A program printed a line. Brackets alone say nothing to people.
    pub(super) fn prints(&mut self, line: &str) {
        if line.chars().any(char::is_alphanumeric) {
            self.said.push_back(line.trim_end().to_owned());
            if self.said.len() > KEPT {
                self.said.pop_front();
            }
        }
    }

    /// How many steps are over.
    pub(super) fn over(&self) -> usize {
        self.steps.iter().filter(|row| row.state.is_over()).count()
    }
}
