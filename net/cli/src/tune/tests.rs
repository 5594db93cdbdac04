use std::fs;
use std::path::Path;

use super::host::Host;
use super::item::{Change, Item};
use super::{apply, disk, interrupts, memory, network, processors};

/// A machine with these files.
struct Machine {
    root: tempfile::TempDir,
}

impl Machine {
    fn with(files: &[(&str, &str)]) -> Self {
        let machine = Self { root: tempfile::tempdir().unwrap() };
        for (path, text) in files {
            machine.file(path, text);
        }
        machine
    }

    fn file(&self, path: &str, text: &str) {
        let path = self.root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn link(&self, path: &str, to: &str) {
        let path = self.root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(self.root.path().join(to), path).unwrap();
    }

    fn host(&self) -> Host {
        Host::at(self.root.path())
    }

    fn text(&self, path: &str) -> String {
        fs::read_to_string(self.root.path().join(path)).unwrap()
    }
}

fn named<'a>(items: &'a [Item], name: &str) -> &'a Item {
    items.iter().find(|item| item.name == name).unwrap_or_else(|| panic!("{name} is not among {items:?}"))
}

#[test]
fn ranges_of_processors_are_numbers() {
    assert_eq!(processors::ranges("0-2,7"), [0, 1, 2, 7]);
    assert_eq!(processors::ranges("0"), [0]);
    assert_eq!(processors::ranges(""), [] as [u64; 0]);
    assert_eq!(processors::ranges("x-3"), [] as [u64; 0]);
}

#[test]
fn a_machine_that_tells_nothing_gives_no_items_and_no_error() {
    let machine = Machine::with(&[]);
    let host = machine.host();
    assert_eq!(processors::look(&host), []);
    assert_eq!(memory::look(&host), []);
    assert_eq!(network::look(&host), []);
    assert_eq!(interrupts::devices(&host, None), []);
}

