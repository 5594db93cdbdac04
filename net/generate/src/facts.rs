//! The schema file as it is written, and Kafka's notation for versions.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use crate::Result;

/// A request, response or internal record.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Schema {
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) api_key: Option<i16>,
    pub(crate) valid_versions: String,
    flexible_versions: Option<String>,
    #[serde(default)]
    pub(crate) latest_version_unstable: bool,
    #[serde(default)]
    pub(crate) fields: Vec<Field>,
    #[serde(default)]
    pub(crate) common_structs: Vec<CommonStruct>,
}

/// A struct that several fields share.
#[derive(Debug, Deserialize)]
pub(crate) struct CommonStruct {
    pub(crate) name: String,
    pub(crate) fields: Vec<Field>,
}

/// A field of a message or struct.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Field {
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    versions: Option<String>,
    nullable_versions: Option<String>,
    tagged_versions: Option<String>,
    pub(crate) tag: Option<u32>,
    #[serde(default)]
    pub(crate) ignorable: bool,
    default: Option<Value>,
    #[serde(default)]
    pub(crate) fields: Vec<Field>,
}

/// Versions from `min` to `max`, both inclusive; empty when `min > max`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) min: i16,
    pub(crate) max: i16,
}

impl Range {
    pub(crate) const NONE: Range = Range { min: 0, max: -1 };

    /// `"3"`, `"3-5"`, `"3+"` or `"none"`.
    pub(crate) fn parse(text: &str) -> Result<Range> {
        Ok(if text == "none" {
            Range::NONE
        } else if let Some(min) = text.strip_suffix('+') {
            Range { min: min.parse()?, max: i16::MAX }
        } else if let Some((min, max)) = text.split_once('-') {
            Range { min: min.parse()?, max: max.parse()? }
        } else {
            Range { min: text.parse()?, max: text.parse()? }
        })
    }

    pub(crate) fn is_empty(self) -> bool {
        self.min > self.max
    }

    pub(crate) fn intersect(self, other: Range) -> Range {
        let range = Range { min: self.min.max(other.min), max: self.max.min(other.max) };
        if range.is_empty() { Range::NONE } else { range }
    }

    /// The smallest range that holds both.
    pub(crate) fn hull(self, other: Range) -> Range {
        if self.is_empty() {
            other
        } else if other.is_empty() {
            self
        } else {
            Range { min: self.min.min(other.min), max: self.max.max(other.max) }
        }
    }

    pub(crate) fn contains(self, version: i16) -> bool {
        self.min <= version && version <= self.max
    }
}

impl std::fmt::Display for Range {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            range if range.is_empty() => write!(f, "none"),
            Range { min, max: i16::MAX } => write!(f, "{min}+"),
            Range { min, max } if min == max => write!(f, "{min}"),
            Range { min, max } => write!(f, "{min}-{max}"),
        }
    }
}

impl Schema {
    pub(crate) fn versions(&self) -> Result<Range> {
        Range::parse(&self.valid_versions)
    }

    pub(crate) fn flexible(&self) -> Result<Range> {
        Range::parse(self.flexible_versions.as_deref().unwrap_or("none"))
    }
}

impl Field {
    /// Kafka gives a field without versions those in which it is tagged.
    pub(crate) fn versions(&self) -> Result<Range> {
        let text = self.versions.as_deref().or(self.tagged_versions.as_deref());
        Range::parse(text.ok_or_else(|| format!("the field {} has no versions", self.name))?)
    }

    pub(crate) fn nullable(&self) -> Result<Range> {
        Range::parse(self.nullable_versions.as_deref().unwrap_or("none"))
    }

    pub(crate) fn tagged(&self) -> Result<Range> {
        Range::parse(self.tagged_versions.as_deref().unwrap_or("none"))
    }

    /// The default as text; empty when there is none. As Kafka's generator, JSON's null is no default, the text "null"
    /// is.
    pub(crate) fn default(&self) -> Result<String> {
        match &self.default {
            None | Some(Value::Null) => Ok(String::new()),
            Some(Value::String(text)) => Ok(text.clone()),
            Some(Value::Bool(value)) => Ok(value.to_string()),
            Some(Value::Number(value)) => Ok(value.to_string()),
            Some(other) => Err(format!("the field {} has a strange default: {other}", self.name).into()),
        }
    }
}

/// Reads the file: schemas by name.
pub(crate) fn read(path: &Path) -> Result<BTreeMap<String, Schema>> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(serde_json::from_str(&text)?)
}
