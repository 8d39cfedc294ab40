//! The types of the typed lane, their edge values, and how a server makes random ones.

/// One type, and how the server makes values of it.
pub(super) struct Case {
    /// The type, for SQL.
    pub(super) sql: &'static str,
    /// Literals.
    pub(super) edges: &'static [&'static str],
    /// An expression of a random value; its row's number is `g`.
    pub(super) random: &'static str,
    /// The first major version that knows the edges.
    pub(super) since: u32,
    /// Whether every value's text is read back to the same bits.
    pub(super) reads_back: bool,
}

const fn case(sql: &'static str, edges: &'static [&'static str], random: &'static str) -> Case {
    Case { sql, edges, random, since: 13, reads_back: true }
}

const BIG: &str = "('1e' || (random() * 80)::int - 40)::numeric * (random() * 2e9 - 1e9)::int8";
const ADDRESS: &str = "case when g % 3 = 0 then set_masklen(translate(substr(md5(random()::text), 1, 4) || ':' || \
     substr(md5(random()::text), 1, 3) || '::' || case when g % 2 = 0 then 'ffff:10.1.2.3' else '7:0:0:1' end, '', '')::inet, \
     (random() * 128)::int) else set_masklen('0.0.0.0'::inet + (random() * 4294967295)::int8, (random() * 32)::int) end";
const LETTERS: &str = "(array['', 'NULL', 'null', ' ', 'a b', E'a\\\\b\"c', '{}', 'é€😀', E'\\t\\n\\r\\x01', ',', \
                       repeat('x', 300)])\
     [1 + (random() * 10)::int] || case when g % 2 = 0 then g::text else '' end";

/// Returns every type of the typed lane.
pub(super) fn cases() -> Vec<Case> {
    plain().into_iter().chain(times()).chain(others()).collect()
}

fn plain() -> Vec<Case> {
    vec![
        case("bool", &["t", "f"], "random() < 0.5"),
        case("int2", &["-32768", "32767"], "(random() * 65535 - 32768)::int::int2"),
        case("int4", &["-2147483648", "2147483647"], "(random() * 4294967295 - 2147483648)::int8::int4"),
        case("int8", &["-9223372036854775808", "9223372036854775807"], "(random() * 1e18 - 5e17)::int8"),
        case("oid", &["0", "4294967295"], "((random() * 4294967295)::int8)::oid"),
        case("xid", &["0", "4294967295"], "((random() * 4294967295)::int8)::text::xid"),
        case("cid", &["0", "4294967295"], "((random() * 4294967295)::int8)::text::cid"),
        case("xid8", &["0", "18446744073709551615"], "((random() * 1e18)::int8)::text::xid8"),
        Case {
            reads_back: false,
            ..case(
                "float4",
                &["NaN", "Infinity", "-Infinity", "-0", "1e-45", "3.4028235e38"],
                "(case when g = 7 then \
              'inf'::float4 - 'inf'::float4 else (random() * 2 - 1) * 10 ^ (random() * 70 - 35) end)::float4",
            )
        },
        Case {
            reads_back: false,
            ..case(
                "float8",
                &["NaN", "Infinity", "-Infinity", "-0", "5e-324", "1.7976931348623157e308"],
                "case when g = 7 \
              then 'inf'::float8 - 'inf'::float8 else (random() * 2 - 1) * 10::float8 ^ (random() * 600 - 300) end",
            )
        },
        case("text", &["", "NULL", "\u{1}\u{7f}"], LETTERS),
        case("varchar(320)", &["", "trailing  "], LETTERS),
        case("char(320)", &["", "  both  "], LETTERS),
        case("name", &["", "x"], "left(md5(random()::text), (random() * 32)::int)::name"),
        case("json", &["{\"a\":1, \"a\":1.00}", "null", "[]"], "json_build_object('k', random(), 'l', array[g, null])"),
        case("jsonb", &["{\"a\":1e400}", "null", "\"\\\"\\\\\""], "jsonb_build_object('k', random(), 'l', array[g, null])"),
        case("bytea", &["", "\\x00ff5c"], "decode(md5(random()::text), 'hex')"),
        case("uuid", &["00000000-0000-0000-0000-000000000000"], "md5(random()::text)::uuid"),
    ]
}

fn times() -> Vec<Case> {
    vec![
        case(
            "date",
            &["infinity", "-infinity", "4713-11-24 BC", "5874897-12-31"],
            "date '2000-01-01' + (random() * 4e6 - 7e5)::int",
        ),
        case("time", &["00:00", "24:00", "23:59:59.999999"], "time '00:00' + random() * interval '24 hours'"),
        case("time(3)", &["24:00"], "time '00:00' + random() * interval '24 hours'"),
        case(
            "timestamp",
            &["infinity", "-infinity", "4713-11-24 00:00 BC", "294276-12-31 23:59:59.999999"],
            "timestamp '0044-03-15 BC' + random() * interval '1000000 days'",
        ),
        case(
            "timestamptz",
            &["infinity", "-infinity", "4713-11-24 00:00+00 BC", "294276-12-31 23:59:59.999999+00"],
            "timestamptz '2000-01-01 00:00+00' + random() * interval '1000000 days'",
        ),
        case(
            "timetz",
            &["00:00+00", "24:00:00-15:59:59", "23:59:59.999999+15:59:59", "12:00:00.5+05:30"],
            "(time '00:00' + random() * interval '24 hours' || (array['+', '-'])[1 + g % 2] || \
             make_interval(secs => (random() * 57500)::int)::text)::timetz",
        ),
        case(
            "interval",
            &[
                "0",
                "1 day",
                "24:00",
                "1 mon -30 days",
                "-178956970 years -8 mons",
                "178956970 years 7 mons 2147483647 days",
                "-0.000001",
            ],
            "make_interval(months => (random() * 2e3 - 1e3)::int, days => (random() * 2e3 - 1e3)::int, \
             secs => (random() - 0.5) * 1e7)",
        ),
        Case { since: 17, ..case("interval", &["infinity", "-infinity"], "make_interval(days => g)") },
        case("interval day to second(2)", &["3 days 04:05:06.78"], "random() * interval '100 days'"),
    ]
}

fn others() -> Vec<Case> {
    vec![
        case(
            "numeric",
            &[
                "0", "0.000", "1", "1.0", "1.00", "-0.01", "NaN", "1e131071", "1e-16383", "9999", "10000", "1e900", "1e-900",
                "1e1100",
            ],
            "round((random() * 1e9)::int8 * ('1e' || (random() * 80)::int - 40)::numeric, (random() * 60)::int - 10)",
        ),
        Case { since: 14, ..case("numeric", &["Infinity", "-Infinity"], BIG) },
        case("numeric(12,2)", &["0", "NaN", "-9999999999.99", "0.01"], "(random() * 2e9 - 1e9)::numeric"),
        case("numeric(38,10)", &["0", "NaN", "9999999999999999999999999999.9999999999"], "(random() * 2e9 - 1e9)::numeric / 7"),
        case("numeric(40,3)", &["0", "NaN"], "round((random() * 2e9 - 1e9)::int8 * 1e20 / 7, 3)"),
        Case { since: 15, ..case("numeric(3,-2)", &["0", "NaN", "12300"], "(random() * 90000)::int") },
        case(
            "money",
            &["-92233720368547758.08", "92233720368547758.07", "-0.01"],
            "((random() * 2e9 - 1e9)::numeric / 100)::money",
        ),
        case(
            "inet",
            &["10.0.0.1", "10.0.0.1/8", "0.0.0.0/0", "::", "::1/127", "::ffff:1.2.3.4", "::1.2.3.4", "1:0:0:2::/128"],
            ADDRESS,
        ),
        case(
            "cidr",
            &["10.0.0.0/8", "10.0.0.1/32", "0.0.0.0/0", "::/0", "::1/128", "2001:db8::/32"],
            "network(('10.' || (random() * 255)::int || '.7.8')::inet)",
        ),
        case("macaddr", &["00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"], "left(md5(random()::text), 12)::macaddr"),
        case("macaddr8", &["00:00:00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff:ff:ff"], "left(md5(random()::text), 16)::macaddr8"),
        // What stands for bytes above 0x7f differs between versions; which byte it is does not.
        Case { reads_back: false, ..case("\"char\"", &["", "a", "\u{7f}"], "((random() * 255)::int - 128)::\"char\"") },
    ]
}
