//! Writes requests and reads answers by the schema facts alone: no code of the broker is in it.
//!
//! A message is a JSON object with Kafka's names of the fields. Bytes, records and ids are hexadecimal texts.

use serde_json::{Map, Value};

use super::schema::{Field, Kind, Message};

/// Why an answer is not what its schema says.
pub type Unreadable = String;

impl Message {
    /// The body of a message in a version. Fields that `body` does not name have their defaults; fields that the
    /// version does not have are left out.
    ///
    /// # Panics
    /// When `body` is not of this message: a row of the table is wrong.
    #[must_use]
    pub fn encode(&self, body: &Value, version: i16) -> Vec<u8> {
        let mut writer = Writer { bytes: Vec::new(), version, is_flexible: self.is_flexible(version) };
        writer.fields(&self.fields, body);
        writer.bytes
    }

    /// Reads a whole body.
    ///
    /// # Errors
    /// When the bytes are not such a message, or more than one.
    pub fn decode(&self, bytes: &[u8], version: i16) -> Result<Value, Unreadable> {
        let mut reader = Reader { bytes, version, is_flexible: self.is_flexible(version) };
        let value = reader.fields(&self.fields)?;
        if reader.bytes.is_empty() { Ok(value) } else { Err(format!("{} bytes too many", reader.bytes.len())) }
    }
}

/// Hexadecimal digits of bytes.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes that [`hex`] printed.
///
/// # Panics
/// When they are not hexadecimal digits.
#[must_use]
pub fn unhex(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2), "half a byte in {text}");
    let digits = |at: usize| u8::from_str_radix(&text[at..at + 2], 16);
    (0..text.len()).step_by(2).map(|at| digits(at).unwrap_or_else(|error| panic!("{text}: {error}"))).collect()
}

struct Writer {
    bytes: Vec<u8>,
    version: i16,
    is_flexible: bool,
}

impl Writer {
    fn fields(&mut self, fields: &[Field], values: &Value) {
        let values = values.as_object().unwrap_or_else(|| panic!("{values} is no object"));
        for name in values.keys() {
            assert!(fields.iter().any(|field| field.name == *name), "there is no field {name}");
        }
        let mut tagged = Vec::new();
        let version = self.version;
        for field in fields.iter().filter(|field| field.versions.contains(version)) {
            let value = values.get(&field.name).unwrap_or(&field.default);
            if !field.tagged.contains(self.version) {
                self.value(field, value);
            } else if values.contains_key(&field.name) {
                let mut inner = Writer { bytes: Vec::new(), ..*self };
                inner.value(field, value);
                tagged.push((field.tag, inner.bytes));
            }
        }
        if self.is_flexible {
            tagged.sort();
            self.varint(tagged.len() as u64);
            for (tag, bytes) in tagged {
                self.varint(tag);
                self.varint(bytes.len() as u64);
                self.bytes.extend(bytes);
            }
        }
    }

    fn value(&mut self, field: &Field, value: &Value) {
        if let Kind::Struct(_) = field.kind
            && field.nullable.contains(self.version)
        {
            self.bytes.push(if value.is_null() { 0xFF } else { 1 });
            if value.is_null() {
                return;
            }
        }
        self.kind(&field.kind, value, &field.name);
    }

    fn kind(&mut self, kind: &Kind, value: &Value, name: &str) {
        let number = || value.as_i64().unwrap_or_else(|| panic!("{name} is a number, and not {value}"));
        let text = || value.as_str().unwrap_or_else(|| panic!("{name} is a text, and not {value}"));
        match kind {
            Kind::Bool => self.bytes.push(u8::from(value.as_bool().unwrap_or_else(|| panic!("{name}: {value}")))),
            Kind::Int(bytes) | Kind::Unsigned(bytes) => self.bytes.extend(&number().to_be_bytes()[8 - bytes..]),
            Kind::Float => {
                let number = value.as_f64().unwrap_or_else(|| panic!("{name} is a number, and not {value}"));
                self.bytes.extend(number.to_be_bytes());
            }
            Kind::Uuid => self.bytes.extend(unhex(text())),
            Kind::Text => {
                let bytes = (!value.is_null()).then(|| text().as_bytes().to_vec());
                self.counted(bytes, 2);
            }
            Kind::Bytes => {
                let bytes = (!value.is_null()).then(|| unhex(text()));
                self.counted(bytes, 4);
            }
            Kind::Array(element) => {
                let elements = value.as_array();
                assert!(elements.is_some() || value.is_null(), "{name} is an array, and not {value}");
                self.length(elements.map(Vec::len), 4);
                for value in elements.into_iter().flatten() {
                    self.kind(element, value, name);
                }
            }
            Kind::Struct(fields) => self.fields(fields, value),
        }
    }

    fn counted(&mut self, bytes: Option<Vec<u8>>, length_bytes: usize) {
        self.length(bytes.as_ref().map(Vec::len), length_bytes);
        self.bytes.extend(bytes.unwrap_or_default());
    }

