//! What cannot be converted, and where; never the value itself.

use std::error::Error;
use std::fmt;

use crate::name::Ident;

/// A value or batch that does not fit its layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodecError {
    column: Option<Ident>,
    row: Option<usize>,
    problem: CodecProblem,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodecProblem {
    /// The bytes cannot come from the type's send function: wrong length, or a byte that has no meaning.
    Malformed,
    /// Text that is not valid UTF-8, as on a server with encoding `SQL_ASCII`.
    InvalidUtf8,
    /// More than 2 GiB in one column of one batch, or a value above 1 GiB.
    TooLarge,
    /// An Arrow value that stands for no value of the PostgreSQL type.
    Unencodable,
    /// The number or types of columns are not those of the layout.
    Layout,
    /// The companion column `fb_exact` is not what this program writes.
    Companion,
    /// A row or column that the batch does not have.
    OutOfRange,
}

impl CodecError {
    pub(super) const fn batch(problem: CodecProblem) -> Self {
        Self { column: None, row: None, problem }
    }

    pub(super) fn column(column: &Ident, problem: CodecProblem) -> Self {
        Self { column: Some(column.clone()), row: None, problem }
    }

    pub(super) fn cell(column: &Ident, row: usize, problem: CodecProblem) -> Self {
        Self { column: Some(column.clone()), row: Some(row), problem }
    }

    /// Returns the column, if it is about one.
    #[must_use]
    pub const fn column_name(&self) -> Option<&Ident> {
        self.column.as_ref()
    }

    /// Returns the row's position in its batch, counted from 0, if it is about one.
    #[must_use]
    pub const fn row(&self) -> Option<usize> {
        self.row
    }

    /// Returns what is wrong.
    #[must_use]
    pub const fn problem(&self) -> CodecProblem {
        self.problem
    }
}

impl fmt::Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.problem)?;
        match (&self.column, self.row) {
            (Some(column), Some(row)) => write!(f, " in column {column}, row {row} of the batch"),
            (Some(column), None) => write!(f, " in column {column}"),
            (None, _) => Ok(()),
        }
    }
}

impl fmt::Display for CodecProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "malformed binary value",
            Self::InvalidUtf8 => "text that is not valid UTF-8",
            Self::TooLarge => "too many bytes for one batch",
            Self::Unencodable => "value outside the PostgreSQL type's range",
            Self::Layout => "columns that are not those of the layout",
            Self::Companion => "unreadable companion column fb_exact",
            Self::OutOfRange => "no such row or column",
        })
    }
}

impl Error for CodecError {}

/// A problem on its way up, before the column's name is known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fault {
    pub(super) row: Option<usize>,
    pub(super) problem: CodecProblem,
}

impl Fault {
    pub(super) const fn at(row: usize, problem: CodecProblem) -> Self {
        Self { row: Some(row), problem }
    }

    pub(super) const fn whole(problem: CodecProblem) -> Self {
        Self { row: None, problem }
    }

    pub(super) fn of(self, column: &Ident) -> CodecError {
        CodecError { column: Some(column.clone()), row: self.row, problem: self.problem }
    }
}
