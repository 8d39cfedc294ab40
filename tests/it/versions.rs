//! NEW newer than OLD, and older: whole recoveries on real servers of other major versions. Equal ones are what every other
//! test has.

use super::recovery::{comes_home_and_goes_back, incident_on};
use super::support::{self, Majors};
use failback::demo;
use failback::name::Side;

/// Recovers the whole estate from NEW to OLD.
fn estate(majors: Majors) {
    for database in demo::databases() {
        let pair = support::pair_on(&format!("{database}_{}_to_{}", majors.new, majors.old), majors);
        for side in [Side::Old, Side::New] {
            let version = support::value(pair.url(side), "select current_setting('server_version_num')::int / 10000");
            assert_eq!(version, Some(majors.of(side).to_string()));
        }
        let (pair, cutover) = incident_on(pair, database);
        comes_home_and_goes_back(pair, cutover);
    }
}

#[test]
fn the_estate_comes_home_from_17_to_13() {
    estate(Majors { new: 17, old: 13 });
}

#[test]
fn the_estate_comes_home_from_18_to_15() {
    estate(Majors { new: 18, old: 15 });
}

#[test]
fn the_estate_comes_home_from_16_to_14() {
    estate(Majors { new: 16, old: 14 });
}

#[test]
fn the_estate_comes_home_from_13_to_18() {
    estate(Majors { new: 13, old: 18 });
}
