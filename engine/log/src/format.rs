//! What a log directory says about itself, and who uses it.
//!
//! Invariants:
//! - `format` is written before `meta.properties`: a directory with Kafka's file but without ours was not made by
//!   Millrace, and is refused rather than guessed at.
//! - A directory whose `oldest.reader` is above [`FORMAT_VERSION`] is not touched.
//! - The holder of a [`DirectoryLock`] is the only broker on the directory, for as long as it lives.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::num::ParseIntError;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use millrace_base::ids::{BrokerId, TopicId};
use millrace_base::uuid::UuidError;
use millrace_runtime::{BLOCK_BYTES, Bytes, Core, Durability, File, OpenOptions};

/// The format that this program writes.
pub const FORMAT_VERSION: u32 = 3;
/// The oldest format whose readers understand what this program writes.
const OLDEST_READER: u32 = 3;
/// The version of `meta.properties` that Kafka writes since 3.0 (KRaft).
const META_VERSION: &str = "1";

const FORMAT_FILE: &str = "format";
const META_FILE: &str = "meta.properties";
const LOCK_FILE: &str = ".lock";
const NEW_SUFFIX: &str = ".new";
/// The most that is read of one of these files, in bytes.
const FILE_BYTES_MAX: usize = 64 * 1024;

/// The id of a log directory: random, written once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DirectoryId(pub [u8; 16]);

impl fmt::Display for DirectoryId {
    /// As Kafka prints it: URL-safe base64 without padding.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        TopicId(self.0).fmt(f)
    }
}

/// What a log directory says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Format {
    /// Kafka's `cluster.id`.
    pub cluster_id: String,
    /// Kafka's `node.id`.
    pub node_id: BrokerId,
    /// Kafka's `directory.id`.
    pub directory_id: DirectoryId,
    /// The format version it was made with.
    pub version: u32,
}

/// A log directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// The disk's answer.
    #[error("cannot {what} {}: {source}", path.display())]
    Io {
        /// What was attempted.
        what: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Written by a newer Millrace, in a way that this one would misread.
    #[error(
        "{} has format version {version}, which needs a Millrace that reads version {oldest_reader}; this one reads up \
         to {FORMAT_VERSION}: start a newer Millrace on it",
        directory.display()
    )]
    Newer {
        /// The log directory.
        directory: PathBuf,
        /// The version that it says.
        version: u32,
        /// The oldest version that understands it.
        oldest_reader: u32,
    },
    /// It has Kafka's file but not Millrace's.
    #[error(
        "{} was formatted by another program (it has {META_FILE} but no file named {FORMAT_FILE})",
        directory.display()
    )]
    Foreign {
        /// The log directory.
        directory: PathBuf,
    },
    /// A setting is not there or makes no sense.
    #[error("{}: {key} is {found}; expected {expected}", path.display())]
    Setting {
        /// The file.
        path: PathBuf,
        /// The setting's name.
        key: &'static str,
        /// Its value, or that there is none.
        found: String,
        /// What it should be.
        expected: String,
    },
    /// Another broker runs on it.
    #[error("{} is in use by another broker{}", directory.display(), in_parentheses(holder.as_deref()))]
    InUse {
        /// The log directory.
        directory: PathBuf,
        /// The process that holds it, as far as is known.
        holder: Option<String>,
    },
}

fn in_parentheses(holder: Option<&str>) -> String {
    holder.map(|pid| format!(" (process {pid})")).unwrap_or_default()
}

/// Reads what a log directory says about itself. `None`: it was never formatted, or formatting did not end.
///
/// # Errors
/// Whatever makes the directory unusable; see [`FormatError`].
pub async fn read(core: &Core, directory: &Path) -> Result<Option<Format>, FormatError> {
    let meta_path = directory.join(META_FILE);
    let meta = read_properties(core, &meta_path).await?;
    let own = read_own(core, directory).await?;
    match (own, meta) {
        (None, None) | (Some(_), None) => Ok(None),
        (None, Some(_)) => Err(FormatError::Foreign { directory: directory.to_path_buf() }),
        (Some((version, own_id)), Some(meta)) => {
            let meta = Properties { path: meta_path, values: meta };
            meta.expect("version", META_VERSION)?;
            meta.expect("directory.id", &own_id.to_string())?;
            let cluster_id = meta.get("cluster.id", "the cluster's id")?.to_owned();
            let node_id = meta.number("node.id")?;
            Ok(Some(Format { cluster_id, node_id, directory_id: own_id, version }))
        }
    }
}

