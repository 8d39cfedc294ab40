//! Edge values of every type, as SQL expressions, and the types that no client can write.
//!
//! `14|expression` is a value that exists from PostgreSQL 14 on. A value is cast to its type when it is written.

/// One type and its edge values. NULL belongs to every type and is not listed.
pub(super) struct Case {
    /// The type's name in `pg_type`.
    pub(super) name: &'static str,
    /// The type as a column declares it.
    pub(super) declared: &'static str,
    /// Its values.
    pub(super) values: &'static [&'static str],
}

const fn case(name: &'static str, values: &'static [&'static str]) -> Case {
    Case { name, declared: name, values }
}

/// A type with a modifier, or whose name must be quoted.
pub(super) const fn declared(name: &'static str, declared: &'static str, values: &'static [&'static str]) -> Case {
    Case { name, declared, values }
}

/// Every control character, what each text format escapes, and characters of one to four bytes.
const AWKWARD: &str = "(select string_agg(chr(i), '') from generate_series(1, 255) i) || '\\N \\. {}[](),;:''\"\"%_ NULL null' \
     || U&'\\FEFF\\200B\\0301\\20AC\\+01F600\\+10FFFF' || E'\\r\\n\\t '";

const TEXTS: &[&str] =
    &[AWKWARD, "''", "' leading and trailing '", "E'\\\\'", "'\"'", "'NULL'", "E'\\n'", "E'\\u0001'", "repeat('grüße ', 2000)"];

const MOMENTS: &[&str] = &[
    "'infinity'",
    "'-infinity'",
    "'4714-11-24 00:00:00+00 BC'",
    "'294276-12-31 23:59:59.999999+00'",
    "'294247-01-10 04:00:54.775807+00'",
    "'294247-01-10 04:00:54.775808+00'",
    "'0001-12-31 23:59:59.999999+00 BC'",
    "'0001-01-01 00:00:00+00'",
    "'1970-01-01 00:00:00+00'",
    "'1969-12-31 23:59:59.999999+00'",
    "'2000-01-01 00:00:00+00'",
    "'2026-03-29 02:30:00.000001+02'",
];

const SECONDS: &[&str] = &["'infinity'", "'1999-12-31 23:59:59+00'", "'0044-03-15 12:00:00+00 BC'"];

