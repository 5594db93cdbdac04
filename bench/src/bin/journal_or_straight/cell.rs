//! One combination of partitions and batch size: all its ways, in turns.

use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use hdrhistogram::Histogram;
use millrace_record::builder::BatchBuilder;
use millrace_record::compression::Codec;
use millrace_runtime::Core;

use crate::Failure;
use crate::meter::Meter;
use crate::report::{Row, Turn};
use crate::way::{Subject, Way};

/// A turn that does not count comes first, this many times shorter.
const WARM_UP_DIVISOR: u32 = 4;
/// Latencies are kept to this many digits.
const LATENCY_DIGITS: u8 = 3;

/// What is measured together.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    pub(crate) partitions: usize,
    pub(crate) batch_bytes: usize,
    pub(crate) in_flight: usize,
    pub(crate) turn: Duration,
    pub(crate) rounds: usize,
    pub(crate) ways: Vec<Way>,
}

impl Cell {
    /// Measures every way below `directory`, which is empty.
    pub(crate) async fn measure(&self, core: &Core, directory: &Path) -> Result<Vec<Row>, Failure> {
        let batch: Rc<[u8]> = batch_of(self.batch_bytes)?.into();
        let mut subjects = Vec::new();
        for way in &self.ways {
            let subject = way.open(core, &directory.join(way.name()), self.partitions).await?;
            subjects.push((*way, Rc::new(subject), Vec::new()));
        }
        for (_, subject, _) in &subjects {
            self.turn(core, subject, &batch, self.turn / WARM_UP_DIVISOR).await?;
        }
        for _ in 0..self.rounds {
            for (_, subject, turns) in &mut subjects {
                turns.push(self.turn(core, subject, &batch, self.turn).await?);
            }
        }
        for (_, subject, _) in &subjects {
            subject.delete(core).await?;
        }
        Ok(subjects.into_iter().map(|(way, _, turns)| Row::new(self, batch.len(), way, &turns)).collect())
    }

    /// Appends for `length`, with `in_flight` tasks that each have partitions of their own, and waits until the disk is
    /// quiet.
    async fn turn(
        &self,
        core: &Core,
        subject: &Rc<Subject>,
        batch: &Rc<[u8]>,
        length: Duration,
    ) -> Result<Turn, Failure> {
        let before = Meter::settled(core).await?;
        let began = core.now();
        let deadline = began + length;
        let tasks: Vec<_> = (0..self.in_flight)
            .map(|first| {
                let own = (first..self.partitions).step_by(self.in_flight);
                let (core_of_task, subject, batch) = (core.clone(), subject.clone(), batch.clone());
                core.spawn_join(async move {
                    let mut latencies = Histogram::<u64>::new(LATENCY_DIGITS)?;
                    for partition in own.cycle() {
                        let start = core_of_task.now();
                        if start >= deadline {
                            break;
                        }
                        subject.append(partition, &batch).await?;
                        let latency = core_of_task.now().since(start);
                        latencies.record(u64::try_from(latency.as_nanos())?)?;
                    }
                    Ok::<_, Failure>(latencies)
                })
            })
            .collect();
        let mut latencies = Histogram::<u64>::new(LATENCY_DIGITS)?;
        for task in tasks {
            latencies.add(task.await?)?;
        }
        let seconds = core.now().since(began).as_secs_f64();
        let after = Meter::settled(core).await?;
        let bytes = latencies.len() as f64 * batch.len() as f64;
        Ok(Turn {
            appends_per_s: latencies.len() as f64 / seconds,
            p50_us: latencies.value_at_quantile(0.5) as f64 / 1e3,
            p99_us: latencies.value_at_quantile(0.99) as f64 / 1e3,
            cpu_s_per_gb: (after.cpu_s - before.cpu_s) / bytes * 1e9,
            disk_bytes_per_byte: (after.disk_bytes - before.disk_bytes) as f64 / bytes,
        })
    }
}

/// A batch of one record that is a little longer than `bytes`: as with real batches, its end is no block's end.
fn batch_of(bytes: usize) -> Result<Vec<u8>, Failure> {
    let mut value_bytes = bytes.saturating_sub(100);
    loop {
        let mut builder = BatchBuilder::new(Codec::None);
        builder.push(0, None, Some(&vec![b'm'; value_bytes]), &[])?;
        let batch = builder.build()?;
        if batch.len() > bytes {
            return Ok(batch);
        }
        value_bytes += bytes + 1 - batch.len();
    }
}
