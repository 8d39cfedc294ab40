//! The shell that holds a throwaway server on a pipe: see `supervise.sh`.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Stdio};

use super::account::Account;
use crate::error::{Error, ErrorKind, Result};

const SCRIPT: &str = include_str!("supervise.sh");

/// What the supervisor can be told to do.
#[derive(Clone, Copy)]
pub(super) enum Order {
    /// Start the server.
    Start,
    /// Stop it as a crash would.
    Stop,
}

/// A running supervisor. Dropping it ends the server, removes its folder, and waits for both.
pub(super) struct Supervisor(Child);

impl Supervisor {
    /// Starts a supervisor; the server waits for an order.
    pub(super) fn spawn(account: &Account, postgres: &Path, folder: &Path) -> Result<Self> {
        let mut shell = account.command("sh");
        shell.args(["-c", SCRIPT, "failback-supervise"]).arg(postgres).arg(folder);
        // Its own process group: Ctrl-C at the terminal is for us to answer, not for the server.
        shell.current_dir("/").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        let what = "start the supervisor of a throwaway server";
        shell.spawn().map(Self).map_err(|cause| Error::new(ErrorKind::Server, what).at(folder.display()).because(cause))
    }

    /// Sends an order. Does not wait until it is carried out.
    pub(super) fn order(&self, order: Order) -> Result<()> {
        let line: &[u8] = match order {
            Order::Start => b"start\n",
            Order::Stop => b"stop\n",
        };
        let what = "reach the supervisor of a throwaway server";
        let mut pipe = self.0.stdin.as_ref().ok_or_else(|| Error::new(ErrorKind::Server, what))?;
        pipe.write_all(line).map_err(|cause| Error::new(ErrorKind::Server, what).because(cause))
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}
