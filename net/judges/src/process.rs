//! What the system says of a process, and where the repository's own things are.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::unistd::Pid;

/// The repository's root.
#[must_use]
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("net/judges lies two below the root").to_owned()
}

/// `scripts/reference`.
#[must_use]
pub fn reference_script() -> PathBuf {
    repository().join("scripts/reference")
}

/// Where `scripts/install` puts things that are no part of the repository.
#[must_use]
pub fn cache() -> PathBuf {
    std::env::var_os("MILLRACE_CACHE").map_or_else(|| repository().join(".cache"), PathBuf::from)
}

/// Where `scripts/install` put Kafka's jars.
#[must_use]
pub fn kafka_jars() -> PathBuf {
    let jars = cache().join("kafka-4.3.1/lib");
    assert!(jars.is_dir(), "{} is not there: run scripts/install", jars.display());
    jars
}

/// Resident memory in bytes, as `/proc/PID/status` has it (VmRSS).
#[must_use]
pub fn resident_bytes(pid: Pid) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("the process is there");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a live process has memory");
    let kibibytes: u64 = line.split_whitespace().nth(1).and_then(|word| word.parse().ok()).expect("VmRSS is a number");
    kibibytes * 1024
}

/// Processor time of the process since its start, ended threads included, from `/proc/PID/stat` (user and system, 10
/// ms).
#[must_use]
pub fn process_time(pid: Pid) -> Duration {
    const TICKS_PER_SECOND: u64 = 100;
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("the process is there");
    let (_, after_name) = stat.rsplit_once(')').expect("the name stands in parentheses");
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let ticks = |index: usize| fields[index].parse::<u64>().expect("times are numbers");
    Duration::from_millis((ticks(11) + ticks(12)) * 1000 / TICKS_PER_SECOND)
}
