//! How to reach one database of one side.
//!
//! Comes in: a connection string and, through a closure, the side's variables. Goes out: an [`Endpoint`] that a session can be
//! opened on. Precedence, strongest first: the string, `OLD_PG…` or `NEW_PG…`, the configuration's string, the service file,
//! the password file, defaults.
//! libpq lets a service file beat variables; here variables win, so that a password or a host can be replaced for one run.
//! The plain `PGHOST`, `PGPASSWORD` … are never read: they would make OLD and NEW the same server.
//! Never: reads the process's environment, talks to a server, shows a password.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::connect_settings::ConnectSettings;
use super::conninfo::{self, Settings};
use super::hosts::{self, Host};
use super::keyword::VARIABLES;
use super::passfile::Passfile;
use super::password::{self, Password, Source};
use super::pooler::SessionPools;
use super::process_environment::ProcessEnvironment;
use super::service;
use super::tls::Tls;
use crate::error::{Error, ErrorKind, Place as _, Result};
use crate::name::Side;
use crate::store::host_files;

/// Everything needed to open a session on one database. Shows itself as `user@host:port/database`, never with a password.
#[derive(Clone)]
pub struct Endpoint {
    side: Side,
    /// What people call the server; variables and options bear the same word.
    called: &'static str,
    pub(super) hosts: Vec<Host>,
    pub(super) user: String,
    database: String,
    pub(super) secret: Option<(Password, Source)>,
    command: Option<String>,
    pub(super) passfile: Option<(Arc<Passfile>, PathBuf)>,
    /// Why a password file was left aside.
    pub(super) passfile_note: Option<String>,
    pub(super) tls: Tls,
    pub(super) connect: ConnectSettings,
    /// What is known of poolers on the way.
    pub(super) session_pools: SessionPools,
}

impl Endpoint {
    /// Resolves a side's endpoint with the home folder and user name that the environment states.
    ///
    /// # Errors
    /// `Config` if nothing names the side's server, or something that names it does not make sense.
    pub fn resolve(side: Side, given: Option<&str>, env: &dyn Fn(&str) -> Option<String>) -> Result<Self> {
        Self::resolve_over(side, given, None, env)
    }

    /// Resolves as [`Endpoint::resolve`], with a string from the configuration below the variables. A variable that names the
    /// server (host, address or service) sets aside all of the configuration's words for where it is: half of one address and
    /// half of another would be a third server.
    ///
    /// # Errors
    /// As [`Endpoint::resolve`].
    pub fn resolve_over(
        side: Side,
        given: Option<&str>,
        configured: Option<&str>,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self> {
        resolve(side, called(side), given, configured, &ProcessEnvironment::of(env)).place(|| side)
    }

    /// Resolves the endpoint of BASE, a server that shows OLD as it was at the cutover and is asked in OLD's words, with the
    /// variables `BASE_PG…`.
    ///
    /// # Errors
    /// As [`Endpoint::resolve`].
    pub fn resolve_base(given: Option<&str>, configured: Option<&str>, env: &dyn Fn(&str) -> Option<String>) -> Result<Self> {
        resolve(Side::Old, BASE, given, configured, &ProcessEnvironment::of(env)).place(|| BASE)
    }

    /// Resolves a side's endpoint in the environment given.
    ///
    /// # Errors
    /// As [`Endpoint::resolve`].
    pub fn resolve_in(side: Side, given: Option<&str>, around: &ProcessEnvironment<'_>) -> Result<Self> {
        resolve(side, called(side), given, None, around).place(|| side)
    }

    /// Returns the same endpoint with another database.
    #[must_use]
    pub fn with_database(&self, database: &str) -> Self {
        Self { database: database.to_owned(), ..self.clone() }
    }

    /// Sets a command whose first line of output is the password; it is run with `sh -c` for every session, so that tokens may
    /// expire. It is asked unless the string or a variable holds a password, and before the service and password files.
    #[must_use]
    pub fn with_password_command(self, command: impl Into<String>) -> Self {
        Self { command: Some(command.into()), ..self }
    }

    /// Returns the side.
    #[must_use]
    pub fn side(&self) -> Side {
        self.side
    }

    /// Returns what people call the server: `OLD`, `NEW` or `BASE`.
    #[must_use]
    pub const fn called(&self) -> &'static str {
        self.called
    }

