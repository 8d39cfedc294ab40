//! `failback restore run`.

use std::path::{Path, PathBuf};

use clap::Args;

use super::super::confirm::confirm_besides;
use super::super::options::AtOld;
use super::super::settings::{Settings, shell_word};
use super::super::step::Step;
use super::super::{Call, Exit};
use super::{Tools, record, told};
use crate::engine::{self, Backup, LeftOut, RestoreOptions};
use crate::error::{Error, ErrorKind, Result};
use crate::name::Side;
use crate::staging::RestoreState;

#[derive(Args)]
#[command(after_help = "\
Nothing that is there is written to: a backup is restored into a database NAME_restore_ID of its own, which `failback restore
swap` puts in the place of NAME. Stopped or killed, the same command with the same --record goes on.")]
pub(super) struct Arguments {
    /// A folder of backups, or one backup
    #[arg(value_name = "SOURCE")]
    source: PathBuf,
    /// Of a folder: the newest that ended before, as 2026-11-22T10:00:00+02:00, with its offset
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Databases, with commas between [default: those that the backups say they are of]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    databases: Vec<String>,
    /// The digest of the one backup, by SHA-256
    #[arg(long, value_name = "HEX")]
    sha256: Option<String>,
    /// What is made belongs to this user, whoever owned it
    #[arg(long)]
    no_owner: bool,
    /// Nobody is given a right
    #[arg(long)]
    no_privileges: bool,
    /// Restore although there may not be room for it
    #[arg(long)]
    any_room: bool,
    /// The database that is connected to while others are made
    #[arg(long, value_name = "NAME", default_value = "postgres")]
    maintenance: String,
    /// The folder that what is made is written down in [default: one below .runs/restore, by the restore's id]
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,
    /// Confirm by name: OLD's host:port
    #[arg(long, value_name = "NAME")]
    confirm: Option<String>,
    #[command(flatten)]
    tools: Tools,
    #[command(flatten)]
    pub(super) options: AtOld,
}

/// Restores.
pub(super) async fn run(call: &Call, arguments: &Arguments) -> Result<Exit> {
    let settings = Settings::read(call, &arguments.options, None)?;
    let context = settings.context(call, super::super::run::none()?, &[Side::Old])?;
    if arguments.source.to_string_lossy().starts_with("az://") {
        return Err(Error::new(ErrorKind::Usage, "restore backups")
            .at(arguments.source.display())
            .because("they are not on this machine")
            .next("fetch them first: `failback restore fetch`"));
    }
    let chosen = chosen(arguments)?;
    let programs = arguments.tools.programs(call, &settings);
    let old = context.servers().endpoint(Side::Old);
    let mut question = vec![format!("makes databases on OLD, {old}, beside those that are there:")];
    question.extend(chosen.iter().map(|(name, backup)| format!("  {name}, from {} of {}", backup.name, backup.ended)));
    confirm_besides(call, &context, Side::Old, ("restore", question), arguments.confirm.as_deref()).await?;
    let (store, place) = record::make(&settings, arguments.record.as_deref())?;
    let context = context.with_store(std::sync::Arc::new(store.clone()));
    let _lock = crate::store::Store::lock(&store)?;
    let options = RestoreOptions {
        maintenance: arguments.maintenance.clone(),
        left_out: LeftOut { owner: arguments.no_owner, privileges: arguments.no_privileges },
        sha256: arguments.sha256.clone(),
        any_room: arguments.any_room,
    };
    let restored = engine::restore(&context, &programs, &options, &chosen).await?;
    let mut page = call.printer.page();
    told::tell(&mut page, &restored);
    let is_whole = restored.databases.iter().all(|one| one.state != RestoreState::Differs);
    if is_whole {
        let more = [
            "--record",
            &shell_word(&place.display().to_string()),
            "--confirm",
            &context.servers().endpoint(Side::Old).address(),
        ];
        page.next([Step::Run(settings.restore_command("swap", &more.map(str::to_owned)))]);
    }
    call.printer.result(&restored, &page)?;
    Ok(told::exit(&restored))
}

/// The backup of each database.
fn chosen(arguments: &Arguments) -> Result<Vec<(String, Backup)>> {
    let wrong =
        |cause: &str| Error::new(ErrorKind::Usage, "choose a backup").at(arguments.source.display()).because(cause.to_owned());
    let at = arguments.at.as_deref().map(engine::point_of_time).transpose()?;
    let backups = engine::backups(Path::new(&arguments.source))?;
    let chosen = match (at, backups.as_slice()) {
        (Some(at), all) => engine::choose(all, at, &arguments.databases)?,
        (None, [only]) => {
            let named = match (arguments.databases.as_slice(), &only.database) {
                ([name], _) | ([], Some(name)) => name.clone(),
                ([], None) => return Err(wrong("it does not say which database it is of").next("name it with --databases")),
                (_, _) => return Err(wrong("it is one backup, and several databases were named")),
            };
            vec![(named, only.clone())]
        }
        (None, _) => return Err(wrong("it holds several backups").next("say with --at which moment is to come back")),
    };
    if arguments.sha256.is_some() && chosen.len() > 1 {
        return Err(wrong("--sha256 is the digest of one backup, and several are chosen"));
    }
    Ok(chosen)
}
