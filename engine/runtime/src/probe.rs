//! What this machine offers, checked before a host is started: each finding in plain words, with what to do about it.

use std::fs;
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::task::Waker;

use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit, setrlimit};
use nix::sys::utsname::uname;

use crate::buffer::BufferPool;
use crate::file::BLOCK_BYTES;
use crate::uring;

/// The oldest kernel that works: major and minor version.
///
/// 6.1 is the first with deferred task work and messages between rings that use it.
pub const KERNEL_MIN: (u32, u32) = (6, 1);
/// Fewer open files than this do not serve thousands of connections and segments.
const OPEN_FILES_WISHED: u64 = 65_536;
/// Less lockable memory than this is too little for rings on kernels that count them, in bytes.
const LOCKED_BYTES_WISHED: u64 = 8 * 1024 * 1024;

/// How serious a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// As it should be.
    Good,
    /// Works, but slower or with less.
    Warning,
    /// A host cannot start.
    Fatal,
}

/// One thing that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was checked.
    pub subject: &'static str,
    /// How serious it is.
    pub severity: Severity,
    /// What was found.
    pub found: String,
    /// What to do; empty when there is nothing to do.
    pub advice: String,
}

/// Everything that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Kernel version.
    pub kernel: Finding,
    /// Whether a ring can be made.
    pub io_uring: Finding,
    /// Whether files in the data directory can be opened past the page cache.
    pub direct_io: Finding,
    /// The limit of open files, after it was raised.
    pub open_files: Finding,
    /// The limit of locked memory.
    pub locked_memory: Finding,
}

impl Report {
    /// All findings.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        [&self.kernel, &self.io_uring, &self.direct_io, &self.open_files, &self.locked_memory].into_iter()
    }

    /// Whether a host can start.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        self.findings().all(|finding| finding.severity < Severity::Fatal)
    }
}

/// Checks the machine, and the file system of `data_dir`, which exists. Raises the limit of open files as far as is
/// allowed.
///
/// May block: for start. Makes and removes a file in `data_dir`.
#[must_use]
pub fn check(data_dir: &Path) -> Report {
    Report {
        kernel: check_kernel(),
        io_uring: check_io_uring(),
        direct_io: check_direct_io(data_dir),
        open_files: raise_open_files(),
        locked_memory: check_locked_memory(),
    }
}

fn finding(subject: &'static str, severity: Severity, found: String, advice: &str) -> Finding {
    Finding { subject, severity, found, advice: advice.to_owned() }
}

fn check_kernel() -> Finding {
    let release = uname().map(|name| name.release().to_string_lossy().into_owned());
    let release = release.unwrap_or_else(|error| format!("unknown ({error})"));
    judge_kernel(&release)
}

fn judge_kernel(release: &str) -> Finding {
    let (major, minor) = KERNEL_MIN;
    match kernel_version(release) {
        None => {
            finding("kernel", Severity::Warning, format!("Linux {release}: not understood"), "Use Linux 6.1 or later.")
        }
        Some(version) if version < KERNEL_MIN => finding(
            "kernel",
            Severity::Fatal,
            format!("Linux {release}, older than {major}.{minor}"),
            "Use Linux 6.1 or later: older ones have no io_uring with deferred task work.",
        ),
        Some(_) => finding("kernel", Severity::Good, format!("Linux {release}"), ""),
    }
}

fn kernel_version(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|character: char| !character.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

fn check_io_uring() -> Finding {
    let Err(error) = uring::try_ring() else {
        return finding("io_uring", Severity::Good, "available".to_owned(), "");
    };
    // Missing on kernels before 6.6: nothing is disabled there.
    let disabled = fs::read_to_string("/proc/sys/kernel/io_uring_disabled").unwrap_or_default();
    judge_io_uring(&error, disabled.trim())
}

fn judge_io_uring(error: &io::Error, disabled: &str) -> Finding {
    let advice = match (error.raw_os_error(), disabled) {
        (_, "1") => {
            "The sysctl kernel.io_uring_disabled is 1: only members of the group in \
             kernel.io_uring_group (and root) may use it. \
             Set `sysctl -w kernel.io_uring_disabled=0`, or add this user to that group."
        }
        (_, "2") => {
            "The sysctl kernel.io_uring_disabled is 2: nobody may use it. Set `sysctl -w kernel.io_uring_disabled=0`."
        }
        (Some(libc::ENOSYS), _) => {
            "The kernel has no io_uring, or a sandbox hides it (gVisor, an old container runtime). \
             Run on a kernel with it."
        }
        (Some(libc::EPERM | libc::EACCES), _) => {
            "A seccomp filter forbids it, as Docker's default profile does. Run the container with \
             `--security-opt seccomp=unconfined`, or with a profile that allows io_uring_setup, io_uring_enter and \
             io_uring_register."
        }
        (Some(libc::ENOMEM), _) => "Raise the limit of locked memory (`ulimit -l`, systemd: LimitMEMLOCK=infinity).",
        (Some(libc::EINVAL), _) => "The kernel's io_uring lacks a setup flag that is needed. Use Linux 6.1 or later.",
        _ => "See the error.",
    };
    finding("io_uring", Severity::Fatal, format!("not available: {error}"), advice)
}

fn check_direct_io(data_dir: &Path) -> Finding {
    // One name for all: what a killed process has left is used again, and removed.
    let probe = data_dir.join(".direct-io-probe");
    let result = try_direct_io(&probe);
    // Whatever was made is removed; a file that was never made is as good.
    if let Err(error) = fs::remove_file(&probe)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(%error, path = %probe.display(), "a probe file could not be removed");
    }
    let place = data_dir.display();
    match result {
        Ok(true) => finding("direct I/O", Severity::Good, format!("available in {place}"), ""),
        Ok(false) => finding(
            "direct I/O",
            Severity::Warning,
            format!("the file system of {place} has no O_DIRECT (tmpfs, or a network file system)"),
            "Millrace works through the page cache there, slower; and on tmpfs nothing survives a reboot. \
             For production use ext4 or xfs on a local disk.",
        ),
        Err(error) => finding(
            "direct I/O",
            Severity::Fatal,
            format!("a file in {place} cannot be written: {error}"),
            "Check that the directory exists, belongs to this user and has space.",
        ),
    }
}

