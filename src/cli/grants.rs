//! `failback grants`.

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::options::{Places, WithBoth};
use super::settings::{self, Settings};
use super::{Call, Exit, run};
use crate::engine::{self, GrantScript};
use crate::error::Result;
use crate::name::Side;

/// Print the SQL that gives failback's user what it needs, and no more
///
/// For an administrator to read and to run with psql; failback runs none of it. Where the server can be asked, the script names
/// what is there, as failback.toml and --tables take it in; else it is one of whole schemas, to be completed. The user that
/// asks need not be the one that is given something.
#[derive(Args)]
#[command(after_help = "\
Examples:
  failback grants --side old | psql -X -v ON_ERROR_STOP=1 -h old.example.com -U postgres postgres
  failback grants --side new --role recovery
  failback grants --side old --databases shop --tables 'public.*'")]
pub(super) struct Arguments {
    /// For which server [default: both]
    #[arg(long, value_enum, value_name = "SIDE")]
    side: Option<ChosenSide>,
    /// The role that is given something; made if there is none
    #[arg(long, value_name = "NAME", default_value = "failback")]
    role: String,
    #[command(flatten)]
    places: Places,
    #[command(flatten)]
    pub(super) options: WithBoth,
}

/// A side, as it is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ChosenSide {
    Old,
    New,
}

/// The scripts, for programs.
#[derive(Serialize)]
struct Scripts {
    scripts: Vec<GrantScript>,
}

/// Writes the scripts and prints them.
pub(super) async fn run(call: &Call, arguments: &Arguments) -> Result<Exit> {
    let settings = Settings::read(call, &arguments.options, None)?;
    let sides: &[Side] = match arguments.side {
        None => &Side::BOTH,
        Some(ChosenSide::Old) => &[Side::Old],
        Some(ChosenSide::New) => &[Side::New],
    };
    let context = settings::narrow(settings.context(call, run::none()?, sides)?, &arguments.places)?;
    let mut page = call.printer.page();
    let mut scripts = Vec::new();
    for side in sides {
        let script = engine::grants(&context, *side, &arguments.role).await?;
        if let Some(cause) = &script.not_asked {
            call.printer.note(cause);
        }
        // Not tamed: its names are spelled so that they show themselves. Not folded: a comment ends with its line.
        page.verbatim(&script.script);
        scripts.push(script);
    }
    call.printer.result(&Scripts { scripts }, &page)?;
    Ok(Exit::Done)
}
