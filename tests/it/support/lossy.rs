//! A way to a server on which the answer to COMMIT gets lost: the server commits, and the connection is gone before it says so.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// Returns the URL of a database with a port of ours in place of the server's. It passes everything on, but from a query that
/// ends with `commit` on passes no answer back. It is open as long as the process.
pub(crate) fn lossy(url: &str) -> String {
    let (login, rest) = url.rsplit_once(':').expect("a port in the URL");
    let (port, database) = rest.split_once('/').expect("a database in the URL");
    let port: u16 = port.parse().expect("a port");
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let own = format!("{login}:{}/{database}", listener.local_addr().expect("an address").port());
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let server = TcpStream::connect(("127.0.0.1", port)).expect("the server");
            let deaf = Arc::new(AtomicBool::new(false));
            let (asked, answered) = (both(&client, &server), both(&server, &client));
            let hears_nothing = Arc::clone(&deaf);
            thread::spawn(move || {
                pass(asked, |bytes| {
                    if bytes.windows(7).any(|end| end == b"commit\0") {
                        hears_nothing.store(true, Ordering::SeqCst);
                    }
                    true
                });
            });
            thread::spawn(move || pass(answered, |_| !deaf.load(Ordering::SeqCst)));
        }
    });
    own
}

fn both(from: &TcpStream, to: &TcpStream) -> (TcpStream, TcpStream) {
    (from.try_clone().expect("a socket"), to.try_clone().expect("a socket"))
}

/// Passes bytes on until either end is gone or `goes_on` says no.
fn pass((mut from, mut to): (TcpStream, TcpStream), mut goes_on: impl FnMut(&[u8]) -> bool) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        if !goes_on(&buffer[..length]) || to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}