/// The types of `pg_catalog` and `information_schema`.
pub(super) const BUILTIN: &[Case] = &[
    case("bool", &["true", "false"]),
    declared(
        "char",
        "\"char\"",
        &["0::\"char\"", "'a'", "' '", "'\\'", "'\"'", "127::\"char\"", "(-128)::\"char\"", "(-1)::\"char\"", "1::\"char\""],
    ),
    case("name", &["''", "'a'", "repeat('x', 63)", "repeat('ü', 31)", "E' \"\\n'"]),
    case("int2", &["0", "-32768", "32767"]),
    case("int4", &["0", "-2147483648", "2147483647"]),
    case("int8", &["0", "-9223372036854775808", "9223372036854775807"]),
    case("oid", &["0", "4294967295"]),
    case(
        "float4",
        &[
            "0",
            "'-0'",
            "'NaN'",
            "'Infinity'",
            "'-Infinity'",
            "'1e-45'",
            "'1.1754944e-38'",
            "'3.4028235e38'",
            "0.1",
            "'16777217'",
        ],
    ),
    case(
        "float8",
        &[
            "0",
            "'-0'",
            "'NaN'",
            "'Infinity'",
            "'-Infinity'",
            "'4.94065645841247e-324'",
            "'2.2250738585072014e-308'",
            "'1.7976931348623157e308'",
            "0.1",
            "'9007199254740993'",
        ],
    ),
    case(
        "numeric",
        &[
            "0",
            "'0.00'",
            "'-0.000'",
            "'NaN'",
            "14|'Infinity'",
            "14|'-Infinity'",
            "'1.10'",
            "'1.1'",
            "'10000'",
            "'1e131071'",
            "repeat('9', 131072)",
            "'-' || repeat('9', 131072) || '.' || repeat('9', 16383)",
            "'0.' || repeat('0', 16382) || '1'",
            "'-12345678901234567890.123450'",
        ],
    ),
    declared("numeric", "numeric(12,2)", &["0", "'0.01'", "'-9999999999.99'", "'9999999999.99'", "'NaN'"]),
    declared("numeric", "numeric(38,10)", &["0", "repeat('9', 28) || '.' || repeat('9', 10)", "'-0.0000000001'", "'NaN'"]),
    declared("numeric", "numeric(38,0)", &["0", "repeat('9', 38)", "'-1'"]),
    declared("numeric", "numeric(1000,500)", &["0", "repeat('9', 500) || '.' || repeat('9', 500)", "'NaN'"]),
    declared("money", "money", &["'0'", "'0.01'", "'-12.34'", "'-92233720368547758.08'", "'92233720368547758.07'"]),
    case("text", TEXTS),
    declared("varchar", "varchar", TEXTS),
    declared("varchar", "varchar(5)", &["''", "'abcde'", "'ab   '", "'     '", "'grüße'"]),
    declared("bpchar", "char(5)", &["''", "'abcde'", "'ab'", "' b '", "'grüße'"]),
    declared("bpchar", "bpchar", &["''", "'ab   '", "'     '", "' b'"]),
    case(
        "bytea",
        &[
            "''",
            "'\\x00'",
            "(select decode(string_agg(lpad(to_hex(i), 2, '0'), ''), 'hex') from generate_series(0, 255) i)",
            "'\\x5c782730'",
            "decode(repeat('5c00', 50000), 'hex')",
        ],
    ),
    case(
        "json",
        &[
            "'{\"a\": 1, \"a\": 2,\"\":null}'",
            "E' [1 ,\\t2.0]\\n '",
            "'1e999999'",
            "'\"\\u0000 \\ud83d\\ude00 \\\\ \\/\"'",
            "'-0'",
            "'123456789012345678901234567890.10'",
            "'[]'",
        ],
    ),
    case(
        "jsonb",
        &[
            "'{\"a\": 1, \"a\": 2, \"\": null, \"bb\": {}}'",
            "'[1, 2.00, -0, 1e1000, 1e-1000]'",
            "'123456789012345678901234567890.10'",
            "'\"\\u0001 \\ud83d\\ude00 \\\\ \\/ \\\"\"'",
            "'null'",
            "'\"\"'",
            "'[[], {}, [null]]'",
        ],
    ),
    case(
        "jsonpath",
        &[
            "'$'",
            "'strict $.a[*] ? (@.b == 1 && @.\"c d\" starts with \"x\")'",
            "'$.*[0 to last].size()'",
            "'$ ? (@ like_regex \"^a.\\\\d\" flag \"i\")'",
            "'-1.50'",
        ],
    ),
    case(
        "xml",
        &[
            "'<a b=\"c\">x &amp; y</a>'",
            "'text only'",
            "'<a/><b/>'",
            "'<?xml version=\"1.0\" encoding=\"UTF-8\"?><a>ü</a>'",
            "'<?xml version=\"1.0\" standalone=\"yes\"?><a/>'",
            "''",
            "'  <a/>  '",
            "'<!-- comment -->'",
            "xmlparse(document '<!DOCTYPE a><a/>')",
        ],
    ),
    case(
        "uuid",
        &[
            "'00000000-0000-0000-0000-000000000000'",
            "'ffffffff-ffff-ffff-ffff-ffffffffffff'",
            "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'",
        ],
    ),
    declared("bit", "bit(3)", &["B'101'", "B'000'"]),
    declared("bit", "bit(17)", &["B'10101010101010101'", "B'00000000000000000'"]),
    declared("varbit", "varbit", &["B''", "B'1'", "B'0101010101'", "repeat('10', 5000)"]),
    declared("varbit", "varbit(9)", &["B''", "B'111111111'"]),
    case(
        "date",
        &[
            "'infinity'",
            "'-infinity'",
            "'4714-11-24 BC'",
            "'5874897-12-31'",
            "'0001-12-31 BC'",
            "'0001-01-01'",
            "'1970-01-01'",
            "'2000-02-29'",
        ],
    ),
    case("time", &["'00:00'", "'24:00'", "'23:59:59.999999'", "'00:00:00.000001'"]),
    declared("time", "time(0)", &["'24:00'", "'23:59:58'"]),
    case("timetz", &["'00:00+00'", "'24:00-15:59:59'", "'23:59:59.999999+15:59:59'", "'12:34:56.789012+05:30:15'"]),
    declared("timetz", "timetz(3)", &["'12:34:56.789-08'"]),
    case("timestamp", MOMENTS),
    declared("timestamp", "timestamp(0)", SECONDS),
    case("timestamptz", MOMENTS),
    declared("timestamptz", "timestamptz(3)", SECONDS),
    case(
        "interval",
        &[
            "'0'",
            "'2147483647 mons 2147483647 days 2562047788:00:54.775807'",
            "'-2147483648 mons'",
            "'-2147483648 days'",
            "'-2562047788:00:54.775807'",
            "'1 mon -1 day 00:00:01'",
            "'-1 year -2 mons +3 days -04:05:06.000007'",
            "'24:00:00'",
            "'1 day'",
            "'00:00:00.000001'",
            "17|'infinity'",
            "17|'-infinity'",
        ],
    ),
    declared("interval", "interval year to month", &["'-1 year -2 mons'", "'0'"]),
    declared("interval", "interval day to second(2)", &["'3 days 04:05:06.78'", "'-00:00:00.01'"]),
    case(
        "inet",
        &[
            "'0.0.0.0/0'",
            "'1.2.3.4'",
            "'10.0.0.1/8'",
            "'255.255.255.255/31'",
            "'::'",
            "'::1'",
            "'fe80::1/64'",
            "'::ffff:1.2.3.4/96'",
            "'1:2:3:4:5:6:7:8'",
        ],
    ),
    case("cidr", &["'0.0.0.0/0'", "'10.0.0.0/8'", "'1.2.3.4/32'", "'::/0'", "'2001:db8::/32'"]),
    case("macaddr", &["'00:00:00:00:00:00'", "'ff:ff:ff:ff:ff:ff'", "'08:00:2b:01:02:03'"]),
    case("macaddr8", &["'00:00:00:00:00:00:00:00'", "'08:00:2b:ff:fe:01:02:03'"]),
    case("point", &["'(0,-0)'", "'(NaN,Infinity)'", "'(1e308,-4.94e-324)'", "'(0.1,0.30000000000000004)'"]),
    case("line", &["'{1,-1,0}'", "'{0.1,0.2,-0}'"]),
    case("lseg", &["'[(0,0),(0,0)]'", "'[(-0,1),(Infinity,NaN)]'"]),
    case("box", &["'(1,1),(0,0)'", "'(0.1,2),(-Infinity,-0)'"]),
    case("path", &["'[(0,0),(1,1)]'", "'((0,0),(1,1))'", "'[(-0,NaN)]'"]),
    case("polygon", &["'((0,0),(1,1),(1,0))'", "'((-0,Infinity))'"]),
    case("circle", &["'<(0,0),0>'", "'<(-0,1),Infinity>'", "'<(0.1,0.2),0.3>'"]),
    case(
        "tsvector",
        &[
            "''",
            "'a:1A b:2,3B c'",
            "$$'it''s' 'b\\\\\\\\s':16383$$",
            "to_tsvector('simple', 'Größe der Größen')",
            "array_to_tsvector(array['a b', '''', ':', '\\'])",
        ],
    ),
    case("tsquery", &["''", "'a & b:*A | !(c <-> d)'", "$$'it''s' <3> 'a b':AB$$", "'!!a'"]),
    case("pg_lsn", &["'0/0'", "'FFFFFFFF/FFFFFFFF'", "'16/B374D848'"]),
    case("xid", &["'0'", "'4294967295'"]),
    case("cid", &["'0'", "'4294967295'"]),
    case("xid8", &["'0'", "'18446744073709551615'"]),
    case("tid", &["'(0,0)'", "'(4294967295,65535)'"]),
    case("pg_snapshot", &["'10:10:'", "'10:20:10,14,15'"]),
    case("txid_snapshot", &["'10:10:'", "'10:20:10,14,15'"]),
    case("refcursor", &["''", "'a \"b\" c'"]),
    case("regclass", &["'pg_class'", "'0'", "'999999999'", "'information_schema.tables'", "'made.\"Quoted, \"\"name\"\"\"'"]),
    case("regproc", &["'now'", "'0'", "'999999999'", "'made.\"Some fn\"'"]),
    case("regprocedure", &["'abs(integer)'", "'0'", "'999999999'", "'made.\"Some fn\"(text, numeric)'"]),
    case("regoper", &["'||/'", "'0'", "'999999999'"]),
    case("regoperator", &["'+(integer,integer)'", "'0'", "'-(none,integer)'"]),
    case("regtype", &["'integer'", "'0'", "'999999999'", "'made.\"a Label\"'", "'timestamp with time zone[]'"]),
    case("regrole", &["current_user", "'0'", "'999999999'"]),
    case("regnamespace", &["'pg_catalog'", "'0'", "'made'", "'999999999'"]),
    case("regcollation", &["'\"C\"'", "'0'"]),
    case("regconfig", &["'english'", "'simple'"]),
    case("regdictionary", &["'simple'", "'english_stem'"]),
    case("aclitem", &["makeaclitem(0, 10, 'SELECT', true)", "makeaclitem(10, 10, 'UPDATE', false)"]),
    case("int2vector", &["''", "'1 -2 32767'"]),
    case("oidvector", &["''", "'1 4294967295'"]),
    case("int4range", &["'empty'", "'(,)'", "'[1,10)'", "'(,5)'", "'[-2147483648,2147483647)'"]),
    case("int8range", &["'empty'", "'(,)'", "'[1,10)'", "'[-9223372036854775808,9223372036854775807)'"]),
    case("numrange", &["'empty'", "'(,)'", "'[1.0,1.00]'", "'(1.10,)'", "'[-5,NaN]'", "14|'[-Infinity,Infinity]'"]),
    case("tsrange", &["'empty'", "'(,)'", "'[-infinity,infinity]'", "'[\"0044-03-15 BC\",\"294276-12-31 23:59:59.999999\")'"]),
    case("tstzrange", &["'empty'", "'(,)'", "'[-infinity,infinity)'", "'(\"0044-03-15 00:00+00 BC\",)'"]),
    case("daterange", &["'empty'", "'(,)'", "'[-infinity,infinity)'", "'[4714-11-24 BC,2000-01-01)'"]),
    case("int4multirange", &["'{}'", "'{(,)}'", "'{[1,3),[5,8),[10,)}'"]),
    case("int8multirange", &["'{}'", "'{[1,3),[5,8)}'"]),
    case("nummultirange", &["'{}'", "'{[1.0,1.00],(2,NaN]}'"]),
    case("tsmultirange", &["'{}'", "'{[-infinity,\"0001-01-01 BC\"),[2000-01-01,infinity]}'"]),
    case("tstzmultirange", &["'{}'", "'{(,\"2000-01-01 00:00+00\")}'"]),
    case("datemultirange", &["'{}'", "'{[2000-01-01,2000-01-03),[2001-01-01,)}'"]),
    case("cardinal_number", &["0", "2147483647"]),
    case("character_data", &["''", "'a'"]),
    case("sql_identifier", &["''", "'a \"b\"'"]),
    case("time_stamp", &["'infinity'", "'2000-01-01 00:00:00.12+00'"]),
    case("yes_or_no", &["'YES'", "'NO'"]),
];

