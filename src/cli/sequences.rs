//! `failback sequences`.

use clap::Args;

use super::confirm::confirm_besides;
use super::options::{Places, WithBoth};
use super::page::Page;
use super::settings::{self, Settings};
use super::step::Step;
use super::table::Table;
use super::{Call, Exit, amount, run};
use crate::engine::{self, DatabaseSequences, Position, SequenceAccount, SequenceState, SequencesReport};
use crate::error::Result;
use crate::name::Side;

/// Why there is no way back.
const FOR_GOOD: &str = "raising is not taken back: nobody knows who has taken numbers since, and a gap harms nothing";

/// Say which of OLD's sequences lag behind NEW, and raise them
///
/// For each sequence of OLD: where it and what answers to it on NEW stand, how far the rows of both sides go, and how far it
/// must be raised so that OLD gives out no number a second time. Only looks, unless --apply raises them. Never lowers one. For
/// the moment before traffic goes back: a merge raises only what its own rows need.
#[derive(Args)]
#[command(after_help = "\
Examples:
  failback sequences --old postgres://dba@old/db --new postgres://dba@new/db
  failback sequences --gap 10000
  failback sequences --apply --confirm old.example.com:5432
  failback sequences --exit-code --json | jq -r '.databases[].sequences[]|select(.state != \"ahead\").sequence'")]
pub(super) struct Arguments {
    /// Databases, with commas between [default: all that both servers have]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    databases: Vec<String>,
    /// How many numbers OLD's shall be ahead of NEW's, where NEW is still written
    #[arg(long, value_name = "N", default_value_t = 0)]
    gap: u64,
    /// Raise them; what is raised stays raised
    #[arg(long)]
    apply: bool,
    /// Confirm by name: OLD's host:port
    #[arg(long, value_name = "NAME", requires = "apply")]
    confirm: Option<String>,
    /// End with exit code 3 where any must be raised
    #[arg(long, conflicts_with = "apply")]
    exit_code: bool,
    #[command(flatten)]
    pub(super) options: WithBoth,
}

/// Looks at the sequences, raises them where it is asked for, and prints where they stand.
pub(super) async fn run(call: &Call, arguments: &Arguments) -> Result<Exit> {
    let settings = Settings::read(call, &arguments.options, None)?;
    let context = settings.context(call, run::none()?, &Side::BOTH)?;
    let context = settings::narrow(context, &Places { databases: arguments.databases.clone(), tables: Vec::new() })?;
    let mut report = engine::sequences(&context, arguments.gap).await?;
    if arguments.apply {
        if report.count(SequenceState::Behind) > 0 {
            let question = ("raise OLD's sequences", question(&context, &report));
            confirm_besides(call, &context, Side::Old, question, arguments.confirm.as_deref()).await?;
        }
        report = engine::raise_sequences(&context, report).await?;
    }
    let mut page = call.printer.page();
    tell(&mut page, &report);
    if report.count(SequenceState::Behind) > 0 {
        page.next(next(&settings, arguments, &context.servers().endpoint(Side::Old).address()));
    }
    call.printer.result(&report, &page)?;
    Ok(match (report.is_incomplete(), report.count(SequenceState::Behind)) {
        (true, _) => Exit::LeftAside,
        (false, 1..) if arguments.exit_code => Exit::Undecided,
        _ => Exit::Done,
    })
}

fn question(context: &engine::Context, report: &SequencesReport) -> Vec<String> {
    let behind = report.sequences().filter(|(_, one)| one.state == SequenceState::Behind);
    let one = |(database, one): (&str, &SequenceAccount)| {
        format!("{database}: {} from {} to {}", one.sequence, stands(one.old), number(one.to))
    };
    let first = format!("raises sequences of OLD, {}", context.servers().endpoint(Side::Old));
    std::iter::once(first).chain(behind.map(one)).chain([FOR_GOOD.to_owned()]).collect()
}

fn next(settings: &Settings, arguments: &Arguments, address: &str) -> Vec<Step> {
    let mut more = Vec::new();
    if !arguments.databases.is_empty() {
        more.extend(["--databases".to_owned(), settings::shell_word(&arguments.databases.join(","))]);
    }
    if arguments.gap > 0 {
        more.extend(["--gap".to_owned(), arguments.gap.to_string()]);
    }
    more.extend(["--apply", "--confirm", address].map(str::to_owned));
    let mut steps = settings.steps("sequences", &more);
    steps.push(Step::Say(FOR_GOOD.to_owned()));
    steps
}

fn tell(page: &mut Page, report: &SequencesReport) {
    for database in &report.databases {
        page.heading(&format!("database {}: {}", database.name, summary(database)));
        let mut table = Table::new(&["sequence", "state", "#OLD", "#NEW", "#rows on OLD", "#rows on NEW", "#to", "#left"]);
        for one in &database.sequences {
            table.row(row(one));
        }
        if !table.is_empty() {
            page.table(&table);
        }
    }
    let said = |what: fn(&SequenceAccount) -> &Vec<String>| -> Vec<String> {
        let each = report.sequences();
        each.flat_map(|(database, one)| what(one).iter().map(move |said| format!("{database}: {}: {said}", one.sequence)))
            .collect()
    };
    page.list("cannot be raised far enough:", said(|one| &one.stuck).iter().map(|said| format!("! {said}")));
    page.list("not known, so perhaps too low:", said(|one| &one.unread).iter().map(|said| format!("! {said}")));
    let mut grants: Vec<_> = report.sequences().flat_map(|(_, one)| one.grants.clone()).collect();
    grants.sort_unstable();
    grants.dedup();
    page.list("what would let this user:", grants);
    let alone = report.databases.iter().flat_map(|one| one.new_only.iter().map(move |name| format!("{}: {name}", one.name)));
    page.list("on NEW alone, so nothing of OLD's is raised for them:", alone);
    page.list("remarks:", said(|one| &one.remarks));
    page.list("notes:", &report.notes);
    if report.count(SequenceState::Raised) > 0 {
        page.line("");
        page.line(FOR_GOOD);
    }
}

fn summary(database: &DatabaseSequences) -> String {
    let count = |state| database.sequences.iter().filter(|one| one.state == state).count();
    let states = SequenceState::ALL.iter().map(|state| (count(*state), state.word())).filter(|(many, _)| *many > 0);
    let said: Vec<_> = states.map(|(many, word)| format!("{many} {word}")).collect();
    if said.is_empty() { "no sequence".to_owned() } else { said.join(", ") }
}

fn row(one: &SequenceAccount) -> [String; 8] {
    let rows = |side: Side| {
        let numbers = one.rows.iter().filter(|rows| rows.side == side).filter_map(|rows| rows.furthest);
        number(if one.increment < 0 { numbers.min() } else { numbers.max() })
    };
    let on_new: Vec<_> = one.new.iter().map(|new| stands(new.stands)).collect();
    [
        one.sequence.clone(),
        one.state.word().to_owned(),
        stands(one.old),
        if on_new.is_empty() { "-".to_owned() } else { on_new.join(" ") },
        rows(Side::Old),
        rows(Side::New),
        number(one.to),
        one.left.map_or_else(|| "-".to_owned(), amount::count),
    ]
}

/// Where a sequence stands: a number that is not handed out yet stands behind `before`.
fn stands(position: Option<Position>) -> String {
    match position {
        None => "?".to_owned(),
        Some(Position { last_value, is_called: true }) => last_value.to_string(),
        Some(Position { last_value, is_called: false }) => format!("before {last_value}"),
    }
}

fn number(number: Option<i64>) -> String {
    number.map_or_else(|| "-".to_owned(), |number| number.to_string())
}
