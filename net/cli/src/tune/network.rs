//! The network: queues, their interrupts, and limits of the socket layer.

use super::host::Host;
use super::item::{Change, Item};
use super::processors;

/// Connections that may wait to be taken: a whole fleet of clients comes back at once after a restart.
const BACKLOG_MIN: u64 = 4096;
/// The most that a socket's buffer may grow to, in bytes: a long fast line holds this much.
const SOCKET_BYTES_MIN: u64 = 16 << 20;

pub(crate) fn look(host: &Host) -> Vec<Item> {
    let mut items: Vec<Item> = [
        at_least(host, "/proc/sys/net/core/somaxconn", "accept queue", BACKLOG_MIN, BACKLOG_WHY),
        at_least(host, "/proc/sys/net/ipv4/tcp_max_syn_backlog", "syn queue", BACKLOG_MIN, BACKLOG_WHY),
        largest_buffer(host, "/proc/sys/net/ipv4/tcp_rmem", "receive buffer"),
        largest_buffer(host, "/proc/sys/net/ipv4/tcp_wmem", "send buffer"),
        slow_start(host),
    ]
    .into_iter()
    .flatten()
    .collect();
    items.extend(interfaces(host).iter().filter_map(|name| steering(host, name)));
    items
}

const BACKLOG_WHY: &str =
    "When a broker comes back, all its clients connect at once; who finds no place tries again seconds later.";

fn at_least(host: &Host, path: &str, name: &str, least: u64, why: &'static str) -> Option<Item> {
    let found = host.number(path)?;
    let item = Item::good(name, why, found.to_string());
    let change = || vec![Change::new(path, least.to_string())];
    Some(if found >= least { item } else { item.wants(format!("{least} at least"), change()) })
}

/// The last of the three numbers that Linux has for TCP's buffers.
fn largest_buffer(host: &Host, path: &str, name: &str) -> Option<Item> {
    let text = host.read(path)?;
    let numbers: Vec<u64> = text.split_whitespace().filter_map(|number| number.parse().ok()).collect();
    let &[least, usual, most] = numbers.as_slice() else { return None };
    let why = "Replicas and far consumers need a window as large as what is under way on the line.";
    let item = Item::good(name, why, format!("up to {most} bytes"));
    if most >= SOCKET_BYTES_MIN {
        return Some(item);
    }
    let change = Change::new(path, format!("{least} {usual} {SOCKET_BYTES_MIN}"));
    Some(item.wants(format!("up to {SOCKET_BYTES_MIN} bytes"), vec![change]))
}

fn slow_start(host: &Host) -> Option<Item> {
    let path = "/proc/sys/net/ipv4/tcp_slow_start_after_idle";
    let found = host.read(path)?;
    let why = "A connection that was quiet for a moment should not begin with small windows again.";
    let item = Item::good("slow start after idle", why, &found);
    Some(if found == "0" { item } else { item.wants("0", vec![Change::new(path, "0")]) })
}

/// The interfaces with a device behind them.
fn interfaces(host: &Host) -> Vec<String> {
    let all = host.list("/sys/class/net");
    all.into_iter().filter(|name| host.exists(&format!("/sys/class/net/{name}/device"))).collect()
}

/// One queue's packets are received on one core, unless they are dealt to others.
fn steering(host: &Host, name: &str) -> Option<Item> {
    let cpus = processors::online(host);
    let queues = format!("/sys/class/net/{name}/queues");
    let receiving: Vec<String> = host.list(&queues).into_iter().filter(|queue| queue.starts_with("rx-")).collect();
    let item = Item::good(
        format!("{name}: receive queues"),
        "Packets of all connections on one core make it the slowest of all.",
        receiving.len().to_string(),
    );
    if receiving.len() >= cpus.len() || cpus.len() < 2 || cpus.len() > 64 {
        return Some(item);
    }
    let mask = format!("{:x}", cpus.iter().fold(0_u64, |mask, cpu| mask | 1 << (cpu % 64)));
    let is_dealt = |queue: &String| {
        let set = host.read(&format!("{queues}/{queue}/rps_cpus")).unwrap_or_default();
        set.chars().any(|digit| !matches!(digit, '0' | ','))
    };
    let undealt: Vec<&String> = receiving.iter().filter(|queue| !is_dealt(queue)).collect();
    if undealt.is_empty() {
        return Some(item);
    }
    let changes = undealt.iter().map(|queue| Change::new(format!("{queues}/{queue}/rps_cpus"), &mask)).collect();
    Some(item.wants(format!("dealt to {} cores", cpus.len()), changes))
}