/// Writes one block of a new file at `path` past the page cache. Gives whether that is possible there; a file may be
/// left.
fn try_direct_io(path: &Path) -> io::Result<bool> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    let has_none = |error: &io::Error| error.raw_os_error() == Some(libc::EINVAL);
    let file = match options.clone().custom_flags(libc::O_DIRECT).open(path) {
        Ok(file) => file,
        Err(error) if has_none(&error) => return options.open(path).map(|_buffered| false),
        Err(error) => return Err(error),
    };
    let pool = BufferPool::new(BLOCK_BYTES, Waker::noop().clone());
    let mut block = pool.alloc(BLOCK_BYTES).map_err(io::Error::other)?;
    block.set_len(BLOCK_BYTES);
    match file.write_all_at(&block, 0) {
        Err(error) if has_none(&error) => Ok(false),
        result => result.map(|()| true),
    }
}

fn raise_open_files() -> Finding {
    let subject = "open files";
    let advice = "Raise the limit: `ulimit -n 1048576`, or in a systemd unit LimitNOFILE=1048576.";
    let (soft, hard) = match getrlimit(Resource::RLIMIT_NOFILE) {
        Ok(limits) => limits,
        Err(error) => return finding(subject, Severity::Warning, format!("limit unknown: {error}"), advice),
    };
    let raised = soft >= hard || setrlimit(Resource::RLIMIT_NOFILE, hard, hard).is_ok();
    let limit = if raised { hard } else { soft };
    let found = if raised && soft < hard { format!("{limit} (raised from {soft})") } else { limit.to_string() };
    if limit < OPEN_FILES_WISHED {
        return finding(subject, Severity::Warning, format!("at most {found}: few for many connections"), advice);
    }
    finding(subject, Severity::Good, format!("at most {found}"), "")
}

fn check_locked_memory() -> Finding {
    let subject = "locked memory";
    let advice = "Raise the limit: `ulimit -l unlimited`, or in a systemd unit LimitMEMLOCK=infinity.";
    match getrlimit(Resource::RLIMIT_MEMLOCK) {
        Ok((RLIM_INFINITY, _)) => finding(subject, Severity::Good, "no limit".to_owned(), ""),
        Ok((soft, _)) if soft < LOCKED_BYTES_WISHED => {
            finding(subject, Severity::Warning, format!("at most {soft} bytes"), advice)
        }
        Ok((soft, _)) => finding(subject, Severity::Good, format!("at most {soft} bytes"), ""),
        Err(error) => finding(subject, Severity::Warning, format!("limit unknown: {error}"), advice),
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn kernels_are_judged_by_major_and_minor_version() {
        for (release, severity) in [
            ("6.1.0-13-amd64", Severity::Good),
            ("6.18.44-fc-v657", Severity::Good),
            ("10.0", Severity::Good),
            ("6.0.19", Severity::Fatal),
            ("5.15.0-91-generic", Severity::Fatal),
            ("unknown", Severity::Warning),
        ] {
            assert_eq!(judge_kernel(release).severity, severity, "{release}");
        }
    }

    #[test]
    fn a_missing_io_uring_names_its_cause_and_remedy() {
        let denied = io::Error::from_raw_os_error(libc::EPERM);
        assert!(judge_io_uring(&denied, "2").advice.contains("kernel.io_uring_disabled is 2"));
        assert!(judge_io_uring(&denied, "1").advice.contains("kernel.io_uring_group"));
        assert!(judge_io_uring(&denied, "0").advice.contains("seccomp"));
        assert!(judge_io_uring(&io::Error::from_raw_os_error(libc::ENOSYS), "").advice.contains("no io_uring"));
    }

    #[test]
    fn this_machine_is_usable_and_a_missing_directory_is_not() {
        let directory = tempfile::tempdir_in("/var/tmp").unwrap();
        let report = check(directory.path());
        assert!(report.is_usable(), "{report:?}");
        assert_eq!(report.direct_io.severity, Severity::Good);
        let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        assert_eq!(soft, hard);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0, "nothing is left behind");
        assert_eq!(check(&directory.path().join("missing")).direct_io.severity, Severity::Fatal);
    }

    #[test]
    fn tmpfs_works_whether_or_not_it_has_direct_io() {
        let directory = tempfile::tempdir_in("/dev/shm").unwrap();
        assert!(check(directory.path()).direct_io.severity < Severity::Fatal);
    }
}
