//! The demo of a phase: its runbook from the declaration to the post-mortem, on throwaway servers, with stand-ins for what no
//! machine of ours has, act by act. The acts that are a phase's own stand in files of their own.
//!
//! Comes in: server programs, the failback program, where other programs are, and an audience. Goes out: a report.
//! Never: prints, touches a server that it did not start, talks to a cloud, or leaves anything behind unless told to keep it.

use std::time::Instant;

use jiff::{Timestamp, Unit};
use serde::Serialize;

use super::cluster::Cluster;
use super::estate;
use super::phase_stage::{ENVIRONMENT, Part, Stage};
use super::play::{AGO, ActTime, Audience, Kept, Times, config_in, rounded, start_both};
use super::played_phase::{PhaseOptions, PlayedPhase};
use super::truth::Outcome;
use super::verb::{Verbs, line};
use super::workspace::Workspace;
use crate::error::{Error, ErrorKind, Result};
use crate::name::Sided;

/// What happened.
#[derive(Clone, Debug, Serialize)]
pub struct PhaseReport {
    /// Whether the demo's own check passed: [`PlayedPhase::checked`] says what it looks at; and the post-mortem tells the end.
    pub passed: bool,
    /// The phase.
    pub phase: &'static str,
    /// How long it all took.
    pub seconds: f64,
    /// How long each act took.
    pub acts: Vec<ActTime>,
    /// Who was real, and who was played.
    pub parts: Vec<Part>,
    /// Where each name led before, and leads now; none where no traffic is moved.
    pub names: Vec<Moved>,
    /// What came back from backups, by the demo's own look; absent where nothing does.
    pub restored: Option<Returned>,
    /// What the recovery brought home, by the demo's own look.
    pub outcome: Outcome,
    /// What the incident's channel was told.
    pub messages: Vec<String>,
    /// The post-mortem.
    pub postmortem: String,
    /// What was left in place; absent unless asked for.
    pub kept: Option<Kept>,
}

/// Where a name led, and leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Moved {
    /// The name.
    pub name: String,
    /// Where it led before.
    pub before: String,
    /// Where it leads now.
    pub after: String,
}

/// What came back from backups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Returned {
    /// Rows of OLD that were lost.
    pub lost: u64,
    /// Rows that OLD holds again, all of them as they were at the moment.
    pub rows: u64,
    /// Tables that are not, row by row, what they were at the moment.
    pub different: Vec<String>,
}

/// What a phase's own acts come to.
pub(super) struct Played {
    pub(super) passed: bool,
    pub(super) names: Vec<Moved>,
    pub(super) restored: Option<Returned>,
    pub(super) outcome: Outcome,
    pub(super) postmortem: String,
}

/// A phase under way.
pub(super) struct Play<'a> {
    pub(super) audience: &'a mut dyn Audience,
    pub(super) old: Cluster,
    pub(super) new: Cluster,
    pub(super) cutover: Timestamp,
    pub(super) workspace: Workspace,
    pub(super) stage: Stage,
    pub(super) verbs: Verbs,
    pub(super) phase: PlayedPhase,
    times: Times,
}

/// Plays a phase. Dropping the future ends it and removes everything. Needs a runtime with several threads.
///
/// # Errors
/// `Refused` where there is no Python; `Server` where a verb ends otherwise than the script expects.
pub async fn play_phase(options: &PhaseOptions, audience: &mut dyn Audience) -> Result<PhaseReport> {
    let mut play = Play::begin(options, audience).await?;
    let played =
        if options.phase.moves_traffic() { Box::pin(play.traffic()).await? } else { Box::pin(play.emergency()).await? };
    let mut report = PhaseReport {
        passed: played.passed && played.postmortem.contains("Rollback complete"),
        phase: options.phase.word(),
        seconds: 0.0,
        acts: play.times.report(),
        parts: play.stage.parts.clone(),
        names: played.names,
        restored: played.restored,
        outcome: played.outcome,
        messages: play.stage.messages(),
        postmortem: played.postmortem,
        kept: None,
    };
    let began = play.times.began;
    report.kept = play.end(options.keep)?;
    report.seconds = rounded(began.elapsed());
    Ok(report)
}

