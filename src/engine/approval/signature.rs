//! Signatures by SSH keys, which `ssh-keygen` makes and checks (ssh-keygen(1), `-Y`; the format is PROTOCOL.sshsig of OpenSSH):
//! so keys of an agent and of a hardware token work too, and anybody can check them by hand.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::error::{Error, ErrorKind, Result};
use crate::staging::Vote;
use crate::store::PrivateFile;

/// What a signature is good for, so that one made for another purpose is not taken for an approval.
const NAMESPACE: &str = "failback";

/// Signs a text with a key: a private key's file, or the public one of a key that an agent holds. A passphrase is asked for on
/// the terminal.
///
/// # Errors
/// `Permission` where there is no `ssh-keygen`, or it does not sign.
pub(super) fn sign(text: &str, key: &Path) -> Result<String> {
    let mut command = Command::new("ssh-keygen");
    command.args(["-Y", "sign", "-n", NAMESPACE, "-f"]).arg(key);
    let said = run(command, text).map_err(|cause| {
        Error::new(ErrorKind::Permission, "sign the approval")
            .at(key.display())
            .because(cause)
            .next("name a private key's file with --key, or the public one of a key that the SSH agent holds")
    })?;
    Ok(said)
}

/// Checks the signature of a word against a file of keys and whose they are; says what is wrong with it.
pub(super) fn check(vote: &Vote, signers: &Path) -> std::result::Result<(), String> {
    let Some(signature) = &vote.signature else { return Err("it is not signed".to_owned()) };
    let text = vote.signed_text().map_err(|error| format!("{error:?}"))?;
    let file = PrivateFile::write(signature.as_bytes()).map_err(|error| format!("{error:?}"))?;
    let mut command = Command::new("ssh-keygen");
    command.args(["-Y", "verify", "-n", NAMESPACE, "-I", &vote.by, "-f"]).arg(signers).arg("-s").arg(file.path());
    run(command, &text).map(drop).map_err(|cause| format!("its signature does not hold: {cause}"))
}

/// Runs a command on a text; returns what it printed, or what went wrong.
fn run(mut command: Command, text: &str) -> std::result::Result<String, String> {
    let cannot = |error: std::io::Error| format!("ssh-keygen could not be run: {error}");
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = pipes.spawn().map_err(cannot)?;
    if let Some(mut stdin) = child.stdin.take() {
        // Where it has ended already, it says why.
        let _ = stdin.write_all(text.as_bytes());
    }
    let output = child.wait_with_output().map_err(cannot)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = [output.stderr, output.stdout].concat();
    let said = String::from_utf8_lossy(&said);
    Err(said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("ssh-keygen failed").trim().to_owned())
}
