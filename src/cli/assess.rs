//! `failback assess`.

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use clap::Args;
use rustix::termios::{QueueSelector, tcflush};

use super::options::{Form, Given as _, Scope, WithBoth};
use super::settings::Settings;
use super::{Call, Exit, assessed, confirm, decide, run};
use crate::config::Overlap;
use crate::error::{Error, ErrorKind, Result};
use crate::name::{Side, Sided};
use crate::phases::{self, Advice, Answer, Assessment, Said};

/// Say whether to roll back, in which phase, and why
///
/// Answers the criteria of the procedure from Prometheus, health pages, both servers and the rows that NEW has taken, as
/// failback.toml says, and from people: with --answer, or asked on a terminal. What is not known is said, and never taken for
/// `no`. Says which phase the decision matrix leads to, and where what was looked at leads elsewhere; who has to approve; and
/// what the procedure leaves open. Changes nothing.
#[derive(Args)]
#[command(after_help = "\
Examples:
  failback assess --env prod
  failback assess --answer users-complain=yes --answer security-breach=no --by ada
  failback assess --json --exit-code | jq -r .advice")]
pub(super) struct Arguments {
    /// Answer a question: its name, =, and yes, no or unknown; repeated for more
    #[arg(long, value_name = "NAME=ANSWER")]
    answer: Vec<String>,
    /// Who answers [default: the user of this machine]
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// For how long rows of NEW are counted at most, as 30s; 0s: not at all
    #[arg(long, value_name = "TIME", default_value = "30s")]
    count_within: Overlap,
    /// Exit with 3 where a rollback is due or has to be weighed, with 9 where what is not known may ask for one
    #[arg(long)]
    exit_code: bool,
    #[command(flatten)]
    scope: Scope,
    #[command(flatten)]
    pub(super) options: WithBoth,
}

/// Assesses, and prints what it comes to.
pub(super) async fn run(call: &Call, arguments: &Arguments) -> Result<Exit> {
    let settings = Settings::read(call, &arguments.options, Some(&arguments.scope))?;
    let by = decide::signer(call, arguments.by.as_ref());
    let mut said = arguments.answer.iter().map(|text| Said::parse(text, &by)).collect::<Result<Vec<_>>>()?;
    expect_one_word(&said)?;
    let context = settings.context(call, run::none()?, &[])?;
    let named = Sided::of(|side: Side| settings.endpoint(side, &call.environment, true).is_ok());
    let within = arguments.count_within.duration();
    let counting = (within > Duration::ZERO).then_some(within);
    let gathered = phases::gather(&context, &settings.config, named, counting).await?;
    let judge = |said: &[Said]| phases::judge(gathered.clone(), said, settings.config.matrix(), settings.config.roles());
    let mut assessment = judge(&said)?;
    let answers = ask(call, &assessment, &by, arguments.options.given().output.form != Form::Page).await?;
    if !answers.is_empty() {
        said.extend(answers);
        assessment = judge(&said)?;
    }
    let page = assessed::page(call, &settings, &assessment);
    call.printer.result(&assessment, &page)?;
    Ok(if arguments.exit_code { exit(&assessment) } else { Exit::Done })
}

/// # Errors
/// `Usage` where two answers of one call contradict each other.
fn expect_one_word(said: &[Said]) -> Result<()> {
    let contradicts = |(at, one): (usize, &Said)| {
        said[..at].iter().any(|other| other.criterion == one.criterion && other.answer != one.answer)
    };
    match said.iter().enumerate().find(|(at, one)| contradicts((*at, one))) {
        None => Ok(()),
        Some((_, one)) => Err(Error::new(ErrorKind::Usage, "read the answers")
            .because(format!("{} is answered twice, and not alike", one.criterion))
            .next("give one --answer for each criterion")),
    }
}

/// Asks what is not known of whoever sits at the terminal.
async fn ask(call: &Call, assessment: &Assessment, by: &str, json: bool) -> Result<Vec<Said>> {
    if json || !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Ok(Vec::new());
    }
    // What was typed before the first question was read is no answer to it.
    let _ = tcflush(io::stdin(), QueueSelector::IFlush);
    let mut said = Vec::new();
    for one in &assessment.not_known {
        call.printer.ask(&format!("{} [y/n, Enter: not known] ", one.question));
        let answer = match confirm::read_line(&call.stop).await?.trim().to_lowercase().as_str() {
            "y" | "yes" => Answer::Yes,
            "n" | "no" => Answer::No,
            _ => continue,
        };
        said.push(Said { criterion: one.criterion.clone(), answer, by: by.to_owned() });
    }
    Ok(said)
}

const fn exit(assessment: &Assessment) -> Exit {
    match (assessment.advice, assessment.phase) {
        (Advice::RollBack | Advice::Evaluate, _) => Exit::RollbackDue,
        (Advice::Undecided, _) | (_, None) => Exit::LeftAside,
        (Advice::FixForward | Advice::Stay, Some(_)) => Exit::Done,
    }
}
