//! The overview of all verbs, and what is said about a command line that makes no sense.

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind as Fault};

use super::failure;
use super::paint::{Paint, tame_json};
use super::printer::{SCHEMA_VERSION, write_err};
use super::{taken, terminal};
use crate::error::{Error, ErrorKind, OldState};
use crate::staging::FORMAT_VERSION;

/// `failback --help`.
pub(super) const OVERVIEW: &str = "\
{about}

{usage-heading} failback <VERB> [OPTIONS]

Look:
  assess    Say whether to roll back, in which phase, and why
  discover  List every relation on both servers and what will be done about it
  status    Say how far a run has come
  runs      List the runs, or remove rows of those that are done with
  config    Show, check or describe failback.toml
  explain   Say what a word means, or everything that is known of one row
  grants    Print the SQL that gives failback's user what it needs, and no more

Prepare, before the cutover:
  preflight Say what can be switched on, and what each thing buys
  mark      Write down where both servers are
  arm       The same, and keep a digest of each row of OLD's, or NEW's log
  disarm    Let go of NEW's log

Before traffic goes back:
  sequences Say which of OLD's sequences lag behind NEW, and raise them
  fence     Say whether a side is still written, and keep its writers out

Try:
  demo      Play an incident on throwaway servers, and recover from it

Recover, step by step (each step reads the files of the one before):
  export    Stage the rows that NEW took since the cutover
  diff      Compare what is staged with OLD
  show      Show the rows that differ, as OLD and NEW have them
  review    Look at them on a full screen
  report    Make one page of HTML that shows what the run has come to
  decide    Show or set what is done about each kind of difference
  plan      Freeze what merge will do
  approve   Approve the plan, or list who did
  deny      Deny the plan
  merge     Write the plan to OLD
  verify    Read OLD back and compare it with the plan
  undo      Take a merge back

Recover, all at once:
  recover   Go from discover to plan, and on to verify if nothing waits

Carry out a rollback:
  rollback  Carry out a phase step by step, resume it, take it back
  restore   Look at backups, and bring a database back from one

For the shell:
  completions  Print a shell's completions
  man       Print a page of the manual

Options:
{options}

`failback VERB --help` explains a verb, with examples.{after-help}";

/// Says what is wrong with the command line, or prints the help that was asked for.
pub(super) fn tell(error: &clap::Error, arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<_> = arguments.skip(1).collect();
    if error.kind() == Fault::DisplayVersion && arguments.iter().any(|argument| argument == "--json") {
        let _ = writeln!(std::io::stdout().lock(), "{:#}", version());
        return ExitCode::SUCCESS;
    }
    if matches!(error.kind(), Fault::DisplayHelp | Fault::DisplayVersion) {
        // A reader who closes the pipe has read enough.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    if error.kind() == Fault::DisplayHelpOnMissingArgumentOrSubcommand {
        let _ = error.print();
        return ExitCode::from(ErrorKind::Usage.exit_code());
    }
    let verb = arguments.first().and_then(|verb| verb.to_str()).filter(|verb| is_verb(verb));
    let error = explain(error, verb, &arguments);
    let command = verb.unwrap_or_default();
    if arguments.iter().any(|argument| argument == "--json") {
        let mut document = failure::value(&error, &OldState::NotWritten, command);
        document["command"] = verb.into();
        document["schema_version"] = SCHEMA_VERSION.into();
        let _ = writeln!(std::io::stdout().lock(), "{}", tame_json(&format!("{document:#}")));
    }
    write_err(&failure::text(&error, &OldState::NotWritten, command, Paint::default(), terminal::width(std::io::stderr())));
    ExitCode::from(error.kind().exit_code())
}

/// Says which failback this is, for programs.
fn version() -> serde_json::Value {
    serde_json::json!({
        "schema_version": SCHEMA_VERSION,
        "name": env!("CARGO_PKG_NAME"),
        "version": env!("CARGO_PKG_VERSION"),
        "build": env!("FAILBACK_VERSION"),
        "run_format_version": FORMAT_VERSION,
    })
}

fn is_verb(word: &str) -> bool {
    OVERVIEW.lines().any(|line| line.strip_prefix("  ").is_some_and(|line| line.split(' ').next() == Some(word)))
}

/// Turns the parser's sentences into ours: what is wrong, what was probably meant, and where the help is.
fn explain(error: &clap::Error, verb: Option<&str>, arguments: &[OsString]) -> Error {
    let told = mask(&error.render().to_string());
    let (mut causes, mut hints) = (Vec::new(), Vec::new());
    for line in told.lines().map(str::trim).take_while(|line| !line.starts_with("Usage:")) {
        match (line.strip_prefix("tip: "), line.strip_prefix("error: ").unwrap_or(line)) {
            (Some(tip), _) => hints.push(tip.to_owned()),
            (None, "") => {}
            (None, line) if line.starts_with("For more information") => {}
            (None, line) => causes.push(line.to_owned()),
        }
    }
    if let Some(position) = arguments.iter().position(|argument| argument.to_str().is_none()) {
        // Not the argument itself: it may be a password.
        causes = vec![format!("argument {} is not UTF-8 text", position + 1)];
    }
    let place = verb.map_or_else(|| "failback".to_owned(), |verb| format!("failback {verb}"));
    let told = others_option(error, verb, arguments).unwrap_or_else(|| {
        let told = Error::new(ErrorKind::Usage, "read the command line").at(&place).because(causes.join(" "));
        hints.into_iter().fold(told, Error::next)
    });
    told.next(format!("see `{place} --help`"))
}

/// Explains an option that the verb does not take, and others do.
fn others_option(error: &clap::Error, verb: Option<&str>, arguments: &[OsString]) -> Option<Error> {
    let (Fault::UnknownArgument, Some(ContextValue::String(option))) = (error.kind(), error.get(ContextKind::InvalidArg))
    else {
        return None;
    };
    let verb = match (verb?, arguments.get(1).and_then(|part| part.to_str())) {
        (verb @ ("runs" | "config" | "rollback" | "restore"), Some(part)) if !part.starts_with('-') => format!("{verb} {part}"),
        (verb, _) => verb.to_owned(),
    };
    // Not its value: it may be a password.
    taken::refusal(&verb, option.split('=').next()?)
}

/// Hides what may be the password of a URL that was typed in the wrong place.
fn mask(text: &str) -> String {
    let mut parts = text.split("://");
    let mut masked = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        masked.push_str("://");
        let end = part.find(|c: char| c.is_whitespace() || c == '\'').unwrap_or(part.len());
        let (url, rest) = part.split_at(end);
        match url.rfind('@') {
            Some(at) => {
                let user = url[..at].split(':').next().unwrap_or_default();
                masked.push_str(user);
                masked.push_str(if user.len() < at { ":…" } else { "" });
                masked.push_str(&url[at..]);
            }
            None => masked.push_str(url),
        }
        masked.push_str(rest);
    }
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_in_the_wrong_place_are_hidden() {
        assert_eq!(mask("unexpected 'postgres://u:p:w@h/d' found"), "unexpected 'postgres://u:…@h/d' found");
        assert_eq!(mask("unexpected 'postgres://u@h/d' found"), "unexpected 'postgres://u@h/d' found");
        assert_eq!(mask("no URL"), "no URL");
    }
}
