//! Which names a topic may have.

use millrace_base::code::ErrorCode;
use millrace_base::limits::TOPIC_NAME_CHARACTERS_MAX;

use crate::metadata::command::CommandError;

/// The topic of Kafka's own metadata, which is none that anybody may create.
const CLUSTER_METADATA: &str = "__cluster_metadata";

/// Checks a topic's name: 1 to 249 ASCII letters, digits, `.`, `_` and `-`, but neither `.` nor `..`.
///
/// # Errors
/// [`ErrorCode::InvalidTopicException`], or [`ErrorCode::InvalidRequest`] for the name that Kafka keeps for itself.
pub fn check_topic_name(name: &str) -> Result<(), CommandError> {
    let invalid =
        |what: String| CommandError::new(ErrorCode::InvalidTopicException, format!("Topic name is invalid: {what}"));
    if name.is_empty() {
        return Err(invalid("the empty string is not allowed".to_owned()));
    }
    if name == "." || name == ".." {
        return Err(invalid("'.' or '..' is not allowed".to_owned()));
    }
    if name.chars().count() > TOPIC_NAME_CHARACTERS_MAX {
        return Err(invalid(format!(
            "the length of '{name}' is longer than the max allowed length {TOPIC_NAME_CHARACTERS_MAX}"
        )));
    }
    if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)) {
        return Err(invalid(format!(
            "'{name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'"
        )));
    }
    if name == CLUSTER_METADATA {
        return Err(CommandError::new(
            ErrorCode::InvalidRequest,
            format!("'{CLUSTER_METADATA}' cannot be created as a topic."),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_kafka() {
        let longest = "x".repeat(249);
        for name in ["a", "orders.eu-1_new", "...", "-", "__consumer_offsets", &longest] {
            assert_eq!(check_topic_name(name), Ok(()), "{name}");
        }
        for name in ["", ".", "..", "a b", "a/b", "ü", "a\0", "a:b", &"x".repeat(250)] {
            assert_eq!(check_topic_name(name).unwrap_err().code, ErrorCode::InvalidTopicException, "{name}");
        }
        assert_eq!(check_topic_name("__cluster_metadata").unwrap_err().code, ErrorCode::InvalidRequest);
    }
}
