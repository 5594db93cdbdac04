//! Members that join, leave, freeze and commit, while the coordinator is restarted and writes fail: a seed a case.
//! `MILLRACE_SEEDS` says how many.

use std::collections::BTreeMap;
use std::time::Duration;

use millrace_base::code::ErrorCode;

use super::harness::*;
use super::offsets::fetch;
use crate::group::*;

const PARTITIONS: i32 = 7;
const TOPIC: &str = "t";
const STEPS: u32 = 600;
const TICK: Duration = Duration::from_millis(500);

/// Numbers that look random and are the same for the same seed (xorshift64*).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % end
    }

    fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }
}

/// What a client is doing.
enum Doing {
    Nothing,
    Joining(Ticket),
    Syncing(Ticket, i32),
    Owning { generation: i32, partitions: Vec<i32> },
    Committing { ticket: Ticket, generation: i32, partition: i32, offset: i64, partitions: Vec<i32> },
}

struct Client {
    name: String,
    instance: Option<String>,
    id: String,
    doing: Doing,
    frozen_steps: u64,
    /// What it owned last: a commit of that time may still be on its way.
    owned: Option<(i32, Vec<i32>)>,
}

/// What must hold for all clients together.
#[derive(Default)]
struct Truth {
    /// Who owns a partition in a generation.
    owners: BTreeMap<(i32, i32), String>,
    /// By generation and member: what a leader has assigned. A generation that was not durable may come twice.
    assigned: BTreeMap<(i32, String), Vec<Vec<u8>>>,
    /// The last generation that somebody was given an assignment in.
    generation: i32,
    /// By partition: the last offset that was handed out to be committed.
    offered: BTreeMap<i32, i64>,
    /// By partition: the greatest offset whose commit was acknowledged, or that was read.
    acknowledged: BTreeMap<i32, i64>,
    ids: u64,
}

impl Client {
    fn new(number: u64, dice: &mut Dice) -> Self {
        let name = format!("c{number}");
        let instance = dice.one_in(3).then(|| format!("s{number}"));
        Self { name, instance, id: String::new(), doing: Doing::Nothing, frozen_steps: 0, owned: None }
    }

    /// Goes on after an answer: by the protocol, as consumers do.
    fn step(&mut self, bench: &mut Bench, truth: &mut Truth, dice: &mut Dice) {
        if dice.one_in(20) {
            self.commit_late(bench, truth);
        }
        match std::mem::replace(&mut self.doing, Doing::Nothing) {
            Doing::Nothing => self.doing = self.join(bench, truth),
            Doing::Joining(ticket) => self.doing = self.joined(bench, truth, ticket),
            Doing::Syncing(ticket, generation) => self.doing = self.synced(bench, truth, ticket, generation),
            Doing::Owning { generation, partitions } => {
                let id = (self.id.clone(), generation);
                let error = match partitions.first() {
                    Some(_) if dice.one_in(2) => return self.commit(bench, truth, dice, generation, partitions),
                    _ => heartbeat(bench, self, &id),
                };
                self.doing = self.next(error, Doing::Owning { generation, partitions });
            }
            Doing::Committing { ticket, generation, partition, offset, partitions } => {
                let Some(answer) = bench.answer(ticket) else {
                    self.doing = Doing::Committing { ticket, generation, partition, offset, partitions };
                    return;
                };
                let Answer::Commit(codes) = answer else { panic!("{answer:?}") };
                if codes == [ErrorCode::None] {
                    let greatest = truth.acknowledged.entry(partition).or_default();
                    *greatest = offset.max(*greatest);
                }
                self.doing = self.next(codes[0], Doing::Owning { generation, partitions });
            }
        }
    }

    fn join(&self, bench: &mut Bench, truth: &mut Truth) -> Doing {
        truth.ids += 1;
        let request = Join {
            instance_id: self.instance.clone(),
            new_id: truth.ids.to_string(),
            rebalance_timeout_ms: Some(20_000),
            ..join(&self.name, &self.id)
        };
        Doing::Joining(bench.send(Request::Join(request)))
    }

