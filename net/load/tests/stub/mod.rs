//! A broker in a simulated world that answers Produce after known delays, and a load that runs against it.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::ops::Range;
use std::rc::Rc;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use millrace_load::plan::{Leader, Plan, Shared, Target};
use millrace_load::spec::{Acks, Keys, Load, Rate, Subset, Workload};
use millrace_load::worker::{self, Event, Outcome, Place};
use millrace_record::batch::Batch;
use millrace_record::compression::Codec;
use millrace_runtime::sim::{Latency, SimOptions, World};
use millrace_runtime::sync::Notify;
use millrace_runtime::{Bytes, Core, Mailbox, Monotonic, ReadHalf};
use millrace_wire::frame::{self, LENGTH_BYTES};
use millrace_wire::header::{RequestHeader, ResponseHeader};
use millrace_wire::messages::produce::{
    PartitionProduceResponse, ProduceRequest, ProduceResponse, TopicProduceResponse,
};
use millrace_wire::{Message, Reader, Writer};

const PORT: u16 = 9092;
const VERSION: i16 = 9;
const NOTHING: Latency = Latency { least: Duration::ZERO, most: Duration::ZERO, slow_per_mille: 0 };

/// When a request is answered: in the order of the requests, as Kafka does.
pub(crate) enum Delays {
    /// By its number: so many nanoseconds after it came and the one before was answered.
    Each(Box<dyn Fn(u64) -> u64>),
    /// After the usual time, counted from its coming; what would be answered in the pause, or comes in it, at its end.
    /// Times count from the coming of the first request.
    Paused {
        /// Nanoseconds.
        usual: u64,
        /// Nanoseconds.
        pause: Range<u64>,
    },
}

/// A small load on one partition.
pub(crate) fn load() -> Load {
    Load {
        workload: Workload::Produce,
        record_bytes: 100,
        keys: Keys::None,
        only: Subset::ALL,
        codec: Codec::None,
        batch_bytes: 1024 * 1024,
        linger: Duration::ZERO,
        request_bytes: 1024 * 1024,
        acks: Acks::All,
        is_idempotent: false,
        rate: Rate::PerSecond(1_000),
        burst: Duration::from_millis(1),
        producers: 1,
        in_flight: 5,
        consumers: 1,
        fetch_bytes: 1024 * 1024,
        fetch_partition_bytes: 1024 * 1024,
        checks_crc: true,
        warm_up: Duration::ZERO,
        length: Duration::from_secs(1),
    }
}

/// Runs a load against such a broker, and gives what it saw.
pub(crate) fn run(load: &Load, delays: Delays) -> Outcome {
    // Only the broker takes time.
    let options =
        SimOptions { link_delay: NOTHING, turn: NOTHING, socket_buffer_bytes: 64 << 20, ..Default::default() };
    let mut world = World::new(1, options);
    let delays = Rc::new(delays);
    let server = world.add_host("broker", 1, move |core: Core, _: Mailbox<()>| {
        let delays = delays.clone();
        async move { serve(&core, &delays).await }
    });
    let address = SocketAddr::new(world.address(server), PORT);
    let target = Target {
        topic: "t".to_owned(),
        leaders: vec![Leader { address, partitions: vec![0] }],
        starts: Vec::new(),
        ends: Vec::new(),
        produce_version: VERSION,
        fetch_version: 12,
        identities: Vec::new(),
    };
    let plan = Plan { load: load.clone(), target, epoch_ns: 0 };
    let outcome = Rc::new(RefCell::new(None));
    let filled = outcome.clone();
    let (events, seen) = mpsc::channel();
    let client = world.add_host("load", 1, move |core: Core, _: Mailbox<()>| {
        let (plan, events, filled) = (Rc::new(plan.clone()), events.clone(), filled.clone());
        async move {
            // The broker listens by then.
            core.sleep(Duration::from_millis(1)).await;
            let shared = Arc::new(Shared::new(1, &plan.load));
            let place = Place { thread: 0, threads: 1 };
            *filled.borrow_mut() = Some(worker::run(core, plan, shared, place, events).await);
        }
    });
    assert!(world.run_until(Duration::from_secs(3_600), |world| !world.is_running(client)), "it ended");
    let outcome = outcome.take().unwrap().unwrap();
    assert!(outcome.failure.is_none(), "{:?}", outcome.failure);
    // The seconds add up to the whole.
    let intervals = seen.try_iter().filter_map(|event| match event {
        Event::Interval(interval) => Some(interval.counts.produced_records),
        Event::Begin { .. } => None,
    });
    assert_eq!(intervals.sum::<u64>(), outcome.counts.produced_records);
    outcome
}

