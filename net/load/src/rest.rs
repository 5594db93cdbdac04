//! Waiting until brokers are at rest: what one of them has left to do is not done in another's turn.

use std::thread;
use std::time::{Duration, Instant};

use crate::error::LoadError;
use crate::process::{Process, Sample};
use crate::stop::Stopper;

/// What a broker at rest takes of a processor at most: Kafka takes a third of it.
const REST_CPUS: f64 = 0.1;
/// Over how long that is looked at.
const LOOK: Duration = Duration::from_millis(500);
/// How long brokers are waited for before a turn begins all the same.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until all these processes are at rest, the end is asked for, or `patience` is over. Gives which of them still
/// were not, in their order.
///
/// # Errors
/// [`LoadError::File`] when one has ended.
pub fn await_rest(processes: &[Process], patience: Duration, stopper: &Stopper) -> Result<Vec<bool>, LoadError> {
    let began = Instant::now();
    loop {
        let busy = look(processes)?;
        if !busy.contains(&true) || stopper.is_stopped() || began.elapsed() >= patience {
            return Ok(busy);
        }
    }
}

/// Which of the processes are busy now.
fn look(processes: &[Process]) -> Result<Vec<bool>, LoadError> {
    let sample = || processes.iter().map(Process::sample).collect::<Result<Vec<_>, _>>();
    let before = sample()?;
    thread::sleep(LOOK);
    let is_busy = |(before, after): (Sample, Sample)| {
        after.cpu_s - before.cpu_s > REST_CPUS * (after.at - before.at).as_secs_f64()
    };
    Ok(before.into_iter().zip(sample()?).map(is_busy).collect())
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command};

    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;

    use super::*;

    /// Ends with the test, however that ends.
    struct Ends(Child);

    impl Drop for Ends {
        fn drop(&mut self) {
            self.0.kill().unwrap();
            self.0.wait().unwrap();
        }
    }

    #[test]
    fn a_busy_process_is_waited_for_and_named_and_one_at_rest_is_not() {
        let start = |script| Ends(Command::new("sh").args(["-c", script]).spawn().unwrap());
        let children = [start("while :; do :; done"), start("exec sleep 1000")];
        let pids = children.each_ref().map(|child| i32::try_from(child.0.id()).unwrap());
        let processes = pids.map(|pid| Process::of_pid(pid).unwrap());
        let stopper = Stopper::default();
        let patience = 2 * LOOK;
        let began = Instant::now();
        assert_eq!(await_rest(&processes, patience, &stopper).unwrap(), [true, false]);
        assert!(began.elapsed() >= patience);
        kill(Pid::from_raw(pids[0]), Signal::SIGSTOP).unwrap();
        assert_eq!(await_rest(&processes, PATIENCE, &stopper).unwrap(), [false, false]);
    }
}
