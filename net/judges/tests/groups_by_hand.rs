//! What a group's coordinator says, byte by byte: Millrace and Kafka say the same.

use millrace_judges::broker::{Broker, Kind, Setup};
use millrace_judges::librdkafka;
use millrace_judges::wire::Connection;

const OFFSET_COMMIT: i16 = 8;
const OFFSET_FETCH: i16 = 9;
const FIND_COORDINATOR: i16 = 10;
const JOIN: i16 = 11;
const HEARTBEAT: i16 = 12;
const LEAVE: i16 = 13;
const SYNC: i16 = 14;
const DESCRIBE: i16 = 15;
const LIST: i16 = 16;
const DELETE: i16 = 42;
const OFFSET_DELETE: i16 = 47;

const NONE: i16 = 0;
const UNKNOWN_TOPIC_OR_PARTITION: i16 = 3;
const OFFSET_METADATA_TOO_LARGE: i16 = 12;
const COORDINATOR_LOAD_IN_PROGRESS: i16 = 14;
const COORDINATOR_NOT_AVAILABLE: i16 = 15;
const NOT_COORDINATOR: i16 = 16;
const ILLEGAL_GENERATION: i16 = 22;
const INCONSISTENT_GROUP_PROTOCOL: i16 = 23;
const INVALID_GROUP_ID: i16 = 24;
const UNKNOWN_MEMBER_ID: i16 = 25;
const INVALID_SESSION_TIMEOUT: i16 = 26;
const REBALANCE_IN_PROGRESS: i16 = 27;
const NON_EMPTY_GROUP: i16 = 68;
const GROUP_ID_NOT_FOUND: i16 = 69;
const MEMBER_ID_REQUIRED: i16 = 79;
const FENCED_INSTANCE_ID: i16 = 82;
const GROUP_SUBSCRIBED_TO_TOPIC: i16 = 86;
const UNKNOWN_TOPIC_ID: i16 = 100;

const GROUP: &str = "g";
const TOPIC: &str = "t";

/// A message, written from left to right; `compact` ones as flexible versions want them.
#[derive(Clone, Default)]
struct Body(Vec<u8>);

impl Body {
    fn new() -> Self {
        Self::default()
    }

    fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend(bytes);
        self
    }

    fn byte(self, byte: u8) -> Self {
        self.bytes(&[byte])
    }

    fn i16(self, number: i16) -> Self {
        self.bytes(&number.to_be_bytes())
    }

    fn i32(self, number: i32) -> Self {
        self.bytes(&number.to_be_bytes())
    }

    fn i64(self, number: i64) -> Self {
        self.bytes(&number.to_be_bytes())
    }

    fn text(self, text: &str) -> Self {
        self.i16(i16::try_from(text.len()).unwrap()).bytes(text.as_bytes())
    }

    fn null(self) -> Self {
        self.i16(-1)
    }

    fn maybe(self, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.text(text),
            None => self.null(),
        }
    }

    fn blob(self, bytes: &[u8]) -> Self {
        self.i32(i32::try_from(bytes.len()).unwrap()).bytes(bytes)
    }

    /// A compact string of less than 127 bytes.
    fn compact(self, text: &str) -> Self {
        self.byte(u8::try_from(text.len() + 1).unwrap()).bytes(text.as_bytes())
    }

    fn tags(self) -> Self {
        self.byte(0)
    }
}

/// A broker, and what it was found guilty of.
struct Court {
    connection: Connection,
    complaints: Vec<String>,
}

impl Court {
    fn ask(&mut self, key: i16, version: i16, request: &Body) -> Vec<u8> {
        let is_flexible = match key {
            OFFSET_COMMIT | OFFSET_FETCH => version >= if key == OFFSET_COMMIT { 8 } else { 6 },
            FIND_COORDINATOR | LIST => version >= 3,
            JOIN => version >= 6,
            HEARTBEAT | LEAVE | SYNC => version >= 4,
            DESCRIBE => version >= 5,
            DELETE => version >= 2,
            _ => false,
        };
        if !is_flexible {
            return self.connection.ask(key, version, &request.0).unwrap();
        }
        let answer = self.connection.ask_flexible(key, version, &request.0).unwrap();
        // The header's tagged fields, of which there are none.
        answer.strip_prefix(&[0]).unwrap().to_vec()
    }

