//! The acts in which failback's verbs bring the rows home, each explained before its command.

use super::play::{Play, ScriptReport};
use super::proof::{Check, clean};
use crate::delta::Class;
use crate::error::Result;

/// One decision: where, what, why.
struct Decision {
    at: &'static [&'static str],
    settings: &'static [&'static str],
    why: &'static str,
    said: &'static str,
}

/// What the people of Mystira decide.
const DECISIONS: [Decision; 6] = [
    Decision {
        at: &[],
        settings: &[
            "delete=apply_new",
            "ambiguous_missing_on_old=apply_new",
            "update_origin_differs=last_update_wins",
            "--evidence",
            "delete=column",
        ],
        why: "support confirmed the deletions; OLD deleted nothing in tables without time columns; the later write counts",
        said: "Three rules for all tables: carry NEW's deletes, also those that only the stamps of OLD's rows prove, which is \
               less than a delete needs by itself; take home rows that only NEW has, though no column proves when \
               they were made; and where both sides changed a row, let the later write win, which after a rollback is nearly \
               always OLD's.",
    },
    Decision {
        at: &["--database", "chain_db", "--table", "public.tokens"],
        settings: &["ambiguous_differs=last_update_wins"],
        why: "a price job writes without moving updated_at; where a stamp moved, the later one counts",
        said: "Three tables are compared in full, because jobs write them with the trigger off: there no stamp proves \
               anything. In two of them the later stamp counts where one moved. Publications stay held: \
               OLD's own job wrote some of them too.",
    },
    Decision {
        at: &["--database", "publisher_db", "--table", "public.publications"],
        settings: &["ambiguous_missing_on_old=hold"],
        why: "OLD's users delete publications, and without stamps nothing tells those from NEW's",
        said: "",
    },
    Decision {
        at: &["--database", "story_generator_db", "--table", "public.chapters"],
        settings: &["ambiguous_differs=last_update_wins"],
        why: "the embedding job writes without moving updated_at",
        said: "",
    },
    Decision {
        at: &["--database", "story_generator_db", "--table", "ai.generation_runs"],
        settings: &["ambiguous_missing_on_new=apply_new"],
        why: "runs are never updated, and OLD made its own after the rollback: what NEW lacks, NEW deleted",
        said: "Rows that NEW lacks stay on OLD unless their deletion is proven. Two tables have only created_at, and the \
               people who know them know that old rows do not vanish by themselves.",
    },
    Decision {
        at: &["--database", "chain_db", "--table", "public.token_transfers"],
        settings: &["ambiguous_missing_on_new=apply_new"],
        why: "transfers are never updated: what NEW lacks went with its token",
        said: "",
    },
];