    /// Returns where the server is, without user and database: `host:port`, several with commas between.
    #[must_use]
    pub fn address(&self) -> String {
        self.hosts.iter().map(Host::to_string).collect::<Vec<_>>().join(",")
    }

    /// Returns the user's name.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Returns the database's name.
    #[must_use]
    pub fn database(&self) -> &str {
        &self.database
    }

    /// Reaches the same server as another user, by this password and none of the places where one may be kept.
    #[must_use]
    pub fn as_user(self, user: &str, password: impl Into<String>) -> Self {
        let secret = Some((Password::new(password), Source::Secret));
        Self { user: user.to_owned(), secret, command: None, passfile: None, ..self }
    }

    /// Finds the password for one host, and where it came from.
    pub(super) async fn password(&self, host: &Host) -> Result<(Option<Password>, Source)> {
        match (&self.secret, &self.command) {
            (Some((password, source @ (Source::Given | Source::Variable(_)))), _) => {
                return Ok((Some(password.clone()), source.clone()));
            }
            (_, Some(command)) => return Ok((Some(password::run_command(command).await?), Source::Command)),
            (Some((password, source)), None) => return Ok((Some(password.clone()), source.clone())),
            (None, None) => {}
        }
        let found = self.passfile.as_ref().and_then(|(file, path)| {
            let password = file.find(host.passfile_host(), host.port, &self.database, &self.user)?;
            Some((Some(password.clone()), Source::Passfile(path.clone())))
        });
        Ok(found.unwrap_or((None, Source::Nowhere)))
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}/{}", self.user, self.address(), self.database)
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({} {self})", self.called)
    }
}

/// What people call the server that shows OLD as it was at the cutover.
const BASE: &str = "BASE";

/// What people call a side's server.
const fn called(side: Side) -> &'static str {
    match side {
        Side::Old => "OLD",
        Side::New => "NEW",
    }
}

fn refused(cause: impl Into<String>) -> Error {
    Error::new(ErrorKind::Config, "read the connection settings").because(cause.into())
}

/// The keywords that say where a server is.
const WHERE: [&str; 4] = ["host", "hostaddr", "port", "service"];

fn resolve(
    side: Side,
    called: &'static str,
    given: Option<&str>,
    configured: Option<&str>,
    around: &ProcessEnvironment<'_>,
) -> Result<Endpoint> {
    let (prefix, word) = (called, called.to_lowercase());
    let correct = |place: &str| format!("correct {place}, then run the same command again");
    let parse = |text: Option<&str>, place: &str| {
        conninfo::parse(text.unwrap_or_default()).map_err(|error| error.or_next(|| correct(place)))
    };
    let given_in = format!("--{word}");
    let mut settings = parse(given, &given_in)?;
    let variables = variables(prefix, around);
    let mut configured = parse(configured, "the configuration")?;
    if ["host", "hostaddr", "service"].iter().any(|word| variables.get(word).is_some()) {
        configured.forget(&WHERE);
    }
    if settings.is_empty() && variables.is_empty() && configured.is_empty() {
        return Err(Error::new(ErrorKind::Config, format!("find the {called} server"))
            .because("neither a connection string nor a variable names it")
            .next(format!("give --{word} postgresql://user@host/database, or set {prefix}_PGHOST and its like")));
    }
    // What is wrong with a setting is wrong where it was written, and that is not known any more once they lie over each other.
    let written = [(&settings, given_in), (&variables, format!("the variables {prefix}_PG…"))];
    let written = written.into_iter().chain([(&configured, "the configuration".to_owned())]);
    let written: Vec<_> = written.filter(|(from, _)| !from.is_empty()).map(|(_, place)| place).collect();
    let correct = correct(&written.join(" or "));
    let mut source = Source::Given;
    if settings.get("password").is_none() && variables.get("password").is_some() {
        source = Source::Variable(format!("{prefix}_PGPASSWORD"));
    }
    settings.fill_from(&variables);
    settings.fill_from(&configured);
    if let Some(name) = settings.get("service").map(str::to_owned) {
        let section = read_service(&name, &settings, around)?;
        if settings.get("password").is_none() {
            source = Source::Service(name);
        }
        settings.fill_from(&section);
    }
    let Some(user) = settings.get("user").map(str::to_owned).or_else(|| around.user.clone()) else {
        return Err(refused("no user is named").next(format!("name one with user=… or {prefix}_PGUSER")));
    };
    let (passfile, passfile_note) = read_passfile(&settings, around)?;
    let in_place = |error: Error| error.or_next(|| correct.clone());
    Ok(Endpoint {
        side,
        called,
        hosts: hosts::hosts(&settings).map_err(in_place)?,
        database: settings.get("dbname").unwrap_or(&user).to_owned(),
        user,
        secret: settings.get("password").map(|password| (Password::new(password), source)),
        command: None,
        passfile,
        passfile_note,
        tls: Tls::from_settings(&settings, around.home.as_deref()).map_err(in_place)?,
        connect: ConnectSettings::read(&settings).map_err(in_place)?,
        session_pools: SessionPools::default(),
    })
}

