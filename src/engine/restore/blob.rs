//! Backups in a container of Azure Blob Storage, through the Azure CLI that the operator is logged in with: listed page by
//! page, fetched piece by piece, so that a fetch that was broken off goes on where it stopped.
//!
//! Exit codes (azure-cli, `azure/cli/core/azclierror.py`): 3 is "not found", 1 anything else. What is not there is never read
//! from an empty answer: a list that is no list is an error.

use std::path::{Path, PathBuf};
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::Value;

use super::backup::{Backup, Checksum, Grade, PART, PIECE};
use super::program::{Programs, Variables};
use crate::engine::run::{Event, Reporter};
use crate::error::{Error, ErrorKind, Place as _, Result};
use crate::store::{backup_files, host_files};
use crate::text::amount;

/// Where blobs are, and how the Azure CLI is let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    account: String,
    name: String,
    prefix: Option<String>,
    auth: String,
}

/// How a container is called.
const SCHEME: &str = "az://";

/// Azure gives no more blobs than this at a time.
const PAGE: &str = "5000";

/// How much is fetched at a time.
const PIECE_BYTES: u64 = 256 * 1024 * 1024;

/// How often a piece is tried.
const TRIES: usize = 3;

/// What Azure calls the tier from which nothing can be read.
const ARCHIVE: &str = "Archive";

impl Container {
    /// Reads `az://ACCOUNT/CONTAINER[/PREFIX]`; `None` where a source is no container. `auth` is the Azure CLI's word for how
    /// it is let in: `login`, or `key` for a key, a token or a connection string in its variables.
    ///
    /// # Errors
    /// `Usage` where it names no account or no container.
    pub fn parse(source: &str, auth: &str) -> Result<Option<Self>> {
        let Some(rest) = source.strip_prefix(SCHEME) else { return Ok(None) };
        let mut parts = rest.splitn(3, '/').map(str::to_owned);
        let (account, container) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        if account.is_empty() || container.is_empty() {
            return Err(Error::new(ErrorKind::Usage, "find the container")
                .at(source)
                .because("it names no account, or no container")
                .next("write it as az://ACCOUNT/CONTAINER or az://ACCOUNT/CONTAINER/PREFIX"));
        }
        let prefix = parts.next().filter(|prefix| !prefix.is_empty());
        Ok(Some(Self { account, name: container, prefix, auth: auth.to_owned() }))
    }

    fn argv(&self, deed: &str, more: &[&str]) -> Vec<String> {
        let own = ["--account-name", &self.account, "--container-name", &self.name, "--auth-mode", &self.auth];
        let words = ["az", "storage", "blob", deed].into_iter().chain(own).chain(more.iter().copied());
        words.map(str::to_owned).collect()
    }

    fn place(&self, name: &str) -> String {
        format!("{SCHEME}{}/{}/{name}", self.account, self.name)
    }

    /// Lists all backups, the oldest first.
    ///
    /// # Errors
    /// What the Azure CLI said; `Malformed` where its answer is no list of blobs.
    pub async fn backups(&self, programs: &Programs) -> Result<Vec<Backup>> {
        let (mut found, mut marker) = (Vec::new(), None::<String>);
        loop {
            let mut more = vec!["--num-results", PAGE, "--show-next-marker", "--output", "json"];
            if let Some(prefix) = &self.prefix {
                more.extend(["--prefix", prefix]);
            }
            if let Some(marker) = &marker {
                more.extend(["--marker", marker]);
            }
            let said = programs.output(&self.argv("list", &more), &Variables::new()).await.map_err(not_let_in)?;
            let blobs: Vec<Value> = serde_json::from_str(&said)
                .map_err(|error| Error::new(ErrorKind::Malformed, "list the blobs").at(self.place("")).because(error))?;
            marker = None;
            for blob in blobs {
                if let Some(next) = blob.get("nextMarker") {
                    marker = next.as_str().filter(|next| !next.is_empty()).map(str::to_owned);
                } else {
                    found.extend(self.backup(&blob)?);
                }
            }
            if marker.is_none() {
                break;
            }
        }
        found.sort_by(|left, right| (left.ended, &left.name).cmp(&(right.ended, &right.name)));
        Ok(found)
    }