/// The types of extensions, by extension. The last three of them are modules of index support, whose types stand in
/// [`UNWRITABLE`].
pub(super) const CONTRIB: &[(&str, &[Case])] = &[
    (
        "hstore",
        &[case(
            "hstore",
            &[
                "''",
                "'a=>1, b=>NULL, \"\"=>\"\"'",
                "hstore('k' || E'\\n\",=>\\\\', E'\\t''\"\\\\ NULL')",
                "'\"NULL\"=>\"NULL\"'",
            ],
        )],
    ),
    ("citext", &[case("citext", TEXTS)]),
    (
        "ltree",
        &[
            case("ltree", &["''", "'Top.Science.Astronomy'", "text2ltree(rtrim(repeat('a.', 500), '.'))"]),
            case("lquery", &["'*'", "'Top.*{0,2}.sport*@.!football|tennis{1,}.Russ*|Spain'"]),
            case("ltxtquery", &["'Europe & Russia*@ & !Transportation'", "'a | (b & c)'"]),
        ],
    ),
    ("cube", &[case("cube", &["'(0)'", "'(1,2,3)'", "'(1,2),(3,-4)'", "'(0.1,-0),(Infinity,NaN)'", "'()'"])]),
    ("earthdistance", &[case("earth", &["ll_to_earth(0, 0)", "'(6378168,0,0)'"])]),
    ("seg", &[case("seg", &["'1'", "'1.50'", "'1.5 .. 2.50'", "'<3 ..'", "'.. ~4.00'", "'5.1(+-)0.1'", "'-1e20 .. 1e-10'"])]),
    (
        "isn",
        &[
            case("ean13", &["'9780393040029'", "'9780393040028!'", "'4000000000006'"]),
            case("isbn", &["'978-0-393-04002-9'", "'039304002X'"]),
            case("isbn13", &["'978-0-393-04002-9'", "'9780393040029'"]),
            case("ismn", &["'979-0-060-11561-5'"]),
            case("ismn13", &["'979-0-060-11561-5'"]),
            case("issn", &["'1436-4522'"]),
            case("issn13", &["'977-1436-452-00-8'"]),
            case("upc", &["'220356483481'"]),
        ],
    ),
    ("intarray", &[case("query_int", &["'1&(2|3)&!4'", "'-2147483648'"])]),
    ("lo", &[case("lo", &["0", "4294967295"])]),
    ("pg_trgm", &[]),
    ("btree_gist", &[]),
    (
        "tablefunc",
        &[
            case("tablefunc_crosstab_2", &["row('a', 'b', null)"]),
            case("tablefunc_crosstab_3", &["row('a', 'b', null, '')"]),
            case("tablefunc_crosstab_4", &["row('a', 'b', null, '\"', E'\\n')"]),
        ],
    ),
];

