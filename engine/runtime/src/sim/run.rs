//! The short forms: one task on one simulated core, and crash points on a disk that survives.

use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use super::disk::Disk;
use super::host::Power;
use super::options::SimOptions;
use super::world::World;
use crate::core::Core;
use crate::mailbox::Mailbox;

/// When a run ends, if its task has not ended before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Only with its task.
    Never,
    /// At this time after the beginning.
    At(Duration),
    /// When this many file operations have ended, and their consequences have been drawn: other operations are under
    /// way.
    AfterDiskOps(u64),
}

/// What a run came to.
#[derive(Clone, Copy, Debug)]
pub struct Run<T> {
    /// What the task gave; `None` when the run was stopped before.
    pub output: Option<T>,
    /// How many file operations have ended.
    pub disk_ops: u64,
    /// How long it took, in the world's time.
    pub elapsed: Duration,
    /// The fingerprint of everything that happened.
    pub trace_hash: u64,
}

/// Runs `main` on one simulated core over `disk`, until it ends or the run is stopped. Operations on files that were
/// then under way are decided by what comes next: [`Disk::power_loss`], [`Disk::kill`], or another run (which kills).
///
/// # Panics
/// When `main` waits for something that can never happen.
pub fn run<T, F, Fut>(seed: u64, disk: &Disk, stop: Stop, main: F) -> Run<T>
where
    T: 'static,
    F: FnOnce(Core) -> Fut + 'static,
    Fut: Future<Output = T> + 'static,
{
    run_with(seed, SimOptions::default(), disk, stop, main)
}

/// As [`run`], in a world with the given properties.
///
/// # Panics
/// When `main` waits for something that can never happen.
pub fn run_with<T, F, Fut>(seed: u64, options: SimOptions, disk: &Disk, stop: Stop, main: F) -> Run<T>
where
    T: 'static,
    F: FnOnce(Core) -> Fut + 'static,
    Fut: Future<Output = T> + 'static,
{
    let mut world = World::new(seed, options);
    let output = Rc::new(RefCell::new(None));
    let main = Rc::new(RefCell::new(Some(main)));
    let filled = output.clone();
    let host = world.add_host_with_disk("host", 1, disk, move |core: Core, _: Mailbox<()>| {
        let (main, filled) = (main.borrow_mut().take(), filled.clone());
        async move {
            let Some(main) = main else { return };
            let given = main(core).await;
            *filled.borrow_mut() = Some(given);
        }
    });
    match stop {
        Stop::Never => world.run(),
        Stop::At(time) => {
            world.run_until(time, |world| !world.is_running(host));
        }
        Stop::AfterDiskOps(count) => {
            while world.is_running(host) && world.disk_ops_done() < count && world.step() {}
            if world.is_running(host) {
                world.settle();
            }
        }
    }
    if world.is_running(host) && world.is_idle() {
        panic!("seed {seed}: the task waits for something that can never happen ({:?} into the run)", world.now());
    }
    let (disk_ops, elapsed, trace_hash) = (world.disk_ops_done(), world.now(), world.trace_hash());
    world.stop_all(Power::Killed);
    let output = output.borrow_mut().take();
    Run { output, disk_ops, elapsed, trace_hash }
}

/// Runs `main` on one simulated core with an empty disk, to its end.
///
/// # Panics
/// When `main` waits for something that can never happen.
pub fn block_on<T, F, Fut>(seed: u64, main: F) -> T
where
    T: 'static,
    F: FnOnce(Core) -> Fut + 'static,
    Fut: Future<Output = T> + 'static,
{
    match run(seed, &Disk::new(seed), Stop::Never, main).output {
        Some(output) => output,
        None => panic!("seed {seed}: the task was stopped"),
    }
}
