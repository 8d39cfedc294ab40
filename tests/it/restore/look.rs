//! `failback restore list` and `check`: backups of every form, whole, cut off, altered, not what was written down of them.

use std::process::Command;

use serde_json::Value;

use super::scene::{ROWS, Scene, bin, flip, newer, seal, written_at};

/// Every form, with what `pg_dump` is told and how the file is called.
const FORMS: [(&str, &str, &[&str]); 4] = [
    ("custom", "a.dump", &["--format=custom"]),
    ("directory", "b", &["--format=directory"]),
    ("tar", "c.tar", &["--format=tar"]),
    ("plain", "d.sql", &["--format=plain"]),
];

fn one<'a>(document: &'a Value, name: &str) -> &'a Value {
    let all = document["backups"].as_array().expect("backups");
    all.iter().find(|one| one["name"] == name).unwrap_or_else(|| panic!("{name} is not listed: {document:#}"))
}

#[test]
fn backups_of_every_form_are_listed_and_read_whole() {
    let scene = Scene::new();
    scene.make("look_forms");
    for (_, file, options) in FORMS {
        scene.dump("look_forms", file, options);
    }
    let packed = scene.dump("look_forms", "e.sql", &[]);
    assert!(Command::new("gzip").arg(&packed).status().expect("gzip").success());
    seal(&scene.path("backups/a.dump"));
    std::fs::write(scene.path("backups/notes.txt"), "no backup").expect("a file");
    std::fs::write(scene.path("backups/f.tar.gz"), b"\x1f\x8b\x08 packed once more").expect("a file");
    let listed = scene.json(0, &["list", "backups"]);
    assert_eq!(listed["backups"].as_array().expect("backups").len(), 6, "{listed:#}");
    for (form, file, _) in FORMS {
        assert_eq!(one(&listed, file)["form"], form);
        let version = one(&listed, file)["dumped_by"].as_str().expect("a version").to_owned();
        assert!(version.starts_with(|c: char| c.is_ascii_digit()), "{version}");
        assert_eq!(one(&listed, file)["database"].as_str(), (form != "plain").then_some("look_forms"), "{listed:#}");
    }
    assert_eq!((&one(&listed, "a.dump")["grade"], &one(&listed, "b")["grade"]), (&"ok".into(), &"warning".into()));
    assert_eq!(one(&listed, "f.tar.gz")["grade"], "failure");
    let checked = scene.json(7, &["check", "backups"]);
    for file in ["a.dump", "b", "c.tar", "d.sql", "e.sql.gz"] {
        let found = one(&checked, file);
        let rows: u64 = found["tables"].as_array().expect("tables").iter().filter_map(|table| table["rows"].as_u64()).sum();
        assert_eq!((rows, found["tables"].as_array().map(Vec::len)), (ROWS, Some(2)), "{file}: {found:#}");
        assert_ne!(found["grade"], "failure");
    }
    assert_eq!(one(&checked, "a.dump")["checksum_holds"], true);
    let folder = scene.run(&["check", "backups/b", "--sha256", &"0".repeat(64)]);
    assert!(folder.code == 2 && folder.stderr.contains("it is a folder, which has none"), "{folder:?}");
}

#[test]
fn a_backup_is_chosen_by_a_time_that_says_its_offset() {
    let scene = Scene::new();
    scene.make("look_times");
    for (file, at) in
        [("a.dump", "2026-11-22T01:00:00Z"), ("b.dump", "2026-11-22T02:00:00Z"), ("c.dump", "2026-11-22T03:00:00Z")]
    {
        written_at(&scene.dump("look_times", file, &["--format=custom"]), at);
    }
    let chosen = scene.json(0, &["list", "backups", "--at", "2026-11-22T04:30:00+02:00"]);
    assert_eq!(
        (&chosen["chosen"][0]["backup"]["name"], &chosen["chosen"][0]["database"]),
        (&"b.dump".into(), &"look_times".into())
    );
    assert_eq!(chosen["chosen"][0]["backup"]["ended"], "2026-11-22T02:00:00Z");
    let naked = scene.run(&["list", "backups", "--at", "2026-11-22T04:30:00"]);
    assert!(naked.code == 2 && naked.stderr.contains("it says no offset"), "{naked:?}");
    let early = scene.run(&["list", "backups", "--at", "2026-11-21T00:00:00Z"]);
    assert!(early.code == 4 && early.stderr.contains("a.dump ended 2026-11-22T01:00:00Z: too late"), "{early:?}");
    let other = scene.run(&["list", "backups", "--at", "2026-11-23T00:00:00Z", "--databases", "elsewhere"]);
    assert!(other.code == 4 && other.stderr.contains("database elsewhere"), "{other:?}");
    let gone = scene.run(&["list", "nowhere"]);
    assert!(gone.code == 2 && gone.stderr.contains("nowhere"), "{gone:?}");
}

