//! The host that waits in glommio's executor. Tasks, timers and operations are those of `uring`: the kernel tells by
//! the core's eventfd that the ring has something, others wake the core by it, and glommio's reactor reads it.
#![allow(unsafe_code, reason = "glommio takes a descriptor by its number")]

use std::future::poll_fn;
use std::io;
use std::os::fd::{AsFd, FromRawFd, IntoRawFd, OwnedFd};
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use ::glommio::io::BufferedFile;
use ::glommio::timer::sleep;
use ::glommio::{LocalExecutor, LocalExecutorBuilder, Placement};
use nix::sys::eventfd::EventFd;

use crate::core::Core;
use crate::uring::Uring;

/// Memory that glommio registers with its own ring, in bytes: it does no I/O here but for one number.
const IO_MEMORY_BYTES: usize = 64 * 1024;
/// An eventfd's count, in bytes.
const COUNT_BYTES: usize = size_of::<u64>();

/// glommio's executor, for one core. Made and driven on that core's thread.
pub(crate) struct Glommio {
    executor: LocalExecutor,
    uring: Rc<Uring>,
    /// Counts what has happened: written by the kernel when the ring has something, and by who wakes the core.
    eventfd: EventFd,
}

impl Glommio {
    /// The thread's placement stays as it is.
    pub(crate) fn new(uring: Rc<Uring>) -> io::Result<Glommio> {
        // SAFETY: the descriptor is one of an eventfd.
        let eventfd = unsafe { EventFd::from_owned_fd(uring.eventfd()?) };
        let builder = LocalExecutorBuilder::new(Placement::Unbound).io_memory(IO_MEMORY_BYTES);
        let executor = builder.make().map_err(|error| io::Error::other(error.to_string()))?;
        Ok(Glommio { executor, uring, eventfd })
    }

    /// Runs the core until it is over.
    ///
    /// # Panics
    /// When the eventfd cannot be read: the core would sleep for ever.
    pub(crate) fn drive(&self, core: &Core, mut is_over: impl FnMut() -> bool) {
        self.executor.run(async {
            let counter = self.counter();
            self.drive_by(&counter, core, &mut is_over).await;
            if let Err(error) = counter.close().await {
                tracing::error!(%error, "a descriptor could not be closed");
            }
        });
    }

    async fn drive_by(&self, counter: &BufferedFile, core: &Core, is_over: &mut impl FnMut() -> bool) {
        let mut reading: Option<Pin<Box<dyn Future<Output = ()> + '_>>> = None;
        while !is_over() {
            core.turn_or_await(async |deadline| {
                if !self.uring.begin_wait() {
                    return;
                }
                let read = reading.get_or_insert_with(|| Box::pin(read(counter)));
                let mut timer = deadline.map(|deadline| Box::pin(sleep(deadline - core.now())));
                let has_ended = poll_fn(|context| {
                    if read.as_mut().poll(context).is_ready() {
                        return Poll::Ready(true);
                    }
                    match timer.as_mut().map(|timer| timer.as_mut().poll(context)) {
                        Some(Poll::Ready(())) => Poll::Ready(false),
                        Some(Poll::Pending) | None => Poll::Pending,
                    }
                })
                .await;
                if has_ended {
                    reading = None;
                }
                self.uring.end_wait();
            })
            .await;
        }
        if let Some(read) = reading {
            // It would outlive the executor.
            self.add_one();
            read.await;
        }
    }

    fn counter(&self) -> BufferedFile {
        match self.eventfd.as_fd().try_clone_to_owned().map(OwnedFd::into_raw_fd) {
            // SAFETY: the descriptor is ours, and nobody else's from here on.
            Ok(fd) => unsafe { BufferedFile::from_raw_fd(fd) },
            Err(error) => panic!("an eventfd could not be duplicated: {error}"),
        }
    }

    fn add_one(&self) {
        if let Err(error) = self.eventfd.write(1) {
            panic!("a core could not be woken: {error}");
        }
    }
}

async fn read(counter: &BufferedFile) {
    if let Err(error) = counter.read_at(0, COUNT_BYTES).await {
        panic!("a core's eventfd could not be read: {error}");
    }
}
