//! The demo: an incident on throwaway servers, and the way home with failback's own verbs, act by act.
//!
//! Comes in: server programs, the failback program, and an audience. Goes out: a report with the check's verdict.
//! Never: prints, touches a server that it did not start, or leaves anything behind unless told to keep it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp, Unit};
use serde::Serialize;

use super::binaries::Binaries;
use super::by_hand::{self, ByHand};
use super::cluster::Cluster;
use super::cluster_options::ClusterOptions;
use super::estate;
use super::picture::{Picture, TableAt, fingerprints};
use super::proof::{Check, check, clean, strangers};
use super::truth::{Outcome, Truth};
use super::verb::{Verbs, line};
use super::workspace::{CONFIG, Workspace};
use crate::delta::Class;
use crate::error::{Error, ErrorKind, Result};
use crate::name::Sided;
use crate::staging::{DiffIndex, Plan, RunRecord};
use crate::store::LocalStore;

/// How long before now the demo's cutover was. The incident takes 65 minutes of it.
pub(super) const AGO: SignedDuration = SignedDuration::from_hours(2);

/// How to play.
#[derive(Clone, Debug)]
pub struct PlayOptions {
    /// PostgreSQL's server programs.
    pub binaries: Binaries,
    /// The failback program whose verbs are run.
    pub program: PathBuf,
    /// Leave the servers and the run in place.
    pub keep: bool,
    /// Take the merge back in the end.
    pub undo: bool,
    /// Options for every verb beside its own, as `["--log-file", "/tmp/log"]`. They are not told to the audience.
    pub besides: Vec<String>,
}

/// Who watches.
pub trait Audience: Send {
    /// An act begins.
    fn act(&mut self, number: usize, title: &str);
    /// The narrator says a few sentences.
    fn say(&mut self, text: &str);
    /// A command is about to be run.
    fn command(&mut self, line: &str);
    /// A command printed something.
    fn output(&mut self, text: &str);
    /// Numbers are shown: what, and how many.
    fn facts(&mut self, facts: &[(&str, u64)]);
}

/// What happened.
#[derive(Clone, Debug, Serialize)]
pub struct PlayReport {
    /// Whether the demo's own check passed, and the undo left OLD as it was before the merge.
    pub passed: bool,
    /// How long it all took.
    pub seconds: f64,
    /// How long each act took.
    pub acts: Vec<ActTime>,
    /// Rows of the estate at the cutover, on each server.
    pub rows: u64,
    /// Rows that only NEW wrote after the cutover.
    pub changes: u64,
    /// What the runbook's script would have brought home.
    pub by_hand: ScriptReport,
    /// What failback's merge wrote was checked.
    pub check: Check,
    /// Whether OLD was what it had been before the merge once that was taken back; absent without undo.
    pub undone: Option<Undone>,
    /// What was left in place; absent unless asked for.
    pub kept: Option<Kept>,
}

/// What became of the runbook's script, on copies of OLD.
#[derive(Clone, Debug, Serialize)]
pub struct ScriptReport {
    /// How the script went as it is written.
    pub script: ByHand,
    /// What it brought home.
    pub outcome: Outcome,
    /// Rows that the mended script inserted.
    pub mended_rows: u64,
    /// What it brought home, the first one's rows included.
    pub mended: Outcome,
    /// Rows that it hung on another row of OLD, who has their parent's number there.
    pub mended_adopted: u64,
}

/// How long an act took.
#[derive(Clone, Debug, Serialize)]
pub struct ActTime {
    /// What happens in the act, as it is told.
    pub title: String,
    /// Wall time in seconds.
    pub seconds: f64,
}

/// What the undo left.
#[derive(Clone, Debug, Serialize)]
pub struct Undone {
    /// Tables that were compared by an MD5 over all their rows.
    pub tables: u64,
    /// Those that are not what they were before the merge.
    pub different: Vec<String>,
}

/// What was kept.
#[derive(Clone, Debug, Serialize)]
pub struct Kept {
    /// The folder with the configuration and the run.
    pub folder: PathBuf,
    /// The failback.toml with which every verb reaches the kept servers.
    pub config: PathBuf,
    /// OLD, for `psql`; the password is in the file that it names.
    pub old: String,
    /// NEW.
    pub new: String,
}

/// A demo under way.
pub(super) struct Play<'a> {
    pub(super) audience: &'a mut dyn Audience,
    pub(super) old: Cluster,
    pub(super) new: Cluster,
    pub(super) cutover: Timestamp,
    workspace: Workspace,
    verbs: Verbs,
    times: Times,
}

/// How long the acts took.
pub(super) struct Times {
    pub(super) began: Instant,
    pub(super) acts: Vec<(String, Instant)>,
}

impl Times {
    pub(super) fn report(&self) -> Vec<ActTime> {
        let ends = self.acts.iter().skip(1).map(|(_, began)| *began).chain([Instant::now()]);
        let length = |began: &Instant, end: Instant| rounded(end - *began);
        self.acts
            .iter()
            .zip(ends)
            .map(|((title, began), end)| ActTime { title: title.clone(), seconds: length(began, end) })
            .collect()
    }
}

