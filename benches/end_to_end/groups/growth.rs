//! The same steps over more and more narrow rows: what a row costs, and what memory does.

use super::failback;
use crate::Outcome;
use crate::bench::{Bench, Place};
use crate::case::{Case, Set};
use crate::check::Check;
use crate::data::{self, NARROW};
use crate::server::Server;

/// One set for each size, and one for the start of the program.
pub(super) fn sets(bench: &Bench) -> Outcome<Vec<Set>> {
    // The slot of the other groups would keep all that is written here.
    data::drop_all(bench)?;
    let mut sets = vec![start()];
    sets.extend(bench.options.scale.growth().iter().map(|rows| set(*rows)));
    Ok(sets)
}

fn start() -> Set {
    Set {
        name: "growth.start".to_owned(),
        title: "start and print the help".to_owned(),
        rows: 1,
        reference: "nothing",
        database: "postgres",
        rounds: Some(10),
        cases: vec![Case::limit("nothing", "true"), Case::failback("help", r#""$FAILBACK" --help"#)],
    }
}

fn set(rows: u64) -> Set {
    let changed = rows / 10;
    let whole = rows + rows / 20 - rows / 1000;
    let by = |method: &'static str| failback::configure(method);
    let export = |name: &str| Case::failback(name, failback::export("public.narrow"));
    let next = |name: &str, command: String| Case::failback(name, command).going_on();
    let staged = || Check::json([("/tables/0/candidates", changed), ("/tables/0/absent", rows / 1000)]);
    let cases = vec![
        // OLD lacks the table, so that all of it is exported.
        export("export_whole").before(move |bench, _| fill_new(bench, rows)).before(by("")).check(Check::Parquet(whole)),
        export("export_timestamps").before(move |bench, _| fill_old(bench, rows)).before(by(TIMESTAMPS)).check(staged()),
        export("export_compare").before(by(COMPARE)).check(staged()),
        next("diff", failback::call("diff", ""))
            .check(Check::json([("/counts/ambiguous_missing_on_old", rows / 20), ("/counts/ambiguous_differs", rows / 20)])),
        // Where rows are compared, stamps prove nothing; a person says what NEW's rows are.
        next("decide", failback::call("decide", "ambiguous_missing_on_old=apply_new ambiguous_differs=apply_new --why bench")),
        next("plan", failback::call("plan", "")),
        next("merge", failback::write("merge")).before(flush).check(Check::prints(COUNT, rows + rows / 20)),
        next("verify", failback::call("verify", "")),
        next("undo", failback::write("undo")).before(flush).after(clear).check(Check::prints(COUNT, rows)),
    ];
    Set {
        name: format!("growth.{rows}"),
        title: format!("narrow rows, {rows} at the cutover"),
        rows,
        reference: "",
        database: NARROW,
        // One after the other, the sizes are each other's repetition.
        rounds: Some(1),
        cases,
    }
}

/// OLD's rows; deletes are held.
const COUNT: &str = r#"psql -qXAt -d "$OLD" -c "select count(*) from narrow""#;

const TIMESTAMPS: &str = "[tables.\"public.narrow\"]\nmethod = \"timestamps\"\n";
const COMPARE: &str = "[tables.\"public.narrow\"]\nmethod = \"compare\"\n";

fn make(server: &Server, rows: u64, files: &[&str]) -> Outcome<()> {
    let psql = server.psql(NARROW).set("rows", rows);
    files.iter().try_for_each(|file| psql.file(file).map(drop))
}

fn fill_new(bench: &Bench, rows: u64) -> Outcome<()> {
    data::create(&bench.servers.old, NARROW, None)?;
    data::create(&bench.servers.new, NARROW, None)?;
    make(&bench.servers.new, rows, &["narrow", "change_narrow", "settle"])
}

fn fill_old(bench: &Bench, rows: u64) -> Outcome<()> {
    make(&bench.servers.old, rows, &["narrow", "settle"])
}

fn flush(bench: &Bench, _: &Place) -> Outcome<()> {
    bench.servers.old.psql("postgres").run("checkpoint").map(drop)
}

fn clear(bench: &Bench, _: &Place) -> Outcome<()> {
    data::create(&bench.servers.old, NARROW, None)?;
    data::create(&bench.servers.new, NARROW, None)
}
