//! Starting cores: threads, pinning, rings.
#![allow(clippy::print_stderr, reason = "a dying process says why")]

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;

use millrace_base::broker_config::{Host, NetworkSwitches};
use millrace_base::ids::CoreId;
use nix::sys::signal::{SigSet, Signal};

use super::parker::Parkers;
use super::{Uring, ring};
use crate::core::Core;
use crate::glommio::Glommio;
use crate::mailbox::{Mailbox, Mesh};
use crate::reactor::Reactor;
use crate::recorder::{Recorder, Recording};

/// How a host is started.
#[derive(Clone, Debug)]
pub struct HostOptions {
    /// Whose executor the cores' threads wait in.
    pub host: Host,
    /// Ways of the network that are to be used.
    pub network: NetworkSwitches,
    /// One per core: the processor it is pinned to, or `None` to let it float.
    pub cores: Vec<Option<usize>>,
    /// The limit of each core's buffer pool, in bytes.
    pub buffers_bytes_per_core: usize,
    /// How many kernel threads each core's ring may use for operations that block, of either kind (files, others).
    pub kernel_workers_per_core: u32,
    /// Records what the run does to its disk. For tests.
    pub recording: Option<Arc<Recording>>,
}

impl Default for HostOptions {
    /// One floating core with 64 MiB of buffers and 8 kernel threads.
    fn default() -> HostOptions {
        HostOptions {
            host: Host::Uring,
            network: NetworkSwitches::default(),
            cores: vec![None],
            buffers_bytes_per_core: 64 * 1024 * 1024,
            kernel_workers_per_core: 8,
            recording: None,
        }
    }
}

impl HostOptions {
    /// The processors of all cores' threads.
    pub(super) fn cpus(&self) -> Vec<usize> {
        // When one core floats, the kernel's threads do.
        self.cores.iter().copied().collect::<Option<Vec<_>>>().unwrap_or_default()
    }
}

/// A host could not be started.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// io_uring, or what it needs.
    #[error("core {core}: io_uring could not be set up ({source}); see the start checks for what this host offers")]
    Ring {
        /// The core's number.
        core: u16,
        /// Why.
        source: io::Error,
    },
    /// glommio's executor, or what it needs.
    #[error("core {core}: glommio could not be set up ({source}); start with --host uring, or raise its limits")]
    Glommio {
        /// The core's number.
        core: u16,
        /// Why.
        source: io::Error,
    },
    /// A processor that is not there, or not allowed.
    #[error("core {core}: cannot be pinned to processor {cpu}: {source}")]
    Pin {
        /// The core's number.
        core: u16,
        /// The processor.
        cpu: usize,
        /// Why.
        source: io::Error,
    },
    /// Threads, signals or event descriptors.
    #[error("the host's threads could not be set up: {0}")]
    Threads(#[from] io::Error),
    /// No core was asked for, or more than can be numbered.
    #[error("a host has between 1 and 65536 cores, not {0}")]
    Cores(usize),
}

