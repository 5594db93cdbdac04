//! What rustfmt and clippy do not see.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use millrace_judges::process::repository;

/// Columns a line of Rust may have.
const LINE_COLUMNS_MAX: usize = 120;
/// Lines a file of Rust may have. Generated files are exempt from both.
const FILE_LINES_MAX: usize = 600;
/// Kept apart from themselves, so that this file does not contain them.
const BANNED: [&str; 9] = [
    concat!("to", "do!("),
    concat!("TO", "DO"),
    concat!("unimple", "mented!("),
    concat!("db", "g!("),
    concat!("FIX", "ME"),
    concat!("XX", "X:"),
    concat!("#[ig", "nore]"),
    concat!("#![feat", "ure"),
    "\u{2014}",
];
/// Where somebody's machine keeps things.
const MACHINE_PATHS: [&str; 3] = [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/")];
/// Folders whose files may be anything: bytes that others wrote.
const WITNESSES: [&str; 4] = ["golden", "testdata", "facts", "corpus"];

/// Every file that is, or is about to be, in the repository, with its text; `None` if it is none.
fn files() -> BTreeMap<String, Option<String>> {
    let listing = ["ls-files", "--cached", "--others", "--exclude-standard"];
    let output = Command::new("git").arg("-C").arg(repository()).args(listing).output().unwrap();
    assert!(output.status.success(), "git: {}", String::from_utf8_lossy(&output.stderr));
    let names = String::from_utf8(output.stdout).unwrap();
    let read = |name: &str| fs::read(repository().join(name)).ok();
    names.lines().filter_map(|name| Some((name.to_owned(), String::from_utf8(read(name)?).ok()))).collect()
}

fn is_generated(text: &str) -> bool {
    text.lines().take(5).any(|line| line.starts_with("//") && line.to_ascii_lowercase().contains("generated"))
}

fn is_witness(name: &str) -> bool {
    Path::new(name).iter().any(|part| WITNESSES.iter().any(|folder| part == *folder))
}

#[test]
fn the_tree_is_tidy() {
    let mut untidy = Vec::new();
    for (name, text) in files() {
        let Some(text) = text.filter(|text| !text.contains('\0')) else {
            if !is_witness(&name) {
                untidy.push(format!("{name}: a binary outside {WITNESSES:?}"));
            }
            continue;
        };
        let is_rust = name.ends_with(".rs") && !is_generated(&text);
        if is_rust && text.lines().count() > FILE_LINES_MAX {
            untidy.push(format!("{name}: {} lines, {FILE_LINES_MAX} are enough", text.lines().count()));
        }
        for (number, line) in (1..).zip(text.lines()) {
            if is_rust && line.chars().count() > LINE_COLUMNS_MAX {
                untidy.push(format!("{name}:{number}: {} columns", line.chars().count()));
            }
            if name == "LICENSE" || is_witness(&name) {
                continue;
            }
            for word in BANNED.iter().chain(&MACHINE_PATHS).filter(|word| line.contains(**word)) {
                untidy.push(format!("{name}:{number}: `{word}`"));
            }
        }
    }
    assert!(untidy.is_empty(), "\n{}", untidy.join("\n"));
}

#[test]
fn every_crate_has_its_line_in_a_readme() {
    let mut missing = Vec::new();
    for house in ["engine", "net"] {
        let readme = fs::read_to_string(repository().join(house).join("README.md")).unwrap();
        for entry in fs::read_dir(repository().join(house)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if path.join("Cargo.toml").is_file()
                && !readme.lines().any(|line| line.starts_with(&format!("| `{name}` |")))
            {
                missing.push(format!("{house}/README.md does not name {name}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}
