//! Sessions against a plain restatement of Kafka's rules, and against what a client knows.

use std::time::Duration;

use millrace_base::ids::TopicId;
use millrace_runtime::sim::Random;

use super::*;

const SLOTS: usize = 4;
const PARTITIONS: u64 = 6;

fn key(number: u64) -> Key {
    Key { topic: TopicName::Id(TopicId([1 + (number / 3) as u8; 16])), partition: (number % 3) as i32 }
}

fn position(offset: i64) -> Position {
    Position { current_leader_epoch: 0, last_fetched_epoch: -1, fetch_offset: offset, bytes_max: 1 << 20 }
}

fn told(high_watermark: i64) -> Told {
    Told { error: ErrorCode::None, high_watermark, log_start: 0, has_records: false }
}

fn seconds(seconds: u64) -> Monotonic {
    Monotonic::ZERO + Duration::from_secs(seconds)
}

fn opening(session_id: i32, epoch: i32, asked: &[(u64, i64)], forgotten: &[u64]) -> Opening {
    let mut partitions = Partitions::default();
    for (number, offset) in asked {
        partitions.ask(key(*number), position(*offset));
    }
    let forgotten = forgotten.iter().map(|number| key(*number)).collect();
    Opening { session_id, epoch, by_id: true, is_privileged: false, partitions, forgotten }
}

/// A whole fetch, of which each partition is told the same.
fn fetch(sessions: &mut FetchSessions, opening: Opening, now: Monotonic, answer: Told) -> Result<Verdict, ErrorCode> {
    let context = sessions.begin(opening, now)?;
    let asked = context.asked();
    let told: Vec<_> = asked.iter().map(|(key, _)| (key, answer)).collect();
    let mut random = Random::new(now.0);
    Ok(sessions.finish(context, &told, now, || random.next_u64()))
}

fn one_core(slots: usize) -> FetchSessions {
    FetchSessions::new(slots, CoreId(0), 1)
}

fn new_session(sessions: &mut FetchSessions, partitions: u64, is_privileged: bool, now: Monotonic) -> i32 {
    let asked: Vec<_> = (0..partitions).map(|number| (number, 0)).collect();
    fetch(sessions, Opening { is_privileged, ..opening(0, 0, &asked, &[]) }, now, told(5)).unwrap().session_id
}

fn lives(sessions: &FetchSessions, id: i32) -> bool {
    sessions.sessions.contains_key(&id)
}

#[test]
fn trap_21_only_partitions_that_changed_are_told() {
    let mut sessions = one_core(1);
    let id = new_session(&mut sessions, 3, false, seconds(0));
    let context = sessions.begin(opening(id, 1, &[], &[]), seconds(1)).unwrap();
    let asked = context.asked();
    assert_eq!(asked, [0, 1, 2].map(|number| (key(number), position(0))));
    let answers = [told(5), told(6), Told { log_start: 1, ..told(5) }];
    let answers: Vec<_> = asked.iter().map(|(key, _)| key).zip(answers).collect();
    let verdict = sessions.finish(context, &answers, seconds(1), || 0);
    assert_eq!(verdict, Verdict { session_id: id, error: ErrorCode::None, named: vec![false, true, true] });
}

#[test]
fn an_error_is_told_each_time_and_so_is_its_end() {
    let mut sessions = one_core(1);
    let id = new_session(&mut sessions, 1, false, seconds(0));
    let failed = Told { error: ErrorCode::NotLeaderOrFollower, ..told(5) };
    for (epoch, answer, is_named) in [(1, failed, true), (2, failed, true), (3, told(5), true), (4, told(5), false)] {
        let verdict = fetch(&mut sessions, opening(id, epoch, &[], &[]), seconds(1), answer).unwrap();
        assert_eq!(verdict.named, [is_named], "epoch {epoch}");
    }
}

