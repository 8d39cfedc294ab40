//! Rows that were picked on a page: `[[row]]` as in `decisions.toml`, and the digest of the diff that the page shows.

use super::RowPick;
use super::keys::{Section, Source};
use crate::error::{Error, ErrorKind, Result};

/// Rows that were picked on a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// The digest that the diff bears which the page shows.
    pub diff_blake3: String,
    /// The rows, in the order in which they were picked.
    pub picks: Vec<RowPick>,
}

/// What a page calls the diff.
const DIFF: &str = "diff_blake3";

impl Fragment {
    /// Reads one.
    ///
    /// # Errors
    /// `Config` at `file:line:column` for text that is not TOML, for anything but rows and the diff's digest, and for a row
    /// that is picked twice or makes no sense.
    pub fn read(text: &str, file: &str) -> Result<Self> {
        let source = Source::new("read the picks", file, text);
        let document = source.parse()?;
        let root = Section::root(&source, &document);
        root.check(&[DIFF, "row"])?;
        let none = || {
            let cause = format!("it has no `{DIFF}`: of which diff are they?");
            Error::new(ErrorKind::Config, "read the picks").at(file).because(cause)
        };
        let diff_blake3 = root.text(DIFF)?.ok_or_else(none)?;
        Ok(Self { diff_blake3, picks: RowPick::read_all(&root)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Resolution;

    #[test]
    fn rows_are_read_with_the_digest_and_nothing_else_is() {
        let row =
            "[[row]]\ndatabase = \"shop\"\ntable = \"a.b\"\nkey = { \"id\" = \"7\" }\nresolution = \"skip\"\nby = \"ada\"\n";
        let read = Fragment::read(&format!("# picked\ndiff_blake3 = \"d\"\n{row}"), "f.toml").unwrap();
        assert_eq!((read.diff_blake3.as_str(), read.picks.len()), ("d", 1));
        assert_eq!((read.picks[0].resolution, read.picks[0].key["id"].as_str()), (Resolution::Skip, "7"));
        let fault = |text: &str| format!("{:?}", Fragment::read(text, "f.toml").unwrap_err());
        assert_eq!(fault(row), "Config: read the picks (f.toml); it has no `diff_blake3`: of which diff are they?");
        let more = format!("diff_blake3 = \"d\"\n{row}[defaults]\ndelete = \"apply_new\"\n");
        assert!(fault(&more).contains("unknown key `defaults`"), "{}", fault(&more));
        assert!(fault(&format!("diff_blake3 = \"d\"\n{row}{row}")).contains("picked twice"));
    }
}
