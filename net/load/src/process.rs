//! What a process of this machine costs: its processor time and memory, read from /proc.

use std::collections::BTreeMap;
use std::fs;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Instant;

use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::unistd::{SysconfVar, sysconf};
use serde::Serialize;

use crate::error::LoadError;

/// The state of a listening socket in /proc/net/tcp.
const LISTENING: &str = "0A";

/// A process whose cost is measured.
#[derive(Clone, Debug, Serialize)]
pub struct Process {
    /// Its id.
    pub pid: i32,
    /// Its command line, without the directories in it: they are this machine's business.
    pub command: String,
    /// The processors that it may run on, as the kernel lists them.
    pub processors: String,
    #[serde(skip)]
    ticks_per_second: f64,
}

/// A look at a process.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// When.
    pub at: Instant,
    /// Processor time so far, the kernel's for it included, in seconds.
    pub cpu_s: f64,
    /// Resident memory, in bytes.
    pub resident_bytes: u64,
    /// What it had written to disks so far, or put into the page cache to be written, in bytes; `None` where that is
    /// not told.
    pub written_bytes: Option<u64>,
}

impl Process {
    /// The process with this id.
    ///
    /// # Errors
    /// [`LoadError::File`] when there is none.
    pub fn of_pid(pid: i32) -> Result<Process, LoadError> {
        let read = |name: &str| {
            let path = format!("/proc/{pid}/{name}");
            fs::read_to_string(&path).map_err(LoadError::file(format!("process {pid}: {path}")))
        };
        let command = without_directories(&read("cmdline")?);
        let ticks = sysconf(SysconfVar::CLK_TCK).ok().flatten().unwrap_or(100);
        let processors = field(&read("status")?, "Cpus_allowed_list:").unwrap_or_default().to_owned();
        let process = Process { pid, command, processors, ticks_per_second: ticks as f64 };
        process.sample()?;
        Ok(process)
    }

    /// The process that listens at an address of this machine; `None` when the address is another machine's, or the
    /// process another user's.
    #[must_use]
    pub fn listening_at(address: SocketAddr) -> Option<Process> {
        if !is_of_this_machine(address.ip()) {
            return None;
        }
        let inodes: Vec<String> = ["/proc/net/tcp", "/proc/net/tcp6"]
            .iter()
            .filter_map(|path| fs::read_to_string(path).ok())
            .flat_map(|table| listening_inodes(&table, address.port()))
            .map(|inode| format!("socket:[{inode}]"))
            .collect();
        let pids = fs::read_dir("/proc").ok()?.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        let owner = pids.into_iter().find(|pid: &i32| {
            let descriptors = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten();
            let mut targets = descriptors.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
            targets.any(|target| target.to_str().is_some_and(|target| inodes.iter().any(|inode| inode == target)))
        })?;
        Process::of_pid(owner).ok()
    }

    /// Its threads by name: the processor time of those of a name together, in seconds.
    ///
    /// # Errors
    /// [`LoadError::File`] when it has ended.
    pub fn threads(&self) -> Result<BTreeMap<String, f64>, LoadError> {
        let path = format!("/proc/{}/task", self.pid);
        let failed = || LoadError::file(format!("the broker's process {}: {path}", self.pid));
        let mut threads = BTreeMap::new();
        for thread in fs::read_dir(&path).map_err(failed())? {
            let thread = thread.map_err(failed())?.path();
            // One that has just ended has done nothing since.
            let Ok(stat) = fs::read_to_string(thread.join("stat")) else { continue };
            let name = stat.split_once('(').and_then(|(_, rest)| rest.rsplit_once(')')).map_or("", |(name, _)| name);
            *threads.entry(name.to_owned()).or_insert(0.0) += ticks(&stat) as f64 / self.ticks_per_second;
        }
        Ok(threads)
    }

    /// Looks at it.
    ///
    /// # Errors
    /// [`LoadError::File`] when it has ended.
    pub fn sample(&self) -> Result<Sample, LoadError> {
        let read = |name: &str| {
            let path = format!("/proc/{}/{name}", self.pid);
            fs::read_to_string(&path).map_err(LoadError::file(format!("the broker's process {}: {path}", self.pid)))
        };
        let stat = read("stat")?;
        let resident = field(&read("status")?, "VmRSS:").and_then(|size| size.split(' ').next()?.parse::<u64>().ok());
        Ok(Sample {
            at: Instant::now(),
            cpu_s: ticks(&stat) as f64 / self.ticks_per_second,
            resident_bytes: resident.unwrap_or_default() * 1024,
            written_bytes: read("io").ok().and_then(|io| field(&io, "write_bytes:")?.parse().ok()),
        })
    }
}

/// Processor time of this process, in seconds.
#[must_use]
pub fn own_cpu_s() -> f64 {
    getrusage(UsageWho::RUSAGE_SELF).as_ref().map_or(0.0, seconds_of)
}

