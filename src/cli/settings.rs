//! Command line, variables and file, resolved into what the engine works with: the command line wins over `OLD_PG…` and
//! `NEW_PG…`, those over the file.

use std::fmt::Write as _;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use tracing::info;

use super::Call;
use super::bars::Bars;
use super::environment::Environment;
use super::mark_file::MarkFile;
use super::options::{Given, Options, Places, Scope};
use super::step::Step;
use super::taken;
use crate::config::{Config, Cutover, GivenXid};
use crate::engine::{Armed, Context, Limits, Reporter, Selection, Servers};
use crate::error::{Error, ErrorKind, Place as _, Result};
use crate::name::{Side, Sided};
use crate::pg::Endpoint;
use crate::staging::{Baseline, Manifest, Mark};
use crate::store::{LocalStore, Store, host_files};
pub(super) use crate::text::shell_word;

/// The configuration that is read if none is named.
const FILE: &str = "failback.toml";

/// More connections than this to each server have to be asked for.
const JOBS: usize = 4;

/// What a verb was asked to do, resolved.
#[derive(Clone)]
pub(super) struct Settings {
    /// The configuration, with its environment laid over it.
    pub(super) config: Config,
    options: Options,
    scope: Option<Scope>,
    cutover: Option<Cutover>,
    xids: Sided<Option<GivenXid>>,
}

impl Settings {
    /// Reads the configuration and checks the options against it.
    pub(super) fn read(call: &Call, given: &dyn Given, scope: Option<&Scope>) -> Result<Self> {
        let options = given.given();
        let config = read_config(&options)?;
        for warning in config.warnings() {
            call.printer.note(warning);
        }
        let base = scope.and_then(|scope| scope.base.as_deref());
        for (word, given) in [("old", options.old.as_deref()), ("new", options.new.as_deref()), ("base", base)] {
            if given.is_some_and(holds_password) {
                let prefix = word.to_uppercase();
                call.printer.note(&format!(
                    "the password in --{word} is visible to everybody on this machine (`ps`): \
                     use {prefix}_PGPASSWORD, .pgpass or password_command"
                ));
            }
        }
        expect_databases(scope.map_or(&[], |scope| &scope.places.databases))?;
        let cutover = scope.and_then(|scope| scope.cutover.as_deref()).map(Cutover::parse).transpose().place(|| "--cutover")?;
        let xid =
            |side: Side| given_xid(scope, side).map(GivenXid::parse).transpose().place(|| format!("--{}-xid", side.word()));
        let xids = Sided::of(xid).transpose()?;
        Ok(Self { config, options, scope: scope.cloned(), cutover, xids })
    }

    /// Builds what the engine works with. A side that the verb does not need may be left unconfigured.
    pub(super) fn context(&self, call: &Call, store: LocalStore, needed: &[Side]) -> Result<Context> {
        let endpoint = |side| self.endpoint(side, &call.environment, needed.contains(&side));
        let (old, new) = (endpoint(Side::Old)?, endpoint(Side::New)?);
        for (side, endpoint) in [(Side::Old, &old), (Side::New, &new)].into_iter().filter(|(side, _)| needed.contains(side)) {
            info!(%side, at = %endpoint, "a server is named");
        }
        let places = self.scope.as_ref().map(|scope| scope.places.clone()).unwrap_or_default();
        let (baseline, armed_mark) = self.baseline()?;
        let selection = Selection::new(self.config.clone())
            .with_cutover(self.cutover.clone())
            .with_databases(places.databases)
            .with_tables(places.tables)
            .with_mark(self.mark()?.or(armed_mark))
            .with_baseline(baseline)
            .with_xids(self.xids)
            .with_estimate(self.scope.as_ref().is_some_and(|scope| scope.estimate));
        let servers = Servers::new(Sided { old, new }, call.stop.clone(), call.old_writes.clone());
        let servers = servers.with_base(self.base(&call.environment)?);
        let reporter = Reporter::new(Arc::new(Bars::new(&call.printer)), call.stop.clone());
        Ok(Context::new(servers, Arc::new(store), selection, reporter, Limits::new(self.jobs())))
    }

    /// Returns another verb for the same run, servers and configuration as what to do next, with `more` options, each a word
    /// for a shell.
    pub(super) fn steps(&self, verb: &str, more: &[String]) -> Vec<Step> {
        let secret = self.servers(verb).into_iter().filter(|(_, given)| holds_password(given)).map(|(option, _)| option);
        let secret: Vec<_> = secret.map(|option| format!("--{option}")).collect();
        let run = Step::Run(self.command(verb, more));
        if secret.is_empty() {
            return vec![run];
        }
        vec![
            run,
            Step::Say(format!("with {} as before, which is not repeated here: it holds a password", secret.join(" and "))),
        ]
    }

