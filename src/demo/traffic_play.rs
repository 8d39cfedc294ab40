//! The acts of a phase in which traffic goes back and rows come home.

use super::estate;
use super::phase_play::{Moved, Play, Played};
use super::phase_stage::{ENVIRONMENT, Stage};
use super::picture::Picture;
use super::truth::{CLEAN, Outcome, Truth};
use super::workspace::CONFIG;
use crate::delta::Class;
use crate::error::Result;

/// What only people can answer in the end, and who answers.
const ANSWERS: [(&str, &str); 6] = [
    ("redis", "tim"),
    ("response-times", "tim"),
    ("error-rates", "tim"),
    ("workflows", "eve"),
    ("dashboards", "tim"),
    ("on-call", "ada"),
];

impl Play<'_> {
    /// All of them.
    ///
    /// # Errors
    /// `Server` where a verb ends otherwise than the script expects.
    pub(super) async fn traffic(&mut self) -> Result<Played> {
        let truth = self.incident().await?;
        let before = self.stage.names().await;
        self.begins(&before).await?;
        self.carry_out().await?;
        let after = self.stage.names().await;
        let names: Vec<_> =
            before.into_iter().zip(after).map(|((name, before), (_, after))| Moved { name, before, after }).collect();
        self.answer(&names).await?;
        let outcome = self.home(&truth).await?;
        let reviewed = self.cleanup().await?;
        let postmortem = self.postmortem().await?;
        let moved = names.iter().all(|moved| Stage::is_old(&moved.after) && !Stage::is_old(&moved.before));
        let came = outcome.arrived > 0 && outcome.overwritten == 0;
        Ok(Played { passed: moved && came && reviewed, names, restored: None, outcome, postmortem })
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
    async fn begins(&mut self, names: &[(String, String)]) -> Result<()> {
        self.act("The phase begins");
        let lines = names.iter().map(|(name, leads)| format!("{name:<40}leads to {leads} (NEW)"));
        self.audience.output(&lines.collect::<Vec<_>>().join("\n"));
        self.declare().await
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
        self.answers("validate", &ANSWERS).await?;
        self.finish().await
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
        self.workspace.append(CONFIG, &format!("recovery = {}\n", recovery.to_string().trim()))?;
        let printed = self.verb(&["drill", "cleanup"], &[0, 1]).await?;
        self.audience.output(&printed);
        Ok(printed.contains("plan: ready"))
    }
}
