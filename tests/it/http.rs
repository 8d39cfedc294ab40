//! One request to a web service, and everything that may come of it.

use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use failback::error::{Error, ErrorKind};
use failback::http::{Address, Answer, BODY_MAX, Host, Request, Trust};
use tempfile::NamedTempFile;

use crate::connect::CERTIFICATES;
use crate::support::{Asked, Reply, Web, block_on};

fn get(url: &str) -> Request {
    Request::get(Address::parse(url).expect("an address"))
}

fn ask(request: Request) -> Result<Answer, Error> {
    block_on(request.send())
}

/// Asks in vain; nothing that is said may hold the address's secret.
fn refused(request: Request) -> (ErrorKind, String) {
    let error = ask(request).map(|answer| answer.status()).expect_err("no answer");
    let told = format!("{error:?}; {}", error.hints().join("; "));
    assert!(!told.contains("hunter2"), "{told}");
    (error.kind(), told)
}

fn file(content: &str) -> NamedTempFile {
    let file = NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), content).expect("written");
    file
}

fn certificate(name: &str) -> NamedTempFile {
    file(&CERTIFICATES.files.iter().find(|(known, _)| *known == name).expect("a certificate").1)
}

/// A server for `localhost`, with a certificate of the estate's own authority.
fn secure(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Web {
    Web::tls(&CERTIFICATES.server.certificate, &CERTIFICATES.server.key, answer)
}

#[test]
fn an_answer_has_status_headers_body_and_how_long_it_took() {
    let web = Web::plain(|asked| match asked.target.as_str() {
        "/health?deep=1" => Reply::Whole(200, vec!["x-who: old".to_owned()], b"fine".to_vec()),
        _ => Reply::text(503, "down"),
    });
    let answer = ask(get(&web.url("/health?deep=1"))).expect("an answer");
    assert_eq!((answer.status(), answer.header("X-Who"), &*answer.text()), (200, Some("old"), "fine"));
    assert!(answer.took() > Duration::ZERO && !answer.is_cut());
    let answer = ask(get(&web.url("/"))).expect("a refusal is an answer");
    assert_eq!((answer.status(), &*answer.text()), (503, "down"));
}

#[test]
fn what_is_sent_arrives() {
    let seen = Arc::new(Mutex::new(Asked::default()));
    let kept = Arc::clone(&seen);
    let web = Web::plain(move |asked| {
        *kept.lock().expect("a lock") = asked.clone();
        Reply::text(204, "")
    });
    let address = Address::parse(&web.url("/api")).expect("an address").with("query", "a > 1 & é").expect("a query");
    let request = Request::post(address, b"{\"text\":\"on\"}".to_vec()).header("Authorization", "Bearer x").expect("a header");
    assert_eq!(ask(request).expect("an answer").status(), 204);
    let asked = seen.lock().expect("a lock").clone();
    assert_eq!((asked.method.as_str(), asked.target.as_str()), ("POST", "/api?query=a%20%3E%201%20%26%20%C3%A9"));
    assert_eq!(asked.body, b"{\"text\":\"on\"}");
    assert!(asked.headers.iter().any(|line| line == "authorization: Bearer x"), "{:?}", asked.headers);
    assert!(asked.headers.iter().any(|line| line.starts_with("user-agent: failback/")), "{:?}", asked.headers);
    let wrong = Request::get(Address::parse("http://a/").expect("an address")).header("x", "hunter2\r\n").map(|_| ());
    assert!(!format!("{:?}", wrong.expect_err("no header")).contains("hunter2"));
}

#[test]
fn a_redirect_is_followed_only_if_that_is_asked_for_and_never_into_the_clear() {
    let web = Web::plain(|asked| match asked.target.as_str() {
        "/health" => Reply::text(200, "fine"),
        "/round?hunter2" => Reply::Whole(302, vec!["location: /round?hunter2".to_owned()], Vec::new()),
        _ => Reply::Whole(302, vec!["location: /health".to_owned()], Vec::new()),
    });
    let answer = ask(get(&web.url("/"))).expect("an answer");
    assert_eq!((answer.status(), answer.header("location")), (302, Some("/health")));
    assert_eq!(ask(get(&web.url("/")).following(3)).expect("an answer").status(), 200);
    let (kind, told) = refused(get(&web.url("/round?hunter2")).following(3));
    assert!(kind == ErrorKind::Refused && told.contains("more than 3 times"), "{told}");

    let clear = web.url("/health?hunter2");
    let web = secure(move |_| Reply::Whole(301, vec![format!("location: {clear}")], Vec::new()));
    let authority = certificate("ca.crt");
    let request = get(&format!("https://localhost:{}/", web.port())).trusting(Trust::File(authority.path().to_owned()));
    let (kind, told) = refused(request.following(3).resolved_to(Host::parse("127.0.0.1").expect("a host")));
    assert!(kind == ErrorKind::Refused && told.contains("from https to http"), "{told}");
}

#[test]
fn a_server_is_asked_by_its_name_wherever_it_is() {
    let web = secure(|asked| {
        let host = asked.headers.iter().find(|line| line.starts_with("host:")).cloned();
        Reply::text(200, &host.unwrap_or_default())
    });
    let (authority, stranger) = (certificate("ca.crt"), certificate("stranger.crt"));
    let here = || Host::parse(&format!("127.0.0.1:{}", web.port())).expect("a host");
    let asked =
        |url: &str, authority: &NamedTempFile| get(url).trusting(Trust::File(authority.path().to_owned())).resolved_to(here());
    let answer = ask(asked("https://localhost/health", &authority)).expect("an answer");
    assert_eq!(&*answer.text(), "host: localhost");
    let (kind, told) = refused(asked("https://shop.example.org/?token=hunter2", &authority));
    assert!(kind == ErrorKind::Permission && told.contains("not for the host shop.example.org"), "{told}");
    assert!(told.contains("asked at 127.0.0.1:"), "{told}");
    let (kind, told) = refused(asked("https://localhost/health", &stranger));
    assert!(kind == ErrorKind::Permission && told.contains("not trusted"), "{told}");
    let (kind, told) = refused(asked("https://localhost/health", &file("no certificate")));
    assert!(kind == ErrorKind::Config && told.contains("no certificate in PEM form"), "{told}");
    let (kind, told) = refused(get(&format!("https://localhost:{}/", web.port())).resolved_to(here()));
    assert!(kind == ErrorKind::Permission || told.contains("this machine has none"), "{told}");
}

#[test]
fn nobody_waits_longer_than_was_said() {
    for reply in [|_: &Asked| Reply::Silent, |_: &Asked| Reply::Dripping] {
        let web = Web::plain(reply);
        let (kind, told) = refused(get(&web.url("/?token=hunter2")).within(Duration::from_millis(300)));
        assert!(kind == ErrorKind::Timeout && told.contains("within 300ms"), "{told}");
    }
}

#[test]
fn a_body_is_bounded() {
    let web = Web::plain(|_| Reply::Whole(200, Vec::new(), vec![b'x'; 3 * BODY_MAX]));
    let answer = ask(get(&web.url("/"))).expect("an answer");
    assert_eq!((answer.body().len(), answer.is_cut()), (BODY_MAX, true));
    let web = Web::plain(|_| Reply::Whole(200, Vec::new(), vec![b'x'; BODY_MAX]));
    assert!(!ask(get(&web.url("/"))).expect("an answer").is_cut());
}

#[test]
fn what_is_no_web_service_is_told() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let (kind, told) = refused(get(&format!("http://{free}/?hunter2")));
    assert!(kind == ErrorKind::Connect && told.contains("nothing listens there"), "{told}");
    let (kind, told) = refused(get("http://failback.invalid/"));
    assert!(kind == ErrorKind::Connect, "{told}");

    let web = Web::plain(|_| Reply::Raw(b"220 mail.example ESMTP\r\n".to_vec()));
    let (kind, told) = refused(get(&web.url("/")));
    assert!(kind == ErrorKind::Malformed, "{told}");
    let web = Web::plain(|_| Reply::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nhalf".to_vec()));
    let (kind, told) = refused(get(&web.url("/")));
    assert!(kind == ErrorKind::Connect, "{told}");
    let authority = certificate("ca.crt");
    let request = get(&format!("https://127.0.0.1:{}/", web.port())).trusting(Trust::File(authority.path().to_owned()));
    let (kind, told) = refused(request);
    assert!(matches!(kind, ErrorKind::Malformed | ErrorKind::Connect), "{told}");
}
