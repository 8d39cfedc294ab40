//! What is not known is asked of whoever sits at the terminal.

use std::io::{Read as _, Write as _};
use std::process::Command;

use crate::support::pty::Pty;

#[test]
fn what_is_not_known_is_asked_on_a_terminal() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_failback"));
    command.args(["assess", "--by", "ada", "--color", "never"]).env_clear();
    command.env("HOME", folder.path()).env("TERM", "xterm").current_dir(folder.path());
    let mut pty = Pty::open(80, 24);
    let mut child = pty.start(command);
    let (mut said, mut buffer, mut typed) = (Vec::new(), [0; 1 << 12], false);
    // The system says that the other end is closed by an error.
    while let Ok(length @ 1..) = pty.ours().read(&mut buffer) {
        said.extend_from_slice(&buffer[..length]);
        // The last question to be answered is known by then: the others are left open.
        if !typed && String::from_utf8_lossy(&said).contains("Is NEW deployed?") {
            typed = true;
            pty.ours().write_all(&[b"n\n\n\n\nyes\n", &[b'\n'; 20][..]].concat()).expect("typed");
        }
    }
    let said = String::from_utf8(said).expect("UTF-8");
    assert_eq!(child.wait().expect("its end").code(), Some(0), "{said}");
    let (_, page) = said.split_once("roll back;").unwrap_or_else(|| panic!("{said}"));
    assert!(page.contains("outage: yes (said by ada)"), "{said}");
    assert!(said.contains("Has corruption of data been detected?"), "{said}");
    for line in page.split(['\n', '\r']) {
        assert!(line.chars().count() <= 80, "{line}\n{said}");
    }
}
