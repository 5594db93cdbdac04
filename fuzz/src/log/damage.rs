//! What is done to the files of a log directory behind its back.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use millrace_log::checkpoint;
use millrace_runtime::Core;
use millrace_runtime::sim::Disk;

use crate::input::Input;

/// How many kinds of damage there are.
pub(super) const KINDS: u8 = KIND_NAMES.len() as u8;
/// The kinds, by number.
const KIND_NAMES: [&str; 10] = [
    "remove",
    "make a sector unreadable of",
    "add a file beside",
    "cut",
    "append to",
    "flip bits of",
    "zero a range of",
    "overwrite",
    "copy another part of the same file over",
    "change the checkpoint, under a right checksum,",
];
/// When set, what an input does is printed.
const EXPLAIN_VARIABLE: &str = "MILLRACE_FUZZ_EXPLAIN";
/// What is done to one image, at most.
const DAMAGES_MAX: usize = 8;
/// The longest name of a file that is added, in bytes.
const NAME_BYTES_MAX: usize = 40;

/// What can only be done by a host.
#[derive(Default)]
pub(super) struct Rest {
    /// A checkpoint was touched. Without one, nothing but the batches says where they belong, and their base offsets
    /// lie outside their checksums.
    pub(super) may_lack_checkpoint: bool,
    removed: Vec<PathBuf>,
    /// Checkpoints that say something else, under a right checksum: where, and what is changed there.
    lies: Vec<(PathBuf, usize, u8)>,
}

impl Rest {
    pub(super) async fn apply(&self, core: &Core) {
        for path in &self.removed {
            // It may be gone already.
            let _gone = core.remove_file(path).await;
        }
        for (path, at, with) in &self.lies {
            // It may be damaged already, or no checkpoint.
            let Ok(Some(mut lying)) = checkpoint::load(core, path).await else { continue };
            let at = at % lying.body.len().max(1);
            lying.body.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= with);
            if let Err(error) = checkpoint::save(core, path, &lying).await {
                panic!("{}: {error}", path.display());
            }
        }
    }
}

/// Does what the input says; gives what is left to do.
pub(super) fn apply(disk: &Disk, files: &[PathBuf], input: &mut Input<'_>) -> Rest {
    let mut rest = Rest::default();
    for _ in 0..DAMAGES_MAX {
        if input.is_empty() {
            break;
        }
        let (kind, file, at) = (input.byte() % KINDS, usize::from(input.byte()), input.u32() as usize);
        let Some(path) = files.get(file % files.len().max(1)) else { break };
        if std::env::var_os(EXPLAIN_VARIABLE).is_some() {
            let kind = KIND_NAMES.get(usize::from(kind)).unwrap_or(&"");
            eprintln!("{kind} {}, from byte {at} (modulo its size)", path.display());
        }
        rest.may_lack_checkpoint |= path.extension().is_some_and(|extension| extension == "checkpoint");
        match kind {
            0 => rest.removed.push(path.clone()),
            // A sector that cannot be read; past the end there is none.
            1 => drop(disk.spoil(path, at as u64)),
            2 => add_file(disk, path, input),
            9 => rest.lies.push((path.clone(), at, input.byte() | 1)),
            _ => {
                // A sector that cannot be read already.
                let Ok(mut bytes) = disk.read_file(path) else { continue };
                change(&mut bytes, kind, at, input);
                if let Err(error) = disk.write_file(path, &bytes) {
                    panic!("{}: {error}", path.display());
                }
            }
        }
    }
    rest
}

fn change(bytes: &mut Vec<u8>, kind: u8, at: usize, input: &mut Input<'_>) {
    let at = at % bytes.len().max(1);
    match kind {
        3 => bytes.truncate(at),
        4 => {
            let count = usize::from(input.byte());
            bytes.extend_from_slice(input.take(count));
        }
        5 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= input.byte() | 1;
            }
        }
        6 => {
            let count = usize::from(input.u16());
            bytes.iter_mut().skip(at).take(count).for_each(|byte| *byte = 0);
        }
        7 => {
            let count = usize::from(input.byte());
            overwrite(bytes, at, input.take(count));
        }
        _ => {
            let (from, count) = (input.u32() as usize % bytes.len().max(1), usize::from(input.u16()));
            let copied: Vec<u8> = bytes.iter().skip(from).take(count).copied().collect();
            overwrite(bytes, at, &copied);
        }
    }
}

fn overwrite(bytes: &mut [u8], at: usize, with: &[u8]) {
    bytes.iter_mut().skip(at).zip(with).for_each(|(to, from)| *to = *from);
}

/// Puts a file with any name beside another one.
fn add_file(disk: &Disk, beside: &Path, input: &mut Input<'_>) {
    let count = usize::from(input.byte()) % NAME_BYTES_MAX;
    let name = input.take(count);
    let count = usize::from(input.byte());
    let content = input.take(count);
    let is_name =
        !name.is_empty() && name != b"." && name != b".." && !name.iter().any(|byte| matches!(byte, 0 | b'/'));
    if is_name && let Some(directory) = beside.parent() {
        // The name may be a directory's.
        let _is_directory = disk.write_file(&directory.join(OsStr::from_bytes(name)), content);
    }
}
