//! Writes messages with random values straight from the schema file, and says what they hold. Shares nothing with the
//! generator: it is written from Kafka's protocol guide and KIP-482.

use serde_json::Value as Json;

use crate::value::{Member, Value};

const SCHEMAS: &str = include_str!("../../schema/schemas-kafka-4.3.1.json");

/// All schemas that have versions, headers apart: name and schema.
pub(crate) fn schemas() -> Vec<(String, Json)> {
    let all: serde_json::Map<String, Json> = serde_json::from_str(SCHEMAS).unwrap();
    all.into_iter().filter(|(_, schema)| schema["validVersions"] != "none" && schema["type"] != "header").collect()
}

/// The first and last version of a schema.
pub(crate) fn versions(schema: &Json) -> std::ops::RangeInclusive<i16> {
    let text = schema["validVersions"].as_str().unwrap();
    let (min, max) = text.split_once('-').unwrap_or((text, text));
    min.parse().unwrap()..=max.parse().unwrap()
}

/// Pseudo-random numbers (xorshift64*).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number from 0 to below `limit`.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        (self.next() >> 11) % limit
    }
}

/// A message: its bytes, and what they say.
pub(crate) struct Sample {
    pub(crate) bytes: Vec<u8>,
    pub(crate) value: Value,
}

/// Writes a message in one of its versions.
pub(crate) fn sample(schema: &Json, version: i16, random: &mut Random) -> Sample {
    let is_flexible = contains(&schema["flexibleVersions"], version);
    let mut writing = Writing { schema, version, is_flexible, random, bytes: Vec::new() };
    let value = writing.fields(&schema["fields"]);
    Sample { bytes: writing.bytes, value }
}

struct Writing<'s> {
    schema: &'s Json,
    version: i16,
    is_flexible: bool,
    random: &'s mut Random,
    bytes: Vec<u8>,
}

