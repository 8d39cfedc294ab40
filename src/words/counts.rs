//! Numbers by the values of an enumeration.

use std::collections::BTreeMap;
use std::fmt;
use std::iter::Sum;
use std::marker::PhantomData;
use std::ops::AddAssign;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Word;

/// How many there are of each value of an enumeration. In JSON an object of word and number; values that there are none of are
/// left out.
#[derive(Clone, PartialEq, Eq)]
pub struct Counts<K>(BTreeMap<K, u64>);

impl<K: Word> Counts<K> {
    /// Begins with none of anything.
    #[must_use]
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Returns how many there are of one value.
    #[must_use]
    pub fn get(&self, value: K) -> u64 {
        self.0.get(&value).copied().unwrap_or(0)
    }

    /// Counts so many more.
    pub fn add(&mut self, value: K, more: u64) {
        if more > 0 {
            *self.0.entry(value).or_insert(0) += more;
        }
    }

    /// Returns how many there are in all.
    #[must_use]
    pub fn sum(&self) -> u64 {
        self.0.values().sum()
    }

    /// Returns how many there are of the values that are asked for.
    #[must_use]
    pub fn sum_of(&self, is_wanted: impl Fn(K) -> bool) -> u64 {
        self.iter().filter(|(value, _)| is_wanted(*value)).map(|(_, number)| number).sum()
    }

    /// Lists the values that there are any of, in the order of the enumeration.
    pub fn iter(&self) -> impl Iterator<Item = (K, u64)> {
        self.0.iter().map(|(value, number)| (*value, *number))
    }

    /// Whether there are none of anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<K: Word> Default for Counts<K> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Word> AddAssign<&Self> for Counts<K> {
    fn add_assign(&mut self, other: &Self) {
        for (value, more) in other.iter() {
            self.add(value, more);
        }
    }
}

impl<'a, K: Word> Sum<&'a Self> for Counts<K> {
    fn sum<I: Iterator<Item = &'a Self>>(parts: I) -> Self {
        parts.fold(Self::new(), |mut total, part| {
            total += part;
            total
        })
    }
}

impl<K: Word> FromIterator<(K, u64)> for Counts<K> {
    fn from_iter<I: IntoIterator<Item = (K, u64)>>(pairs: I) -> Self {
        let mut counts = Self::new();
        for (value, more) in pairs {
            counts.add(value, more);
        }
        counts
    }
}

impl<K: Word> fmt::Debug for Counts<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter().map(|(value, number)| (value.word(), number))).finish()
    }
}

impl<K: Word> Serialize for Counts<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(value, number)| (value.word(), number)))
    }
}

impl<'de, K: Word> Deserialize<'de> for Counts<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ByWord(PhantomData))
    }
}

struct ByWord<K>(PhantomData<K>);

impl<'de, K: Word> Visitor<'de> for ByWord<K> {
    type Value = Counts<K>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("numbers by word")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Counts<K>, A::Error> {
        let mut counts = Counts::new();
        while let Some((word, number)) = map.next_entry::<String, u64>()? {
            counts.add(K::read(&word).map_err(A::Error::custom)?, number);
        }
        Ok(counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    enum Fruit {
        Pear,
        Apple,
    }

    impl Word for Fruit {
        const ALL: &'static [Self] = &[Self::Pear, Self::Apple];

        fn word(self) -> &'static str {
            match self {
                Self::Pear => "pear",
                Self::Apple => "apple",
            }
        }
    }

    #[test]
    fn what_there_is_none_of_is_not_listed_and_the_order_is_that_of_the_enumeration() {
        let mut counts = Counts::from_iter([(Fruit::Apple, 2), (Fruit::Pear, 0)]);
        assert_eq!((counts.get(Fruit::Apple), counts.get(Fruit::Pear)), (2, 0));
        assert_eq!(serde_json::to_string(&counts).unwrap(), r#"{"apple":2}"#);
        counts += &Counts::from_iter([(Fruit::Apple, 1), (Fruit::Pear, 4)]);
        assert_eq!(counts.iter().collect::<Vec<_>>(), [(Fruit::Pear, 4), (Fruit::Apple, 3)]);
        assert_eq!((counts.sum(), counts.sum_of(|fruit| fruit == Fruit::Pear)), (7, 4));
        assert_eq!(format!("{counts:?}"), r#"{"pear": 4, "apple": 3}"#);
        assert!(Counts::<Fruit>::new().is_empty() && !counts.is_empty());
    }

    #[test]
    fn json_reads_back_and_unknown_words_do_not() {
        let counts: Counts<Fruit> = [(Fruit::Apple, 3), (Fruit::Pear, 4)].into_iter().collect();
        let json = serde_json::to_string(&counts).unwrap();
        assert_eq!(json, r#"{"pear":4,"apple":3}"#);
        assert_eq!(serde_json::from_str::<Counts<Fruit>>(&json).unwrap(), counts);
        let error = serde_json::from_str::<Counts<Fruit>>(r#"{"plum":1}"#).unwrap_err();
        assert!(error.to_string().starts_with("no such word: plum"), "{error}");
        assert!(serde_json::from_str::<Counts<Fruit>>(r#"{"pear":-1}"#).is_err());
    }
}
