//! COPY streams, as bytes.
//!
//! Comes in: `CopyData` from the server, or bytes for it. Goes out: the same bytes; frames and rows may be cut anywhere.
//! Memory: one `CopyData` at a time on the way out; the driver holds at most one message on the way in.
//! Never: looks into the bytes; `wire` does.

use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures::{SinkExt as _, StreamExt as _};
use tokio_postgres::{CopyInSink, CopyOutStream};

use super::session::Line;
use crate::error::Result;

/// Bytes that a server sends for `COPY … TO STDOUT`.
pub struct CopyOut {
    stream: Pin<Box<CopyOutStream>>,
    line: Arc<Line>,
}

impl CopyOut {
    pub(super) fn new(stream: CopyOutStream, line: Arc<Line>) -> Self {
        Self { stream: Box::pin(stream), line }
    }

    /// Returns the next bytes, or nothing once the server said that it sent everything.
    ///
    /// Cancel safety: a dropped call loses nothing; call again.
    ///
    /// # Errors
    /// What the server said, or `Connect` if it went away: an end without the server's word for it is never `None`.
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        self.stream.next().await.transpose().map_err(|error| self.line.fault("copy rows out", error))
    }
}

/// How long a message gets: a server refuses those of 1 GiB, and holds each in its memory as a whole.
const MESSAGE_BYTES: usize = 1 << 20;

/// Bytes for a server's `COPY … FROM STDIN`. Dropped without [`CopyIn::finish`] it aborts the copy.
pub struct CopyIn {
    sink: Pin<Box<CopyInSink<Bytes>>>,
    line: Arc<Line>,
}

impl CopyIn {
    pub(super) fn new(sink: CopyInSink<Bytes>, line: Arc<Line>) -> Self {
        Self { sink: Box::pin(sink), line }
    }

    /// Sends bytes. Waits while the server does not keep up. A complaint of the server about the rows comes with `finish`.
    ///
    /// # Errors
    /// `Connect` if the server went away.
    pub async fn send(&mut self, mut bytes: Bytes) -> Result<()> {
        // A row may be wider than a message, and rows may be cut anywhere.
        while bytes.len() > MESSAGE_BYTES {
            let part = bytes.split_to(MESSAGE_BYTES);
            self.sink.feed(part).await.map_err(|error| self.line.fault("copy rows in", error))?;
        }
        self.sink.feed(bytes).await.map_err(|error| self.line.fault("copy rows in", error))
    }

    /// Ends the copy and returns the number of rows that the server took.
    ///
    /// Cancel safety: none. Dropped while it waits, the copy may have happened.
    ///
    /// # Errors
    /// What the server said about the rows.
    pub async fn finish(mut self) -> Result<u64> {
        self.sink.as_mut().finish().await.map_err(|error| self.line.fault("copy rows in", error))
    }
}
