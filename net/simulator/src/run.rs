//! A run: the broker and its clients, the faults as they are planned, and what must hold in the end.

use std::cell::RefCell;
use std::fmt;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use millrace_runtime::sim::{Cut, HostId, Latency, Random, SimOptions, World};
use millrace_runtime::{Core, Mailbox};

use millrace_server::BrokerError;

use crate::broker::{PORT, SimulatedBroker};
use crate::client::{Client, Surroundings};
use crate::crowd::MemberPlan;
use crate::group_model::GroupModel;
use crate::history::{History, Witness};
use crate::model::{Model, Promise};
use crate::plan::{Fault, FetcherPlan, Plan, Scale, Step, When};
use crate::{admin, committer, fetcher, member, offsets, producer, rude, trimmer};

/// Once nothing fails any more, all clients have ended after so long.
const SETTLED_AFTER: Duration = Duration::from_secs(120);
/// A broker that is asked to end has ended after so long.
const STOPPED_AFTER: Duration = Duration::from_secs(30);
/// Requests that were given up may still come so late.
const STRAGGLERS: Duration = Duration::from_secs(2);
/// What a fault waits for may not come at all.
const WAIT: Duration = Duration::from_secs(3);
/// A broker that does not start on a full disk has ended so soon.
const GIVEN_UP_AFTER: Duration = Duration::from_millis(500);
/// The name of the topic that producers write to.
const TOPIC: &str = "events";

/// What a run came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The fingerprint of everything that happened.
    pub trace_hash: u64,
    /// How long it took, in the world's time.
    pub elapsed: Duration,
    /// Records that the broker has acknowledged.
    pub acknowledged_records: u64,
    /// Records that fetches have given, each as often as it was.
    pub fetched_records: u64,
    /// How often a member of a group was given its partitions.
    pub assignments: u64,
    /// Commits that the broker has acknowledged, each partition for itself.
    pub commits: u64,
    /// How often the broker was killed, or lost its power.
    pub crashes: usize,
}

/// Runs what a seed says.
///
/// # Panics
/// When something is not as it must be; then seed and history are printed.
pub fn run(seed: u64, scale: Scale) -> Summary {
    let history = History::default();
    let mut run = Run::new(seed, scale, history.clone());
    // Goes before the world does, whose tasks may fail in their turn.
    let _witness = Witness::new(seed, format!("{:#?}", run.plan), &history);
    for step in run.plan.steps.clone() {
        run.suffer(&step);
    }
    run.settle();
    run.verify("reader");
    run.stop();
    run.start(run.plan.cores_at_the_end);
    run.verify("second reader");
    run.summary()
}

struct Run {
    plan: Plan,
    world: World,
    broker: SimulatedBroker,
    clients: Vec<HostId>,
    surroundings: Surroundings,
    random: Random,
    crashes: usize,
    /// The disk is full: a broker that starts now may end at once, for want of room.
    is_full: bool,
}

impl Run {
    fn new(seed: u64, scale: Scale, history: History) -> Self {
        let plan = Plan::new(seed, scale);
        let mut world = World::new(seed, SimOptions { disk_sync: plan.disk_sync, ..SimOptions::default() });
        let broker = SimulatedBroker::start(&mut world, plan.cores, &plan.log, &plan.broker);
        let mut model = Model::new(plan.producers.len());
        model.groups = groups(&plan);
        let surroundings = Surroundings {
            broker: SocketAddr::new(world.address(broker.host), PORT),
            model: Rc::new(RefCell::new(model)),
            history,
        };
        let random = Random::new(plan.client_seed);
        let mut run =
            Self { plan, world, broker, clients: Vec::new(), surroundings, random, crashes: 0, is_full: false };
        run.add_clients();
        run
    }

    fn add_clients(&mut self) {
        let plan = self.plan.clone();
        let (partitions, settings) = (plan.partitions, plan.settings);
        self.add_client("admin", async move |mut client| {
            let topic = admin::create(&mut client, TOPIC, partitions, &settings).await;
            client.model().created(topic);
        });
        let rounds = plan.side_topics;
        self.add_client("side", async move |client| admin::come_and_go(client, rounds).await);
        let (trims, intrusions) = (plan.trims, plan.intrusions);
        self.add_client("trimmer", async move |client| trimmer::trim(client, trims).await);
        self.add_client("rude", async move |client| rude::intrude(client, intrusions).await);
        for plan in plan.producers {
            let name = format!("producer-{}", plan.number);
            self.add_client(&name, async move |client| producer::produce(client, plan).await);
        }
        for (number, plan) in plan.fetchers.into_iter().enumerate() {
            self.add_client(&format!("fetcher-{number}"), async move |client| fetcher::fetch(client, plan).await);
        }
        for number in 0..plan.committers {
            let commits = plan.commits;
            self.add_client(&format!("group-{number}"), async move |client| committer::commit(client, commits).await);
        }
        for plan in plan.members {
            self.add_client(&plan.name(), async move |client| member::live(client, plan).await);
        }
    }

