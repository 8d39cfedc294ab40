//! `failback fence`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use jiff::SignedDuration;

use super::confirm::confirm_besides;
use super::options::{Places, WithBoth};
use super::page::Page;
use super::paint::tame;
use super::settings::{self, Settings, shell_word};
use super::step::Step;
use super::table::Table;
use super::{Call, Exit, amount, run};
use crate::engine::{self, Context, FenceOptions, FenceReport, LiftReport, Watched};
use crate::error::{Error, ErrorKind, Result};
use crate::name::Side;
use crate::pg::Activity;
use crate::schema::Rung;
use crate::staging::{Fence, Quiet};
use crate::store::LocalStore;

/// Say whether a side is still written, and keep its writers out
///
/// Watches NEW, or OLD, for a while: transaction ids, who is connected and who has a transaction that writes, what was
/// prepared, subscriptions, rows that were counted. With --by it says, statement by statement, what would keep writers out,
/// and with --apply does that, ends their sessions, and watches again. What was there before is written into a file first, by
/// which --lift puts it back exactly, but for what somebody else has set since. The user who makes a fence stays in: else it
/// is taken back at once. Superusers always get in.
#[derive(Args)]
#[command(after_help = "\
Examples:
  failback fence --new postgres://dba@new/db
  failback fence --watch 1m --exit-code
  failback fence --by connect,limit --except monitoring
  failback fence --by connect --apply --confirm new.example.com:5432
  failback fence --lift fence.json --confirm new.example.com:5432")]
pub(super) struct Arguments {
    /// Which side
    #[arg(long, value_enum, value_name = "SIDE", default_value_t = ChosenSide::New)]
    side: ChosenSide,
    /// Databases, with commas between [default: all of the server]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    databases: Vec<String>,
    /// How long to watch, as 10s or 2m
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = time)]
    watch: Duration,
    /// How to keep writers out: `readonly` (transactions are read-only unless they say otherwise), `connect` (nobody may
    /// connect) or `limit` (nobody may have a session), with commas between
    #[arg(long, value_enum, value_name = "WAYS", value_delimiter = ',')]
    by: Vec<Way>,
    /// Roles that are left alone, with commas between; the own user is
    #[arg(long, value_name = "ROLES", value_delimiter = ',', requires = "by")]
    except: Vec<String>,
    /// Leave sessions that are connected
    #[arg(long, requires = "by")]
    leave_sessions: bool,
    /// Do it
    #[arg(long, requires = "by")]
    apply: bool,
    /// The file that says what was there before; it must not exist yet
    #[arg(long, value_name = "FILE", default_value = "fence.json")]
    out: PathBuf,
    /// Put back what a fence has changed: its file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["by", "side", "databases", "watch", "out"])]
    lift: Option<PathBuf>,
    /// Confirm by name: the server's host:port; --lift without it only says what would be done
    #[arg(long, value_name = "NAME")]
    confirm: Option<String>,
    /// End with exit code 3 where it is written, and 9 where that is not known
    #[arg(long)]
    exit_code: bool,
    #[command(flatten)]
    pub(super) options: WithBoth,
}

/// A side, as it is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ChosenSide {
    Old,
    New,
}

/// A way, as it is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Way {
    Readonly,
    Connect,
    Limit,
}

fn time(text: &str) -> Result<Duration, String> {
    let strange = || format!("`{text}` is no length of time: write a number and ms, s or m, as in 10s");
    let time: SignedDuration = text.parse().map_err(|_| strange())?;
    Duration::try_from(time).map_err(|_| strange())
}

/// Watches, fences, or lifts.
pub(super) async fn run(call: &Call, arguments: &Arguments) -> Result<Exit> {
    let settings = Settings::read(call, &arguments.options, None)?;
    if let Some(file) = &arguments.lift {
        return lift(call, &settings, file, arguments.confirm.as_deref()).await;
    }
    let side = match arguments.side {
        ChosenSide::Old => Side::Old,
        ChosenSide::New => Side::New,
    };
    let context = settings.context(call, run::none()?, &[side])?;
    let context = settings::narrow(context, &Places { databases: arguments.databases.clone(), tables: Vec::new() })?;
    let report = if arguments.by.is_empty() {
        let watched = engine::watch(&context, side, arguments.watch).await?;
        FenceReport { side, watched, plan: None, applied: false, sessions: Vec::new(), holes: Vec::new() }
    } else {
        fence(call, &context, side, arguments).await?
    };
    let mut page = call.printer.page();
    tell(&mut page, &report);
    page.next(next(&settings, &context, arguments, &report));
    call.printer.result(&report, &page)?;
    Ok(exit(&report, arguments.exit_code))
}