    /// Asks until the code, after the throttle time, is none that says `later`.
    fn ask_until_available(&mut self, (key, version): (i16, i16), request: &Body) -> Vec<u8> {
        let later = [COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR];
        loop {
            let answer = self.ask(key, version, request);
            if !later.iter().any(|code| answer[4..6] == code.to_be_bytes()) {
                return answer;
            }
        }
    }

    fn expect(&mut self, what: &str, (key, version): (i16, i16), request: Body, expected: Body) {
        let answer = self.ask(key, version, &request);
        if answer != expected.0 {
            let (answer, expected) = (answer.escape_ascii(), expected.0.escape_ascii());
            self.complaints.push(format!("{what}:\n   answer {answer}\n expected {expected}"));
        }
    }

    /// Joins by JoinGroup v5; the code, the generation and the member's id.
    fn join(&mut self, request: Body) -> (i16, i32, String) {
        let answer = self.ask(JOIN, 5, &request);
        let i16_at = |at: usize| i16::from_be_bytes(answer[at..at + 2].try_into().unwrap());
        let text_at = |at: usize| {
            let end = at + 2 + usize::try_from(i16_at(at)).unwrap();
            (String::from_utf8(answer[at + 2..end].to_vec()).unwrap(), end)
        };
        let generation = i32::from_be_bytes(answer[6..10].try_into().unwrap());
        let (_, at) = text_at(10);
        let (_, at) = text_at(at);
        (i16_at(4), generation, text_at(at).0)
    }
}

/// JoinGroup v5.
fn join(group: &str, session_ms: i32, member: &str, instance: Option<&str>, protocols: &[&str]) -> Body {
    let head = Body::new().text(group).i32(session_ms).i32(10_000).text(member).maybe(instance).text("consumer");
    let count = i32::try_from(protocols.len()).unwrap();
    protocols.iter().fold(head.i32(count), |body, name| body.text(name).blob(&subscription()))
}

/// A consumer's subscription to the topic, version 0.
fn subscription() -> Vec<u8> {
    Body::new().i16(0).i32(1).text(TOPIC).i32(-1).0
}

/// What JoinGroup v5 answers to who does not get in.
fn not_joined(error: i16, member: &str) -> Body {
    Body::new().i32(0).i16(error).i32(-1).text("").text("").text(member).i32(0)
}

/// SyncGroup v3.
fn sync(group: &str, generation: i32, member: &str, instance: Option<&str>, assigned: &[(&str, &[u8])]) -> Body {
    let head = Body::new().text(group).i32(generation).text(member).maybe(instance);
    let count = i32::try_from(assigned.len()).unwrap();
    assigned.iter().fold(head.i32(count), |body, (member, bytes)| body.text(member).blob(bytes))
}

/// What SyncGroup v3 answers.
fn synced(error: i16, assignment: &[u8]) -> Body {
    Body::new().i32(0).i16(error).blob(assignment)
}

/// Heartbeat v3.
fn heartbeat(group: &str, generation: i32, member: &str, instance: Option<&str>) -> Body {
    Body::new().text(group).i32(generation).text(member).maybe(instance)
}

/// The answer that holds a code only.
fn code(error: i16) -> Body {
    Body::new().i32(0).i16(error)
}

/// LeaveGroup v3.
fn leave(group: &str, members: &[(&str, Option<&str>)]) -> Body {
    let head = Body::new().text(group).i32(i32::try_from(members.len()).unwrap());
    members.iter().fold(head, |body, (id, instance)| body.text(id).maybe(*instance))
}

/// What LeaveGroup v3 answers.
fn left(members: &[(&str, Option<&str>, i16)]) -> Body {
    let head = code(NONE).i32(i32::try_from(members.len()).unwrap());
    members.iter().fold(head, |body, (id, instance, error)| body.text(id).maybe(*instance).i16(*error))
}

/// OffsetCommit v7 of partitions of one topic with notes.
fn commit(group: &str, generation: i32, member: &str, topic: &str, partitions: &[(i32, i64, Option<&str>)]) -> Body {
    let head = Body::new().text(group).i32(generation).text(member).null().i32(1).text(topic);
    let head = head.i32(i32::try_from(partitions.len()).unwrap());
    partitions.iter().fold(head, |body, (index, offset, note)| body.i32(*index).i64(*offset).i32(-1).maybe(*note))
}

