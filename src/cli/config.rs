//! `failback config`.

use clap::{Args, Subcommand};
use serde::Serialize;

use super::options::{Configured, Given, Speaking, WithBoth};
use super::printer::Printer;
use super::settings::Settings;
use super::table::Table;
use super::{Call, Exit};
use crate::error::{Error, Result};
use crate::name::Side;

/// What an editor knows a configuration by.
const SCHEMA: &str = include_str!("../../docs/config.schema.json");

/// Show, check or describe failback.toml
///
/// No server is asked, and no password is printed.
#[derive(Args)]
#[command(after_help = "\
Examples:
  failback config show --env production
  failback config validate --config failback.toml
  failback config schema > failback.schema.json")]
pub(super) struct Arguments {
    #[command(subcommand)]
    deed: Deed,
}

#[derive(Subcommand)]
enum Deed {
    /// Print each setting as the verbs read it, and where it comes from
    Show(Show),
    /// Read the file, all its environments too, and say what is wrong with it
    Validate(Validate),
    /// Print the JSON Schema of failback.toml
    Schema(Schema),
}

#[derive(Args)]
struct Show {
    #[command(flatten)]
    options: WithBoth,
}

#[derive(Args)]
struct Validate {
    #[command(flatten)]
    options: Configured,
}

#[derive(Args)]
struct Schema {
    #[command(flatten)]
    options: Speaking,
}

impl Arguments {
    pub(super) fn options(&self) -> &dyn Given {
        match &self.deed {
            Deed::Show(show) => &show.options,
            Deed::Validate(validate) => &validate.options,
            Deed::Schema(schema) => &schema.options,
        }
    }
}

/// One setting.
#[derive(Serialize)]
struct Setting {
    name: &'static str,
    value: String,
    from: &'static str,
}

/// What the configuration says.
#[derive(Serialize)]
struct Report {
    file: String,
    warnings: Vec<String>,
    settings: Vec<Setting>,
}

/// Prints what was asked for.
pub(super) fn run(call: &Call, arguments: &Arguments) -> Result<Exit> {
    let options = arguments.options();
    if matches!(arguments.deed, Deed::Schema(_)) {
        Printer::piece(SCHEMA)?;
        return Ok(Exit::Done);
    }
    // Reading it is what checks it: a fault is an error with its line and column.
    let settings = Settings::read(call, options, None)?;
    let config = &settings.config;
    let mut page = call.printer.page();
    let warnings = config.warnings().to_vec();
    let settings = if matches!(arguments.deed, Deed::Show(_)) { shown(call, &settings)? } else { Vec::new() };
    let file = config.file().to_owned();
    if settings.is_empty() {
        page.line(format!("{file}: nothing is wrong with it"));
    } else {
        let mut table = Table::new(&["setting", "value", "from"]);
        for Setting { name, value, from } in &settings {
            table.row([(*name).to_owned(), value.clone(), (*from).to_owned()]);
        }
        page.table(&table);
    }
    call.printer.result(&Report { file, warnings, settings }, &page)?;
    Ok(Exit::Done)
}

/// Lists the settings. What a variable or the command line says of a server wins over the file, as for every verb.
fn shown(call: &Call, settings: &Settings) -> Result<Vec<Setting>> {
    let config = &settings.config;
    let from = |is_stated: bool| if is_stated { "the file" } else { "built in" };
    let setting = |name, value: Option<String>, other: &str| Setting {
        name,
        from: from(value.is_some()),
        value: value.unwrap_or_else(|| other.to_owned()),
    };
    let server = |side: Side| {
        let (name, named) = match side {
            Side::Old => ("OLD", settings.is_named(side)),
            Side::New => ("NEW", settings.is_named(side)),
        };
        let found = settings.endpoint(side, &call.environment, true);
        // What nothing says is no error here; what makes no sense is.
        let found = if named { Some(found?) } else { found.ok() };
        let value = found.map_or_else(|| "not configured".to_owned(), |endpoint| endpoint.to_string());
        let from = if named {
            "the command line"
        } else if call.environment.names(side) {
            "variables, and the file"
        } else if config.server(side).connection_string().is_some() {
            "the file"
        } else {
            "nowhere"
        };
        Ok::<_, Error>(Setting { name, value, from })
    };
    let quorum = config.quorum();
    let approval = (quorum.approvers() > 0).then(|| {
        let of = if quorum.roles().is_empty() { String::new() } else { format!(" of {}", quorum.roles().join(", ")) };
        format!("{}{of}", quorum.approvers())
    });
    let overlap = || format!("{}s", config.overlap().seconds());
    let built_in = |value: String, is_stated: bool, name| Setting { name, value, from: from(is_stated) };
    Ok(vec![
        server(Side::Old)?,
        server(Side::New)?,
        setting("cutover", config.cutover(None).ok().map(|cutover| cutover.to_string()), "not stated"),
        built_in(overlap(), config.has_overlap(), "overlap"),
        setting("zone", config.has_zone().then(|| config.zone().to_string()), "not stated: wall clocks prove nothing"),
        setting("databases", config.databases().map(|names| names.join(", ")), "all that both servers have"),
        built_in(config.runs().to_owned(), config.runs() != ".runs", "runs"),
        setting("jobs", config.jobs().map(|jobs| jobs.to_string()), "the processors, up to 4"),
        built_in(config.sums_first().to_string(), config.sums_first(), "sums_first"),
        built_in(config.ledger_schema().to_string(), config.ledger_schema().as_str() != "failback", "ledger_schema"),
        setting("approval", approval, "nobody has to approve"),
        setting("tables", counted(config.table_rules()), "none has a section"),
        setting("health", counted(config.health().len()), "no page is asked"),
        setting("metrics", counted(config.metrics().len()), "no query is asked"),
        setting("matrix", config.has_matrix().then(|| format!("{} rows", config.matrix().rows().len())), "as built in"),
        setting("mask", counted(config.mask().rules()), "nothing is masked"),
    ])
}

/// Says how many sections there are, if there are any.
fn counted(sections: usize) -> Option<String> {
    (sections > 0).then(|| format!("{sections} in failback.toml"))
}
