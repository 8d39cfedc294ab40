//! A transaction id that a person gives: the first that may not have been over at the cutover.

use std::fmt;

use crate::delta::{FIRST_NORMAL, Horizon};
use crate::error::{Error, ErrorKind, Result};

/// A transaction id as a person has it: from a line of the server's log (`%x`), from `pg_controldata`, or from a query. Rows
/// and logs have 32 bits of it; the rest, the epoch, says how often these have gone round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GivenXid {
    /// `None`: it was not given, and the number is all of it or its lowest 32 bits.
    epoch: Option<u32>,
    number: u64,
}

impl GivenXid {
    /// Reads `741`, or `0:741` with the epoch.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] if the text is something else.
    pub fn parse(text: &str) -> Result<Self> {
        Self::read(text).map_err(|cause| Error::new(ErrorKind::Usage, "read the transaction id").because(cause))
    }

    /// Reads the text; the error is a sentence for whoever knows the place.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let strange = || format!("`{text}` is no transaction id: write a number, or epoch and number, as in 741 or 0:741");
        let number = |part: &str| {
            let digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            part.parse::<u64>().ok().filter(|_| digits).ok_or_else(strange)
        };
        let given = match text.split_once(':') {
            None => Self { epoch: None, number: number(text)? },
            Some((epoch, rest)) => {
                let epoch = u32::try_from(number(epoch)?).map_err(|_| strange())?;
                Self { epoch: Some(epoch), number: u32::try_from(number(rest)?).map_err(|_| strange())?.into() }
            }
        };
        if given.number % (1 << 32) < FIRST_NORMAL.into() {
            return Err(format!("`{text}` is the id of no transaction: the first is {FIRST_NORMAL}"));
        }
        Ok(given)
    }

    /// Returns the horizon that is meant, on a server whose next transaction has the id `next`.
    ///
    /// # Errors
    /// A sentence where the server has not come so far, or where 32 bits may stand for more than one id.
    pub fn resolve(self, next: u64) -> Result<Horizon, String> {
        let whole = self.epoch.map_or(self.number, |epoch| (u64::from(epoch) << 32) + self.number);
        if whole > next {
            return Err(format!("the server has not come so far: its next transaction is {}", spelt(next)));
        }
        // 32 bits that have been given out again since.
        let latest = u32::try_from(whole).ok().and_then(|bits| Horizon::latest(bits, next));
        match latest {
            Some(latest) if self.epoch.is_none() && latest.xid() != whole => Err(format!(
                "it may be {} or one from before: the server's next transaction is {}, and rows and logs have 32 bits of an id",
                spelt(latest.xid()),
                spelt(next)
            )),
            _ => Ok(Horizon::new(whole)),
        }
    }
}

/// An id with its epoch.
fn spelt(xid: u64) -> String {
    format!("{}:{}", xid >> 32, xid % (1 << 32))
}

impl fmt::Display for GivenXid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.epoch.map_or(Ok(()), |epoch| write!(f, "{epoch}:"))?;
        write!(f, "{}", self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUND: u64 = 1 << 32;

    #[test]
    fn numbers_are_read_with_and_without_an_epoch() {
        for (text, next, xid) in [("741", 800, 741), (" 0:741", 800, 741), ("2:5", 3 * ROUND, 2 * ROUND + 5), ("800", 800, 800)]
        {
            let given = GivenXid::parse(text).expect("an id");
            assert_eq!((given.to_string().as_str(), given.resolve(next)), (text.trim(), Ok(Horizon::new(xid))));
        }
        let whole = (2 * ROUND + 5).to_string();
        assert_eq!(GivenXid::parse(&whole).expect("an id").resolve(3 * ROUND), Ok(Horizon::new(2 * ROUND + 5)));
    }

    #[test]
    fn what_the_server_has_not_come_to_or_may_mean_two_ids_is_refused() {
        let refused = |text: &str, next| GivenXid::parse(text).expect("an id").resolve(next).expect_err("no horizon");
        assert_eq!(refused("801", 800), "the server has not come so far: its next transaction is 0:800");
        assert_eq!(refused("1:3", 800), "the server has not come so far: its next transaction is 0:800");
        assert!(refused("741", ROUND + 800).starts_with("it may be 1:741 or one from before"));
        // These bits have been given out once.
        assert_eq!(GivenXid::parse("801").expect("an id").resolve(ROUND + 800), Ok(Horizon::new(801)));
        assert_eq!(GivenXid::parse("0:741").expect("an id").resolve(ROUND + 800), Ok(Horizon::new(741)));
    }

    #[test]
    fn everything_else_is_no_id() {
        for text in ["", "x", "-1", "+5", "1.5", "0:", ":5", "0:4294967296", "4294967296:5", "1:2:3", "0x10"] {
            assert_eq!(
                format!("{:?}", GivenXid::parse(text).unwrap_err()),
                format!(
                    "Usage: read the transaction id; `{text}` is no transaction id: write a number, or epoch and number, as in \
                     741 or 0:741"
                )
            );
        }
        for text in ["0", "2", "5:1", "4294967296"] {
            assert!(GivenXid::parse(text).is_err(), "{text} stands for no transaction");
        }
    }
}
