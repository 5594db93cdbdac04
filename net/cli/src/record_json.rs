//! A record as JSON: what `consume --json` prints, and `produce --input json` reads.
//!
//! Nothing is lost: bytes that are UTF-8 are a string, others are `{"base64": "..."}`, and null is null. Headers are a
//! list, because their names may repeat.

use std::borrow::Cow;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use millrace_record::record::Record;
use serde::de::{Error, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const BASE64: &str = "base64";

/// A record. What it lacks when it is read is as if it were null.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct JsonRecord<'a> {
    /// Ignored when it is read: what one topic holds may be written to another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) topic: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) partition: Option<i32>,
    /// Ignored when it is read.
    pub(crate) offset: Option<i64>,
    /// Unix ms.
    pub(crate) timestamp: Option<i64>,
    pub(crate) key: Option<JsonBytes<'a>>,
    pub(crate) value: Option<JsonBytes<'a>>,
    pub(crate) headers: Vec<JsonHeader<'a>>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct JsonHeader<'a> {
    pub(crate) name: JsonBytes<'a>,
    pub(crate) value: Option<JsonBytes<'a>>,
}

/// Bytes: a string where they are one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct JsonBytes<'a>(pub(crate) Cow<'a, [u8]>);

impl<'a> JsonRecord<'a> {
    /// Reads a record from a line.
    ///
    /// # Errors
    /// What is wrong, and in which column.
    pub(crate) fn parse(line: &[u8]) -> Result<JsonRecord<'static>, serde_json::Error> {
        if !line.trim_ascii_start().starts_with(b"{") {
            // A list of a record's fields would do for serde.
            return Err(serde_json::Error::custom("expected an object: {\"key\": ..., \"value\": ...}"));
        }
        serde_json::from_slice(line)
    }

    /// `record`, without its topic and partition.
    pub(crate) fn of(record: &Record<'a>) -> Self {
        let bytes = |bytes| JsonBytes(Cow::Borrowed(bytes));
        let headers = record.headers.clone();
        Self {
            topic: None,
            partition: None,
            offset: Some(record.offset),
            timestamp: Some(record.timestamp),
            key: record.key.map(bytes),
            value: record.value.map(bytes),
            headers: headers.map(|(name, value)| JsonHeader { name: bytes(name), value: value.map(bytes) }).collect(),
        }
    }
}

impl Serialize for JsonBytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match str::from_utf8(&self.0) {
            Ok(text) => serializer.serialize_str(text),
            Err(_) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry(BASE64, &STANDARD.encode(&self.0))?;
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for JsonBytes<'_> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(BytesVisitor).map(|bytes| JsonBytes(Cow::Owned(bytes)))
    }
}

struct BytesVisitor;

impl<'de> Visitor<'de> for BytesVisitor {
    type Value = Vec<u8>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(r#"a string or {"base64": "..."}"#)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Vec<u8>, E> {
        Ok(text.as_bytes().to_vec())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vec<u8>, A::Error> {
        match map.next_entry::<String, String>()? {
            Some((name, text)) if name == BASE64 && map.next_key::<String>()?.is_none() => {
                STANDARD.decode(text).map_err(A::Error::custom)
            }
            _ => Err(A::Error::custom(r#"expected a string or {"base64": "..."}"#)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(bytes: &[u8]) -> JsonBytes<'_> {
        JsonBytes(Cow::Borrowed(bytes))
    }

    #[test]
    fn bytes_that_are_no_text_are_kept() {
        let record = JsonRecord {
            key: Some(bytes(b"\xff\x00")),
            value: Some(bytes("caf\u{e9}\n".as_bytes())),
            headers: vec![
                JsonHeader { name: bytes(b"h"), value: None },
                JsonHeader { name: bytes(b"h"), value: Some(bytes(b"")) },
            ],
            timestamp: Some(7),
            ..JsonRecord::default()
        };
        let text = serde_json::to_string(&record).unwrap();
        // Written by hand: the form that other programs rely on.
        let expected = concat!(
            r#"{"offset":null,"timestamp":7,"key":{"base64":"/wA="},"value":"café\n","#,
            r#""headers":[{"name":"h","value":null},{"name":"h","value":""}]}"#
        );
        assert_eq!(text, expected);
        assert_eq!(JsonRecord::parse(text.as_bytes()).unwrap(), record);
    }

    #[test]
    fn what_is_no_record_is_refused() {
        for wrong in
            [r#"{"valu":"x"}"#, r#"{"value":1}"#, r#"{"value":{"base64":"?"}}"#, r#"{"value":{"hex":"00"}}"#, "[]"]
        {
            assert!(JsonRecord::parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
        assert_eq!(JsonRecord::parse(b" {}").unwrap(), JsonRecord::default());
    }
}
