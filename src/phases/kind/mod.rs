//! What steps can do: one file a kind. Each kind reads its fields, shows what it will run to the letter, says what it may
//! change, and acts; kinds that change something can also look whether it is done already, and take it back.
//!
//! Comes in: a step of a runbook, and what earlier steps found out. Goes out: how it ended.
//! Never: runs a shell, shows a secret, takes an exit code for health.

mod approval;
mod azure;
mod checklist;
mod command;
mod dns;
mod engine;
mod http;
mod json;
mod kubernetes;
mod lookup;
mod postgres;
mod prometheus;
mod redis;
mod terraform;
mod wait;

use serde::{Deserialize, Serialize};

pub use approval::Approval;
pub use azure::{Ask as AzureAsk, Azure};
pub use checklist::{Check, Checklist, Item};
pub use command::Command;
pub use dns::{Ask as DnsAsk, Dns};
pub use engine::Engine;
pub use http::Http;
pub use kubernetes::{Ask as KubernetesAsk, Kubernetes};
pub use lookup::{Asked, ask};
pub use postgres::Postgres;
pub use prometheus::Prometheus;
pub use redis::Redis;
pub use terraform::{Ask as TerraformAsk, Terraform};
pub use wait::Wait;

use super::fields::Fields;
use super::outcome::{Ended, Seen};
use super::state::Effect;
use super::taken::{SECRETS, Taken};
use super::work::Work;
use crate::error::Result;
use crate::words::words;

/// What a step does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Kind {
    /// Waits for people's consent.
    Approval(Approval),
    /// Asks Azure.
    Azure(Azure),
    /// Goes through a list of items.
    Checklist(Checklist),
    /// Runs a program.
    Command(Command),
    /// Changes where a name leads, or looks where it does.
    Dns(Dns),
    /// Runs a verb of failback's own.
    Engine(Engine),
    /// Asks an address.
    Http(Http),
    /// Asks a cluster.
    Kubernetes(Kubernetes),
    /// Asks databases.
    Postgres(Postgres),
    /// Asks Prometheus for a figure.
    Prometheus(Prometheus),
    /// Asks a Redis.
    Redis(Redis),
    /// Looks at what terraform made, or destroys it.
    Terraform(Terraform),
    /// Lets time pass.
    Wait(Wait),
}

/// The kinds' words, as runbooks spell them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KindWord {
    /// [`Approval`].
    Approval,
    /// [`Azure`].
    Azure,
    /// [`Checklist`].
    Checklist,
    /// [`Command`].
    Command,
    /// [`Dns`].
    Dns,
    /// [`Engine`].
    Engine,
    /// [`Http`].
    Http,
    /// [`Kubernetes`].
    Kubernetes,
    /// [`Postgres`].
    Postgres,
    /// [`Prometheus`].
    Prometheus,
    /// [`Redis`].
    Redis,
    /// [`Terraform`].
    Terraform,
    /// [`Wait`].
    Wait,
}

words!(KindWord {
    Approval => "approval",
    Azure => "azure",
    Checklist => "checklist",
    Command => "command",
    Dns => "dns",
    Engine => "engine",
    Http => "http",
    Kubernetes => "kubernetes",
    Postgres => "postgres",
    Prometheus => "prometheus",
    Redis => "redis",
    Terraform => "terraform",
    Wait => "wait",
});

impl KindWord {
    /// The keys that steps of this kind have beside those of all steps.
    #[must_use]
    pub const fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Approval => Approval::KEYS,
            Self::Azure => Azure::KEYS,
            Self::Checklist => Checklist::KEYS,
            Self::Command => Command::KEYS,
            Self::Dns => Dns::KEYS,
            Self::Engine => Engine::KEYS,
            Self::Http => Http::KEYS,
            Self::Kubernetes => Kubernetes::KEYS,
            Self::Postgres => Postgres::KEYS,
            Self::Prometheus => Prometheus::KEYS,
            Self::Redis => Redis::KEYS,
            Self::Terraform => Terraform::KEYS,
            Self::Wait => Wait::KEYS,
        }
    }

    /// Whether steps of this kind run programs, which may see secrets as variables.
    #[must_use]
    pub const fn runs_programs(self) -> bool {
        matches!(self, Self::Azure | Self::Command | Self::Dns | Self::Engine | Self::Kubernetes | Self::Terraform)
    }
}

