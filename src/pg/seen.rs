//! Which transactions a snapshot shows.

use super::session::Session;
use crate::delta::Horizon;
use crate::error::{Error, ErrorKind, Result};

const SNAPSHOT: &str = include_str!("../../sql/session/snapshot.sql");

/// The transactions that a snapshot shows, of those that have committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// All below were over.
    below: u64,
    /// None from here on was.
    next: u64,
    /// Those in between that were not.
    going_on: Vec<u64>,
}

impl Seen {
    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let (below, next, list) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?);
        let going_on = list.split(',').filter(|id| !id.is_empty()).map(|id| id.parse().ok()).collect::<Option<_>>()?;
        Some(Self { below, next, going_on })
    }

    /// Returns the id from which on no transaction is seen.
    #[must_use]
    pub const fn next(&self) -> u64 {
        self.next
    }

    /// Whether what a transaction has committed is seen. Of its id the lowest 32 bits are given: it is no further from the
    /// snapshot than half of what they can say, as a server does not let a slot get.
    #[must_use]
    pub fn sees(&self, bits: u32) -> bool {
        let low = u32::try_from(self.next & u64::from(u32::MAX)).unwrap_or(0);
        // How far it lies ahead, around the end of the numbers.
        let ahead = bits.wrapping_sub(low);
        if ahead < 1 << 31 {
            return false;
        }
        let id = Horizon::latest(bits, self.next).map_or(0, Horizon::xid);
        id < self.below || !self.going_on.contains(&id)
    }
}

impl Session {
    /// Asks which transactions the session sees: under a snapshot those that its rows show.
    ///
    /// # Errors
    /// What the server said.
    pub async fn seen(&self) -> Result<Seen> {
        let rows = self.query(SNAPSHOT, &[]).await?;
        let read = rows.first().and_then(|row| row.try_get::<_, String>("snapshot").ok()).and_then(|text| Seen::read(&text));
        read.ok_or_else(|| Error::new(ErrorKind::Malformed, "ask which transactions are seen").at(self.place()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_going_on_or_came_later_is_not_seen() {
        let seen = Seen::read("700:710:702,705").unwrap();
        for (id, is_seen) in
            [(3, true), (699, true), (700, true), (702, false), (704, true), (705, false), (709, true), (710, false)]
        {
            assert_eq!(seen.sees(id), is_seen, "{id}");
        }
        assert!(Seen::read("700:710:").unwrap().sees(709));
        for text in ["", "1", "1:2", "a:b:", "1:2:x"] {
            assert_eq!(Seen::read(text), None, "{text}");
        }
    }

    #[test]
    fn ids_are_told_apart_around_the_end_of_their_32_bits() {
        let seen = Seen::read("4294967290:4294967300:4294967298").unwrap();
        assert!(seen.sees(4_294_967_295) && seen.sees(1) && seen.sees(3));
        assert!(!seen.sees(2) && !seen.sees(4) && !seen.sees(5));
    }
}
