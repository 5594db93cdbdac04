//! What a seed chooses: the broker, its clients, and what befalls them.

use std::time::Duration;

use millrace_log::LogOptions;
use millrace_record::compression::Codec;
use millrace_runtime::sim::{Latency, Random};

use crate::crowd::{MemberPlan, Protocols};
use crate::model::Promise;
use crate::producer::CODECS;

/// Cores of a broker, at most.
const CORES_MAX: u64 = 3;
/// How far the broker's clock jumps at most, in ms: producers' timestamps must not lie too far ahead of it.
const CLOCK_JUMP_MS: u64 = 300_000;
/// Disks, from a fast one to a slow one.
const DISK_SYNCS: [Latency; 3] =
    [Latency::micros(60, 600), Latency::micros(500, 5_000), Latency::micros(3_000, 30_000)];
/// The versions of Produce that clients speak.
const PRODUCE_VERSIONS: [i16; 4] = [3, 9, 12, 13];
/// The versions of Fetch that clients speak.
const FETCH_VERSIONS: [i16; 6] = [4, 6, 7, 12, 13, 18];

/// A producer.
#[derive(Clone, Debug)]
pub(crate) struct ProducerPlan {
    pub(crate) number: u32,
    pub(crate) is_idempotent: bool,
    pub(crate) acks: i16,
    pub(crate) version: i16,
    pub(crate) codec: Codec,
    pub(crate) batches: usize,
    /// The first sequence number on every partition, if it is idempotent: a broker takes any from one it does not know.
    pub(crate) first_sequence: i32,
    pub(crate) requests_in_flight: usize,
    /// All values of a batch together, in bytes, at most.
    pub(crate) value_bytes_max: usize,
}

/// A fetcher.
#[derive(Clone, Debug)]
pub(crate) struct FetcherPlan {
    pub(crate) version: i16,
    pub(crate) has_session: bool,
    pub(crate) wait_ms_max: u64,
    pub(crate) bytes_min: i32,
    pub(crate) bytes_max: u64,
    pub(crate) partition_bytes_max: i32,
}

/// Something that befalls the broker or a client's link to it.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// The process is killed, and started again.
    Kill,
    /// The machine loses its power, and gets it back.
    PowerLoss,
    /// The process is asked to end; then it, or the machine, is started again.
    Stop { and_power_loss: bool },
    /// A client's connections break.
    Reset { client: usize },
    /// Nothing passes between a client and the broker for a while.
    Hang { client: usize },
    /// A client's link becomes slow.
    Slow { client: usize, delay: Latency },
    /// The disk answers nothing for a while.
    StallDisk,
    /// The broker's process does nothing for a while.
    Freeze,
    /// The disk is full for a while; a further fault may come meanwhile.
    FillDisk { with: Option<Box<Fault>> },
    /// The broker's wall clock jumps.
    Clock { ms: i64 },
}

/// When a fault comes, after the one before it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum When {
    /// After this time.
    Time(Duration),
    /// When so many file operations have ended: others are under way.
    DiskOps(u64),
    /// At the moment when a client is told something for the so-many-eth time: whoever has promised it must keep it.
    Promised(Promise, u64),
}

/// What is waited for, the rare things as often as the frequent ones.
const PROMISES: [Promise; 6] =
    [Promise::Records, Promise::Start, Promise::Topic, Promise::Deletion, Promise::Commit, Promise::ProducerId];

/// A fault, and what goes with it.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) when: When,
    pub(crate) fault: Fault,
    /// How long it takes.
    pub(crate) lasts: Duration,
    /// Cores of the broker that is started afterwards.
    pub(crate) cores: usize,
}

/// All of a run that is not left to chance along the way.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) cores: usize,
    pub(crate) cores_at_the_end: usize,
    pub(crate) log: LogOptions,
    /// How long the disk takes to make something durable.
    pub(crate) disk_sync: Latency,
    pub(crate) partitions: usize,
    pub(crate) settings: Vec<(&'static str, String)>,
    /// The broker's own.
    pub(crate) broker: Vec<(&'static str, String)>,
    pub(crate) producers: Vec<ProducerPlan>,
    pub(crate) fetchers: Vec<FetcherPlan>,
    pub(crate) committers: usize,
    pub(crate) commits: i64,
    pub(crate) groups: usize,
    /// What the groups' members speak.
    pub(crate) protocols: Protocols,
    pub(crate) members: Vec<MemberPlan>,
    pub(crate) side_topics: usize,
    /// How often old records are deleted.
    pub(crate) trims: usize,
    /// How often somebody comes who has no manners.
    pub(crate) intrusions: usize,
    pub(crate) steps: Vec<Step>,
    /// For whatever clients choose along the way.
    pub(crate) client_seed: u64,
}

/// How much a run is to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Clients and no faults.
    Calm,
    /// Clients and faults.
    Rough,
    /// Groups of consumers that speak these protocols, and faults.
    Crowd(Protocols),
}

impl Plan {
    pub(crate) fn new(seed: u64, scale: Scale) -> Plan {
        // Not the world's own stream.
        let mut random = Random::new(!seed);
        let random = &mut random;
        let producers: Vec<_> =
            (0..1 + random.below(4)).map(|number| ProducerPlan::new(number as u32, random)).collect();
        let fetchers: Vec<_> = (0..1 + random.below(2)).map(|_| FetcherPlan::new(random)).collect();
        let mut plan = Plan {
            cores: cores(random),
            cores_at_the_end: cores(random),
            log: log_options(random),
            disk_sync: DISK_SYNCS[random.index(DISK_SYNCS.len())],
            partitions: 1 + random.index(4),
            settings: settings(random),
            broker: Vec::new(),
            producers,
            fetchers,
            committers: random.index(3),
            commits: random.between(1, 20) as i64,
            groups: 0,
            protocols: Protocols::default(),
            members: Vec::new(),
            side_topics: random.index(4),
            trims: random.index(8),
            intrusions: random.index(10),
            steps: Vec::new(),
            client_seed: random.next_u64(),
        };
        match scale {
            Scale::Calm => {}
            Scale::Rough => {
                let clients = plan.clients();
                plan.steps = (0..1 + random.below(6)).map(|_| Step::new(clients, &PROMISES, random)).collect();
            }
            Scale::Crowd(protocols) => plan.crowd(protocols, random),
        }
        plan
    }

