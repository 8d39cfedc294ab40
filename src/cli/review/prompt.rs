//! A line that is typed.

use super::key::Key;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asks {
    /// What the names of tables have to hold.
    TableName,
    /// Which rows are meant.
    Filter,
    /// What people call a rule.
    RuleName,
    /// The reason of the decisions that follow.
    Why,
    /// What a column gets.
    Value,
}

impl Asks {
    /// What stands before the line.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::TableName => "find table:",
            Self::Filter => "filter:",
            Self::RuleName => "name of the rule:",
            Self::Why => "why:",
            Self::Value => "value:",
        }
    }

    /// What can be typed.
    pub(super) const fn help(self) -> &'static str {
        match self {
            Self::TableName => "a part of its name; empty: all",
            Self::RuleName => "as reports call it; empty: none",
            Self::Why => "reports repeat it; empty: none",
            Self::Value => "as PostgreSQL prints it; empty: the empty text",
            Self::Filter => "class=conflict changed=status,total* evidence=column held",
        }
    }
}

/// A line that is typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Prompt {
    pub(super) asks: Asks,
    pub(super) text: String,
    /// How many rows it means so far, where that is known.
    pub(super) means: Option<u64>,
}

/// What a key did to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It goes on.
    More,
    /// It is answered.
    Done,
    /// It is not to be answered.
    Dropped,
}

impl Prompt {
    /// Begins with what was answered before.
    pub(super) fn of(asks: Asks, text: &str) -> Self {
        Self { asks, text: text.to_owned(), means: None }
    }

    pub(super) fn on(&mut self, key: Key) -> Step {
        match key {
            Key::Enter => return Step::Done,
            Key::Esc => return Step::Dropped,
            Key::Backspace => drop(self.text.pop()),
            Key::Char(character) => self.text.push(character),
            _ => {}
        }
        Step::More
    }
}
