//! A producer as Kafka's are: several requests under way, whatever was not acknowledged is sent again in its order,
//! with the same sequence numbers if it is idempotent.

use std::collections::VecDeque;

use millrace_base::code::ErrorCode;
use millrace_base::ids::{ProducerEpoch, ProducerId};
use millrace_record::builder::BatchBuilder;
use millrace_record::compression::Codec;
use millrace_wire::Records;
use millrace_wire::messages::init_producer_id::{InitProducerIdRequest, InitProducerIdResponse};
use millrace_wire::messages::produce::{PartitionProduceData, ProduceRequest, ProduceResponse, TopicProduceData};

use crate::client::Client;
use crate::connection::Sent;
use crate::model::Topic;
use crate::plan::ProducerPlan;
use crate::records::RecordId;

const INIT_PRODUCER_ID_VERSION: i16 = 4;
/// The first one that names topics by id.
const TOPIC_ID_VERSION: i16 = 13;

/// A batch that is not acknowledged yet.
struct Unsent {
    first: RecordId,
    count: u64,
    bytes: Vec<u8>,
}

/// A partition's batches, in their order.
#[derive(Default)]
struct Lane {
    /// Refused or lost, while others of the partition are still under way.
    again: VecDeque<Unsent>,
    waiting: VecDeque<Unsent>,
    under_way: usize,
    next_sequence: i32,
    /// Something was acknowledged: the broker knows the producer. Before that it takes any sequence for the first, and
    /// so only one batch is sent: a later one might come in while an earlier one is refused.
    is_known: bool,
}

impl Lane {
    fn new(next_sequence: i32) -> Self {
        Self { next_sequence, ..Self::default() }
    }

    fn is_empty(&self) -> bool {
        self.again.is_empty() && self.waiting.is_empty() && self.under_way == 0
    }

    /// What was sent goes back to the front, once nothing is under way any more.
    fn settle(&mut self) {
        if self.under_way == 0 {
            while let Some(unsent) = self.again.pop_back() {
                self.waiting.push_front(unsent);
            }
        }
    }

    fn is_ready(&self) -> bool {
        self.again.is_empty() && !self.waiting.is_empty() && (self.is_known || self.under_way == 0)
    }
}

/// A request whose answer has not come.
struct UnderWay {
    sent: Sent,
    batches: Vec<(usize, Unsent)>,
}

struct Producer {
    client: Client,
    plan: ProducerPlan,
    topic: Topic,
    identity: Option<(ProducerId, ProducerEpoch)>,
    lanes: Vec<Lane>,
    under_way: VecDeque<UnderWay>,
    batches_left: usize,
}

/// Sends what the plan says, until all of it is acknowledged (with acks=0: sent).
pub(crate) async fn produce(mut client: Client, plan: ProducerPlan) {
    let topic = client.topic().await;
    let identity = if plan.is_idempotent { Some(identify(&mut client, plan.number).await) } else { None };
    let lanes = (0..topic.partitions).map(|_| Lane::new(plan.first_sequence)).collect();
    let batches_left = plan.batches;
    let mut producer = Producer { client, plan, topic, identity, lanes, under_way: VecDeque::new(), batches_left };
    while !producer.is_done() {
        producer.fill().await;
        producer.take_answer().await;
    }
    producer.client.note(format_args!("all is acknowledged"));
    producer.client.model().producing -= 1;
}

async fn identify(client: &mut Client, number: u32) -> (ProducerId, ProducerEpoch) {
    loop {
        let request = InitProducerIdRequest { transactional_id: None, transaction_timeout_ms: 1, ..Default::default() };
        let Some(answer) = client.call(INIT_PRODUCER_ID_VERSION, &request).await else { continue };
        let response = answer.decode::<InitProducerIdResponse>();
        if response.error_code == 0 {
            client.note(format_args!("producer id {}", response.producer_id));
            client.model().identified(number, response.producer_id);
            return (response.producer_id, response.producer_epoch);
        }
        client.passes("InitProducerId", response.error_code);
        client.pause().await;
    }
}

impl Producer {
    fn is_done(&self) -> bool {
        self.batches_left == 0 && self.lanes.iter().all(Lane::is_empty)
    }

    /// At times, when nothing is under way, an idempotent producer begins a new epoch, as after an error.
    fn raise_epoch(&mut self) {
        let Some((_, epoch)) = &mut self.identity else { return };
        if self.lanes.iter().all(Lane::is_empty) && self.client.random.chance(100) {
            *epoch += 1;
            self.lanes.iter_mut().for_each(|lane| lane.next_sequence = 0);
            self.client.note(format_args!("epoch {epoch}"));
        }
    }

    /// Makes and sends requests until enough are under way.
    async fn fill(&mut self) {
        self.raise_epoch();
        while self.under_way.len() < self.plan.requests_in_flight {
            self.make_batches();
            if !self.lanes.iter().any(Lane::is_ready) {
                return;
            }
            if self.client.random.chance(100) {
                self.client.pause().await;
            }
            if !self.send().await {
                return;
            }
        }
    }

    /// New batches for one or more partitions.
    fn make_batches(&mut self) {
        let mut wanted = 1 + self.client.random.index(self.lanes.len());
        while wanted > 0 && self.batches_left > 0 {
            let partition = self.client.random.index(self.lanes.len());
            if self.lanes[partition].waiting.len() >= self.plan.requests_in_flight {
                return;
            }
            let unsent = self.make_batch(partition);
            self.lanes[partition].waiting.push_back(unsent);
            self.batches_left -= 1;
            wanted -= 1;
        }
    }

