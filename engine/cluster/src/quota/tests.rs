//! What the module promises: Kafka's order of entities, its windows, and its refusals.

use std::collections::BTreeMap;

use millrace_base::code::ErrorCode;
use proptest::prelude::*;

use super::*;

fn entity(user: Option<Option<&str>>, client_id: Option<Option<&str>>) -> Entity {
    Entity { user: user.map(Name::of), client_id: client_id.map(Name::of), ip: None }
}

fn set(quotas: &mut Quotas, entity: Entity, limits: &[(QuotaKey, f64)]) {
    quotas.replace(entity, limits.iter().map(|(key, value)| (*key, Limit::of(*value))).collect());
}

/// The eight entities that can match a client, the one that counts first.
fn by_precedence() -> [(Entity, Bucket); 8] {
    let (user, client) = (|| "alice".to_owned(), || "app".to_owned());
    [
        (entity(Some(Some("alice")), Some(Some("app"))), Bucket::Both(user(), client())),
        (entity(Some(Some("alice")), Some(None)), Bucket::Both(user(), client())),
        (entity(Some(Some("alice")), None), Bucket::User(user())),
        (entity(Some(None), Some(Some("app"))), Bucket::Both(user(), client())),
        (entity(Some(None), Some(None)), Bucket::Both(user(), client())),
        (entity(Some(None), None), Bucket::User(user())),
        (entity(None, Some(Some("app"))), Bucket::ClientId(client())),
        (entity(None, Some(None)), Bucket::ClientId(client())),
    ]
}

/// Whichever of the eight are set, the first one counts: the order is that of Kafka's documentation of quotas.
#[test]
fn the_narrowest_entity_counts_in_kafkas_order() {
    let key = QuotaKey::ProducerByteRate;
    for chosen in 0_u32..256 {
        let mut quotas = Quotas::default();
        let mut expected = None;
        for (at, (entity, bucket)) in by_precedence().into_iter().enumerate() {
            if chosen & (1 << at) != 0 {
                let limit = Limit::of(100.0 + at as f64);
                set(&mut quotas, entity, &[(key, limit.value())]);
                expected = expected.or(Some(InEffect { bucket, limit }));
            }
        }
        assert_eq!(quotas.for_client(key, "alice", "app"), expected, "{chosen:08b}");
    }
}

#[test]
fn each_key_finds_its_own_entity() {
    let mut quotas = Quotas::default();
    set(&mut quotas, entity(Some(Some("alice")), None), &[(QuotaKey::ProducerByteRate, 5.0)]);
    set(&mut quotas, entity(None, Some(None)), &[(QuotaKey::ConsumerByteRate, 7.0)]);
    let of = |key, user, client| quotas.for_client(key, user, client).map(|found| found.limit.value());
    assert_eq!(of(QuotaKey::ProducerByteRate, "alice", "app"), Some(5.0));
    assert_eq!(of(QuotaKey::ConsumerByteRate, "alice", "app"), Some(7.0));
    assert_eq!(of(QuotaKey::ProducerByteRate, "bob", "app"), None);
    assert_eq!(of(QuotaKey::RequestPercentage, "alice", "app"), None);
    assert_eq!(quotas.for_ip("10.0.0.1"), None);
}

const KAFKAS_WINDOWS: Windows = Windows { count: 11, length_ms: 1000 };

/// The figures are those of Kafka's documentation and of its `Rate`: a burst counts as if it had come over the ten
/// windows that are full at least.
#[test]
fn a_burst_is_spread_over_all_full_windows() {
    let mut rate = Rate::default();
    rate.record(KAFKAS_WINDOWS, 0, 20_000.0);
    // 20,000 bytes in 10 s are 2,000 a second: twice the limit takes as long again.
    assert_eq!(rate.throttle_ms(KAFKAS_WINDOWS, 0, 1000.0), 10_000);
    assert_eq!(rate.throttle_ms(KAFKAS_WINDOWS, 0, 2000.0), 0);
    rate.record(KAFKAS_WINDOWS, 500, 0.0);
    // 10.5 s have been measured: (20,000 / 10.5 - 1,000) / 1,000 * 10.5 s.
    assert_eq!(rate.throttle_ms(KAFKAS_WINDOWS, 500, 1000.0), 9500);
    assert_eq!(rate.throttle_ms(KAFKAS_WINDOWS, 10_999, 1000.0), 9001);
    assert_eq!(rate.throttle_ms(KAFKAS_WINDOWS, 11_500, 1000.0), 0, "forgotten after eleven windows");
}

#[test]
fn what_was_not_sent_is_taken_back() {
    let mut rate = Rate::default();
    rate.record(KAFKAS_WINDOWS, 0, 50_000.0);
    rate.record(KAFKAS_WINDOWS, 0, -50_000.0);
    assert_eq!(rate.throttle_ms(KAFKAS_WINDOWS, 0, 1.0), 0);
}

#[test]
fn time_and_connections_throttle_for_a_window_at_most() {
    let mut usage = Usage::new(KAFKAS_WINDOWS);
    let bucket = || Bucket::User("alice".to_owned());
    let limit = Limit::of(1.0);
    assert_eq!(usage.record(bucket(), QuotaKey::RequestPercentage, limit, 1e6, 5), 1000);
    assert!(usage.record(bucket(), QuotaKey::ProducerByteRate, limit, 1e6, 5) > 1000);
    assert_eq!(usage.len(), 2);
}

