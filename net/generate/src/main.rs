//! Turns Kafka's message schemas into Rust: the messages of `millrace-wire`, the internal records of `millrace-schema`,
//! the table of APIs, and the list of messages that the tests run over.
//!
//! `cargo run -p millrace-generate` writes the files; the output is committed, and a test here says whether it is
//! current.

mod emit;
mod facts;
mod files;
mod names;
mod plan;

use std::fs;
use std::path::{Path, PathBuf};

/// Everything that can go wrong is a message for the person who runs the generator.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    let root = workspace();
    for (path, text) in generate(&root)? {
        let path = root.join(path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&path, text)?;
    }
    Ok(())
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// All generated files: paths relative to the workspace, and formatted text.
fn generate(root: &Path) -> Result<Vec<(PathBuf, String)>> {
    let schemas = facts::read(&root.join("net/wire/schema/schemas-kafka-4.3.1.json"))?;
    let mut generated = Vec::new();
    for (path, text) in files::all(&schemas)? {
        generated.push((path, files::format(root, &text)?));
    }
    Ok(generated)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_files_are_what_the_generator_writes() {
        let root = workspace();
        for (path, text) in generate(&root).unwrap() {
            let committed = fs::read_to_string(root.join(&path)).unwrap_or_default();
            assert!(committed == text, "{} is not current: run `cargo run -p millrace-generate`", path.display());
        }
    }

    #[test]
    fn no_generated_file_is_left_over() {
        let root = workspace();
        let generated: Vec<PathBuf> = generate(&root).unwrap().into_iter().map(|(path, _)| path).collect();
        for folder in ["net/wire/src/messages", "engine/schema/src/records"] {
            for entry in fs::read_dir(root.join(folder)).unwrap() {
                let path = Path::new(folder).join(entry.unwrap().file_name());
                assert!(generated.contains(&path), "{} is not generated", path.display());
            }
        }
    }
}
