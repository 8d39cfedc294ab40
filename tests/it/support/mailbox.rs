//! A mail server of a few lines, on loopback, in the clear: it keeps what it is given, or refuses it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// A server that takes mail until it is dropped.
pub(crate) struct Mailbox {
    address: SocketAddr,
    over: Arc<AtomicBool>,
    /// Whether it refuses all mail for now, as servers do that are overloaded.
    pub(crate) refuses: Arc<AtomicBool>,
    mails: Arc<Mutex<Vec<String>>>,
}

impl Mailbox {
    /// Starts to take mail.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let box_ = Self { address, over: Arc::default(), refuses: Arc::default(), mails: Arc::default() };
        let (over, refuses, mails) = (Arc::clone(&box_.over), Arc::clone(&box_.refuses), Arc::clone(&box_.mails));
        thread::spawn(move || {
            for stream in listener.incoming().flatten().take_while(|_| !over.load(Ordering::Relaxed)) {
                let (refuses, mails) = (Arc::clone(&refuses), Arc::clone(&mails));
                thread::spawn(move || converse(&stream, &refuses, &mails));
            }
        });
        box_
    }

    /// Its address, with a user and a password that it asks nobody for.
    pub(crate) fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// The mails that it took: senders and recipients, then what was sent.
    pub(crate) fn mails(&self) -> Vec<String> {
        self.mails.lock().expect("mails").clone()
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.address);
    }
}

fn converse(stream: &TcpStream, refuses: &AtomicBool, mails: &Mutex<Vec<String>>) -> Option<()> {
    let mut to_client = stream.try_clone().ok()?;
    let mut lines = BufReader::new(stream).lines();
    let mut answer = |text: &str| to_client.write_all(format!("{text}\r\n").as_bytes()).ok();
    answer("220 box")?;
    let mut mail = String::new();
    while let Some(Ok(line)) = lines.next() {
        match line.get(..4).unwrap_or_default() {
            "EHLO" | "HELO" => answer("250 box")?,
            "MAIL" if refuses.load(Ordering::Relaxed) => answer("451 later")?,
            "DATA" => {
                answer("354 go on")?;
                mail.extend(lines.by_ref().map_while(Result::ok).take_while(|line| line != ".").map(|line| line + "\n"));
                mails.lock().expect("mails").push(std::mem::take(&mut mail));
                answer("250 kept")?;
            }
            "QUIT" => {
                answer("221 bye")?;
                return Some(());
            }
            _ => {
                mail.push_str(&line);
                mail.push('\n');
                answer("250 ok")?;
            }
        }
    }
    Some(())
}