    fn length(&mut self, length: Option<usize>, length_bytes: usize) {
        if self.is_flexible {
            self.varint(length.map_or(0, |length| length as u64 + 1));
        } else {
            let length = length.map_or(-1, |length| i64::try_from(length).expect("a row is small"));
            self.bytes.extend(&length.to_be_bytes()[8 - length_bytes..]);
        }
    }

    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push((number & 0x7F) as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    version: i16,
    is_flexible: bool,
}

impl<'a> Reader<'a> {
    fn fields(&mut self, fields: &[Field]) -> Result<Value, Unreadable> {
        let mut values = Map::new();
        let known: Vec<&Field> = fields.iter().filter(|field| field.versions.contains(self.version)).collect();
        for field in &known {
            let value = if field.tagged.contains(self.version) {
                field.default.clone()
            } else {
                self.value(field).map_err(|error| format!("{}: {error}", field.name))?
            };
            values.insert(field.name.clone(), value);
        }
        if self.is_flexible {
            for _ in 0..self.varint()? {
                let (tag, length) = (self.varint()?, self.varint()?);
                let mut inner = Reader { bytes: self.take(length as usize)?, ..*self };
                let field = known.iter().find(|field| field.tagged.contains(self.version) && field.tag == tag);
                match field {
                    Some(field) => values.insert(field.name.clone(), inner.value(field)?),
                    None => values.insert(format!("tag {tag}"), Value::from(hex(inner.bytes))),
                };
            }
        }
        Ok(Value::Object(values))
    }

    fn value(&mut self, field: &Field) -> Result<Value, Unreadable> {
        if let Kind::Struct(_) = field.kind
            && field.nullable.contains(self.version)
            && self.number(1)? < 0
        {
            return Ok(Value::Null);
        }
        self.kind(&field.kind)
    }

    fn kind(&mut self, kind: &Kind) -> Result<Value, Unreadable> {
        Ok(match kind {
            Kind::Bool => Value::from(self.number(1)? != 0),
            Kind::Int(bytes) => Value::from(self.number(*bytes)?),
            Kind::Unsigned(bytes) => Value::from(self.number(*bytes)? & ((1 << (8 * bytes)) - 1)),
            Kind::Float => Value::from(f64::from_bits(self.number(8)?.cast_unsigned())),
            Kind::Uuid => Value::from(hex(self.take(16)?)),
            Kind::Text => match self.length(2)? {
                None => Value::Null,
                Some(length) => {
                    let text = std::str::from_utf8(self.take(length)?);
                    Value::from(text.map_err(|error| error.to_string())?)
                }
            },
            Kind::Bytes => match self.length(4)? {
                None => Value::Null,
                Some(length) => Value::from(hex(self.take(length)?)),
            },
            Kind::Array(element) => match self.length(4)? {
                None => Value::Null,
                Some(length) => Value::Array((0..length).map(|_| self.kind(element)).collect::<Result<_, _>>()?),
            },
            Kind::Struct(fields) => self.fields(fields)?,
        })
    }

    fn length(&mut self, length_bytes: usize) -> Result<Option<usize>, Unreadable> {
        let length = if self.is_flexible {
            i64::try_from(self.varint()?).map_err(|error| error.to_string())? - 1
        } else {
            self.number(length_bytes)?
        };
        match length {
            -1 => Ok(None),
            _ => usize::try_from(length).map(Some).map_err(|error| format!("the length {length}: {error}")),
        }
    }

    /// A signed number of so many bytes.
    fn number(&mut self, bytes: usize) -> Result<i64, Unreadable> {
        let taken = self.take(bytes)?;
        let sign = if taken[0] >= 0x80 { -1 } else { 0 };
        Ok(taken.iter().fold(sign, |number, byte| (number << 8) | i64::from(*byte)))
    }

    fn varint(&mut self) -> Result<u64, Unreadable> {
        let mut number = 0;
        for shift in (0..63).step_by(7) {
            let byte = self.take(1)?[0];
            number |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err("a varint that does not end".to_owned())
    }

    fn take(&mut self, bytes: usize) -> Result<&'a [u8], Unreadable> {
        let (taken, rest) = self
            .bytes
            .split_at_checked(bytes)
            .ok_or_else(|| format!("{bytes} bytes are missing, {} are left", self.bytes.len()))?;
        self.bytes = rest;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::schema::Schemas;
    use super::{hex, unhex};

    /// Bytes from the protocol's own description: the header's length of a compact text is one more than its bytes.
    #[test]
    fn messages_are_written_as_the_protocol_says() {
        let schemas = Schemas::load();
        let body = json!({ "Topics": [{ "Name": "ab" }] });
        let metadata = schemas.request("Metadata");
        assert_eq!(hex(&metadata.encode(&body, 1)), "0000000100026162");
        // Version 12: compact array, id, compact name, tags; two flags; tags.
        let id = "0".repeat(32);
        assert_eq!(hex(&metadata.encode(&body, 12)), format!("02{id}03616200010000"));
    }

    #[test]
    fn what_is_written_is_read() {
        let schemas = Schemas::load();
        let body = json!({
            "TransactionalId": null, "Acks": -1, "TimeoutMs": 70_000,
            "TopicData": [{ "TopicId": "00112233445566778899aabbccddeeff",
                "PartitionData": [{ "Index": -3, "Records": null }, { "Index": 1, "Records": "0102ff" }] }],
        });
        let produce = schemas.request("Produce");
        assert_eq!(produce.decode(&produce.encode(&body, 13), 13), Ok(body));
        assert_eq!(unhex("00ff10"), [0, 255, 16]);
    }

    #[test]
    fn tagged_fields_and_nullable_structs_are_read() {
        let schemas = Schemas::load();
        let request = schemas.request("DescribeTopicPartitions");
        for cursor in [json!(null), json!({ "TopicName": "t", "PartitionIndex": 7 })] {
            let body = json!({ "Topics": [], "ResponsePartitionLimit": 5, "Cursor": cursor });
            assert_eq!(request.decode(&request.encode(&body, 0), 0), Ok(body));
        }
        let fetch = schemas.request("Fetch");
        let bytes = fetch.encode(&json!({ "ClusterId": "c", "MaxWaitMs": 0, "MinBytes": 0 }), 12);
        assert_eq!(fetch.decode(&bytes, 12).map(|body| body["ClusterId"].clone()), Ok(json!("c")));
    }
}