#[test]
fn what_is_cut_off_is_found_although_its_contents_can_be_listed() {
    let scene = Scene::new();
    scene.make("look_cut");
    let whole = scene.dump("look_cut", "whole.dump", &["--format=custom", "--compress=0"]);
    let bytes = std::fs::read(&whole).expect("an archive");
    for (name, part) in [("half.dump", bytes.len() / 2), ("almost.dump", bytes.len() - 1), ("head.dump", 20)] {
        std::fs::write(scene.path("backups").join(name), &bytes[..part]).expect("a file");
    }
    let listing = Command::new(bin().join("pg_restore")).arg("-l").arg(scene.path("backups/half.dump")).output();
    assert!(listing.expect("pg_restore").status.success(), "its table of contents is whole");
    let script = scene.dump("look_cut", "whole.sql", &[]);
    let text = std::fs::read(&script).expect("a script");
    std::fs::write(scene.path("backups/half.sql"), &text[..text.len() / 2]).expect("a file");
    scene.dump("look_cut", "folder", &["--format=directory"]);
    std::fs::remove_file(scene.path("backups/folder/toc.dat")).expect("a table of contents");
    std::fs::write(scene.path("backups/nothing.dump"), "").expect("a file");
    let checked = scene.json(7, &["check", "backups"]);
    for name in ["half.dump", "almost.dump", "head.dump", "half.sql", "folder", "nothing.dump"] {
        assert_eq!(one(&checked, name)["grade"], "failure", "{name}: {:#}", one(&checked, name));
    }
    for name in ["whole.dump", "whole.sql"] {
        assert_eq!(one(&checked, name)["grade"], "warning", "{name}");
    }
}

#[test]
fn what_was_altered_is_found_by_its_checksum_and_mostly_without() {
    let scene = Scene::new();
    scene.make("look_flip");
    let path = scene.dump("look_flip", "a.dump", &["--format=custom"]);
    seal(&path);
    let digest = std::fs::read_to_string(scene.path("backups/a.dump.sha256")).expect("a digest");
    let digest = digest.split_whitespace().next().expect("a digest").to_owned();
    assert_eq!(scene.run(&["check", "backups/a.dump", "--sha256", &digest]).code, 0);
    let length = std::fs::metadata(&path).expect("a file").len();
    for at in [30, 600, length / 2, length - 2] {
        let at = usize::try_from(at).expect("a place");
        flip(&path, at);
        let found = scene.run(&["check", "backups/a.dump"]);
        assert!(found.code == 7 && found.stdout.contains("is written down of it"), "byte {at}: {found:?}");
        flip(&path, at);
    }
    std::fs::remove_file(scene.path("backups/a.dump.sha256")).expect("a file");
    let other = scene.run(&["check", "backups/a.dump", "--sha256", &"0".repeat(64)]);
    assert!(other.code == 7 && other.stdout.contains("is another"), "{other:?}");
    // Compressed data do not unpack any more.
    flip(&path, usize::try_from(length - length / 4).expect("a place"));
    let torn = scene.run(&["check", "backups/a.dump"]);
    assert!(torn.code == 7 && torn.stdout.contains("pg_restore ended with exit code 1"), "{torn:?}");
}

#[test]
fn an_archive_that_is_newer_than_the_programs_says_which_it_needs() {
    let scene = Scene::new();
    if crate::support::binaries(failback::name::Side::Old).major() >= 17 {
        // Nothing here is older than what can be fetched.
        return;
    }
    scene.make("look_newer");
    scene.dump_by(&newer(), "look_newer", "new.dump", &["--format=custom"]);
    let listed = scene.json(0, &["list", "backups"]);
    assert!(one(&listed, "new.dump")["dumped_by"].as_str().is_some_and(|version| version.starts_with("17.")), "{listed:#}");
    let old = scene.run(&["check", "backups/new.dump"]);
    assert!(old.code == 2 && old.stderr.contains("pg_dump 17 made it") && old.stderr.contains("--bin"), "{old:?}");
    let new = scene.run(&["check", "backups/new.dump", "--bin", &newer().display().to_string()]);
    assert_eq!(new.code, 0, "{new:?}");
}
