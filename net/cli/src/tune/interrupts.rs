//! Interrupts of the disk and of the network: on which cores they end.

use std::path::Path;

use super::host::Host;
use super::item::{Change, Item};
use super::processors;

/// An interrupt that came less often since the machine was started does not matter.
const COUNT_MIN: u64 = 1000;

/// Looks at the interrupts of these devices, each a name for people and a path below `/sys`.
pub(crate) fn look(host: &Host, devices: &[(String, String)]) -> Vec<Item> {
    devices.iter().filter_map(|(name, path)| placement(host, name, path)).collect()
}

fn placement(host: &Host, name: &str, path: &str) -> Option<Item> {
    let cpus = processors::online(host);
    // The others are of queues that are not used, or tell of changed settings.
    let counts = counts(host);
    let used = |irq: &String| counts.iter().any(|(number, count)| number == irq && *count >= COUNT_MIN);
    let irqs: Vec<String> = numbers(host, path).into_iter().filter(used).collect();
    let on: Vec<(String, String)> = irqs.into_iter().filter_map(|irq| Some((core_of(host, &irq)?, irq))).collect();
    let (first, _) = on.first()?;
    let mut cores: Vec<&str> = on.iter().map(|(core, _)| core.as_str()).collect();
    cores.sort_unstable();
    cores.dedup();
    let item = Item::good(
        format!("{name}: interrupts"),
        "A core that serves all interrupts of a device has less time for its own partitions than the others have.",
        format!("{} on core{} {}", on.len(), if cores.len() > 1 { "s" } else { "" }, cores.join(",")),
    );
    let all_on_one = on.len() > 1 && cpus.len() > 1 && on.iter().all(|(core, _)| core == first);
    if !all_on_one {
        return Some(item);
    }
    let dealt = on.iter().zip(cpus.iter().cycle());
    let changes =
        dealt.map(|((_, irq), cpu)| Change::new(format!("/proc/irq/{irq}/smp_affinity_list"), cpu.to_string()));
    Some(item.wants("one core each", changes.collect()))
}

fn core_of(host: &Host, irq: &str) -> Option<String> {
    host.read(&format!("/proc/irq/{irq}/effective_affinity_list")).filter(|cores| !cores.is_empty())
}

/// How often each interrupt came, on all cores together.
fn counts(host: &Host) -> Vec<(String, u64)> {
    let table = host.read("/proc/interrupts").unwrap_or_default();
    let row = |line: &str| {
        let (number, rest) = line.trim().split_once(':')?;
        let counts = rest.split_whitespace().map_while(|count| count.parse::<u64>().ok());
        Some((number.to_owned(), counts.sum()))
    };
    table.lines().filter_map(row).collect()
}

/// The interrupts of a device, which they or a device that it belongs to name.
fn numbers(host: &Host, path: &str) -> Vec<String> {
    let Some(device) = host.resolve(path) else { return Vec::new() };
    let named = Path::new(&device).ancestors().take(4).filter_map(|path| path.to_str());
    named.map(|path| host.list(&format!("{path}/msi_irqs"))).find(|irqs| !irqs.is_empty()).unwrap_or_default()
}

/// The devices of a disk and of all interfaces.
pub(crate) fn devices(host: &Host, disk: Option<&str>) -> Vec<(String, String)> {
    let interfaces = host.list("/sys/class/net").into_iter();
    let of_interface = |name: String| (name.clone(), format!("/sys/class/net/{name}/device"));
    let interfaces = interfaces.map(of_interface).filter(|(_, path)| host.exists(path));
    let disk = disk.map(|name| (name.to_owned(), format!("/sys/block/{name}/device")));
    disk.into_iter().chain(interfaces).collect()
}