    fn make_batch(&mut self, partition: usize) -> Unsent {
        let random = &mut self.client.random;
        let count = 1 + random.below(8);
        let bytes_max = match random.below(20) {
            0 => self.plan.value_bytes_max,
            1..=4 => self.plan.value_bytes_max / 16,
            _ => 200,
        };
        let sizes: Vec<usize> = (0..count).map(|_| random.index(1 + bytes_max / count as usize)).collect();
        let number = self.client.model().next_numbers(self.plan.number, partition, count);
        let first = RecordId { producer: self.plan.number, number };
        let mut batch = BatchBuilder::new(self.plan.codec);
        let lane = &mut self.lanes[partition];
        if let Some((id, epoch)) = self.identity {
            batch = batch.producer(id, epoch, lane.next_sequence);
            // Sequence numbers wrap from 2^31-1 to 0.
            lane.next_sequence = lane.next_sequence.wrapping_add(count as i32) & i32::MAX;
        }
        let now = self.client.core.wall_ms();
        for (index, bytes) in sizes.into_iter().enumerate() {
            let value = RecordId { number: first.number + index as u64, ..first }.value(bytes);
            batch.push(now, None, Some(&value), &[]).unwrap();
        }
        Unsent { first, count, bytes: batch.build().unwrap() }
    }

    /// Sends the next batch of some partitions in one request. False when the connection is lost.
    async fn send(&mut self) -> bool {
        let mut batches = Vec::new();
        for (partition, lane) in self.lanes.iter_mut().enumerate() {
            if lane.is_ready() && (batches.is_empty() || self.client.random.coin()) {
                lane.under_way += 1;
                batches.extend(lane.waiting.pop_front().map(|unsent| (partition, unsent)));
            }
        }
        let version = self.plan.version;
        let by_id = version >= TOPIC_ID_VERSION;
        let partitions = batches.iter().map(|(partition, unsent)| PartitionProduceData {
            index: *partition as i32,
            records: Some(Records::Slice(&unsent.bytes)),
        });
        let topic = TopicProduceData {
            name: if by_id { "" } else { &self.topic.name },
            topic_id: if by_id { self.topic.id } else { [0; 16] },
            partition_data: partitions.collect(),
        };
        let request = ProduceRequest {
            acks: self.plan.acks,
            timeout_ms: 30_000,
            topic_data: vec![topic].into(),
            ..Default::default()
        };
        match self.client.submit(version, &request).await {
            Ok(_) if self.plan.acks == 0 => {
                batches.iter().for_each(|(partition, _)| self.lanes[*partition].under_way -= 1);
                true
            }
            Ok(sent) => {
                self.under_way.push_back(UnderWay { sent, batches });
                true
            }
            Err(_) if self.plan.acks == 0 => {
                batches.iter().for_each(|(partition, _)| self.lanes[*partition].under_way -= 1);
                self.client.pause().await;
                false
            }
            Err(_) => {
                self.all_is_lost(batches).await;
                false
            }
        }
    }

    /// The connection is gone: everything is sent again.
    async fn all_is_lost(&mut self, last: Vec<(usize, Unsent)>) {
        let lost = self.under_way.drain(..).flat_map(|under_way| under_way.batches).chain(last);
        for (partition, unsent) in lost {
            let lane = &mut self.lanes[partition];
            lane.under_way -= 1;
            lane.again.push_back(unsent);
        }
        self.lanes.iter_mut().for_each(Lane::settle);
        self.client.pause().await;
    }

    /// Waits for the oldest answer.
    async fn take_answer(&mut self) {
        let Some(UnderWay { sent, batches }) = self.under_way.pop_front() else { return };
        let answer = match self.client.answer(&sent).await {
            Ok(answer) => answer,
            Err(_) => {
                // In their order: the oldest first.
                self.under_way.push_front(UnderWay { sent, batches });
                return self.all_is_lost(Vec::new()).await;
            }
        };
        let response = answer.decode::<ProduceResponse<'_>>();
        let topic = response.responses.iter().next().expect("an answer for the topic");
        assert_eq!(topic.partition_responses.len(), batches.len(), "an answer for each partition");
        let mut is_refused = false;
        for ((partition, unsent), result) in batches.into_iter().zip(topic.partition_responses.iter()) {
            assert_eq!(result.index, partition as i32, "partitions are answered in their order");
            is_refused |= result.error_code != 0;
            self.take_result(partition, unsent, result.error_code, result.base_offset);
        }
        if is_refused {
            self.client.pause().await;
        }
    }

    fn take_result(&mut self, partition: usize, unsent: Unsent, code: i16, base_offset: i64) {
        let lane = &mut self.lanes[partition];
        lane.under_way -= 1;
        if code == 0 {
            lane.is_known = true;
            let Unsent { first, count, .. } = unsent;
            self.client.note(format_args!("p{partition}: {}+{count} acknowledged at {base_offset}", first.number));
            self.client.model().acknowledged(partition, base_offset, first, count);
        } else {
            // What follows a batch that was refused is out of order; the first one is not.
            let follows = code == ErrorCode::OutOfOrderSequenceNumber.code() && !lane.again.is_empty();
            if !follows {
                self.client.passes_for(&self.topic, "produce", code);
            }
            lane.again.push_back(unsent);
        }
        self.lanes[partition].settle();
    }
}

/// The codecs that producers use.
pub(crate) const CODECS: [Codec; 5] = [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd];
