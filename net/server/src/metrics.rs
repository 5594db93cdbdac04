//! What a core counts, plain numbers of its own; gathered from all cores and added up when somebody asks.

mod render;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::join_all;
use millrace_base::ids::{CoreId, Offset, PartitionIndex, TopicId, TopicPartition};
use millrace_base::metrics::Durations;
use millrace_log::LogNumbers;

use crate::dispatch::{self, CoreCall};
use crate::groups::{self, Committed, GroupSize};
use crate::server::{Server, all_cores};

pub(crate) use render::{CONTENT_TYPE, render};

/// What a core counts as it goes.
#[derive(Default)]
pub(crate) struct Metrics {
    apis: RefCell<BTreeMap<i16, ApiNumbers>>,
    connections_accepted: Cell<u64>,
    connections_dropped: Cell<u64>,
    native: Cell<NativeNumbers>,
}

/// What the native protocol carried.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct NativeNumbers {
    /// Bytes of batches that were appended.
    produced_bytes: u64,
    /// Bytes of batches that were sent to streams.
    streamed_bytes: u64,
}

/// Requests of one API.
#[derive(Clone, Debug, Default)]
pub(crate) struct ApiNumbers {
    /// From the whole request's arrival to the end of its answer's sending.
    took: Durations,
    request_bytes: u64,
    response_bytes: u64,
}

impl Metrics {
    /// A connection was given to this core.
    pub(crate) fn note_connection(&self) {
        self.connections_accepted.set(self.connections_accepted.get() + 1);
    }

    /// A connection was closed because of what it sent.
    pub(crate) fn note_dropped(&self) {
        self.connections_dropped.set(self.connections_dropped.get() + 1);
    }

    /// A batch came by the native protocol, and was appended.
    pub(crate) fn note_native_produced(&self, bytes: usize) {
        let native = self.native.get();
        self.native.set(NativeNumbers { produced_bytes: native.produced_bytes + bytes as u64, ..native });
    }

    /// Batches are sent to a stream of the native protocol.
    pub(crate) fn note_native_streamed(&self, bytes: usize) {
        let native = self.native.get();
        self.native.set(NativeNumbers { streamed_bytes: native.streamed_bytes + bytes as u64, ..native });
    }

    /// A request was answered; with nothing, if nothing was asked for.
    pub(crate) fn note_request(&self, api_key: i16, took: Duration, request_bytes: usize, response_bytes: usize) {
        let mut apis = self.apis.borrow_mut();
        let api = apis.entry(api_key).or_default();
        api.took.note(took);
        api.request_bytes += request_bytes as u64;
        api.response_bytes += response_bytes as u64;
    }
}

/// The broker in numbers: what each core says.
#[derive(Debug)]
pub(crate) struct Numbers {
    cores: Vec<CoreNumbers>,
    connections_open: usize,
    /// Names by id.
    topics: BTreeMap<TopicId, String>,
}

#[derive(Debug)]
struct CoreNumbers {
    core: CoreId,
    apis: BTreeMap<i16, ApiNumbers>,
    connections_accepted: u64,
    connections_dropped: u64,
    native: NativeNumbers,
    up: Duration,
    parked: Duration,
    buffers_bytes: usize,
    buffers_limit_bytes: usize,
    log: LogNumbers,
    partitions: Vec<PartitionNumbers>,
    groups: Vec<GroupSize>,
    committed: Vec<Committed>,
}

#[derive(Debug)]
struct PartitionNumbers {
    topic: TopicId,
    partition: PartitionIndex,
    log_start: Offset,
    high_watermark: Offset,
    bytes: u64,
}

/// Asks all cores.
pub(crate) async fn gather(server: &Rc<Server>) -> Numbers {
    let cores = join_all(all_cores(&server.core).map(|core| dispatch::call(server, core, Gather))).await;
    let image = server.image();
    Numbers {
        cores,
        connections_open: server.connections.total(),
        topics: image.topics().map(|topic| (topic.id, topic.name.clone())).collect(),
    }
}

struct Gather;

impl CoreCall for Gather {
    type Reply = CoreNumbers;
    const CANCELLABLE: bool = true;

    async fn run(self, server: Rc<Server>) -> CoreNumbers {
        let partition_numbers = |id: TopicPartition| {
            let partition = server.partition(id).filter(|_| id.topic != TopicId::METADATA)?;
            let offsets = partition.offsets();
            Some(PartitionNumbers {
                topic: id.topic,
                partition: id.partition,
                log_start: offsets.log_start,
                high_watermark: offsets.high_watermark,
                bytes: partition.size_bytes(),
            })
        };
        let (groups, committed) = groups::numbers(&server);
        CoreNumbers {
            core: server.core.id(),
            apis: server.metrics.apis.borrow().clone(),
            connections_accepted: server.metrics.connections_accepted.get(),
            connections_dropped: server.metrics.connections_dropped.get(),
            native: server.metrics.native.get(),
            up: server.core.now() - server.began,
            parked: server.core.parked().saturating_sub(server.parked_before),
            buffers_bytes: server.core.buffers().used_bytes(),
            buffers_limit_bytes: server.core.buffers().limit_bytes(),
            log: server.log.numbers(),
            partitions: server.log.partitions().into_iter().filter_map(partition_numbers).collect(),
            groups,
            committed,
        }
    }
}
