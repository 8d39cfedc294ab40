//! TLS as libpq means it: six modes, root certificates, client certificates.
//!
//! Comes in: the TLS settings of an endpoint. Goes out: a connector for the driver.
//! Differences from libpq: `allow` and `prefer` never look at the root file (a failed check would end in no encryption at all);
//! a host's name is looked for in subjectAltName only, never in the common name; revocation lists are not read.
//! Never: opens a socket, shows a key.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme, version};
use tokio_postgres_rustls_improved::MakeRustlsConnect;

use super::conninfo::Settings;
use crate::error::{Error, ErrorKind, Result};
use crate::store::host_files;

/// How little a connection trusts the network (`sslmode`), most trusting first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mode {
    Disable,
    Allow,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

/// Where trusted root certificates come from.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Root {
    /// A file; `named` says that a person named it, so that it must exist.
    File { path: PathBuf, named: bool },
    /// The machine's own store (`sslrootcert=system`).
    System,
    /// There is no home folder, so no default file.
    Nowhere,
}

/// TLS settings of an endpoint.
#[derive(Clone, Debug)]
pub(super) struct Tls {
    pub(super) mode: Mode,
    pub(super) direct: bool,
    root: Root,
    /// Certificate and key, and whether a person named the certificate.
    client: Option<(PathBuf, PathBuf, bool)>,
    only_tls13: bool,
    sni: bool,
}

fn refused(cause: impl Into<String>) -> Error {
    Error::new(ErrorKind::Config, "read the TLS settings").because(cause.into())
}

impl Tls {
    /// Reads the settings; opens no file.
    pub(super) fn from_settings(settings: &Settings, home: Option<&Path>) -> Result<Self> {
        let system = settings.get("sslrootcert") == Some("system");
        let mode = match settings.get("sslmode") {
            None if system => Mode::VerifyFull,
            None | Some("prefer") => Mode::Prefer,
            Some("disable") => Mode::Disable,
            Some("allow") => Mode::Allow,
            Some("require") => Mode::Require,
            Some("verify-ca") => Mode::VerifyCa,
            Some("verify-full") => Mode::VerifyFull,
            Some(_) => return Err(refused("sslmode is none of disable, allow, prefer, require, verify-ca, verify-full")),
        };
        if system && mode != Mode::VerifyFull {
            return Err(refused(
                "sslrootcert=system needs sslmode=verify-full: anyone can have a certificate from a public authority",
            ));
        }
        let direct = match settings.get("sslnegotiation") {
            None | Some("postgres") => false,
            Some("direct") if mode >= Mode::Require => true,
            Some("direct") => return Err(refused("sslnegotiation=direct needs sslmode=require or more")),
            Some(_) => return Err(refused("sslnegotiation is neither postgres nor direct")),
        };
        let only_tls13 = match settings.get("ssl_min_protocol_version") {
            None | Some("TLSv1" | "TLSv1.1" | "TLSv1.2") => false,
            Some("TLSv1.3") => true,
            Some(_) => return Err(refused("ssl_min_protocol_version is no TLS version")),
        };
        let at_home = |file: &str| home.map(|home| home.join(".postgresql").join(file));
        let root = match settings.get("sslrootcert") {
            Some("system") => Root::System,
            Some(path) => Root::File { path: PathBuf::from(path), named: true },
            None => at_home("root.crt").map_or(Root::Nowhere, |path| Root::File { path, named: false }),
        };
        let certificate = settings.get("sslcert").map(PathBuf::from);
        let named = certificate.is_some();
        let key = settings.get("sslkey").map(PathBuf::from).or_else(|| at_home("postgresql.key"));
        let client = certificate.or_else(|| at_home("postgresql.crt")).zip(key).map(|(cert, key)| (cert, key, named));
        Ok(Self { mode, direct, root, client, only_tls13, sni: settings.get("sslsni") != Some("0") })
    }