#[test]
fn who_gave_records_is_read_last_the_next_time() {
    let mut sessions = one_core(1);
    let id = new_session(&mut sessions, 3, false, seconds(0));
    let context = sessions.begin(opening(id, 1, &[], &[]), seconds(0)).unwrap();
    let asked = context.asked();
    let answers: Vec<_> = asked.iter().map(|(of, _)| (of, Told { has_records: *of == key(0), ..told(5) })).collect();
    assert_eq!(sessions.finish(context, &answers, seconds(0), || 0).named, [true, false, false]);
    let next = sessions.begin(opening(id, 2, &[(1, 7)], &[]), seconds(0)).unwrap().asked();
    assert_eq!(next, [(key(1), position(7)), (key(2), position(0)), (key(0), position(0))]);
}

#[test]
fn trap_21_each_wrong_use_of_a_session_has_its_own_error() {
    let mut sessions = one_core(2);
    let id = new_session(&mut sessions, 1, false, seconds(0));
    let mut ask = |opening| fetch(&mut sessions, opening, seconds(1), told(5)).map(|verdict| verdict.session_id);
    assert_eq!(ask(opening(id + 1, 1, &[], &[])), Err(ErrorCode::FetchSessionIdNotFound));
    assert_eq!(ask(opening(0, 1, &[], &[])), Err(ErrorCode::FetchSessionIdNotFound));
    for epoch in [2, -2, i32::MIN, i32::MAX] {
        assert_eq!(ask(opening(id, epoch, &[], &[])), Err(ErrorCode::InvalidFetchSessionEpoch), "{epoch}");
    }
    let by_name = Opening { by_id: false, ..opening(id, 1, &[], &[]) };
    assert_eq!(ask(by_name), Err(ErrorCode::FetchSessionTopicIdError));
    assert_eq!(ask(opening(id, 1, &[], &[])), Ok(id), "a refused request does not count");
    assert_eq!(ask(opening(id, 1, &[], &[])), Err(ErrorCode::InvalidFetchSessionEpoch), "a request counts once");
}

#[test]
fn epochs_go_on_from_one_after_the_greatest() {
    let mut sessions = one_core(1);
    let id = new_session(&mut sessions, 1, false, seconds(0));
    sessions.sessions[&id].borrow_mut().epoch = i32::MAX;
    assert!(fetch(&mut sessions, opening(id, i32::MAX, &[], &[]), seconds(1), told(5)).is_ok());
    assert!(fetch(&mut sessions, opening(id, 1, &[], &[]), seconds(1), told(5)).is_ok());
}

#[test]
fn a_full_request_closes_the_session_that_it_names() {
    let mut sessions = one_core(2);
    let first = new_session(&mut sessions, 1, false, seconds(0));
    let second = fetch(&mut sessions, opening(first, 0, &[(0, 0)], &[]), seconds(1), told(5)).unwrap().session_id;
    assert!(!lives(&sessions, first) && lives(&sessions, second));
    let last = fetch(&mut sessions, opening(second, -1, &[(0, 0)], &[]), seconds(1), told(5)).unwrap();
    assert_eq!((last.session_id, last.named.len(), sessions.sessions.len(), sessions.bytes), (0, 1, 0, 0));
}

#[test]
fn a_session_that_forgets_its_last_partition_is_closed() {
    let mut sessions = one_core(1);
    let id = new_session(&mut sessions, 2, false, seconds(0));
    let verdict = fetch(&mut sessions, opening(id, 1, &[], &[0]), seconds(1), told(5)).unwrap();
    assert_eq!((verdict.session_id, verdict.named), (id, vec![false]));
    let verdict = fetch(&mut sessions, opening(id, 2, &[], &[1]), seconds(1), told(5)).unwrap();
    assert_eq!((verdict.session_id, verdict.named.len(), sessions.sessions.len()), (0, 0, 0));
}

