//! Random values of the types that have a lane of their own, with the server as oracle: whatever NEW holds, OLD has byte for
//! byte.
//!
//! The seed is the clock's, and is printed when the test fails; `FAILBACK_SEED` repeats it.

use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use failback::name::literal;

use super::super::support::{self, Dice};
use super::made::MAKING;
use super::subject::Subject;
use super::{fill, on_both_sides, prove};

/// How many values of each type.
const VALUES: usize = 30;

impl Dice {
    /// A number from one bound to the other, both included; near a bound more often than far from both.
    fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = i128::from(high) - i128::from(low);
        let roll = i128::from(self.roll());
        let offset = match self.roll() % 4 {
            0 => roll % 3.min(span + 1),
            1 => span - roll % 3.min(span + 1),
            // Any magnitude, not only the greatest.
            2 => (roll >> (self.roll() % 64)) % (span + 1),
            _ => roll % (span + 1),
        };
        i64::try_from(i128::from(low) + offset).expect("between the bounds")
    }

    fn count(&mut self, high: i64) -> usize {
        usize::try_from(self.between(0, high)).expect("not below zero")
    }

    fn digits(&mut self, most: i64) -> String {
        (0..self.count(most)).map(|_| char::from(b'0' + u8::try_from(self.roll() % 10).expect("a digit"))).collect()
    }

    fn sign(&mut self) -> &'static str {
        if self.roll().is_multiple_of(2) { "-" } else { "" }
    }

    fn text(&mut self) -> String {
        let length = self.count(40);
        let special = ['"', '\'', '\\', '{', '}', ',', ' ', '(', ')', '\n', '\t', '\u{1}', '\u{7f}', 'ü', '€', '😀', '\u{301}'];
        let mut next = || match self.roll() % 3 {
            0 => special[usize::try_from(self.roll() % special.len() as u64).expect("an index")],
            1 => char::from(b'a' + u8::try_from(self.roll() % 26).expect("a letter")),
            _ => char::from_u32(u32::try_from(1 + self.roll() % 0x0010_ffff).expect("a number")).unwrap_or('x'),
        };
        (0..length).map(|_| next()).collect()
    }

    fn hex(&mut self, most: i64) -> String {
        (0..self.count(most)).fold(String::new(), |mut text, _| {
            let _ = write!(text, "{:02x}", self.roll() & 0xff);
            text
        })
    }

    fn numeric(&mut self) -> String {
        match self.roll() % 12 {
            0 => "NaN".to_owned(),
            1 => format!("{}0.{}", self.sign(), "0".repeat(self.count(20))),
            2 => format!("{}{}0000{}.{}0000", self.sign(), 1 + self.roll() % 9, "0".repeat(self.count(12)), self.digits(9)),
            _ => format!("{}0{}.{}0", self.sign(), self.digits(60), self.digits(60)),
        }
    }

    fn moment(&mut self) -> String {
        // In whole microseconds since 2000, as far as the server's own arithmetic is exact.
        let (day, clock) = (self.between(-2_451_544, 106_741_034), self.between(0, 86_399_999_999));
        format!("date '2000-01-01' + {day} + time '00:00' + {clock} * interval '1 microsecond'")
    }

    fn range(&mut self, bound: fn(&mut Self) -> String) -> String {
        let ends = [self.roll(), self.roll(), self.roll()].map(|roll| roll.is_multiple_of(3));
        let name = |ends: &[bool]| format!("{}{}", if ends[0] { "(" } else { "[" }, if ends[1] { "]" } else { ")" });
        let mut side = |open: bool| if open { "null".to_owned() } else { bound(self) };
        let (one, other) = (side(ends[2]), side(false));
        format!("least({one}, {other}), greatest({one}, {other}), '{}'", name(&ends))
    }

    /// A value of a type, as an SQL expression.
    fn value(&mut self, name: &str) -> String {
        match name {
            "int2" => self.between(i16::MIN.into(), i16::MAX.into()).to_string(),
            "int4" => self.between(i32::MIN.into(), i32::MAX.into()).to_string(),
            "int8" => literal(&self.between(i64::MIN, i64::MAX).to_string()),
            "oid" => self.between(0, u32::MAX.into()).to_string(),
            "xid8" => literal(&self.roll().to_string()),
            "float4" => literal(&f32::from_bits(u32::try_from(self.roll() >> 32).expect("32 bits")).to_string()),
            "float8" => literal(&f64::from_bits(self.roll()).to_string()),
            "numeric" => literal(&self.numeric()),
            "numeric(20,6)" => literal(&format!("{}0{}.{}", self.sign(), self.digits(14), self.digits(6))),
            "money" => {
                format!("({}::numeric / 100)::money", literal(&self.between(i64::MIN / 100, i64::MAX / 100).to_string()))
            }
            "text" | "varchar" | "citext" => literal(&self.text()),
            "json" | "jsonb" => {
                format!("jsonb_build_object({}, {}::numeric, 'n', null)", literal(&self.text()), self.digits(30) + "0.10")
            }
            "bytea" => literal(&format!("\\x{}", self.hex(60))),
            "uuid" => literal(&format!("{:016x}{:016x}", self.roll(), self.roll())),
            "bool" => self.roll().is_multiple_of(2).to_string(),
            "char" => format!("({})::\"char\"", self.between(-128, 127)),
            "date" => format!("date '2000-01-01' + {}", self.between(-2_451_545, 2_145_031_948)),
            "time" => format!("time '00:00' + {} * interval '1 microsecond'", self.between(0, 86_399_999_999)),
            "timetz" => {
                let (clock, zone) = (self.between(0, 86_399_999_999), self.between(-57_599, 57_599));
                let zone = format!(
                    "{}{:02}:{:02}:{:02}",
                    if zone < 0 { '-' } else { '+' },
                    zone.abs() / 3600,
                    zone.abs() / 60 % 60,
                    zone.abs() % 60
                );
                format!("((time '00:00' + {clock} * interval '1 microsecond')::text || '{zone}')::timetz")
            }
            "timestamp" => self.moment(),
            "timestamptz" => format!("({}) at time zone 'UTC'", self.moment()),
            "interval" => format!(
                "make_interval(months => {}, days => {}) + {} * interval '1 microsecond'",
                self.between(i32::MIN.into(), i32::MAX.into()),
                self.between(i32::MIN.into(), i32::MAX.into()),
                self.between(-(1 << 52), 1 << 52),
            ),
            "inet" | "cidr" => {
                let bytes = self.roll().to_be_bytes();
                let text = if self.roll().is_multiple_of(2) {
                    format!("{}.{}.{}.{}/{}", bytes[0], bytes[1], bytes[2], bytes[3], self.between(0, 32))
                } else {
                    format!("{:x}:{:x}:0:0:{:x}::{:x}/{}", bytes[0], bytes[1], bytes[2], bytes[3], self.between(0, 128))
                };
                if name == "cidr" { format!("network('{text}'::inet)") } else { literal(&text) }
            }
            "macaddr" => literal(&format!("{:012x}", self.roll() >> 16)),
            "macaddr8" => literal(&format!("{:016x}", self.roll())),
            "varbit" => format!(
                "B'{}'",
                (0..self.count(70)).map(|_| if self.roll().is_multiple_of(2) { '1' } else { '0' }).collect::<String>()
            ),
            "point" => format!("point({}::float8, {}::float8)", self.value("float8"), self.value("float8")),
            "tsvector" => {
                format!("array_to_tsvector(array[{}, 'x' || {}])", literal(&format!("a{}", self.text())), literal(&self.text()))
            }
            "int8range" => format!("int8range({})", self.range(|dice| dice.between(-(1 << 40), 1 << 40).to_string())),
            "numrange" => format!("numrange({})", self.range(|dice| format!("{}::numeric", literal(&dice.numeric())))),
            other => panic!("no random values of {other}"),
        }
    }
}