/// Runs `main` on every core, each on a thread of its own; gives back when all have ended. Tasks and messages of a core
/// go on until then. SIGTERM and SIGINT are blocked in the whole process: [`Core::termination`] tells of them. Call it
/// from the process's only thread. A panic on a core prints its cause and aborts the process.
///
/// # Errors
/// [`HostError`] before any `main` was called.
pub fn run<M, F, Fut>(options: HostOptions, main: F) -> Result<(), HostError>
where
    M: Send + 'static,
    F: Fn(Core, Mailbox<M>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = ()> + 'static,
{
    let count = options.cores.len();
    if count == 0 || count > usize::from(u16::MAX) + 1 {
        return Err(HostError::Cores(count));
    }
    let mut termination = SigSet::empty();
    termination.add(Signal::SIGTERM);
    termination.add(Signal::SIGINT);
    termination.thread_block().map_err(io::Error::from)?;
    let shared = Arc::new(Shared {
        parkers: Parkers::new(count)?,
        mesh: Mesh::new(count),
        ready: Barrier::new(count),
        failure: Mutex::new(None),
        running: AtomicUsize::new(count),
        options,
        main,
    });
    let mut threads = Vec::new();
    for id in 0..count {
        let shared = shared.clone();
        let body = move || {
            if catch_unwind(AssertUnwindSafe(|| shared.core_thread(CoreId(id as u16)))).is_err() {
                eprintln!("fatal: core {id} panicked");
                std::process::abort();
            }
        };
        match thread::Builder::new().name(format!("core-{id}")).spawn(body) {
            Ok(thread) => threads.push(thread),
            // The cores that were started wait for those that were not.
            Err(error) if id > 0 => panic!("core {id}: no thread: {error}"),
            Err(error) => return Err(error.into()),
        }
    }
    for thread in threads {
        assert!(thread.join().is_ok(), "a core's thread ends normally or takes the process with it");
    }
    let failure = shared.failure.lock().unwrap_or_else(PoisonError::into_inner).take();
    failure.map_or(Ok(()), Err)
}

struct Shared<M, F> {
    parkers: Parkers,
    mesh: Mesh<M>,
    ready: Barrier,
    failure: Mutex<Option<HostError>>,
    /// How many cores' `main` have not ended.
    running: AtomicUsize,
    options: HostOptions,
    main: F,
}

impl<M, F, Fut> Shared<M, F>
where
    M: Send + 'static,
    F: Fn(Core, Mailbox<M>) -> Fut,
    Fut: Future<Output = ()> + 'static,
{
    fn core_thread(&self, id: CoreId) {
        let ready = self.set_up(id);
        if let Err(error) = &ready {
            tracing::error!(core = id.0, %error, "a core could not be set up");
        }
        let ready = match ready {
            Ok(ready) => Some(ready),
            Err(error) => {
                *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                None
            }
        };
        self.ready.wait();
        let failed = self.failure.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        let Some((core, glommio)) = ready.filter(|_| !failed) else { return };
        let main = core.spawn_join((self.main)(core.clone(), self.mesh.mailbox(&core)));
        let mut main = Some(main);
        let mut is_over = || {
            if main.as_ref().is_some_and(|main| main.try_take().is_some()) {
                main = None;
                if self.running.fetch_sub(1, Ordering::SeqCst) == 1 {
                    self.parkers.wake_all();
                }
            }
            self.running.load(Ordering::SeqCst) == 0
        };
        match glommio {
            Some(glommio) => glommio.drive(&core, is_over),
            None => {
                while !is_over() {
                    core.turn_or_park();
                }
            }
        }
        core.halt();
    }

    fn set_up(&self, id: CoreId) -> Result<(Core, Option<Glommio>), HostError> {
        let options = &self.options;
        if let Some(cpu) = options.cores.get(usize::from(id.0)).copied().flatten() {
            ring::pin(cpu).map_err(|source| HostError::Pin { core: id.0, cpu, source })?;
        }
        let uring = make_ring(id, options, &self.parkers)?;
        let glommio = match options.host {
            Host::Uring => None,
            Host::Glommio => {
                Some(Glommio::new(Rc::clone(&uring)).map_err(|source| HostError::Glommio { core: id.0, source })?)
            }
        };
        Ok((make_core(id, options, uring), glommio))
    }
}

fn make_ring(id: CoreId, options: &HostOptions, parkers: &Parkers) -> Result<Rc<Uring>, HostError> {
    let uring = Uring::new(id, parkers.clone(), options);
    uring.map(Rc::new).map_err(|source| HostError::Ring { core: id.0, source })
}

fn make_core(id: CoreId, options: &HostOptions, uring: Rc<Uring>) -> Core {
    let reactor: Rc<dyn Reactor> = match &options.recording {
        None => uring,
        Some(recording) => Rc::new(Recorder::new(uring, id, recording.clone())),
    };
    Core::new(id, options.cores.len(), reactor, options.buffers_bytes_per_core)
}

/// Runs `main` on one core, on the calling thread. For tests and tools.
///
/// # Panics
/// When io_uring cannot be set up.
pub fn block_on<T>(main: impl AsyncFnOnce(Core) -> T) -> T {
    match block_on_with(&HostOptions::default(), main) {
        Ok(output) => output,
        Err(error) => panic!("{error}"),
    }
}

/// Runs `main` on one core, on the calling thread, without glommio; of `options.cores` only the first counts, and is
/// not pinned.
///
/// # Errors
/// [`HostError`] before `main` was called.
pub fn block_on_with<T>(options: &HostOptions, main: impl AsyncFnOnce(Core) -> T) -> Result<T, HostError> {
    let options = HostOptions { host: Host::Uring, cores: vec![None], ..options.clone() };
    let parkers = Parkers::new(1)?;
    let core = make_core(CoreId(0), &options, make_ring(CoreId(0), &options, &parkers)?);
    let _halt = HaltOnDrop(&core);
    let root = Root::new(&core);
    let mut main = pin!(main(core.clone()));
    loop {
        if let Some(waker) = root.woken()
            && let Poll::Ready(output) = main.as_mut().poll(&mut Context::from_waker(&waker))
        {
            return Ok(output);
        }
        core.turn_or_park();
    }
}

struct HaltOnDrop<'a>(&'a Core);

impl Drop for HaltOnDrop<'_> {
    fn drop(&mut self) {
        self.0.halt();
    }
}

/// Lets a future that is not a task be woken like one: a task that only notes that it was woken stands for it.
struct Root {
    woken: Rc<Cell<bool>>,
    waker: Rc<RefCell<Option<Waker>>>,
}

impl Root {
    fn new(core: &Core) -> Root {
        let root = Root { woken: Rc::new(Cell::new(false)), waker: Rc::default() };
        let (woken, waker) = (root.woken.clone(), root.waker.clone());
        core.spawn(poll_fn(move |context| {
            woken.set(true);
            *waker.borrow_mut() = Some(context.waker().clone());
            Poll::Pending
        }));
        root
    }

    /// The waker, if it was woken since the last call.
    fn woken(&self) -> Option<Waker> {
        if self.woken.take() { self.waker.borrow().clone() } else { None }
    }
}
