//! The operating-system account that a throwaway server runs under.
//!
//! PostgreSQL refuses to run as root, so root hands its servers to an account that may do less.

use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::error::{Error, ErrorKind, Result};

/// Where programs of the system are: children get this and nothing else of our environment, so that no `PG*` variable of the
/// operator reaches a throwaway server.
const SYSTEM_PATH: &str = "/usr/bin:/bin:/usr/sbin:/sbin:/run/current-system/sw/bin";

/// The accounts that root hands a server to, best first.
const UNPRIVILEGED: [&str; 3] = ["postgres", "_postgres", "nobody"];

/// Who a server's programs run as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Account {
    /// As ourselves.
    Own,
    /// As an unprivileged account, because we are root.
    Other { uid: u32, gid: u32 },
}

impl Account {
    /// Returns the account for servers: our own, or an unprivileged one if we are root.
    pub(super) fn for_servers() -> Result<Self> {
        if id(&["-u"]) != Some(0) {
            return Ok(Self::Own);
        }
        let found = UNPRIVILEGED.iter().find_map(|name| match (id(&["-u", name]), id(&["-g", name])) {
            (Some(uid), Some(gid)) if uid != 0 => Some(Self::Other { uid, gid }),
            _ => None,
        });
        found.ok_or_else(|| {
            Error::new(ErrorKind::Permission, "find an account to run a throwaway server")
                .because("PostgreSQL refuses to run as root, and neither `postgres` nor `nobody` exists here")
                .next("run failback as an ordinary user, or create the user `postgres`")
        })
    }

    /// Returns a command that runs as this account, with an empty environment but for the path.
    pub(super) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", SYSTEM_PATH).env("LC_ALL", "C");
        if let Self::Other { uid, gid } = self {
            command.uid(*uid).gid(*gid);
        }
        command
    }
}

/// Asks `id` for a number; None if it has no answer. It exists on every Unix, and asking it needs no unsafe code of ours.
fn id(arguments: &[&str]) -> Option<u32> {
    let output = Command::new("id").env_clear().env("PATH", SYSTEM_PATH).args(arguments).output().ok()?;
    if !output.status.success() {
        return None;
    }
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_never_run_as_root() {
        let output = Account::for_servers().unwrap().command("id").arg("-u").output().unwrap();
        assert_ne!(String::from_utf8(output.stdout).unwrap().trim(), "0");
    }

    #[test]
    fn an_unknown_account_has_no_number() {
        assert_eq!(id(&["-u", "no-such-account-anywhere"]), None);
    }
}