    /// How many clients there are.
    pub(crate) fn clients(&self) -> usize {
        // One creates the topic, one those that come and go, one deletes records, one has no manners.
        4 + self.producers.len() + self.fetchers.len() + self.committers + self.members.len()
    }
}

/// At least a microsecond and less than 2^`bits_max` of them: short times as often as long ones.
pub(crate) fn some_time(random: &mut Random, bits_max: u64) -> Duration {
    let bits = random.between(8, bits_max);
    Duration::from_micros(1 + random.below(1 << bits))
}

fn cores(random: &mut Random) -> usize {
    1 + random.below(CORES_MAX) as usize
}

fn log_options(random: &mut Random) -> LogOptions {
    LogOptions {
        large_run_bytes: 8192 << random.below(3),
        tail_bytes: 1 << 20 << random.below(3),
        destage_bytes: 4096 << random.below(6),
        journal_first_bytes: 256 << 10,
        journal_file_bytes: 256 << 10,
        journal_files: 3,
        journal_commit_bytes: 64 << 10 << random.below(2),
        ..LogOptions::default()
    }
}

/// The topic's settings: small segments, at times, and one of the record formats.
fn settings(random: &mut Random) -> Vec<(&'static str, String)> {
    let mut settings = vec![("segment.bytes", (1 << 20).to_string())];
    if random.coin() {
        settings.push(("segment.ms", random.between(20, 3_000).to_string()));
    }
    if random.coin() {
        settings.push(("index.interval.bytes", random.between(0, 5_000).to_string()));
    }
    if random.below(3) == 0 {
        settings.push(("millrace.record.format", "columns".to_owned()));
    }
    settings
}

impl ProducerPlan {
    fn new(number: u32, random: &mut Random) -> Self {
        // The first one is there once, whatever the others are.
        let is_idempotent = number == 0 || random.coin();
        let acks = if is_idempotent { -1 } else { random.below(3) as i16 - 1 };
        let version = PRODUCE_VERSIONS[random.index(PRODUCE_VERSIONS.len())];
        // Older versions know no zstd.
        let codecs = if version < 7 { 4 } else { CODECS.len() };
        let is_busy = random.below(8) == 0;
        ProducerPlan {
            number,
            is_idempotent,
            acks,
            version,
            codec: if random.coin() { Codec::None } else { CODECS[random.index(codecs)] },
            batches: random.between(5, if is_busy { 300 } else { 60 }) as usize,
            first_sequence: if random.coin() { 0 } else { i32::MAX - random.below(200) as i32 },
            requests_in_flight: 1 + random.index(5),
            value_bytes_max: 1_000 << random.below(8),
        }
    }
}

impl FetcherPlan {
    fn new(random: &mut Random) -> Self {
        FetcherPlan {
            version: FETCH_VERSIONS[random.index(FETCH_VERSIONS.len())],
            has_session: random.below(4) != 0,
            wait_ms_max: 1 + random.below(2_000),
            bytes_min: random.below(3) as i32 * random.below(5_000) as i32,
            bytes_max: 1 << random.between(8, 22),
            partition_bytes_max: 1 << random.between(8, 22),
        }
    }

    /// For a reader that checks what is there in the end: it need not wait for more to come.
    pub(crate) fn of_reader(random: &mut Random) -> Self {
        FetcherPlan { bytes_min: 1, ..FetcherPlan::new(random) }
    }
}

impl Fault {
    /// One that takes the broker, its disk or its links from a sound state to another.
    fn new(clients: usize, random: &mut Random) -> Self {
        let client = random.index(clients);
        match random.below(16) {
            0..=3 => Fault::Kill,
            4..=7 => Fault::PowerLoss,
            8 => Fault::Stop { and_power_loss: random.coin() },
            9 | 10 => Fault::Reset { client },
            11 => Fault::Hang { client },
            12 | 13 => Fault::Slow { client, delay: Latency::micros(100, 100 << random.below(10)) },
            14 => Fault::StallDisk,
            _ => Fault::Freeze,
        }
    }
}

impl Step {
    pub(crate) fn new(clients: usize, promises: &[Promise], random: &mut Random) -> Self {
        let fault = match random.below(20) {
            18 => Fault::FillDisk { with: random.coin().then(|| Box::new(Fault::new(clients, random))) },
            19 => Fault::Clock { ms: random.between(0, 2 * CLOCK_JUMP_MS) as i64 - CLOCK_JUMP_MS as i64 },
            _ => Fault::new(clients, random),
        };
        let when = match random.below(5) {
            0 => When::DiskOps(1 + random.below(40)),
            1 => When::DiskOps(1 + random.below(400)),
            2 | 3 => When::Promised(promises[random.index(promises.len())], 1 + random.below(3)),
            _ => When::Time(some_time(random, 21)),
        };
        // What was promised must not be there in memory alone.
        let is_tested = matches!(when, When::Promised(..)) && random.coin();
        let fault = if is_tested { Fault::PowerLoss } else { fault };
        let lasts = some_time(random, 24);
        Step { when, fault, lasts, cores: cores(random) }
    }
}
