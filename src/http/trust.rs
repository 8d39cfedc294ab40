//! Whose word is taken for who a server is.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use ureq::tls::{Certificate, RootCerts};

use crate::error::{Error, ErrorKind, Result};
use crate::store::host_files;

/// The authorities that a server's certificate may come from.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Trust {
    /// Those that the machine trusts.
    #[default]
    System,
    /// Those of a file of certificates in PEM form, and no others.
    File(PathBuf),
}

impl Trust {
    /// Reads the certificates.
    pub(super) fn roots(&self) -> Result<RootCerts> {
        let certificates = self.certificates()?;
        Ok(certificates.iter().map(|one| Certificate::from_der(one.as_ref()).to_owned()).collect::<Vec<_>>().into())
    }

    /// Returns what a client of another protocol over TLS goes by: the server has to be who it is asked as.
    ///
    /// # Errors
    /// As the certificates cannot be read.
    pub fn client(&self) -> Result<Arc<ClientConfig>> {
        let mut roots = RootCertStore::empty();
        let (usable, _) = roots.add_parsable_certificates(self.certificates()?);
        if usable == 0 {
            return Err(self.without_certificates());
        }
        let failed = |error: rustls::Error| Error::new(ErrorKind::Connect, "prepare TLS").because(error);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().map_err(failed)?;
        Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
    }

    fn certificates(&self) -> Result<Vec<CertificateDer<'static>>> {
        let certificates = match self {
            Self::System => rustls_native_certs::load_native_certs().certs,
            Self::File(path) => {
                let bytes = host_files::read_bytes(path)?;
                CertificateDer::pem_slice_iter(&bytes).collect::<Result<Vec<_>, _>>().unwrap_or_default()
            }
        };
        if certificates.is_empty() {
            return Err(self.without_certificates());
        }
        Ok(certificates)
    }

    fn without_certificates(&self) -> Error {
        let error = Error::new(ErrorKind::Config, "read the certificates of authorities");
        match self {
            Self::System => error.because("this machine has none").next("install ca-certificates, or name a file with `ca`"),
            Self::File(path) => error
                .at(path.display())
                .because("the file holds no certificate in PEM form")
                .next("name the file of the authority that signed the server's certificate"),
        }
    }
}
