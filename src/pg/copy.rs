//! COPY streams, as bytes.
//!
//! Comes in: `CopyData` from the server, or bytes for it. Goes out: the same bytes; frames and rows may be cut anywhere.
//! Memory: what waits in the demux on the way out, twice; the driver holds at most one message on the way in.
//! Never: looks into the bytes; `wire` does.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures::{SinkExt as _, Stream as _};
use tokio_postgres::{CopyInSink, CopyOutStream};

use super::copy_demux::CopyPayloads;
use super::line::Line;
use crate::error::Result;

/// Bytes that a server sends for `COPY … TO STDOUT`. Dropped before its end, it leaves the rest to the driver, which throws it
/// away.
pub struct CopyOut {
    stream: Pin<Box<CopyOutStream>>,
    taking: CopyPayloads,
    chunk: Vec<u8>,
    /// How the COPY ended, while rows that came before that are handed out.
    end: Option<Result<(), tokio_postgres::Error>>,
    line: Arc<Line>,
}

impl CopyOut {
    pub(super) fn new(stream: CopyOutStream, taking: CopyPayloads, line: Arc<Line>) -> Self {
        Self { stream: Box::pin(stream), taking, chunk: Vec::new(), end: None, line }
    }

    /// Returns the next bytes, or nothing once the server said that it sent everything.
    ///
    /// Cancel safety: a dropped call loses nothing; call again.
    ///
    /// # Errors
    /// What the server said, or `Connect` if it went away: an end without the server's word for it is never `None`.
    pub async fn next(&mut self) -> Result<Option<&[u8]>> {
        match poll_fn(|context| self.poll(context)).await {
            Ok(true) => Ok(Some(&self.chunk)),
            Ok(false) => Ok(None),
            Err(error) => Err(self.line.fault("copy rows out", error)),
        }
    }

    /// Fetches the next chunk; false at the end.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<bool, tokio_postgres::Error>> {
        if self.taking.poll(context, &mut self.chunk).is_ready() {
            return Poll::Ready(Ok(true));
        }
        if self.end.is_none() {
            self.end = Some(match ready!(self.stream.as_mut().poll_next(context)) {
                Some(Ok(bytes)) => {
                    self.chunk = bytes.into();
                    return Poll::Ready(Ok(true));
                }
                Some(Err(error)) => Err(error),
                None => Ok(()),
            });
            self.taking.end();
            // What came before the end may have come since it was looked for.
            if self.taking.poll(context, &mut self.chunk).is_ready() {
                return Poll::Ready(Ok(true));
            }
        }
        Poll::Ready(self.end.take().unwrap_or(Ok(())).map(|()| false))
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