/// What OffsetCommit v7 answers.
fn committed(topic: &str, partitions: &[(i32, i16)]) -> Body {
    let head = Body::new().i32(0).i32(1).text(topic).i32(i32::try_from(partitions.len()).unwrap());
    partitions.iter().fold(head, |body, (index, error)| body.i32(*index).i16(*error))
}

/// OffsetFetch v5 of partitions of one topic.
fn fetch(group: &str, topic: &str, partitions: &[i32]) -> Body {
    let head = Body::new().text(group).i32(1).text(topic).i32(i32::try_from(partitions.len()).unwrap());
    partitions.iter().fold(head, |body, index| body.i32(*index))
}

/// What OffsetFetch v5 answers.
fn fetched(topic: &str, partitions: &[(i32, i64, &str)]) -> Body {
    let head = Body::new().i32(0).i32(1).text(topic).i32(i32::try_from(partitions.len()).unwrap());
    let partition = |body: Body, (index, offset, note): &(i32, i64, &str)| {
        body.i32(*index).i64(*offset).i32(-1).text(note).i16(NONE)
    };
    partitions.iter().fold(head, partition).i16(NONE)
}

fn find_coordinator(court: &mut Court) {
    let request = Body::new().text(GROUP).byte(0);
    // Kafka creates the topic that holds groups, and loads its partitions, in the background.
    let answer = court.ask_until_available((FIND_COORDINATOR, 2), &request);
    for group in ["x", GROUP, "p", "static"] {
        court.ask_until_available((HEARTBEAT, 3), &heartbeat(group, 1, "m", None));
    }
    let address = answer[answer.len() - 19..].to_vec();
    assert!(address.starts_with(b"\x00\x00\x00\x01\x00\x09127.0.0.1"), "{}", answer.escape_ascii());
    let host_and_port = Body::new().i32(1).compact("127.0.0.1").bytes(&address[15..]);
    let batch = Body::new().byte(0).byte(3).compact("a").compact("b").tags();
    let coordinator = |body: Body, key| body.compact(key).bytes(&host_and_port.0).i16(NONE).compact("").tags();
    let expected = coordinator(coordinator(Body::new().i32(0).byte(3), "a"), "b").tags();
    court.expect("two coordinators at once", (FIND_COORDINATOR, 4), batch, expected);
}

fn unknown_groups(court: &mut Court) {
    let c = court;
    c.expect("heartbeat, unknown group", (HEARTBEAT, 3), heartbeat("x", 1, "m", None), code(UNKNOWN_MEMBER_ID));
    c.expect("heartbeat, no group", (HEARTBEAT, 3), heartbeat("", 1, "m", None), code(INVALID_GROUP_ID));
    c.expect("sync, unknown group", (SYNC, 3), sync("x", 1, "m", None, &[]), synced(UNKNOWN_MEMBER_ID, b""));
    c.expect("sync, no group", (SYNC, 3), sync("", 1, "m", None, &[]), synced(INVALID_GROUP_ID, b""));
    let both = [("m", None), ("", Some("s"))];
    let each = [("m", None, UNKNOWN_MEMBER_ID), ("", Some("s"), UNKNOWN_MEMBER_ID)];
    c.expect("leave, unknown group", (LEAVE, 3), leave("x", &both), left(&each));
    c.expect("leave, no group", (LEAVE, 3), leave("", &both), code(INVALID_GROUP_ID).i32(0));
    let alone = Body::new().text("x").text("m");
    c.expect("leave v1, unknown group", (LEAVE, 1), alone, code(UNKNOWN_MEMBER_ID));
    let one = commit("x", 1, "m", TOPIC, &[(0, 5, None)]);
    c.expect("commit, unknown group", (OFFSET_COMMIT, 7), one, committed(TOPIC, &[(0, ILLEGAL_GENERATION)]));
    c.expect(
        "fetch, unknown group",
        (OFFSET_FETCH, 5),
        fetch("x", TOPIC, &[0, 7]),
        fetched(TOPIC, &[(0, -1, ""), (7, -1, "")]),
    );
    let all = Body::new().text("x").i32(-1);
    c.expect("fetch all, unknown group", (OFFSET_FETCH, 5), all, Body::new().i32(0).i32(0).i16(NONE));
    let dead = Body::new().i32(0).i32(1).i16(NONE).text("x").text("Dead").text("").text("").i32(0).i32(i32::MIN);
    c.expect("describe v4, unknown group", (DESCRIBE, 4), Body::new().i32(1).text("x").byte(0), dead);
    let missing = Body::new().i32(0).byte(2).i16(GROUP_ID_NOT_FOUND).compact("Group x not found.").compact("x");
    let missing = missing.compact("Dead").compact("").compact("").byte(1).i32(i32::MIN).tags().tags();
    c.expect("describe v6, unknown group", (DESCRIBE, 6), Body::new().byte(2).compact("x").byte(0).tags(), missing);
    let deleted = |group, error| Body::new().i32(0).i32(1).text(group).i16(error);
    c.expect("delete, unknown group", (DELETE, 1), Body::new().i32(1).text("x"), deleted("x", GROUP_ID_NOT_FOUND));
    let offsets = Body::new().text("x").i32(1).text(TOPIC).i32(1).i32(0);
    let none = Body::new().i16(GROUP_ID_NOT_FOUND).i32(0).i32(0);
    c.expect("delete offsets, unknown group", (OFFSET_DELETE, 0), offsets, none);
    c.expect("list v2, no groups", (LIST, 2), Body::new(), code(NONE).i32(0));
}