    /// Returns the variables by which libpq is told the same.
    pub(super) fn variables(&self) -> Vec<(&'static str, String)> {
        let mode = match self.mode {
            Mode::Disable => "disable",
            Mode::Allow => "allow",
            Mode::Prefer => "prefer",
            Mode::Require => "require",
            Mode::VerifyCa => "verify-ca",
            Mode::VerifyFull => "verify-full",
        };
        let mut variables = vec![("PGSSLMODE", mode.to_owned()), ("PGSSLSNI", u8::from(self.sni).to_string())];
        match &self.root {
            Root::System => variables.push(("PGSSLROOTCERT", "system".to_owned())),
            Root::File { path, named } if *named || host_files::exists(path) => {
                variables.push(("PGSSLROOTCERT", path.display().to_string()));
            }
            Root::File { .. } | Root::Nowhere => {}
        }
        if let Some((certificate, key, named)) = &self.client
            && (*named || host_files::exists(certificate))
        {
            variables.extend([("PGSSLCERT", certificate.display().to_string()), ("PGSSLKEY", key.display().to_string())]);
        }
        variables.extend(self.direct.then(|| ("PGSSLNEGOTIATION", "direct".to_owned())));
        variables.extend(self.only_tls13.then(|| ("PGSSLMINPROTOCOLVERSION", "TLSv1.3".to_owned())));
        variables
    }

    /// Builds the connector: reads the certificates.
    ///
    /// # Errors
    /// `Config` if a file that is needed is missing, unreadable, too widely readable or not PEM.
    pub(super) fn connector(&self) -> Result<MakeRustlsConnect> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = Arc::new(self.verifier(&provider)?);
        let versions: &[_] = if self.only_tls13 { &[&version::TLS13] } else { &[&version::TLS13, &version::TLS12] };
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .map_err(|error| refused(error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        let mut config = match self.client_identity()? {
            Some((chain, key)) => builder.with_client_auth_cert(chain, key).map_err(|error| {
                refused(format!("the client certificate and its key do not work: {error}"))
                    .next("check that sslkey is the key of sslcert")
            })?,
            None => builder.with_no_client_auth(),
        };
        config.enable_sni = self.sni;
        if self.direct {
            config.alpn_protocols = vec![b"postgresql".to_vec()];
        }
        Ok(MakeRustlsConnect::new(config))
    }

    fn verifier(&self, provider: &CryptoProvider) -> Result<Verifier> {
        let algorithms = provider.signature_verification_algorithms;
        let (check, roots) = match self.mode {
            Mode::Disable | Mode::Allow | Mode::Prefer => (Check::Nothing, Vec::new()),
            // libpq keeps this for the sake of old installations: with a root file, `require` checks the chain.
            Mode::Require => match self.roots(false)? {
                Some(roots) => (Check::Chain, roots),
                None => (Check::Nothing, Vec::new()),
            },
            Mode::VerifyCa => (Check::Chain, self.roots(true)?.unwrap_or_default()),
            Mode::VerifyFull => (Check::ChainAndName, self.roots(true)?.unwrap_or_default()),
        };
        let mut anchors = RootCertStore::empty();
        let (usable, _) = anchors.add_parsable_certificates(roots.iter().cloned());
        if check != Check::Nothing && usable == 0 {
            return Err(refused("there is no usable root certificate").at(self.root_place()));
        }
        Ok(Verifier { check, anchors, roots, algorithms })
    }

    /// Returns the root certificates; nothing if there is no file and none is needed.
    fn roots(&self, needed: bool) -> Result<Option<Vec<CertificateDer<'static>>>> {
        match &self.root {
            Root::System => Ok(Some(rustls_native_certs::load_native_certs().certs)),
            Root::File { path, named } if *named || host_files::exists(path) => {
                certificates("root certificate", "sslrootcert", path).map(Some)
            }
            _ if !needed => Ok(None),
            _ => Err(refused("the sslmode checks the server's certificate, but there is no root certificate")
                .at(self.root_place())
                .next("name the authority's certificate with sslrootcert, or use sslrootcert=system for a public one")),
        }
    }

    fn root_place(&self) -> String {
        match &self.root {
            Root::System => "the machine's certificate store".to_owned(),
            Root::File { path, .. } => path.display().to_string(),
            Root::Nowhere => "no home folder".to_owned(),
        }
    }