    /// Returns how to make a new run of the same servers, configuration and cutover as a run's.
    ///
    /// # Errors
    /// `Damaged` where the run's manifest cannot be read.
    pub(super) fn steps_to_new_run(&self, store: &dyn Store) -> Result<Vec<Step>> {
        let mut anew = self.clone();
        anew.options.run = None;
        let cutover = Manifest::read(store)?.into_content().cutover;
        Ok(anew.steps("export", &["--cutover".to_owned(), shell_word(&cutover)]))
    }

    /// The servers that were named on the command line, as far as a verb asks for them.
    fn servers(&self, verb: &str) -> Vec<(&'static str, &str)> {
        let given = [("old", self.options.old.as_deref()), ("new", self.options.new.as_deref())];
        let given = given.into_iter().filter_map(|(option, given)| Some((option, given?)));
        given.filter(|(option, _)| taken::takes(verb, option)).collect()
    }

    /// Returns the command line of another verb for the same run, servers and configuration. A connection string that holds a
    /// password is left out.
    pub(super) fn command(&self, verb: &str, more: &[String]) -> String {
        let mut command = format!("failback {verb}");
        let mut add = |option: &str, value: Option<String>| {
            if let Some(value) = value.filter(|_| taken::takes(verb, option)) {
                // Writing into a String cannot fail.
                let _ = write!(command, " --{option} {}", shell_word(&value));
            }
        };
        add("config", self.options.config.as_ref().map(|path| path.display().to_string()));
        add("env", self.options.env.clone());
        add("run", self.options.run.as_ref().map(|path| path.display().to_string()));
        for (option, given) in self.servers(verb) {
            add(option, (!holds_password(given)).then(|| given.to_owned()));
        }
        add("jobs", self.options.jobs.map(|jobs| jobs.to_string()));
        std::iter::once(command).chain(more.iter().cloned()).collect::<Vec<_>>().join(" ")
    }

