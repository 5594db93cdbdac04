//! What a setting is: its name, kind, default, valid values and meaning; and how its text becomes a value.
//!
//! Topics and brokers have a table each ([`crate::topic_config::SETTINGS`], [`crate::broker_config::SETTINGS`]).
//! Messages say the same as Kafka's, since people search for them.
//!
//! Always true:
//! - every default in a table is a valid value of its own setting (tested for both tables);
//! - a setting that is not acted upon says so in [`Setting::support`]: nothing is silently ignored.

use std::fmt;

mod describe;
mod suggest;
mod valid;

pub use describe::{Described, Source, Synonym};
pub use suggest::nearest;
pub use valid::Valid;

/// The kind of a setting's value, as Kafka names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `true` or `false`, in any case.
    Boolean,
    /// Any text.
    String,
    /// A signed number of 16 bits.
    Short,
    /// A signed number of 32 bits.
    Int,
    /// A signed number of 64 bits.
    Long,
    /// A floating-point number of 64 bits.
    Double,
    /// Texts, separated by commas.
    List,
}

impl Kind {
    /// Kafka's name of the kind: `INT`.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Boolean => "BOOLEAN",
            Kind::String => "STRING",
            Kind::Short => "SHORT",
            Kind::Int => "INT",
            Kind::Long => "LONG",
            Kind::Double => "DOUBLE",
            Kind::List => "LIST",
        }
    }

    /// The number that a DescribeConfigs answer carries for it (KIP-569).
    pub const fn code(self) -> i8 {
        match self {
            Kind::Boolean => 1,
            Kind::String => 2,
            Kind::Int => 3,
            Kind::Short => 4,
            Kind::Long => 5,
            Kind::Double => 6,
            Kind::List => 7,
        }
    }
}

/// How likely it is that somebody has to change a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Importance {
    /// Most installations set it.
    High,
    /// Some installations set it.
    Medium,
    /// Hardly any installation sets it.
    Low,
}

impl Importance {
    /// Kafka's name of it: `HIGH`.
    pub const fn name(self) -> &'static str {
        match self {
            Importance::High => "HIGH",
            Importance::Medium => "MEDIUM",
            Importance::Low => "LOW",
        }
    }
}

/// What this release does with a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// It acts as documented.
    Full,
    /// Every valid value is kept and described, but does not act yet. The text completes "... is stored, but: ".
    Stored(&'static str),
    /// Only its default is accepted. The text says why, and what happens instead.
    DefaultOnly(&'static str),
}

/// A setting, as a table defines it.
#[derive(Debug)]
pub struct Setting {
    /// Kafka's name, or one that begins with `millrace.`.
    pub name: &'static str,
    /// The kind of its values.
    pub kind: Kind,
    /// The text of its default. None: Kafka's `null`, which means that another setting decides.
    pub default: Option<&'static str>,
    /// Which of the values of its kind are valid.
    pub valid: Valid,
    /// How likely it is to be changed.
    pub importance: Importance,
    /// What this release does with it.
    pub support: Support,
    /// What it decides, in one sentence, units included.
    pub documentation: &'static str,
}

/// A value of a setting.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Of [`Kind::Boolean`].
    Boolean(bool),
    /// Of [`Kind::Short`], [`Kind::Int`] or [`Kind::Long`].
    Integer(i64),
    /// Of [`Kind::Double`].
    Double(f64),
    /// Of [`Kind::String`].
    Text(String),
    /// Of [`Kind::List`]: no entry is empty, and none is there twice.
    List(Vec<String>),
}

impl fmt::Display for Value {
    /// The text that reads back as the same value, in Kafka's form.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Boolean(value) => write!(f, "{value}"),
            Value::Integer(value) => write!(f, "{value}"),
            Value::Double(value) => f.write_str(&format!("{value:?}").replace('e', "E")),
            Value::Text(value) => f.write_str(value),
            Value::List(entries) => f.write_str(&entries.join(",")),
        }
    }
}

/// Why a setting or its value is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// The value is not one of the setting's kind, or not a valid one.
    #[error("Invalid value {value} for configuration {name}: {reason}")]
    Invalid {
        /// The setting.
        name: String,
        /// What was given.
        value: String,
        /// What would be valid.
        reason: String,
    },
    /// There is no setting of this name.
    #[error("Unknown {scope} config name: {name}{}", did_you_mean(suggestion))]
    Unknown {
        /// `topic` or `broker`.
        scope: &'static str,
        /// What was given.
        name: String,
        /// The nearest name that exists, when one is near.
        suggestion: Option<String>,
    },
    /// The value is valid for Kafka, but this release would not act on it.
    #[error("{name}={value} is not supported by this version of Millrace: {reason}")]
    Unsupported {
        /// The setting.
        name: String,
        /// What was given.
        value: String,
        /// Why not, and what happens instead.
        reason: String,
    },
    /// Two settings contradict each other.
    #[error("{0}")]
    Conflict(String),
}

fn did_you_mean(suggestion: &Option<String>) -> String {
    suggestion.as_ref().map(|name| format!(" (did you mean {name}?)")).unwrap_or_default()
}