    /// Reads one blob; `None` where it is not meant to be a backup.
    fn backup(&self, blob: &Value) -> Result<Option<Backup>> {
        let properties = &blob["properties"];
        let wrong = |what: &str| {
            let error = Error::new(ErrorKind::Malformed, "read what the Azure CLI says of a blob");
            error.at(self.place(blob["name"].as_str().unwrap_or_default())).because(format!("it says no {what}"))
        };
        let name = blob["name"].as_str().filter(|name| !name.is_empty()).ok_or_else(|| wrong("name"))?;
        if name.ends_with(".sha256") || name.ends_with('/') || blob["deleted"] == true {
            return Ok(None);
        }
        let bytes = properties["contentLength"].as_u64().ok_or_else(|| wrong("contentLength"))?;
        let at = |key: &str| properties[key].as_str().and_then(|text| text.parse::<Timestamp>().ok());
        let ended = at("lastModified").or_else(|| at("creationTime")).ok_or_else(|| wrong("lastModified"))?;
        let md5 = properties["contentSettings"]["contentMd5"].as_str().or_else(|| properties["contentMd5"].as_str());
        let md5 = md5.and_then(|text| STANDARD.decode(text).ok()).map(|bytes| backup_files::hexadecimal(&bytes));
        let tier = properties["blobTier"].as_str().map(str::to_owned);
        let mut backup = Backup {
            name: name.to_owned(),
            place: self.place(name),
            form: None,
            bytes,
            ended,
            database: None,
            stamped: None,
            dumped_by: None,
            server: None,
            checksum: md5.map(|digest| Checksum { by: "md5".to_owned(), digest }),
            tier: tier.clone(),
            grade: Grade::Ok,
            why: Vec::new(),
        };
        if bytes == 0 {
            backup.mind(Grade::Failure, "it is empty");
        }
        if tier.as_deref() == Some(ARCHIVE) {
            let why = match properties["rehydrationStatus"].as_str() {
                Some(_) => "it is in the archive tier, and on its way out of it, which takes hours",
                None => {
                    "it is in the archive tier: it has to be brought out of it first (az storage blob set-tier --tier Hot), \
                     which takes hours"
                }
            };
            backup.mind(Grade::Failure, why);
        }
        if backup.checksum.is_none() {
            backup.mind(Grade::Warning, "no checksum is known of it");
        }
        Ok(Some(backup))
    }

    /// Fetches a backup into a folder, and returns where it is then. What an earlier call has fetched of it is gone on with.
    ///
    /// # Errors
    /// `Damaged` where it is not what Azure has a checksum of, or was replaced meanwhile; `Refused` where another file has its
    /// name; `StorageFull`; what the Azure CLI said.
    pub async fn fetch(&self, programs: &Programs, backup: &Backup, into: &Path, reporter: &Reporter) -> Result<PathBuf> {
        let file = backup.name.rsplit('/').next().unwrap_or_default();
        let whole = into.join(file);
        let beside = |ending: &str| into.join(format!("{file}{ending}"));
        let (part, piece) = (beside(PART), beside(PIECE));
        if host_files::exists(&whole) {
            return self.expect_same(programs, backup, whole);
        }
        let before = self.version(programs, backup).await?;
        let note = beside(".version");
        if backup_files::beside(&note)?.as_deref() != Some(before.as_str()) {
            // What is there is of another blob, or of nobody knows which.
            backup_files::discard(&part)?;
            backup_files::write_note(&note, &before)?;
        }
        let mut have = if host_files::exists(&part) { backup_files::look(&part)?.bytes } else { 0 };
        if have > 0 {
            reporter.tell(Event::Note(format!("{file}: goes on behind {}", amount::bytes(have))));
        }
        let began = (Instant::now(), have);
        while have < backup.bytes {
            let end = (have + PIECE_BYTES).min(backup.bytes);
            self.fetch_piece(programs, backup, (have, end), &piece).await?;
            have = backup_files::join_piece(&piece, &part, end - have)?;
            reporter.tell(Event::Note(progress(file, have, backup.bytes, began)));
        }
        if self.version(programs, backup).await? != before {
            backup_files::discard(&part)?;
            return Err(damaged(backup, "it was replaced while it was fetched").next("run the same command again"));
        }
        let digests = backup_files::digests(&part, &|| programs.stop().check())?;
        if let Some(known) = backup.checksum.as_ref().filter(|known| known.digest != digests.md5) {
            backup_files::discard(&part)?;
            let why = format!("its md5 is {}, and Azure's is {}", digests.md5, known.digest);
            return Err(damaged(backup, &why).next("run the same command again: it is fetched anew"));
        }
        backup_files::settle(&part, &whole, backup.ended.into())?;
        backup_files::discard(&note)?;
        backup_files::write_note(&beside(".sha256"), &format!("{}  {file}\n", digests.sha256))?;
        Ok(whole)
    }

    /// # Errors
    /// `Refused` where a file of its name is not the blob's.
    fn expect_same(&self, programs: &Programs, backup: &Backup, whole: PathBuf) -> Result<PathBuf> {
        let digests = backup_files::digests(&whole, &|| programs.stop().check())?;
        let is_same = match &backup.checksum {
            Some(known) => known.digest == digests.md5,
            None => backup.bytes == digests.bytes,
        };
        if is_same {
            return Ok(whole);
        }
        Err(Error::new(ErrorKind::Refused, "fetch the backup")
            .at(whole.display())
            .because(format!("a file of that name is there, and is not {}", self.place(&backup.name)))
            .next("name another folder with --into"))
    }

