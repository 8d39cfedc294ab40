//! What is missing before any step is taken: programs that steps run, channels that notices go to.

use std::path::Path;

use super::draft::{Draft, Drafted, Flaw};
use super::tools::Tools;
use crate::config::{Channels, SecretPlace};
use crate::store::host_files;

/// Lists it, all of it in one go; `variable` returns a variable of this process.
#[must_use]
pub fn lacking(draft: &Draft, tools: &Tools, channels: &Channels, variable: &dyn Fn(&str) -> Option<String>) -> Vec<Flaw> {
    let mut found = Vec::new();
    for step in draft.steps.iter().filter_map(Drafted::step) {
        for program in step.kind.programs() {
            if let Some(cause) = tools.lacks(program) {
                let cause = format!("{cause}; {} runs it", step.id);
                found.push(Flaw { about: "program", name: program.to_owned(), cause });
            }
        }
    }
    for channel in draft.runbook.notices.iter().flat_map(|notice| &notice.to) {
        let lacks = |cause: String| Flaw { about: "channel", name: channel.clone(), cause };
        match channels.get(channel.as_str()) {
            None => found.push(lacks("failback.toml has no such channel under [channels]".to_owned())),
            Some(known) => found.extend(known.secrets().filter_map(|place| unreadable(place, tools, variable)).map(lacks)),
        }
    }
    // One of several steps that lack the same is enough.
    found.sort();
    found.dedup_by(|one, other| (one.about, &one.name) == (other.about, &other.name));
    found
}

/// Why a secret cannot be had, as far as that is seen without asking for it.
fn unreadable(place: &SecretPlace, tools: &Tools, variable: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    match place {
        SecretPlace::Variable(name) => variable(name).is_none().then(|| format!("{name} is not set")),
        SecretPlace::File(path) => {
            let is_there = host_files::read_text(Path::new(path)).is_ok_and(|text| !text.trim().is_empty());
            (!is_there).then(|| format!("{path} cannot be read, or is empty"))
        }
        SecretPlace::Command(argv) => argv.first().and_then(|program| tools.lacks(program)),
        SecretPlace::Vault(..) => tools.lacks("az"),
    }
}
