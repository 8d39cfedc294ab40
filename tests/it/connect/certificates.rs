//! The certificates of a server and its clients.

use std::sync::LazyLock;

use failback::demo::ServerTls;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

/// An authority, a server certificate for `localhost`, a client certificate for the role `by_cert`, and an authority that
/// signed none of them.
pub(crate) struct Certificates {
    /// The server's part.
    pub(crate) server: ServerTls,
    /// A client's part: files by name.
    pub(crate) files: [(&'static str, String); 5],
}

/// The same for all servers.
pub(crate) static CERTIFICATES: LazyLock<Certificates> = LazyLock::new(make);

fn make() -> Certificates {
    let (issuer, ca) = authority("estate");
    let (_, stranger) = authority("stranger");
    let (server, server_key) = leaf("server", vec!["localhost".to_owned()], &issuer);
    let (client, client_key) = leaf("by_cert", Vec::new(), &issuer);
    Certificates {
        server: ServerTls { certificate: server, key: server_key.clone(), client_authority: Some(ca.clone()) },
        files: [
            ("ca.crt", ca),
            ("stranger.crt", stranger),
            ("server.key", server_key),
            ("client.crt", client),
            ("client.key", client_key),
        ],
    }
}

fn authority(name: &str) -> (Issuer<'static, KeyPair>, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    let pem = params.self_signed(&key).unwrap().pem();
    (Issuer::new(params, key), pem)
}

/// Returns a certificate and its key.
fn leaf(name: &str, hosts: Vec<String>, issuer: &Issuer<'_, KeyPair>) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(hosts).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    (params.signed_by(&key, issuer).unwrap().pem(), key.serialize_pem())
}
