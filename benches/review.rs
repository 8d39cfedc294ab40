//! What it costs to look at the rows of a table of which ten million differ: opening it, jumping and scrolling in it, counting
//! its rows, filtering them, and making the page of the run; in time, and in memory of the whole process.
//!
//! A small table is exported and compared as ever; its differing rows are then written into the run's diff again and again,
//! until there are as many as are asked for (`cargo bench --bench review -- --rows 10000000`); fewer where cargo only tests
//! benches.

#![expect(clippy::print_stdout, reason = "the numbers are what it is for")]

use std::error::Error;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use failback::config::{Mask, Quorum};
use failback::demo::{Binaries, Cluster, ClusterOptions};
use failback::engine::{Caps, OpenTable, Review, account};
use failback::report::page;
use failback::staging::{DatabaseLayout, DiffIndex, SegmentOptions, SegmentReader, SegmentWriter};
use failback::store::LocalStore;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// How many rows differ before they are written again: more than a page of Parquet holds, so that none is like the one before.
const DISTINCT: u64 = 100_000;

/// How many rows a file of the diff has.
const FILE_ROWS: u64 = 1_000_000;

/// How many rows the screen asks for: those that are seen, and some on both sides.
const WINDOW: u64 = 146;

const ESTATE: &str = "
    create table orders (id bigint primary key, status text, total numeric(12,2), currency text, customer bigint, email text,
        address text, city text, country text, note text, paid boolean, tags text[], created_at timestamptz,
        updated_at timestamptz)";

const ROWS: &str = "
    insert into orders select n, (array['open','paid','void'])[n % 3 + 1], n * 1.17, 'EUR', n * 7919 % 1000003,
        'customer' || n || '@example.org', md5(n::text) || ' street', md5((n * 3)::text), 'AT', md5((n * 5)::text), n % 2 = 0,
        array['a' || n % 100], '2026-01-01Z', '2026-01-01Z' from generate_series(1, ";

fn main() -> Outcome<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    if let [word, run] = arguments.as_slice() {
        match word.as_str() {
            "--measure" => return measure(Path::new(run)),
            "--page" => return make_page(Path::new(run)),
            _ => {}
        }
    }
    let given = arguments.iter().position(|word| word == "--rows").and_then(|at| arguments.get(at + 1));
    let usual = if arguments.iter().any(|word| word == "--bench") { 10_000_000 } else { 2 * DISTINCT };
    let rows = given.map_or(Ok(usual), |rows| rows.parse())?;
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    make(folder.path(), &run)?;
    let begun = Instant::now();
    let bytes = multiply(&LocalStore::open(&run)?, rows)?;
    println!("{rows} rows in {} MB of files, made in {:.0} s", bytes >> 20, begun.elapsed().as_secs_f64());
    for what in ["--measure", "--page"] {
        let measured = Command::new(std::env::current_exe()?).arg(what).arg(&run).status()?;
        if !measured.success() {
            return Err("the measurement failed".into());
        }
    }
    Ok(())
}

/// Makes the page of the run, as every step does at its end.
fn make_page(run: &Path) -> Outcome<()> {
    let store = LocalStore::open(run)?;
    let begun = Instant::now();
    let account = account(&store, &Mask::default(), &Quorum::default(), Caps::default())?;
    say("gather what the page says", begun.elapsed());
    let begun = Instant::now();
    let bytes = page(&account).len();
    say("write the page", begun.elapsed());
    let taken = account.taken();
    println!("{} MB of page; {} rows in it, {} not", bytes >> 20, taken.rows, taken.left_out);
    Ok(())
}

fn say(what: &str, took: Duration) {
    println!("{what:<52} {:>10.1} ms   {} MB", took.as_secs_f64() * 1e3, peak_mb());
}

/// Exports and compares a table of which every row was changed on NEW.
fn make(home: &Path, run: &Path) -> Outcome<()> {
    let binaries = Binaries::find(&|name| std::env::var(name).ok())?;
    let start =
        |label: &str| Cluster::start(&binaries, &ClusterOptions { label: label.to_owned(), ..ClusterOptions::default() });
    let servers = [start("bench-review-old")?, start("bench-review-new")?];
    let [old, new] = [0, 1].map(|side: usize| servers[side].url("postgres"));
    let fill = format!("{ESTATE}; {ROWS}{DISTINCT}) n");
    let change = "update orders set status = 'void', total = total + 1, updated_at = '2026-01-14 12:00Z'";
    sql(&old, &fill)?;
    sql(&new, &format!("{fill}; {change}"))?;
    let config = format!(
        "databases = [\"postgres\"]\ncutover = \"2026-01-14T10:00:00Z\"\n[old]\nurl = \"{old}\"\n[new]\nurl = \"{new}\"\n"
    );
    std::fs::write(home.join("failback.toml"), config)?;
    for verb in ["export", "diff"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_failback"));
        let output = command.arg(verb).arg("--run").arg(run).current_dir(home).output()?;
        if !output.status.success() {
            return Err(format!("{verb}: {}", String::from_utf8_lossy(&output.stderr)).into());
        }
    }
    Ok(())
}

