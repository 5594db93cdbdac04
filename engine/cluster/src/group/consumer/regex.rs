//! Subscriptions by a pattern, in the syntax of RE2.

use std::collections::BTreeSet;

use millrace_base::code::ErrorCode;
use regex::{Regex, RegexBuilder};
use regex_syntax::ast::{self, Ast};

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
        if repeats_a_repetition(text) {
            return Err(refused(text, "invalid nested repetition operator"));
        }
        let compiled = build(text).and_then(|_| build(&format!("^(?:{text})$")));
        compiled.map(Pattern).map_err(|error| refused(text, &reason_of(&error)))
    }

    /// The topics whose names match.
    pub(super) fn topics(&self, image: &Image) -> BTreeSet<String> {
        let names = image.topics().map(|topic| &topic.name);
        names.filter(|name| self.0.is_match(name)).cloned().collect()
    }
}

fn refused(text: &str, reason: &str) -> Refusal {
    let message = format!("SubscribedTopicRegex `{text}` is not a valid regular expression: {reason}.");
    Refusal::new(ErrorCode::InvalidRegularExpression, message)
}

/// Whether a repetition is itself repeated, as in `a**`: RE2 takes that for a mistake.
fn repeats_a_repetition(text: &str) -> bool {
    struct Search;
    impl ast::Visitor for Search {
        type Output = ();
        type Err = ();
        fn finish(self) -> Result<(), ()> {
            Ok(())
        }
        fn visit_pre(&mut self, ast: &Ast) -> Result<(), ()> {
            match ast {
                Ast::Repetition(outer) if matches!(*outer.ast, Ast::Repetition(_)) => Err(()),
                _ => Ok(()),
            }
        }
    }
    ast::parse::Parser::new().parse(text).is_ok_and(|parsed| ast::visit(&parsed, Search).is_err())
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