#[test]
fn slow_governors_are_set_core_by_core() {
    let machine = Machine::with(&[
        ("sys/devices/system/cpu/online", "0-1\n"),
        ("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "performance\n"),
        ("sys/devices/system/cpu/cpu1/cpufreq/scaling_governor", "powersave\n"),
    ]);
    let items = processors::look(&machine.host());
    let item = named(&items, "cpu governor");
    let path = "/sys/devices/system/cpu/cpu1/cpufreq/scaling_governor";
    assert_eq!(item.changes, [Change::new(path, "performance")]);
    assert_eq!(apply(&machine.host(), &items), Vec::<String>::new());
    assert!(named(&processors::look(&machine.host()), "cpu governor").is_good());
}

#[test]
fn a_quota_is_told_and_left_to_people() {
    let machine = Machine::with(&[
        ("proc/self/cgroup", "0::/system.slice/millrace.service\n"),
        ("sys/fs/cgroup/system.slice/millrace.service/cpu.max", "150000 100000\n"),
    ]);
    let items = processors::look(&machine.host());
    let item = named(&items, "cpu quota");
    assert!(!item.is_good() && item.changes.is_empty() && item.by_hand.is_some());
    machine.file("sys/fs/cgroup/system.slice/millrace.service/cpu.max", "max 100000\n");
    assert!(named(&processors::look(&machine.host()), "cpu quota").is_good());
}

#[test]
fn huge_pages_and_swapping_are_judged_by_what_is_chosen() {
    let machine = Machine::with(&[
        ("sys/kernel/mm/transparent_hugepage/enabled", "[always] madvise never\n"),
        ("proc/sys/vm/swappiness", "60\n"),
        ("proc/swaps", "Filename Type Size Used Priority\n/dev/zram0 partition 1 0 100\n"),
    ]);
    let items = memory::look(&machine.host());
    assert_eq!(items.iter().filter(|item| !item.is_good()).count(), 2);
    assert_eq!(apply(&machine.host(), &items), Vec::<String>::new());
    assert_eq!(machine.text("sys/kernel/mm/transparent_hugepage/enabled"), "madvise");
    assert_eq!(machine.text("proc/sys/vm/swappiness"), "1");
    machine.file("proc/sys/vm/swappiness", "60");
    machine.file("proc/swaps", "Filename Type Size Used Priority\n");
    assert!(named(&memory::look(&machine.host()), "swappiness").is_good(), "nothing can be swapped out");
}

#[test]
fn the_disk_is_the_whole_one_below_the_directory() {
    let machine = Machine::with(&[
        ("sys/devices/pci/nvme/nvme0/nvme0n1/nvme0n1p1/partition", "1\n"),
        ("sys/devices/pci/nvme/nvme0/nvme0n1/queue/scheduler", "none [mq-deadline] kyber\n"),
        ("sys/devices/pci/nvme/nvme0/nvme0n1/queue/rotational", "0\n"),
        ("sys/devices/pci/nvme/nvme0/nvme0n1/queue/rq_affinity", "1\n"),
        ("sys/devices/pci/nvme/nvme0/nvme0n1/queue/write_cache", "write back\n"),
        ("sys/devices/pci/nvme/nvme0/nvme0n1/queue/fua", "1\n"),
    ]);
    let directory = tempfile::tempdir().unwrap();
    use std::os::unix::fs::MetadataExt;
    let device = fs::metadata(directory.path()).unwrap().dev();
    let number = format!("{}:{}", nix::sys::stat::major(device), nix::sys::stat::minor(device));
    machine.link(&format!("sys/dev/block/{number}"), "sys/devices/pci/nvme/nvme0/nvme0n1/nvme0n1p1");
    machine.link("sys/block/nvme0n1", "sys/devices/pci/nvme/nvme0/nvme0n1");
    let mount = format!("25 1 {number} / /data rw,noatime shared:1 - xfs /dev/nvme0n1p1 rw\n");
    machine.file("proc/self/mountinfo", &mount);
    let host = machine.host();
    let found = disk::of(&host, &directory.path().join("not/there/yet")).unwrap();
    assert_eq!(found.name.as_deref(), Some("nvme0n1"));
    let items = disk::look(&host, &found);
    assert!(named(&items, "file system").is_good());
    assert!(named(&items, "file system").found.contains("xfs (rw,noatime)"));
    assert_eq!(named(&items, "nvme0n1: scheduler").found, "mq-deadline");
    assert!(named(&items, "nvme0n1: write cache").found.contains("FUA"));
    assert_eq!(apply(&host, &items), Vec::<String>::new());
    assert_eq!(machine.text("sys/devices/pci/nvme/nvme0/nvme0n1/queue/scheduler"), "none");
    assert_eq!(machine.text("sys/devices/pci/nvme/nvme0/nvme0n1/queue/rq_affinity"), "2");
}

#[test]
fn a_disk_that_may_rotate_keeps_its_scheduler() {
    let machine = Machine::with(&[
        ("sys/devices/virtio/block/vda/queue/scheduler", "none [mq-deadline]\n"),
        ("sys/devices/virtio/block/vda/queue/rotational", "1\n"),
    ]);
    machine.link("sys/block/vda", "sys/devices/virtio/block/vda");
    let directory = tempfile::tempdir().unwrap();
    use std::os::unix::fs::MetadataExt;
    let device = fs::metadata(directory.path()).unwrap().dev();
    let number = format!("{}:{}", nix::sys::stat::major(device), nix::sys::stat::minor(device));
    machine.link(&format!("sys/dev/block/{number}"), "sys/devices/virtio/block/vda");
    let host = machine.host();
    let items = disk::look(&host, &disk::of(&host, directory.path()).unwrap());
    let item = named(&items, "vda: scheduler");
    assert!(!item.is_good() && item.changes.is_empty());
    assert!(!named(&items, "file system").is_good(), "no file system is known there");
}

#[test]
fn small_queues_and_buffers_are_raised_and_large_ones_stay() {
    let machine = Machine::with(&[
        ("proc/sys/net/core/somaxconn", "128\n"),
        ("proc/sys/net/ipv4/tcp_max_syn_backlog", "65536\n"),
        ("proc/sys/net/ipv4/tcp_rmem", "4096\t131072\t6291456\n"),
        ("proc/sys/net/ipv4/tcp_wmem", "not numbers\n"),
        ("proc/sys/net/ipv4/tcp_slow_start_after_idle", "1\n"),
    ]);
    let items = network::look(&machine.host());
    assert!(items.iter().all(|item| item.name != "send buffer"), "what cannot be read is not judged");
    assert_eq!(apply(&machine.host(), &items), Vec::<String>::new());
    assert_eq!(machine.text("proc/sys/net/core/somaxconn"), "4096");
    assert_eq!(machine.text("proc/sys/net/ipv4/tcp_max_syn_backlog"), "65536\n");
    assert_eq!(machine.text("proc/sys/net/ipv4/tcp_rmem"), "4096 131072 16777216");
    assert_eq!(machine.text("proc/sys/net/ipv4/tcp_slow_start_after_idle"), "0");
}

#[test]
fn one_receive_queue_is_dealt_to_all_cores() {
    let machine = Machine::with(&[
        ("sys/devices/system/cpu/online", "0-3\n"),
        ("sys/class/net/lo/type", "772\n"),
        ("sys/class/net/eth0/device/vendor", "0x1af4\n"),
        ("sys/class/net/eth0/queues/rx-0/rps_cpus", "0\n"),
        ("sys/class/net/eth0/queues/tx-0/xps_cpus", "0\n"),
    ]);
    let items = network::look(&machine.host());
    let item = named(&items, "eth0: receive queues");
    assert_eq!(item.changes, [Change::new("/sys/class/net/eth0/queues/rx-0/rps_cpus", "f")]);
    assert!(items.iter().all(|item| !item.name.starts_with("lo:")));
    machine.file("sys/class/net/eth0/queues/rx-0/rps_cpus", "0000000f\n");
    assert!(named(&network::look(&machine.host()), "eth0: receive queues").is_good());
}

#[test]
fn interrupts_that_all_end_on_one_core_are_dealt_to_all() {
    let machine = Machine::with(&[
        ("sys/devices/system/cpu/online", "0-1\n"),
        ("sys/devices/pci/virtio3/net/eth0/type", "1\n"),
        ("sys/devices/pci/msi_irqs/37", "msix\n"),
        ("sys/devices/pci/msi_irqs/38", "msix\n"),
        ("sys/devices/pci/msi_irqs/39", "msix\n"),
        (
            "proc/interrupts",
            "           CPU0       CPU1\n 37:  2  0 PCI config\n 38: 12000 5 PCI rx\n 39: 9000 0 PCI tx\n",
        ),
        ("proc/irq/37/effective_affinity_list", "0\n"),
        ("proc/irq/38/effective_affinity_list", "0\n"),
        ("proc/irq/39/effective_affinity_list", "0\n"),
        ("proc/irq/38/smp_affinity_list", "0-1\n"),
        ("proc/irq/39/smp_affinity_list", "0-1\n"),
    ]);
    machine.link("sys/class/net/eth0/device", "sys/devices/pci/virtio3");
    let host = machine.host();
    let devices = interrupts::devices(&host, None);
    let items = interrupts::look(&host, &devices);
    assert_eq!(named(&items, "eth0: interrupts").changes.len(), 2, "the one that hardly ever came stays where it is");
    assert_eq!(apply(&host, &items), Vec::<String>::new());
    assert_eq!(machine.text("proc/irq/38/smp_affinity_list"), "0");
    assert_eq!(machine.text("proc/irq/39/smp_affinity_list"), "1");
    machine.file("proc/irq/39/effective_affinity_list", "1\n");
    assert!(named(&interrupts::look(&host, &devices), "eth0: interrupts").is_good());
}

#[test]
fn what_cannot_be_set_is_told_with_its_path() {
    let machine = Machine::with(&[]);
    let item = Item::good("it", "why", "0").wants("1", vec![Change::new("/sys/not/there", "1")]);
    let refused = apply(&machine.host(), &[item]);
    assert_eq!(refused.len(), 1);
    assert!(refused[0].starts_with("/sys/not/there cannot be set to 1: "), "{refused:?}");
}

#[test]
fn this_machine_can_be_looked_at() {
    let items = super::look(&Host::at("/"), Path::new("/var/tmp")).unwrap();
    assert!(named(&items, "file system").found.contains('('));
}