#[test]
fn who_is_gone_is_forgotten() {
    let mut usage = Usage::new(KAFKAS_WINDOWS);
    for number in 0..10 {
        usage.record(Bucket::ClientId(number.to_string()), QuotaKey::ProducerByteRate, Limit::of(1.0), 1.0, number);
    }
    usage.record(Bucket::ClientId("5".to_owned()), QuotaKey::ProducerByteRate, Limit::of(1.0), 1.0, 1000);
    usage.record(
        Bucket::ClientId("new".to_owned()),
        QuotaKey::ProducerByteRate,
        Limit::of(1.0),
        1.0,
        USAGE_EXPIRY_MS + 9,
    );
    assert_eq!(usage.len(), 2);
}

fn refusal(entity: &Entity, key: &str, value: f64) -> String {
    let changes = vec![(key.to_owned(), Change::Set(Limit::of(value)))];
    let refused = check(&Quotas::default(), &Alteration { entity: entity.clone(), changes }).unwrap_err();
    assert_eq!(refused.code, ErrorCode::InvalidRequest);
    refused.message
}

/// A running Kafka 4.3.1 said the same of each.
#[test]
fn what_is_no_limit_is_refused() {
    let user = entity(Some(Some("alice")), None);
    let ip = Entity::from_parts([("ip", None)]).unwrap();
    for (entity, key, value, said) in [
        (&user, "producer_byte_rate", 0.0, "Quota producer_byte_rate must be greater than 0"),
        (&user, "request_percentage", -1.0, "Quota request_percentage must be greater than 0"),
        (&user, "consumer_byte_rate", 10.5, "consumer_byte_rate cannot be a fractional value."),
        (&user, "consumer_byte_rate", 1e300, "Proposed value for consumer_byte_rate is too large for a LONG."),
        (&user, "connection_creation_rate", 5.0, "Invalid configuration key connection_creation_rate"),
        (&user, "nonsense", 5.0, "Invalid configuration key nonsense"),
        (&ip, "producer_byte_rate", 5.0, "Invalid configuration key producer_byte_rate"),
        (&ip, "connection_creation_rate", 1e10, "Proposed value for connection_creation_rate is too large for an INT."),
    ] {
        assert_eq!(refusal(entity, key, value), said);
    }
    assert!(refusal(&user, "producer_byte_rate", f64::NAN).ends_with("must be greater than 0"));
    assert!(refusal(&user, "controller_mutation_rate", 5.0).contains("not supported by this version of Millrace"));
    let nowhere = Entity::from_parts([("ip", Some("999.1.2.3"))]).unwrap();
    assert!(refusal(&nowhere, "connection_creation_rate", 5.0).starts_with("999.1.2.3 is not a valid IP"));
}

#[test]
fn what_is_no_entity_is_refused() {
    for (parts, error) in [
        (vec![], EntityError::Empty),
        (vec![("nonsense", Some("a"))], EntityError::UnknownType("nonsense".to_owned())),
        (vec![("user", Some(""))], EntityError::EmptyName("user")),
        (vec![("ip", Some("10.0.0.1")), ("user", None)], EntityError::IpWithOthers),
    ] {
        assert_eq!(Entity::from_parts(parts), Err(error));
    }
}

proptest! {
    /// Whoever waits for as long as they are told does not get far beyond the limit.
    #[test]
    fn the_throttle_is_long_enough(
        amounts in prop::collection::vec((0_u64..3000, 1.0_f64..1e5), 1..30),
        limit in 1000.0_f64..1e5,
    ) {
        let (mut rate, mut now_ms, mut total) = (Rate::default(), 0, 0.0);
        for (gap_ms, amount) in amounts {
            now_ms += gap_ms;
            rate.record(KAFKAS_WINDOWS, now_ms, amount);
            total += amount;
            now_ms += rate.throttle_ms(KAFKAS_WINDOWS, now_ms, limit);
        }
        // What is older than all windows is forgotten, and each burst has ten of them free: Kafka's rule lets no more
        // than twice the limit through in the long run, but for one amount that is larger than all of that.
        let seconds = now_ms as f64 / 1000.0;
        prop_assert!(total <= 2.0 * limit * (seconds + 2.0 * 11.0) + 1e5, "{total} in {seconds} s");
    }

    #[test]
    fn quotas_read_back_as_they_were_set(limits in prop::collection::btree_map(0_usize..3, 1.0_f64..1e9, 0..3)) {
        let limits: BTreeMap<QuotaKey, Limit> =
            limits.into_iter().map(|(at, value)| (QuotaKey::ALL[at], Limit::of(value))).collect();
        let mut quotas = Quotas::default();
        quotas.replace(entity(Some(Some("alice")), None), limits.clone());
        prop_assert_eq!(quotas.is_empty(), limits.is_empty());
        prop_assert_eq!(quotas.of(&entity(Some(Some("alice")), None)).cloned().unwrap_or_default(), limits);
    }
}
