//! Edits of single settings (KIP-339).

use millrace_base::code::ErrorCode;
use millrace_base::topic_config::Overrides;

use crate::metadata::command::{CommandError, ConfigEdit};

/// The overrides with each edit done. `list` gives the value in effect of a setting that is a list.
///
/// # Errors
/// INVALID_CONFIG for entries that are to be added to what is no list, or taken from it.
pub(super) fn edited(
    overrides: &Overrides,
    edits: &[(String, ConfigEdit)],
    list: impl Fn(&str) -> Option<String>,
) -> Result<Overrides, CommandError> {
    let mut overrides = overrides.clone();
    let entries = |name: &str, verb: &str| {
        let message = || format!("Can't {verb} to key {name} because its type is not LIST.");
        list(name).map(|value| split(&value)).ok_or_else(|| CommandError::new(ErrorCode::InvalidConfig, message()))
    };
    for (name, edit) in edits {
        match edit {
            ConfigEdit::Set(value) => drop(overrides.insert(name.clone(), value.clone())),
            ConfigEdit::Delete => drop(overrides.remove(name)),
            ConfigEdit::Append(value) => {
                let mut entries = entries(name, "append")?;
                for entry in split(value) {
                    if !entries.contains(&entry) {
                        entries.push(entry);
                    }
                }
                overrides.insert(name.clone(), entries.join(","));
            }
            ConfigEdit::Subtract(value) => {
                let mut entries = entries(name, "subtract")?;
                let removed = split(value);
                entries.retain(|entry| !removed.contains(entry));
                overrides.insert(name.clone(), entries.join(","));
            }
        }
    }
    Ok(overrides)
}

fn split(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|entry| !entry.is_empty()).map(str::to_owned).collect()
}