impl<'a> Play<'a> {
    /// Act 1: servers, and what stands in for everything else.
    async fn begin(options: &PhaseOptions, audience: &'a mut dyn Audience) -> Result<Self> {
        let began = Instant::now();
        let title = "The stage";
        audience.act(1, title);
        audience.say(
            "A rollback has more to it than rows: names, clusters, infrastructure and backups take part as well. None of that \
             is at hand here, so it is played on this machine, by programs that say what they imitate. failback's own engine \
             does not know that they are played.",
        );
        let Sided { old, new } = start_both(&options.binaries, options.keep)?;
        let cutover = (Timestamp::now() - AGO)
            .round(Unit::Second)
            .map_err(|cause| Error::new(ErrorKind::Server, "choose the cutover").because(cause))?;
        let workspace = Workspace::create(&old, &new, cutover)?;
        let stage = tokio::task::block_in_place(|| Stage::set(&workspace, options, cutover))?;
        let lines = stage.parts.iter().map(|part| {
            let how = if part.real { "real" } else { "played" };
            format!("{how:<8}{:<44}{}", part.what, part.by)
        });
        audience.output(&lines.collect::<Vec<_>>().join("\n"));
        estate::load(&old.url("postgres"), &new.url("postgres"), cutover).await?;
        let verbs = Verbs {
            program: options.program.clone(),
            folder: workspace.folder().to_path_buf(),
            besides: options.besides.clone(),
            variables: stage.variables(),
        };
        let times = Times { began, acts: vec![(title.to_owned(), began)] };
        Ok(Self { audience, old, new, cutover, workspace, stage, verbs, phase: options.phase, times })
    }

    pub(super) fn act(&mut self, title: &str) {
        self.times.acts.push((title.to_owned(), Instant::now()));
        self.audience.act(self.times.acts.len(), title);
    }

    /// Runs any verb before the audience, and shows what it printed.
    pub(super) async fn other(&mut self, arguments: &[&str], expected: &[i32]) -> Result<()> {
        self.audience.command(&line(arguments));
        let printed = self.verbs.run(arguments, expected).await?.stdout;
        self.audience.output(&printed);
        Ok(())
    }

    /// Runs a verb of the rollback's before the audience.
    pub(super) async fn verb(&mut self, arguments: &[&str], expected: &[i32]) -> Result<String> {
        let whole = [&["rollback"], arguments, &["--env", ENVIRONMENT]].concat();
        self.audience.command(&line(&whole));
        Ok(self.verbs.run(&whole, expected).await?.stdout)
    }

    pub(super) async fn shown(&mut self, arguments: &[&str], expected: &[i32]) -> Result<()> {
        let printed = self.verb(arguments, expected).await?;
        self.audience.output(&printed);
        Ok(())
    }

    /// The phase is begun, waits, and is approved of.
    pub(super) async fn declare(&mut self) -> Result<()> {
        self.audience.say(self.phase.told());
        let begin: Vec<&str> = [self.phase.word()]
            .into_iter()
            .chain(self.phase.options().iter().copied())
            .chain(["--commander", "ada", "--confirm", ENVIRONMENT])
            .collect();
        self.shown(&begin, &[4]).await?;
        self.audience.say("The people are played: these approvals stand in for theirs.");
        self.approve("declare", self.phase.approvers()).await
    }

    /// Approves of a step, in the names of people.
    pub(super) async fn approve(&mut self, step: &str, people: &[(&str, &str)]) -> Result<()> {
        for (role, by) in people {
            self.verb(&["approve", step, "--as", role, "--by", by], &[0]).await?;
        }
        Ok(())
    }

    /// Answers items of a checklist, in the names of people.
    pub(super) async fn answers(&mut self, step: &str, answers: &[(&str, &str)]) -> Result<()> {
        for (item, by) in answers {
            self.verb(&["answer", step, item, "yes", "--by", by], &[0]).await?;
        }
        Ok(())
    }

    /// Goes on to the end, and shows what was told meanwhile.
    pub(super) async fn finish(&mut self) -> Result<()> {
        self.shown(&["resume", "--confirm", ENVIRONMENT], &[0, 9]).await?;
        let messages = self.stage.messages();
        self.audience.say("What the incident's channel was told meanwhile:");
        self.audience.output(&messages.join("\n"));
        Ok(())
    }

    /// The last act: the post-mortem.
    pub(super) async fn postmortem(&mut self) -> Result<String> {
        self.act("The post-mortem");
        self.audience.say("Filled in from the journal; what only people can know is left to them.");
        let written = self.verb(&["postmortem"], &[0]).await?;
        self.audience.output(&written);
        Ok(written)
    }

    /// Removes everything, or leaves it in place and says where it is.
    fn end(self, keep: bool) -> Result<Option<Kept>> {
        if !keep {
            self.stage.strike();
            return Ok(None);
        }
        let folder = self.workspace.folder().to_path_buf();
        let (old, new) = (self.workspace.connection(self.old.port()), self.workspace.connection(self.new.port()));
        let servers = [self.old.keep()?, self.new.keep()?];
        self.stage.keep();
        self.workspace.keep(&servers)?;
        Ok(Some(Kept { config: config_in(&folder), folder, old, new }))
    }
}
