//! What a person writes wrongly: configuration, cutover, confirmation, the same server twice.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::{Scene, expect_no_secret, seal};

#[test]
fn an_unknown_key_is_named_with_its_line_and_neighbour() {
    let scene = Scene::new("r_config");
    let config = scene.folder.path().join("failback.toml");
    std::fs::write(&config, "cutover = \"2026-01-14T10:00:00Z\"\n\n[old]\nhots = \"127.0.0.1\"\n").expect("a file");
    let output = scene.refuse(2, &["export", "--config", &config.display().to_string()]);
    assert!(output.stderr.contains("failback.toml"), "{}", output.stderr);
    assert!(output.stderr.contains("line 4") || output.stderr.contains(":4"), "{}", output.stderr);
    assert!(output.stderr.contains("hots") && output.stderr.contains("`host`"), "{}", output.stderr);
    assert!(!scene.run().exists(), "no run is made");
}

#[test]
fn a_password_in_a_broken_configuration_is_not_shown() {
    let scene = Scene::new("r_config_secret");
    let config = scene.folder.path().join("failback.toml");
    std::fs::write(&config, "[old]\npassword = \"tr0ub4dor\"\nhost = \"127.0.0.1\" port = 1\n").expect("a file");
    let output = scene.refuse(2, &["export", "--config", &config.display().to_string()]);
    expect_no_secret(&output, "tr0ub4dor");
}

#[test]
fn a_cutover_without_offset_or_in_the_future_is_refused() {
    let scene = Scene::new("r_cutover");
    let output = scene.refuse(2, &["export", "--cutover", "2026-01-14T10:00:00"]);
    assert!(output.stderr.contains("has no offset"), "{}", output.stderr);
    let output = scene.refuse(2, &["export", "--cutover", "2126-01-14T10:00:00Z"]);
    assert!(output.stderr.contains("lies in the future"), "{}", output.stderr);
    assert!(scene.files("", "manifest.json").is_empty());
    scene.succeed(&["export"]);
}

#[test]
fn one_database_is_not_both_sides() {
    let mut scene = Scene::new("r_same");
    let new = std::mem::replace(&mut scene.given.new, scene.pair.old.clone());
    for verb in ["discover", "export"] {
        let output = scene.refuse(4, &[verb]);
        assert!(output.stderr.contains("same database"), "{}", output.stderr);
    }
    assert!(scene.files("", "manifest.json").is_empty());
    scene.given.new = new;
    scene.succeed(&["export"]);
}

#[test]
fn a_merge_wants_the_name_of_what_it_writes_to() {
    let scene = Scene::planned("r_confirm");
    let output = scene.refuse(4, &["merge"]);
    assert!(output.stderr.contains(&format!("--confirm {}", scene.confirm)), "{}", output.stderr);
    for wrong in ["", "yes", "localhost", "127.0.0.1", "127.0.0.1:1"] {
        scene.refuse(4, &["merge", "--confirm", wrong]);
    }
    scene.expect_merge();
    scene.refuse(4, &["undo"]);
    scene.refuse(4, &["undo", "--confirm", "yes"]);
}

/// On a terminal, which `script` makes.
#[test]
fn a_person_is_told_what_a_merge_does_and_what_was_typed_before_is_no_answer() {
    let scene = Scene::planned("r_ask");
    let words = scene.arguments(&["merge"]).iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ");
    let mut command = Command::new("script");
    command.args(["-qec", &format!("sleep 1; exec '{}' {words}", env!("CARGO_BIN_EXE_failback")), "/dev/null"]);
    seal(&mut command, &scene.folder);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("script, of util-linux");
    let mut keyboard = child.stdin.take().expect("a keyboard");
    writeln!(keyboard, "{}", scene.confirm).expect("something typed ahead");
    let mut screen = BufReader::new(child.stdout.take().expect("a screen"));
    let mut shown = Vec::new();
    while !String::from_utf8_lossy(&shown).contains("to go on: ") {
        assert!(screen.read_until(b' ', &mut shown).expect("a word") > 0, "{}", String::from_utf8_lossy(&shown));
    }
    std::thread::sleep(Duration::from_millis(500));
    assert!(child.try_wait().expect("a state").is_none(), "it waits for an answer: {}", String::from_utf8_lossy(&shown));
    writeln!(keyboard, "{}", scene.confirm).expect("an answer");
    screen.read_to_end(&mut shown).expect("the rest");
    assert_eq!(child.wait().expect("an end").code(), Some(0), "{}", String::from_utf8_lossy(&shown));
    // However wide the terminal is.
    let shown = String::from_utf8_lossy(&shown).split_whitespace().collect::<Vec<_>>().join(" ");
    for told in [
        &format!("databases: {}", scene.pair.database),
        "rows: 7 to insert, 1 to update, 0 to delete; 0 rows held, which stay as they are",
        "time: a few seconds",
        "merged into OLD",
    ] {
        assert!(shown.contains(told), "{told}: {shown}");
    }
}