/// Reads a log directory's format; formats it if it has none, for this node of this cluster (a random one if `None`).
///
/// # Errors
/// As for [`read`], and [`FormatError::Setting`] when it belongs to another node or cluster.
pub async fn read_or_format(
    core: &Core,
    directory: &Path,
    cluster_id: Option<&str>,
    node_id: BrokerId,
) -> Result<Format, FormatError> {
    let format = match read(core, directory).await? {
        Some(format) if format.version < FORMAT_VERSION => upgrade(core, directory, format).await?,
        Some(format) => format,
        None => create(core, directory, cluster_id, node_id).await?,
    };
    let differs = |key, found: String, expected: String| FormatError::Setting {
        path: directory.join(META_FILE),
        key,
        found,
        expected,
    };
    if let Some(cluster_id) = cluster_id.filter(|cluster_id| *cluster_id != format.cluster_id) {
        return Err(differs("cluster.id", format.cluster_id, cluster_id.to_owned()));
    }
    if node_id != format.node_id {
        return Err(differs("node.id", format.node_id.to_string(), node_id.to_string()));
    }
    Ok(format)
}

async fn create(
    core: &Core,
    directory: &Path,
    cluster_id: Option<&str>,
    node_id: BrokerId,
) -> Result<Format, FormatError> {
    // An earlier attempt may have come as far as the first file: its id stays.
    let directory_id = match read_own(core, directory).await? {
        Some((_, directory_id)) => directory_id,
        None => DirectoryId(random_id(core)),
    };
    let cluster_id = cluster_id.map_or_else(|| TopicId(random_id(core)).to_string(), str::to_owned);
    write_own(core, directory, directory_id).await?;
    let mut meta = String::from("#\n");
    let values = [
        ("cluster.id", cluster_id.clone()),
        ("directory.id", directory_id.to_string()),
        ("node.id", node_id.to_string()),
        ("version", META_VERSION.to_owned()),
    ];
    append_properties(&mut meta, &values);
    replace(core, &directory.join(META_FILE), meta).await?;
    Ok(Format { cluster_id, node_id, directory_id, version: FORMAT_VERSION })
}

/// Says that older programs are not to touch the directory any more, before anything is written that they misread.
async fn upgrade(core: &Core, directory: &Path, format: Format) -> Result<Format, FormatError> {
    write_own(core, directory, format.directory_id).await?;
    Ok(Format { version: FORMAT_VERSION, ..format })
}

async fn write_own(core: &Core, directory: &Path, id: DirectoryId) -> Result<(), FormatError> {
    let mut own = String::from("# A log directory of Millrace. Not to be edited.\n");
    let values = [
        ("version", FORMAT_VERSION.to_string()),
        ("oldest.reader", OLDEST_READER.to_string()),
        ("block.bytes", BLOCK_BYTES.to_string()),
        ("directory.id", id.to_string()),
    ];
    append_properties(&mut own, &values);
    replace(core, &directory.join(FORMAT_FILE), own).await
}

/// The version and the directory's id from Millrace's own file.
async fn read_own(core: &Core, directory: &Path) -> Result<Option<(u32, DirectoryId)>, FormatError> {
    let path = directory.join(FORMAT_FILE);
    let Some(values) = read_properties(core, &path).await? else { return Ok(None) };
    let own = Properties { path, values };
    let (version, oldest_reader) = (own.number("version")?, own.number("oldest.reader")?);
    if oldest_reader > FORMAT_VERSION {
        return Err(FormatError::Newer { directory: directory.to_path_buf(), version, oldest_reader });
    }
    own.expect("block.bytes", &BLOCK_BYTES.to_string())?;
    let id = own.get("directory.id", "an id in base64")?;
    let id: Result<TopicId, UuidError> = id.parse();
    let id = id.map_err(|error| own.wrong("directory.id", &format!("an id in base64 ({error})")))?;
    Ok(Some((version, DirectoryId(id.0))))
}

/// The only broker on a log directory. The lock goes with its holder, however that ends.
#[derive(Debug)]
pub struct DirectoryLock {
    _file: File,
}