/// Processor time, the kernel's included, in seconds.
pub(crate) fn seconds_of(usage: &Usage) -> f64 {
    let times = [usage.user_time(), usage.system_time()];
    times.iter().map(|time| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6).sum()
}

/// User and system time of /proc/PID/stat, in ticks. The command's name before them may hold anything, blanks too.
fn ticks(stat: &str) -> u64 {
    /// After the name: state is the first field, user time the twelfth.
    const USER_TIME: usize = 11;
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    after_name.split_whitespace().skip(USER_TIME).take(2).filter_map(|field| field.parse::<u64>().ok()).sum()
}

fn without_directories(arguments: &str) -> String {
    let short = |argument: &str| match argument.rsplit_once('/') {
        Some((before, name)) => {
            let option = before.split_once('=').map_or("", |(option, _)| option);
            if option.is_empty() { name.to_owned() } else { format!("{option}={name}") }
        }
        None => argument.to_owned(),
    };
    arguments.trim_end_matches('\0').split('\0').map(short).collect::<Vec<_>>().join(" ")
}

fn field<'a>(status: &'a str, name: &str) -> Option<&'a str> {
    status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim)
}

/// The inodes of the sockets that listen on a port, in a table of /proc/net.
fn listening_inodes(table: &str, port: u16) -> Vec<u64> {
    let suffix = format!(":{port:04X}");
    let inode = |line: &str| {
        // sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode
        let fields: Vec<&str> = line.split_whitespace().collect();
        let listens = fields.get(1)?.ends_with(&suffix) && *fields.get(3)? == LISTENING;
        fields.get(9)?.parse().ok().filter(|_| listens)
    };
    table.lines().filter_map(inode).collect()
}

/// Only an address of this machine can be bound to.
fn is_of_this_machine(address: IpAddr) -> bool {
    address.is_loopback() || UdpSocket::bind((address, 0)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn the_process_behind_a_port_is_found_by_its_socket() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(address) else { continue };
            let found = Process::listening_at(listener.local_addr().unwrap()).unwrap();
            assert_eq!(found.pid, std::process::id().cast_signed());
            assert!(found.sample().unwrap().resident_bytes > 1_000_000);
        }
        let elsewhere: SocketAddr = "192.0.2.1:9092".parse().unwrap();
        assert!(Process::listening_at(elsewhere).is_none());
    }

    #[test]
    fn what_a_process_has_written_is_told() {
        let this = Process::of_pid(std::process::id().cast_signed()).unwrap();
        let before = this.sample().unwrap().written_bytes;
        let directory = tempfile::tempdir().unwrap();
        let file = std::fs::File::create(directory.path().join("file")).unwrap();
        std::io::Write::write_all(&mut &file, &[7; 1 << 20]).unwrap();
        file.sync_all().unwrap();
        let after = this.sample().unwrap().written_bytes;
        // A file system in memory has nothing to write to.
        let (Some(before), Some(after)) = (before, after) else { panic!("this process may look at itself") };
        let is_disk = nix::sys::statfs::statfs(directory.path()).unwrap().filesystem_type();
        assert!(is_disk == nix::sys::statfs::TMPFS_MAGIC || after >= before + (1 << 20), "{before} to {after}");
    }

    #[test]
    fn threads_are_told_apart_by_their_names() {
        let this = Process::of_pid(std::process::id().cast_signed()).unwrap();
        let (begin, began) = std::sync::mpsc::channel();
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let body = move || {
            begin.send(()).unwrap();
            ended.recv().unwrap_err();
        };
        let named = std::thread::Builder::new().name("core-7 (x)".to_owned()).spawn(body).unwrap();
        began.recv().unwrap();
        assert!(this.threads().unwrap()["core-7 (x)"] >= 0.0);
        drop(end);
        named.join().unwrap();
    }

    #[test]
    fn processor_time_is_read_behind_any_name() {
        let stat = "77 (a) b (c) S 1 77 77 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 9 0 100 1 2";
        assert_eq!(ticks(stat), 300);
    }

    #[test]
    fn a_command_line_is_told_without_directories() {
        let arguments =
            "/usr/bin/java\0-Dfile=/a/b/log.properties\0-cp\0/kafka/lib/*\0kafka.Kafka\0/data/server.properties\0";
        let told = "java -Dfile=log.properties -cp * kafka.Kafka server.properties";
        assert_eq!(without_directories(arguments), told);
    }

    #[test]
    fn only_listening_sockets_of_the_port_count() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
             0: 0100007F:2384 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 111 1 0 100\n\
             1: 0100007F:2384 0100007F:9999 01 00000000:00000000 00:00000000 00000000  1000        0 222 1 0 100\n\
             2: 0100007F:2385 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 333 1 0 100\n";
        assert_eq!(listening_inodes(table, 0x2384), [111]);
    }
}