fn variables(prefix: &str, around: &ProcessEnvironment<'_>) -> Settings {
    let mut settings = Settings::default();
    for (name, word) in VARIABLES {
        if let Some(value) = (around.env)(&format!("{prefix}_{name}")).filter(|value| !value.is_empty()) {
            settings.set(word, value);
        }
    }
    settings
}

/// Looks a service up in the user's file, then in the machine's.
fn read_service(name: &str, settings: &Settings, around: &ProcessEnvironment<'_>) -> Result<Settings> {
    let named = settings.get("servicefile").map(str::to_owned).or_else(|| (around.env)("PGSERVICEFILE"));
    let own = named.map(PathBuf::from).or_else(|| around.home.as_ref().map(|home| home.join(".pg_service.conf")));
    let shared = (around.env)("PGSYSCONFDIR").map(|folder| Path::new(&folder).join("pg_service.conf"));
    let mut tried = Vec::new();
    for path in own.into_iter().chain(shared) {
        if host_files::exists(&path) {
            let text = host_files::read_text(&path)?;
            if let Some(section) = service::section(&text, name).place(|| path.display())? {
                return Ok(section);
            }
        }
        tried.push(path.display().to_string());
    }
    Err(refused(format!("there is no service {name}")).at(tried.join(", ")))
}

type FoundPassfile = (Option<(Arc<Passfile>, PathBuf)>, Option<String>);