/// Takes a log directory for this process, whose number is `pid`.
///
/// # Errors
/// [`FormatError::InUse`] when another broker has it.
pub async fn lock(core: &Core, directory: &Path, pid: u32) -> Result<DirectoryLock, FormatError> {
    let path = directory.join(LOCK_FILE);
    let file = core.open(&path, OpenOptions::read_write()).await.map_err(failed("open", &path))?;
    if !file.try_lock(core).await.map_err(failed("lock", &path))? {
        let text = read_text(core, &path, &file).await?;
        let holder = Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        return Err(FormatError::InUse { directory: directory.to_path_buf(), holder });
    }
    // For people only: a full disk keeps nobody from starting.
    if let Err(error) = write_holder(core, &file, pid).await {
        tracing::warn!(path = %path.display(), %error, "who has the log directory is not written down");
    }
    Ok(DirectoryLock { _file: file })
}

async fn write_holder(core: &Core, file: &File, pid: u32) -> io::Result<()> {
    let text = format!("{pid}\n");
    // From nothing: power loss may have left a sector that cannot be read, and so not be written in part.
    file.truncate(core, 0).await?;
    file.write_at(core, vec![Bytes::from(text.into_bytes())], 0, Durability::Deferred).await
}

struct Properties {
    path: PathBuf,
    values: BTreeMap<String, String>,
}

impl Properties {
    fn get(&self, key: &'static str, expected: &str) -> Result<&str, FormatError> {
        self.values.get(key).map(String::as_str).ok_or_else(|| self.wrong(key, expected))
    }

    fn number<T: FromStr<Err = ParseIntError>>(&self, key: &'static str) -> Result<T, FormatError> {
        let text = self.get(key, "a number")?;
        text.parse().map_err(|error| self.wrong(key, &format!("a number ({error})")))
    }

    fn expect(&self, key: &'static str, expected: &str) -> Result<(), FormatError> {
        if self.get(key, expected)? == expected { Ok(()) } else { Err(self.wrong(key, expected)) }
    }

    fn wrong(&self, key: &'static str, expected: &str) -> FormatError {
        let found = self.values.get(key).cloned().unwrap_or_else(|| "missing".to_owned());
        FormatError::Setting { path: self.path.clone(), key, found, expected: expected.to_owned() }
    }
}

fn append_properties(text: &mut String, values: &[(&str, String)]) {
    for (key, value) in values {
        text.push_str(&format!("{key}={value}\n"));
    }
}

/// Reads a file of Java properties, as far as Kafka uses them: `key=value` lines, comments, backslashes before marks.
async fn read_properties(core: &Core, path: &Path) -> Result<Option<BTreeMap<String, String>>, FormatError> {
    let file = match core.open(path, OpenOptions::read()).await {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("open", path)(error)),
    };
    let text = read_text(core, path, &file).await?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with(['#', '!']));
    let pairs = lines.map(|line| {
        let (key, value) = line.split_once('=').unwrap_or((line, ""));
        (key.trim().replace('\\', ""), value.trim().replace('\\', ""))
    });
    Ok(Some(pairs.collect()))
}

async fn read_text(core: &Core, path: &Path, file: &File) -> Result<String, FormatError> {
    let buffer = core.buffers().alloc_wait(FILE_BYTES_MAX).await;
    let (count, buffer) = file.read_at(core, buffer, 0).await;
    count.map_err(failed("read", path))?;
    Ok(String::from_utf8_lossy(&buffer).into_owned())
}

/// Writes a file as a whole, durably: there is the old one, or none, or this one.
async fn replace(core: &Core, path: &Path, text: String) -> Result<(), FormatError> {
    let mut new = path.as_os_str().to_owned();
    new.push(NEW_SUFFIX);
    let new = PathBuf::from(new);
    let options = OpenOptions { truncate: true, ..OpenOptions::read_write() };
    let file = core.open(&new, options).await.map_err(failed("create", &new))?;
    let parts = vec![Bytes::from(text.into_bytes())];
    file.write_at(core, parts, 0, Durability::Deferred).await.map_err(failed("write", &new))?;
    file.sync(core).await.map_err(failed("sync", &new))?;
    core.rename(&new, path).await.map_err(failed("rename", &new))?;
    let directory = path.parent().unwrap_or(Path::new("/"));
    core.sync_dir(directory).await.map_err(failed("sync", directory))
}

/// A version 4 UUID: it is never one of the ids that Kafka reserves.
fn random_id(core: &Core) -> [u8; 16] {
    let value = (u128::from(core.random_u64()) << 64) | u128::from(core.random_u64());
    let version = 0x4_u128 << 76;
    let variant = 0b10_u128 << 62;
    ((value & !(0xf_u128 << 76) & !(0b11_u128 << 62)) | version | variant).to_be_bytes()
}

