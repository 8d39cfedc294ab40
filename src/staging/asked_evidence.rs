//! What an export was asked to go by, beside the rows themselves: a run is gone on with by the same evidence.

use serde::{Deserialize, Serialize};

use crate::name::{Side, Sided};

/// The evidence that was named, on the command line or in the configuration; nothing of it where none was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedEvidence {
    /// The mark's digest.
    pub mark_blake3: Option<String>,
    /// The baseline's digest.
    pub baseline_blake3: Option<String>,
    /// The transaction ids that a person gave, as they were written.
    pub xids: Sided<Option<String>>,
    /// Whether it was to be estimated from rows which transactions were over.
    pub estimates: bool,
    /// Where the server with the cutover's state was, without its user.
    pub base: Option<String>,
}

impl AskedEvidence {
    /// Lists what is named now and was not named so at the export, as the options that name it.
    #[must_use]
    pub fn beside(&self, then: &Self) -> Vec<&'static str> {
        let differs = |now: &Option<String>, then: &Option<String>| now.is_some() && now != then;
        let xid = |side: Side| differs(self.xids.get(side), then.xids.get(side));
        let tests = [
            ("--mark", differs(&self.mark_blake3, &then.mark_blake3)),
            ("--baseline", differs(&self.baseline_blake3, &then.baseline_blake3)),
            ("--old-xid", xid(Side::Old)),
            ("--new-xid", xid(Side::New)),
            ("--estimate", self.estimates && !then.estimates),
            ("--base", differs(&self.base, &then.base)),
        ];
        tests.into_iter().filter(|(_, is_other)| *is_other).map(|(option, _)| option).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_now_and_was_not_is_listed() {
        let text = |text: &str| Some(text.to_owned());
        let then = AskedEvidence { mark_blake3: text("a"), base: text("h:1"), ..AskedEvidence::default() };
        assert!(AskedEvidence::default().beside(&then).is_empty(), "what is not named now cannot differ");
        assert!(then.beside(&then).is_empty());
        let now = AskedEvidence {
            mark_blake3: text("b"),
            baseline_blake3: text("c"),
            xids: Sided { old: text("1"), new: None },
            estimates: true,
            base: text("h:2"),
        };
        assert_eq!(now.beside(&then), ["--mark", "--baseline", "--old-xid", "--estimate", "--base"]);
        assert_eq!(AskedEvidence { xids: Sided { old: None, new: text("2") }, ..then.clone() }.beside(&then), ["--new-xid"]);
    }
}
