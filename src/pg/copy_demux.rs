//! The rows of a COPY, led past the driver.
//!
//! The driver hands out a COPY's rows one message at a time, through a channel and a counted buffer each; for narrow rows that
//! costs more than everything else that is done with them. So the stream below the driver takes the payload of every `CopyData`
//! message out on its way and leaves all other messages to the driver, which sees a COPY without rows and says how it ended.
//!
//! Comes in: the bytes of a connection, plain or as TLS decrypts them. Goes out: to the driver, the same bytes less those
//! payloads; to [`super::copy`], the payloads, in order and without gaps. Format: PostgreSQL's documentation, "Message
//! Formats": a type byte, a length of four bytes that counts itself, a body.
//! Memory: [`AHEAD_BYTES`] read ahead, and payloads up to [`WAITING_BYTES`] and one read more.
//! Never: looks into a payload; takes anything unless a COPY has been asked for.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};

/// How much is read from the socket at a time.
const AHEAD_BYTES: usize = 256 << 10;

/// How many bytes of payloads may wait before the socket is left alone.
const WAITING_BYTES: usize = 1 << 20;

/// The type of a message with rows.
const COPY_DATA: u8 = b'd';

/// The type of the message that names the server's process.
const BACKEND_KEY: u8 = b'K';

/// Type and length of a message.
const HEAD: usize = 5;

/// Where the payloads go. Shared by a connection's stream and its session.
#[derive(Default)]
pub(super) struct CopyDemux {
    /// Whether TLS is spoken, so that the plain stream carries no messages.
    encrypted: AtomicBool,
    buffer: Mutex<Buffer>,
}

#[derive(Default)]
struct Buffer {
    state: State,
    payload: Vec<u8>,
    /// What the server said at the start of who serves the connection: the process's number, then a secret.
    key: Vec<u8>,
    /// Who waits for payloads.
    reader: Option<Waker>,
    /// Who waits for room.
    writer: Option<Waker>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum State {
    /// No COPY runs.
    #[default]
    Free,
    /// A COPY's rows are wanted.
    CopyPayloads,
    /// A COPY was given up before its end; the driver throws the rest of its rows away.
    GivenUp,
}

impl CopyDemux {
    fn buffer(&self) -> MutexGuard<'_, Buffer> {
        // Nothing panics while it holds the lock, and a buffer is whole between any two statements.
        self.buffer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether rows of a COPY that was given up may still be on their way.
    pub(super) fn is_given_up(&self) -> bool {
        self.buffer().state == State::GivenUp
    }

    /// Returns the number of the process that the other end said would serve the connection, if it said so.
    pub(super) fn backend(&self) -> Option<i32> {
        self.buffer().key.first_chunk().map(|number| i32::from_be_bytes(*number))
    }

    /// Begins to take. `None` while another COPY's rows are taken. The driver must have answered everything since a COPY was
    /// given up.
    pub(super) fn take(self: &Arc<Self>) -> Option<CopyPayloads> {
        let mut buffer = self.buffer();
        if buffer.state == State::CopyPayloads {
            return None;
        }
        buffer.state = State::CopyPayloads;
        buffer.payload.clear();
        drop(buffer);
        Some(CopyPayloads { demux: Arc::clone(self), ended: false })
    }
}

/// A COPY whose rows are taken. Dropped before its end, it leaves the rest to the driver.
pub(super) struct CopyPayloads {
    demux: Arc<CopyDemux>,
    ended: bool,
}

impl CopyPayloads {
    /// Replaces what `into` holds by the payloads that have come, if any; else wakes the caller once some do.
    pub(super) fn poll(&self, context: &Context<'_>, into: &mut Vec<u8>) -> Poll<()> {
        let mut buffer = self.demux.buffer();
        if buffer.payload.is_empty() {
            buffer.reader = Some(context.waker().clone());
            return Poll::Pending;
        }
        into.clear();
        std::mem::swap(into, &mut buffer.payload);
        if let Some(writer) = buffer.writer.take() {
            writer.wake();
        }
        Poll::Ready(())
    }

