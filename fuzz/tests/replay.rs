//! Every input that was ever a finding, and every seed, once through its target: no panic.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::path::{Path, PathBuf};

use millrace_fuzz::TARGETS;

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

fn kept(name: &str) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = match fs::read_dir(corpus().join(name)) {
        Ok(entries) => entries.map(|entry| entry.unwrap().path()).collect(),
        Err(_) => Vec::new(),
    };
    paths.sort();
    paths
}

#[test]
fn what_was_found_once_is_found_no_more() {
    for target in TARGETS {
        for path in kept(target.name) {
            println!("{}", path.display());
            (target.run)(&fs::read(&path).unwrap());
        }
    }
}

#[test]
fn every_folder_of_the_corpus_is_a_targets() {
    for entry in fs::read_dir(corpus()).into_iter().flatten() {
        let name = entry.unwrap().file_name();
        assert!(TARGETS.iter().any(|target| name == target.name), "{name:?}");
    }
}

#[test]
fn every_target_bears_its_seeds() {
    for target in TARGETS {
        let seeds = (target.seeds)();
        assert!(seeds.len() > 5, "{} has {} seeds", target.name, seeds.len());
        seeds.iter().for_each(|seed| (target.run)(seed));
    }
}
