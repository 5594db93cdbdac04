//! Produce: records that are refused one by one.

use millrace_judges::table::Span::All;
use millrace_judges::table::Table;
use millrace_judges::table::batches::{self, Given, LONG_AGO_MS, at};
use millrace_record::compression::Codec;

use super::produce::to;

const KEYED: Given<'static> = (LONG_AGO_MS, Some(b"key"), Some(b"value"));
const KEYLESS: Given<'static> = (LONG_AGO_MS, None, Some(b"value"));
const OF_THE_FUTURE: Given<'static> = (4_000_000_000_000, Some(b"key"), Some(b"value"));

pub(crate) fn refused(table: &mut Table) {
    for policy in ["compact", "compact,delete"] {
        let topic = format!("keyed-{}", policy.replace(',', "-"));
        table.topic(&topic, 1, &[("cleanup.policy", policy)]);
        for (what, records) in [
            ("with keys", &[KEYED, KEYED][..]),
            ("with an empty key", &[(LONG_AGO_MS, Some(b""), Some(b"value"))]),
            ("that delete", &[(LONG_AGO_MS, Some(b"key"), None)]),
            ("trap 15: without a key", &[KEYLESS]),
            ("trap 15: of which one has no key", &[KEYED, KEYLESS, KEYED]),
            ("trap 15: of which several have no key", &[KEYLESS, KEYED, KEYLESS, KEYLESS, KEYLESS]),
            ("without a key, or of the future", &[KEYLESS, OF_THE_FUTURE, KEYED]),
            ("without a key and of the future", &[(OF_THE_FUTURE.0, None, None)]),
        ] {
            table.ask(&format!("{policy}: records {what}"), "Produce", All, to(&topic, batches::of(records)));
            let packed = batches::of_codec(Codec::Gzip, records);
            table.ask(&format!("{policy}: records {what}, gzip"), "Produce", All, to(&topic, packed));
        }
    }
    let many = vec![KEYLESS; 1_001];
    table.ask("more errors than are named", "Produce", All, to("keyed-compact", batches::of(&many)));

    let minute = [("message.timestamp.before.max.ms", "60000"), ("message.timestamp.after.max.ms", "60000")];
    table.topic("timely", 1, &minute);
    let now = now_ms();
    for (what, records) in [
        ("of now", &[(now, None, None), (now - 20_000, None, None), (now + 20_000, None, None)][..]),
        ("without a time", &[(-1, None, None)]),
        ("too early", &[(now, None, None), (now - 120_000, None, None)]),
        ("too late", &[(now + 120_000, None, None), (now, None, None)]),
        ("too early and too late", &[(now + 120_000, None, None), (now - 120_000, None, None)]),
        ("before all time", &[(i64::MIN, None, None)]),
        ("after all time", &[(i64::MAX, None, None)]),
        ("just before none", &[(-2, None, None)]),
    ] {
        table.ask(&format!("times: records {what}"), "Produce", All, to("timely", batches::of(records)));
        let packed = batches::of_codec(Codec::Lz4, records);
        table.ask(&format!("times: records {what}, lz4"), "Produce", All, to("timely", packed));
    }
    table.topic("timed", 1, &[("message.timestamp.type", "LogAppendTime"), ("cleanup.policy", "compact")]);
    for (what, batch) in [
        ("of the future", batches::of(&[OF_THE_FUTURE])),
        ("before all time", batches::of(&[(i64::MIN, Some(b"key"), None)])),
        ("without a key", batches::of(&[KEYLESS])),
        ("that claim append time", batches::edited(&batches::of(&[KEYED, KEYED]), at::ATTRIBUTES, &[0, 8])),
        ("that claim append time without a key", batches::edited(&batches::of(&[KEYLESS]), at::ATTRIBUTES, &[0, 8])),
    ] {
        table.ask(&format!("append time: records {what}"), "Produce", All, to("timed", batch));
    }
}

#[allow(clippy::disallowed_methods, reason = "a test outside the runtime")]
fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("it is after 1970");
    i64::try_from(since.as_millis()).expect("it is before the year 292 million")
}
