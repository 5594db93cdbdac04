//! The ring's later files: written in the background, one after the other, while the first ones already serve.

use std::rc::Rc;

use super::error::JournalError;
use super::files::{create_zeroed, records_path, sync_directory};
use super::options::FIRST_FILES;
use super::shared::Shared;
use super::superblock::FileState;

/// Adds files until there are as many as configured, the journal stops, or it fails.
///
/// Where there is no space the ring stays as it is, and the next attempt is made a while later.
pub(super) async fn grow(shared: Rc<Shared>) {
    let wanted = FIRST_FILES + shared.options.files_added;
    loop {
        let number = shared.state().files.len();
        if number >= wanted || !is_wanted(&shared) {
            return;
        }
        shared.state_mut().is_growing = true;
        let added = add(&shared, number).await;
        shared.state_mut().is_growing = false;
        shared.work.notify_all();
        shared.changed.notify_all();
        match added {
            Ok(()) => {}
            Err(JournalError::Io { source, .. }) if source.kind() == std::io::ErrorKind::StorageFull => {
                tracing::warn!(directory = %shared.directory.display(), "no space for another journal file");
                let path = records_path(&shared.directory, shared.core.id().0, number);
                if let Err(source) = shared.core.remove_file(&path).await {
                    return shared.fail(JournalError::io("remove", &path)(source));
                }
                shared.core.sleep(shared.options.grow_retry).await;
            }
            Err(error) => return shared.fail(error),
        }
    }
}

fn is_wanted(shared: &Shared) -> bool {
    let state = shared.state();
    !state.stopping && state.failed.is_none()
}

async fn add(shared: &Shared, number: usize) -> Result<(), JournalError> {
    let path = records_path(&shared.directory, shared.core.id().0, number);
    let bytes = shared.options.file_bytes;
    let created = create_zeroed(&shared.core, &shared.pool, &path, bytes as usize, || is_wanted(shared)).await?;
    let Some(file) = created else { return Ok(()) };
    sync_directory(&shared.core, &shared.directory).await?;
    let list = |superblock: &mut super::superblock::Superblock| {
        if let Some(state) = superblock.files.get_mut(number) {
            *state = FileState { bytes, entered: 0 };
        }
    };
    shared.change_superblock(list).await?;
    let mut state = shared.state_mut();
    let joined = state.ring.join(bytes);
    assert!(joined == number, "ring file {number} joined as {joined}");
    state.files.push(file);
    Ok(())
}