/// Types that a column can have but that no client can write, with the reason. The server fills them in catalogs and indexes of
/// its own; in a user's column they can only be NULL, and that must pass.
pub(super) const UNWRITABLE: &[(&str, &str)] = &[
    ("pg_node_tree", "its input function refuses every value: an expression is stored by DDL alone"),
    ("pg_ndistinct", "its input function refuses every value: CREATE STATISTICS makes them"),
    ("pg_dependencies", "its input function refuses every value: CREATE STATISTICS makes them"),
    ("pg_mcv_list", "its input function refuses every value: CREATE STATISTICS makes them"),
    ("pg_brin_bloom_summary", "its input function refuses every value: BRIN indexes make them"),
    ("pg_brin_minmax_multi_summary", "its input function refuses every value: BRIN indexes make them"),
    ("gtsvector", "its input function refuses every value: GiST indexes make them"),
    ("ghstore", "its input function refuses every value: GiST indexes make them"),
    ("ltree_gist", "its input function refuses every value: GiST indexes make them"),
    ("intbig_gkey", "its input function refuses every value: GiST indexes make them"),
    ("gtrgm", "its input function refuses every value: GiST indexes make them"),
    ("gbtreekey2", "its input function refuses every value: GiST indexes make them"),
    ("gbtreekey4", "its input function refuses every value: GiST indexes make them"),
    ("gbtreekey8", "its input function refuses every value: GiST indexes make them"),
    ("gbtreekey16", "its input function refuses every value: GiST indexes make them"),
    ("gbtreekey32", "its input function refuses every value: GiST indexes make them"),
    ("gbtreekey_var", "its input function refuses every value: GiST indexes make them"),
];
