//! Which of the values of its kind a setting takes.

use std::fmt;

use super::Value;

/// The valid values of a setting. `Display` prints them in the notation of Kafka's documentation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Valid {
    /// Every value of the kind.
    Any,
    /// Numbers from this one on.
    AtLeast(i64),
    /// Numbers from the first to the last, both included.
    Between(i64, i64),
    /// Numbers from the first to the last, both included, and -1, which means "the codec's own default".
    BetweenOrDefault(i64, i64),
    /// Fractions from 0 to 1, both included.
    Fraction,
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// One of these texts, in any case of letters.
    OneOfInAnyCase(&'static [&'static str]),
    /// A list of any of these texts; it may be empty.
    ListOf(&'static [&'static str]),
    /// A list that is not empty.
    NonEmptyList,
    /// A list of `[partition]:[broker]`, or the single entry `*`, which means all.
    ThrottledReplicas,
}

impl Valid {
    /// Checks a value.
    ///
    /// # Errors
    /// What would be valid, as a sentence.
    pub fn check(&self, value: &Value) -> Result<(), String> {
        match (self, value) {
            (Valid::AtLeast(first), Value::Integer(number)) if number < first => {
                Err(format!("Value must be at least {first}"))
            }
            (Valid::Between(first, _), Value::Integer(number)) if number < first => {
                Err(format!("Value must be at least {first}"))
            }
            (Valid::Between(_, last), Value::Integer(number)) if number > last => {
                Err(format!("Value must be no more than {last}"))
            }
            (Valid::BetweenOrDefault(first, last), Value::Integer(number))
                if *number != -1 && !(first..=last).contains(&number) =>
            {
                Err(format!("Value must be between {first} and {last} or equal to -1"))
            }
            (Valid::Fraction, Value::Double(number)) if !(0.0..=1.0).contains(number) => {
                Err("Value must be at least 0 and no more than 1".to_owned())
            }
            (Valid::OneOf(texts), Value::Text(text)) => one_of(texts, text),
            (Valid::OneOfInAnyCase(texts), Value::Text(text)) => one_of(texts, &text.to_uppercase())
                .map_err(|_| format!("String must be one of (case insensitive): {}", texts.join(", "))),
            (Valid::ListOf(texts), Value::List(entries)) => entries.iter().try_for_each(|entry| one_of(texts, entry)),
            (Valid::NonEmptyList, Value::List(entries)) if entries.is_empty() => {
                Err("the list must not be empty".to_owned())
            }
            (Valid::ThrottledReplicas, Value::List(entries)) => throttled_replicas(entries),
            _ => Ok(()),
        }
    }
}

fn one_of(texts: &[&str], text: &str) -> Result<(), String> {
    if texts.contains(&text) { Ok(()) } else { Err(format!("String must be one of: {}", texts.join(", "))) }
}

fn throttled_replicas(entries: &[String]) -> Result<(), String> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_pair =
        |entry: &String| entry.split_once(':').is_some_and(|(left, right)| is_number(left) && is_number(right));
    let is_all = matches!(entries, [only] if only == "*");
    if is_all || entries.iter().all(is_pair) {
        return Ok(());
    }
    Err("it must be the literal '*' or a list of replicas in the following format: \
         [partitionId]:[brokerId],[partitionId]:[brokerId],..."
        .to_owned())
}

impl fmt::Display for Valid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Valid::Any => Ok(()),
            Valid::AtLeast(first) => write!(f, "[{first},...]"),
            Valid::Between(first, last) => write!(f, "[{first},...,{last}]"),
            Valid::BetweenOrDefault(first, last) => write!(f, "[{first},...,{last}] or -1"),
            Valid::Fraction => f.write_str("[0,...,1]"),
            Valid::OneOf(texts) | Valid::ListOf(texts) => write!(f, "[{}]", texts.join(", ")),
            Valid::OneOfInAnyCase(texts) => write!(f, "(case insensitive) [{}]", texts.join(", ")),
            Valid::NonEmptyList => f.write_str("non-empty list"),
            Valid::ThrottledReplicas => f.write_str("[partitionId]:[brokerId],[partitionId]:[brokerId],..."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> Value {
        Value::List(text.split(',').map(str::to_owned).collect())
    }

    #[test]
    fn ranges_include_both_ends() {
        let range = Valid::Between(1, 9);
        for number in [1, 9] {
            assert_eq!(range.check(&Value::Integer(number)), Ok(()));
        }
        assert_eq!(range.check(&Value::Integer(0)), Err("Value must be at least 1".to_owned()));
        assert_eq!(range.check(&Value::Integer(10)), Err("Value must be no more than 9".to_owned()));
        assert!(Valid::BetweenOrDefault(1, 9).check(&Value::Integer(-1)).is_ok());
        assert!(Valid::BetweenOrDefault(1, 9).check(&Value::Integer(0)).is_err());
        assert!(Valid::Fraction.check(&Value::Double(f64::NAN)).is_err());
    }

    #[test]
    fn texts_are_taken_from_the_list() {
        let valid = Valid::ListOf(&["compact", "delete"]);
        assert_eq!(valid.check(&list("delete,compact")), Ok(()));
        assert_eq!(valid.check(&list("delete,keep")), Err("String must be one of: compact, delete".to_owned()));
        assert_eq!(valid.check(&Value::List(Vec::new())), Ok(()));
    }

    #[test]
    fn throttled_replicas_are_pairs_or_all() {
        for text in ["*", "0:1", "0:1,12:3"] {
            assert_eq!(Valid::ThrottledReplicas.check(&list(text)), Ok(()), "{text}");
        }
        for text in ["*,0:1", "0", "0:1:2", "a:1", ":"] {
            assert!(Valid::ThrottledReplicas.check(&list(text)).is_err(), "{text}");
        }
    }
}