#[test]
fn a_fetch_that_was_overtaken_in_its_session_is_refused() {
    let mut sessions = one_core(1);
    let id = new_session(&mut sessions, 1, false, seconds(0));
    let waits = sessions.begin(opening(id, 1, &[], &[]), seconds(1)).unwrap();
    fetch(&mut sessions, opening(id, 2, &[], &[]), seconds(1), told(5)).unwrap();
    let verdict = sessions.finish(waits, &[(&key(0), told(6))], seconds(1), || 0);
    let error = ErrorCode::InvalidFetchSessionEpoch;
    assert_eq!(verdict, Verdict { session_id: id, error, named: vec![false] });
}

#[test]
fn a_throttled_fetch_is_one_of_its_session() {
    let mut sessions = one_core(1);
    let id = new_session(&mut sessions, 1, false, seconds(0));
    let waits = sessions.begin(opening(id, 1, &[], &[]), seconds(1)).unwrap();
    let empty = |error| Verdict { session_id: id, error, named: Vec::new() };
    assert_eq!(sessions.finish_empty(&waits), empty(ErrorCode::None));
    fetch(&mut sessions, opening(id, 2, &[], &[]), seconds(1), told(5)).unwrap();
    assert_eq!(sessions.finish_empty(&waits), empty(ErrorCode::InvalidFetchSessionEpoch));
}

#[test]
fn a_fetch_whose_session_was_closed_meanwhile_is_answered() {
    let mut sessions = one_core(1);
    let id = new_session(&mut sessions, 1, false, seconds(0));
    let waits = sessions.begin(opening(id, 1, &[], &[]), seconds(1)).unwrap();
    sessions.close(id);
    let verdict = sessions.finish(waits, &[(&key(0), told(6))], seconds(1), || 0);
    assert_eq!(verdict, Verdict { session_id: id, error: ErrorCode::None, named: vec![true] });
}

#[test]
fn a_partition_that_is_asked_for_twice_is_read_once_where_it_was_first() {
    let context = one_core(1).begin(opening(0, -1, &[(0, 1), (1, 1), (0, 2)], &[]), seconds(0)).unwrap();
    assert_eq!(context.asked(), [(key(0), position(2)), (key(1), position(1))]);
}

#[test]
fn a_small_or_long_unused_session_gives_way_to_a_greater_one() {
    let mut sessions = one_core(2);
    let (small, large) =
        (new_session(&mut sessions, 1, false, seconds(0)), new_session(&mut sessions, 3, false, seconds(0)));
    assert_eq!(new_session(&mut sessions, 6, false, seconds(100)), 0, "the young are protected");
    for (epoch, at) in [(1, 100), (2, 121)] {
        for id in [small, large] {
            fetch(&mut sessions, opening(id, epoch, &[], &[]), seconds(at), told(5)).unwrap();
        }
    }
    assert_eq!(new_session(&mut sessions, 1, false, seconds(121)), 0, "one of the same size is not worth more");
    let greater = new_session(&mut sessions, 2, false, seconds(121));
    assert!(greater != 0 && !lives(&sessions, small) && lives(&sessions, large));
    let any = new_session(&mut sessions, 1, false, seconds(121 + 121));
    assert!(any != 0 && !lives(&sessions, large), "who was not used for two minutes goes first");
}

#[test]
fn a_replica_takes_the_place_of_a_consumer_and_not_the_other_way_round() {
    let mut sessions = one_core(1);
    let consumer = new_session(&mut sessions, 6, false, seconds(0));
    let replica = new_session(&mut sessions, 1, true, seconds(1));
    assert!(replica != 0 && !lives(&sessions, consumer), "youth protects no consumer from a replica");
    assert_eq!(new_session(&mut sessions, 2, true, seconds(2)), 0, "but a replica from another");
    fetch(&mut sessions, opening(replica, 1, &[], &[]), seconds(122), told(5)).unwrap();
    assert_eq!(new_session(&mut sessions, 6, false, seconds(122)), 0);
    assert_ne!(new_session(&mut sessions, 2, true, seconds(122)), 0);
}

