//! The sample estate: the databases of Mystira, a platform for interactive stories, and the incident that befell them.
//!
//! Comes in: a server's URL and the cutover. Goes out: databases that are the same on every server for the same cutover, and
//! on top of them what each side took after it. `fixtures/README.md` says what is in them and why.
//! Never: touches a database that exists already, unless it is the empty one that `load_database` was given.

use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;
use tokio_postgres::{Client, Config, NoTls};

use crate::error::{Error, ErrorKind, Place, Result};
use crate::name::{Ident, Side, literal};

const PRELUDE: &str = include_str!("../../fixtures/estate/prelude.sql");

/// One database of the estate.
struct Script {
    database: &'static str,
    schema: &'static str,
    seed: &'static str,
    new: &'static str,
    old: &'static str,
}

macro_rules! script {
    ($database:literal) => {
        Script {
            database: $database,
            schema: include_str!(concat!("../../fixtures/estate/", $database, "/schema.sql")),
            seed: include_str!(concat!("../../fixtures/estate/", $database, "/seed.sql")),
            new: include_str!(concat!("../../fixtures/incident/", $database, "/new.sql")),
            old: include_str!(concat!("../../fixtures/incident/", $database, "/old.sql")),
        }
    };
}

const SCRIPTS: [Script; 3] = [script!("chain_db"), script!("publisher_db"), script!("story_generator_db")];

/// Returns the names of the estate's databases.
#[must_use]
pub fn databases() -> [&'static str; 3] {
    SCRIPTS.map(|script| script.database)
}

/// Creates the estate's databases on both servers and fills them, both with the same rows, as they were at the cutover.
/// `old` and `new` are URLs of any database there, for example `postgres`, of a user that may create databases.
pub async fn load(old: &str, new: &str, cutover: Timestamp) -> Result<()> {
    let on = async |side: Side, url: &str| {
        for script in &SCRIPTS {
            let place = || format!("{side} {}", script.database);
            let maintenance = connect(&parse(url)?).await.place(place)?;
            let create = format!("create database {} template template0", Ident::new(script.database).sql());
            run(&maintenance, "create the database", &create).await.place(place)?;
            fill(parse(url)?.dbname(script.database), script, cutover).await.place(place)?;
        }
        Ok(())
    };
    tokio::try_join!(on(Side::Old, old), on(Side::New, new)).map(|_| ())
}

/// Plays the incident on the estate that `load` made: first what users did on NEW, then what OLD took after the rollback.
pub async fn play_incident(old: &str, new: &str, cutover: Timestamp) -> Result<()> {
    for (side, url) in [(Side::New, new), (Side::Old, old)] {
        for script in &SCRIPTS {
            let mut config = parse(url)?;
            play(config.dbname(script.database), script, side, cutover).await?;
        }
    }
    Ok(())
}

/// Fills the empty database at `url` with one database of the estate, whatever its own name is.
///
/// # Errors
/// `Usage` if the estate has no such database.
pub async fn load_database(url: &str, database: &str, cutover: Timestamp) -> Result<()> {
    fill(&parse(url)?, script_of(database)?, cutover).await.place(|| database.to_owned())
}

/// Plays one side of the incident in the database at `url`, which `load_database` filled.
///
/// # Errors
/// `Usage` if the estate has no such database.
pub async fn play_incident_on(side: Side, url: &str, database: &str, cutover: Timestamp) -> Result<()> {
    play(&parse(url)?, script_of(database)?, side, cutover).await
}

fn script_of(database: &str) -> Result<&'static Script> {
    static ALL: [Script; 3] = SCRIPTS;
    let found = ALL.iter().find(|script| script.database == database);
    found.ok_or_else(|| Error::new(ErrorKind::Usage, "find a database of the sample estate").at(database))
}

async fn fill(config: &Config, script: &Script, cutover: Timestamp) -> Result<()> {
    let client = prepare(config, cutover).await?;
    run(&client, "create the schema", script.schema).await?;
    run(&client, "fill the tables", script.seed).await?;
    // Estimates are part of what discovery shows; without this they depend on when autovacuum comes by.
    run(&client, "analyse the tables", "analyze").await
}

async fn play(config: &Config, script: &Script, side: Side, cutover: Timestamp) -> Result<()> {
    let place = || format!("{side} {}", script.database);
    let client = prepare(config, cutover).await.place(place)?;
    // Ordinary writes of an application: triggers fire and foreign keys are checked.
    run(&client, "play the incident", "set session_replication_role = origin").await.place(place)?;
    let text = match side {
        Side::Old => script.old,
        Side::New => script.new,
    };
    run(&client, "play the incident", text).await.place(place)
}

/// Opens a session with the cutover set and the prelude's functions in place.
async fn prepare(config: &Config, cutover: Timestamp) -> Result<Client> {
    let client = connect(config).await?;
    let pins = format!(
        "set timezone = 'UTC'; set standard_conforming_strings = on; set failback_demo.cutover = {}",
        literal(&cutover.to_string())
    );
    run(&client, "set the cutover", &pins).await?;
    run(&client, "prepare the session", PRELUDE).await?;
    Ok(client)
}

pub(super) fn parse(url: &str) -> Result<Config> {
    // The cause may quote the URL, and with it the password.
    Config::from_str(url).map_err(|_| Error::new(ErrorKind::Usage, "read the URL of a throwaway server"))
}

pub(super) async fn connect(config: &Config) -> Result<Client> {
    let mut config = config.clone();
    config.application_name("failback demo").connect_timeout(Duration::from_secs(30));
    let (client, connection) = config
        .connect(NoTls)
        .await
        .map_err(|cause| Error::new(ErrorKind::Connect, "connect to a throwaway server").because(cause))?;
    // Ends when the client is dropped; a failure reaches the client as a failed query.
    tokio::spawn(connection);
    Ok(client)
}

/// Runs a file's statements. They are the estate's own, so the server's message holds no secrets; the position says
/// which statement it was.
pub(super) async fn run(client: &Client, what: &str, statements: &str) -> Result<()> {
    client.batch_execute(statements).await.map_err(|cause| fault(what, cause))
}

/// Says what a throwaway server had against a statement.
pub(super) fn fault(what: &str, cause: tokio_postgres::Error) -> Error {
    let error = Error::new(ErrorKind::Server, what);
    match cause.as_db_error() {
        Some(server) => error.because(format!("{}: {}", server.code().code(), server.message())),
        None => error.because(cause),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_stay_readable() {
        for script in &SCRIPTS {
            for text in [script.schema, script.seed, script.new, script.old] {
                assert!(text.lines().count() < 300 && text.starts_with("-- "), "{}", script.database);
            }
        }
    }

    #[test]
    fn no_file_depends_on_chance_or_on_the_clock() {
        for script in &SCRIPTS {
            for text in [script.seed, script.new, script.old] {
                let code = text.lines().filter(|line| !line.trim_start().starts_with("--")).collect::<String>();
                for word in ["random()", " now()", "current_timestamp", "clock_timestamp", "gen_random_uuid"] {
                    assert!(!code.contains(word), "{} uses {word}", script.database);
                }
            }
        }
    }

    #[test]
    fn an_unknown_database_is_named() {
        assert_eq!(script_of("users_db").err().unwrap().places(), ["users_db"]);
    }
}
