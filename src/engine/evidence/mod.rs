//! What says whether a row was written since the cutover; one file a kind of evidence.
//!
//! Comes in: the cutover, the overlap, the zone, and decoded rows. Goes out: a witness a row, and the predicate that selects
//! candidates.
//! Never: classifies a row; that is `delta`.

mod stamps;

pub(crate) use stamps::{Clock, Stamps};