#[test]
fn cores_share_the_slots_and_have_ids_of_their_own() {
    for cores in [1, 2, 3, 7, 1_000] {
        let all: Vec<_> = (0..cores).map(|core| FetchSessions::new(1_000, CoreId(core), cores.into())).collect();
        assert_eq!(all.iter().map(|core| core.slots).sum::<usize>(), 1_000, "{cores} cores");
        let mut beyond = 1;
        for core in &all {
            let (first, count) = core.ids;
            assert!(first >= beyond, "{cores} cores");
            beyond = i64::from(first) as i32 + (count - 1) as i32;
            assert_eq!(core.unused_id(|| u64::from(count) - 1), beyond);
            assert_eq!(core.unused_id(|| 0), first);
        }
    }
    assert_eq!(new_session(&mut one_core(0), 1, false, seconds(0)), 0);
}

#[test]
fn a_core_holds_no_more_than_its_bytes() {
    let mut sessions = one_core(1_000);
    let many = |first: i32, count: i32| {
        let mut partitions = Partitions::default();
        for partition in first..first + count {
            partitions.ask(Key { topic: TopicName::Name("x".repeat(30_000).into()), partition }, position(0));
        }
        Opening { partitions, by_id: false, ..opening(0, 0, &[], &[]) }
    };
    let id = fetch(&mut sessions, many(0, 2_000), seconds(0), told(5)).unwrap().session_id;
    assert_ne!(id, 0);
    assert_eq!(fetch(&mut sessions, many(0, 2_000), seconds(0), told(5)).unwrap().session_id, 0, "no new one");
    let grown = Opening { session_id: id, epoch: 1, ..many(2_000, 1_000) };
    assert_eq!(fetch(&mut sessions, grown, seconds(0), told(5)), Err(ErrorCode::FetchSessionIdNotFound));
    assert_eq!((sessions.sessions.len(), sessions.bytes), (0, 0), "one that grows too large is closed");
}

#[test]
fn a_core_holds_as_much_as_its_bytes() {
    const PARTITIONS: i32 = 1 << 10;
    let named = |name: &str| {
        let mut partitions = Partitions::default();
        partitions.ask(Key { topic: TopicName::Name(name.into()), partition: 0 }, position(0));
        partitions.bytes()
    };
    let name: Rc<str> = "x".repeat(FETCH_SESSION_BYTES_MAX / PARTITIONS as usize - named("")).into();
    let many = |count: i32| {
        let mut partitions = Partitions::default();
        for partition in 0..count {
            partitions.ask(Key { topic: TopicName::Name(Rc::clone(&name)), partition }, position(0));
        }
        Opening { partitions, by_id: false, ..opening(0, 0, &[], &[]) }
    };
    let mut sessions = one_core(2);
    assert_eq!(fetch(&mut sessions, many(PARTITIONS + 1), seconds(0), told(5)).unwrap().session_id, 0);
    let id = fetch(&mut sessions, many(PARTITIONS), seconds(0), told(5)).unwrap().session_id;
    assert!(id != 0 && sessions.bytes == FETCH_SESSION_BYTES_MAX);
    let again = Opening { session_id: id, epoch: 1, ..many(0) };
    assert_eq!(fetch(&mut sessions, again, seconds(0), told(5)).map(|verdict| verdict.session_id), Ok(id));
    sessions.close(id);
    let hundreds: Vec<_> = [100, 100].map(|count| new_session(&mut sessions, count, false, seconds(0))).into();
    assert!(hundreds.iter().all(|id| *id != 0), "bytes add up: {hundreds:?}");
}