impl Setting {
    /// Reads a value from its text: checks kind and validity, but not [`Setting::support`].
    ///
    /// # Errors
    /// [`SettingError::Invalid`] says what would be valid.
    pub fn parse(&self, text: &str) -> Result<Value, SettingError> {
        let trimmed = text.trim();
        let value = match self.kind {
            Kind::Boolean if trimmed.eq_ignore_ascii_case("true") => Value::Boolean(true),
            Kind::Boolean if trimmed.eq_ignore_ascii_case("false") => Value::Boolean(false),
            Kind::Boolean => return Err(self.invalid(text, "Expected value to be either true or false")),
            Kind::Int => {
                Value::Integer(trimmed.parse::<i32>().map_err(|error| self.not_a_number(text, &error))?.into())
            }
            Kind::Short => {
                Value::Integer(trimmed.parse::<i16>().map_err(|error| self.not_a_number(text, &error))?.into())
            }
            Kind::Long => Value::Integer(trimmed.parse().map_err(|error| self.not_a_number(text, &error))?),
            Kind::Double => Value::Double(trimmed.parse().map_err(|error| self.not_a_number(text, &error))?),
            Kind::String => Value::Text(trimmed.to_owned()),
            Kind::List => Value::List(self.parse_list(trimmed)?),
        };
        self.valid.check(&value).map_err(|reason| self.invalid(text, reason))?;
        Ok(value)
    }

    /// Reads a value as [`Setting::parse`] does, and refuses one that this release would not act on.
    ///
    /// # Errors
    /// [`SettingError::Invalid`], and [`SettingError::Unsupported`] for another value than the default of a setting
    /// with
    /// [`Support::DefaultOnly`].
    pub fn accept(&self, text: &str) -> Result<Value, SettingError> {
        let value = self.parse(text)?;
        match self.support {
            Support::DefaultOnly(reason) if self.default_value().as_ref() != Some(&value) => {
                Err(SettingError::Unsupported {
                    name: self.name.to_owned(),
                    value: text.to_owned(),
                    reason: reason.to_owned(),
                })
            }
            _ => Ok(value),
        }
    }

    /// The default as a value; None when another setting decides.
    pub fn default_value(&self) -> Option<Value> {
        // A default that does not parse would be a mistake in the table: the tables' tests parse each of them.
        self.default.and_then(|text| self.parse(text).ok())
    }

    /// A refusal of `value`.
    pub fn invalid(&self, value: &str, reason: impl Into<String>) -> SettingError {
        SettingError::Invalid { name: self.name.to_owned(), value: value.to_owned(), reason: reason.into() }
    }

    fn not_a_number(&self, text: &str, error: &dyn fmt::Display) -> SettingError {
        self.invalid(text, format!("Not a number of type {} ({error})", self.kind.name()))
    }

    /// Splits at commas. An entry that is there twice counts once, as Kafka has it (KIP-1161).
    fn parse_list(&self, text: &str) -> Result<Vec<String>, SettingError> {
        let mut entries: Vec<String> = Vec::new();
        if text.is_empty() {
            return Ok(entries);
        }
        for entry in text.split(',').map(str::trim) {
            if entry.is_empty() {
                return Err(self.invalid(text, "the list must not have empty entries"));
            }
            if !entries.iter().any(|known| known == entry) {
                entries.push(entry.to_owned());
            }
        }
        Ok(entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(kind: Kind, valid: Valid, default: &'static str) -> Setting {
        Setting {
            name: "some.setting",
            kind,
            default: Some(default),
            valid,
            importance: Importance::Low,
            support: Support::Full,
            documentation: "",
        }
    }

    fn refusal(setting: &Setting, text: &str) -> String {
        setting.parse(text).unwrap_err().to_string()
    }

    #[test]
    fn numbers_are_bounded_by_their_kind() {
        let int = setting(Kind::Int, Valid::Any, "0");
        assert_eq!(int.parse(" 2147483647 "), Ok(Value::Integer(2_147_483_647)));
        assert!(refusal(&int, "2147483648").contains("Not a number of type INT"));
        let long = setting(Kind::Long, Valid::Any, "0");
        assert_eq!(long.parse("9223372036854775807"), Ok(Value::Integer(i64::MAX)));
        assert!(refusal(&long, "1k").contains("Not a number of type LONG"));
        assert!(refusal(&setting(Kind::Double, Valid::Any, "0"), "half").contains("DOUBLE"));
    }

    #[test]
    fn booleans_are_true_or_false_in_any_case() {
        let boolean = setting(Kind::Boolean, Valid::Any, "false");
        assert_eq!(boolean.parse("TRUE"), Ok(Value::Boolean(true)));
        assert_eq!(
            refusal(&boolean, "yes"),
            "Invalid value yes for configuration some.setting: Expected value to be either true or false"
        );
    }

    #[test]
    fn lists_lose_doubles_and_have_no_empty_entries() {
        let list = setting(Kind::List, Valid::Any, "");
        assert_eq!(list.parse(" a, b,a "), Ok(Value::List(vec!["a".to_owned(), "b".to_owned()])));
        assert_eq!(list.parse(""), Ok(Value::List(Vec::new())));
        assert!(list.parse("a,,b").is_err());
        assert!(list.parse(",").is_err());
    }

    #[test]
    fn a_setting_without_effect_takes_its_default_only() {
        let mut flag = setting(Kind::Boolean, Valid::Any, "false");
        flag.support = Support::DefaultOnly("there is none");
        assert_eq!(flag.accept("False"), Ok(Value::Boolean(false)));
        assert_eq!(
            flag.accept("true").unwrap_err().to_string(),
            "some.setting=true is not supported by this version of Millrace: there is none"
        );
        flag.support = Support::Stored("it does nothing yet");
        assert_eq!(flag.accept("true"), Ok(Value::Boolean(true)));
    }

    #[test]
    fn values_print_as_they_are_read() {
        for (kind, text) in
            [(Kind::Double, "0.5"), (Kind::Double, "1.0"), (Kind::List, "a,b"), (Kind::Int, "-1"), (Kind::String, "x")]
        {
            assert_eq!(setting(kind, Valid::Any, "").parse(text).unwrap().to_string(), text);
        }
    }
}
