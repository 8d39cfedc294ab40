//! The demo of a phase: its runbook from the declaration to the post-mortem, on throwaway servers, with stand-ins for what no
//! machine of ours has, act by act.
//!
//! Comes in: server programs, the failback program, where other programs are, and an audience. Goes out: a report.
//! Never: prints, touches a server that it did not start, talks to a cloud, or leaves anything behind.

use std::path::PathBuf;
use std::time::Instant;

use jiff::{Timestamp, Unit};
use serde::Serialize;

use super::binaries::Binaries;
use super::cluster::Cluster;
use super::estate;
use super::phase_stage::{ENVIRONMENT, Part, Stage};
use super::picture::Picture;
use super::play::{AGO, ActTime, Audience, Times, rounded, start_both};
use super::truth::{CLEAN, Outcome, Truth};
use super::verb::{Verbs, line};
use super::workspace::{CONFIG, Workspace};
use crate::delta::Class;
use crate::error::{Error, ErrorKind, Result};
use crate::name::Sided;

/// The phases that can be played. Another one is a word here, who approves of it, and what is told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlayedPhase {
    /// Within the first hour after the cutover.
    Quick,
    /// Within the first day.
    Evaluated,
}

impl PlayedPhase {
    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Quick => "quick",
            Self::Evaluated => "evaluated",
        }
    }

    /// What it is begun with beside its word.
    const fn options(self) -> &'static [&'static str] {
        match self {
            Self::Quick => &[],
            Self::Evaluated => &["--option", "partial"],
        }
    }

    /// Who approves, in which role.
    const fn approvers(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Quick => &[("commander", "ada")],
            Self::Evaluated => {
                &[("commander", "ada"), ("engineering_lead", "bob"), ("product_owner", "eve"), ("on_call", "tim")]
            }
        }
    }

    const fn told(self) -> &'static str {
        match self {
            Self::Quick => {
                "Half an hour after the cutover orders lose lines, and traffic is to go back. The runbook is begun; it looks \
                 at nothing and changes nothing before the incident commander has said so: exit code 4 says that it waits."
            }
            Self::Evaluated => {
                "Some hours after the cutover traffic is to go back, and the rows that NEW took are to come along. That is for \
                 a committee of four to decide: until all of them have, nothing is looked at and nothing changed, and exit \
                 code 4 says that it waits."
            }
        }
    }
}

/// What only people can answer in the end, and who answers.
const ANSWERS: [(&str, &str); 6] = [
    ("redis", "tim"),
    ("response-times", "tim"),
    ("error-rates", "tim"),
    ("workflows", "eve"),
    ("dashboards", "tim"),
    ("on-call", "ada"),
];

/// How to play a phase.
#[derive(Clone, Debug)]
pub struct PhaseOptions {
    /// Which.
    pub phase: PlayedPhase,
    /// PostgreSQL's server programs.
    pub binaries: Binaries,
    /// The failback program whose verbs are run.
    pub program: PathBuf,
    /// Where other programs are looked for.
    pub path: String,
    /// Options for every verb beside its own.
    pub besides: Vec<String>,
}

/// What happened.
#[derive(Clone, Debug, Serialize)]
pub struct PhaseReport {
    /// Whether every name leads to OLD, rows came home, none of OLD's was overwritten, terraform's plan was looked at, and the
    /// post-mortem tells the end.
    pub passed: bool,
    /// The phase.
    pub phase: &'static str,
    /// How long it all took.
    pub seconds: f64,
    /// How long each act took.
    pub acts: Vec<ActTime>,
    /// Who was real, and who was played.
    pub parts: Vec<Part>,
    /// Where each name led before, and leads now.
    pub names: Vec<Moved>,
    /// What the recovery brought home, by the demo's own look.
    pub outcome: Outcome,
    /// What the incident's channel was told.
    pub messages: Vec<String>,
    /// The post-mortem.
    pub postmortem: String,
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

/// A phase under way.
struct Play<'a> {
    audience: &'a mut dyn Audience,
    old: Cluster,
    new: Cluster,
    cutover: Timestamp,
    workspace: Workspace,
    stage: Stage,
    verbs: Verbs,
    phase: PlayedPhase,
    times: Times,
}

