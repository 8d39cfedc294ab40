//! The acts of the emergency: OLD loses what it held, its databases come back from backups as they were at the cutover, beside
//! what is left, and take its place; then what NEW took since comes home.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use jiff::SignedDuration;

use super::estate::{self, databases};
use super::phase_play::{Play, Played, Returned};
use super::phase_stage::{BACKUPS, ENVIRONMENT};
use super::picture::{Picture, quoted};
use super::truth::{Outcome, Truth};
use crate::delta::Class;
use crate::error::{Error, ErrorKind, Result};

/// Who looks at what came back.
const LOOKED_AT: [(&str, &str); 2] = [("counts", "tim"), ("applications", "tim")];

/// Who lets it take its place.
const SWAPPERS: [(&str, &str); 2] = [("commander", "ada"), ("engineering_lead", "bob")];

/// What only people can answer in the end, and who answers.
const ANSWERS: [(&str, &str); 5] =
    [("restarted", "tim"), ("workflows", "eve"), ("since", "ada"), ("dashboards", "tim"), ("on-call", "ada")];

/// The database that is dropped, and what the others lose.
const DROPPED: &str = "chain_db";
const LOST: [(&str, &str); 2] = [
    ("publisher_db", "truncate public.publications, billing.invoices cascade"),
    ("story_generator_db", "truncate public.stories, ai.models cascade"),
];

/// How long before the moment the backup ended that is chosen, and how long after it the one that is not.
const BEFORE: SignedDuration = SignedDuration::from_mins(5);
const AFTER: SignedDuration = SignedDuration::from_mins(90);

