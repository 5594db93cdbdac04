//! Kafka's messages as the schema facts describe them.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use crate::process::repository;

/// Versions from the first to the last, both included; none when the last is below the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Versions {
    /// The first one.
    pub first: i16,
    /// The last one.
    pub last: i16,
}

impl Versions {
    const NONE: Versions = Versions { first: 0, last: -1 };

    /// Whether the version is one of them.
    #[must_use]
    pub fn contains(self, version: i16) -> bool {
        self.first <= version && version <= self.last
    }

    /// Kafka's notation: `3`, `0-4`, `2+` or `none`.
    fn read(text: Option<&Value>) -> Versions {
        let Some(text) = text.map(|text| text.as_str().expect("versions are a text")) else { return Self::NONE };
        let number = |text: &str| text.parse().unwrap_or_else(|error| panic!("versions {text}: {error}"));
        match text.split_once('-') {
            _ if text == "none" => Self::NONE,
            Some((first, last)) => Versions { first: number(first), last: number(last) },
            None => match text.strip_suffix('+') {
                Some(first) => Versions { first: number(first), last: i16::MAX },
                None => Versions { first: number(text), last: number(text) },
            },
        }
    }
}

/// What a field holds.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    Bool,
    /// A signed number of so many bytes.
    Int(usize),
    /// An unsigned number of so many bytes.
    Unsigned(usize),
    /// A floating-point number of 64 bits.
    Float,
    Uuid,
    Text,
    /// Bytes or records.
    Bytes,
    Array(Box<Kind>),
    Struct(Vec<Field>),
}

/// A field of a message or of a struct in it.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) versions: Versions,
    pub(super) nullable: Versions,
    pub(super) tagged: Versions,
    pub(super) tag: u64,
    /// What a request holds that does not name the field.
    pub(super) default: Value,
}

/// A request or a response.
#[derive(Clone, Debug)]
pub struct Message {
    /// Kafka's number of the API.
    pub key: i16,
    /// The versions that the schema describes.
    pub versions: Versions,
    flexible: Versions,
    pub(super) fields: Vec<Field>,
}

impl Message {
    /// Whether lengths are compact and tagged fields follow, in this version.
    #[must_use]
    pub fn is_flexible(&self, version: i16) -> bool {
        self.flexible.contains(version)
    }
}

/// All messages.
pub struct Schemas(BTreeMap<String, Value>);

impl Schemas {
    /// Reads the facts.
    #[must_use]
    pub fn load() -> Self {
        let path = repository().join("net/wire/schema/schemas-kafka-4.3.1.json");
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
    }

    /// The request of an API by Kafka's name, for example `Metadata`.
    #[must_use]
    pub fn request(&self, api: &str) -> Message {
        self.message(&format!("{api}Request"))
    }

    /// Its response.
    #[must_use]
    pub fn response(&self, api: &str) -> Message {
        self.message(&format!("{api}Response"))
    }

    fn message(&self, name: &str) -> Message {
        let schema = self.0.get(name).unwrap_or_else(|| panic!("there is no message {name}"));
        let list = |value: &Value, member: &str| value[member].as_array().cloned().unwrap_or_default();
        let common = list(schema, "commonStructs");
        let common = common.iter().map(|one| (name_of(one), list(one, "fields"))).collect();
        Message {
            key: i16::try_from(schema["apiKey"].as_i64().expect("a request has its key")).expect("a key is an int16"),
            versions: Versions::read(schema.get("validVersions")),
            flexible: Versions::read(schema.get("flexibleVersions")),
            fields: list(schema, "fields").iter().map(|field| read_field(field, &common)).collect(),
        }
    }
}

fn name_of(value: &Value) -> String {
    value["name"].as_str().expect("everything has a name").to_owned()
}

fn read_field(field: &Value, common: &BTreeMap<String, Vec<Value>>) -> Field {
    let kind = read_kind(field["type"].as_str().expect("a field has a type"), field, common);
    let default = match (field.get("default"), &kind) {
        (Some(Value::String(text)), _) if text == "null" => Value::Null,
        (Some(Value::String(text)), Kind::Bool) => Value::from(text == "true"),
        (Some(Value::String(text)), Kind::Int(_) | Kind::Unsigned(_)) => Value::from(read_number(text)),
        (Some(given), _) => given.clone(),
        (None, Kind::Bool) => Value::from(false),
        (None, Kind::Int(_) | Kind::Unsigned(_)) => Value::from(0),
        (None, Kind::Float) => Value::from(0.0),
        (None, Kind::Uuid) => Value::from("0".repeat(32)),
        (None, Kind::Text | Kind::Bytes) => Value::from(""),
        (None, Kind::Array(_)) => Value::Array(Vec::new()),
        (None, Kind::Struct(_)) => Value::Object(serde_json::Map::new()),
    };
    Field {
        name: name_of(field),
        kind,
        versions: Versions::read(field.get("versions").or_else(|| field.get("taggedVersions"))),
        nullable: Versions::read(field.get("nullableVersions")),
        tagged: Versions::read(field.get("taggedVersions")),
        tag: field.get("tag").and_then(Value::as_u64).unwrap_or_default(),
        default,
    }
}

fn read_number(text: &str) -> i64 {
    let number = match text.strip_prefix("0x") {
        Some(digits) => i64::from_str_radix(digits, 16),
        None => text.parse(),
    };
    number.unwrap_or_else(|error| panic!("the default {text}: {error}"))
}

fn read_kind(text: &str, field: &Value, common: &BTreeMap<String, Vec<Value>>) -> Kind {
    match text {
        "bool" => Kind::Bool,
        "int8" => Kind::Int(1),
        "int16" => Kind::Int(2),
        "int32" => Kind::Int(4),
        "int64" => Kind::Int(8),
        "uint16" => Kind::Unsigned(2),
        "uint32" => Kind::Unsigned(4),
        "float64" => Kind::Float,
        "uuid" => Kind::Uuid,
        "string" => Kind::Text,
        "bytes" | "records" => Kind::Bytes,
        _ => match text.strip_prefix("[]") {
            Some(element) => Kind::Array(Box::new(read_kind(element, field, common))),
            None => {
                let own = field.get("fields").and_then(Value::as_array);
                let fields = own.or_else(|| common.get(text)).unwrap_or_else(|| panic!("there is no type {text}"));
                Kind::Struct(fields.iter().map(|field| read_field(field, common)).collect())
            }
        },
    }
}