#[test]
fn partitions_take_memory_with_their_names_until_they_are_forgotten() {
    let of = |name: &str| Key { topic: TopicName::Name(name.into()), partition: 0 };
    let mut partitions = Partitions::default();
    partitions.ask(of(""), position(0));
    let unnamed = partitions.bytes();
    assert!(unnamed > 0);
    partitions.ask(of("ten bytes."), position(0));
    assert_eq!(partitions.bytes(), 2 * unnamed + 10);
    partitions.forget(&of(""));
    assert_eq!(partitions.bytes(), unnamed + 10);
    partitions.forget(&of("ten bytes."));
    assert_eq!(partitions.bytes(), 0);
}

#[test]
fn two_minutes_to_the_moment_are_not_long() {
    let mut sessions = one_core(1);
    let first = new_session(&mut sessions, 6, false, seconds(0));
    assert_eq!(new_session(&mut sessions, 6, false, seconds(120)), 0);
    assert!(lives(&sessions, first));
}

/// Kafka's rules once more, as plainly as possible.
#[derive(Default)]
struct Model {
    sessions: Vec<ModelSession>,
}

struct ModelSession {
    id: i32,
    is_privileged: bool,
    created: u64,
    used: u64,
    epoch: i32,
    /// When it was last touched.
    ranked: usize,
    /// Key number, offset, and what was told last.
    partitions: Vec<(u64, i64, Option<Told>)>,
}

impl Model {
    fn find(&self, id: i32) -> Option<usize> {
        self.sessions.iter().position(|session| session.id == id)
    }

    fn makes_room(&mut self, is_privileged: bool, size: usize, now: u64) -> bool {
        if self.sessions.len() < SLOTS {
            return true;
        }
        let Some(oldest) = self.sessions.iter().min_by_key(|session| (session.used, session.id)) else { return false };
        if now - oldest.used > 120 {
            let id = oldest.id;
            self.sessions.retain(|session| session.id != id);
            return true;
        }
        // Whether a session was old enough is seen when it is used, not when its place is wanted.
        let open =
            |session: &&ModelSession| session.used - session.created > 120 || (is_privileged && !session.is_privileged);
        let least =
            self.sessions.iter().filter(open).map(|session| (session.is_privileged, session.ranked, session.id));
        let Some(least) = least.min().filter(|least| (least.0, least.1) < (is_privileged, size)) else { return false };
        self.sessions.retain(|session| session.id != least.2);
        true
    }
}

/// What the broker has of a partition now.
fn state(random: &mut Random) -> Told {
    let error = if random.below(12) == 0 { ErrorCode::NotLeaderOrFollower } else { ErrorCode::None };
    Told {
        error,
        high_watermark: if error == ErrorCode::None { random.below(2) as i64 } else { -1 },
        log_start: i64::from(random.below(10) == 0),
        has_records: error == ErrorCode::None && random.below(6) == 0,
    }
}

