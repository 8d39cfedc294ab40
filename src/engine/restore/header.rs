//! The beginning of an archive: which database it is of, and who made it. Read here, so that an archive tells which
//! `pg_restore` it needs to one that is too old for it.
//!
//! Source: `ReadHead` of PostgreSQL's `pg_backup_archiver.c`, versions 13 to 18. What has changed in between: from archive
//! version 1.15 on, one byte says how data is compressed, where a number did.

use super::form::MAGIC;

/// What an archive says of itself before anything else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Header {
    /// The archive's own version, as 1.14.
    pub(super) version: (u8, u8),
    /// The database's name.
    pub(super) database: Option<String>,
    /// The server that was dumped, as "15.18".
    pub(super) server: Option<String>,
    /// The `pg_dump` that made it, as "15.18".
    pub(super) dumped_by: Option<String>,
    /// When it was begun, by the clock of the machine that dumped: without an offset, which the archive has not.
    pub(super) stamped: Option<String>,
}

/// Texts in a header that are longer than this are none.
const TEXT_MAX: usize = 1024;

/// The first archive version whose compression is one byte.
const ONE_BYTE: (u8, u8) = (1, 15);

impl Header {
    /// Reads the first bytes of a custom archive, or of a directory's table of contents; `None` where they are not that.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader { rest: bytes.strip_prefix(MAGIC)?, width: 4 };
        let version = (reader.byte()?, reader.byte()?);
        let _revision = reader.byte()?;
        reader.width = usize::from(reader.byte()?);
        let (_offset_width, _format) = (reader.byte()?, reader.byte()?);
        if !(1..=8).contains(&reader.width) {
            return None;
        }
        if version >= ONE_BYTE {
            reader.byte()?;
        } else {
            reader.number()?;
        }
        let mut moment = [0; 7];
        for part in &mut moment {
            *part = reader.number()?;
        }
        let [second, minute, hour, day, month, year, _summer] = moment;
        Some(Self {
            version,
            stamped: Some(format!("{:04}-{:02}-{day:02} {hour:02}:{minute:02}:{second:02}", year + 1900, month + 1)),
            database: reader.text()?,
            server: reader.text()?,
            dumped_by: reader.text()?,
        })
    }

    /// Reads the first lines of a script.
    pub(super) fn of_script(head: &[u8]) -> Self {
        let text = String::from_utf8_lossy(head);
        let after = |lead: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(lead))?;
            line.split_whitespace().next().map(str::to_owned)
        };
        let connects = text.lines().find_map(|line| line.strip_prefix("\\connect "));
        Self {
            database: connects.map(|name| name.trim().trim_matches('"').to_owned()),
            server: after("-- Dumped from database version "),
            dumped_by: after("-- Dumped by pg_dump version "),
            ..Self::default()
        }
    }
}

/// The major version of what `pg_dump` or a server calls its version, as 15 of "15.18 (Debian 15.18-0+deb12u1)".
pub(super) fn major(version: &str) -> Option<u32> {
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

struct Reader<'a> {
    rest: &'a [u8],
    width: usize,
}

impl Reader<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    /// A sign, then so many bytes, the lowest first.
    fn number(&mut self) -> Option<i64> {
        let is_negative = self.byte()? != 0;
        let mut value: i64 = 0;
        for place in 0..self.width {
            value |= i64::from(self.byte()?).checked_shl(u32::try_from(place * 8).ok()?)?;
        }
        Some(if is_negative { -value } else { value })
    }

    /// A length and its bytes; no text where the length is -1.
    #[expect(clippy::option_option, reason = "that there is no text is not that it cannot be read")]
    fn text(&mut self) -> Option<Option<String>> {
        let length = self.number()?;
        if length < 0 {
            return Some(None);
        }
        let length = usize::try_from(length).ok().filter(|length| *length <= TEXT_MAX && *length <= self.rest.len())?;
        let (text, rest) = self.rest.split_at(length);
        self.rest = rest;
        Some(Some(String::from_utf8_lossy(text).into_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(version: (u8, u8)) -> Vec<u8> {
        let number = |value: u32| [&[0], &value.to_le_bytes()[..]].concat();
        let mut bytes = [MAGIC, &[version.0, version.1, 0, 4, 8, 1]].concat();
        bytes.extend(if version >= ONE_BYTE { vec![1] } else { number(6) });
        for part in [5, 4, 3, 30, 10, 126, 0] {
            bytes.extend(number(part));
        }
        for text in ["chain_db", "17.10", "17.10 (Debian)"] {
            bytes.extend(number(u32::try_from(text.len()).unwrap()));
            bytes.extend(text.as_bytes());
        }
        bytes
    }

    #[test]
    fn archives_of_every_version_say_what_they_are_of() {
        for version in [(1, 14), (1, 15), (1, 16)] {
            let header = Header::parse(&archive(version)).unwrap();
            assert_eq!((header.version, header.database.as_deref()), (version, Some("chain_db")));
            assert_eq!(header.stamped.as_deref(), Some("2026-11-30 03:04:05"));
            assert_eq!(header.dumped_by.as_deref().and_then(major), Some(17));
        }
    }

    #[test]
    fn what_is_cut_off_is_no_header() {
        let whole = archive((1, 14));
        for at in 0..whole.len() {
            assert_eq!(Header::parse(&whole[..at]), None, "{at}");
        }
        let mut huge = whole;
        huge[52..57].copy_from_slice(&[0, 255, 255, 255, 127]);
        assert_eq!(Header::parse(&huge), None);
    }

    #[test]
    fn scripts_say_it_in_their_comments() {
        let text = b"--\n-- PostgreSQL database dump\n--\n\n-- Dumped from database version 15.18 (Debian)\n\
                     -- Dumped by pg_dump version 17.10\n";
        let header = Header::of_script(text);
        assert_eq!((header.server.as_deref(), header.dumped_by.as_deref()), (Some("15.18"), Some("17.10")));
        assert_eq!(header.database, None);
    }
}
