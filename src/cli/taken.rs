//! Which verb takes which option, read off the arguments themselves; and what is said of one that a verb does not take.

use clap::{Command, CommandFactory as _};

use super::Cli;
use crate::error::{Error, ErrorKind};

/// More verbs than these are not listed.
const LISTED: usize = 16;

/// A verb with more parts than these is named without them.
const PARTS_LISTED: usize = 6;

/// Whether a verb takes an option, which is named without its dashes.
pub(super) fn takes(verb: &str, option: &str) -> bool {
    let all = Cli::command();
    all.find_subcommand(verb).is_some_and(|verb| has(verb, option))
}

/// Whether a verb has a part of that name.
pub(super) fn has_part(verb: &str, part: &str) -> bool {
    Cli::command().find_subcommand(verb).is_some_and(|verb| verb.find_subcommand(part).is_some())
}

/// Explains an option that `verb` does not take, as others do; `None` where no verb takes it.
pub(super) fn refusal(verb: &str, option: &str) -> Option<Error> {
    let option = option.strip_prefix("--")?;
    let mut takers = Vec::new();
    for verb in Cli::command().get_subcommands() {
        list("", verb, option, &mut takers);
    }
    if takers.is_empty() {
        return None;
    }
    let error = Error::new(ErrorKind::Usage, "read the command line").at(format!("failback {verb}"));
    let error = error.because(match reason(option) {
        Some(reason) => format!("it takes no --{option}: {reason}"),
        None => format!("it takes no --{option}"),
    });
    Some(match (verb, option) {
        ("runs prune", "run") => error.next("name the runs' folders without it"),
        ("review", "json") => error.next("`failback show --json` and `failback decide --json` print one"),
        _ if takers.len() > LISTED => error.next(format!("leave --{option} out")),
        _ => error.next(format!("leave --{option} out; it is an option of {}", takers.join(", "))),
    })
}

/// Says why a verb does not take an option that many others take.
fn reason(option: &str) -> Option<&'static str> {
    Some(match option {
        "old" => "it does not ask OLD",
        "new" => "it does not ask NEW",
        "config" | "env" => "nothing that it does is configured",
        "run" => "it is not about one run's folder",
        "jobs" => "it needs one connection at most",
        "json" => "what it prints is no JSON document",
        "plain" => "it shows no progress",
        _ => return None,
    })
}

/// Lists a verb, or those of its parts, that take an option.
fn list(before: &str, verb: &Command, option: &str, found: &mut Vec<String>) {
    let name = format!("{before}{}", verb.get_name());
    if has(verb, option) {
        found.push(name.clone());
    }
    // One with many parts is named alone.
    if verb.get_subcommands().count() > PARTS_LISTED {
        let is_taken = verb.get_subcommands().any(|part| has(part, option));
        return found.extend(is_taken.then_some(name));
    }
    for part in verb.get_subcommands() {
        list(&format!("{name} "), part, option, found);
    }
}

fn has(verb: &Command, option: &str) -> bool {
    verb.get_arguments().any(|argument| argument.get_long() == Some(option))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_of_other_verbs_is_explained() {
        let error = refusal("plan", "--new").expect("others take it");
        assert_eq!(error.causes(), ["it takes no --new: it does not ask NEW"]);
        let next = error.hints().join("; ");
        assert!(next.contains("discover, export") && next.contains("config show") && !next.contains("plan,"), "{next}");
        assert!(refusal("plan", "--frobnicate").is_none());
        assert!(refusal("review", "--json").is_some_and(|error| error.hints().join("").contains("failback show --json")));
    }

    #[test]
    fn what_is_asked_of_a_verb_is_what_it_takes() {
        assert!(takes("export", "jobs") && takes("diff", "old") && !takes("diff", "new") && !takes("show", "old"));
    }
}