    fn joined(&mut self, bench: &mut Bench, truth: &mut Truth, ticket: Ticket) -> Doing {
        if !bench.answers.contains_key(&ticket) {
            return Doing::Joining(ticket);
        }
        let answer = bench.joined(ticket);
        match answer.error {
            None => {
                self.id = answer.member_id;
                let assigns = answer.leader == self.id && !answer.skip_assignment;
                let members = if assigns { answer.members } else { Vec::new() };
                let count = i32::try_from(members.len()).unwrap();
                let mut assignments = Vec::new();
                for (index, member) in (0..).zip(members) {
                    let owned = (0..PARTITIONS).filter(|partition| partition % count == index);
                    let owned: Vec<u8> = owned.map(|partition| u8::try_from(partition).unwrap()).collect();
                    let known = truth.assigned.entry((answer.generation, member.member_id.clone())).or_default();
                    known.push(owned.clone());
                    assignments.push((member.member_id, owned));
                }
                let request = Sync {
                    group: GROUP.to_owned(),
                    member_id: self.id.clone(),
                    instance_id: self.instance.clone(),
                    generation: answer.generation,
                    assignments,
                    ..Sync::default()
                };
                Doing::Syncing(bench.send(Request::Sync(request)), answer.generation)
            }
            Some(ErrorCode::MemberIdRequired) => {
                self.id = answer.member_id;
                Doing::Nothing
            }
            Some(error) => self.next(error, Doing::Nothing),
        }
    }

    fn synced(&mut self, bench: &mut Bench, truth: &mut Truth, ticket: Ticket, generation: i32) -> Doing {
        if !bench.answers.contains_key(&ticket) {
            return Doing::Syncing(ticket, generation);
        }
        let answer = bench.synced(ticket);
        if let Some(error) = answer.error {
            return self.next(error, Doing::Nothing);
        }
        if self.instance.is_none() {
            // A static member's assignment may have been given to its earlier id.
            let known = truth.assigned.get(&(generation, self.id.clone())).cloned().unwrap_or_default();
            assert!(known.contains(&answer.assignment), "{:?} of {known:?}", answer.assignment);
        }
        let partitions: Vec<i32> = answer.assignment.into_iter().map(i32::from).collect();
        self.owned = Some((generation, partitions.clone()));
        for partition in &partitions {
            let owner = truth.owners.entry((generation, *partition)).or_insert_with(|| self.name.clone());
            assert_eq!(*owner, self.name, "two owners of partition {partition} in generation {generation}");
        }
        // Who was frozen reads old answers.
        truth.generation = truth.generation.max(generation);
        Doing::Owning { generation, partitions }
    }

    /// A commit from before the last rebalance arrives: it must change nothing.
    fn commit_late(&self, bench: &mut Bench, truth: &Truth) {
        let Some((generation, partitions)) = &self.owned else { return };
        if *generation < truth.generation {
            let offsets: Vec<_> = partitions.iter().map(|partition| (TOPIC, *partition, 0)).collect();
            let request = Commit { instance_id: self.instance.clone(), ..commit(&self.id, *generation, &offsets) };
            let ticket = bench.send(Request::Commit(request));
            let Some(Answer::Commit(codes)) = bench.answer(ticket) else { panic!("it waits for a write") };
            assert!(!codes.contains(&ErrorCode::None), "{codes:?} of generation {generation}");
        }
    }

    fn commit(&mut self, bench: &mut Bench, truth: &mut Truth, dice: &mut Dice, generation: i32, partitions: Vec<i32>) {
        let partition = partitions[usize::try_from(dice.below(partitions.len() as u64)).unwrap()];
        let offered = truth.offered.entry(partition).or_default();
        *offered += 1;
        let request = Commit {
            instance_id: self.instance.clone(),
            ..commit(&self.id, generation, &[(TOPIC, partition, *offered)])
        };
        let offset = *offered;
        let ticket = bench.send(Request::Commit(request));
        if generation < truth.generation {
            let refused = bench.answers.get(&ticket);
            assert!(
                matches!(refused, Some(Answer::Commit(codes)) if codes[0] != ErrorCode::None),
                "a commit of generation {generation} in {}: {refused:?}",
                truth.generation
            );
        }
        self.doing = Doing::Committing { ticket, generation, partition, offset, partitions };
    }

    /// What a consumer does about a code.
    fn next(&mut self, error: ErrorCode, otherwise: Doing) -> Doing {
        match error {
            ErrorCode::None | ErrorCode::NotCoordinator => otherwise,
            ErrorCode::RebalanceInProgress => Doing::Nothing,
            // Unknown, fenced, of an old generation: it begins anew.
            _ => {
                self.id.clear();
                Doing::Nothing
            }
        }
    }
}

fn heartbeat(bench: &mut Bench, client: &Client, (id, generation): &(String, i32)) -> ErrorCode {
    let request = Heartbeat {
        group: GROUP.to_owned(),
        member_id: id.clone(),
        instance_id: client.instance.clone(),
        generation: *generation,
    };
    let ticket = bench.send(Request::Heartbeat(request));
    match bench.answer(ticket) {
        Some(Answer::Heartbeat(error)) => error,
        other => panic!("{other:?}"),
    }
}