impl Play<'_> {
    /// Discover, export, diff.
    pub(super) async fn look(&mut self) -> Result<()> {
        self.act("Discover");
        self.audience.say(
            "First look, without touching anything: every relation on both servers, the key that identifies its rows, and how \
             changes will be found. Look at the lines with `!`: what is not carried is said before anything else is done.",
        );
        self.verb(&["discover"], &[0]).await?;
        self.act("Export");
        self.audience.say(
            "Now NEW's candidate rows are staged as checksummed Parquet files, under one snapshot a server. No later step \
             reads NEW again; keep it all the same until `verify` has passed.",
        );
        self.verb(&["export"], &[0]).await?;
        self.act("Diff");
        self.audience.say(
            "Each staged row is compared with OLD as it is now, value by value. A class is what the two rows' history means; \
             `ambiguous` is said where nothing proves who wrote what, and `insert_exists` where both sides gave one number to \
             two rows.",
        );
        self.verb(&["diff"], &[0]).await
    }

    /// Decide, plan.
    pub(super) async fn decide(&mut self) -> Result<()> {
        self.act("Decide");
        self.audience.say(
            "Inserts and updates that only NEW made are applied without asking. Everything else waits for a decision about \
             what to do and why; the reasons stay in decisions.toml.",
        );
        for decision in &DECISIONS {
            self.make(decision).await?;
        }
        self.act("Plan");
        self.audience.say(
            "The plan gives every row one action and freezes it under a digest. Look at what is held with its parent: a child \
             of a row that stays behind would refer to the other row that has its number on OLD. And a reader of NEW and \
             another reader of OLD chose the handle `mira`, which is unique: `update_exists`, held until they have been asked.",
        );
        self.verb(&["plan"], &[0]).await
    }

    async fn make(&mut self, decision: &Decision) -> Result<()> {
        if !decision.said.is_empty() {
            self.audience.say(decision.said);
        }
        let arguments: Vec<&str> =
            ["decide"].iter().chain(decision.at).chain(decision.settings).chain(&["--why", decision.why]).copied().collect();
        self.verb(&arguments, &[0]).await
    }

    /// Merge, first for show, then for good; verify.
    pub(super) async fn merge(&mut self) -> Result<()> {
        self.act("Merge");
        self.audience.say(
            "A merge does not pass over rows that wait: unless it is told to leave them, it is refused, \
             and nothing is written.",
        );
        self.verb(&["merge", "--dry-run"], &[4]).await?;
        self.audience.say(
            "What is held can be decided tomorrow; the rest comes home tonight. First a rehearsal: every row is compared with \
             OLD and written, every foreign key is checked, and all of it is rolled back.",
        );
        self.verb(&["merge", "--dry-run", "--leave-held"], &[0]).await?;
        self.audience.say(
            "Now for good: one transaction a database, each row compared once more before it is written, and a ledger entry \
             that commits with the rows. Exit code 9 says that rows were left held on purpose.",
        );
        let old = self.name_of_old();
        self.verb(&["merge", "--leave-held", "--confirm", &old], &[9]).await?;
        self.act("Verify");
        self.audience.say(
            "OLD is read back and compared with the plan: rows, foreign keys, sequences, ledger. Each staged row \
             has one outcome.",
        );
        self.verb(&["verify"], &[9]).await
    }

    /// Tells what the check found.
    pub(super) fn tell(&mut self, check: &Check, by_hand: &ScriptReport) {
        let outcome = check.outcome;
        self.audience.facts(&[
            ("rows of OLD that changed, each equal to NEW's now", check.applied),
            ("rows that the plan left, each as OLD had it", check.left),
            ("references of NEW to numbers that OLD gave to others: looked at, none may come along", check.references),
        ]);
        self.audience.say(&format!(
            "Of the {} rows that only NEW wrote, {} are home, and {} stay behind with a reason in the plan; the script brought \
             {}, the mended one {}, of which {} refer to another row. Rows that both sides wrote: {} stand as OLD has them, {} \
             were overwritten.",
            clean(&check.happened),
            outcome.arrived,
            outcome.lost(),
            by_hand.outcome.arrived,
            by_hand.mended.arrived,
            by_hand.mended_adopted,
            outcome.contested,
            outcome.overwritten,
        ));
        self.audience.say("What happened, by the state at the cutover, and what failback made of it without that state:");
        let lines: Vec<String> = Class::ALL
            .iter()
            .map(|class| (class, check.happened.get(*class), check.classified.get(*class)))
            .filter(|(_, happened, classified)| happened + classified > 0)
            .map(|(class, happened, classified)| format!("  {class:<26}{happened:>8}{classified:>8}"))
            .collect();
        self.audience.output(&format!("  {:<26}{:>8}{:>8}\n{}\n", "", "truth", "diff", lines.join("\n")));
        self.audience.say(
            "The two columns differ where time columns do not tell: rows without them are `ambiguous` instead of insert, \
             update or delete; a delete on OLD is not proven, so `update_deleted` is `update_missing`; rows that both sides \
             created are `update_origin_differs` where no created_at says so; and what only OLD wrote is not looked for where \
             stamps tell what NEW wrote. All of these are held or kept unless decided, so doubt costs a question and never a \
             row.",
        );
        for problem in &check.problems {
            self.audience.say(&format!("FAILED: {problem}"));
        }
    }
}
