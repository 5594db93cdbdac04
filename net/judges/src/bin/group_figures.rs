//! Figures of many consumer groups: how soon heartbeats are answered, how soon commits are durable, and what it costs.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use millrace_judges::broker::{Broker, Kind, Setup};
use millrace_judges::librdkafka;
use millrace_judges::member::{Member, REBALANCE_IN_PROGRESS};
use millrace_judges::process::{process_time, resident_bytes};
use nix::sched::{CpuSet, sched_setaffinity};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::unistd::Pid;
use serde_json::json;

/// The processor of the broker; clients have the other.
const BROKER_PROCESSOR: usize = 0;
const CLIENT_PROCESSOR: usize = 1;
/// Members' sessions, in ms.
const SESSION_MS: i32 = 30_000;
/// `heartbeat.interval.ms` of Kafka's consumers.
const HEARTBEAT_EVERY: Duration = Duration::from_secs(3);
/// A member's thread needs little.
const STACK_BYTES: usize = 64 << 10;
const TOPIC: &str = "read";

/// Heartbeats and commits of many groups on a broker with one core, clients on the other
#[derive(Parser)]
struct Arguments {
    /// How many groups there are
    #[arg(long, default_value_t = 1_000)]
    groups: usize,
    /// Members of each group, each with a connection of its own
    #[arg(long, default_value_t = 3)]
    members: usize,
    /// How long heartbeats alone are measured, and then commits beside them, in seconds
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// Commits a second, of all members together; each is durable when it is answered
    #[arg(long, default_value_t = 10_000)]
    commits_per_second: u64,
    /// How long commits go on before they count, in seconds
    #[arg(long, default_value_t = 3)]
    warm_up: u64,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What members have measured.
#[derive(Default)]
struct Measured {
    heartbeats: Vec<Duration>,
    heartbeats_beside_commits: Vec<Duration>,
    commits: Vec<Duration>,
}

/// When members begin and end what.
struct Stage {
    joined: Barrier,
    commits: AtomicBool,
    /// Commits, and heartbeats beside them, count.
    is_warm: AtomicBool,
    is_over: AtomicBool,
}

fn main() {
    let arguments = Arguments::parse();
    // The others would wait for a member that has failed.
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        print(panic);
        std::process::exit(1);
    }));
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).expect("limits can be asked for");
    setrlimit(Resource::RLIMIT_NOFILE, most, most).expect("descriptors up to the hard limit");
    let directory = tempfile::tempdir().expect("a temporary directory can be made");
    let setup = Setup { processor: Some(BROKER_PROCESSOR), ..Setup::of_environment(1) };
    let kind = setup.kind;
    let broker = Broker::start(setup, directory.path());
    let mut processors = CpuSet::new();
    processors.set(CLIENT_PROCESSOR).expect("there are two processors");
    sched_setaffinity(Pid::from_raw(0), &processors).expect("the client may be bound");
    librdkafka::create_topics(&broker.address(), &[(TOPIC, 1)]);
    measure(&arguments, kind, &broker);
}

