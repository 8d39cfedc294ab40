//! What a person types wrongly, or has set up wrongly, before any server is reached: each told in five parts.

use std::ffi::OsStr;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::time::{Duration, Instant};

use super::{expect_five_parts, expect_no_secret, said, seal};
use crate::support::Output;

/// The program in an empty folder, with variables.
fn failback(arguments: &[impl AsRef<OsStr>], variables: &[(&str, &OsStr)]) -> Output {
    let home = tempfile::tempdir().expect("a home folder");
    failback_in(&home, arguments, variables)
}

fn failback_in(home: &tempfile::TempDir, arguments: &[impl AsRef<OsStr>], variables: &[(&str, &OsStr)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_failback"));
    command.args(arguments);
    seal(&mut command, home);
    command.envs(variables.iter().copied());
    said(&command.output().expect("the failback program"))
}

/// Checks exit code, five parts, and that some words are among them.
fn expect(output: &Output, code: i32, words: &[&str]) {
    assert_eq!(output.code, code, "{}{}", output.stdout, output.stderr);
    expect_five_parts(&output.stderr);
    assert!(output.stderr.contains("state: OLD was not touched"), "{}", output.stderr);
    for words in words {
        assert!(output.stderr.contains(words), "`{words}` is not in:\n{}", output.stderr);
    }
}

const NEW: [&str; 2] = ["--new", "postgresql://u@127.0.0.1:1/d"];

#[test]
fn a_server_that_nothing_names_is_said_with_the_ways_to_name_it() {
    let words = ["find the OLD server", "--old postgres://", "OLD_PGHOST", "[old] in failback.toml"];
    expect(&failback(&["discover"], &[]), 2, &words);
    expect(&failback(&["discover", "--old", "host=h user=u"], &[]), 2, &["find the NEW server", "--new postgres://"]);
}

#[test]
fn a_wrong_setting_is_to_be_corrected_where_it_was_written() {
    let discover =
        |old: &str, variables: &[(&str, &OsStr)]| failback(&[&["discover", "--old", old][..], &NEW].concat(), variables);
    let output = discover("postgresql://u@h:99999/d", &[]);
    expect(&output, 2, &["port is not a number from 1 to 65535", "next:  correct --old, then run"]);
    let output = discover("user=u dbname=d", &[("OLD_PGPORT", OsStr::new("x"))]);
    expect(&output, 2, &["next:  correct --old or the variables OLD_PG…, then run"]);
    expect(&discover("host=h passwd=x", &[]), 2, &["there is no keyword passwd", "did you mean password?"]);
    expect(&discover("mysql://h/d", &[]), 2, &["next:  correct --old, then run"]);
}

#[test]
fn a_misspelt_key_of_the_configuration_is_met_with_the_nearest() {
    let home = tempfile::tempdir().expect("a home folder");
    std::fs::write(home.path().join("failback.toml"), "[old]\nhost = \"h\"\npasswd = \"s3cret\"\n").expect("a file");
    let output = failback_in(&home, &["discover"], &[]);
    expect(&output, 2, &["failback.toml:3", "unknown key `passwd`", "did you mean `password`?"]);
    expect_no_secret(&output, "s3cret");
}

#[test]
fn a_missing_root_certificate_is_named_with_its_setting() {
    let old = "postgresql://u@127.0.0.1:1/d?sslmode=verify-full&sslrootcert=/no/such.crt";
    let output = failback(&[&["discover", "--old", old][..], &NEW].concat(), &[]);
    expect(&output, 2, &["read the root certificate", "/no/such.crt", "No such file", "sslrootcert"]);
}

#[test]
fn a_password_that_is_no_text_is_not_taken_for_none() {
    let arguments = [&["discover", "--old", "postgresql://u@127.0.0.1:1/d"][..], &NEW].concat();
    let output = failback(&arguments, &[("OLD_PGPASSWORD", OsStr::from_bytes(b"s3cret\xff"))]);
    expect(&output, 2, &["OLD_PGPASSWORD", "is not UTF-8 text"]);
    expect_no_secret(&output, "s3cret");
    let unrelated = failback(&["status"], &[("OLD_PGPASSWORD", OsStr::from_bytes(b"\xff"))]);
    expect(&unrelated, 2, &["there is no run yet"]);
}

#[test]
fn a_command_line_that_makes_no_sense_is_told_as_anything_else() {
    let cases: [(&[&str], &[&str]); 5] = [
        (&["diff", "--jobs", "0"], &["'0' for '--jobs <N>'", "a whole number from 1", "see `failback diff --help`"]),
        (&["dicover"], &["unrecognized subcommand 'dicover'", "'discover'", "where: failback\n", "see `failback --help`"]),
        (&["discover", "--ol", "x"], &["unexpected argument '--ol'", "'--old'", "where: failback discover\n"]),
        (&["discover", "--color", "red"], &["'red' for '--color <WHEN>'", "auto, always, never"]),
        (&["discover", "postgres://u:s3cret@h/d"], &["unexpected argument 'postgres://u:…@h/d'"]),
    ];
    for (arguments, words) in cases {
        let output = failback(arguments, &[]);
        expect(&output, 2, &[&["error: read the command line\n"], words].concat());
        expect_no_secret(&output, "s3cret");
        let json = failback(&[arguments, &["--json"]].concat(), &[]);
        let document: serde_json::Value = serde_json::from_str(&json.stdout).expect("one JSON document");
        assert_eq!((&document["error"]["kind"], &document["error"]["exit_code"]), (&"usage".into(), &2.into()), "{document:#}");
        assert_eq!(document["schema_version"], 1, "{document:#}");
    }
    let output = failback(&[OsStr::new("discover"), OsStr::new("--old"), OsStr::from_bytes(b"s3cret\xff")], &[]);
    expect(&output, 2, &["argument 3 is not UTF-8 text"]);
    expect_no_secret(&output, "s3cret");
    assert_eq!(failback(&[""; 0], &[]).code, 2, "without a verb: the help");
}

#[test]
fn a_folder_that_may_not_be_read_is_a_matter_of_permission() {
    let home = tempfile::tempdir().expect("a home folder");
    let run = home.path().join("run");
    std::fs::create_dir(&run).expect("a folder");
    std::fs::set_permissions(&run, std::fs::Permissions::from_mode(0o000)).expect("a mode");
    std::fs::set_permissions(home.path(), std::fs::Permissions::from_mode(0o755)).expect("a mode");
    let path = run.display().to_string();
    let mut command = Command::new(env!("CARGO_BIN_EXE_failback"));
    if std::fs::read_dir(&run).is_ok() {
        // The superuser reads everything: the program runs as nobody, where it can be reached.
        let program = home.path().join("failback");
        std::fs::copy(env!("CARGO_BIN_EXE_failback"), &program).expect("a copy");
        command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&program);
    }
    seal(&mut command, &home);
    let output = said(&command.args(["status", "--run", &path]).output().expect("the failback program"));
    std::fs::set_permissions(&run, std::fs::Permissions::from_mode(0o700)).expect("a mode");
    expect(&output, 6, &[&path, "Permission denied", "give this user access to it"]);
}