    /// Says that the driver has seen the COPY's end.
    pub(super) fn end(&mut self) {
        self.ended = true;
    }
}

impl Drop for CopyPayloads {
    fn drop(&mut self) {
        let mut buffer = self.demux.buffer();
        buffer.state = if self.ended { State::Free } else { State::GivenUp };
        buffer.payload = Vec::new();
        if let Some(writer) = buffer.writer.take() {
            writer.wake();
        }
    }
}

/// A stream below the driver.
pub(super) struct DemuxedStream<S> {
    inner: S,
    demux: Arc<CopyDemux>,
    /// Whether this is the stream inside TLS.
    inside: bool,
    ahead: Box<[u8]>,
    /// The part of `ahead` that has been read and not been passed on.
    rest: std::ops::Range<usize>,
    part: Part,
}

/// Where in a message the stream is.
enum Part {
    /// So many bytes that come before any message.
    Prelude(usize),
    /// In a head, so much of which is known.
    Head([u8; HEAD], usize),
    /// In a message for the driver: the head, how much of it has been passed on, and how much of the body is left.
    Through([u8; HEAD], usize, usize),
    /// In a payload, so much of which is left.
    Payload(usize),
}

impl<S> DemuxedStream<S> {
    /// Wraps a plain stream. `asks` says that TLS will be asked for: the answer is one byte and no message.
    pub(super) fn plain(inner: S, demux: Arc<CopyDemux>, asks: bool) -> Self {
        Self::new(inner, demux, false, if asks { Part::Prelude(1) } else { Part::Head([0; HEAD], 0) })
    }

    /// Wraps what TLS decrypts; the plain stream below passes everything from now on.
    pub(super) fn inside_tls(inner: S, demux: Arc<CopyDemux>) -> Self {
        Self::new(inner, demux, true, Part::Head([0; HEAD], 0))
    }

    fn new(inner: S, demux: Arc<CopyDemux>, inside: bool, part: Part) -> Self {
        Self { inner, demux, inside, ahead: vec![0; AHEAD_BYTES].into_boxed_slice(), rest: 0..0, part }
    }

    /// Sorts what has been read ahead: payloads into the buffer, everything else into `out`, until one of them is full.
    fn sort(&mut self, context: &Context<'_>, out: &mut ReadBuf<'_>) {
        let demux = Arc::clone(&self.demux);
        let mut buffer = demux.buffer();
        let before = buffer.payload.len();
        self.take_whole(&mut buffer);
        while self.step(&mut buffer, context, out) {
            self.take_whole(&mut buffer);
        }
        if buffer.payload.len() > before
            && let Some(reader) = buffer.reader.take()
        {
            reader.wake();
        }
    }

    /// Takes in the payloads of messages that have come as a whole: rows are mostly small, and steps would cost more than they.
    fn take_whole(&mut self, buffer: &mut Buffer) {
        if buffer.state != State::CopyPayloads || !matches!(self.part, Part::Head(_, 0)) {
            return;
        }
        let mut read = &self.ahead[self.rest.clone()];
        while let Some((head, tail)) = read.split_first_chunk()
            && buffer.payload.len() < WAITING_BYTES
            && let Part::Payload(length) = body(*head, true)
            && let Some((payload, rest)) = tail.split_at_checked(length)
        {
            buffer.payload.extend_from_slice(payload);
            read = rest;
        }
        self.rest.start = self.rest.end - read.len();
    }

