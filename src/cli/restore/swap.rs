//! `failback restore swap`.

use std::path::PathBuf;

use clap::Args;

use super::super::confirm::confirm_besides;
use super::super::options::WithOldAlone;
use super::super::settings::{Settings, shell_word};
use super::super::step::Step;
use super::super::{Call, Exit};
use super::{Tools, record, told};
use crate::engine::{self, SwapOptions};
use crate::error::Result;
use crate::name::Side;
use crate::staging::{RestoreState, Restored, RestoredDatabase};

#[derive(Args)]
#[command(after_help = "\
What is there is dumped into the restore's folder, and the dump read whole; then it is closed to connections, sessions are
ended, and all databases are renamed in one transaction. It is kept as NAME_before_ID, and --undo puts it back.")]
pub(super) struct Arguments {
    /// The folder that what was made is written down in [default: the newest below .runs/restore]
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,
    /// Do not dump what is there: it is kept under another name, and nowhere else
    #[arg(long, conflicts_with = "undo")]
    without_dump: bool,
    /// Swap although tables would be missing or empty that have rows now, or whose rows the backup leaves out
    #[arg(long, conflicts_with = "undo")]
    with_less: bool,
    /// Put back what was there
    #[arg(long)]
    undo: bool,
    /// The database that is connected to while others are renamed
    #[arg(long, value_name = "NAME", default_value = "postgres")]
    maintenance: String,
    /// Confirm by name: OLD's host:port
    #[arg(long, value_name = "NAME")]
    confirm: Option<String>,
    #[command(flatten)]
    tools: Tools,
    #[command(flatten)]
    pub(super) options: WithOldAlone,
}

/// Swaps, or takes a swap back.
pub(super) async fn run(call: &Call, arguments: &Arguments) -> Result<Exit> {
    let settings = Settings::read(call, &arguments.options, None)?;
    let context = settings.context(call, super::super::run::none()?, &[Side::Old])?;
    let (store, place) = record::open(&settings, arguments.record.as_deref())?;
    let before = Restored::read(&store)?.into_content();
    let context = context.with_store(std::sync::Arc::new(store.clone()));
    let what = if arguments.undo { "put back what was there" } else { "put restored databases in their places" };
    confirm_besides(call, &context, Side::Old, (what, question(arguments, &before)), arguments.confirm.as_deref()).await?;
    let _lock = crate::store::Store::lock(&store)?;
    let programs = arguments.tools.programs(call, &settings);
    let options = SwapOptions {
        maintenance: arguments.maintenance.clone(),
        dumps: !arguments.without_dump,
        with_less: arguments.with_less,
    };
    let restored = if arguments.undo {
        engine::swap_back(&context, &options).await?
    } else {
        engine::swap(&context, &programs, &options).await?
    };
    let mut page = call.printer.page();
    told::tell(&mut page, &restored);
    let kept = |one: &RestoredDatabase| {
        let former = one.former.as_ref().filter(|_| one.state == RestoreState::Swapped)?;
        let dump = former.dump.as_ref().map_or_else(String::new, |dump| format!(", dumped into {}", dump.file));
        Some(format!("{}: {}{dump}", one.name, former.kept_as))
    };
    page.list("what was there before is closed to connections, and kept as:", restored.databases.iter().filter_map(kept));
    if restored.databases.iter().any(|one| one.state == RestoreState::Swapped) {
        let address = context.servers().endpoint(Side::Old).address();
        let more = ["--undo", "--record", &shell_word(&place.display().to_string()), "--confirm", &address];
        page.next([
            Step::Say("look whether applications work with it; to take it back:".to_owned()),
            Step::Run(settings.restore_command("swap", &more.map(str::to_owned))),
        ]);
    }
    call.printer.result(&restored, &page)?;
    Ok(told::exit(&restored))
}

fn question(arguments: &Arguments, before: &Restored) -> Vec<String> {
    let lead = if arguments.undo {
        "ends all sessions with these databases, and renames:"
    } else {
        "closes these databases, ends all sessions with them, and renames:"
    };
    let line = |one: &RestoredDatabase| {
        let RestoredDatabase { name, scratch, .. } = one;
        if arguments.undo {
            format!("  {name} to {scratch}, and what was there before back to {name}")
        } else {
            format!("  {scratch} to {name}, and what is there now to another name")
        }
    };
    std::iter::once(lead.to_owned()).chain(before.databases.iter().map(line)).collect()
}
