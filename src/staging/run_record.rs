//! What a run is called, wherever its files are: a folder may be renamed, moved or copied, and OLD's ledger knows the run by
//! its id alone.

use std::fmt;
use std::hash::{BuildHasher as _, RandomState};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::index_file::{FORMAT_VERSION, Sealed, json, read_json};
use super::layout;
use crate::error::{ErrorKind, Result};
use crate::store::Store;

/// A run's id: the second in which it was made, in UTC, and a number, so that ids sort by time and two of one second differ.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(String);

impl RunId {
    /// Returns an id that no run has yet.
    #[must_use]
    pub fn fresh() -> Self {
        let now = Timestamp::now();
        // Seeded by the operating system.
        let chance = RandomState::new().hash_one(now) & 0xffff;
        Self(format!("{}-{chance:04x}", now.strftime("%Y%m%dT%H%M%SZ")))
    }

    /// Returns the id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The first file of a run, written when the run is made and never again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRecord {
    /// See [`FORMAT_VERSION`].
    pub format_version: u32,
    /// The failback that made the run.
    pub tool_version: String,
    /// The run's id.
    pub id: RunId,
    /// When the run was made, RFC 3339 in UTC.
    pub made_at: String,
}

impl RunRecord {
    /// Returns the run's record; a run that has none is a new one and gets this id.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn make(store: &dyn Store, id: RunId) -> Result<Sealed<Self>> {
        let record = Self {
            format_version: FORMAT_VERSION,
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            id,
            made_at: Timestamp::now().to_string(),
        };
        let (text, own_blake3) = json(layout::RUN, &record)?;
        if store.put_if_absent(layout::RUN, &text)? { Ok(Sealed::new(record, own_blake3)) } else { Self::read(store) }
    }

    /// Returns the run that was made last; those without a record, or with another version's, come before all others.
    ///
    /// # Errors
    /// Where a record is damaged or cannot be read: whether its run is the newest is not known, and another must not be taken
    /// in its place.
    pub fn newest<S: Store>(runs: Vec<S>) -> Result<Option<S>> {
        let mut newest: Option<(Option<Timestamp>, S)> = None;
        for run in runs {
            let made_at = match Self::read(&run) {
                Ok(record) => record.made_at.parse::<Timestamp>().ok(),
                Err(error) if error.kind() == ErrorKind::Refused => None,
                Err(error) => return Err(error.next("name the run that is meant with --run")),
            };
            if newest.as_ref().is_none_or(|(latest, _)| made_at >= *latest) {
                newest = Some((made_at, run));
            }
        }
        Ok(newest.map(|(_, run)| run))
    }

    /// Reads the record of a run.
    ///
    /// # Errors
    /// `Refused` where the run has none or another version of the format wrote it, `Damaged` where it is not what was written.
    pub fn read(store: &dyn Store) -> Result<Sealed<Self>> {
        read_json(store, layout::RUN, "failback export")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::LocalStore;

    #[test]
    fn ids_are_as_documented() {
        let id = RunId::fresh().to_string();
        let (time, chance) = id.split_once('-').unwrap();
        assert_eq!((time.len(), chance.len(), &time[8..9], &time[15..]), (16, 4, "T", "Z"));
        assert!(time.starts_with("20") && chance.chars().all(|c| c.is_ascii_hexdigit()), "{id}");
    }

    #[test]
    fn the_newest_run_is_the_one_made_last() {
        let root = tempfile::tempdir().unwrap();
        let make = |name: &str| {
            let store = LocalStore::create(&root.path().join(name)).unwrap();
            RunRecord::make(&store, RunId::fresh()).unwrap();
            store
        };
        let runs = vec![make("friday"), make("afternoon"), LocalStore::create(&root.path().join("zz")).unwrap()];
        assert_eq!(RunRecord::newest(runs.clone()).unwrap().unwrap().folder(), root.path().join("afternoon"));
        assert!(RunRecord::newest(Vec::<LocalStore>::new()).unwrap().is_none());
        let path = root.path().join("friday").join(layout::RUN);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replace("made_at", "made_bt")).unwrap();
        assert_eq!(RunRecord::newest(runs).unwrap_err().kind(), ErrorKind::Damaged, "it may be the newest");
    }

    #[test]
    fn a_run_keeps_its_id_whatever_its_folder_is_called() {
        let root = tempfile::tempdir().unwrap();
        let store = LocalStore::create(&root.path().join("r1")).unwrap();
        let made = RunRecord::make(&store, RunId::fresh()).unwrap();
        std::fs::rename(root.path().join("r1"), root.path().join("r2")).unwrap();
        let moved = LocalStore::open(&root.path().join("r2")).unwrap();
        assert_eq!(RunRecord::make(&moved, RunId::fresh()).unwrap(), made, "made once");
        assert_eq!(RunRecord::read(&moved).unwrap(), made);
    }
}
