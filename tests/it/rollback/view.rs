//! What a person sees on a terminal while steps are carried out, and how the terminal is given back.

use std::process::Command;

use super::stage::Stage;
use crate::support::pty::Stage as Terminal;

const OWN: &str = "runbook = \"own\"\ntitle = \"Own\"\nsummary = \"A runbook of the test's.\"\n\
    [[step]]\nid = \"first\"\ntitle = \"It is there\"\nkind = \"command\"\neffect = \"read\"\nrun = [\"true\"]\n\
    [[step]]\nid = \"slow\"\ntitle = \"It takes a while\"\nkind = \"command\"\neffect = \"read\"\n\
    run = [\"sh\", \"-c\", \"printf 'half \\\\033[2Jof it\\\\n'; until test -e go; do sleep 0.05; done\", \"hunter2-of-old\"]\n\
    [[step]]\nid = \"ask\"\ntitle = \"Somebody agrees\"\nkind = \"approval\"\nquestion = \"?\"\n\
    approval = { roles = [\"lead\"] }\n";

fn stage() -> Stage {
    let stage = Stage::new(None, "");
    stage.write("own.toml", OWN);
    stage
}

fn begin(stage: &Stage, more: &[&str]) -> Command {
    let mut command = stage.command(&[&["run", "own.toml", "--incident", "orders lose lines"], more].concat());
    command.env("TERM", "xterm").env("OLD_PGPASSWORD", "hunter2-of-old");
    command
}

#[test]
fn steps_are_seen_as_they_go_and_the_result_stands_behind_the_screen() {
    let stage = stage();
    let mut terminal = Terminal::start(80, 24, begin(&stage, &[]));
    let shown = terminal.wait_for("of it");
    assert!(terminal.is_taken());
    for part in ["Own · dev", "1 of 3 steps are over", "orders lose lines", "✓ first", "▸ slow", "· ask", "now, for 00:0"]
    {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
    assert!(shown.contains("sh -c") && shown.contains("half \\u{1b}[2Jof it") && !shown.contains("hunter2"), "{shown}");
    stage.write("go", "");
    assert_eq!(terminal.end(), Some(4));
    assert!(!terminal.is_taken() && terminal.is_as_it_was());
    let written = terminal.written();
    let (screen, behind) = written.split_once("\u{1b}[?1049l").expect("the screen is given back");
    assert!(!screen.contains("hunter2") && behind.contains("waits at ask: nobody has approved as lead"), "{behind}");
}

#[test]
fn plain_lines_are_a_matter_of_choice() {
    let stage = stage();
    stage.write("go", "");
    let mut terminal = Terminal::start(80, 24, begin(&stage, &["--plain"]));
    assert_eq!(terminal.end(), Some(4));
    let written = terminal.written();
    assert!(!written.contains("\u{1b}[?1049h") && written.contains("[2/3] slow: It takes a while"), "{written}");
}

#[test]
fn the_terminal_is_given_back_where_it_is_interrupted() {
    let stage = stage();
    let mut command = begin(&stage, &[]);
    command.env("NO_COLOR", "1");
    let mut terminal = Terminal::start(80, 24, command);
    terminal.wait_for("▸ slow");
    let process = terminal.child.id().to_string();
    assert!(Command::new("kill").args(["-s", "INT", &process]).status().expect("kill").success());
    assert_eq!(terminal.end(), Some(130));
    assert!(!terminal.is_taken() && terminal.is_as_it_was(), "{}", terminal.text());
    let written = terminal.written();
    let painted = ["\u{1b}[38;", "\u{1b}[32m", "\u{1b}[36m"].iter().any(|code| written.contains(code));
    assert!(!painted, "NO_COLOR: {written:?}");
}