fn refused_joins(court: &mut Court) {
    let c = court;
    let refused = |error, member| not_joined(error, member);
    let range = ["range"];
    let short = join(GROUP, 5_999, "", None, &range);
    c.expect("join, short session", (JOIN, 5), short, refused(INVALID_SESSION_TIMEOUT, ""));
    let long = join(GROUP, 1_800_001, "", None, &range);
    c.expect("join, long session", (JOIN, 5), long, refused(INVALID_SESSION_TIMEOUT, ""));
    let unnamed = join("", 10_000, "", None, &range);
    c.expect("join, no group", (JOIN, 5), unnamed, refused(INVALID_GROUP_ID, ""));
    let stranger = join(GROUP, 10_000, "m", None, &range);
    c.expect("join, unknown group with an id", (JOIN, 5), stranger, refused(UNKNOWN_MEMBER_ID, "m"));
    let nothing = join("p", 10_000, "", None, &[]);
    c.expect("join, no protocols", (JOIN, 5), nothing, refused(INCONSISTENT_GROUP_PROTOCOL, ""));
    let without_protocol = Body::new().compact("x").i32(1).compact("m").byte(0).byte(0).byte(0).byte(1).tags();
    let expected = Body::new().i32(0).i16(INCONSISTENT_GROUP_PROTOCOL).byte(0).byte(0).byte(1).tags();
    c.expect("sync v5 without a protocol", (SYNC, 5), without_protocol, expected);
    // Version 9: an unknown member, with a session and a rebalance time-out, a type and one protocol.
    let v9 = Body::new().compact("x").i32(10_000).i32(10_000).compact("m").byte(0).compact("consumer").byte(2);
    let v9 = v9.compact("range").byte(1).tags().byte(0).tags();
    let expected = Body::new().i32(0).i16(UNKNOWN_MEMBER_ID).i32(-1).byte(0);
    let expected = expected.byte(0).compact("").byte(0).compact("m").byte(1).tags();
    c.expect("join v9, refused", (JOIN, 9), v9, expected);
}