impl Kind {
    /// Reads what a step does; `common` are keys that steps of all kinds have.
    ///
    /// # Errors
    /// `Config` at the place of what makes no sense.
    pub fn read(fields: &Fields<'_>, common: &[&str]) -> Result<Self> {
        let word: KindWord = fields.word("kind")?;
        let of_programs: &[&str] = if word.runs_programs() { &[SECRETS] } else { &[] };
        fields.check(&[&["kind"], common, of_programs, word.keys()].concat())?;
        Ok(match word {
            KindWord::Approval => Self::Approval(Approval::read(fields)?),
            KindWord::Azure => Self::Azure(Azure::read(fields)?),
            KindWord::Checklist => Self::Checklist(Checklist::read(fields)?),
            KindWord::Command => Self::Command(Command::read(fields)?),
            KindWord::Dns => Self::Dns(Dns::read(fields)?),
            KindWord::Engine => Self::Engine(Engine::read(fields)?),
            KindWord::Http => Self::Http(Http::read(fields)?),
            KindWord::Kubernetes => Self::Kubernetes(Kubernetes::read(fields)?),
            KindWord::Postgres => Self::Postgres(Postgres::read(fields)?),
            KindWord::Prometheus => Self::Prometheus(Prometheus::read(fields)?),
            KindWord::Redis => Self::Redis(Redis::read(fields)?),
            KindWord::Terraform => Self::Terraform(Terraform::read(fields)?),
            KindWord::Wait => Self::Wait(Wait::read(fields)?),
        })
    }

    /// Its word, as runbooks spell it.
    #[must_use]
    pub const fn word(&self) -> KindWord {
        match self {
            Self::Approval(_) => KindWord::Approval,
            Self::Azure(_) => KindWord::Azure,
            Self::Checklist(_) => KindWord::Checklist,
            Self::Command(_) => KindWord::Command,
            Self::Dns(_) => KindWord::Dns,
            Self::Engine(_) => KindWord::Engine,
            Self::Http(_) => KindWord::Http,
            Self::Kubernetes(_) => KindWord::Kubernetes,
            Self::Postgres(_) => KindWord::Postgres,
            Self::Prometheus(_) => KindWord::Prometheus,
            Self::Redis(_) => KindWord::Redis,
            Self::Terraform(_) => KindWord::Terraform,
            Self::Wait(_) => KindWord::Wait,
        }
    }

    /// What it may do to the world.
    #[must_use]
    pub const fn effect(&self) -> Effect {
        match self {
            Self::Approval(_) => Effect::People,
            Self::Azure(azure) => azure.effect(),
            Self::Command(command) => command.effect(),
            Self::Dns(dns) => dns.effect(),
            Self::Engine(engine) => engine.effect(),
            Self::Kubernetes(kubernetes) => kubernetes.effect(),
            Self::Terraform(terraform) => terraform.effect(),
            Self::Checklist(_) | Self::Http(_) | Self::Postgres(_) | Self::Prometheus(_) | Self::Redis(_) | Self::Wait(_) => {
                Effect::Read
            }
        }
    }

    /// What it will run, to the letter, as far as that is known before it begins.
    #[must_use]
    pub fn show(&self) -> Vec<String> {
        self.lines().into_iter().map(|line| line.replace("${rollback.folder}", "<rollback>")).collect()
    }

    fn lines(&self) -> Vec<String> {
        match self {
            Self::Approval(approval) => approval.show(),
            Self::Azure(azure) => azure.show(),
            Self::Checklist(checklist) => checklist.show(),
            Self::Command(command) => command.show(),
            Self::Dns(dns) => dns.show(),
            Self::Engine(engine) => engine.show(),
            Self::Http(http) => http.show(),
            Self::Kubernetes(kubernetes) => kubernetes.show(),
            Self::Postgres(postgres) => postgres.show(),
            Self::Prometheus(prometheus) => prometheus.show(),
            Self::Redis(redis) => redis.show(),
            Self::Terraform(terraform) => terraform.show(),
            Self::Wait(wait) => wait.show(),
        }
    }

    /// The programs that it runs, by name.
    #[must_use]
    pub fn programs(&self) -> Vec<&str> {
        match self {
            Self::Azure(_) => vec!["az"],
            Self::Dns(dns) if dns.has_program() => vec!["az"],
            Self::Checklist(list) => {
                let checks = list.items().iter().flat_map(|item| &item.checks);
                checks.flat_map(|check| check.kind().programs()).collect()
            }
            Self::Command(command) => command.programs().collect(),
            Self::Kubernetes(_) => vec!["kubectl"],
            Self::Terraform(_) => vec!["terraform"],
            _ => Vec::new(),
        }
    }