/// Plays a phase. Dropping the future ends it and removes everything. Needs a runtime with several threads.
///
/// # Errors
/// `Refused` where there is no Python; `Server` where a verb ends otherwise than the script expects.
pub async fn play_phase(options: &PhaseOptions, audience: &mut dyn Audience) -> Result<PhaseReport> {
    let mut play = Play::begin(options, audience).await?;
    let truth = play.incident().await?;
    let before = play.stage.names().await;
    play.declare(&before).await?;
    play.carry_out().await?;
    let after = play.stage.names().await;
    let names: Vec<_> =
        before.into_iter().zip(after).map(|((name, before), (_, after))| Moved { name, before, after }).collect();
    play.answer(&names).await?;
    let outcome = play.home(&truth).await?;
    let reviewed = play.cleanup().await?;
    let postmortem = play.postmortem().await?;
    let moved = names.iter().all(|moved| Stage::is_old(&moved.after) && !Stage::is_old(&moved.before));
    let came = outcome.arrived > 0 && outcome.overwritten == 0;
    let report = PhaseReport {
        passed: moved && came && reviewed && postmortem.contains("Rollback complete"),
        phase: options.phase.word(),
        seconds: rounded(play.times.began.elapsed()),
        acts: play.times.report(),
        parts: play.stage.parts.clone(),
        names,
        outcome,
        messages: play.stage.messages(),
        postmortem,
    };
    play.stage.strike();
    Ok(report)
}

