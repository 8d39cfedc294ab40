//! The seal of the run's own files: each ends with its own digest, over every byte before it. What is read is checked first, so
//! that one flipped bit is damage wherever it is: in a value, a name, a space, or in the seal itself.

/// How a seal is written at the end of a text.
pub(super) struct Seal {
    lead: &'static str,
    close: &'static str,
}

/// At the end of an index: its last entry, on a line of its own.
pub(super) const OF_FILE: Seal = Seal { lead: "  \"own_blake3\": \"", close: "\"\n}\n" };

/// At the end of a line of the journal.
pub(super) const OF_LINE: Seal = Seal { lead: ",\"own_blake3\":\"", close: "\"}" };

/// Digits of a blake3 digest.
const DIGITS: usize = 64;

/// What was found at the end of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The digest of the text before it.
    Sound(String),
    /// A seal, and not that of the text before it.
    Broken,
    /// No seal.
    Missing,
}

impl Seal {
    /// Adds the seal to a text that lacks nothing else; returns the digest too.
    pub(super) fn put(&self, mut text: String) -> (String, String) {
        let digest = blake3::hash(text.as_bytes()).to_hex().to_string();
        text.extend([self.lead, &digest, self.close]);
        (text, digest)
    }

    /// Looks for the seal, and checks it.
    pub(super) fn check(&self, text: &[u8]) -> Found {
        let Some(end) = text.len().checked_sub(self.lead.len() + DIGITS + self.close.len()) else { return Found::Missing };
        let (head, tail) = text.split_at(end);
        let digits = tail.strip_prefix(self.lead.as_bytes()).and_then(|rest| rest.strip_suffix(self.close.as_bytes()));
        let Some(digits) = digits else { return Found::Missing };
        let digest = blake3::hash(head).to_hex().to_string();
        if digits == digest.as_bytes() { Found::Sound(digest) } else { Found::Broken }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flipped_bit_and_every_cut_is_found() {
        for (seal, head) in [(OF_FILE, "{\n  \"a\": [\n    1\n  ],\n"), (OF_LINE, "{\"a\":[1]")] {
            let (text, digest) = seal.put(head.to_owned());
            assert_eq!(seal.check(text.as_bytes()), Found::Sound(digest));
            serde_json::from_str::<serde_json::Value>(&text).unwrap();
            for at in 0..text.len() {
                assert!(!matches!(seal.check(&text.as_bytes()[..at]), Found::Sound(_)), "cut at {at}");
                for bit in 0..8 {
                    let mut bytes = text.clone().into_bytes();
                    bytes[at] ^= 1 << bit;
                    assert!(!matches!(seal.check(&bytes), Found::Sound(_)), "bit {bit} of byte {at}");
                }
            }
        }
    }
}