fn step(sessions: &mut FetchSessions, model: &mut Model, random: &mut Random, now: u64) {
    let known = if model.sessions.is_empty() { None } else { Some(random.index(model.sessions.len())) };
    let (id, right_epoch) = match known {
        Some(index) if random.below(8) > 0 => (model.sessions[index].id, model.sessions[index].epoch),
        _ => (random.below(3) as i32, 1),
    };
    let epoch = match random.below(16) {
        0..=2 => 0,
        3 => -1,
        4 => right_epoch + 1,
        _ => right_epoch,
    };
    let mut asked: Vec<(u64, i64)> = Vec::new();
    for _ in 0..random.below(4) {
        let number = random.below(PARTITIONS);
        if asked.iter().all(|(other, _)| *other != number) {
            asked.push((number, random.below(100) as i64));
        }
    }
    let forgotten: Vec<u64> = (0..random.below(2)).map(|_| random.below(PARTITIONS)).collect();
    let is_privileged = random.below(4) == 0;
    let opening = Opening { is_privileged, ..opening(id, epoch, &asked, &forgotten) };

    let begun = sessions.begin(opening, seconds(now));
    let found = model.find(id);
    let mut expected: Vec<(u64, i64)> = asked.clone();
    let mut incremental = None;
    if epoch == 0 || epoch == -1 {
        model.sessions.retain(|session| session.id != id);
    } else {
        let Some(index) = found else {
            assert_eq!(begun.unwrap_err(), ErrorCode::FetchSessionIdNotFound);
            return;
        };
        let session = &mut model.sessions[index];
        if session.epoch != epoch {
            assert_eq!(begun.unwrap_err(), ErrorCode::InvalidFetchSessionEpoch);
            return;
        }
        for (number, offset) in &asked {
            match session.partitions.iter_mut().find(|(other, ..)| other == number) {
                Some(partition) => partition.1 = *offset,
                None => session.partitions.push((*number, *offset, None)),
            }
        }
        session.partitions.retain(|(number, ..)| !forgotten.contains(number));
        if session.partitions.is_empty() {
            model.sessions.remove(index);
        } else {
            (session.used, session.ranked, session.epoch) = (now, session.partitions.len(), epoch + 1);
            expected = session.partitions.iter().map(|(number, offset, _)| (*number, *offset)).collect();
            incremental = Some(index);
        }
    }
    let context = begun.unwrap();
    let listed = context.asked();
    assert_eq!(listed, expected.iter().map(|(number, offset)| (key(*number), position(*offset))).collect::<Vec<_>>());

    let answers: Vec<Told> = listed.iter().map(|_| state(random)).collect();
    let told: Vec<_> = listed.iter().map(|(key, _)| key).zip(answers.iter().copied()).collect();
    let verdict = sessions.finish(context, &told, seconds(now), || random.next_u64());
    assert_eq!(verdict.error, ErrorCode::None);
    if let Some(index) = incremental {
        let session = &mut model.sessions[index];
        assert_eq!(verdict.session_id, session.id);
        let (mut stay, mut go_last) = (Vec::new(), Vec::new());
        for ((partition, answer), named) in session.partitions.drain(..).zip(&answers).zip(&verdict.named) {
            let (number, offset, before) = partition;
            let is_same = before.is_some_and(|before| {
                (before.error, before.high_watermark, before.log_start)
                    == (ErrorCode::None, answer.high_watermark, answer.log_start)
            });
            assert_eq!(*named, answer.has_records || answer.error != ErrorCode::None || !is_same);
            let list = if answer.has_records { &mut go_last } else { &mut stay };
            list.push((number, offset, Some(*answer)));
        }
        stay.append(&mut go_last);
        session.partitions = stay;
    } else if epoch == 0 && model.makes_room(is_privileged, asked.len(), now) {
        let id = verdict.session_id;
        assert!(id > 0 && model.find(id).is_none());
        let partitions = asked.iter().zip(&answers).map(|((number, offset), told)| (*number, *offset, Some(*told)));
        let partitions: Vec<_> = partitions.collect();
        let ranked = partitions.len();
        model.sessions.push(ModelSession { id, is_privileged, created: now, used: now, epoch: 1, ranked, partitions });
    } else {
        assert_eq!(verdict.session_id, 0);
    }
    if incremental.is_none() {
        assert!(verdict.named.iter().all(|named| *named));
    }
}

#[test]
fn any_use_of_sessions_is_answered_as_kafkas_rules_say() {
    for seed in 0..300 {
        let mut random = Random::new(seed);
        let (mut sessions, mut model, mut now) = (one_core(SLOTS), Model::default(), 0);
        for _ in 0..200 {
            now += random.below(3) * random.below(40);
            step(&mut sessions, &mut model, &mut random, now);
            let mut ids: Vec<_> = model.sessions.iter().map(|session| session.id).collect();
            let mut ours: Vec<_> = sessions.sessions.keys().copied().collect();
            ids.sort_unstable();
            ours.sort_unstable();
            assert_eq!(ours, ids, "seed {seed}");
        }
    }
}