    /// Goes on by a part of a message; false where there is nothing to go on with, or no room for it.
    fn step(&mut self, buffer: &mut Buffer, context: &Context<'_>, out: &mut ReadBuf<'_>) -> bool {
        let read = &self.ahead[self.rest.clone()];
        let used = match &mut self.part {
            Part::Through(head, passed, _) if *passed < HEAD => {
                let used = pass(&head[*passed..], out);
                *passed += used;
                return used > 0;
            }
            Part::Prelude(0) | Part::Through(_, _, 0) | Part::Payload(0) => {
                self.part = Part::Head([0; HEAD], 0);
                return true;
            }
            Part::Head(head, known) => {
                let used = read.len().min(HEAD - *known);
                head[*known..*known + used].copy_from_slice(&read[..used]);
                *known += used;
                if *known == HEAD {
                    self.part = body(*head, buffer.state == State::CopyPayloads);
                }
                used
            }
            Part::Payload(left) => {
                let used = buffer.receive(&read[..read.len().min(*left)], context);
                *left -= used;
                used
            }
            Part::Through(head, _, left) => {
                let used = pass(&read[..read.len().min(*left)], out);
                if head[0] == BACKEND_KEY {
                    buffer.key.extend_from_slice(&read[..used]);
                }
                *left -= used;
                used
            }
            Part::Prelude(left) => {
                let used = pass(&read[..read.len().min(*left)], out);
                *left -= used;
                used
            }
        };
        self.rest.start += used;
        used > 0
    }

    /// Whether the stream carries no messages, as TLS is spoken on it.
    fn is_encrypted(&self) -> bool {
        !self.inside && self.demux.encrypted.load(Ordering::Acquire)
    }
}

impl Buffer {
    /// Takes in a part of a payload, unless too much is waiting; returns how much.
    fn receive(&mut self, part: &[u8], context: &Context<'_>) -> usize {
        if self.state != State::CopyPayloads {
            return part.len();
        }
        if self.payload.len() >= WAITING_BYTES {
            self.writer = Some(context.waker().clone());
            return 0;
        }
        self.payload.extend_from_slice(part);
        part.len()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for DemuxedStream<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.is_encrypted() {
            let used = pass(&this.ahead[this.rest.clone()], out);
            this.rest.start += used;
            return if used > 0 { Poll::Ready(Ok(())) } else { Pin::new(&mut this.inner).poll_read(context, out) };
        }
        let before = out.filled().len();
        loop {
            this.sort(context, out);
            if out.filled().len() > before {
                return Poll::Ready(Ok(()));
            }
            if !this.rest.is_empty() {
                return Poll::Pending;
            }
            let mut ahead = ReadBuf::new(&mut this.ahead);
            ready!(Pin::new(&mut this.inner).poll_read(context, &mut ahead))?;
            this.rest = 0..ahead.filled().len();
            if this.rest.is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for DemuxedStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

impl<S: TlsStream + Unpin> TlsStream for DemuxedStream<S> {
    fn channel_binding(&self) -> ChannelBinding {
        self.inner.channel_binding()
    }
}

/// A TLS connector whose streams are diverted on the inside.
pub(super) struct DivertedTls<T> {
    tls: T,
    demux: Arc<CopyDemux>,
}

impl<T> DivertedTls<T> {
    /// Wraps a connector.
    pub(super) fn new(tls: T, demux: Arc<CopyDemux>) -> Self {
        Self { tls, demux }
    }
}

impl<S, T> TlsConnect<S> for DivertedTls<T>
where
    T: TlsConnect<S>,
    T::Future: Send + 'static,
{
    type Stream = DemuxedStream<T::Stream>;
    type Error = T::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Stream, Self::Error>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        self.demux.encrypted.store(true, Ordering::Release);
        let connecting = self.tls.connect(stream);
        Box::pin(async move { Ok(DemuxedStream::inside_tls(connecting.await?, self.demux)) })
    }
}

/// Tells from its head what is done with a message's body.
fn body(head: [u8; HEAD], taking: bool) -> Part {
    let [kind, length @ ..] = head;
    match u32::from_be_bytes(length).checked_sub(4).and_then(|left| usize::try_from(left).ok()) {
        Some(left) if kind == COPY_DATA && taking => Part::Payload(left),
        Some(left) => Part::Through(head, 0, left),
        // No message; the driver will say so.
        None => Part::Through(head, 0, usize::MAX),
    }
}

/// Passes as many bytes on as there is room for.
fn pass(bytes: &[u8], out: &mut ReadBuf<'_>) -> usize {
    let used = bytes.len().min(out.remaining());
    out.put_slice(&bytes[..used]);
    used
}

#[cfg(test)]
mod tests;