fn measure(arguments: &Arguments, kind: Kind, broker: &Broker) {
    let count = arguments.groups * arguments.members;
    let (address, memory_before) = (broker.address(), resident_bytes(broker.pid()));
    let stage = Stage {
        joined: Barrier::new(count + 1),
        commits: AtomicBool::new(false),
        is_warm: AtomicBool::new(false),
        is_over: AtomicBool::new(false),
    };
    let commit_every = Duration::from_secs_f64(count as f64 / arguments.commits_per_second.max(1) as f64);
    let lasts = Duration::from_secs(arguments.seconds.max(1));
    let mut all = Measured::default();
    let (mut idle, mut busy, mut memory) = ([0.0; 2], [0.0; 2], 0);
    thread::scope(|scope| {
        let began = Instant::now();
        let members: Vec<_> = (0..count)
            .map(|number| {
                let (stage, address) = (&stage, address.as_str());
                let group = format!("group-{}", number % arguments.groups);
                let builder = thread::Builder::new().stack_size(STACK_BYTES);
                let live = move || live(address, &group, number as f64 / count as f64, commit_every, stage);
                builder.spawn_scoped(scope, live).expect("a thread can be started")
            })
            .collect();
        stage.joined.wait();
        eprintln!("{count} members have joined {} groups in {:.1?}", arguments.groups, began.elapsed());
        let use_of = |phase: Duration| {
            let processes = [broker.pid(), Pid::this()];
            let (began, used) = (Instant::now(), processes.map(process_time));
            thread::sleep(phase);
            let (now, elapsed) = (processes.map(process_time), began.elapsed());
            std::array::from_fn(|index| (now[index] - used[index]).as_secs_f64() / elapsed.as_secs_f64() * 100.0)
        };
        idle = use_of(lasts);
        memory = resident_bytes(broker.pid());
        stage.commits.store(true, Ordering::Relaxed);
        thread::sleep(Duration::from_secs(arguments.warm_up));
        stage.is_warm.store(true, Ordering::Relaxed);
        busy = use_of(lasts);
        stage.is_over.store(true, Ordering::Relaxed);
        for member in members {
            let measured = member.join().expect("a member has not failed");
            all.heartbeats.extend(measured.heartbeats);
            all.heartbeats_beside_commits.extend(measured.heartbeats_beside_commits);
            all.commits.extend(measured.commits);
        }
    });
    let rate = all.commits.len() as f64 / lasts.as_secs_f64();
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let figures = json!({
        "broker": kind.name(), "groups": arguments.groups, "members": count, "seconds": lasts.as_secs(),
        "memory_mib_before": mib(memory_before), "memory_mib_with_groups": mib(memory),
        "memory_mib_after_commits": mib(resident_bytes(broker.pid())),
        "heartbeats": {
            "latency_ms": percentiles(&mut all.heartbeats), "cpu_percent": idle[0], "clients_cpu_percent": idle[1],
        },
        "heartbeats_beside_commits": { "latency_ms": percentiles(&mut all.heartbeats_beside_commits) },
        "commits": {
            "per_second": rate, "latency_ms": percentiles(&mut all.commits), "cpu_percent": busy[0],
            "clients_cpu_percent": busy[1],
        },
    });
    if arguments.json {
        println!("{figures}");
    } else {
        println!("{figures:#}");
    }
}

/// A member's life: a heartbeat every three seconds, and commits in between once they are wanted. What is sent late
/// because an earlier answer came late counts from when it was due.
fn live(address: &str, group: &str, phase: f64, commit_every: Duration, stage: &Stage) -> Measured {
    let mut member = Member::join(address, group, SESSION_MS).expect("a member can join");
    stage.joined.wait();
    let mut measured = Measured::default();
    let began = Instant::now();
    let mut heartbeat_at = began + HEARTBEAT_EVERY.mul_f64(phase);
    let mut commit_at: Option<Instant> = None;
    let mut offset = 0;
    while !stage.is_over.load(Ordering::Relaxed) {
        if commit_at.is_none() && stage.commits.load(Ordering::Relaxed) {
            commit_at = Some(Instant::now() + commit_every.mul_f64(phase * 7.0 % 1.0));
        }
        let due = commit_at.map_or(heartbeat_at, |commit_at| commit_at.min(heartbeat_at));
        let now = Instant::now();
        if due > now {
            // Not longer than what there is to look for.
            thread::sleep((due - now).min(Duration::from_millis(200)));
            if due > Instant::now() {
                continue;
            }
        }
        // What the client's own processor makes late is not the broker's.
        let sent = if now > due { due } else { Instant::now() };
        if due == heartbeat_at {
            heartbeat_at += HEARTBEAT_EVERY;
            match member.heartbeat().expect("heartbeats are answered") {
                0 if commit_at.is_some() => {
                    if stage.is_warm.load(Ordering::Relaxed) {
                        measured.heartbeats_beside_commits.push(sent.elapsed());
                    }
                }
                0 => measured.heartbeats.push(sent.elapsed()),
                REBALANCE_IN_PROGRESS => member.join_again(SESSION_MS).expect("a member can join"),
                code => panic!("{group}: a heartbeat is answered with {code}"),
            }
        } else {
            commit_at = Some(due + commit_every);
            offset += 1;
            let code = member.commit(TOPIC, offset).expect("commits are answered");
            assert_eq!(code, 0, "{group}: a commit is refused");
            if stage.is_warm.load(Ordering::Relaxed) {
                measured.commits.push(sent.elapsed());
            }
        }
    }
    measured
}

fn percentiles(latencies: &mut [Duration]) -> serde_json::Value {
    latencies.sort_unstable();
    let at = |share: f64| {
        let index = (latencies.len().saturating_sub(1)) as f64 * share;
        latencies.get(index as usize).map(|latency| (latency.as_secs_f64() * 1e6).round() / 1e3)
    };
    json!({ "count": latencies.len(), "p50": at(0.5), "p99": at(0.99), "p99.9": at(0.999), "worst": at(1.0) })
}
