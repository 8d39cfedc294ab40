//! A Redis itself, in the clear and over TLS: who is taken for it, and who is not.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};

use super::stage::Stage;

const HEAD: &str = "runbook = \"own\"\ntitle = \"Own\"\nsummary = \"Asks a Redis.\"\n\
    [[step]]\nid = \"redis\"\ntitle = \"Redis answers\"\nkind = \"redis\"\ntimeout = \"1s\"\n";

const PASSWORD: &str = "a-long-password";

/// A Redis on two ports: in the clear, and over TLS.
struct Redis {
    stage: Stage,
    child: Child,
    plain: u16,
    tls: u16,
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|free| free.local_addr()).expect("a port").port()
}

/// Writes an authority's certificate, and returns it.
fn authority(stage: &Stage, file: &str) -> Issuer<'static, KeyPair> {
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new(Vec::new()).expect("names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, file);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    stage.write(file, &params.self_signed(&key).expect("a certificate").pem());
    Issuer::new(params, key)
}

impl Redis {
    /// Starts it; `None` where it is not installed, which is told.
    fn start(test: &str) -> Option<Self> {
        let stage = Stage::new(None, "");
        if Command::new("redis-server").arg("--version").output().is_err() {
            let said = format!("skipped: redis-server is not installed (rollback::redis::{test})\n");
            let _ = std::io::Write::write_all(&mut std::io::stderr(), said.as_bytes());
            return None;
        }
        let issuer = authority(&stage, "ca.pem");
        authority(&stage, "stranger.pem");
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec!["localhost".to_owned()]).expect("names");
        stage.write("redis.crt", &params.signed_by(&key, &issuer).expect("a certificate").pem());
        stage.write("redis.key", &key.serialize_pem());
        for (file, text) in [("password", PASSWORD), ("wrong", "another one")] {
            stage.write(file, text);
            let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
            std::fs::set_permissions(stage.path(file), private).expect("rights");
        }
        let (plain, tls) = (free(), free());
        let at = |name: &str| stage.path(name).display().to_string();
        let config = format!(
            "bind 127.0.0.1\nport {plain}\ntls-port {tls}\ntls-cert-file {}\ntls-key-file {}\ntls-ca-cert-file {}\n\
             tls-auth-clients no\nrequirepass {PASSWORD}\nsave \"\"\n",
            at("redis.crt"),
            at("redis.key"),
            at("ca.pem")
        );
        stage.write("redis.conf", &config);
        let mut command = Command::new("redis-server");
        let child = command.arg(stage.path("redis.conf")).stdout(Stdio::null()).spawn().expect("redis-server");
        let redis = Self { stage, child, plain, tls };
        let deadline = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect((Ipv4Addr::LOCALHOST, tls)).is_err() {
            assert!(Instant::now() < deadline, "redis-server did not start");
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(redis)
    }

    /// What comes of asking it so.
    fn told(&self, code: i32, keys: &str) -> String {
        self.stage.write("own.toml", &format!("{HEAD}{keys}\n"));
        let ran = self.stage.run(&["run", "own.toml", "--json"]);
        assert_eq!(ran.code, code, "{keys} {}{}", ran.stdout, ran.stderr);
        if code == 1 {
            assert_eq!(self.stage.run(&["abort", "next"]).code, 0);
        }
        format!("{}{}", ran.stdout, ran.stderr)
    }
}

#[test]
fn over_tls_it_is_who_its_certificate_says_and_nobody_else() {
    let Some(redis) = Redis::start("over_tls_it_is_who_its_certificate_says_and_nobody_else") else { return };
    let secure = format!("address = \"rediss://localhost:{}\"", redis.tls);
    let let_in = format!("{secure}\nca = \"ca.pem\"\npassword_file = \"password\"");
    let said = redis.told(0, &let_in);
    assert!(said.contains("with the password of password") && !said.contains(PASSWORD), "{said}");
    // Without a password it is seen that it is there.
    assert!(redis.told(0, &format!("{secure}\nca = \"ca.pem\"")).contains("asked for"));
    assert!(redis.told(0, &format!("{let_in}\nuser = \"default\"")).contains("done"));
    assert!(redis.told(1, &format!("{let_in}\nuser = \"nobody\"")).contains("WRONGPASS"));
    let config = std::fs::read_to_string(redis.stage.path("failback.toml")).expect("text");
    redis.stage.write("failback.toml", &format!("{config}[secrets]\ncache = {{ file = \"password\" }}\n"));
    let said = redis.told(0, &let_in.replace("password_file = \"password\"", "password_secret = \"cache\""));
    assert!(said.contains("with the secret cache as its password") && !said.contains(PASSWORD), "{said}");
    let wrong = let_in.replace("\"password\"", "\"wrong\"");
    assert!(redis.told(1, &wrong).contains("WRONGPASS"));
    for (keys, why) in [
        (let_in.replace("ca.pem", "stranger.pem"), "not trusted (UnknownIssuer): name the authority"),
        (secure.clone(), "not trusted (UnknownIssuer): name the authority"),
        (let_in.replace("localhost", "127.0.0.1"), "is for another host"),
    ] {
        let said = redis.told(1, &keys);
        assert!(said.contains(why), "{why}: {said}");
    }
}

#[test]
fn who_does_not_speak_tls_and_who_speaks_nothing_else_are_told_apart() {
    let Some(redis) = Redis::start("who_does_not_speak_tls_and_who_speaks_nothing_else_are_told_apart") else { return };
    let plain = format!("password_file = \"password\"\naddress = \"127.0.0.1:{}\"", redis.plain);
    redis.told(0, &plain);
    let said = redis.told(1, &format!("ca = \"ca.pem\"\naddress = \"rediss://localhost:{}\"", redis.plain));
    assert!(said.contains("does not speak TLS: write redis://"), "{said}");
    let said = redis.told(1, &format!("address = \"redis://localhost:{}\"", redis.tls));
    assert!(said.contains("write rediss://"), "{said}");
    let said = redis.told(2, &format!("address = \"rediss://:{PASSWORD}@localhost:{}\"", redis.tls));
    assert!(said.contains("password_file") && !said.contains(PASSWORD), "{said}");
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(redis.stage.path("password"), open).expect("rights");
    let said = redis.stage.run(&["run", "own.toml"]);
    assert_eq!(said.code, 2, "{said:?}");
    redis.stage.write("own.toml", &format!("{HEAD}{plain}\n"));
    let said = redis.stage.run(&["run", "own.toml"]);
    assert!(said.code != 0 && said.stderr.contains("chmod 0600"), "{said:?}");
}