/// What can be read never goes back, and has all that was acknowledged.
fn check_offsets(bench: &mut Bench, truth: &mut Truth) {
    let found: BTreeMap<i32, i64> =
        fetch(bench, None).into_iter().filter_map(|(_, partition, offset)| Some((partition, offset?))).collect();
    for (partition, least) in &truth.acknowledged {
        let read = found.get(partition);
        assert!(read >= Some(least), "partition {partition}: {read:?} is read, and {least} was acknowledged");
    }
    truth.acknowledged.extend(found);
}

/// The broker ends and comes back: what was durable is there; clients lose their requests.
fn restart(bench: &mut Bench, clients: &mut [Client], dice: &mut Dice) {
    let durable = usize::try_from(dice.below(bench.writes.len() as u64 + 1)).unwrap();
    let survived: Vec<_> = bench.writes.drain(..durable).flat_map(|(_, records)| records).collect();
    bench.log.extend(survived);
    bench.restart(rules());
    for client in clients {
        client.doing = match std::mem::replace(&mut client.doing, Doing::Nothing) {
            Doing::Committing { generation, partitions, .. } => Doing::Owning { generation, partitions },
            owning @ Doing::Owning { .. } => owning,
            _ => Doing::Nothing,
        };
    }
}

fn run(seed: u64) {
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut bench = Bench::new(rules());
    let mut truth = Truth::default();
    let count = 1 + dice.below(6);
    let mut clients: Vec<Client> = (0..count).map(|number| Client::new(number, &mut dice)).collect();
    let mut hold_steps = 0;
    for _ in 0..STEPS {
        hold_steps =
            if hold_steps == 0 && dice.one_in(20) { dice.below(40) } else { u64::saturating_sub(hold_steps, 1) };
        bench.holds_writes = hold_steps > 0;
        if !bench.holds_writes {
            bench.end_writes();
        } else if !bench.writes.is_empty() && dice.one_in(10) {
            bench.fail_write(ErrorCode::KafkaStorageError);
        }
        let at = usize::try_from(dice.below(count)).unwrap();
        match dice.below(60) {
            0 => restart(&mut bench, &mut clients, &mut dice),
            1 => clients[at].frozen_steps = dice.below(120),
            2 => {
                // It leaves, or goes without a word, and comes back as new.
                if dice.one_in(2) {
                    bench.leave(&[(&clients[at].id.clone(), clients[at].instance.clone().as_deref())]);
                }
                (clients[at].id, clients[at].doing) = (String::new(), Doing::Nothing);
            }
            _ => {}
        }
        for client in &mut clients {
            if client.frozen_steps > 0 {
                client.frozen_steps -= 1;
            } else if !dice.one_in(4) {
                client.step(&mut bench, &mut truth, &mut dice);
            }
        }
        check_offsets(&mut bench, &mut truth);
        bench.pass(TICK);
    }
    settle(&mut bench, &mut clients, &mut truth, &mut dice);
}

/// Without faults every group settles: all partitions are owned, each once, in one generation.
fn settle(bench: &mut Bench, clients: &mut [Client], truth: &mut Truth, dice: &mut Dice) {
    bench.holds_writes = false;
    bench.end_writes();
    for _ in 0..400 {
        clients.iter_mut().for_each(|client| client.step(bench, truth, dice));
        bench.pass(TICK);
    }
    check_offsets(bench, truth);
    let mut owned: Vec<(i32, i32)> = Vec::new();
    for client in clients {
        match &client.doing {
            Doing::Owning { generation, partitions } | Doing::Committing { generation, partitions, .. } => {
                owned.extend(partitions.iter().map(|partition| (*partition, *generation)));
            }
            _ => panic!("{} has not settled", client.name),
        }
    }
    owned.sort_unstable();
    let generation = truth.generation;
    assert_eq!(owned, (0..PARTITIONS).map(|partition| (partition, generation)).collect::<Vec<_>>());
    assert_eq!(bench.phase(), Phase::Stable);
}

#[test]
fn groups_keep_their_promises_whatever_happens_and_settle() {
    let seeds = std::env::var("MILLRACE_SEEDS").map_or(200, |seeds| seeds.parse().unwrap());
    for seed in 0..seeds {
        if let Err(panic) = std::panic::catch_unwind(|| run(seed)) {
            eprintln!("seed {seed}");
            std::panic::resume_unwind(panic);
        }
    }
}