impl Writing<'_> {
    fn fields(&mut self, fields: &Json) -> Value {
        let mut members = Vec::new();
        let mut tagged: Vec<(u64, Vec<u8>)> = Vec::new();
        for field in fields.as_array().unwrap() {
            let versions = if field["versions"].is_null() { &field["taggedVersions"] } else { &field["versions"] };
            let is_present = contains(versions, self.version);
            let default = self.default(field);
            let value = if !is_present {
                default
            } else if contains(&field["taggedVersions"], self.version) {
                let before = std::mem::take(&mut self.bytes);
                let value = self.field(field);
                let bytes = std::mem::replace(&mut self.bytes, before);
                if value != default {
                    tagged.push((field["tag"].as_u64().unwrap(), bytes));
                }
                value
            } else {
                self.field(field)
            };
            members.push(Member { name: snake(field["name"].as_str().unwrap()), is_present, value });
        }
        if self.is_flexible {
            tagged.sort();
            self.varint(tagged.len());
            for (tag, bytes) in tagged {
                self.varint(tag as usize);
                self.varint(bytes.len());
                self.bytes.extend(bytes);
            }
        }
        Value::Struct(members)
    }

    fn field(&mut self, field: &Json) -> Value {
        let kind = field["type"].as_str().unwrap();
        let is_nullable = contains(&field["nullableVersions"], self.version);
        let is_null = is_nullable && self.random.below(4) == 0;
        let is_struct = self.struct_fields(kind, field).is_some();
        if is_null {
            match kind {
                // In a tagged field an unsigned varint says whether there is one, elsewhere an int8.
                _ if is_struct && contains(&field["taggedVersions"], self.version) => self.bytes.push(0),
                _ if is_struct => self.bytes.push(0xff),
                _ if self.is_flexible => self.bytes.push(0),
                "string" => self.bytes.extend([0xff; 2]),
                _ => self.bytes.extend([0xff; 4]),
            }
            return Value::Null;
        }
        if is_struct && is_nullable {
            self.bytes.push(1);
        }
        match kind.strip_prefix("[]") {
            None => self.single(kind, field),
            Some(element) => {
                let count = self.random.below(4) as usize;
                let count = if self.random.below(64) == 0 { 130 } else { count };
                let is_struct = self.struct_fields(element, field).is_some();
                let count = if is_struct { count.min(3) } else { count };
                self.length(count, 4);
                Value::List((0..count).map(|_| self.single(element, field)).collect())
            }
        }
    }

    fn single(&mut self, kind: &str, field: &Json) -> Value {
        let bits = match self.random.below(4) {
            0 => 0,
            1 => self.random.below(3).wrapping_sub(1),
            _ => self.random.next(),
        };
        match kind {
            "bool" => {
                self.bytes.push((bits & 1) as u8);
                Value::word(bits & 1 == 1)
            }
            "int8" => self.number((bits as i8).to_be_bytes(), bits as i8),
            "int16" => self.number((bits as i16).to_be_bytes(), bits as i16),
            "uint16" => self.number((bits as u16).to_be_bytes(), bits as u16),
            "int32" => self.number((bits as i32).to_be_bytes(), bits as i32),
            "int64" => self.number((bits as i64).to_be_bytes(), bits as i64),
            "float64" => {
                let value = (bits as i32) as f64 / 8.0;
                self.bytes.extend(value.to_be_bytes());
                Value::Word(format!("{value:?}"))
            }
            "uuid" => {
                let uuid: [u8; 16] = std::array::from_fn(|_| if bits == 0 { 0 } else { self.random.next() as u8 });
                self.bytes.extend(uuid);
                Value::bytes(&uuid)
            }
            "string" => {
                let length = self.size();
                let text: String = (0..length).map(|_| char::from(b'a' + self.random.below(26) as u8)).collect();
                self.length(length, 2);
                self.bytes.extend(text.as_bytes());
                Value::Text(text)
            }
            "bytes" | "records" => {
                let length = self.size();
                let bytes: Vec<u8> = (0..length).map(|_| self.random.next() as u8).collect();
                self.length(length, 4);
                self.bytes.extend(&bytes);
                Value::bytes(&bytes)
            }
            _ => {
                let fields = self.struct_fields(kind, field).unwrap();
                self.fields(&fields)
            }
        }
    }

    fn number<const N: usize>(&mut self, bytes: [u8; N], value: impl ToString) -> Value {
        self.bytes.extend(bytes);
        Value::word(value)
    }

    fn size(&mut self) -> usize {
        match self.random.below(32) {
            0 => 200,
            _ => self.random.below(6) as usize,
        }
    }

    fn length(&mut self, length: usize, bytes: usize) {
        if self.is_flexible {
            self.varint(length + 1);
        } else {
            self.bytes.extend(&(length as u32).to_be_bytes()[4 - bytes..]);
        }
    }

    fn varint(&mut self, mut value: usize) {
        while value > 0x7f {
            self.bytes.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }

    fn struct_fields(&self, kind: &str, field: &Json) -> Option<Json> {
        let common = self.schema["commonStructs"].as_array().into_iter().flatten();
        let common = common.filter(|common| common["name"] == kind).map(|common| common["fields"].clone()).next();
        let is_struct = kind.starts_with(char::is_uppercase);
        is_struct.then(|| common.unwrap_or_else(|| field["fields"].clone()))
    }

    fn default(&self, field: &Json) -> Value {
        let kind = field["type"].as_str().unwrap();
        let text = match &field["default"] {
            Json::Null => String::new(),
            Json::String(text) => text.clone(),
            other => other.to_string(),
        };
        if text == "null" || (kind == "records" && !field["nullableVersions"].is_null()) {
            return Value::Null;
        }
        match kind {
            "bool" => Value::word(text == "true"),
            "float64" => Value::word("0.0"),
            "uuid" => Value::bytes(&[0; 16]),
            "string" => Value::Text(text),
            "bytes" | "records" => Value::List(Vec::new()),
            _ if kind.starts_with("[]") => Value::List(Vec::new()),
            _ => match self.struct_fields(kind, field) {
                Some(fields) => {
                    let member = |field: &Json| Member {
                        name: snake(field["name"].as_str().unwrap()),
                        is_present: true,
                        value: self.default(field),
                    };
                    Value::Struct(fields.as_array().unwrap().iter().map(member).collect())
                }
                None => match text.strip_prefix("0x") {
                    Some(digits) => Value::word(i64::from_str_radix(digits, 16).unwrap()),
                    None => Value::word(text.parse::<i64>().unwrap_or_default()),
                },
            },
        }
    }
}

fn contains(versions: &Json, version: i16) -> bool {
    match versions.as_str() {
        None | Some("none") => false,
        Some(text) => match text.strip_suffix('+') {
            Some(min) => version >= min.parse().unwrap(),
            None => {
                let (min, max) = text.split_once('-').unwrap_or((text, text));
                (min.parse().unwrap()..=max.parse().unwrap()).contains(&version)
            }
        },
    }
}

fn snake(name: &str) -> String {
    let mut snake = String::new();
    for (index, character) in name.char_indices() {
        let before_is_capital = name[..index].ends_with(char::is_uppercase);
        if character.is_uppercase() && index > 0 && (!before_is_capital || name.starts_with("KRaft")) {
            snake.push('_');
        }
        snake.extend(character.to_lowercase());
    }
    snake
}
