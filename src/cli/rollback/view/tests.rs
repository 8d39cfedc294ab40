//! Every screen as it looks. `FAILBACK_BLESS=1 cargo test --lib rollback::view` writes them anew; look at them before they are
//! kept.

use std::collections::VecDeque;
use std::path::Path;
use std::time::Duration;

use ratatui_core::backend::TestBackend;
use ratatui_core::terminal::Terminal;

use super::draw::draw;
use super::scene::{Row, Scene};
use crate::cli::environment::Environment;
use crate::cli::paint::is_unsafe;
use crate::phases::state::State;
use crate::store::{LocalStore, Store as _};

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A rollback of so many steps.
fn scene() -> Scene {
    let ids = [
        "declare",
        "account",
        "credentials",
        "pods/publisher",
        "pods/chain",
        "pods/story-generator",
        "databases",
        "address",
        "fence",
        "fenced",
        "sequences",
        "flip/publisher",
        "flip/chain",
        "flip/story-generator",
        "settled/publisher",
        "settled/chain",
        "settled/story-generator",
        "endpoints/publisher",
        "endpoints/chain",
        "recover",
        "observe",
        "validate",
    ];
    let row = |id: &&str| Row {
        id: (*id).to_owned(),
        title: format!("What {id} is for, in a few words that are not always short\u{1b}[2J"),
        state: State::Pending,
        began: None,
        took: None,
    };
    Scene {
        title: "Quick rollback · prod".to_owned(),
        about: "orders lose lines\u{7}, led by ada".to_owned(),
        steps: ids.iter().map(row).collect(),
        at: None,
        runs: None,
        said: VecDeque::new(),
        told: None,
    }
}

fn screen(scene: &Scene, now: Duration, columns: u16, lines: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(columns, lines)).unwrap();
    terminal.draw(|frame| draw(scene, now, false, frame.area(), frame.buffer_mut())).unwrap();
    let buffer = terminal.backend().buffer();
    let line = |y: u16| (0..columns).map(|x| buffer[(x, y)].symbol()).collect::<String>().trim_end().to_owned() + "\n";
    (0..lines).map(line).collect()
}

/// Holds a screen against the one that is kept.
fn expect(name: &str, scene: &Scene, now: Duration, (columns, lines): (u16, u16)) {
    let shown = screen(scene, now, columns, lines);
    assert!(!shown.chars().any(|character| character != '\n' && is_unsafe(character)), "{shown}");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli/rollback/view/screens");
    let (screens, file) = (LocalStore::open(&folder).unwrap(), format!("{name}.txt"));
    if Environment::of_process().get("FAILBACK_BLESS").is_some() {
        screens.write(&file, shown.as_bytes()).unwrap();
    }
    let kept = String::from_utf8(screens.read(&file).unwrap()).unwrap();
    assert!(kept == shown, "{name} is another now:\n{shown}\nit was:\n{kept}");
}

/// Twelve steps are done, the thirteenth runs a program that has said something.
fn in_the_middle() -> Scene {
    let mut scene = scene();
    let ids: Vec<_> = scene.steps.iter().map(|row| row.id.clone()).collect();
    for (at, id) in ids.iter().take(12).enumerate() {
        scene.begins(id, &["shown".to_owned()], seconds(at as u64 * 3));
        let state = if at == 3 { State::AlreadyDone } else { State::Done };
        scene.ends(id, state, None, seconds(at as u64 * 3 + 2));
    }
    scene.begins(&ids[12], &["az network dns record-set a show".to_owned()], seconds(40));
    let command = "az network dns record-set a update -g dns-rg -z mystira.example -n prod.chain --if-match etag-1 --set \
                   'aRecords=[{\"ipv4Address\":\"192.0.2.10\"}]' --set ttl=60 --subscription 0000 --output json";
    scene.starts(command.to_owned(), seconds(41));
    for line in ["{", "the first line is gone", "one", "two \u{202e}turned\u{1b}[31m", "three", "四"] {
        scene.prints(line);
    }
    scene
}

#[test]
fn screens() {
    expect("begun", &scene(), seconds(0), (80, 24));
    let mut middle = in_the_middle();
    expect("middle", &middle, seconds(3725), (80, 24));
    expect("wide", &middle, seconds(55), (120, 36));
    middle.ends("flip/chain", State::Failed, Some("the name leads to 192.0.2.20; az ended with exit code 1"), seconds(60));
    expect("failed", &middle, seconds(61), (80, 24));
    let mut waits = scene();
    waits.begins("declare", &[], seconds(0));
    waits.ends("declare", State::Waiting, Some("nobody has approved as commander"), seconds(1));
    expect("waits", &waits, seconds(2), (80, 24));
}

/// Whatever size a terminal takes, nothing panics, the step that it is at is shown, and no line is wider.
#[test]
fn any_size_will_do() {
    let scene = in_the_middle();
    for (columns, lines) in [(1, 1), (5, 3), (20, 8), (40, 12), (80, 13), (80, 24), (200, 60)] {
        let shown = screen(&scene, seconds(50), columns, lines);
        assert_eq!(shown.lines().count(), usize::from(lines));
        if columns >= 20 && lines > 3 {
            assert!(shown.contains("flip/ch"), "{columns}×{lines}\n{shown}");
        }
    }
}

#[test]
fn only_so_many_lines_are_kept() {
    let mut scene = scene();
    (0..1000).for_each(|number| scene.prints(&format!("line {number}")));
    assert!(scene.said.len() < 100 && scene.said.back().is_some_and(|line| line == "line 999"));
}
