//! What is asked over HTTP, and who is told: health pages, figures, notices.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use super::stage::Stage;
use crate::support::{Asked, Mailbox, Reply, Web};

const HEAD: &str = "runbook = \"own\"\ntitle = \"Own\"\nsummary = \"Asks.\"\n";

fn stage(web: &Web, steps: &str) -> Stage {
    let stage =
        Stage::new(None, "channels.incidents.webhook = { file = \"hook\" }\nchannels.gone.webhook = { env = \"NONE\" }");
    stage.write("hook", &format!("{}\n", web.url("/hook/secret-path")));
    let vars = format!("[vars]\nweb = \"{}\"\n", web.url(""));
    stage.write("own.toml", &format!("{HEAD}{vars}{steps}"));
    stage
}

#[test]
fn an_address_answers_as_it_should_or_the_rollback_stops() {
    let status = Arc::new(Mutex::new(200));
    let now = Arc::clone(&status);
    let web = Web::plain(move |_: &Asked| Reply::text(*now.lock().expect("a status"), "{\"ok\":true}"));
    let step = "[[step]]\nid = \"health\"\ntitle = \"health\"\nkind = \"http\"\ntimes = 3\n\
                url = \"${web}/health?token=hunter2\"\ncontains = \"ok\"\ntimeout = \"2s\"\n";
    let stage = stage(&web, step);
    let done = stage.run(&["run", "own.toml"]);
    assert_eq!(done.code, 0, "{}{}", done.stdout, done.stderr);
    assert!(!format!("{}{}", done.stdout, done.stderr).contains("hunter2"), "{}", done.stderr);
    *status.lock().expect("a status") = 503;
    let stopped = stage.run(&["run", "own.toml"]);
    assert!(stopped.code == 1 && stopped.stdout.contains("answers 503, and 200 is wanted"), "{}", stopped.stdout);
}