impl<'a> Play<'a> {
    /// Act 1: servers, and what stands in for everything else.
    async fn begin(options: &PhaseOptions, audience: &'a mut dyn Audience) -> Result<Self> {
        let began = Instant::now();
        let title = "The stage";
        audience.act(1, title);
        audience.say(
            "A rollback has more to it than rows: names, clusters and infrastructure go back as well. None of that is at hand \
             here, so it is played on this machine, by programs that say what they imitate. failback's own engine does not \
             know that they are played.",
        );
        let Sided { old, new } = start_both(&options.binaries, false)?;
        let cutover = (Timestamp::now() - AGO)
            .round(Unit::Second)
            .map_err(|cause| Error::new(ErrorKind::Server, "choose the cutover").because(cause))?;
        let workspace = Workspace::create(&old, &new, cutover)?;
        let stage = tokio::task::block_in_place(|| Stage::set(&workspace, &options.binaries, &options.path))?;
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

    fn act(&mut self, title: &str) {
        self.times.acts.push((title.to_owned(), Instant::now()));
        self.audience.act(self.times.acts.len(), title);
    }

    /// Runs a verb before the audience.
    async fn verb(&mut self, arguments: &[&str], expected: &[i32]) -> Result<String> {
        let whole = [&["rollback"], arguments, &["--env", ENVIRONMENT]].concat();
        self.audience.command(&line(&whole));
        Ok(self.verbs.run(&whole, expected).await?.stdout)
    }

    async fn shown(&mut self, arguments: &[&str], expected: &[i32]) -> Result<()> {
        let printed = self.verb(arguments, expected).await?;
        self.audience.output(&printed);
        Ok(())
    }

    /// What users did, which the demo takes a picture of.
    async fn incident(&mut self) -> Result<Truth> {
        let base = Picture::take(&self.old, "").await?;
        estate::play_incident(&self.old.url("postgres"), &self.new.url("postgres"), self.cutover).await?;
        let truth = Truth { base, old: Picture::take(&self.old, "").await?, new: Picture::take(&self.new, "").await? };
        self.audience.say(
            "Both servers hold Mystira, a platform for interactive stories. Users have written into NEW since the cutover two \
             hours ago, and into OLD as well.",
        );
        let classes = truth.classes();
        self.audience.facts(&[
            ("rows that only NEW wrote", CLEAN.into_iter().map(|class| classes.get(class)).sum()),
            ("rows that only OLD wrote", classes.get(Class::OldOnly)),
            ("rows that both wrote, differently", classes.sum_of(Class::is_conflict)),
        ]);
        Ok(truth)
    }

    /// Act 2: the phase is begun, and waits.
    async fn declare(&mut self, names: &[(String, String)]) -> Result<()> {
        self.act("The phase begins");
        let lines = names.iter().map(|(name, leads)| format!("{name:<40}leads to {leads} (NEW)"));
        self.audience.output(&lines.collect::<Vec<_>>().join("\n"));
        self.audience.say(self.phase.told());
        let begin: Vec<&str> = [self.phase.word()]
            .into_iter()
            .chain(self.phase.options().iter().copied())
            .chain(["--incident", "orders lose lines", "--commander", "ada", "--confirm", ENVIRONMENT])
            .collect();
        self.shown(&begin, &[4]).await?;
        self.audience.say("The people are played: these approvals stand in for theirs.");
        for (role, by) in self.phase.approvers() {
            self.verb(&["approve", "declare", "--as", role, "--by", by], &[0]).await?;
        }
        Ok(())
    }

    /// Act 3: everything up to what people have to answer.
    async fn carry_out(&mut self) -> Result<()> {
        self.act("Traffic goes back, rows come home");
        self.audience.say(
            "Now OLD is looked at (pods, databases, its address), NEW takes no more writes, OLD's sequences are raised past \
             NEW's, all names move or none, and the rows that NEW took are recovered; rows that need a person are held.",
        );
        self.shown(&["resume", "--confirm", ENVIRONMENT], &[4]).await
    }

    /// Act 4: what people answer.
    async fn answer(&mut self, names: &[Moved]) -> Result<()> {
        let lines = names.iter().map(|moved| format!("{:<40}led to {}, leads to {}", moved.name, moved.before, moved.after));
        self.audience.say("The name server, asked again:");
        self.audience.output(&lines.collect::<Vec<_>>().join("\n"));
        self.act("What only people can answer");
        self.audience.say(
            "Redis, response times and error rates would be measured where failback.toml says how; here people answer, and are \
             played again.",
        );
        for (item, by) in ANSWERS {
            self.verb(&["answer", "validate", item, "yes", "--by", by], &[0]).await?;
        }
        self.shown(&["resume", "--confirm", ENVIRONMENT], &[0, 9]).await?;
        let messages = self.stage.messages();
        self.audience.say("What the incident's channel was told meanwhile:");
        self.audience.output(&messages.join("\n"));
        Ok(())
    }

    /// Act 5: what came home, by the demo's own look.
    async fn home(&mut self, truth: &Truth) -> Result<Outcome> {
        self.act("What came home");
        let outcome = truth.measure(&Picture::take(&self.old, "").await?);
        self.audience.say("The demo looks itself, with SQL, at what failback's merge has written to OLD:");
        self.audience.facts(&[
            ("rows that NEW created or changed, and that are on OLD now", outcome.arrived),
            ("rows that wait for a decision, as OLD has them", outcome.lost() + outcome.contested),
            ("rows of OLD that were overwritten although OLD wrote them", outcome.overwritten),
        ]);
        Ok(outcome)
    }

    /// Act 6: the destruction of NEW, rehearsed; whether terraform's plan was made, and each of its deletions may be.
    async fn cleanup(&mut self) -> Result<bool> {
        self.act("What a cleanup would destroy");
        self.audience.say(
            "NEW is destroyed in a phase of its own, later. A drill looks at each of its steps and carries none out: \
             terraform's plan to destroy is made and its deletions held against what may go, and the drill says that NEW still \
             holds rows which nobody has decided on.",
        );
        let recovery = self.workspace.newest(&["rollback", ENVIRONMENT])?.join("recovery");
        let recovery = toml_edit::Value::from(recovery.display().to_string());
        self.workspace.append(CONFIG, &format!("recovery = {}", recovery.to_string().trim()))?;
        let printed = self.verb(&["drill", "cleanup"], &[0, 1]).await?;
        self.audience.output(&printed);
        Ok(printed.contains("plan: ready"))
    }

    /// Act 7: the post-mortem.
    async fn postmortem(&mut self) -> Result<String> {
        self.act("The post-mortem");
        self.audience.say("Filled in from the journal; what only people can know is left to them.");
        let written = self.verb(&["postmortem"], &[0]).await?;
        self.audience.output(&written);
        Ok(written)
    }
}