fn sql(url: &str, statements: &str) -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
        tokio::spawn(connection);
        client.batch_execute(statements).await?;
        Ok(())
    })
}

/// Writes the diff's rows again until there are so many; returns how large the files are.
fn multiply(store: &LocalStore, rows: u64) -> Outcome<u64> {
    let mut index = DiffIndex::clone(&*DiffIndex::read(store)?);
    let database = &mut index.databases[0];
    let layout = DatabaseLayout::new(&database.name);
    let table = database.tables.iter_mut().find(|table| !table.segments.is_empty()).ok_or("no row differs")?;
    let mut batches = Vec::new();
    for segment in &table.segments {
        for batch in SegmentReader::open(store, segment, 8_192)? {
            batches.push(batch?);
        }
    }
    let (mut written, mut segments) = (0, Vec::new());
    let mut source = batches.iter().cycle();
    while written < rows {
        let path = layout.diff(table.id, u32::try_from(segments.len())? + 100);
        let mut writer = SegmentWriter::create(store, &path, batches[0].schema(), &SegmentOptions::default())?;
        while writer.rows() < FILE_ROWS && written < rows {
            let batch = source.next().ok_or("no row differs")?;
            let batch = batch.slice(0, batch.num_rows().min(usize::try_from(rows - written)?));
            writer.write(&batch)?;
            written += batch.num_rows() as u64;
        }
        segments.push(writer.finish()?);
    }
    let bytes = segments.iter().map(|segment| segment.file.bytes).sum();
    let classes: Vec<_> = table.counts.iter().filter(|(class, _)| !class.is_settled()).map(|(class, _)| class).collect();
    table.counts = classes.into_iter().map(|class| (class, rows)).collect();
    (table.segments, table.evidence) = (segments, std::collections::BTreeMap::new());
    index.write(store)?;
    Ok(bytes)
}

/// Looks at the run as the screen does.
fn measure(run: &Path) -> Outcome<()> {
    let (store, mask) = (LocalStore::open(run)?, Mask::default());
    let begun = Instant::now();
    let review = Review::open(&store, &mask)?;
    let table = review.open_table("postgres", "public.orders")?;
    say("open the table", begun.elapsed());
    let rows = table.rows();
    let took = |table: &OpenTable<'_>, from: u64| -> Outcome<Duration> {
        let begun = Instant::now();
        let positions: Vec<_> = (from..rows.min(from + WINDOW)).collect();
        assert_eq!(table.read(&positions)?.len(), positions.len());
        Ok(begun.elapsed())
    };
    say("the first rows, and the first file's digest", took(&table, 0)?);
    say("the last rows, and the last file's digest", took(&table, rows - WINDOW)?);
    for file in 0..rows.div_ceil(FILE_ROWS) {
        took(&table, file * FILE_ROWS)?;
    }
    let jumps = (1..300).map(|step: u64| step.wrapping_mul(6_364_136_223_846_793_005) % (rows - WINDOW));
    tell("a jump into an open file", jumps.map(|from| took(&table, from)).collect::<Outcome<Vec<_>>>()?);
    let pages = (0..2_000).map(|page: u64| (rows / 3 + page * 17).min(rows - WINDOW));
    tell("a page down", pages.map(|from| took(&table, from)).collect::<Outcome<Vec<_>>>()?);
    let begun = Instant::now();
    let kinds = table.kinds(&mut |_| true)?.ok_or("not counted")?;
    say("count all rows, beside the screen", begun.elapsed());
    assert_eq!(kinds.rows(), rows);
    let begun = Instant::now();
    let chosen = kinds.choose(|kind| kind.class.word() == "update");
    say("choose the rows of a filter", begun.elapsed());
    let begun = Instant::now();
    for place in 0..1_000 {
        assert!(kinds.find(&chosen, place * (chosen.rows() / 1_000)).is_some());
    }
    say("find a row of the filter, a thousand times", begun.elapsed());
    println!("{} kinds of rows; {} rows of the filter", kinds.iter().count(), chosen.rows());
    Ok(())
}

fn tell(what: &str, mut took: Vec<Duration>) {
    took.sort();
    let (median, worst) = (took[took.len() / 2], took[took.len() - 1]);
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    println!("{:<52} {:>10.1} ms   {} MB   (worst of {}: {:.1} ms)", what, ms(median), peak_mb(), took.len(), ms(worst));
}

/// The most memory that the process ever had.
fn peak_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or(0) >> 10
}