    /// Adds a host on which a client does `work`, once.
    fn add_client(&mut self, name: &str, work: impl AsyncFnOnce(Client) + 'static) -> HostId {
        let (seed, surroundings, name) = (self.random.next_u64(), self.surroundings.clone(), name.to_owned());
        let work = RefCell::new(Some(work));
        let host = self.world.add_host(&name.clone(), 1, move |core: Core, _: Mailbox<()>| {
            let client = Client::new(core, &name, seed, &surroundings);
            let work = work.borrow_mut().take();
            async move {
                if let Some(work) = work {
                    work(client).await;
                }
            }
        });
        self.clients.push(host);
        host
    }

    fn note(&self, what: fmt::Arguments<'_>) {
        self.surroundings.history.fault(self.world.now(), what);
    }

    /// Lets a fault come when it is due.
    fn suffer(&mut self, step: &Step) {
        match step.when {
            When::Time(time) => self.run_for(time),
            When::DiskOps(count) => {
                let enough = self.world.disk_ops_done() + count;
                self.run_until(WAIT, |world| world.disk_ops_done() >= enough);
            }
            When::Promised(promise, count) => {
                let model = Rc::clone(&self.surroundings.model);
                let enough = model.borrow().promises(promise) + count;
                self.run_until(WAIT, |_| model.borrow().promises(promise) >= enough);
            }
        }
        self.befall(&step.fault, step);
    }

    fn befall(&mut self, fault: &Fault, step: &Step) {
        self.note(format_args!("{fault:?} for {:?}", step.lasts));
        let broker = self.broker.host;
        match fault {
            Fault::Kill => self.crash(false, step),
            Fault::PowerLoss => self.crash(true, step),
            Fault::Stop { and_power_loss } => {
                self.stop();
                self.crash(*and_power_loss, step);
            }
            Fault::Reset { client } => {
                let client = self.clients[*client];
                self.world.cut(client, broker, Cut::Reset);
                self.world.heal(client, broker);
            }
            Fault::Hang { client } => {
                let client = self.clients[*client];
                self.world.cut(client, broker, Cut::Hang);
                self.run_for(step.lasts);
                self.world.heal(client, broker);
            }
            Fault::Slow { client, delay } => self.world.set_delay(self.clients[*client], broker, *delay),
            Fault::StallDisk => {
                self.world.disk(broker).stall();
                self.run_for(step.lasts);
                self.world.disk(broker).resume();
            }
            Fault::FillDisk { with } => {
                self.surroundings.model.borrow_mut().was_full = true;
                self.is_full = true;
                self.world.disk(broker).fill();
                self.run_for(step.lasts);
                if let Some(fault) = with {
                    self.befall(fault, step);
                    self.run_for(step.lasts);
                }
                self.world.disk(broker).set_capacity_bytes(None);
                // Whoever gives up for want of room has done so by then.
                self.run_for(GIVEN_UP_AFTER);
                self.is_full = false;
                if !self.world.is_running(broker) {
                    self.start(step.cores);
                }
            }
            Fault::Clock { ms } => self.world.jump_wall_clock(broker, *ms),
            Fault::Freeze => {
                self.world.freeze(broker);
                self.run_for(step.lasts);
                self.world.thaw(broker);
            }
        }
    }

    /// The broker goes without a farewell; its clients find nobody for a while.
    fn crash(&mut self, is_power_loss: bool, step: &Step) {
        let host = self.broker.host;
        if is_power_loss {
            self.world.power_loss(host);
        } else {
            self.world.kill(host);
        }
        self.crashes += 1;
        self.world.run_for(step.lasts);
        self.start(step.cores);
    }

    fn start(&mut self, cores: usize) {
        self.note(format_args!("the broker is started on {cores} cores"));
        self.world.set_cores(self.broker.host, cores);
        self.world.restart(self.broker.host);
    }

