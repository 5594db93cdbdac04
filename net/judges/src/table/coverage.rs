//! What the table has asked, and which codes the reference gave.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value;

/// What was asked of one API.
#[derive(Default)]
struct Asked {
    rows: BTreeSet<String>,
    requests: usize,
    versions: BTreeSet<i16>,
    codes: BTreeSet<i64>,
    closed: bool,
}

/// What was asked of all of them.
#[derive(Default)]
pub struct Coverage(BTreeMap<String, Asked>);

impl Coverage {
    /// Counts a request.
    pub(super) fn note(&mut self, api: &str, row: &str, version: i16, answer: Option<&Value>) {
        let asked = self.0.entry(api.to_owned()).or_default();
        asked.rows.insert(row.to_owned());
        asked.requests += 1;
        asked.versions.insert(version);
        match answer {
            Some(answer) => collect_codes(answer, &mut asked.codes),
            None => asked.closed = true,
        }
    }

    /// The APIs that were asked something.
    pub fn apis(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Whether an API was asked in a version.
    #[must_use]
    pub fn has(&self, api: &str, version: i16) -> bool {
        self.0.get(api).is_some_and(|asked| asked.versions.contains(&version))
    }

    /// The number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.0.values().map(|asked| asked.rows.len()).sum()
    }
}

fn collect_codes(answer: &Value, codes: &mut BTreeSet<i64>) {
    match answer {
        Value::Object(members) => {
            for (name, value) in members {
                match value.as_i64().filter(|_| name.ends_with("ErrorCode")) {
                    Some(code) => drop(codes.insert(code)),
                    None => collect_codes(value, codes),
                }
            }
        }
        Value::Array(elements) => elements.iter().for_each(|element| collect_codes(element, codes)),
        _ => {}
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<24} {:>5} {:>9}  {:<9} error codes of the reference", "API", "rows", "requests", "versions")?;
        for (api, asked) in &self.0 {
            let (first, last) = (asked.versions.first().copied(), asked.versions.last().copied());
            let versions = format!("{}-{}", first.unwrap_or_default(), last.unwrap_or_default());
            let mut codes: Vec<String> = asked.codes.iter().map(i64::to_string).collect();
            codes.extend(asked.closed.then(|| "closed".to_owned()));
            let (rows, requests) = (asked.rows.len(), asked.requests);
            writeln!(f, "{api:<24} {rows:>5} {requests:>9}  {versions:<9} {}", codes.join(" "))?;
        }
        let requests: usize = self.0.values().map(|asked| asked.requests).sum();
        write!(f, "{:<24} {:>5} {requests:>9}", "all", self.rows())
    }
}