fn failed(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FormatError {
    let path = path.to_path_buf();
    move |source| FormatError::Io { what, path, source }
}

#[cfg(test)]
mod tests {
    use millrace_runtime::sim::{Disk, Stop, run};

    use super::*;

    const CLUSTER: &str = "MkU3OEVBNTcwNTJENDM2Qk";

    fn on<T: 'static>(disk: &Disk, stop: Stop, main: impl AsyncFnOnce(&Core, &Path) -> T + 'static) -> Option<T> {
        run(1, disk, stop, async move |core: Core| main(&core, Path::new("/")).await).output
    }

    fn format_it(disk: &Disk, cluster_id: Option<&'static str>, node_id: BrokerId) -> Result<Format, FormatError> {
        on(disk, Stop::Never, async move |core, path| read_or_format(core, path, cluster_id, node_id).await).unwrap()
    }

    #[test]
    fn a_directory_keeps_the_identity_it_was_given() {
        let disk = Disk::new(1);
        let format = format_it(&disk, Some(CLUSTER), 5).unwrap();
        disk.power_loss_keeping_only_durable();
        assert_eq!(format_it(&disk, None, 5).unwrap(), format);
        assert_eq!((format.cluster_id.as_str(), format.node_id, format.version), (CLUSTER, 5, FORMAT_VERSION));
        let text = String::from_utf8(disk.read_file(Path::new("/meta.properties")).unwrap()).unwrap();
        let id = format.directory_id;
        assert_eq!(text, format!("#\ncluster.id={CLUSTER}\ndirectory.id={id}\nnode.id=5\nversion=1\n"));
    }

    #[test]
    fn ids_are_of_version_4_and_all_their_other_bits_vary() {
        let ids = on(&Disk::new(1), Stop::Never, async |core, _| [(); 300].map(|()| random_id(core))).unwrap();
        let ids = ids.map(u128::from_be_bytes);
        let (always, ever) = ids.iter().fold((u128::MAX, 0), |(always, ever), id| (always & id, ever | id));
        // RFC 9562: the version in bits 48 to 51, the variant 10 in bits 64 and 65, counted from the first.
        let fixed = u128::from_be_bytes(*b"\0\0\0\0\0\0\xf0\0\xc0\0\0\0\0\0\0\0");
        assert_eq!(always, 0x4_u128 << 76 | 0b10_u128 << 62);
        assert_eq!(ever & fixed, always);
        assert_eq!(ever | fixed, u128::MAX);
    }

    #[test]
    fn another_node_or_cluster_is_refused() {
        let disk = Disk::new(1);
        format_it(&disk, Some(CLUSTER), 5).unwrap();
        let error = format_it(&disk, Some(CLUSTER), 6).unwrap_err();
        assert_eq!(error.to_string(), "/meta.properties: node.id is 5; expected 6");
        let error = format_it(&disk, Some("other"), 5).unwrap_err();
        assert!(error.to_string().contains("cluster.id"), "{error}");
    }

    #[test]
    fn kafkas_own_file_is_read_but_kafkas_directory_is_refused() {
        let disk = Disk::new(1);
        let id = format_it(&disk, Some(CLUSTER), 1).unwrap().directory_id;
        // As Kafka 4.3 writes it.
        let text = format!(
            "#\n#Sat Nov 21 04:00:00 UTC 2026\ncluster.id={CLUSTER}\ndirectory.id={id}\nnode.id=1\nversion=1\n"
        );
        disk.write_file(Path::new("/meta.properties"), text.as_bytes()).unwrap();
        assert_eq!(format_it(&disk, Some(CLUSTER), 1).unwrap().directory_id, id);
        let other = Disk::new(2);
        other.write_file(Path::new("/meta.properties"), text.as_bytes()).unwrap();
        assert!(matches!(format_it(&other, None, 1), Err(FormatError::Foreign { .. })));
    }

    #[test]
    fn a_directory_that_was_laid_out_otherwise_or_has_another_ones_file_is_refused() {
        for (file, line, other, message) in [
            ("/format", "block.bytes=4096", "block.bytes=512", "block.bytes is 512; expected 4096"),
            ("/meta.properties", "version=1", "version=2", "version is 2; expected 1"),
            ("/meta.properties", "directory.id=", "directory.id=A", "directory.id is A"),
        ] {
            let disk = Disk::new(1);
            format_it(&disk, Some(CLUSTER), 5).unwrap();
            let text = String::from_utf8(disk.read_file(Path::new(file)).unwrap()).unwrap();
            assert!(text.contains(line), "{text}");
            disk.write_file(Path::new(file), text.replace(line, other).as_bytes()).unwrap();
            let error = format_it(&disk, Some(CLUSTER), 5).unwrap_err().to_string();
            assert!(error.contains(file) && error.contains(message), "{error}");
        }
    }

    #[test]
    fn a_file_that_cannot_be_opened_is_not_taken_for_none_and_what_an_earlier_attempt_left_for_nothing() {
        let disk = Disk::new(1);
        on(&disk, Stop::Never, async |core, _| core.create_dir_all(Path::new("/format")).await.unwrap()).unwrap();
        assert!(matches!(format_it(&disk, None, 1), Err(FormatError::Io { what: "open", .. })));
        let [fresh, tried] = [false, true].map(|was_tried| {
            let disk = Disk::new(1);
            for file in ["/format.new", "/meta.properties.new"].into_iter().filter(|_| was_tried) {
                disk.write_file(Path::new(file), &[b'x'; 2_000]).unwrap();
            }
            format_it(&disk, Some(CLUSTER), 1).unwrap();
            ["/format", "/meta.properties"].map(|file| disk.read_file(Path::new(file)).unwrap().len())
        });
        assert_eq!(fresh, tried);
    }

    #[test]
    fn a_newer_format_is_refused_unless_it_can_be_read() {
        let disk = Disk::new(1);
        format_it(&disk, None, 1).unwrap();
        let path = Path::new("/format");
        let text = String::from_utf8(disk.read_file(path).unwrap()).unwrap();
        let newer = text.replace("\nversion=3", "\nversion=7");
        disk.write_file(path, newer.as_bytes()).unwrap();
        assert_eq!(format_it(&disk, None, 1).unwrap().version, 7);
        disk.write_file(path, newer.replace("oldest.reader=3", "oldest.reader=6").as_bytes()).unwrap();
        let error = format_it(&disk, None, 1).unwrap_err().to_string();
        assert!(error.contains("format version 7") && error.contains("start a newer Millrace"), "{error}");
    }

    #[test]
    fn a_directory_of_a_format_before_is_taken_over() {
        let disk = Disk::new(1);
        let format = format_it(&disk, None, 1).unwrap();
        let path = Path::new("/format");
        let text = String::from_utf8(disk.read_file(path).unwrap()).unwrap();
        for before in [1, 2] {
            let older = text.replace("\nversion=3", &format!("\nversion={before}"));
            let older = older.replace("oldest.reader=3", &format!("oldest.reader={before}"));
            disk.write_file(path, older.as_bytes()).unwrap();
            assert_eq!(format_it(&disk, None, 1).unwrap(), format);
            assert_eq!(disk.read_file(path).unwrap(), text.as_bytes(), "older programs refuse it from now on");
        }
    }

    #[test]
    fn a_full_disk_keeps_nobody_from_taking_the_directory() {
        let disk = Disk::new(1);
        disk.fill();
        on(&disk, Stop::Never, async |core, root| lock(core, root, 7).await.map(drop)).unwrap().unwrap();
        disk.set_capacity_bytes(None);
        on(&disk, Stop::Never, async |core, root| lock(core, root, 8).await.map(drop)).unwrap().unwrap();
        assert_eq!(disk.read_file(Path::new("/.lock")).unwrap(), b"8\n");
    }

    #[test]
    fn formatting_that_was_cut_short_is_finished_at_the_next_start() {
        for ops in 1..30 {
            let disk = Disk::new(ops);
            on(&disk, Stop::AfterDiskOps(ops), async |core, path| read_or_format(core, path, None, 1).await.unwrap());
            disk.power_loss();
            let format = format_it(&disk, None, 1).unwrap();
            assert_eq!(format_it(&disk, None, 1).unwrap(), format, "ops {ops}");
        }
    }

    #[test]
    fn a_second_broker_is_refused_by_the_first_ones_number() {
        let disk = Disk::new(1);
        on(&disk, Stop::Never, async |core, path| {
            let first = lock(core, path, 4_711).await.unwrap();
            let error = lock(core, path, 4_712).await.unwrap_err();
            assert_eq!(error.to_string(), "/ is in use by another broker (process 4711)");
            drop(first);
            // The lock goes with its file, at the host's next look.
            core.sleep(std::time::Duration::from_millis(1)).await;
            lock(core, path, 4_712).await.unwrap();
        });
    }
}
