//! Where settings come from: files, the environment and the command line, each a layer over the one before.

use std::collections::BTreeMap;
use std::fmt;

use super::settings::SETTINGS;
use crate::setting::{SettingError, nearest};

/// What environment variables of the broker begin with.
pub const ENVIRONMENT_PREFIX: &str = "MILLRACE_";

/// The place that gave a setting its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A line of a configuration file.
    File {
        /// The file, as it was named.
        path: String,
        /// The line, counted from 1; None when it is not known.
        line: Option<usize>,
    },
    /// An environment variable, by name.
    Environment(String),
    /// An option of the command line, as it is written: `--listen`.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::File { path, line: Some(line) } => write!(f, "{path}:{line}"),
            Origin::File { path, line: None } => f.write_str(path),
            Origin::Environment(variable) => write!(f, "environment variable {variable}"),
            Origin::Flag(flag) => write!(f, "option {flag}"),
        }
    }
}

/// The text of a setting, and who gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// The value's text.
    pub value: String,
    /// The place it was given at.
    pub origin: Origin,
}

/// Settings from one kind of place, by name.
pub type Layer = BTreeMap<String, Given>;

/// Something that is wrong with what was given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{error}", origin.as_ref().map(|origin| format!("{origin}: ")).unwrap_or_default())]
pub struct Problem {
    /// The place; None when the problem lies in how several settings go together.
    pub origin: Option<Origin>,
    /// What is wrong.
    pub error: SettingError,
}

/// Everything that is wrong with what was given: at least one problem, in the order of the layers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n"))]
pub struct Problems(pub Vec<Problem>);

/// The environment variable of a setting: `log.segment.bytes` is `MILLRACE_LOG_SEGMENT_BYTES`, `millrace.cores` is
/// `MILLRACE_CORES`.
pub fn environment_variable(name: &str) -> String {
    let short = name.strip_prefix("millrace.").unwrap_or(name);
    format!("{ENVIRONMENT_PREFIX}{}", short.to_ascii_uppercase().replace('.', "_"))
}

/// The settings that environment variables give. Variables without the prefix are left alone, and so are those in
/// `others`, which mean something else to the program.
///
/// # Errors
/// A variable that begins with the prefix and belongs to no setting.
pub fn environment_layer(
    variables: impl IntoIterator<Item = (String, String)>,
    others: &[&str],
) -> Result<Layer, Problems> {
    let known: BTreeMap<String, &str> =
        SETTINGS.iter().map(|setting| (environment_variable(setting.name), setting.name)).collect();
    let mut layer = Layer::new();
    let mut problems = Vec::new();
    for (variable, value) in variables {
        if !variable.starts_with(ENVIRONMENT_PREFIX) || others.contains(&variable.as_str()) {
            continue;
        }
        let origin = Origin::Environment(variable.clone());
        match known.get(&variable) {
            Some(name) => {
                layer.insert((*name).to_owned(), Given { value, origin });
            }
            None => {
                let suggestion = nearest(&variable, known.keys().map(String::as_str)).map(str::to_owned);
                let error = SettingError::Unknown { scope: "broker", name: variable, suggestion };
                problems.push(Problem { origin: Some(origin), error });
            }
        }
    }
    if problems.is_empty() { Ok(layer) } else { Err(Problems(problems)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn no_two_settings_share_a_variable() {
        let names: std::collections::BTreeSet<_> =
            SETTINGS.iter().map(|setting| environment_variable(setting.name)).collect();
        assert_eq!(names.len(), SETTINGS.len());
    }

    #[test]
    fn variables_become_settings() {
        let given = variables(&[
            ("MILLRACE_LOG_SEGMENT_BYTES", "2097152"),
            ("MILLRACE_CORES", "2"),
            ("MILLRACE_SEEDS", "100"),
            ("PATH", "/bin"),
        ]);
        let layer = environment_layer(given, &["MILLRACE_SEEDS"]).unwrap();
        assert_eq!(layer.keys().collect::<Vec<_>>(), ["log.segment.bytes", "millrace.cores"]);
        assert_eq!(layer["millrace.cores"].origin.to_string(), "environment variable MILLRACE_CORES");
    }

    #[test]
    fn an_unknown_variable_is_refused_with_a_suggestion() {
        let problems = environment_layer(variables(&[("MILLRACE_LOG_SEGMENTS_BYTES", "1")]), &[]).unwrap_err();
        assert_eq!(
            problems.to_string(),
            "environment variable MILLRACE_LOG_SEGMENTS_BYTES: Unknown broker config name: MILLRACE_LOG_SEGMENTS_BYTES \
             (did you mean MILLRACE_LOG_SEGMENT_BYTES?)"
        );
    }
}