    /// Asks the broker to end, and waits until it has.
    fn stop(&mut self) {
        let host = self.broker.host;
        self.note(format_args!("the broker is asked to end"));
        self.world.terminate(host);
        let has_ended = self.world.run_until(STOPPED_AFTER, |world| !world.is_running(host));
        assert!(has_ended, "the broker does not end when it is asked to");
        if let Some(failure) = self.broker.failure() {
            self.note(format_args!("the broker ended: {failure}"));
            assert!(self.is_full && is_want_of_room(&failure), "the broker did not end well: {failure}");
        }
    }

    fn run_for(&mut self, time: Duration) {
        self.run_until(time, |_| false);
    }

    /// Runs until `condition` holds, for at most `limit`; whether it held. The broker must not end meanwhile.
    fn run_until(&mut self, limit: Duration, mut condition: impl FnMut(&World) -> bool) -> bool {
        let host = self.broker.host;
        let holds = self.world.run_until(limit, |world| condition(world) || !world.is_running(host));
        if let Some(failure) = self.broker.failure() {
            self.note(format_args!("the broker ended: {failure}"));
            assert!(self.is_full && is_want_of_room(&failure), "the broker failed: {failure}");
        } else {
            assert!(self.is_full || self.world.is_running(host), "the broker ended");
        }
        holds
    }

    /// Nothing fails any more: what the clients want is done.
    fn settle(&mut self) {
        self.note(format_args!("nothing fails any more"));
        self.surroundings.model.borrow_mut().is_calm = true;
        for client in self.clients.clone() {
            self.world.heal(client, self.broker.host);
            self.world.set_delay(client, self.broker.host, Latency::micros(30, 300));
        }
        let clients = self.clients.clone();
        self.wait_for(&clients);
        self.run_for(STRAGGLERS);
    }

    fn wait_for(&mut self, clients: &[HostId]) {
        let is_over = |world: &World| clients.iter().all(|client| !world.is_running(*client));
        if !self.run_until(SETTLED_AFTER, is_over) {
            let left = clients.iter().filter(|client| self.world.is_running(**client));
            let left: Vec<String> = left.map(|client| self.world.name(*client)).collect();
            panic!("without faults for {SETTLED_AFTER:?}, and still at work: {left:?}");
        }
    }

    /// Reads everything, and compares it with what is known.
    fn verify(&mut self, name: &str) {
        let plan = FetcherPlan::of_reader(&mut self.random);
        self.note(format_args!("everything is read: {plan:?}"));
        let reader = self.add_client(name, async move |client| verify(client, plan).await);
        self.wait_for(&[reader]);
    }

    fn summary(self) -> Summary {
        let model = self.surroundings.model.borrow();
        Summary {
            trace_hash: self.world.trace_hash(),
            elapsed: self.world.now(),
            acknowledged_records: model.acknowledged_records,
            fetched_records: model.fetched_records,
            assignments: model.promises(Promise::Assignment),
            commits: model.promises(Promise::Commit),
            crashes: self.crashes,
        }
    }
}

/// What is known of the groups to come.
fn groups(plan: &Plan) -> Vec<GroupModel> {
    let members = |group| plan.members.iter().filter(move |member| member.group == group && member.stays);
    let names = |group| members(group).map(MemberPlan::name);
    (0..plan.groups).map(|group| GroupModel::new(plan.protocols, plan.partitions, names(group))).collect()
}

fn is_want_of_room(failure: &BrokerError) -> bool {
    matches!(failure, BrokerError::Storage(why) if why.to_lowercase().contains("no space left on device"))
}

async fn verify(mut client: Client, plan: FetcherPlan) {
    let topic = client.topic().await;
    let (mut starts, mut ends) = (Vec::new(), Vec::new());
    for partition in 0..topic.partitions {
        let floor = client.model().start(partition);
        let start = ask_until_told(async || offsets::start(&mut client, &topic, partition).await).await;
        client.model().begins(partition, start, floor);
        starts.push(start);
        let floor = client.model().end(partition);
        let end = ask_until_told(async || offsets::end(&mut client, &topic, partition).await).await;
        client.model().ends(partition, end, floor);
        ends.push(end);
    }
    let mut client = fetcher::read_all(client, plan, topic.clone(), starts, &ends).await;
    let side_topics = {
        let model = client.model();
        for (partition, end) in ends.iter().enumerate() {
            model.check_whole(partition, *end);
        }
        model.side_topics.len()
    };
    for round in 0..side_topics {
        admin::check(&mut client, round).await;
    }
    let groups = client.model().groups.len();
    for group in 0..groups {
        while !member::check_committed(&mut client, &topic, group).await {}
    }
}

async fn ask_until_told<T>(mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    loop {
        if let Some(told) = ask().await {
            return told;
        }
    }
}