#[test]
fn a_figure_that_nobody_measures_is_no_good_one() {
    let answer = Arc::new(Mutex::new(String::new()));
    let now = Arc::clone(&answer);
    let web = Web::plain(move |asked: &Asked| {
        assert!(asked.target.starts_with("/api/v1/query?query="), "{}", asked.target);
        Reply::text(200, &now.lock().expect("an answer"))
    });
    let vector = |sample: &str| format!(r#"{{"status":"success","data":{{"resultType":"vector","result":[{sample}]}}}}"#);
    let step = "[[step]]\nid = \"errors\"\ntitle = \"errors\"\nkind = \"prometheus\"\nurl = \"${web}\"\nquery = \"rate\"\n\
                below = 0.1\ntimeout = \"1s\"\n";
    let stage = stage(&web, step);
    for (sample, code, said) in [
        (r#"{"metric":{},"value":[1,"0.02"]}"#, 0, "done"),
        (r#"{"metric":{},"value":[1,"0.2"]}"#, 1, "it is 0.2, and has to be below 0.1"),
        ("", 1, "nothing is measured"),
        (r#"{"metric":{},"value":[1,"NaN"]}"#, 1, "no number"),
    ] {
        *answer.lock().expect("an answer") = vector(sample);
        let ran = stage.run(&["run", "own.toml"]);
        assert!(ran.code == code && ran.stdout.contains(said), "{said}: {}{}", ran.stdout, ran.stderr);
        if code != 0 {
            assert_eq!(stage.run(&["abort", "next"]).code, 0);
        }
    }
}

#[test]
fn people_are_told_and_what_cannot_be_told_stops_nothing() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&told);
    let web = Web::plain(move |asked: &Asked| {
        seen.lock().expect("a list").push((asked.target.clone(), String::from_utf8_lossy(&asked.body).into_owned()));
        Reply::text(200, "ok")
    });
    let steps = "[[step]]\nid = \"w\"\ntitle = \"w\"\nkind = \"wait\"\nfor = \"2s\"\n\
                 [[notice]]\nid = \"begun\"\non = \"declared\"\nto = [\"incidents\", \"gone\"]\ntext = \"begun: ${incident}\"\n\
                 [[notice]]\nid = \"over\"\non = \"finished\"\nto = [\"incidents\"]\ntext = \"over\"\n";
    let stage = stage(&web, steps);
    let done = stage.run(&["run", "own.toml", "--incident", "orders \"lose\" lines"]);
    assert_eq!(done.code, 0, "{}{}", done.stdout, done.stderr);
    let told = told.lock().expect("a list").clone();
    assert_eq!(told.iter().map(|(target, _)| target.as_str()).collect::<Vec<_>>(), ["/hook/secret-path"; 2]);
    assert_eq!(told[0].1, r#"{"text":"begun: orders \"lose\" lines"}"#);
    let journal = std::fs::read_to_string(stage.rollback().join("journal.jsonl")).expect("a journal");
    assert!(journal.contains("NONE is not set") && !journal.contains("secret-path"), "{journal}");
    let written = stage.run(&["postmortem"]).stdout;
    assert!(
        written.contains("Notice begun to incidents: sent") && written.contains("Notice begun to gone: failed"),
        "{written}"
    );
}

/// A pager wants a key in what it is sent, a status page one in a header; people are written to. The secrets are in a vault.
#[test]
fn pagers_status_pages_and_people_are_told() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&told);
    let web = Web::plain(move |asked: &Asked| {
        let header = asked.headers.iter().find(|line| line.starts_with("authorization:")).cloned().unwrap_or_default();
        let body = String::from_utf8_lossy(&asked.body).into_owned();
        seen.lock().expect("a list").push((asked.target.clone(), header, body));
        Reply::text(202, "ok")
    });
    let mailbox = Mailbox::start();
    let channels = "channels.pager = { webhook = { file = \"pager\" }, key = { vault = \"kv\", secret = \"pager-key\" }, \
                    body = '{\"routing_key\": \"${key}\", \"payload\": {\"summary\": \"${text}\"}}' }\n\
                    channels.status = { webhook = { file = \"page\" }, \
                    authorization = { vault = \"kv\", secret = \"page-key\" }, \
                    body = '{\"incident\": {\"name\": \"${text}\"}}' }\n\
                    channels.managers = { smtp = { file = \"smtp\" }, from = \"rollback@example.org\", \
                    to = [\"Ada <ada@example.org>\", \"bob@example.org\"] }\n";
    let stage = Stage::new(None, channels);
    stage.write("pager", &web.url("/pager"));
    stage.write("page", &web.url("/page"));
    stage.write("smtp", &mailbox.url());
    let mut world = stage.world();
    world["secrets"] = serde_json::json!({ "kv/pager-key": "hunter2-pager", "kv/page-key": "OAuth hunter2-page" });
    stage.set_world(&world);
    let steps = "[[step]]\nid = \"w\"\ntitle = \"w\"\nkind = \"wait\"\nfor = \"1s\"\n\
                 [[notice]]\nid = \"begun\"\non = \"declared\"\nto = [\"pager\", \"status\", \"managers\"]\n\
                 text = \"Rollback of ${env} begun: ${incident}\"\n";
    stage.write("own.toml", &format!("{HEAD}{steps}"));
    mailbox.refuses.store(true, Ordering::Relaxed);
    assert_eq!(stage.run(&["run", "own.toml", "--incident", "orders \"lose\" lines"]).code, 0);
    let journal = std::fs::read_to_string(stage.rollback().join("journal.jsonl")).expect("a journal");
    assert!(journal.contains("451 later") || journal.contains("transient error"), "{journal}");
    let said = r#"Rollback of dev begun: orders \"lose\" lines"#;
    let bodies = told.lock().expect("a list").clone();
    let pager = format!(r#"{{"routing_key": "hunter2-pager", "payload": {{"summary": "{said}"}}}}"#);
    assert_eq!(bodies[0], ("/pager".to_owned(), String::new(), pager));
    assert_eq!(bodies[1].1, "authorization: OAuth hunter2-page");
    assert_eq!(bodies[1].2, format!(r#"{{"incident": {{"name": "{said}"}}}}"#));
    for file in ["journal.jsonl", "plan.json"] {
        let text = std::fs::read_to_string(stage.rollback().join(file)).expect("text");
        assert!(!text.contains("hunter2"), "{text}");
    }
    mailbox.refuses.store(false, Ordering::Relaxed);
    assert_eq!(stage.run(&["run", "own.toml", "--incident", "again"]).code, 0);
    let mails = mailbox.mails();
    assert_eq!(mails.len(), 1, "{mails:?}");
    for part in ["FROM:<rollback@example.org>", "TO:<ada@example.org>", "TO:<bob@example.org>", "Rollback of dev begun: again"]
    {
        assert!(mails[0].contains(part), "{part}: {}", mails[0]);
    }
}
