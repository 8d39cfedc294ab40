//! TLS in every mode, and client certificates.

use std::time::Duration;

use failback::demo::ServerTls;
use failback::error::ErrorKind;
use failback::pg::{Session, sqlstate};

use super::certificates::CERTIFICATES;
use super::is_encrypted;
use super::server::{Server, write};

#[tokio::test]
async fn every_sslmode_does_what_libpq_does() {
    let server = Server::shared().await;
    server
        .session("sslmode=disable")
        .await
        .execute_all("create role tls_only login; create role plain_only login")
        .await
        .unwrap();
    for (settings, encrypted) in [
        ("sslmode=disable", false),
        ("sslmode=allow", false),
        ("sslmode=allow user=tls_only", true),
        ("sslmode=prefer", true),
        ("sslmode=prefer user=plain_only", false),
        ("sslmode=require", true),
        ("sslmode=require sslrootcert=FOLDER/ca.crt", true),
        ("sslmode=require ssl_min_protocol_version=TLSv1.3 channel_binding=require", true),
        ("sslmode=verify-ca sslrootcert=FOLDER/ca.crt host=elsewhere hostaddr=127.0.0.1", true),
        ("sslmode=verify-full sslrootcert=FOLDER/ca.crt", true),
        ("sslmode=verify-full host=SOCKET", false),
    ] {
        let session = Session::connect(&server.endpoint(settings)).await.unwrap_or_else(|e| panic!("{settings}: {e:?}"));
        assert_eq!(is_encrypted(&session).await, encrypted, "{settings}");
        session.close().await;
    }
    for (settings, cause, kind) in [
        (
            "sslmode=verify-full sslrootcert=FOLDER/ca.crt host=elsewhere hostaddr=127.0.0.1",
            "not for the host",
            ErrorKind::Connect,
        ),
        ("sslmode=verify-full sslrootcert=FOLDER/ca.crt host=127.0.0.1", "not for the host", ErrorKind::Connect),
        ("sslmode=verify-full sslrootcert=FOLDER/stranger.crt", "not trusted", ErrorKind::Connect),
        ("sslmode=verify-ca sslrootcert=FOLDER/stranger.crt", "not trusted", ErrorKind::Connect),
        ("sslmode=require sslrootcert=FOLDER/stranger.crt", "not trusted", ErrorKind::Connect),
        ("sslrootcert=system", "not trusted", ErrorKind::Connect),
        ("sslmode=verify-ca", "no root certificate", ErrorKind::Config),
        ("sslmode=disable user=tls_only", "28000", ErrorKind::Permission),
        ("sslmode=require user=plain_only", "28000", ErrorKind::Permission),
        ("sslmode=disable channel_binding=require", "channel binding", ErrorKind::Permission),
    ] {
        let error = server.connect_error(settings).await;
        assert!(format!("{error:?}").contains(cause), "{settings}: {error:?}");
        assert_eq!(error.kind(), kind, "{settings}: {error:?}");
    }
}

/// `openssl req -x509` marks what it makes as an authority; the same file then serves as certificate and as root.
#[tokio::test]
async fn a_self_signed_certificate_may_be_its_own_root() {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
    let server = Server::start(Some(CERTIFICATES.server.clone())).await;
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let make = |params: &CertificateParams| params.self_signed(&key).unwrap().pem();
    write(&server.path("self.crt"), &make(&params), 0o600);
    let serve = async |file: &str| {
        let certificate = std::fs::read_to_string(server.path(file)).unwrap();
        let tls = ServerTls { certificate, key: key.serialize_pem(), ..CERTIFICATES.server.clone() };
        server.cluster.renew_tls(&tls).unwrap();
        tokio::time::sleep(Duration::from_millis(500)).await;
    };
    serve("self.crt").await;
    for mode in ["require", "verify-ca", "verify-full"] {
        server.session(&format!("sslmode={mode} sslrootcert=FOLDER/self.crt")).await;
    }
    let error = server.connect_error("sslmode=verify-full sslrootcert=FOLDER/self.crt host=elsewhere hostaddr=127.0.0.1").await;
    assert!(error.causes()[0].contains("not for the host"), "{error:?}");
    let error = server.connect_error("sslmode=verify-ca sslrootcert=FOLDER/ca.crt").await;
    assert!(error.causes()[0].contains("not trusted"), "{error:?}");

    params.not_after = rcgen::date_time_ymd(2001, 1, 1);
    params.not_before = rcgen::date_time_ymd(2000, 1, 1);
    write(&server.path("old.crt"), &make(&params), 0o600);
    serve("old.crt").await;
    let error = server.connect_error("sslmode=verify-ca sslrootcert=FOLDER/old.crt").await;
    assert!(error.causes()[0].contains("expired"), "{error:?}");
}

#[tokio::test]
async fn a_server_without_tls_is_refused_where_tls_is_asked_for() {
    let server = Server::start(None).await;
    for mode in ["disable", "allow", "prefer"] {
        server.session(&format!("sslmode={mode}")).await;
    }
    for settings in ["sslmode=require", "sslmode=verify-full sslrootcert=FOLDER/ca.crt"] {
        let error = server.connect_error(settings).await;
        assert_eq!(error.kind(), ErrorKind::Connect);
        assert!(error.causes()[0].contains("the server offers none"), "{error:?}");
    }
}

#[tokio::test]
async fn client_certificates_are_offered() {
    let server = Server::shared().await;
    let admin = server.session("sslmode=disable").await;
    admin.execute_all("create role by_cert login").await.unwrap();
    let with = "user=by_cert sslmode=verify-full sslrootcert=FOLDER/ca.crt sslcert=FOLDER/client.crt sslkey=FOLDER/client.key";
    let session = server.session(with).await;
    assert!(is_encrypted(&session).await);
    let error = server.connect_error("user=by_cert sslmode=require").await;
    assert_eq!((error.kind(), sqlstate(&error)), (ErrorKind::Permission, Some("28000")), "{error:?}");
    let error = server.connect_error("user=by_cert sslmode=require sslcert=FOLDER/client.crt sslkey=FOLDER/server.key").await;
    assert_eq!(error.kind(), ErrorKind::Config, "{error:?}");
    write(&server.path("client.key"), &std::fs::read_to_string(server.path("client.key")).unwrap(), 0o644);
    assert!(format!("{:?}", server.connect_error(with).await).contains("others than its owner"));
}
