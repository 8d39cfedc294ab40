//! Sequences: OLD's are raised past what NEW's have handed out and past the rows of both sides, before traffic goes back.
//!
//! Comes in: both servers, and how much room is wanted. Goes out: where every sequence stands, what is missing, and, where it
//! is asked for, OLD's sequences further on.
//! Never: lowers a sequence, writes a row, or writes to NEW.

mod draw;
mod execute;
mod look;
mod pairs;
mod position;
mod raise;
mod report;
mod room;

pub(crate) use draw::draw_up_to;
pub use execute::sequences;
pub use position::Position;
pub use raise::raise_sequences;
pub use report::{DatabaseSequences, NewSequence, NumberedRows, SequenceAccount, SequenceState, SequencesReport};
