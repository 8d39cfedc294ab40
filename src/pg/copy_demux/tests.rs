//! Tests of `copy_demux`.

use std::future::poll_fn;

use proptest::prelude::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap();
    [&[kind][..], &length.to_be_bytes(), body].concat()
}

/// Sends bytes in pieces and reads both ways out; gives what the driver saw, and the payloads.
async fn sorted(pieces: Vec<Vec<u8>>, asks: bool) -> (Vec<u8>, Vec<u8>) {
    let demux = Arc::<CopyDemux>::default();
    let mut taking = demux.take().unwrap();
    let (mut server, client) = tokio::io::duplex(64);
    let mut stream = DemuxedStream::plain(client, demux, asks);
    let send = async move {
        for piece in pieces {
            server.write_all(&piece).await.unwrap();
            tokio::task::yield_now().await;
        }
    };
    let drive = async {
        let mut seen = Vec::new();
        stream.read_to_end(&mut seen).await.unwrap();
        seen
    };
    let mut payload = Vec::new();
    let driver = async { tokio::join!(send, drive).1 };
    tokio::pin!(driver);
    let mut chunk = Vec::new();
    let seen = loop {
        tokio::select! {
            biased;
            () = poll_fn(|context| taking.poll(context, &mut chunk)) => payload.extend_from_slice(&chunk),
            seen = &mut driver => break seen,
        }
    };
    let rest = poll_fn(|context| Poll::Ready(taking.poll(context, &mut chunk))).await;
    if rest.is_ready() {
        payload.extend_from_slice(&chunk);
    }
    taking.end();
    (seen, payload)
}

proptest! {
    #[test]
    fn every_byte_goes_one_way_however_the_stream_is_cut(
        messages in prop::collection::vec(
            (prop::sample::select(b"dcCZE12".to_vec()), prop::collection::vec(any::<u8>(), 0..300)),
            0..40,
        ),
        cuts in prop::collection::vec(1_usize..200, 1..20),
        asks: bool,
    ) {
        let (mut whole, mut driver, mut rows) = (Vec::new(), Vec::new(), Vec::<u8>::new());
        if asks {
            whole.push(b'N');
            driver.push(b'N');
        }
        for (kind, body) in &messages {
            whole.extend(message(*kind, body));
            if *kind == b'd' { rows.extend(body) } else { driver.extend(message(*kind, body)) }
        }
        let (mut pieces, mut at, mut turn) = (Vec::new(), 0, 0);
        while at < whole.len() {
            let to = whole.len().min(at + cuts[turn % cuts.len()]);
            pieces.push(whole[at..to].to_vec());
            (at, turn) = (to, turn + 1);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (seen, payload) = runtime.block_on(sorted(pieces, asks));
        prop_assert_eq!(seen, driver);
        prop_assert_eq!(payload, rows);
    }
}

#[tokio::test]
async fn rows_wait_until_they_are_taken_and_no_longer_than_that() {
    let demux = Arc::<CopyDemux>::default();
    let taking = demux.take().unwrap();
    assert!(demux.take().is_none(), "one at a time");
    let (mut server, client) = tokio::io::duplex(1 << 16);
    let mut stream = DemuxedStream::plain(client, Arc::clone(&demux), false);
    let sender = tokio::spawn(async move {
        for _ in 0..64 {
            server.write_all(&message(COPY_DATA, &vec![7; 100_000])).await.unwrap();
        }
        server.write_all(&message(b'Z', b"I")).await.unwrap();
        server
    });
    let mut head = [0; 6];
    let timeout = tokio::time::timeout(std::time::Duration::from_millis(200), stream.read_exact(&mut head)).await;
    assert!(timeout.is_err(), "the driver is told nothing before the rows in front of it are taken");
    assert!(demux.buffer().payload.len() < WAITING_BYTES + AHEAD_BYTES);
    // Given up in the middle of a message: the driver gets the others, whole, and what comes behind them.
    drop(taking);
    let mut seen = Vec::new();
    while !seen.ends_with(b"Z\0\0\0\x05I") {
        stream.read_buf(&mut seen).await.unwrap();
    }
    let rows = seen.len() - 6;
    assert_eq!(rows % 100_005, 0);
    assert!(seen[..rows].chunks(100_005).all(|message| message[0] == COPY_DATA));
    assert!(demux.is_given_up());
    assert!(demux.buffer().payload.is_empty());
    drop(sender.await.unwrap());
}

#[tokio::test]
async fn what_is_no_message_reaches_the_driver_as_it_is() {
    let nonsense = b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec();
    let (seen, payload) = sorted(vec![b"d\0\0\0\x03abc".to_vec(), nonsense.clone()], false).await;
    assert_eq!(seen, [&b"d\0\0\0\x03abc"[..], &nonsense].concat());
    assert!(payload.is_empty());
}

#[tokio::test]
async fn the_servers_process_is_heard_on_the_way() {
    let demux = Arc::<CopyDemux>::default();
    assert_eq!(demux.backend(), None);
    let sent = [message(b'S', b"a\0b\0"), message(b'K', &[0, 0, 2, 1, 9, 9, 9, 9]), message(b'Z', b"I")].concat();
    let mut stream = DemuxedStream::plain(sent.as_slice(), Arc::clone(&demux), false);
    let mut seen = Vec::new();
    stream.read_to_end(&mut seen).await.unwrap();
    assert_eq!((seen, demux.backend()), (sent.clone(), Some(513)));
}
