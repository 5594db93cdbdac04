//! What the process has cost so far.

use std::time::Duration;

use millrace_runtime::Core;
use nix::sys::resource::{UsageWho, getrusage};

use crate::Failure;

/// How often it is looked whether the disk is still written to.
const SETTLE_STEP: Duration = Duration::from_millis(25);
/// How often at most.
const SETTLE_STEPS_MAX: usize = 200;

/// Counters that only grow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Meter {
    /// Processor time of all threads, the kernel's workers for this process included, in seconds.
    pub(crate) cpu_s: f64,
    /// Bytes that went to the disk.
    pub(crate) disk_bytes: u64,
}

impl Meter {
    pub(crate) fn read() -> Result<Meter, Failure> {
        let usage = getrusage(UsageWho::RUSAGE_SELF)?;
        let times = [usage.user_time(), usage.system_time()];
        let cpu_s = times.iter().map(|time| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6).sum();
        let io = std::fs::read_to_string("/proc/self/io")?;
        let written = io.lines().find_map(|line| line.strip_prefix("write_bytes: "));
        Ok(Meter { cpu_s, disk_bytes: written.ok_or("/proc/self/io does not say what was written")?.trim().parse()? })
    }

    /// Waits until nothing is written any more: what was left for later is done then.
    pub(crate) async fn settled(core: &Core) -> Result<Meter, Failure> {
        let mut last = Meter::read()?;
        for _ in 0..SETTLE_STEPS_MAX {
            core.sleep(SETTLE_STEP).await;
            let now = Meter::read()?;
            if now.disk_bytes == last.disk_bytes {
                return Ok(now);
            }
            last = now;
        }
        Ok(last)
    }
}
