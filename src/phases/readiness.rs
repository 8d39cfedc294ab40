//! What is missing before any step is taken: programs that steps run, secrets that they take, channels that notices go to.

use std::collections::BTreeSet;
use std::path::Path;

use super::draft::{Draft, Drafted, Flaw};
use super::tools::Tools;
use crate::config::{Channels, SecretPlace};
use crate::error::{ErrorKind, Result};
use crate::store::host_files;

/// Lists it, all of it in one go. Each secret that steps take is read, as they would read it; of those of channels it is seen
/// whether they may be there.
///
/// # Errors
/// `Interrupted` where the user asks to stop.
pub async fn lacking(draft: &Draft, tools: &Tools, channels: &Channels) -> Result<Vec<Flaw>> {
    let steps = || draft.steps.iter().filter_map(Drafted::step);
    let mut found = Vec::new();
    for step in steps() {
        for program in step.kind.programs() {
            if let Some(cause) = tools.lacks(program) {
                let cause = format!("{cause}; {} runs it", step.id);
                found.push(Flaw { about: "program", name: program.to_owned(), cause });
            }
        }
    }
    let taken: BTreeSet<_> =
        steps().flat_map(|step| step.takes().into_iter().map(|taken| (taken.name, step.id.as_str()))).collect();
    for (name, step) in taken {
        match tools.secret(name).await {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => return Err(error),
            Err(error) => {
                let cause = format!("{}; {step} takes it", tools.secrets().hide(&error.causes().join(": ")));
                found.push(Flaw { about: "secret", name: name.to_owned(), cause });
            }
        }
    }
    for channel in draft.runbook.notices.iter().flat_map(|notice| &notice.to) {
        let lacks = |cause: String| Flaw { about: "channel", name: channel.clone(), cause };
        match channels.get(channel.as_str()) {
            None => found.push(lacks("failback.toml has no such channel under [channels]".to_owned())),
            Some(known) => found.extend(known.secrets().filter_map(|place| unreadable(place, tools)).map(lacks)),
        }
    }
    // One of several steps that lack the same is enough.
    found.sort();
    found.dedup_by(|one, other| (one.about, &one.name) == (other.about, &other.name));
    Ok(found)
}

/// Why a secret cannot be had, as far as that is seen without asking for it.
fn unreadable(place: &SecretPlace, tools: &Tools) -> Option<String> {
    match place {
        SecretPlace::Variable(name) => tools.keyring().variable(name).is_none().then(|| format!("{name} is not set")),
        SecretPlace::File(path) => {
            let is_there = host_files::read_text(Path::new(path)).is_ok_and(|text| !text.trim().is_empty());
            (!is_there).then(|| format!("{path} cannot be read, or is empty"))
        }
        SecretPlace::Command(argv) => argv.first().and_then(|program| tools.lacks(program)),
        SecretPlace::Vault(..) => tools.lacks("az"),
        // Whether it is named at all is asked when the configuration is read.
        SecretPlace::Named(name) => tools.keyring().place(name).ok().and_then(|place| unreadable(place, tools)),
    }
}