const TYPES: [&str; 34] = [
    "int2",
    "int4",
    "int8",
    "oid",
    "xid8",
    "float4",
    "float8",
    "numeric",
    "numeric(20,6)",
    "money",
    "text",
    "varchar",
    "citext",
    "json",
    "jsonb",
    "bytea",
    "uuid",
    "bool",
    "char",
    "date",
    "time",
    "timetz",
    "timestamp",
    "timestamptz",
    "interval",
    "inet",
    "cidr",
    "macaddr",
    "macaddr8",
    "varbit",
    "point",
    "tsvector",
    "int8range",
    "numrange",
];

/// Tells the seed if the test fails.
struct Told(u64);

impl Drop for Told {
    #[expect(clippy::print_stderr, reason = "the one thing that a failing case must leave behind")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("repeat with FAILBACK_SEED={}", self.0);
        }
    }
}

#[test]
fn random_values_come_home_byte_for_byte() {
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock behind 1970").as_nanos();
    let fresh = u64::try_from(clock & u128::from(u64::MAX)).expect("64 bits");
    let seed = std::env::var("FAILBACK_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(fresh);
    let _told = Told(seed);
    let mut dice = Dice::seeded(seed);
    let pair = support::pair("random");
    on_both_sides(|side| support::sql(pair.url(side), &format!("{MAKING} create extension citext")));
    let subjects: Vec<_> = TYPES
        .iter()
        .map(|name| Subject {
            name: (*name).to_owned(),
            table: (*name).to_owned(),
            sql: if *name == "char" { "\"char\"".to_owned() } else { (*name).to_owned() },
            values: (0..VALUES).map(|_| dice.value(name)).collect(),
            has_array: true,
            is_binary: true,
        })
        .collect();
    fill(&pair, &subjects);
    prove(pair, &subjects);
}