fn exit(report: &FenceReport, is_asked: bool) -> Exit {
    match report.watched.verdict {
        Quiet::Quiet => Exit::Done,
        Quiet::Written if is_asked && !report.applied => Exit::Undecided,
        _ if is_asked || report.applied => Exit::LeftAside,
        _ => Exit::Done,
    }
}

async fn fence(call: &Call, context: &Context, side: Side, arguments: &Arguments) -> Result<FenceReport> {
    let mut rungs: Vec<_> = arguments.by.iter().map(|way| rung(*way)).collect();
    rungs.sort_unstable();
    rungs.dedup();
    let options = FenceOptions {
        side,
        rungs,
        except: arguments.except.clone(),
        ends_sessions: !arguments.leave_sessions,
        time: arguments.watch,
    };
    let (folder, name) = place(&arguments.out)?;
    let planned = engine::plan_fence(context, &options).await?;
    let Some(plan) = planned.plan.clone().filter(|_| arguments.apply) else { return Ok(planned) };
    if !plan.changes.is_empty() {
        engine::forget_unmade(context, side, (&folder, &name)).await?;
        Fence::expect_none(&folder, &name)?;
    }
    let mut question = vec![format!("fences {side}, {}:", context.servers().endpoint(side))];
    question.extend(plan.statements.iter().map(|statement| format!("  {statement};")));
    question.extend(plan.holes.iter().cloned());
    if options.ends_sessions {
        question.push("and ends the sessions of everybody whom it keeps out".to_owned());
    }
    confirm_besides(call, context, side, ("fence the server", question), arguments.confirm.as_deref()).await?;
    engine::fence(context, &options, plan, (&folder, &name)).await
}

const fn rung(way: Way) -> Rung {
    match way {
        Way::Readonly => Rung::Readonly,
        Way::Connect => Rung::Connect,
        Way::Limit => Rung::Limit,
    }
}

/// Finds the folder of a fence's file, and its name there.
fn place(path: &Path) -> Result<(LocalStore, String)> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().and_then(|name| name.to_str()).ok_or_else(|| {
        Error::new(ErrorKind::Usage, "find the fence").at(path.display()).because("it is the name of no file")
    })?;
    Ok((LocalStore::open(folder)?, name.to_owned()))
}

async fn lift(call: &Call, settings: &Settings, file: &Path, confirmed: Option<&str>) -> Result<Exit> {
    let (folder, name) = place(file)?;
    let fence = Fence::read(&folder, &name)?.into_content();
    let context = settings.context(call, run::none()?, &[fence.side])?;
    let looked = engine::lift_fence(&context, &fence, false).await?;
    let is_due = looked.changes.iter().any(|change| change.lifted);
    let report = match confirmed {
        Some(name) if is_due => {
            confirm_besides(call, &context, fence.side, ("lift the fence", Vec::new()), Some(name)).await?;
            engine::lift_fence(&context, &fence, true).await?
        }
        _ => looked,
    };
    let mut page = call.printer.page();
    tell_lift(&mut page, &report);
    if is_due && !report.applied {
        let more = ["--lift".to_owned(), shell_word(&file.display().to_string()), "--confirm".to_owned()];
        let address = context.servers().endpoint(fence.side).address();
        page.next(settings.steps("fence", &more.into_iter().chain([address]).collect::<Vec<_>>()));
    }
    call.printer.result(&report, &page)?;
    Ok(if report.has_left() { Exit::LeftAside } else { Exit::Done })
}

fn tell_lift(page: &mut Page, report: &LiftReport) {
    let said = if report.applied { "put back" } else { "to be put back" };
    let (lifted, others): (Vec<_>, Vec<_>) = report.changes.iter().partition(|change| change.lifted);
    let (left, unmade): (Vec<_>, Vec<_>) = others.into_iter().partition(|change| change.left);
    page.list(&format!("{said} on {}:", report.side), lifted.iter().map(|change| format!("{};", change.statement)));
    let why =
        |change: &&engine::LiftedChange| format!("{}; -- {}", change.statement, change.why.as_deref().unwrap_or_default());
    page.list("not needed:", unmade.iter().map(why));
    page.list("! not put back:", left.iter().map(why));
    if report.changes.is_empty() {
        page.line("the fence has changed nothing");
    }
}