fn one_member(court: &mut Court) {
    let (error, generation, id) = court.join(join(GROUP, 10_000, "", None, &["range"]));
    assert_eq!((error, generation), (MEMBER_ID_REQUIRED, -1), "{id}");
    assert!(id.starts_with("judge-") && id.len() == 42, "{id}");
    let member = id.as_str();
    court.expect(
        "heartbeat before joining",
        (HEARTBEAT, 3),
        heartbeat(GROUP, -1, member, None),
        code(UNKNOWN_MEMBER_ID),
    );
    let joined = Body::new().i32(0).i16(NONE).i32(1).text("range").text(member).text(member);
    let joined = joined.i32(1).text(member).null().blob(&subscription());
    let request = join(GROUP, 10_000, member, None, &["range", "sticky"]);
    court.expect("join with the id", (JOIN, 5), request.clone(), joined.clone());
    court.expect("join again, the same", (JOIN, 5), request, joined);
    let c = court;
    let uncommitted = committed(TOPIC, &[(0, REBALANCE_IN_PROGRESS)]);
    c.expect(
        "commit before the assignment",
        (OFFSET_COMMIT, 7),
        commit(GROUP, 1, member, TOPIC, &[(0, 5, None)]),
        uncommitted,
    );
    c.expect("heartbeat before the assignment", (HEARTBEAT, 3), heartbeat(GROUP, 1, member, None), code(NONE));
    c.expect("sync, old generation", (SYNC, 3), sync(GROUP, 0, member, None, &[]), synced(ILLEGAL_GENERATION, b""));
    c.expect("sync, unknown member", (SYNC, 3), sync(GROUP, 1, "m", None, &[]), synced(UNKNOWN_MEMBER_ID, b""));
    c.expect(
        "sync, unknown instance",
        (SYNC, 3),
        sync(GROUP, 1, member, Some("s"), &[]),
        synced(UNKNOWN_MEMBER_ID, b""),
    );
    let assigned = [(member, &b"all"[..]), ("m", b"none")];
    c.expect("sync as the leader", (SYNC, 3), sync(GROUP, 1, member, None, &assigned), synced(NONE, b"all"));
    c.expect("sync again", (SYNC, 3), sync(GROUP, 1, member, None, &[]), synced(NONE, b"all"));
    c.expect("heartbeat", (HEARTBEAT, 3), heartbeat(GROUP, 1, member, None), code(NONE));
    c.expect("heartbeat, old generation", (HEARTBEAT, 3), heartbeat(GROUP, 0, member, None), code(ILLEGAL_GENERATION));
    c.expect("heartbeat, unknown member", (HEARTBEAT, 3), heartbeat(GROUP, 1, "m", None), code(UNKNOWN_MEMBER_ID));
    c.expect(
        "heartbeat, unknown instance",
        (HEARTBEAT, 3),
        heartbeat(GROUP, 1, member, Some("s")),
        code(UNKNOWN_MEMBER_ID),
    );
    let other = join(GROUP, 10_000, "", None, &["other"]);
    c.expect("join, other protocol", (JOIN, 5), other, not_joined(INCONSISTENT_GROUP_PROTOCOL, ""));
    let other = join(GROUP, 10_000, "m", None, &["range"]);
    c.expect("join, unknown member", (JOIN, 5), other, not_joined(UNKNOWN_MEMBER_ID, "m"));

    let note = "x".repeat(4097);
    let request =
        commit(GROUP, 1, member, TOPIC, &[(0, 5, Some("note")), (1, 6, None), (2, 7, Some(&note)), (9, 8, None)]);
    let codes = [(0, NONE), (1, NONE), (2, OFFSET_METADATA_TOO_LARGE), (9, UNKNOWN_TOPIC_OR_PARTITION)];
    let answer = c.ask(OFFSET_COMMIT, 7, &request);
    let mut entries: Vec<&[u8]> = answer[15..].chunks(6).collect();
    entries.sort_unstable();
    let answer = Body::new().bytes(&answer[..15]).bytes(&entries.concat());
    assert_eq!(answer.0, committed(TOPIC, &codes).0, "Kafka says what it did not ask the coordinator about first");
    let request = commit(GROUP, 0, member, TOPIC, &[(0, 9, None)]);
    c.expect("commit, old generation", (OFFSET_COMMIT, 7), request, committed(TOPIC, &[(0, ILLEGAL_GENERATION)]));
    let request = commit(GROUP, -1, "", TOPIC, &[(0, 9, None)]);
    c.expect("commit as an operator", (OFFSET_COMMIT, 7), request, committed(TOPIC, &[(0, UNKNOWN_MEMBER_ID)]));
    let request = commit(GROUP, 1, member, "unknown", &[(0, 9, None)]);
    c.expect(
        "commit, unknown topic",
        (OFFSET_COMMIT, 7),
        request,
        committed("unknown", &[(0, UNKNOWN_TOPIC_OR_PARTITION)]),
    );
    let found = fetched(TOPIC, &[(0, 5, "note"), (1, 6, ""), (2, -1, ""), (9, -1, "")]);
    c.expect("fetch", (OFFSET_FETCH, 5), fetch(GROUP, TOPIC, &[0, 1, 2, 9]), found);
    c.expect(
        "fetch, unknown topic",
        (OFFSET_FETCH, 5),
        fetch(GROUP, "unknown", &[0]),
        fetched("unknown", &[(0, -1, "")]),
    );
    let by_id = Body::new().byte(2).compact(GROUP).byte(0).i32(-1).byte(2).bytes(&[7; 16]).byte(2).i32(0).tags().tags();
    let expected = Body::new().i32(0).byte(2).compact(GROUP).byte(2).bytes(&[7; 16]).byte(2).i32(0).i64(-1).i32(-1);
    let expected = expected.byte(1).i16(UNKNOWN_TOPIC_ID).tags().tags().i16(NONE).tags().tags();
    c.expect("fetch by an unknown id", (OFFSET_FETCH, 10), by_id.byte(0).tags(), expected);
    let by_id = Body::new().compact(GROUP).i32(1).compact("m").byte(0).byte(2).bytes(&[7; 16]).byte(2);
    let by_id = by_id.i32(0).i64(5).i32(-1).byte(0).tags().tags().tags();
    let expected = Body::new().i32(0).byte(2).bytes(&[7; 16]).byte(2).i32(0).i16(UNKNOWN_TOPIC_ID).tags().tags().tags();
    c.expect("commit by an unknown id", (OFFSET_COMMIT, 10), by_id, expected);

    let described =
        Body::new().i32(0).i32(1).i16(NONE).text(GROUP).text("Stable").text("consumer").text("range").i32(1);
    let described = described.text(member).null().text("judge").text("/127.0.0.1").blob(&subscription()).blob(b"all");
    // READ, DELETE, DESCRIBE, DESCRIBE_CONFIGS and ALTER_CONFIGS
    let described = described.i32(1 << 3 | 1 << 6 | 1 << 8 | 1 << 10 | 1 << 11);
    c.expect("describe", (DESCRIBE, 4), Body::new().i32(1).text(GROUP).byte(1), described);
    let deleted = Body::new().i32(0).i32(1).text(GROUP).i16(NON_EMPTY_GROUP);
    c.expect("delete with members", (DELETE, 1), Body::new().i32(1).text(GROUP), deleted);
    let offsets = Body::new().text(GROUP).i32(1).text(TOPIC).i32(1).i32(0);
    let expected = Body::new().i16(NONE).i32(0).i32(1).text(TOPIC).i32(1).i32(0).i16(GROUP_SUBSCRIBED_TO_TOPIC);
    c.expect("delete offsets of a topic that is read", (OFFSET_DELETE, 0), offsets, expected);
    let request = leave(GROUP, &[(member, Some("s")), ("m", None), ("", None), (member, None), (member, None)]);
    let expected = left(&[
        (member, Some("s"), UNKNOWN_MEMBER_ID),
        ("m", None, UNKNOWN_MEMBER_ID),
        ("", None, UNKNOWN_MEMBER_ID),
        (member, None, NONE),
        (member, None, UNKNOWN_MEMBER_ID),
    ]);
    c.expect("leave", (LEAVE, 3), request, expected);
    let empty = Body::new().i32(0).i32(1).i16(NONE).text(GROUP).text("Empty").text("consumer").text("").i32(0);
    c.expect("describe an empty group", (DESCRIBE, 4), Body::new().i32(1).text(GROUP).byte(0), empty.i32(i32::MIN));
    c.expect("heartbeat after leaving", (HEARTBEAT, 3), heartbeat(GROUP, 1, member, None), code(UNKNOWN_MEMBER_ID));
    let request = commit(GROUP, -1, "", TOPIC, &[(0, 9, None)]);
    c.expect("commit as an operator, empty group", (OFFSET_COMMIT, 7), request, committed(TOPIC, &[(0, NONE)]));
    let offsets = Body::new().text(GROUP).i32(1).text(TOPIC).i32(2).i32(0).i32(9);
    let answer = c.ask(OFFSET_DELETE, 0, &offsets);
    let mut entries: Vec<&[u8]> = answer[17..].chunks(6).collect();
    entries.sort_unstable();
    let answer = Body::new().bytes(&answer[..17]).bytes(&entries.concat());
    let expected = Body::new().i16(NONE).i32(0).i32(1).text(TOPIC).i32(2);
    assert_eq!(answer.0, expected.i32(0).i16(NONE).i32(9).i16(UNKNOWN_TOPIC_OR_PARTITION).0, "delete offsets");
    let all = Body::new().text(GROUP).i32(-1);
    c.expect("fetch all", (OFFSET_FETCH, 5), all, fetched(TOPIC, &[(1, 6, "")]));
    let expected = code(NONE).i32(1).text(GROUP).text("consumer");
    let deleted = Body::new().i32(0).i32(1).text("p").i16(NONE);
    c.expect("delete the group that nobody could join", (DELETE, 1), Body::new().i32(1).text("p"), deleted);
    c.expect("list v2", (LIST, 2), Body::new(), expected);
    let stable = Body::new().byte(2).compact("stable").byte(1).tags();
    c.expect("list v5, other state", (LIST, 5), stable, Body::new().i32(0).i16(NONE).byte(1).tags());
    let empty = Body::new().byte(2).compact("empty").byte(2).compact("classic").tags();
    let expected =
        Body::new().i32(0).i16(NONE).byte(2).compact(GROUP).compact("consumer").compact("Empty").compact("classic");
    c.expect("list v5, by state and type", (LIST, 5), empty, expected.tags().tags());
    let deleted = Body::new().i32(0).i32(1).text(GROUP).i16(NONE);
    c.expect("delete", (DELETE, 1), Body::new().i32(1).text(GROUP), deleted);
    let again = Body::new().i32(0).i32(1).text(GROUP).i16(GROUP_ID_NOT_FOUND);
    c.expect("delete again", (DELETE, 1), Body::new().i32(1).text(GROUP), again);
}

