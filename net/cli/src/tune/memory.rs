//! Memory: page sizes and swapping.

use super::host::Host;
use super::item::{Change, Item};

/// Above this the kernel swaps out a process that waits rather than dropping pages of files.
const SWAPPINESS_MAX: u64 = 10;

pub(crate) fn look(host: &Host) -> Vec<Item> {
    [huge_pages(host), swappiness(host)].into_iter().flatten().collect()
}

fn huge_pages(host: &Host) -> Option<Item> {
    let path = "/sys/kernel/mm/transparent_hugepage/enabled";
    let chosen = host.chosen(path)?;
    let item = Item::good(
        "transparent huge pages",
        "Pages that the kernel makes huge by itself cost pauses when they are made, and memory when a part is used.",
        &chosen,
    );
    let is_good = chosen != "always";
    Some(if is_good { item } else { item.wants("madvise", vec![Change::new(path, "madvise")]) })
}

fn swappiness(host: &Host) -> Option<Item> {
    let path = "/proc/sys/vm/swappiness";
    let found = host.number(path)?;
    let item = Item::good(
        "swappiness",
        "Memory that was swapped out is missed by the request that needs it.",
        found.to_string(),
    );
    let has_swap = host.read("/proc/swaps").is_some_and(|text| text.lines().count() > 1);
    if found <= SWAPPINESS_MAX || !has_swap {
        return Some(item);
    }
    let wanted = "1";
    Some(item.wants(format!("{SWAPPINESS_MAX} at most"), vec![Change::new(path, wanted)]))
}
