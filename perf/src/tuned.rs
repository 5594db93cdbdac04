//! The tuned consumer.

use std::thread;
use std::time::Duration;

use millrace_client::native::Consumer;
use millrace_record::compression::Scratch;
use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;

use crate::error::PerfError;
use crate::measured::{Measured, Stopwatch, Tally};
use crate::tuning::Tuning;

/// When nothing has come for so long, nothing will.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Reads a topic of so many partitions from its start to its end.
///
/// # Errors
/// [`PerfError`].
pub fn read(native: &str, topic: &str, partitions: i32, tuning: &Tuning) -> Result<Measured, PerfError> {
    let stopwatch = Stopwatch::start()?;
    let threads = tuning.threads.max(1);
    let tally = thread::scope(|scope| {
        let running: Vec<_> = (0..threads)
            .map(|number| {
                let own = (0..partitions).skip(number).step_by(threads).collect();
                let processor = tuning.processors.get(number).copied();
                let options = tuning.options(native, topic, own);
                scope.spawn(move || {
                    bind(processor)?;
                    read_to_end(&mut Consumer::open(options)?)
                })
            })
            .collect();
        running.into_iter().try_fold(Tally::default(), |sum, thread| {
            let tally = thread.join().unwrap_or(Err(PerfError::Thread))?;
            Ok::<_, PerfError>(sum.and(tally))
        })
    })?;
    stopwatch.stop(tally)
}

/// Reads each of a consumer's partitions up to where it ends by then.
fn read_to_end(consumer: &mut Consumer) -> Result<Tally, PerfError> {
    let mut scratch = Scratch::default();
    let mut tally = Tally::default();
    let mut open = consumer.partitions();
    while open > 0 {
        let Some(delivery) = consumer.poll(PATIENCE)? else {
            let (came, patience_s) = (tally.records, PATIENCE.as_secs());
            return Err(PerfError::Stalled { came, patience_s });
        };
        delivery.for_each(&mut scratch, |record| {
            tally.note(record.offset, record.timestamp, record.key, record.value);
        })?;
        open -= usize::from(delivery.next_offset >= delivery.high_watermark);
    }
    Ok(tally)
}

/// Binds this thread to a processor, if to one.
fn bind(processor: Option<usize>) -> Result<(), PerfError> {
    let Some(processor) = processor else { return Ok(()) };
    let failed = |source| PerfError::Processor { processor, source };
    let mut set = CpuSet::new();
    set.set(processor).map_err(failed)?;
    sched_setaffinity(Pid::from_raw(0), &set).map_err(failed)
}
