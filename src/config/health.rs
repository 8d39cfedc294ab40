//! Pages that say whether a side serves.

use std::path::PathBuf;

use super::{Overlap, WebAddress};
use crate::error::Result;
use crate::name::Side;
use crate::policy::keys::Section;

/// A page, as `[[health]]` says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// How it is called.
    pub name: String,
    /// Where it is.
    pub url: WebAddress,
    /// Whose it is.
    pub side: Side,
    /// The status of a service that serves.
    pub expect: u16,
    /// How long an answer may take.
    pub timeout: Overlap,
    /// The file of the authorities that may have signed its certificate.
    pub ca: Option<PathBuf>,
    /// The file of a token that it wants, as a bearer's.
    pub token_file: Option<PathBuf>,
    /// Where its host is, whatever its name leads to.
    pub resolve: Option<String>,
    /// How many redirects are followed.
    pub redirects: u32,
}

impl Health {
    /// Reads all pages, each under `[[health]]`.
    pub(super) fn read_all(sections: &[Section<'_>]) -> Result<Vec<Self>> {
        let mut read: Vec<Self> = Vec::with_capacity(sections.len());
        for section in sections {
            let health = Self::read(section)?;
            if let Some(entry) = section.entry("name").filter(|_| read.iter().any(|known| known.name == health.name)) {
                return Err(entry.value_error(format!("`{}` is the name of two pages", health.name)));
            }
            read.push(health);
        }
        Ok(read)
    }

    fn read(section: &Section<'_>) -> Result<Self> {
        section.check(&["name", "url", "side", "expect", "timeout", "ca", "token_file", "resolve", "redirects"])?;
        let url = section.entry("url").ok_or_else(|| section.lacks("url"))?;
        let side = section.entry("side").map(|entry| match entry.text()? {
            "old" => Ok(Side::Old),
            "new" => Ok(Side::New),
            _ => Err(entry.value_error("`side` is neither `old` nor `new`")),
        });
        let number = |key: &str, most: i64| {
            let read = |entry: crate::policy::keys::Entry<'_>| {
                let number = entry.value().and_then(toml_edit::Value::as_integer).filter(|number| (0..=most).contains(number));
                number.ok_or_else(|| entry.value_error(format!("`{key}` must be a whole number up to {most}")))
            };
            section.entry(key).map(read).transpose()
        };
        let url = WebAddress::read(&url)?;
        let expect = number("expect", 999)?.and_then(|number| u16::try_from(number).ok());
        let redirects = number("redirects", 10)?.and_then(|number| u32::try_from(number).ok());
        Ok(Self {
            name: section.text("name")?.unwrap_or_else(|| format!("{url:?}").trim_end_matches("/…").to_owned()),
            url,
            side: side.transpose()?.unwrap_or(Side::New),
            expect: expect.unwrap_or(200),
            timeout: timeout(section)?,
            ca: section.text("ca")?.map(PathBuf::from),
            token_file: section.text("token_file")?.map(PathBuf::from),
            resolve: section.text("resolve")?,
            redirects: redirects.unwrap_or(0),
        })
    }
}

/// How long an answer may take unless it is said, in seconds.
const PATIENCE: u32 = 5;

/// Reads how long an answer may take.
pub(super) fn timeout(section: &Section<'_>) -> Result<Overlap> {
    let Some(entry) = section.entry("timeout") else { return Ok(Overlap::of_seconds(PATIENCE)) };
    let read = Overlap::read(entry.text()?).map_err(|cause| entry.value_error(cause))?;
    if read.seconds() == 0 {
        return Err(entry.value_error("`timeout` must be longer than nothing"));
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn read(text: &str) -> Result<Vec<Health>, String> {
        let config = Config::parse(&format!("[[health]]\n{text}"), "failback.toml");
        config.map(|config| config.health().to_vec()).map_err(|error| format!("{error:?}"))
    }

    #[test]
    fn a_page_is_news_and_says_200_unless_it_is_said() {
        let page = &read("url = \"https://shop.example.org/health?token=hunter2\"").unwrap()[0];
        assert_eq!((page.name.as_str(), page.side, page.expect), ("https://shop.example.org", Side::New, 200));
        assert_eq!((page.timeout.seconds(), page.redirects), (5, 0));
        assert!(!format!("{page:?}").contains("hunter2"));
        let page = &read("url = \"http://a\"\nside = \"old\"\nexpect = 204\nresolve = \"10.0.0.4\"\nname = \"x\"").unwrap()[0];
        assert_eq!((page.side, page.expect, page.resolve.as_deref()), (Side::Old, 204, Some("10.0.0.4")));
    }

    #[test]
    fn slips_are_told_with_their_line_and_no_secret() {
        let cases = [
            ("urll = \"http://a\"", "did you mean `url`?"),
            ("name = \"x\"", "`url`"),
            ("url = \"ftp://hunter2\"", "must begin with http"),
            ("url = \"http://u:hunter2@a/\"", "holds a user"),
            ("url = \"http://a/hunter2 b\"", "spelt out"),
            ("url = \"http://a\"\nside = \"both\"", "neither `old` nor `new`"),
            ("url = \"http://a\"\nexpect = \"200\"", "whole number up to 999"),
            ("url = \"http://a\"\ntimeout = \"0s\"", "longer than nothing"),
            ("url = \"http://a\"\nname = \"x\"\n[[health]]\nurl = \"http://b\"\nname = \"x\"", "name of two pages"),
        ];
        for (text, cause) in cases {
            let told = read(text).unwrap_err();
            assert!(told.contains("failback.toml:") && told.contains(cause) && !told.contains("hunter2"), "{told}");
        }
    }
}