    fn client_identity(&self) -> Result<Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>> {
        let Some((certificate, key, named)) = &self.client else { return Ok(None) };
        if !named && !host_files::exists(certificate) {
            return Ok(None);
        }
        let chain = certificates("client certificate", "sslcert", certificate)?;
        if !host_files::mode_is_private(key)? {
            return Err(refused("the private key can be read by others than its owner")
                .at(key.display())
                .next(format!("chmod 0600 {}", key.display())));
        }
        let key_der = PrivateKeyDer::from_pem_slice(&host_files::read_bytes(key)?).map_err(|_| {
            refused("the file holds no private key in PEM form")
                .at(key.display())
                .next("encrypted keys are not read; decrypt the key with `openssl pkey`")
        })?;
        Ok(Some((chain, key_der)))
    }
}

/// Reads a file of certificates; `noun` says whose they are, `keyword` names the setting that leads to it.
fn certificates(noun: &str, keyword: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let unread = |error: Error| {
        Error::new(ErrorKind::Config, format!("read the {noun}"))
            .at(path.display())
            .because(error.causes().join(": "))
            .next(format!("name the file with {keyword}, readable for this user, or put it there"))
    };
    let bytes = host_files::read_bytes(path).map_err(unread)?;
    let read = CertificateDer::pem_slice_iter(&bytes).collect::<Result<Vec<_>, _>>();
    match read {
        Ok(list) if !list.is_empty() => Ok(list),
        _ => Err(refused("the file holds no certificate in PEM form").at(path.display())),
    }
}

/// What is checked of the server's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Check {
    Nothing,
    Chain,
    ChainAndName,
}

/// Checks the server's certificate as far as the mode asks; that the server owns its key is checked in every mode.
#[derive(Debug)]
struct Verifier {
    check: Check,
    anchors: RootCertStore,
    roots: Vec<CertificateDer<'static>>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Verifier {
    /// A self-signed certificate that is its own root, as `openssl req -x509` makes it, is marked as an authority and therefore
    /// refused as a server's by webpki; OpenSSL, hence libpq, accepts it. webpki checks the dates first, so they hold here too.
    fn is_its_own_root(&self, certificate: &CertificateDer<'_>, error: &rustls::Error) -> bool {
        let is_authority = matches!(error, rustls::Error::InvalidCertificate(CertificateError::Other(other))
            if other.0.to_string() == "CaUsedAsEndEntity");
        is_authority && self.roots.iter().any(|root| root == certificate)
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if self.check == Check::Nothing {
            return Ok(ServerCertVerified::assertion());
        }
        let parsed = ParsedCertificate::try_from(end_entity)?;
        let chain = verify_server_cert_signed_by_trust_anchor(&parsed, &self.anchors, intermediates, now, self.algorithms.all);
        match chain {
            Err(error) if !self.is_its_own_root(end_entity, &error) => return Err(error),
            _ => {}
        }
        if self.check == Check::ChainAndName {
            verify_server_name(&parsed, server_name)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::super::conninfo;
    use super::*;

    fn tls(text: &str) -> Result<Tls> {
        Tls::from_settings(&conninfo::parse(text)?, Some(Path::new("/nonexistent")))
    }

    #[test]
    fn modes_follow_libpq() {
        assert_eq!(tls("user=u").unwrap().mode, Mode::Prefer);
        assert_eq!(tls("sslrootcert=system").unwrap().mode, Mode::VerifyFull);
        assert!(tls("sslrootcert=system sslmode=require").is_err());
        assert!(tls("sslmode=yes").is_err());
        assert!(tls("sslnegotiation=direct").is_err());
        assert!(tls("sslnegotiation=direct sslmode=require").unwrap().direct);
    }

    #[test]
    fn checking_modes_need_a_root() {
        for mode in ["verify-ca", "verify-full"] {
            let error = tls(&format!("sslmode={mode}")).unwrap().connector().err().unwrap();
            assert_eq!(error.places(), ["/nonexistent/.postgresql/root.crt"]);
        }
        assert!(tls("sslmode=require").unwrap().connector().is_ok());
        let error = tls("sslmode=require sslrootcert=/nonexistent/ca").unwrap().connector().err().unwrap();
        assert_eq!(error.what(), "read the root certificate");
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (cert, key) = (folder.path().join("c"), folder.path().join("k"));
        std::fs::write(&cert, made.cert.pem()).unwrap();
        std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        let text = format!("sslmode=require sslcert={} sslkey={}", cert.display(), key.display());
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(format!("{:?}", tls(&text).unwrap().connector().err().unwrap()).contains("others than its owner"));
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert!(tls(&text).unwrap().connector().is_ok());
    }
}