impl Play<'_> {
    /// All of them.
    ///
    /// # Errors
    /// `Server` where a verb or `pg_dump` ends otherwise than the script expects.
    pub(super) async fn emergency(&mut self) -> Result<Played> {
        let base = self.backed_up().await?;
        let (truth, lost) = self.loss(base).await?;
        self.chosen().await?;
        self.beside().await?;
        let restored = self.in_place(&truth, lost).await?;
        self.answered().await?;
        let outcome = self.since(&truth).await?;
        let postmortem = self.postmortem().await?;
        let came = outcome.arrived > 0 && outcome.overwritten == 0;
        let passed = came && restored.different.is_empty() && restored.lost > 0;
        Ok(Played { passed, names: Vec::new(), restored: Some(restored), outcome, postmortem })
    }

    /// Act 2: OLD is backed up; returns what it holds by then.
    async fn backed_up(&mut self) -> Result<Picture> {
        self.act("A backup of each database");
        self.audience.say(
            "OLD holds Mystira, a platform for interactive stories, in three databases. Shortly before the cutover each was \
             dumped into a container of blobs, as every night.",
        );
        for database in databases() {
            let dump = self.dump(database, "before.dump")?;
            self.stage.add_blob(&self.workspace, database, &dump, self.cutover - BEFORE)?;
        }
        Picture::take(&self.old, "").await
    }

    /// Act 3: what users did, and what OLD lost; returns what happened, and how many rows are gone.
    async fn loss(&mut self, base: Picture) -> Result<(Truth, u64)> {
        self.act("OLD loses what it held");
        estate::play_incident(&self.old.url("postgres"), &self.new.url("postgres"), self.cutover).await?;
        let truth = Truth { base, old: Picture::take(&self.old, "").await?, new: Picture::take(&self.new, "").await? };
        self.audience.say(
            "Users wrote into NEW after the cutover, traffic went back, and OLD took writes of its own. Then a script that was \
             meant for another server ran on OLD: a database is gone, and tables of the others are empty. The next \
             backup was taken after that, and holds the loss.",
        );
        for (database, statements) in LOST {
            let client = estate::connect(&estate::parse(&self.old.url(database))?).await?;
            estate::run(&client, "lose rows", statements).await?;
            let dump = self.dump(database, "after.dump")?;
            self.stage.add_blob(&self.workspace, database, &dump, self.cutover + AFTER)?;
        }
        let client = estate::connect(&estate::parse(&self.old.url("postgres"))?).await?;
        let drop = format!("drop database {} with (force)", quoted(DROPPED));
        estate::run(&client, "lose a database", &drop).await?;
        let left = Picture::take_of(&self.old, "", &LOST.map(|(database, _)| database)).await?;
        let lost = truth.base.missing_in(&left);
        self.audience.facts(&[
            ("rows that OLD held at the cutover, and has no more", lost),
            ("rows that only OLD wrote since, which are in no backup", truth.classes().get(Class::OldOnly)),
        ]);
        Ok((truth, lost))
    }

    /// Act 4: the backups are looked at, and the emergency is declared.
    async fn chosen(&mut self) -> Result<()> {
        self.act("The emergency begins");
        self.audience.say(
            "Which backups are there, and which one of each database is the newest that ended before the cutover? A moment \
             has to say its offset.",
        );
        let (moment, names) = (self.cutover.to_string(), databases().join(","));
        self.other(&["restore", "list", BACKUPS, "--at", &moment, "--databases", &names, "--env", ENVIRONMENT], &[0]).await?;
        self.declare().await
    }

    /// Act 5: fetched, read whole, restored beside what is there.
    async fn beside(&mut self) -> Result<()> {
        self.act("What was dumped comes back, beside what is there");
        self.audience.say(
            "Each backup is fetched, held against its size and digest, and read to its end before anything is made. Then each \
             is restored into a database of its own, and every table counted; what is there is left alone. People look at the \
             counts before anything takes its place.",
        );
        self.shown(&["resume", "--confirm", ENVIRONMENT], &[4]).await?;
        let client = estate::connect(&estate::parse(&self.old.url("postgres"))?).await?;
        self.audience.say("The databases on OLD, by its own list:");
        self.audience.output(&listed(&client).await?);
        self.answers("looked-at", &LOOKED_AT).await?;
        self.shown(&["resume", "--confirm", ENVIRONMENT], &[4]).await
    }

    /// Act 6: all take their places, by the demo's own look.
    async fn in_place(&mut self, truth: &Truth, lost: u64) -> Result<Returned> {
        self.act("All take their places at once");
        self.audience.say(
            "Two people approve. What is there is dumped once more, and that dump read whole; then all databases are renamed \
             in one transaction, and what was there is kept under another name: `rollback undo swap` would put it back.",
        );
        self.approve("swap", &SWAPPERS).await?;
        self.shown(&["resume", "--confirm", ENVIRONMENT], &[4]).await?;
        let after = Picture::take(&self.old, "").await?;
        let different = truth.base.different_from(&after);
        let restored = Returned { lost, rows: after.row_count() as u64, different };
        self.audience.say("The demo looks itself, with SQL, at OLD's tables:");
        self.audience.facts(&[
            ("rows that were lost", restored.lost),
            ("rows that OLD holds now", restored.rows),
            ("tables that are not, row by row, what they were at the cutover", restored.different.len() as u64),
        ]);
        let client = estate::connect(&estate::parse(&self.old.url("postgres"))?).await?;
        self.audience.output(&listed(&client).await?);
        Ok(restored)
    }

    /// Act 7: what people answer.
    async fn answered(&mut self) -> Result<()> {
        self.act("What only people can answer");
        self.audience.say("They are played again.");
        self.answers("validate", &ANSWERS).await?;
        self.finish().await
    }

    /// Act 8: what NEW took since the moment.
    async fn since(&mut self, truth: &Truth) -> Result<Outcome> {
        self.act("What NEW took since");
        self.audience.say(
            "OLD is as it was at the cutover, and has taken nothing since. What NEW has taken is brought home by the recovery, \
             with that moment as the cutover; what needs a person is held.",
        );
        let (moment, old) = (self.cutover.to_string(), format!("127.0.0.1:{}", self.old.port()));
        self.other(&["recover", "--cutover", &moment, "--leave-held", "--confirm", &old], &[0, 9]).await?;
        let truth = Truth { base: truth.base.clone(), old: truth.base.clone(), new: truth.new.clone() };
        let outcome = truth.measure(&Picture::take(&self.old, "").await?);
        self.audience.facts(&[
            ("rows that NEW created or changed since, and that are on OLD now", outcome.arrived),
            ("rows that wait for a decision, as OLD has them", outcome.lost() + outcome.contested),
        ]);
        Ok(outcome)
    }

    /// Dumps a database of OLD's into a file of the demo's own.
    fn dump(&self, database: &str, file: &str) -> Result<PathBuf> {
        let path = self.workspace.folder().join("blobs").join(format!("{database}-{file}"));
        let failed = |cause: String| Error::new(ErrorKind::Server, "dump a database").at(database).because(cause);
        let mut command = Command::new(self.stage.pg_dump());
        command.arg("--format=custom").arg(format!("--file={}", path.display()));
        command.arg(format!("--dbname={}", self.workspace.connection_to(self.old.port(), database)));
        command.env_clear().envs(self.stage.variables()).env("LC_ALL", "C").stdin(Stdio::null());
        let output =
            tokio::task::block_in_place(|| command.output()).map_err(|cause| failed(format!("start pg_dump: {cause}")))?;
        if output.status.success() {
            return Ok(path);
        }
        Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
    }
}

/// A server's databases, as it lists them itself.
async fn listed(client: &tokio_postgres::Client) -> Result<String> {
    let query = "select datname, datallowconn from pg_database where not datistemplate and datname <> 'postgres' order by 1";
    let rows = client.query(query, &[]).await.map_err(|cause| estate::fault("list the databases", cause))?;
    let line = |row: &tokio_postgres::Row| {
        let (name, is_open): (String, bool) = (row.get(0), row.get(1));
        format!("{name:<60}{}", if is_open { "open" } else { "closed to connections" })
    };
    Ok(rows.iter().map(line).collect::<Vec<_>>().join("\n"))
}
