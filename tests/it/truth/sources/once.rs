//! What says which transactions were over is searched for once in one command.

use super::*;

/// The first line of the statement that each search of a server asks.
const ASKED: &str = "How far transactions had come at the server's last checkpoint.";

#[test]
fn recover_searches_each_server_once() {
    let (pair, _turn) = estate(plain());
    let cutover = cut_over();
    support::sql(&pair.new, NEW);
    both(&pair, "checkpoint");
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("a path").to_owned();
    let run = |verb: &str| {
        let (log, run) = (path(&format!("{verb}.log")), path(verb));
        let told = support::failback(&[
            verb,
            "--old",
            &pair.old,
            "--new",
            &pair.new,
            "--databases",
            &pair.database,
            "--cutover",
            cutover.text(),
            "--run",
            &run,
            "-vv",
            "--log-file",
            &log,
        ]);
        assert!([0, 3].contains(&told.code), "{told:?}");
        std::fs::read_to_string(log).expect("a log").matches(ASKED).count()
    };
    let once = run("export");
    assert!(once > 0, "each search asks it");
    assert_eq!(run("recover"), once);
}