fn tell(page: &mut Page, report: &FenceReport) {
    let FenceReport { side, watched, .. } = report;
    page.heading(&verdict(*side, watched));
    for why in &watched.why {
        page.line(format!("  {}", tame(why)));
    }
    let mut table = Table::new(&["database", "#rows written", "#committed"]);
    for one in &watched.databases {
        table.row([one.name.clone(), amount::count(one.rows), amount::count(one.commits)]);
    }
    page.heading(&progress(watched));
    page.table(&table);
    let mut table = Table::new(&["role", "database", "application", "state", "#sessions", "#writing"]);
    for one in &watched.sessions {
        table.row(session(one));
    }
    if !table.is_empty() {
        page.heading("connected at the end:");
        page.table(&table);
    }
    if !watched.sees_others {
        page.line("  what others' sessions do is seen by members of pg_read_all_stats alone");
    }
    let subscription = |one: &crate::pg::Subscribed| {
        let received = one.received.as_deref().map(|place| format!(", up to {place}")).unwrap_or_default();
        if one.works { format!("{}: at work{received}", one.name) } else { format!("{}: not at work", one.name) }
    };
    page.list(
        "subscriptions, which no fence stops (ALTER SUBSCRIPTION … DISABLE does):",
        watched.subscriptions.iter().map(subscription),
    );
    let Some(plan) = &report.plan else { return };
    let heading = if report.applied { "changed, in one transaction:" } else { "would be changed, in one transaction:" };
    page.list(heading, plan.statements.iter().map(|statement| format!("{statement};")));
    if plan.statements.is_empty() {
        page.heading("nothing is to be changed: it stands already");
    }
    page.list(
        "sessions ended:",
        report.sessions.iter().map(|one| {
            let left = if one.left > 0 { format!("; {} left, which this user may not end", one.left) } else { String::new() };
            format!("{}: {}{left}", one.role, one.ended)
        }),
    );
    page.list("not kept out:", report.holes.iter().map(|hole| format!("! {hole}")));
}

fn verdict(side: Side, watched: &Watched) -> String {
    let said = match watched.verdict {
        Quiet::Quiet => format!("{side} was not written"),
        Quiet::Written => format!("{side} is written"),
        Quiet::NotKnown => format!("whether {side} was written is not known"),
    };
    format!("{} ({:.1} seconds)", said, watched.seconds)
}

fn progress(watched: &Watched) -> String {
    let log = watched.log_bytes.map_or_else(|| "an unknown amount".to_owned(), amount::bytes);
    let ids = watched.to.next.saturating_sub(watched.from.next);
    format!("{} given out; log: {log} more", amount::plural(ids, "transaction id was", "transaction ids were"))
}

fn session(one: &Activity) -> [String; 6] {
    let known = |text: &Option<String>| text.clone().unwrap_or_else(|| "?".to_owned());
    let role = if one.superuser { format!("{} (superuser)", one.role) } else { one.role.clone() };
    let application = known(&one.application);
    let application = match one.kind.as_deref() {
        None | Some("client backend") => application,
        Some(kind) => format!("{application} ({kind})"),
    };
    [role, known(&one.database), application, known(&one.state), amount::count(one.sessions), amount::count(one.writing)]
}

fn next(settings: &Settings, context: &Context, arguments: &Arguments, report: &FenceReport) -> Vec<Step> {
    let (file, address) = (shell_word(&arguments.out.display().to_string()), context.servers().endpoint(report.side).address());
    let Some(plan) = report.plan.as_ref().filter(|plan| !plan.changes.is_empty()) else { return Vec::new() };
    if report.applied {
        let more = ["--lift".to_owned(), file, "--confirm".to_owned(), address];
        let keep = format!(
            "keep {}: what was there before is in it alone. To put it back:",
            tame(&arguments.out.display().to_string())
        );
        return std::iter::once(Step::Say(keep)).chain(settings.steps("fence", &more)).collect();
    }
    let ways: Vec<_> = plan.rungs.iter().map(|rung| crate::words::Word::word(*rung)).collect();
    let side = if report.side == Side::Old { vec!["--side".to_owned(), "old".to_owned()] } else { Vec::new() };
    let mut more = [side, vec!["--by".to_owned(), ways.join(",")]].concat();
    for (option, names) in [("--databases", &arguments.databases), ("--except", &arguments.except)] {
        if !names.is_empty() {
            more.extend([option.to_owned(), shell_word(&names.join(","))]);
        }
    }
    more.extend(["--apply".to_owned(), "--confirm".to_owned(), address]);
    settings.steps("fence", &more)
}
