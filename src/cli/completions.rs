//! `failback completions` and `failback man`.

use clap::{Args, Command, CommandFactory as _};
use clap_complete::Shell;

use super::options::Speaking;
use super::printer::Printer;
use super::{Cli, Exit};
use crate::error::{Error, ErrorKind, Result};

/// Print a shell's completions
///
/// Of verbs, options and their values; print them where your shell looks for such files.
#[derive(Args)]
#[command(after_help = "\
Examples:
  failback completions bash > ~/.local/share/bash-completion/completions/failback
  failback completions zsh > ~/.zfunc/_failback
  failback completions fish > ~/.config/fish/completions/failback.fish")]
pub(super) struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
    #[command(flatten)]
    pub(super) options: Speaking,
}

/// Print a page of the manual
///
/// In the form of man(7), for section 1; the text is that of --help.
#[derive(Args)]
#[command(after_help = "\
Examples:
  failback man merge | man -l -
  failback man > ~/.local/share/man/man1/failback.1")]
pub(super) struct Man {
    /// The verb; none: the overview
    #[arg(value_name = "VERB")]
    verb: Option<String>,
    #[command(flatten)]
    pub(super) options: Speaking,
}

/// Prints the completions.
pub(super) fn completions(arguments: &Completions) -> Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command(), "failback", &mut script);
    Printer::piece(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}

/// Prints a page of the manual.
pub(super) fn man(arguments: &Man) -> Result<Exit> {
    let mut all = command();
    // Gives each verb its whole name.
    all.build();
    let page = match &arguments.verb {
        None => Some(all.clone()),
        Some(verb) => all.get_subcommands().find(|known| known.get_name() == verb).cloned(),
    };
    let page = page.ok_or_else(|| {
        Error::new(ErrorKind::Usage, "print a page of the manual")
            .because(format!("there is no verb `{}`", arguments.verb.as_deref().unwrap_or_default()))
            .next("`failback --help` lists the verbs")
    })?;
    let mut text = Vec::new();
    let failed = |error| Error::new(ErrorKind::Storage, "print a page of the manual").because(error);
    clap_mangen::Man::new(page).render(&mut text).map_err(failed)?;
    Printer::piece(&String::from_utf8_lossy(&text))?;
    Ok(Exit::Done)
}

fn command() -> Command {
    Cli::command()
}