fn static_member(court: &mut Court) {
    let request = join("static", 10_000, "", Some("s"), &["range"]);
    let (error, generation, first) = court.join(request.clone());
    assert_eq!((error, generation), (NONE, 1));
    assert!(first.starts_with("s-") && first.len() == 38, "{first}");
    let assigned = [(first.as_str(), &b"all"[..])];
    court.expect("static sync", (SYNC, 3), sync("static", 1, &first, Some("s"), &assigned), synced(NONE, b"all"));
    let (error, generation, second) = court.join(request);
    assert_eq!((error, generation), (NONE, 1), "no rebalance");
    assert_ne!(first, second);
    let c = court;
    c.expect("static sync again", (SYNC, 3), sync("static", 1, &second, Some("s"), &[]), synced(NONE, b"all"));
    let fenced = FENCED_INSTANCE_ID;
    c.expect("fenced heartbeat", (HEARTBEAT, 3), heartbeat("static", 1, &first, Some("s")), code(fenced));
    c.expect("fenced sync", (SYNC, 3), sync("static", 1, &first, Some("s"), &[]), synced(fenced, b""));
    let request = join("static", 10_000, &first, Some("s"), &["range"]);
    c.expect("fenced join", (JOIN, 5), request, not_joined(fenced, &first));
    c.expect("unknown without its name", (HEARTBEAT, 3), heartbeat("static", 1, &first, None), code(UNKNOWN_MEMBER_ID));
    let request = leave("static", &[(&first, Some("s")), ("", Some("s"))]);
    c.expect("leave by name", (LEAVE, 3), request, left(&[(&first, Some("s"), fenced), ("", Some("s"), NONE)]));
}

fn coordinator_says_the_same(cores: u32) {
    let directory = tempfile::tempdir().unwrap();
    let mut setup = Setup::of_environment(cores);
    if setup.kind == Kind::Millrace {
        setup.arguments = vec!["--set".to_owned(), "group.initial.rebalance.delay.ms=0".to_owned()];
    }
    let broker = Broker::start(setup, directory.path());
    librdkafka::create_topics(&broker.address(), &[(TOPIC, 3)]);
    let mut court = Court { connection: Connection::open(&broker.address()).unwrap(), complaints: Vec::new() };
    find_coordinator(&mut court);
    unknown_groups(&mut court);
    refused_joins(&mut court);
    one_member(&mut court);
    static_member(&mut court);
    assert!(court.complaints.is_empty(), "{}", court.complaints.join("\n"));
}

#[test]
fn a_coordinator_says_what_kafkas_says_on_one_core() {
    coordinator_says_the_same(1);
}

#[test]
fn a_coordinator_says_what_kafkas_says_on_two_cores() {
    coordinator_says_the_same(2);
}
