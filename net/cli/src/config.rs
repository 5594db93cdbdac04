//! Where `serve` takes its settings from: a TOML file, the environment, options; each over the one before.

use std::path::Path;

use millrace_base::broker_config::{
    BrokerConfig, ENVIRONMENT_PREFIX, Given, Layer, Origin, Problems, environment_layer,
};
use toml::Spanned;
use toml::de::{DeArray, DeInteger, DeTable, DeValue};

use crate::output::CliError;

/// Variables with the broker's prefix that mean something else: to this program, and (the last two) to `scripts/`.
const OTHER_VARIABLES: [&str; 5] =
    ["MILLRACE_SERVER", "MILLRACE_CONFIG_FILE", "MILLRACE_LOG", "MILLRACE_CACHE", "MILLRACE_BIN"];

/// The configuration that file, environment and options give.
///
/// # Errors
/// Everything that is wrong, each with its place.
pub(crate) fn load(file: Option<&Path>, options: Layer) -> Result<BrokerConfig, CliError> {
    let usage = |problems: Problems| CliError::Usage(problems.to_string());
    let mut layers = Vec::new();
    if let Some(path) = file {
        layers.push(file_layer(path)?);
    }
    layers.push(environment_layer(variables()?, &OTHER_VARIABLES).map_err(usage)?);
    layers.push(options);
    BrokerConfig::from_layers(&layers).map_err(usage)
}

/// A setting that an option gave.
pub(crate) fn option(layer: &mut Layer, name: &str, flag: &str, value: impl Into<String>) {
    layer.insert(name.to_owned(), Given { value: value.into(), origin: Origin::Flag(flag.to_owned()) });
}

/// The environment variables that may be settings.
fn variables() -> Result<Vec<(String, String)>, CliError> {
    let text = |name: String, value: std::ffi::OsString| match value.into_string() {
        Ok(value) => Ok((name, value)),
        Err(value) => Err(CliError::Usage(format!("environment variable {name}: {} is not UTF-8", value.display()))),
    };
    let ours = std::env::vars_os().filter_map(|(name, value)| {
        let name = name.into_string().ok().filter(|name| name.starts_with(ENVIRONMENT_PREFIX))?;
        Some(text(name, value))
    });
    ours.collect()
}

/// The settings of a TOML file. `log.segment.bytes = 1` and a `bytes = 1` under `[log.segment]` are the same.
fn file_layer(path: &Path) -> Result<Layer, CliError> {
    let text = std::fs::read_to_string(path).map_err(CliError::file(path.display().to_string()))?;
    parse(path, &text)
}

fn parse(path: &Path, text: &str) -> Result<Layer, CliError> {
    let table = DeTable::parse(text).map_err(|error| CliError::Usage(format!("{}: {error}", path.display())))?;
    let mut layer = Layer::new();
    collect(&File { path, text }, "", table.get_ref(), &mut layer)?;
    Ok(layer)
}

struct File<'a> {
    path: &'a Path,
    text: &'a str,
}

impl File<'_> {
    fn origin(&self, position: usize) -> Origin {
        let before = self.text.get(..position).unwrap_or_default();
        let line = 1 + before.bytes().filter(|byte| *byte == b'\n').count();
        Origin::File { path: self.path.display().to_string(), line: Some(line) }
    }
}

fn collect(file: &File<'_>, prefix: &str, table: &DeTable<'_>, layer: &mut Layer) -> Result<(), CliError> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    for (key, value) in entries {
        let name = if prefix.is_empty() { key.get_ref().to_string() } else { format!("{prefix}.{}", key.get_ref()) };
        if let DeValue::Table(inner) = value.get_ref() {
            collect(file, &name, inner, layer)?;
            continue;
        }
        let origin = file.origin(key.span().start);
        let value =
            text_of(value).map_err(|expected| CliError::Usage(format!("{origin}: {name}: expected {expected}")))?;
        // `a.b` and `"a.b"` are different keys to TOML, and the same setting.
        if let Some(earlier) = layer.insert(name.clone(), Given { value, origin: origin.clone() }) {
            return Err(CliError::Usage(format!("{origin}: {name} is already given at {}", earlier.origin)));
        }
    }
    Ok(())
}

/// A value as Kafka's properties files would have it: lists with commas.
fn text_of(value: &Spanned<DeValue<'_>>) -> Result<String, &'static str> {
    match value.get_ref() {
        DeValue::Array(items) => text_of_list(items),
        value => text_of_scalar(value).ok_or("a string, a number, a boolean or a list of them"),
    }
}

fn text_of_list(items: &DeArray<'_>) -> Result<String, &'static str> {
    let items: Option<Vec<String>> = items.iter().map(|item| text_of_scalar(item.get_ref())).collect();
    items.map(|items| items.join(",")).ok_or("a list of strings, numbers or booleans")
}

fn text_of_scalar(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => text_of_integer(number),
        DeValue::Float(number) => Some(number.as_str().replace('_', "")),
        DeValue::Boolean(truth) => Some(truth.to_string()),
        DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

/// In decimal, whatever the file has (`0x10_000`).
fn text_of_integer(number: &DeInteger<'_>) -> Option<String> {
    i64::from_str_radix(&number.as_str().replace('_', ""), number.radix()).ok().map(|number| number.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(text: &str) -> Result<Vec<(String, String, String)>, String> {
        let layer = parse(Path::new("broker.toml"), text).map_err(|error| error.to_string())?;
        let given = layer.into_iter().map(|(name, given)| (name, given.value, given.origin.to_string()));
        Ok(given.collect())
    }

    #[test]
    fn a_setting_is_found_under_each_form_of_its_name() {
        let text = "log.segment.bytes = 0x10_0000\n\"log.roll.ms\" = 60_000\n[millrace]\ncores = \"0,2-3\"\n\
                    [log.retention]\nms = -1\n";
        let given =
            |name: &str, value: &str, line: u32| (name.to_owned(), value.to_owned(), format!("broker.toml:{line}"));
        let expected = vec![
            given("log.retention.ms", "-1", 6),
            given("log.roll.ms", "60000", 2),
            given("log.segment.bytes", "1048576", 1),
            given("millrace.cores", "0,2-3", 4),
        ];
        assert_eq!(layer(text), Ok(expected));
    }

    #[test]
    fn lists_are_joined_with_commas() {
        let listed = layer("listeners = [\"A://:1\", \"B://:2\"]").unwrap();
        assert_eq!(listed[0].1, "A://:1,B://:2");
    }

    #[test]
    fn a_setting_is_given_once() {
        let error = layer("a.b = 1\n\"a.b\" = 2\n").unwrap_err();
        assert_eq!(error, "broker.toml:2: a.b is already given at broker.toml:1");
    }

    #[test]
    fn what_is_no_value_is_refused_with_its_line() {
        let error = layer("\na = 2026-01-01\n").unwrap_err();
        assert_eq!(error, "broker.toml:2: a: expected a string, a number, a boolean or a list of them");
        let error = layer("a = [[1]]").unwrap_err();
        assert_eq!(error, "broker.toml:1: a: expected a list of strings, numbers or booleans");
        assert!(layer("a = \n").unwrap_err().starts_with("broker.toml: TOML parse error at line 1, column 5"));
    }
}
