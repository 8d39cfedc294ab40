//! Rows on their way between a server and a file: COPY streams as batches, rows by key, segment files, load tables.
//!
//! Comes in: a session and a statement, or batches. Goes out: decoded batches in a known order, finished segments, rows copied
//! into a load table on OLD.
//! Never: decides which rows are wanted, or what a difference means.

mod composed;
pub(crate) mod counterpart;
mod digest;
mod fingerprint;
mod image;
mod key;
mod load;
mod own_names;
mod segment;
mod sent_row;
mod stream;

pub(crate) use composed::{Composed, composed_batch, composed_schema};
pub(crate) use counterpart::{KEYS_PER_STATEMENT, fetch, is_no_value, key_positions, key_texts, one_key};
pub(crate) use digest::{Digest, RowDigests, digest_column, digest_type, digests_schema, key_digests};
pub(crate) use fingerprint::fingerprint;
pub(crate) use image::{Image, base_schema, image_layout, landed_layout};
pub(crate) use key::key_layout;
pub(crate) use load::{Loading, load_columns, view};
pub(crate) use own_names::finding_names;
pub(crate) use segment::{LazySegment, RawSegment, Target};
pub(crate) use sent_row::SentRow;
pub(crate) use stream::{BATCH_BYTES, BATCH_ROWS, Batches, RawRows};
