//! Processors: their speed, their clock, and what of them the broker may use.

use super::host::Host;
use super::item::{Change, Item};

const CPUS: &str = "/sys/devices/system/cpu";

/// The processors that are online.
pub(crate) fn online(host: &Host) -> Vec<u64> {
    host.read(&format!("{CPUS}/online")).map(|text| ranges(&text)).unwrap_or_default()
}

/// `0-2,7` as numbers.
pub(crate) fn ranges(text: &str) -> Vec<u64> {
    let numbers = text.split(',').filter_map(|part| {
        let (first, last) = part.trim().split_once('-').unwrap_or((part.trim(), part.trim()));
        Some(first.parse().ok()?..=last.parse().ok()?)
    });
    numbers.flatten().collect()
}

pub(crate) fn look(host: &Host) -> Vec<Item> {
    [governor(host), clock_source(host), numa_balancing(host), quota(host)].into_iter().flatten().collect()
}

fn governor(host: &Host) -> Option<Item> {
    let path = |cpu: u64| format!("{CPUS}/cpu{cpu}/cpufreq/scaling_governor");
    let governors: Vec<(u64, String)> =
        online(host).into_iter().filter_map(|cpu| Some((cpu, host.read(&path(cpu))?))).collect();
    let (_, first) = governors.first()?;
    let item =
        Item::good("cpu governor", "A core that slows down while it waits answers the next request late.", first);
    let slow: Vec<u64> = governors.iter().filter(|(_, it)| it != "performance").map(|(cpu, _)| *cpu).collect();
    if slow.is_empty() {
        return Some(item);
    }
    let changes = slow.into_iter().map(|cpu| Change::new(path(cpu), "performance")).collect();
    Some(item.wants("performance", changes))
}

fn clock_source(host: &Host) -> Option<Item> {
    let directory = "/sys/devices/system/clocksource/clocksource0";
    let current = host.read(&format!("{directory}/current_clocksource"))?;
    let item = Item::good("clock source", "The clock is read several times a request; only some are cheap.", &current);
    if ["tsc", "kvm-clock", "arch_sys_counter", "hyperv_clocksource_tsc_page"].contains(&current.as_str()) {
        return Some(item);
    }
    let available = host.read(&format!("{directory}/available_clocksource")).unwrap_or_default();
    let cheap = ["tsc", "kvm-clock"].into_iter().find(|cheap| available.split_whitespace().any(|it| it == *cheap));
    Some(match cheap {
        Some(cheap) => item.wants(cheap, vec![Change::new(format!("{directory}/current_clocksource"), cheap)]),
        None => item.by_hand("tsc", "the kernel has found the processor's own clock unreliable: see its log (dmesg)"),
    })
}

fn numa_balancing(host: &Host) -> Option<Item> {
    let path = "/proc/sys/kernel/numa_balancing";
    let nodes = host.list("/sys/devices/system/node").iter().filter(|name| name.starts_with("node")).count();
    let found = host.read(path)?;
    let item = Item::good(
        "numa balancing",
        "Each core's memory is its own already; moving pages about costs faults and gains nothing.",
        &found,
    );
    let is_off = found == "0" || nodes < 2;
    Some(if is_off { item } else { item.wants("0", vec![Change::new(path, "0")]) })
}

/// The share of the processors that the control group of this process may use.
fn quota(host: &Host) -> Option<Item> {
    let group = host.read("/proc/self/cgroup")?.lines().find_map(|line| line.strip_prefix("0::").map(str::to_owned))?;
    let limit = host.read(&format!("/sys/fs/cgroup{}/cpu.max", group.trim_end_matches('/')))?;
    let item = Item::good(
        "cpu quota",
        "A group that has used up its share stands still until the next period, and so do its answers.",
        &limit,
    );
    Some(if limit.starts_with("max") {
        item
    } else {
        item.by_hand("max", "give the broker whole processors (AllowedCPUs=, --cores) instead of a quota (CPUQuota=)")
    })
}