    /// Returns the command line of a deed of `failback rollback` with the same configuration.
    pub(super) fn rollback_command(&self, deed: &str, more: &[String]) -> String {
        let config = self.options.config.as_ref().map(|path| format!("--config {}", shell_word(&path.display().to_string())));
        std::iter::once(format!("failback rollback {deed}"))
            .chain(more.iter().cloned())
            .chain(config)
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// Returns the command line of a part of `failback restore` with the same configuration.
    pub(super) fn restore_command(&self, part: &str, more: &[String]) -> String {
        let given = [
            ("env", self.options.env.clone()),
            ("config", self.options.config.as_ref().map(|path| path.display().to_string())),
        ];
        let given = given.into_iter().filter_map(|(option, value)| Some(format!("--{option} {}", shell_word(&value?))));
        std::iter::once(format!("failback restore {part}"))
            .chain(more.iter().cloned())
            .chain(given)
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// The environment that was named.
    pub(super) fn environment(&self) -> Option<&str> {
        self.options.env.as_deref()
    }

    /// Where the configuration is.
    pub(super) fn config_path(&self) -> &Path {
        self.options.config.as_deref().unwrap_or(Path::new(FILE))
    }

    /// The configuration's text as it is now; empty where there is none.
    pub(super) fn config_text(&self) -> Result<String> {
        let path = self.config_path();
        if self.options.config.is_some() || host_files::exists(path) { host_files::read_text(path) } else { Ok(String::new()) }
    }

    /// Returns a side's host and port, if anybody has named it.
    pub(super) fn address(&self, call: &Call, side: Side) -> Result<Option<String>> {
        let configured = self.config.server(side).connection_string().is_some();
        if !self.is_named(side) && !configured && !call.environment.names(side) {
            return Ok(None);
        }
        self.endpoint(side, &call.environment, true).map(|endpoint| Some(endpoint.address()))
    }

    /// Both servers, as far as anybody has named them.
    pub(super) fn servers_of(&self, call: &Call) -> Result<Servers> {
        let endpoint = |side| self.endpoint(side, &call.environment, false);
        let sides = Sided { old: endpoint(Side::Old)?, new: endpoint(Side::New)? };
        Ok(Servers::new(sides, call.stop.clone(), call.old_writes.clone()))
    }

    /// Returns the same settings with the run named.
    pub(super) fn for_run(&self, path: &Path) -> Self {
        Self { options: Options { run: Some(path.to_owned()), ..self.options.clone() }, ..self.clone() }
    }

    /// Returns the run's folder, if one was named.
    pub(super) fn named_run(&self) -> Option<&Path> {
        self.options.run.as_deref()
    }

    /// Returns the options that say what is looked at, each a word for a shell.
    pub(super) fn scope_options(&self) -> Vec<String> {
        let lists =
            self.scope.iter().flat_map(|scope| [("--databases", &scope.places.databases), ("--tables", &scope.places.tables)]);
        let mark = self.scope.as_ref().and_then(|scope| scope.mark.as_ref()).map(|mark| mark.display().to_string());
        let lists = lists.filter(|(_, names)| !names.is_empty()).map(|(option, names)| (option.to_owned(), names.join(",")));
        let mark = mark.into_iter().map(|file| ("--mark".to_owned(), file));
        let base = self.scope.as_ref().and_then(|scope| scope.base.clone()).filter(|base| !holds_password(base));
        let baseline = self.scope.as_ref().and_then(|scope| scope.baseline.as_ref());
        let mark = mark.chain(baseline.map(|folder| ("--baseline".to_owned(), folder.display().to_string())));
        let mark = mark.chain(base.map(|url| ("--base".to_owned(), url)));
        let xid = |side: Side| self.xids.get(side).map(|xid| (format!("--{}-xid", side.word()), xid.to_string()));
        let given = lists.chain(mark).chain(Side::BOTH.into_iter().filter_map(xid));
        let estimate = self.scope.as_ref().filter(|scope| scope.estimate).map(|_| "--estimate".to_owned());
        given.flat_map(|(option, value)| [option, shell_word(&value)]).chain(estimate).collect()
    }

    /// Returns the cutover as it was written, if anybody has stated it.
    pub(super) fn cutover(&self) -> Option<Cutover> {
        self.config.cutover(self.cutover.clone()).ok()
    }

    /// Whether the cutover stands in the configuration, so that later commands need not repeat it.
    pub(super) fn cutover_is_configured(&self) -> bool {
        self.config.cutover(None).is_ok()
    }

    /// Whether the command line names a side's server.
    pub(super) fn is_named(&self, side: Side) -> bool {
        match side {
            Side::Old => self.options.old.is_some(),
            Side::New => self.options.new.is_some(),
        }
    }

    /// Returns how a side is reached.
    pub(super) fn endpoint(&self, side: Side, environment: &Environment, needed: bool) -> Result<Endpoint> {
        let given = match side {
            Side::Old => self.options.old.as_deref(),
            Side::New => self.options.new.as_deref(),
        };
        let server = self.config.server(side);
        let configured = if given.is_none() { server.connection_string() } else { None };
        if needed {
            environment.expect_readable(side)?;
        }
        let env = |name: &str| environment.get(name).map(str::to_owned);
        if !needed && given.is_none() && configured.is_none() && !environment.names(side) {
            // Never connected to; the top-level name is reserved for names that do not exist (RFC 2606).
            let nowhere = format!("postgres://nobody@{}-is-not-configured.invalid/none", side.word());
            return Endpoint::resolve(side, Some(&nowhere), &env);
        }
        let endpoint = Endpoint::resolve_over(side, given, configured.as_deref(), &env)
            .map_err(|error| if error.what().starts_with("find the") { or_in_the_file(&error, side) } else { error })?;
        Ok(match server.password_command() {
            Some(command) => endpoint.with_password_command(command),
            None => endpoint,
        })
    }

    /// Returns how BASE is reached, where the verb looks at what there was at the cutover and somebody has named it.
    fn base(&self, environment: &Environment) -> Result<Option<Endpoint>> {
        let Some(scope) = &self.scope else { return Ok(None) };
        let server = self.config.base_server();
        let (given, configured) = (scope.base.as_deref(), server.connection_string());
        if given.is_none() && configured.is_none() {
            return Ok(None);
        }
        let configured = configured.filter(|_| given.is_none());
        let env = |name: &str| environment.get(name).map(str::to_owned);
        let endpoint = Endpoint::resolve_base(given, configured.as_deref(), &env)?;
        Ok(Some(match server.password_command() {
            Some(command) => endpoint.with_password_command(command),
            None => endpoint,
        }))
    }

    /// Reads the mark that was named, if any was.
    fn mark(&self) -> Result<Option<Arc<Mark>>> {
        let Some(file) = self.scope.as_ref().and_then(|scope| scope.mark.as_deref()) else { return Ok(None) };
        MarkFile::at(file)?.read().map(|mark| Some(Arc::new(mark)))
    }

    /// Reads the baseline that was named, if any was, and its mark.
    fn baseline(&self) -> Result<(Option<Armed>, Option<Arc<Mark>>)> {
        let folder = self.scope.as_ref().and_then(|scope| scope.baseline.as_deref());
        let Some(folder) = folder else { return Ok((None, None)) };
        let store = LocalStore::open(folder)?;
        let (baseline, mark) = Baseline::read(&store)?;
        // Without a digest it is its mark, and no more.
        let has_digests = !baseline.databases.is_empty();
        let armed = Armed { baseline: Arc::new(baseline), store: Arc::new(store) };
        Ok((has_digests.then_some(armed), Some(Arc::new(mark))))
    }

    fn jobs(&self) -> usize {
        let processors = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get).min(JOBS);
        self.options.jobs.map(NonZeroUsize::get).or_else(|| self.config.jobs()).unwrap_or_else(processors).max(1)
    }
}

/// Returns the same work, on the databases and tables that a command line names.
///
/// # Errors
/// `Usage` where a database has no name, or is named twice.
pub(super) fn narrow(context: Context, places: &Places) -> Result<Context> {
    expect_databases(&places.databases)?;
    let selection = context.selection().clone().with_databases(places.databases.clone());
    Ok(context.with_selection(selection.with_tables(places.tables.clone())))
}

/// # Errors
/// `Usage` where a database has no name, as where a variable is empty, or is named twice.
fn expect_databases(names: &[String]) -> Result<()> {
    let wrong = |cause: String| Error::new(ErrorKind::Usage, "choose databases").at("--databases").because(cause);
    if names.iter().any(String::is_empty) {
        return Err(wrong("a name is empty".to_owned()).next("leave --databases out to mean all that both servers have"));
    }
    match names.iter().enumerate().find(|(at, name)| names[..*at].contains(name)) {
        Some((_, name)) => Err(wrong(format!("it lists {name} twice")).next("name each database once")),
        None => Ok(()),
    }
}

/// Returns the transaction id that the command line gives for a side.
fn given_xid(scope: Option<&Scope>, side: Side) -> Option<&str> {
    let scope = scope?;
    match side {
        Side::Old => scope.old_xid.as_deref(),
        Side::New => scope.new_xid.as_deref(),
    }
}

fn or_in_the_file(error: &Error, side: Side) -> Error {
    let prefix = side.word().to_uppercase();
    Error::new(ErrorKind::Config, error.what().to_owned())
        .because("neither the command line, nor a variable, nor the configuration names it")
        .next(format!(
            "give --{} postgres://user@host/database, or set {prefix}_PGHOST and its like, or write [{}] in {FILE}",
            side.word(),
            side.word()
        ))
}

fn read_config(options: &Options) -> Result<Config> {
    let path = options.config.as_deref().unwrap_or(Path::new(FILE));
    let text = if options.config.is_some() || host_files::exists(path) { host_files::read_text(path)? } else { String::new() };
    let config = Config::parse(&text, &path.display().to_string())?;
    match &options.env {
        Some(name) => config.for_environment(name).place(|| format!("--env {name}")),
        None => Ok(config),
    }
}

/// Whether a connection string seems to hold a password. Rather warns once too often.
fn holds_password(text: &str) -> bool {
    let user = text.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@')).map(|(user, _)| user);
    user.is_some_and(|user| user.contains(':')) || text.split("password").skip(1).any(|rest| rest.trim_start().starts_with('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_on_the_command_line_are_seen() {
        for text in ["postgres://u:p@h/d", "host=h password=p", "postgres://h/d?password=x", "host=h password = p"] {
            assert!(holds_password(text), "{text}");
        }
        for text in ["postgres://u@h:5432/d", "host=h user=u", "service=old"] {
            assert!(!holds_password(text), "{text}");
        }
    }

    #[test]
    fn words_survive_a_shell() {
        assert_eq!(shell_word("public.orders"), "public.orders");
        assert_eq!(shell_word("public.Chain Blocks"), "'public.Chain Blocks'");
        assert_eq!(shell_word("it's"), r"'it'\''s'");
        assert_eq!(shell_word(""), "''");
    }
}
