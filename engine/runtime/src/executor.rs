//! The executor: tasks of one core, on one thread.
//!
//! Invariants:
//! - A waker is a packed key (executor, generation, index): no reference count, no atomic, no allocation to wake.
//! - A task is in the ready queue at most once; a key whose task has ended wakes nobody.
//! - No borrow is held while a task's future is polled or dropped: tasks may spawn, wake and drop whatever they like.
//! - A waker that is used on another thread than its executor's aborts the process: the task would sleep for ever.
#![allow(unsafe_code, reason = "a RawWaker without a reference count")]

#[cfg(test)]
mod test;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::ptr;
use std::rc::Rc;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};

const INDEX_BITS: u32 = 24;
const GENERATION_BITS: u32 = 16;
const EXECUTOR_BITS: u32 = 24;
const TASKS_MAX: usize = 1 << INDEX_BITS;
const EXECUTORS_MAX: u32 = 1 << EXECUTOR_BITS;
const _: () = assert!(INDEX_BITS + GENERATION_BITS + EXECUTOR_BITS == usize::BITS);

type Task = Pin<Box<dyn Future<Output = ()>>>;

/// Names a task for ever: executor, generation and index in one word.
#[derive(Clone, Copy)]
struct Key {
    executor: u32,
    generation: u16,
    index: usize,
}

impl Key {
    fn pack(self) -> usize {
        ((self.executor as usize) << (GENERATION_BITS + INDEX_BITS))
            | (usize::from(self.generation) << INDEX_BITS)
            | self.index
    }

    fn unpack(word: usize) -> Key {
        Key {
            executor: (word >> (GENERATION_BITS + INDEX_BITS)) as u32,
            generation: (word >> INDEX_BITS) as u16,
            index: word & (TASKS_MAX - 1),
        }
    }
}

static VTABLE: RawWakerVTable =
    RawWakerVTable::new(|data| RawWaker::new(data, &VTABLE), wake_raw, wake_raw, |_nothing_is_owned| {});

fn waker(key: Key) -> Waker {
    // SAFETY: the table's functions treat the data as a plain number, own nothing, and work on any thread.
    unsafe { Waker::from_raw(RawWaker::new(ptr::without_provenance(key.pack()), &VTABLE)) }
}

fn wake_raw(data: *const ()) {
    let key = Key::unpack(data.addr());
    let found = READY.try_with(|table| {
        let table = table.borrow();
        let own = table.iter().find(|(executor, _)| *executor == key.executor);
        own.map(|(_, ready)| ready.push(key)).is_some()
    });
    // Not here: an executor that has ended has nobody to wake; one that lives elsewhere must not be woken from here.
    if found != Ok(true) && lives(key.executor) {
        eprintln!("fatal: a task of executor {} was woken from another thread; use a mailbox", key.executor);
        std::process::abort();
    }
}

thread_local! {
    /// The executors of this thread. One on a real core; as many as there are simulated cores under the simulator.
    static READY: RefCell<Vec<(u32, Rc<Ready>)>> = const { RefCell::new(Vec::new()) };
}

/// The next executor's id, and the ids of those that have not ended, on any thread.
static LIVING: Mutex<(u32, BTreeSet<u32>)> = Mutex::new((0, BTreeSet::new()));

fn lives(executor: u32) -> bool {
    LIVING.lock().unwrap_or_else(PoisonError::into_inner).1.contains(&executor)
}

#[derive(Default)]
struct Slot {
    generation: u16,
    live: bool,
    queued: bool,
}

#[derive(Default)]
struct ReadyState {
    queue: VecDeque<usize>,
    slots: Vec<Slot>,
}

/// The part of an executor that wakers reach.
#[derive(Default)]
struct Ready {
    state: RefCell<ReadyState>,
}

impl Ready {
    fn push(&self, key: Key) {
        let mut state = self.state.borrow_mut();
        let ReadyState { queue, slots } = &mut *state;
        if let Some(slot) = slots.get_mut(key.index)
            && slot.live
            && slot.generation == key.generation
            && !slot.queued
        {
            slot.queued = true;
            queue.push_back(key.index);
        }
    }

    /// Takes the `place`th ready task out of the queue: its key, if it still lives.
    fn take(&self, place: usize) -> Option<Key> {
        let mut state = self.state.borrow_mut();
        let index = state.queue.remove(place)?;
        let slot = state.slots.get_mut(index)?;
        slot.queued = false;
        slot.live.then_some(Key { executor: 0, generation: slot.generation, index })
    }

    fn len(&self) -> usize {
        self.state.borrow().queue.len()
    }
}

/// The tasks of one core.
pub(crate) struct Executor {
    id: u32,
    ready: Rc<Ready>,
    tasks: RefCell<Vec<Option<Task>>>,
    free: RefCell<Vec<usize>>,
    alive: Cell<usize>,
    halted: Cell<bool>,
}

