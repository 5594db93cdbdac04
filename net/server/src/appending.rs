//! Appending batches that were found good, on the core that owns their partitions.

use std::fmt::Display;
use std::rc::Rc;

use futures_util::future::join_all;
use millrace_base::code::ErrorCode;
use millrace_base::ids::{Offset, TopicPartition};
use millrace_log::{Append, AppendError, Appended, Origin, Partition};
use millrace_record::validate::Restamp;
use millrace_runtime::Bytes;

use crate::dispatch::CoreCall;
use crate::server::Server;

/// Why a batch was not taken.
#[derive(Clone, Debug)]
pub(crate) struct Refused {
    pub code: ErrorCode,
    pub message: Option<String>,
    pub records: Vec<(i32, String)>,
    /// The log start offset, where it is told.
    pub log_start: Offset,
}

/// What stands in an answer that does not tell the log start offset.
const UNTOLD: Offset = -1;

impl Refused {
    /// Refused with this code, and for this reason.
    pub(crate) fn because(code: ErrorCode, why: &dyn Display) -> Self {
        Self { message: Some(why.to_string()), ..Self::from(code) }
    }
}

impl From<ErrorCode> for Refused {
    fn from(code: ErrorCode) -> Self {
        Self { code, message: None, records: Vec::new(), log_start: UNTOLD }
    }
}

/// What the owning core is to do with what came for a partition.
pub(crate) enum Work {
    Append(Batch),
    /// Only say where the log begins: an answer to a batch that was looked into tells it.
    Refuse(TopicPartition, Refused),
}

impl Work {
    pub(crate) fn partition(&self) -> TopicPartition {
        match self {
            Work::Append(batch) => batch.partition,
            Work::Refuse(partition, _) => *partition,
        }
    }
}

/// A batch that is good, on its way to its partition.
pub(crate) struct Batch {
    pub partition: TopicPartition,
    pub bytes: Bytes,
    /// What the header must say of time before the batch is stored.
    pub restamp: Option<Restamp>,
}

/// When an append counts as done.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wait {
    /// It has its offset.
    Appended,
    /// It is committed: durable on every replica there is, unless the topic's `millrace.durability` is `relaxed`.
    Committed,
}

/// Appends batches to partitions of one core, in order.
pub(crate) struct AppendBatches {
    pub batches: Vec<Work>,
    pub wait: Wait,
}

impl CoreCall for AppendBatches {
    type Reply = Vec<Result<Appended, Refused>>;
    const CANCELLABLE: bool = false;

    async fn run(self, server: Rc<Server>) -> Self::Reply {
        let started = append_all(&server, self.batches).await;
        let mut results = Vec::with_capacity(started.len());
        for appended in started {
            results.push(match appended {
                Ok((partition, appended)) if self.wait == Wait::Committed => {
                    let committed = partition.wait_committed(appended.next_offset).await;
                    committed.map(|()| appended).map_err(|error| Refused::because(error.code(), &error))
                }
                Ok((_, appended)) => Ok(appended),
                Err(refused) => Err(refused),
            });
        }
        results
    }
}

/// What a batch got, and from which partition.
type Started = Result<(Rc<Partition>, Appended), Refused>;

/// Appends in order. All take their turns before any of them waits: no later request may come between. Where nobody has
/// to wait, nothing is set up for it.
async fn append_all(server: &Server, batches: Vec<Work>) -> Vec<Started> {
    let mut started = Vec::with_capacity(batches.len());
    let mut batches = batches.into_iter();
    let mut waits = None;
    for work in batches.by_ref() {
        match Ready::find(server, &work) {
            Err(refused) => started.push(Err(refused)),
            Ok(ready) => match ready.partition.append_at_once(&ready.append) {
                Some(appended) => started.push(ready.started(appended)),
                None => {
                    waits = Some(work);
                    break;
                }
            },
        }
    }
    if waits.is_some() {
        started.extend(join_all(waits.into_iter().chain(batches).map(|work| append(server, work))).await);
    }
    started
}

async fn append(server: &Server, work: Work) -> Started {
    let ready = Ready::find(server, &work)?;
    let appended = ready.partition.append(&ready.append).await;
    ready.started(appended)
}

/// A batch beside its partition.
struct Ready<'a> {
    partition: Rc<Partition>,
    log_start: Offset,
    append: Append<'a>,
}

impl<'a> Ready<'a> {
    fn find(server: &Server, work: &'a Work) -> Result<Self, Refused> {
        let (partition, leader_epoch) = server.led(work.partition())?;
        let log_start = partition.offsets().log_start;
        let batch = match work {
            Work::Append(batch) => batch,
            Work::Refuse(_, refused) => return Err(Refused { log_start, ..refused.clone() }),
        };
        let append = Append { batches: &batch.bytes, origin: Origin::Client, leader_epoch, restamp: batch.restamp };
        Ok(Self { partition, log_start, append })
    }

    fn started(self, appended: Result<Appended, AppendError>) -> Started {
        match appended {
            Ok(appended) => Ok((self.partition, appended)),
            Err(error) => {
                let log_start = if matches!(error, AppendError::Sequence(_)) { self.log_start } else { UNTOLD };
                Err(Refused { log_start, ..Refused::because(error.code(), &error) })
            }
        }
    }
}
