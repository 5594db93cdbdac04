//! Ends what runs when the person at the terminal asks for it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use nix::sys::signal::{SigSet, Signal};

use crate::error::LoadError;
use crate::plan::Shared;

/// What a second request ends the process with: as a shell reports SIGINT.
const IMPATIENT_CODE: i32 = 130;

/// Knows whether the end was asked for, and tells what runs.
#[derive(Debug, Default)]
pub struct Stopper {
    is_stopped: AtomicBool,
    current: Mutex<Option<Arc<Shared>>>,
}

impl Stopper {
    /// From now on the first SIGINT or SIGTERM ends what runs, so that it can be reported; a second one the process.
    /// For the thread that starts all others.
    ///
    /// # Errors
    /// [`LoadError::File`] when signals cannot be blocked or a thread not be started.
    pub fn install() -> Result<Arc<Stopper>, LoadError> {
        let mut signals = SigSet::empty();
        signals.add(Signal::SIGINT);
        signals.add(Signal::SIGTERM);
        let failed = LoadError::file("waiting for signals");
        signals.thread_block().map_err(std::io::Error::from).map_err(failed)?;
        let stopper = Arc::new(Stopper::default());
        let told = stopper.clone();
        let wait = move || {
            while signals.wait().is_ok() {
                if told.is_stopped.load(Ordering::SeqCst) {
                    std::process::exit(IMPATIENT_CODE);
                }
                told.stop();
            }
        };
        let named = thread::Builder::new().name("signals".to_owned());
        named.spawn(wait).map_err(LoadError::file("a thread for signals"))?;
        Ok(stopper)
    }

    pub(crate) fn stop(&self) {
        self.is_stopped.store(true, Ordering::SeqCst);
        if let Some(running) = &*self.current.lock().unwrap_or_else(PoisonError::into_inner) {
            running.stop();
        }
    }

    /// Whether the end was asked for.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::SeqCst)
    }

    /// This is what runs now.
    pub(crate) fn watch(&self, shared: &Arc<Shared>) {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(shared.clone());
        if self.is_stopped() {
            shared.stop();
        }
    }
}