    /// The secrets that it takes itself, and not as variables of programs.
    #[must_use]
    pub fn takes(&self) -> Vec<Taken<'_>> {
        match self {
            Self::Checklist(list) => list.items().iter().flat_map(|item| &item.checks).flat_map(Check::takes).collect(),
            Self::Http(http) => http.takes(),
            Self::Postgres(postgres) => postgres.takes().into_iter().collect(),
            Self::Prometheus(prometheus) => prometheus.takes().into_iter().collect(),
            Self::Redis(redis) => redis.takes().into_iter().collect(),
            _ => Vec::new(),
        }
    }

    /// Whether it can take back what it did.
    #[must_use]
    pub const fn can_undo(&self) -> bool {
        match self {
            Self::Command(command) => command.has_undo(),
            Self::Dns(dns) => dns.can_undo(),
            Self::Engine(engine) => engine.has_undo(),
            Self::Kubernetes(kubernetes) => kubernetes.can_undo(),
            _ => false,
        }
    }

    /// The command that takes back by hand what it did, where it cannot do so itself and such a command is known.
    #[must_use]
    pub fn by_hand(&self) -> Option<String> {
        if let Self::Engine(engine) = self { engine.by_hand() } else { None }
    }

    /// Whether it takes rows of NEW, to bring them to OLD or to keep them.
    #[must_use]
    pub fn moves_rows(&self) -> bool {
        matches!(self, Self::Engine(engine) if engine.moves_rows())
    }

    /// Whether it may simply act once more where nobody knows how it ended.
    #[must_use]
    pub fn may_repeat(&self) -> bool {
        self.effect() <= Effect::People || matches!(self, Self::Engine(_))
    }

    /// Whether its effect can be looked for.
    #[must_use]
    pub fn has_probe(&self) -> bool {
        match self {
            Self::Command(command) => command.has_probe(),
            Self::Azure(_) | Self::Dns(_) | Self::Kubernetes(_) | Self::Terraform(_) => self.effect() > Effect::People,
            _ => false,
        }
    }

    /// The step whose work it carries on, by id.
    #[must_use]
    pub fn follows(&self) -> Option<&str> {
        match self {
            Self::Terraform(terraform) => terraform.follows(),
            _ => None,
        }
    }

    /// Looks whether its effect is there.
    ///
    /// # Errors
    /// Where it cannot be looked at.
    pub async fn probe(&self, work: &Work<'_>) -> Result<Seen> {
        match self {
            Self::Azure(azure) => azure.probe(work).await,
            Self::Command(command) if command.has_probe() => command.probe(work).await,
            Self::Dns(dns) => dns.probe(work).await,
            Self::Kubernetes(kubernetes) => kubernetes.probe(work).await,
            Self::Terraform(terraform) => terraform.probe(work).await,
            _ => Ok(Seen::NotDone),
        }
    }

    /// Acts.
    ///
    /// # Errors
    /// `Interrupted` where the user asked to stop; where a program cannot be started, or evidence cannot be kept.
    pub async fn act(&self, work: &Work<'_>) -> Result<Ended> {
        match self {
            Self::Approval(_) => Ok(Approval::act()),
            Self::Azure(azure) => azure.act(work).await,
            Self::Checklist(checklist) => checklist.act(work).await,
            Self::Command(command) => command.act(work).await,
            Self::Dns(dns) => dns.act(work).await,
            Self::Engine(engine) => engine.act(work).await,
            Self::Http(http) => http.act(work).await,
            Self::Kubernetes(kubernetes) => kubernetes.act(work).await,
            Self::Postgres(postgres) => postgres.act(work).await,
            Self::Prometheus(prometheus) => prometheus.act(work).await,
            Self::Redis(redis) => redis.act(work).await,
            Self::Terraform(terraform) => terraform.act(work).await,
            Self::Wait(wait) => wait.act(work).await,
        }
    }

    /// Takes back what it did.
    ///
    /// # Errors
    /// As [`Kind::act`].
    pub async fn undo(&self, work: &Work<'_>) -> Result<Ended> {
        match self {
            Self::Command(command) => command.undo(work).await,
            Self::Dns(dns) => dns.undo(work).await,
            Self::Engine(engine) => engine.undo(work).await,
            Self::Kubernetes(kubernetes) => kubernetes.undo(work).await,
            _ => Ok(Ended::Failed("what it did cannot be taken back".to_owned())),
        }
    }
}
