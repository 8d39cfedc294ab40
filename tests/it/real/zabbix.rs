//! Zabbix: a monitoring server's tables. Numbers as keys, cascades, self-references, images, and no time column that helps.

use super::{Estate, comes_home_and_goes_back, pair, play};

const ZABBIX: Estate = Estate {
    name: "zabbix",
    base: &[],
    keep_old: &["public.users", "public.media_type"],
    apply_new: &[],
    delete: &[
        "public.hosts",
        "public.hosts_groups",
        "public.host_tag",
        "public.hostmacro",
        "public.items",
        "public.item_tag",
        "public.item_preproc",
        "public.item_discovery",
        "public.item_condition",
        "public.item_parameter",
        "public.item_rtdata",
        "public.lld_macro_path",
        "public.lld_override",
        "public.lld_override_condition",
        "public.lld_override_operation",
        "public.lld_override_opdiscover",
        "public.lld_override_opstatus",
        "public.functions",
        "public.triggers",
        "public.trigger_tag",
        "public.trigger_depends",
        "public.graphs",
        "public.graphs_items",
        "public.valuemap",
        "public.valuemap_mapping",
        "public.dashboard",
        "public.dashboard_page",
        "public.widget",
        "public.widget_field",
    ],
};

#[test]
fn zabbix_comes_home_and_goes_back() {
    let pair = pair(&ZABBIX);
    play(&pair.new, &ZABBIX, "new.sql");
    play(&pair.old, &ZABBIX, "old.sql");
    comes_home_and_goes_back(&ZABBIX, pair);
}
