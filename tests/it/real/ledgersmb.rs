//! `LedgerSMB`: an accounting system. Serial keys from one global sequence, triggers that audit, partial unique indexes, tables
//! that inherit, rules, tsvector, NaN.

use super::{Estate, comes_home_and_goes_back, pair, play};

const LEDGERSMB: Estate = Estate {
    name: "ledgersmb",
    base: &["base.sql"],
    keep_old: &["public.country"],
    apply_new: &["public.entity_credit_account"],
    delete: &["public.journal_entry", "public.journal_line", "public.parts_translation"],
};

#[test]
fn ledgersmb_comes_home_and_goes_back() {
    let pair = pair(&LEDGERSMB);
    play(&pair.new, &LEDGERSMB, "new.sql");
    play(&pair.new, &LEDGERSMB, "inherited.sql");
    play(&pair.old, &LEDGERSMB, "old.sql");
    comes_home_and_goes_back(&LEDGERSMB, pair);
}