impl Executor {
    pub(crate) fn new() -> Executor {
        let id = {
            let mut living = LIVING.lock().unwrap_or_else(PoisonError::into_inner);
            let mut id = living.0;
            while !living.1.insert(id) {
                id = (id + 1) % EXECUTORS_MAX;
            }
            living.0 = (id + 1) % EXECUTORS_MAX;
            id
        };
        let ready = Rc::<Ready>::default();
        READY.with(|table| table.borrow_mut().push((id, ready.clone())));
        Executor {
            id,
            ready,
            tasks: RefCell::default(),
            free: RefCell::default(),
            alive: Cell::new(0),
            halted: Cell::new(false),
        }
    }

    /// Takes a task and puts it at the end of the ready queue. A halted executor drops it.
    pub(crate) fn spawn(&self, task: Task) {
        if self.halted.get() {
            return;
        }
        let index = self.free.borrow_mut().pop().unwrap_or_else(|| {
            let mut tasks = self.tasks.borrow_mut();
            assert!(tasks.len() < TASKS_MAX, "more than {TASKS_MAX} tasks on one core");
            tasks.push(None);
            let mut ready = self.ready.state.borrow_mut();
            ready.slots.push(Slot::default());
            // A place for each task, so that waking never allocates.
            let missing = ready.slots.len() - ready.queue.len();
            ready.queue.reserve(missing);
            tasks.len() - 1
        });
        if let Some(place) = self.tasks.borrow_mut().get_mut(index) {
            *place = Some(task);
        }
        self.alive.set(self.alive.get() + 1);
        let generation = {
            let mut ready = self.ready.state.borrow_mut();
            let slot = ready.slots.get_mut(index);
            slot.map(|slot| {
                slot.live = true;
                slot.generation
            })
        };
        if let Some(generation) = generation {
            self.ready.push(Key { executor: self.id, generation, index });
        }
    }

    /// How many tasks are ready to run.
    pub(crate) fn ready(&self) -> usize {
        self.ready.len()
    }

    /// How many tasks have not ended.
    pub(crate) fn alive(&self) -> usize {
        self.alive.get()
    }

    /// Polls at most `polls_max` ready tasks; `pick` says which of how many goes next.
    pub(crate) fn run(&self, polls_max: usize, pick: impl Fn(usize) -> usize) {
        for _ in 0..polls_max {
            let ready = self.ready.len();
            if ready == 0 {
                return;
            }
            if let Some(key) = self.ready.take(pick(ready)) {
                self.poll(Key { executor: self.id, ..key });
            }
        }
    }

    fn poll(&self, key: Key) {
        let task = self.tasks.borrow_mut().get_mut(key.index).and_then(Option::take);
        let Some(mut task) = task else { return };
        let waker = waker(key);
        match task.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Pending if !self.halted.get() => {
                if let Some(place) = self.tasks.borrow_mut().get_mut(key.index) {
                    *place = Some(task);
                }
            }
            Poll::Ready(()) | Poll::Pending => {
                self.release(key.index);
                drop(task);
            }
        }
    }

    fn release(&self, index: usize) {
        if let Some(slot) = self.ready.state.borrow_mut().slots.get_mut(index) {
            slot.live = false;
            slot.generation = slot.generation.wrapping_add(1);
        }
        self.free.borrow_mut().push(index);
        self.alive.set(self.alive.get() - 1);
    }

    /// Drops all tasks where they stand, without polling them; nothing runs or is spawned any more.
    pub(crate) fn halt(&self) {
        self.halted.set(true);
        let count = self.tasks.borrow().len();
        for index in 0..count {
            let task = self.tasks.borrow_mut().get_mut(index).and_then(Option::take);
            if let Some(task) = task {
                self.release(index);
                drop(task);
            }
        }
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        self.halt();
        // A thread that is ending has dropped its table already.
        let removed = READY.try_with(|table| table.borrow_mut().retain(|(id, _)| *id != self.id));
        debug_assert!(removed.is_ok() || std::thread::panicking());
        LIVING.lock().unwrap_or_else(PoisonError::into_inner).1.remove(&self.id);
    }
}

/// What a task will give. Awaits to its output; dropping it lets the task run on.
pub struct JoinHandle<T> {
    state: Rc<RefCell<JoinState<T>>>,
}

struct JoinState<T> {
    output: Option<T>,
    waiting: Option<Waker>,
}

impl<T: 'static> JoinHandle<T> {
    /// The handle, and the task that fills it.
    pub(crate) fn new<F: Future<Output = T> + 'static>(
        future: F,
    ) -> (JoinHandle<T>, impl Future<Output = ()> + 'static) {
        let state = Rc::new(RefCell::new(JoinState { output: None, waiting: None }));
        let filled = state.clone();
        let task = async move {
            let output = future.await;
            let waiting = {
                let mut state = filled.borrow_mut();
                state.output = Some(output);
                state.waiting.take()
            };
            if let Some(waiting) = waiting {
                waiting.wake();
            }
        };
        (JoinHandle { state }, task)
    }

    /// The output, if the task has ended and it was not taken yet.
    pub fn try_take(&self) -> Option<T> {
        self.state.borrow_mut().output.take()
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let mut state = self.state.borrow_mut();
        match state.output.take() {
            Some(output) => Poll::Ready(output),
            None => {
                state.waiting = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}