#[test]
fn a_password_command_that_fails_says_why() {
    let home = tempfile::tempdir().expect("a home folder");
    let config = "[old]\nhost = \"127.0.0.1\"\nport = 1\nuser = \"u\"\ndbname = \"d\"\n\
        password_command = \"echo s3cret; echo 'vault: token expired' >&2; exit 3\"\n";
    std::fs::write(home.path().join("failback.toml"), config).expect("a file");
    let silent = listener(|mut stream| drop(stream.read_to_end(&mut Vec::new())));
    let new = format!("postgresql://u@127.0.0.1:{silent}/d");
    let output = failback_in(&home, &["discover", "--new", &new, "--databases", "d"], &[]);
    expect(&output, 6, &["run the password command", "exit code 3: vault: token expired"]);
    expect_no_secret(&output, "s3cret");
}

/// Listens, does something with every connection, and gives the port.
fn listener(serve: fn(TcpStream)) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            std::thread::spawn(move || serve(stream.expect("a connection")));
        }
    });
    port
}

/// Answers with a few bytes and closes the connection.
fn hang_up(mut stream: TcpStream, answer: &[u8]) {
    let _ = stream.read(&mut [0; 64]);
    let _ = stream.write_all(answer);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let _ = stream.read_to_end(&mut Vec::new());
}

#[test]
fn a_host_that_does_not_answer_or_hangs_up_is_said_to() {
    let discover = |port: u16| {
        let old = format!("postgresql://u@127.0.0.1:{port}/d?sslmode=disable&connect_timeout=2");
        failback(&[&["discover", "--old", &old][..], &["--new", &old]].concat(), &[])
    };
    let silent = listener(|mut stream| {
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let began = Instant::now();
    expect(&discover(silent), 6, &["connect_timeout", "check the host, the route and the firewalls"]);
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    let answers: [fn(TcpStream); 3] = [
        |stream| hang_up(stream, b""),
        |stream| hang_up(stream, b"HTTP/1.1 502 Bad Gateway\r\n\r\n"),
        |stream| hang_up(stream, b"R\0\0"),
    ];
    for answer in answers {
        let output = discover(listener(answer));
        expect(&output, 6, &["the connection was closed", "the server hung up"]);
        assert!(!output.stderr.contains("bytes remaining"), "{}", output.stderr);
    }
}