async fn serve(core: &Core, delays: &Delays) {
    let listener = core.listen(SocketAddr::from(([0, 0, 0, 0], PORT)), 16).await.unwrap();
    let (socket, _) = listener.accept(core).await.unwrap();
    let (reading, writing) = socket.split();
    let taken = Rc::new(RefCell::new(VecDeque::new()));
    let arrived = Notify::new();
    let (fill, came) = (taken.clone(), arrived.clone());
    let reader = core.clone();
    core.spawn(async move {
        while let Some(request) = read(&reader, &reading).await {
            if let Some(answer) = answer(&request) {
                fill.borrow_mut().push_back((reader.now().0, answer));
                came.notify_all();
            }
        }
    });
    let (mut began, mut last) = (None, 0);
    for number in 0.. {
        let (came, answer) = loop {
            let arrival = arrived.notified();
            let first = taken.borrow_mut().pop_front();
            match first {
                Some(first) => break first,
                None => arrival.await,
            }
        };
        let began = *began.get_or_insert(came);
        last = match delays {
            Delays::Each(delay_of) => came.max(last) + delay_of(number),
            Delays::Paused { usual, pause } => {
                let at = came - began;
                let is_held = pause.contains(&at) || pause.contains(&(at + usual));
                began.saturating_add(if is_held { pause.end } else { at + usual })
            }
        };
        core.sleep_until(Monotonic(last)).await;
        if writing.send(core, vec![Bytes::from(answer)]).await.is_err() {
            return;
        }
    }
}

/// A request's bytes, or `None` at the end of the connection.
async fn read(core: &Core, socket: &ReadHalf) -> Option<Vec<u8>> {
    let prefix = take(core, socket, LENGTH_BYTES).await?;
    let length = frame::length(&prefix, 64 << 20).unwrap().unwrap();
    take(core, socket, length).await
}

async fn take(core: &Core, socket: &ReadHalf, bytes: usize) -> Option<Vec<u8>> {
    let mut buffer = core.buffers().alloc_wait(bytes).await;
    buffer.limit_capacity(bytes);
    let (received, buffer) = socket.receive(core, buffer, bytes).await;
    (received.ok()? == bytes).then(|| buffer.to_vec())
}

/// What a broker answers to a Produce; `None` without acknowledgements.
fn answer(request: &[u8]) -> Option<Vec<u8>> {
    let mut reader = Reader::new(request);
    let header = RequestHeader::decode(&mut reader).unwrap();
    assert_eq!((header.api_key, header.api_version), (ProduceRequest::KEY, VERSION));
    let produce = ProduceRequest::decode_message(&mut reader, VERSION).unwrap();
    let topic = produce.topic_data.iter().next().unwrap();
    let partition = topic.partition_data.iter().next().unwrap();
    let records = partition.records.unwrap().as_slice().unwrap();
    Batch::first(records).unwrap().check_crc().unwrap();
    if produce.acks == 0 {
        return None;
    }
    let taken = PartitionProduceResponse { index: 0, ..Default::default() };
    let topic = TopicProduceResponse { name: "t", partition_responses: vec![taken].into(), ..Default::default() };
    let response = ProduceResponse { responses: vec![topic].into(), ..Default::default() };
    let mut writer = Writer::new();
    let start = frame::begin(&mut writer);
    let answered = ResponseHeader { correlation_id: header.correlation_id };
    answered.encode(&mut writer, ProduceRequest::KEY, VERSION).unwrap();
    response.encode_message(&mut writer, VERSION).unwrap();
    frame::end(&mut writer, start).unwrap();
    Some(writer.into_vec())
}
