use std::future::poll_fn;

use super::*;

#[test]
fn a_task_runs_when_woken_and_its_waker_is_harmless_once_it_has_ended() {
    let executor = Executor::new();
    let (polls, waker) = (Rc::new(Cell::new(0)), Rc::new(RefCell::new(None)));
    let (counted, kept) = (polls.clone(), waker.clone());
    executor.spawn(Box::pin(poll_fn(move |context| {
        counted.set(counted.get() + 1);
        *kept.borrow_mut() = Some(context.waker().clone());
        if counted.get() < 2 { Poll::Pending } else { Poll::Ready(()) }
    })));
    executor.run(10, |_| 0);
    assert_eq!((polls.get(), executor.ready(), executor.alive()), (1, 0, 1));
    let waker = waker.borrow_mut().take().unwrap();
    waker.wake_by_ref();
    waker.wake_by_ref();
    assert_eq!(executor.ready(), 1, "a task is queued once");
    executor.run(10, |_| 0);
    assert_eq!((polls.get(), executor.alive()), (2, 0));
    // Its place is taken by another task, which the old waker does not wake.
    let again = polls.clone();
    executor.spawn(Box::pin(poll_fn(move |_| {
        again.set(again.get() + 1);
        Poll::Pending
    })));
    executor.run(10, |_| 0);
    waker.wake_by_ref();
    assert_eq!((polls.get(), executor.ready()), (3, 0));
    drop(executor);
    waker.wake();
}

#[test]
fn halting_drops_tasks_unpolled_and_those_that_their_drop_spawns() {
    struct SpawnOnDrop(Rc<Executor>, Rc<Cell<u32>>);
    impl Drop for SpawnOnDrop {
        fn drop(&mut self) {
            self.1.set(self.1.get() + 1);
            self.0.spawn(Box::pin(async { panic!("runs after the halt") }));
        }
    }
    let executor = Rc::new(Executor::new());
    let dropped = Rc::new(Cell::new(0));
    for _ in 0..3 {
        let guard = SpawnOnDrop(executor.clone(), dropped.clone());
        executor.spawn(Box::pin(async move {
            let _guard = guard;
            std::future::pending::<()>().await;
        }));
    }
    executor.run(2, |_| 0);
    executor.halt();
    executor.run(10, |_| 0);
    assert_eq!((dropped.get(), executor.alive()), (3, 0));
}

#[test]
fn executors_on_one_thread_wake_their_own_tasks_only() {
    let executors = [Executor::new(), Executor::new()];
    let wakers: Vec<Rc<RefCell<Option<Waker>>>> = executors
        .iter()
        .map(|executor| {
            let waker = Rc::new(RefCell::new(None));
            let kept = waker.clone();
            executor.spawn(Box::pin(poll_fn(move |context| {
                *kept.borrow_mut() = Some(context.waker().clone());
                Poll::Pending
            })));
            executor.run(1, |_| 0);
            waker
        })
        .collect();
    wakers[1].borrow().as_ref().unwrap().wake_by_ref();
    assert_eq!((executors[0].ready(), executors[1].ready()), (0, 1));
}
