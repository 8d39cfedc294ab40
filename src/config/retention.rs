//! How much write-ahead log a slot of failback's may hold back before that is said.

use crate::error::Result;
use crate::policy::keys::{Entry, Section};

/// Two amounts of log, in bytes; what is not stated is as built in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Retention {
    warn: Option<u64>,
    critical: Option<u64>,
}

/// Five times what a server keeps of its log by default.
const WARN: u64 = 5 << 30;

/// So much fills the disk of many a server.
const CRITICAL: u64 = 20 << 30;

/// What amounts are written in.
const UNITS: [(&str, u64); 3] = [("MB", 1 << 20), ("GB", 1 << 30), ("TB", 1 << 40)];

impl Retention {
    /// Reads the section `[slot]`.
    pub(super) fn read(section: &Section<'_>) -> Result<Self> {
        section.check(&["warn", "critical"])?;
        let amount = |key: &str| section.entry(key).map(|entry| amount(&entry)).transpose();
        Ok(Self { warn: amount("warn")?, critical: amount("critical")? })
    }

    /// Lays these over others.
    pub(super) fn over(self, base: Self) -> Self {
        Self { warn: self.warn.or(base.warn), critical: self.critical.or(base.critical) }
    }

    /// Returns how much is worth a warning.
    #[must_use]
    pub fn warn(self) -> u64 {
        self.warn.unwrap_or(WARN)
    }

    /// Returns how much is dangerous.
    #[must_use]
    pub fn critical(self) -> u64 {
        self.critical.unwrap_or(CRITICAL)
    }
}

fn amount(entry: &Entry<'_>) -> Result<u64> {
    let text = entry.text()?.trim();
    let read = UNITS.iter().find_map(|(unit, bytes)| {
        let count = text.strip_suffix(unit)?.trim_end();
        let is_number = !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit());
        count.parse::<u64>().ok().filter(|_| is_number)?.checked_mul(*bytes)
    });
    read.ok_or_else(|| entry.value_error(format!("`{text}` is no amount: write a whole number and MB, GB or TB, as in 5GB")))
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    fn read(text: &str) -> Result<(u64, u64), String> {
        let config = Config::parse(text, "failback.toml").map_err(|error| format!("{error:?}"))?;
        Ok((config.retention().warn(), config.retention().critical()))
    }

    #[test]
    fn amounts_have_units_and_what_is_not_stated_is_built_in() {
        assert_eq!(read("").unwrap(), (5 << 30, 20 << 30));
        assert_eq!(read("slot.warn = \"512MB\"").unwrap(), (512 << 20, 20 << 30));
        assert_eq!(read("[slot]\nwarn = \"1 GB\"\ncritical = \"2TB\"").unwrap(), (1 << 30, 2 << 40));
        for text in ["5", "GB", "-5GB", "5 gb", "1.5GB", "99999999999999TB"] {
            let error = read(&format!("slot.warn = \"{text}\"")).unwrap_err();
            assert!(error.contains("is no amount"), "{error}");
        }
        assert!(read("slot.wran = \"5GB\"").unwrap_err().contains("warn"), "the nearest name is said");
    }
}
