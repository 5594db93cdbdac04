//! What one core does: appends, commits, reads planned from the index, tasks, messages between cores.

use std::rc::Rc;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use millrace_base::ids::{CoreId, TopicId, TopicPartition};
use millrace_log::{Append, CoreLog, LogDirectory, LogOptions, Origin, Partition, PartitionConfig, ReadLimits};
use millrace_record::builder::BatchBuilder;
use millrace_record::compression::Codec;
use millrace_runtime::uring::{self, HostOptions};
use millrace_runtime::{Core, Mailbox};

const NODE_ID: i32 = 1;
const BUFFERS_BYTES: usize = 1 << 30;
/// Batches in the log that is read from.
const STORED_BATCHES: i64 = 20_000;

/// Runs something on a core of its own, and gives what it says.
fn on_core<T>(main: impl AsyncFnOnce(Core) -> T) -> T {
    let options = HostOptions { buffers_bytes_per_core: BUFFERS_BYTES, ..HostOptions::default() };
    match uring::block_on_with(&options, main) {
        Ok(given) => given,
        Err(error) => panic!("{error}"),
    }
}

fn batch(record_bytes: usize) -> Vec<u8> {
    let mut builder = BatchBuilder::new(Codec::None);
    let pushed = builder.push(1_700_000_000_000, None, Some(&vec![7; record_bytes]), &[]);
    match pushed.and_then(|()| builder.build()) {
        Ok(batch) => batch,
        Err(error) => panic!("{error}"),
    }
}

/// A log with one partition, in a directory that goes with it.
struct Log {
    partition: Rc<Partition>,
    _log: Rc<CoreLog>,
    _owned: LogDirectory,
    _directory: tempfile::TempDir,
}

impl Log {
    async fn open(core: &Core) -> Log {
        let opened = async {
            // On the disk that the repository is on: memory would not do direct I/O.
            let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
            let root = directory.path().join("log");
            let owned = LogDirectory::open(core, &root, NODE_ID).await?;
            let log = CoreLog::open(core, &root, LogOptions::default(), owned.start).await?;
            let id = TopicPartition { topic: TopicId([7; 16]), partition: 0 };
            let partition = log.create_partition(id, "measured", PartitionConfig::default()).await?;
            Ok::<_, Box<dyn std::error::Error>>(Log { partition, _log: log, _owned: owned, _directory: directory })
        };
        match opened.await {
            Ok(log) => log,
            Err(error) => panic!("{error}"),
        }
    }

    /// Appends; when it is durable is somebody else's question.
    async fn append(&self, batch: &[u8]) -> i64 {
        let append = Append { batches: batch, origin: Origin::Client, leader_epoch: 0, restamp: None };
        match self.partition.append(&append).await {
            Ok(appended) => appended.next_offset,
            Err(error) => panic!("{error}"),
        }
    }

    async fn wait_durable(&self, offset: i64) {
        if let Err(error) = self.partition.wait_durable(offset).await {
            panic!("{error}");
        }
    }
}

fn append(criterion: &mut Criterion) {
    /// So many appends are made durable together, outside of what is measured.
    const TOGETHER: u64 = 100;
    let mut group = criterion.benchmark_group("log");
    for bytes in [100, 16 * 1024, 128 * 1024] {
        let batch = batch(bytes);
        group.throughput(Throughput::Bytes(batch.len() as u64));
        group.bench_function(BenchmarkId::new("append", bytes), |bencher| {
            bencher.iter_custom(|count| {
                on_core(async |core| {
                    let log = Log::open(&core).await;
                    let mut took = Duration::ZERO;
                    for number in 0..count {
                        let began = core.now();
                        let next = log.append(&batch).await;
                        took += core.now().since(began);
                        if number % TOGETHER == TOGETHER - 1 || number == count - 1 {
                            log.wait_durable(next).await;
                        }
                    }
                    took
                })
            });
        });
        group.bench_function(BenchmarkId::new("append and commit", bytes), |bencher| {
            bencher.iter_custom(|count| {
                on_core(async |core| {
                    let log = Log::open(&core).await;
                    let began = core.now();
                    for _ in 0..count {
                        let next = log.append(&batch).await;
                        log.wait_durable(next).await;
                    }
                    core.now().since(began)
                })
            });
        });
    }
}

fn read(criterion: &mut Criterion) {
    criterion.bench_function("log/look up an offset and plan a read of 64 KiB", |bencher| {
        bencher.iter_custom(|count| {
            on_core(async |core| {
                let log = Log::open(&core).await;
                let batch = batch(1024);
                let mut next = 0;
                for _ in 0..STORED_BATCHES {
                    next = log.append(&batch).await;
                }
                log.wait_durable(next).await;
                let limits = ReadLimits { bytes_max: 64 * 1024, at_least_one_batch: true };
                let began = core.now();
                for number in 0..count {
                    // Scattered over the log: a step that shares no factor with its length.
                    let offset = (number as i64).wrapping_mul(7_919).rem_euclid(STORED_BATCHES);
                    assert!(log.partition.read(offset, limits).await.is_ok());
                }
                core.now().since(began)
            })
        });
    });
}

fn executor(criterion: &mut Criterion) {
    criterion.bench_function("executor/start a task and wait for it", |bencher| {
        bencher.iter_custom(|count| {
            on_core(async |core| {
                let began = core.now();
                for _ in 0..count {
                    core.spawn_join(async {}).await;
                }
                core.now().since(began)
            })
        });
    });
    criterion.bench_function("executor/yield", |bencher| {
        bencher.iter_custom(|count| {
            on_core(async |core| {
                let began = core.now();
                for _ in 0..count {
                    core.yield_now().await;
                }
                core.now().since(began)
            })
        });
    });
}

fn mailboxes(criterion: &mut Criterion) {
    criterion.bench_function("mailbox/to another core and back", |bencher| {
        bencher.iter_custom(|count| {
            let (told, took) = std::sync::mpsc::channel();
            let options = HostOptions { cores: vec![None; 2], ..HostOptions::default() };
            let ran = uring::run(options, move |core: Core, mailbox: Mailbox<u64>| {
                let told = told.clone();
                async move {
                    if core.id() == CoreId(0) {
                        let began = core.now();
                        for number in 0..count {
                            mailbox.send(CoreId(1), number);
                            mailbox.receive().await;
                        }
                        let sent = told.send(core.now().since(began));
                        assert!(sent.is_ok());
                    } else {
                        for _ in 0..count {
                            let (from, number) = mailbox.receive().await;
                            mailbox.send(from, number);
                        }
                    }
                }
            });
            assert!(ran.is_ok());
            took.recv().unwrap_or_default()
        });
    });
    criterion.bench_function("mailbox/to oneself", |bencher| {
        bencher.iter_custom(|count| {
            let mesh = millrace_runtime::Mesh::new(1);
            on_core(async |core| {
                let mailbox = mesh.mailbox(&core);
                let began = core.now();
                for number in 0..count {
                    mailbox.send(CoreId(0), number);
                    mailbox.receive().await;
                }
                core.now().since(began)
            })
        });
    });
}

criterion_group!(benches, append, read, executor, mailboxes);
criterion_main!(benches);
