//! The overview of all verbs, and what is said about a command line that makes no sense.

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

use clap::error::ErrorKind as Fault;

use crate::error::OldState;

/// `failback --help`.
pub(super) const OVERVIEW: &str = "\
{about}

{usage-heading} failback <VERB> [OPTIONS]

Look:
  discover  List every relation on both servers and what will be done about it
  status    Say how far a run has come

Try:
  demo      Play an incident on throwaway servers, and recover from it

Recover, step by step (each step reads the files of the one before):
  export    Stage the rows that NEW took since the cutover
  diff      Compare what is staged with OLD
  decide    Show or set what is done about each kind of difference
  plan      Freeze what merge will do
  merge     Write the plan to OLD
  verify    Read OLD back and compare it with the plan
  undo      Take a merge back

Recover, all at once:
  recover   Go from discover to plan, and on to verify if nothing waits

Options:
{options}

`failback VERB --help` explains a verb, with examples.{after-help}";

/// Says what is wrong with the command line, or prints the help that was asked for.
pub(super) fn tell(error: &clap::Error, arguments: impl Iterator<Item = OsString>) -> ExitCode {
    if matches!(error.kind(), Fault::DisplayHelp | Fault::DisplayVersion) {
        // A reader who closes the pipe has read enough.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let text = error.render();
    let mut arguments = arguments.skip(1).peekable();
    let verb = arguments.peek().and_then(|verb| verb.to_str()).filter(|verb| !verb.starts_with('-')).map(str::to_owned);
    if arguments.any(|argument| argument == "--json") {
        let document = serde_json::json!({
            "command": verb,
            "error": {
                "kind": "usage",
                "what": "read the command line",
                "where": [],
                "cause": [mask(text.to_string().trim())],
                "state": OldState::NotWritten.to_string(),
                "next": ["see `failback --help`"],
                "exit_code": 2,
            },
        });
        let _ = writeln!(std::io::stdout().lock(), "{document:#}");
    }
    let _ = write!(std::io::stderr().lock(), "{}", mask(&text.to_string()));
    ExitCode::from(2)
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
