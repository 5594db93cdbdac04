//! The disk below a data directory: its queue and its file system.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::sys::stat::{major, minor};

use super::host::Host;
use super::item::{Change, Item};

/// File systems on which direct, synced writes were measured to be what they should be.
const KNOWN: &[&str] = &["ext4", "xfs"];

/// A block device and the file system on it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Disk {
    /// The whole disk's name, as in `/sys/block`; none for file systems without one (tmpfs, network).
    pub(crate) name: Option<String>,
    file_system: String,
    options: String,
}

/// The disk of a directory, or of the nearest one above it that is there.
pub(crate) fn of(host: &Host, directory: &Path) -> io::Result<Disk> {
    let absolute = std::path::absolute(directory)?;
    let existing = absolute.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/"));
    let device = fs::metadata(existing)?.dev();
    Ok(of_device(host, major(device), minor(device)))
}

fn of_device(host: &Host, major: u64, minor: u64) -> Disk {
    let number = format!("{major}:{minor}");
    let mounts = host.read("/proc/self/mountinfo").unwrap_or_default();
    let mount = mounts.lines().find(|line| line.split(' ').nth(2) == Some(&number)).unwrap_or_default();
    let (before, after) = mount.split_once(" - ").unwrap_or_default();
    let file_system = after.split(' ').next().unwrap_or_default().to_owned();
    let options = before.split(' ').nth(5).unwrap_or_default().to_owned();
    Disk { name: whole_disk(host, &number), file_system, options }
}

/// The name of the disk that a device is, or is a part of.
fn whole_disk(host: &Host, number: &str) -> Option<String> {
    let device = host.resolve(&format!("/sys/dev/block/{number}"))?;
    let of_partition = host.exists(&format!("{device}/partition"));
    let disk = if of_partition { Path::new(&device).parent()? } else { Path::new(&device) };
    Some(disk.file_name()?.to_str()?.to_owned())
}

pub(crate) fn look(host: &Host, disk: &Disk) -> Vec<Item> {
    let mut items = vec![file_system(disk)];
    if let Some(name) = &disk.name {
        items.extend([scheduler(host, name), completion(host, name), cache(host, name)].into_iter().flatten());
    }
    items
}

fn file_system(disk: &Disk) -> Item {
    let found = format!("{} ({})", disk.file_system, disk.options);
    let item =
        Item::good("file system", "Synced direct writes into space that is there must not wait for others.", found);
    if KNOWN.contains(&disk.file_system.as_str()) {
        return item;
    }
    item.by_hand(
        "ext4 or xfs",
        "put log.dirs on ext4 or xfs on a local disk; others were not measured, or keep nothing",
    )
}

fn scheduler(host: &Host, disk: &str) -> Option<Item> {
    let path = format!("/sys/block/{disk}/queue/scheduler");
    let found = host.chosen(&path)?;
    let is_rotating = host.number(&format!("/sys/block/{disk}/queue/rotational")) == Some(1);
    let item = Item::good(
        format!("{disk}: scheduler"),
        "A disk without moving parts orders requests better than a queue before it, which costs time and a lock.",
        &found,
    );
    // A virtual disk says that it rotates when nobody told it otherwise: let a person decide.
    if found == "none" {
        return Some(item);
    }
    let change = Change::new(&path, "none");
    Some(match is_rotating {
        false => item.wants("none", vec![change]),
        true => item.by_hand("none, unless it rotates", change.command()),
    })
}

fn completion(host: &Host, disk: &str) -> Option<Item> {
    let path = format!("/sys/block/{disk}/queue/rq_affinity");
    let found = host.read(&path)?;
    let item = Item::good(
        format!("{disk}: rq_affinity"),
        "A write that ends on the core that began it needs no interrupt between cores.",
        &found,
    );
    Some(if found == "2" { item } else { item.wants("2", vec![Change::new(path, "2")]) })
}

fn cache(host: &Host, disk: &str) -> Option<Item> {
    let found = host.read(&format!("/sys/block/{disk}/queue/write_cache"))?;
    let forced = host.number(&format!("/sys/block/{disk}/queue/fua")) == Some(1);
    let how = match (found.as_str(), forced) {
        ("write through", _) => "a write is durable when it ends",
        (_, true) => "a durable write is one command (FUA)",
        (_, false) => "a durable write is a write and a flush of the whole cache",
    };
    let why = "What makes a write durable decides what an acknowledgement costs; there is nothing to set.";
    Some(Item::good(format!("{disk}: write cache"), why, format!("{found}: {how}")))
}
