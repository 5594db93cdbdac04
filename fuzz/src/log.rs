//! Log directories whose files were damaged after a clean stop, a crash or a power loss: the directory opens, or says
//! why not; and what is served of it is what was appended.

mod damage;
mod image;

use std::path::Path;
use std::rc::Rc;

use millrace_log::{CoreLog, LogDirectory, LogError, Partition, ReadLimits};
use millrace_record::batch::{Batch, batches};
use millrace_runtime::Core;
use millrace_runtime::sim::{Stop, run as simulate};

use self::image::{Appended, IMAGES, PARTITIONS, append, index_of, options};
use crate::input::Input;

/// Where the images have their log directory.
const ROOT: &str = "/log";
const NODE: i32 = 1;
/// Offsets that are asked for, from the log's start on.
const OFFSETS_READ_MAX: i64 = 256;
/// Of a batch's bytes, those from here on are under its checksum. Before them lie its base offset, which must be right
/// all the same, its length, and its leader's epoch, which nothing protects in Kafka's format.
const PROTECTED_FROM: usize = 16;

/// Reads which image it is and what is done to it, and lets a broker's log start on it.
///
/// # Panics
/// At a finding.
pub fn run(input: &[u8]) {
    let mut input = Input::new(input);
    IMAGES.with(|images| {
        let Some(image) = images.get(usize::from(input.byte()) % images.len().max(1)) else { return };
        let disk = image.disk.fork(1);
        let rest = damage::apply(&disk, &image.files, &mut input);
        let appended = Rc::clone(&image.appended);
        simulate(1, &disk, Stop::Never, async move |core: Core| {
            rest.apply(&core).await;
            live(&core, &appended, rest.may_lack_checkpoint).await;
        });
    });
}

/// Opens the directory, reads what it has, and appends to it.
async fn live(core: &Core, appended: &[Vec<Appended>; PARTITIONS], may_lack_checkpoint: bool) {
    let Ok((_directory, log, partitions)) = open(core).await else { return };
    for (topic_name, partition) in &partitions {
        // The id, in a file of Kafka's without a checksum, may be another one now.
        let Some(model) = index_of(topic_name).and_then(|index| appended.get(index)) else {
            panic!("{topic_name} was never created")
        };
        let check = if may_lack_checkpoint { check_content } else { check_batch };
        check_served(core, partition, model, check).await;
    }
    for (_, partition) in &partitions {
        // A partition that is offline says so.
        if let Ok(next) = append(partition, 1, 7).await {
            let _offline = partition.wait_durable(next).await;
        }
    }
    let _offline = log.close().await;
}

/// A directory's lock, its log, and its partitions by their topics' names.
type Opened = (LogDirectory, Rc<CoreLog>, Vec<(String, Rc<Partition>)>);

async fn open(core: &Core) -> Result<Opened, LogError> {
    let root = Path::new(ROOT);
    let mut directory = LogDirectory::open(core, root, NODE).await?;
    let log = CoreLog::open(core, root, options(), directory.start).await?;
    let mut partitions = Vec::new();
    for recovered in std::mem::take(&mut directory.partitions) {
        let topic_name = recovered.topic_name().to_owned();
        partitions.push((topic_name, log.adopt(recovered, image::config()).await?));
    }
    Ok((directory, log, partitions))
}

/// Asks for each offset by itself: the answer is an error, or begins with the batch that was appended there.
async fn check_served(core: &Core, partition: &Rc<Partition>, model: &[Appended], check: fn(&Batch<'_>, &[Appended])) {
    let offsets = partition.offsets();
    let first = offsets.log_start.max(0);
    let last = offsets.log_end.min(first.saturating_add(OFFSETS_READ_MAX));
    for offset in (first..last).chain([offsets.log_end - 1]) {
        let limits = ReadLimits { bytes_max: 1, at_least_one_batch: true };
        let Ok(read) = partition.read(offset, limits).await else { continue };
        let mut bytes = Vec::new();
        for part in &read.parts {
            let Ok(part) = part.load(core).await else { return };
            bytes.extend_from_slice(&part);
        }
        for batch in batches(&bytes) {
            match batch {
                Ok(batch) => check(&batch, model),
                Err(error) => panic!("{}: at offset {offset} no batch is served: {error}", partition.id()),
            }
        }
    }
}

fn check_batch(batch: &Batch<'_>, model: &[Appended]) {
    let base = batch.base_offset();
    let Some(appended) = model.iter().find(|appended| appended.base == base) else {
        panic!("a batch is served at offset {base}, where none was appended")
    };
    assert_eq!(batch.bytes().get(PROTECTED_FROM..), appended.bytes.get(PROTECTED_FROM..), "served at offset {base}");
}

/// A batch that was appended, wherever: what its base offset says is bounded by its neighbours and its segment alone.
fn check_content(batch: &Batch<'_>, model: &[Appended]) {
    let content = batch.bytes().get(PROTECTED_FROM..);
    let is_known = model.iter().any(|appended| appended.bytes.get(PROTECTED_FROM..) == content);
    assert!(is_known, "what is served at offset {} was never appended", batch.base_offset());
}

/// Each image as it is; and each with one damage of each kind in each of its files.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    IMAGES.with(|images| {
        let mut seeds = Vec::new();
        for (number, image) in (0_u8..).zip(images.iter()) {
            seeds.push(vec![number]);
            for (file, _) in (0_u8..).zip(&image.files) {
                seeds.extend((0..damage::KINDS).map(|kind| vec![number, kind, file, 0, 0, 16, 100, 4, 1, 2, 3, 4]));
            }
        }
        seeds
    })
}