    async fn fetch_piece(&self, programs: &Programs, backup: &Backup, (start, end): (u64, u64), piece: &Path) -> Result<()> {
        let (first, last) = (start.to_string(), (end - 1).to_string());
        let file = piece.display().to_string();
        let more = [
            "--name",
            &backup.name,
            "--file",
            &file,
            "--start-range",
            &first,
            "--end-range",
            &last,
            "--no-progress",
            "--output",
            "none",
        ];
        let mut failed = None;
        for _ in 0..TRIES {
            backup_files::discard(piece)?;
            match programs.output(&self.argv("download", &more), &Variables::new()).await {
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Server => failed = Some(error),
                Err(error) => return Err(error),
            }
            programs.stop().or(tokio::time::sleep(std::time::Duration::from_secs(1))).await?;
        }
        let error = failed.unwrap_or_else(|| Error::new(ErrorKind::Server, "fetch a piece of a backup"));
        Err(not_let_in(error.next("run the same command again: it goes on where it stopped")))
            .place(|| format!("bytes {start} to {last} of {}", backup.place))
    }

    /// What tells a blob from another one of the same name: its tag and its length.
    async fn version(&self, programs: &Programs, backup: &Backup) -> Result<String> {
        let said = programs.output(&self.argv("show", &["--name", &backup.name, "--output", "json"]), &Variables::new()).await;
        let said = said.map_err(not_let_in)?;
        let shown: Value = serde_json::from_str(&said)
            .map_err(|error| Error::new(ErrorKind::Malformed, "look at a blob").at(&backup.place).because(error))?;
        let properties = &shown["properties"];
        let length = properties["contentLength"].as_u64();
        if length != Some(backup.bytes) {
            return Err(damaged(backup, "it is not as long as it was when it was listed").next("run the same command again"));
        }
        Ok(format!("{} {}\n", properties["etag"].as_str().unwrap_or_default(), backup.bytes))
    }
}

fn damaged(backup: &Backup, why: &str) -> Error {
    Error::new(ErrorKind::Damaged, "fetch the backup").at(&backup.place).because(why.to_owned())
}

/// Adds what lets the Azure CLI in.
fn not_let_in(error: Error) -> Error {
    if error.kind() == ErrorKind::Server {
        error.next(
            "az login, with the role Storage Blob Data Reader; or --auth key, with AZURE_STORAGE_KEY or a connection string",
        )
    } else {
        error
    }
}

fn progress(file: &str, have: u64, all: u64, (began, from): (Instant, u64)) -> String {
    let share = have.saturating_mul(100) / all.max(1);
    let millis = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
    let rate = amount::bytes((have - from).saturating_mul(1000) / millis);
    format!("{file}: {} of {} ({share} %), {rate}/s", amount::bytes(have), amount::bytes(all))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container() -> Container {
        Container::parse("az://acc/cont/nightly/2026", "login").unwrap().unwrap()
    }

    #[test]
    fn a_container_is_named_by_account_and_name() {
        let found = container();
        assert_eq!(
            (found.account.as_str(), found.name.as_str(), found.prefix.as_deref()),
            ("acc", "cont", Some("nightly/2026"))
        );
        assert_eq!(Container::parse("/var/backups", "login").unwrap(), None);
        for source in ["az://", "az://acc", "az://acc/"] {
            assert_eq!(Container::parse(source, "login").unwrap_err().kind(), ErrorKind::Usage, "{source}");
        }
    }

    #[test]
    fn a_blob_is_what_the_cli_says_of_it() {
        let blob = serde_json::json!({ "name": "nightly/a.dump", "properties": {
            "contentLength": 5, "creationTime": "2026-11-21T01:00:00+00:00", "lastModified": "2026-11-22T01:00:00+00:00",
            "blobTier": "Archive", "contentSettings": { "contentMd5": "XUFAKrxLKna5cZ2REBfFkg==" },
        }});
        let found = container().backup(&blob).unwrap().unwrap();
        assert_eq!((found.ended.to_string().as_str(), found.grade), ("2026-11-22T01:00:00Z", Grade::Failure));
        assert_eq!(found.checksum.unwrap().digest, "5d41402abc4b2a76b9719d911017c592");
        // The key that the written procedure sorts by does not exist, and nothing is taken for a time.
        let blob =
            serde_json::json!({ "name": "a", "properties": { "contentLength": 5, "createdOn": "2026-11-21T01:00:00Z" } });
        assert_eq!(container().backup(&blob).unwrap_err().kind(), ErrorKind::Malformed);
    }
}
