//! Writing to OLD wants its name: given with `--confirm`, or typed on a terminal.

use std::io::{self, IsTerminal as _};

use super::Call;
use crate::engine::Context;
use crate::error::{Error, ErrorKind, Result};
use crate::name::Side;
use crate::staging::Plan;

/// Checks that a person, or a script that was told, names the server that is about to be written to.
///
/// # Errors
/// `Refused` where the name is missing or another; `Interrupted` where the user would rather not say.
pub(super) async fn confirm(call: &Call, context: &Context, verb: &str, given: Option<&str>) -> Result<()> {
    let plan = Plan::read(context.store())?;
    let address = context.servers().endpoint(Side::Old).address();
    let mut names = vec![address.as_str()];
    if let [only] = plan.databases.as_slice() {
        names.push(&only.name);
    }
    let said = match given {
        Some(name) => name.to_owned(),
        None if io::stdin().is_terminal() && io::stderr().is_terminal() => {
            call.printer
                .ask(&format!("{verb} writes to OLD, {}. Type {address} to go on: ", context.servers().endpoint(Side::Old)));
            read_line().await?
        }
        None => return Err(refused(verb, &address, "it was not confirmed, and there is no terminal to ask on")),
    };
    if names.contains(&said.trim()) {
        return Ok(());
    }
    Err(refused(verb, &address, "the name that was given is not OLD's"))
}

fn refused(verb: &str, address: &str, cause: &str) -> Error {
    Error::new(ErrorKind::Refused, format!("confirm the {verb}"))
        .at(format!("OLD {address}"))
        .because(cause.to_owned())
        .next(format!("to write to OLD, give --confirm {address}"))
}

/// Reads a line, unless Ctrl-C comes first.
async fn read_line() -> Result<String> {
    let interrupted = || Error::new(ErrorKind::Interrupted, "wait for the confirmation").because("interrupted by the user");
    let read = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        io::stdin().read_line(&mut line).map(|_| line)
    });
    tokio::select! {
        line = read => match line {
            Ok(Ok(line)) => Ok(line),
            _ => Err(interrupted()),
        },
        _ = tokio::signal::ctrl_c() => Err(interrupted()),
    }
}