/// Rounds to hundredths of a second.
pub(super) fn rounded(length: Duration) -> f64 {
    (length.as_secs_f64() * 100.0).round() / 100.0
}

/// Plays the demo. Dropping the future ends it and removes everything. Needs a runtime with several threads.
///
/// # Errors
/// Whatever starting servers can give; `Server` where a verb ends otherwise than the script expects. A check that does not pass
/// is no error: the report says it.
pub async fn play(options: &PlayOptions, audience: &mut dyn Audience) -> Result<PlayReport> {
    let mut play = Play::begin(options, audience).await?;
    let truth = play.incident().await?;
    let by_hand = play.by_hand(&truth).await?;
    play.look().await?;
    play.decide().await?;
    let before = fingerprints(&play.old).await?;
    play.merge().await?;
    let check = play.prove(&truth, &by_hand).await?;
    let undone = if options.undo { Some(play.undo(&before).await?) } else { None };
    let as_before = undone.as_ref().is_none_or(|undone| undone.different.is_empty());
    let mut report = PlayReport {
        passed: check.passed && as_before,
        seconds: 0.0,
        acts: play.times.report(),
        rows: truth.base.row_count() as u64,
        changes: clean(&check.happened),
        by_hand,
        check,
        undone,
        kept: None,
    };
    let began = play.times.began;
    report.kept = play.end(options.keep)?;
    report.seconds = rounded(began.elapsed());
    Ok(report)
}

impl<'a> Play<'a> {
    /// Act 1: two servers with the same estate.
    async fn begin(options: &PlayOptions, audience: &'a mut dyn Audience) -> Result<Self> {
        let began = Instant::now();
        let title = "The estate at the cutover";
        audience.act(1, title);
        audience.say(
            "Two throwaway PostgreSQL servers on this machine play OLD and NEW. Both hold Mystira, a platform for interactive \
             stories, in three databases, as it stood when traffic was moved from OLD to NEW: two hours ago.",
        );
        let Sided { old, new } = start_both(&options.binaries, options.keep)?;
        let cutover = (Timestamp::now() - AGO)
            .round(Unit::Second)
            .map_err(|cause| Error::new(ErrorKind::Server, "choose the cutover").because(cause))?;
        estate::load(&old.url("postgres"), &new.url("postgres"), cutover).await?;
        let workspace = Workspace::create(&old, &new, cutover)?;
        let verbs = Verbs {
            program: options.program.clone(),
            folder: workspace.folder().to_path_buf(),
            besides: options.besides.clone(),
            variables: Vec::new(),
        };
        let times = Times { began, acts: vec![(title.to_owned(), began)] };
        Ok(Self { audience, old, new, cutover, workspace, verbs, times })
    }

    /// Begins an act.
    pub(super) fn act(&mut self, title: &str) {
        self.times.acts.push((title.to_owned(), Instant::now()));
        self.audience.act(self.times.acts.len(), title);
    }

    /// Runs a verb before the audience.
    pub(super) async fn verb(&mut self, arguments: &[&str], expected: &[i32]) -> Result<()> {
        self.audience.command(&line(arguments));
        let ended = self.verbs.run(arguments, expected).await?;
        self.audience.output(&ended.stdout);
        // A refusal is told on stderr; the narration of a success there is of no use afterwards.
        if ended.code == i32::from(ErrorKind::Refused.exit_code()) {
            self.audience.output(&ended.stderr);
        }
        Ok(())
    }

    /// Returns the name by which OLD is confirmed.
    pub(super) fn name_of_old(&self) -> String {
        format!("127.0.0.1:{}", self.old.port())
    }

    /// Act 2: what users did on NEW, and what OLD took after the rollback.
    async fn incident(&mut self) -> Result<Truth> {
        let base = Picture::take(&self.old, "").await?;
        self.audience.facts(&[("tables", base.tables().count() as u64), ("rows on each server", base.row_count() as u64)]);
        self.act("The incident");
        self.audience.say(
            "For 45 minutes users signed up, bought, wrote and deleted on NEW. Then something broke and traffic went back to \
             OLD, which took new users, new orders and changes of its own: with the same numbers from its sequences as NEW had \
             given to others, and sometimes to the very rows that NEW had changed.",
        );
        estate::play_incident(&self.old.url("postgres"), &self.new.url("postgres"), self.cutover).await?;
        let truth = Truth { base, old: Picture::take(&self.old, "").await?, new: Picture::take(&self.new, "").await? };
        let classes = truth.classes();
        self.audience.facts(&[
            ("rows that only NEW created", classes.get(Class::Insert)),
            ("rows that only NEW changed", classes.get(Class::Update)),
            ("rows that only NEW deleted", classes.get(Class::Delete)),
            ("rows that only OLD wrote", classes.get(Class::OldOnly)),
            ("rows that both wrote, differently", classes.sum_of(Class::is_conflict)),
            ("rows that both wrote alike", classes.get(Class::Convergent)),
        ]);
        Ok(truth)
    }

