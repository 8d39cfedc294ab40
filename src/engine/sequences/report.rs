//! Where every sequence stands, and what becomes of it.

use serde::Serialize;

use super::position::Position;
use crate::name::Side;
use crate::words::words;

/// Where the sequences of both sides stand.
#[derive(Clone, Debug, Serialize)]
pub struct SequencesReport {
    /// Whether OLD's were raised, or it was only looked at.
    pub applied: bool,
    /// How many numbers of room were asked for beyond NEW's.
    pub gap: u64,
    /// One record a database, by name.
    pub databases: Vec<DatabaseSequences>,
    /// What a person should know: databases that were not looked at, and why.
    pub notes: Vec<String>,
}

/// The sequences of one database.
#[derive(Clone, Debug, Serialize)]
pub struct DatabaseSequences {
    /// Its name.
    pub name: String,
    /// One record for each sequence of OLD, by name.
    pub sequences: Vec<SequenceAccount>,
    /// Sequences of NEW to which none of OLD's answers: nothing is raised for them.
    pub new_only: Vec<String>,
}

/// One sequence of OLD.
#[derive(Clone, Debug, Serialize)]
pub struct SequenceAccount {
    /// OLD's, as `schema.name`.
    pub sequence: String,
    /// What it is to OLD.
    pub state: SequenceState,
    /// Where it stands; unknown where this user may not read it.
    pub old: Option<Position>,
    /// What answers to it on NEW.
    pub new: Vec<NewSequence>,
    /// How far the columns go that it numbers, on either side.
    pub rows: Vec<NumberedRows>,
    /// Its step; negative where it counts down.
    pub increment: i64,
    /// How many numbers a session takes at a time.
    pub cache: i64,
    /// Whether it begins again at its end.
    pub cycle: bool,
    /// The number that it must have handed out; nothing where it need not be raised.
    pub to: Option<i64>,
    /// Where it stood before it was raised, if it was.
    pub raised_from: Option<Position>,
    /// How many numbers it can hand out from there on.
    pub left: Option<u64>,
    /// Why it cannot be raised far enough.
    pub stuck: Vec<String>,
    /// What could not be read, so that it may have to be raised further.
    pub unread: Vec<String>,
    /// What a person should know.
    pub remarks: Vec<String>,
    /// Statements that would give this user what is missing.
    pub grants: Vec<String>,
}

/// A sequence of NEW that answers to one of OLD.
#[derive(Clone, Debug, Serialize)]
pub struct NewSequence {
    /// As `schema.name`.
    pub sequence: String,
    /// Where it stands; unknown where this user may not read it.
    pub stands: Option<Position>,
}

/// How far the numbers of a column go.
#[derive(Clone, Debug, Serialize)]
pub struct NumberedRows {
    /// On which side.
    pub side: Side,
    /// The table, as `schema.name`.
    pub table: String,
    /// The column.
    pub column: String,
    /// The greatest value, of a sequence that counts down the least, of those that OLD's sequence can go on from.
    pub furthest: Option<i64>,
    /// The furthest value of all, where that is beyond.
    pub beyond: Option<i64>,
}

/// What a sequence of OLD is to what NEW and the rows have used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SequenceState {
    /// It is past all of it, or promises no new number.
    Ahead,
    /// It must be raised.
    Behind,
    /// It was.
    Raised,
    /// It must be raised and cannot be, or has no number left.
    Stuck,
    /// Where it stands is not known.
    NotKnown,
}

words!(SequenceState {
    Ahead => "ahead",
    Behind => "behind",
    Raised => "raised",
    Stuck => "stuck",
    NotKnown => "not_known",
});

impl SequencesReport {
    /// Lists the sequences of OLD, each with its database.
    pub fn sequences(&self) -> impl Iterator<Item = (&str, &SequenceAccount)> {
        self.databases.iter().flat_map(|one| one.sequences.iter().map(|sequence| (one.name.as_str(), sequence)))
    }

    /// Returns how many are in a state.
    #[must_use]
    pub fn count(&self, state: SequenceState) -> usize {
        self.sequences().filter(|(_, one)| one.state == state).count()
    }

    /// Whether something stands in the way, or could not be looked at.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        let lacks = |one: &SequenceAccount| {
            matches!(one.state, SequenceState::Stuck | SequenceState::NotKnown) || !one.unread.is_empty()
        };
        self.sequences().any(|(_, one)| lacks(one))
    }
}
