//! What a merge does with a row of a load table.

use crate::schema::ForeignKey;
use crate::words::words;

/// What a merge does with a row of a load table, in the order in which it is done. Its word is the letter in the load table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operation {
    /// OLD's row is deleted.
    Delete,
    /// OLD's row is changed in place.
    Update,
    /// OLD's row is changed in place, and what a foreign key refers by changes with it.
    Move,
    /// OLD's row is deleted, and inserted again as it becomes.
    Replace,
    /// A row is inserted under a key that OLD does not have.
    Insert,
    /// Nothing is done to a row that OLD has. Loaded only of tables without a key, where copies are counted.
    Stay,
    /// Nothing is done about a row that OLD lacks; as [`Stay`](Self::Stay).
    Lack,
}

words!(Operation {
    Delete => "d",
    Update => "u",
    Move => "m",
    Replace => "r",
    Insert => "i",
    Stay => "k",
    Lack => "n",
});

impl Operation {
    /// Whether a row that was on OLD is deleted, be it to come again.
    #[must_use]
    pub const fn takes_row(self) -> bool {
        match self {
            Self::Delete | Self::Replace => true,
            Self::Update | Self::Move | Self::Insert | Self::Stay | Self::Lack => false,
        }
    }

    /// Whether children of a row may lose it: it goes, or may leave the one partition that they refer to.
    #[must_use]
    pub const fn may_take_parent(self, key: &ForeignKey) -> bool {
        self.takes_row() || key.parent_part.is_some() && matches!(self, Self::Update | Self::Move)
    }

    /// Whether a row is on OLD afterwards.
    #[must_use]
    pub const fn brings_row(self) -> bool {
        match self {
            Self::Update | Self::Move | Self::Replace | Self::Insert => true,
            Self::Delete | Self::Stay | Self::Lack => false,
        }
    }

    /// Returns the byte that stands for it in the load table, which is of type `"char"`.
    #[must_use]
    pub const fn letter(self) -> u8 {
        self.word().as_bytes()[0]
    }
}
