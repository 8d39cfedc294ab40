//! The engine as a library: export, diff and plan for one database, and what the plan would do, as counts. Writes nothing to
//! either server.
//!
//! ```console
//! $ cargo run --release --example plan -- \
//!       postgresql://dba@old/shop postgresql://dba@new/shop 2026-11-22T10:00:00+02:00 /tmp/run
//! ```

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "an example tells its result")]

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use failback::config::{Config, Cutover};
use failback::engine::{self, Context, Limits, Reporter, Selection, Servers, Silent, Stop};
use failback::error::Result;
use failback::name::{Side, Sided};
use failback::pg::{Endpoint, OldWrites};
use failback::staging::{RunId, RunRecord};
use failback::store::LocalStore;

/// Runs the steps that only read, one after the other. Each leaves its files in the run's folder for the next.
async fn plan(context: &Context) -> Result<()> {
    let exported = engine::export(context).await?;
    println!("{} rows staged", exported.rows);
    for (class, rows) in engine::diff(context).await?.counts.iter() {
        println!("{rows:>10} {class}");
    }
    let plan = engine::plan(context).await?;
    for (action, rows) in plan.actions.iter() {
        println!("{rows:>10} to {action}");
    }
    println!("plan {} is in {}", plan.digest, plan.run);
    Ok(())
}

/// Says where the servers, the run and the cutover are; everything else is as failback.toml has it by default.
fn context(old: &str, new: &str, cutover: &str, run: &str) -> Result<Context> {
    let variable = |name: &str| std::env::var(name).ok();
    let (old, new) = (Endpoint::resolve(Side::Old, Some(old), &variable)?, Endpoint::resolve(Side::New, Some(new), &variable)?);
    let store = LocalStore::create(Path::new(run))?;
    RunRecord::make(&store, RunId::fresh())?;
    let selection = Selection::new(Config::default())
        .with_cutover(Some(Cutover::parse(cutover)?))
        .with_databases(vec![old.database().to_owned()]);
    let servers = Servers::new(Sided { old, new }, Stop::default(), OldWrites::default());
    let reporter = Reporter::new(Arc::new(Silent), Stop::default());
    Ok(Context::new(servers, Arc::new(store), selection, reporter, Limits::new(2)))
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [old, new, cutover, run] = arguments.as_slice() else {
        eprintln!("usage: plan OLD-URL NEW-URL CUTOVER FOLDER");
        return ExitCode::from(2);
    };
    let done = match context(old, new, cutover, run) {
        Ok(context) => plan(&context).await,
        Err(error) => Err(error),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:?}");
            ExitCode::from(error.kind().exit_code())
        }
    }
}