    /// Act 3: the runbook's script, on copies; then the same script, corrected.
    async fn by_hand(&mut self, truth: &Truth) -> Result<ScriptReport> {
        self.act("What a script would lose");
        self.audience.say(
            "The runbook's own way home is a script: for each table COPY … WHERE created_at > cutover OR updated_at > cutover \
             on NEW, then \\COPY into OLD. Here it runs on copies of OLD's databases, so that its result can be compared with \
             what happened, row by row.",
        );
        let script = by_hand::play(&self.old, &self.new, self.cutover).await?;
        let outcome = truth.measure(&Picture::take(&self.old, by_hand::SUFFIX).await?);
        self.audience.facts(&[
            ("tables in the script's list", script.tables),
            ("passed over: no time column found", script.passed_over),
            ("export failed", script.export_failed),
            ("import failed, the whole table", script.import_failed),
            ("rows imported", script.imported_rows),
        ]);
        let reasons = script.reasons.iter().map(|(reason, times)| format!("{times} × {reason}\n"));
        self.audience.output(&reasons.collect::<String>());
        self.audience.say(
            "So the script is corrected: all schemas, quoted names, whichever of the two columns there is, and INSERT … ON \
             CONFLICT DO NOTHING. No error is left, and this is what is missing after it:",
        );
        let mended_rows = by_hand::play_mended(&self.old, &self.new, self.cutover).await?;
        let after = Picture::take(&self.old, by_hand::SUFFIX).await?;
        let (mended, adopted) = (truth.measure(&after), strangers(truth, &after, &self.new).await?.adopted.len() as u64);
        by_hand::clean_up(&self.old).await?;
        self.audience.facts(&[
            ("rows inserted", mended_rows),
            ("of NEW's rows brought home", mended.arrived),
            ("missing: created on NEW", mended.missing),
            ("stale: changed on NEW", mended.stale),
            ("still there: deleted on NEW", mended.undeleted),
            ("refer to another row that has their parent's number on OLD", adopted),
            ("written by both, decided without asking", mended.contested),
        ]);
        Ok(ScriptReport { script, outcome, mended_rows, mended, mended_adopted: adopted })
    }

    /// The check of what the merge did.
    async fn prove(&mut self, truth: &Truth, by_hand: &ScriptReport) -> Result<Check> {
        self.act("The demo's own check");
        self.audience.say(
            "failback has checked itself; now SQL does. The demo compares OLD's rows with NEW's, with OLD's from before the \
             merge, and with its own picture of the cutover, which failback never had.",
        );
        let runs = self.workspace.runs();
        let store = RunRecord::newest(LocalStore::list(&runs)?)?
            .ok_or_else(|| Error::new(ErrorKind::Storage, "find the run").at(runs.display()).because("there is none"))?;
        let (plan, diff) = (Plan::read(&store)?, DiffIndex::read(&store)?);
        let check = check(truth, Sided { old: &self.old, new: &self.new }, &plan, &diff).await?;
        self.tell(&check, by_hand);
        Ok(check)
    }

    /// Takes the merge back and compares OLD with what it was before.
    async fn undo(&mut self, before: &BTreeMap<TableAt, String>) -> Result<Undone> {
        self.act("Undo");
        self.audience.say(
            "The merge kept what it replaced. Undo puts it back, row by row, and refuses if anybody has changed one of the \
             rows since. Sequences stay raised: a number that was given out once must not be given out again.",
        );
        let old = self.name_of_old();
        self.verb(&["undo", "--confirm", &old], &[0]).await?;
        let after = fingerprints(&self.old).await?;
        let differs = |table: &&TableAt| before.get(*table) != after.get(*table);
        let different = before.keys().filter(differs).map(|table| format!("{}: {}", table.database, table.table)).collect();
        let undone = Undone { tables: before.len() as u64, different };
        self.audience.facts(&[
            ("tables compared by MD5", undone.tables),
            ("tables that are not as before", undone.different.len() as u64),
        ]);
        Ok(undone)
    }

    /// Removes everything, or leaves it in place and says where it is.
    fn end(self, keep: bool) -> Result<Option<Kept>> {
        if !keep {
            return Ok(None);
        }
        let folder = self.workspace.folder().to_path_buf();
        let (old, new) = (self.workspace.connection(self.old.port()), self.workspace.connection(self.new.port()));
        let servers = [self.old.keep()?, self.new.keep()?];
        self.workspace.keep(&servers)?;
        Ok(Some(Kept { config: config_in(&folder), folder, old, new }))
    }
}

pub(super) fn config_in(folder: &Path) -> PathBuf {
    folder.join(CONFIG)
}

/// Starts both servers at the same time. Blocks, so that no server is left half started.
pub(super) fn start_both(binaries: &Binaries, keep: bool) -> Result<Sided<Cluster>> {
    let start = |label: &str| {
        let server = ClusterOptions { label: format!("demo-{label}"), keep, ..ClusterOptions::default() };
        Cluster::start(binaries, &server)
    };
    tokio::task::block_in_place(|| {
        std::thread::scope(|scope| {
            let old = scope.spawn(|| start("old"));
            let new = start("new");
            let old = old.join().map_err(|_| Error::new(ErrorKind::Server, "start OLD"))?;
            Sided { old, new }.transpose()
        })
    })
}