/// Reads the password file. One that others may read is left aside, as libpq does, and the note says so.
fn read_passfile(settings: &Settings, around: &ProcessEnvironment<'_>) -> Result<FoundPassfile> {
    let named = settings.get("passfile").map(str::to_owned).or_else(|| (around.env)("PGPASSFILE"));
    let path = match named.map(PathBuf::from).or_else(|| around.home.as_ref().map(|home| home.join(".pgpass"))) {
        Some(path) if host_files::exists(&path) => path,
        Some(path) => {
            return Ok((None, settings.get("passfile").map(|_| format!("there is no password file {}", path.display()))));
        }
        None => return Ok((None, None)),
    };
    if !host_files::mode_is_private(&path)? {
        let shown = path.display();
        return Ok((None, Some(format!("the password file {shown} was ignored: others may read it; chmod 0600 {shown}"))));
    }
    let file = Passfile::parse(&host_files::read_text(&path)?);
    Ok((Some((Arc::new(file), path)), None))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::time::Duration;

    use super::super::connect_settings::CONNECT_LIMIT;
    use super::*;

    fn resolve_with(given: Option<&str>, variables: &[(&str, &str)], home: Option<&Path>) -> Result<Endpoint> {
        let env = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        let around = ProcessEnvironment { env: &env, home: home.map(Path::to_owned), user: Some("me".to_owned()) };
        Endpoint::resolve_in(Side::Old, given, &around)
    }

    fn secret(endpoint: &Endpoint) -> (Option<String>, Source) {
        let found = endpoint.password(&endpoint.hosts[0]);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (password, source) = runtime.block_on(found).unwrap();
        (password.map(|password| password.reveal().to_owned()), source)
    }

    fn home_with(file: &str, text: &str, mode: u32) -> tempfile::TempDir {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join(file);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        home
    }

    #[test]
    fn the_string_beats_variables_and_variables_beat_the_service() {
        let home = home_with(".pg_service.conf", "[s]\nhost=from-service\nport=7\ndbname=d\npassword=three\n", 0o644);
        let variables = [("OLD_PGHOST", "from-variable"), ("OLD_PGPASSWORD", "two"), ("OLD_PGSERVICE", "s")];
        let endpoint = resolve_with(Some("user=shop password=one"), &variables, Some(home.path())).unwrap();
        assert_eq!(endpoint.to_string(), "shop@from-variable:7/d");
        assert_eq!(secret(&endpoint), (Some("one".to_owned()), Source::Given));
        let endpoint = resolve_with(None, &variables, Some(home.path())).unwrap();
        assert_eq!(secret(&endpoint), (Some("two".to_owned()), Source::Variable("OLD_PGPASSWORD".to_owned())));
        let endpoint = resolve_with(Some("service=s"), &[], Some(home.path())).unwrap();
        assert_eq!(secret(&endpoint), (Some("three".to_owned()), Source::Service("s".to_owned())));
        let endpoint = endpoint.with_password_command("echo four");
        assert_eq!(secret(&endpoint), (Some("four".to_owned()), Source::Command));
        assert!(resolve_with(Some("service=none"), &[], Some(home.path())).is_err());
    }

    #[test]
    fn variables_beat_the_configuration_and_an_address_is_one_thing() {
        let resolve = |variables: &[(&str, &str)], configured: &str| {
            let env = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
            let around = ProcessEnvironment { env: &env, home: None, user: Some("me".to_owned()) };
            super::resolve(Side::Old, "OLD", None, Some(configured), &around).unwrap()
        };
        let endpoint = resolve(&[("OLD_PGUSER", "dba"), ("OLD_PGPASSWORD", "two")], "postgres://shop@h:7/d");
        assert_eq!((endpoint.to_string().as_str(), endpoint.address().as_str()), ("dba@h:7/d", "h:7"));
        assert_eq!(secret(&endpoint), (Some("two".to_owned()), Source::Variable("OLD_PGPASSWORD".to_owned())));
        let endpoint = resolve(&[("OLD_PGHOST", "other")], "host=h hostaddr=127.0.0.1 port=7 dbname=d user=shop");
        assert_eq!(endpoint.to_string(), "shop@other:5432/d");
    }

    #[test]
    fn plain_and_other_sides_variables_are_never_read() {
        let error = resolve_with(None, &[("PGHOST", "h"), ("NEW_PGHOST", "h")], None).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert_eq!(error.to_string(), "find the OLD server (OLD)");
    }

    #[test]
    fn the_password_file_is_asked_last_and_only_if_private() {
        let home = home_with(".pgpass", "h:5432:shop:u:right\nh:5432:other:u:left\n", 0o600);
        let endpoint = resolve_with(Some("postgres://u@h/shop"), &[], Some(home.path())).unwrap();
        assert_eq!(secret(&endpoint), (Some("right".to_owned()), Source::Passfile(home.path().join(".pgpass"))));
        assert_eq!(secret(&endpoint.with_database("other")).0.as_deref(), Some("left"));
        let home = home_with(".pgpass", "*:*:*:*:right\n", 0o640);
        let endpoint = resolve_with(Some("postgres://u@h/shop"), &[], Some(home.path())).unwrap();
        assert_eq!(secret(&endpoint), (None, Source::Nowhere));
        assert!(endpoint.passfile_note.unwrap().contains("chmod 0600"));
    }

    #[test]
    fn an_endpoint_never_shows_its_password() {
        let endpoint = resolve_with(Some("postgres://shop:s3cret@orders-12/shop_db"), &[], None).unwrap();
        assert_eq!(endpoint.to_string(), "shop@orders-12:5432/shop_db");
        assert_eq!(format!("{endpoint:?}"), "Endpoint(OLD shop@orders-12:5432/shop_db)");
    }

    #[test]
    fn defaults_are_the_users_own() {
        let endpoint = resolve_with(Some("host=h"), &[], None).unwrap();
        assert_eq!(endpoint.to_string(), "me@h:5432/me");
        assert_eq!(endpoint.connect.application_name, "failback");
        assert_eq!(endpoint.connect.limit, Some(CONNECT_LIMIT));
        let limit = |text: &str| resolve_with(Some(text), &[], None).unwrap().connect.limit;
        assert_eq!((limit("connect_timeout=0"), limit("connect_timeout=1")), (None, Some(Duration::from_secs(2))));
        assert!(resolve_with(Some("connect_timeout=soon"), &[], None).is_err());
    }
}
