//! Subscriptions by a pattern, in the syntax of RE2; a repetition of a repetition (`a**`), which RE2 refuses, is taken.

use std::collections::BTreeSet;

use millrace_base::code::ErrorCode;
use regex::{Regex, RegexBuilder};

use super::request::Refusal;
use crate::metadata::Image;

/// What a compiled pattern may need, in bytes: a client cannot make the broker use more.
const COMPILED_BYTES_MAX: usize = 1024 * 1024;

/// A pattern that names of topics match as a whole.
pub(super) struct Pattern(Regex);

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// INVALID_REGULAR_EXPRESSION says what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Pattern, Refusal> {
        // The pattern must be whole by itself before anything is put around it.
        let compiled = build(text).and_then(|_| build(&format!("^(?:{text})$")));
        compiled.map(Pattern).map_err(|error| {
            let reason = reason_of(&error);
            let message = format!("SubscribedTopicRegex `{text}` is not a valid regular expression: {reason}.");
            Refusal::new(ErrorCode::InvalidRegularExpression, message)
        })
    }

    /// The topics whose names match.
    pub(super) fn topics(&self, image: &Image) -> BTreeSet<String> {
        let names = image.topics().map(|topic| &topic.name);
        names.filter(|name| self.0.is_match(name)).cloned().collect()
    }
}

fn build(text: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(text).size_limit(COMPILED_BYTES_MAX).build()
}

/// The last line of the error's drawing: what is wrong, without the drawing.
fn reason_of(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default();
    last.trim().trim_start_matches("error: ").to_owned()
}
