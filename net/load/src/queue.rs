//! Records that wait to be sent: by partition, and which partitions are ready.
//!
//! Always true: a partition with records is in exactly one of `ready` and `waiting`, unless it is full: then it is in
//! `ready`, and may be in `waiting` too, where it is passed over.

use std::collections::VecDeque;

use crate::batch::Run;

/// The records of one partition.
#[derive(Debug, Default)]
struct Queue {
    runs: VecDeque<Run>,
    records: u64,
    is_ready: bool,
    /// The last request that it gave a batch to.
    request: u64,
}

/// The records for one leader.
#[derive(Debug)]
pub(crate) struct Queues {
    queues: Vec<Queue>,
    ready: VecDeque<usize>,
    /// When it becomes ready, in nanoseconds on the load's clock; ascending.
    waiting: VecDeque<(u64, usize)>,
    batch_records: u32,
    linger_ns: u64,
    records: u64,
    request: u64,
}

impl Queues {
    /// `partitions` of them; batches have at most `batch_records`, and wait at most `linger_ns` for them.
    pub(crate) fn new(partitions: usize, batch_records: u32, linger_ns: u64) -> Queues {
        Queues {
            queues: (0..partitions).map(|_| Queue::default()).collect(),
            ready: VecDeque::new(),
            waiting: VecDeque::new(),
            batch_records,
            linger_ns,
            records: 0,
            request: 0,
        }
    }

    /// Records that wait.
    pub(crate) fn records(&self) -> u64 {
        self.records
    }

    /// Adds records for a partition.
    pub(crate) fn push(&mut self, partition: usize, run: Run) {
        let Some(queue) = self.queues.get_mut(partition) else { return };
        let was_empty = queue.records == 0;
        match queue.runs.back_mut() {
            Some(last) if last.intended == run.intended && last.key == run.key => last.records += run.records,
            _ => queue.runs.push_back(run),
        }
        queue.records += u64::from(run.records);
        self.records += u64::from(run.records);
        if !queue.is_ready && (self.linger_ns == 0 || queue.records >= u64::from(self.batch_records)) {
            queue.is_ready = true;
            self.ready.push_back(partition);
        } else if was_empty {
            self.waiting.push_back((run.intended + self.linger_ns, partition));
        }
    }

    /// Moves to the ready ones what has waited long enough; when the next one will have.
    pub(crate) fn settle(&mut self, now: u64) -> Option<u64> {
        while let Some((at, partition)) = self.waiting.front().copied() {
            let queue = self.queues.get_mut(partition)?;
            // It was full before its time, and what it holds now has a later time or none.
            let is_over = queue.is_ready || queue.runs.front().is_none_or(|first| first.intended + self.linger_ns > at);
            if !is_over && at > now {
                return Some(at);
            }
            self.waiting.pop_front();
            if !is_over {
                queue.is_ready = true;
                self.ready.push_back(partition);
            }
        }
        None
    }

    /// What is taken from now on is for another request.
    pub(crate) fn begin_request(&mut self) {
        self.request += 1;
    }

    /// Takes a batch's worth of records of the partition that has been ready for longest, unless the request has one of
    /// it already.
    pub(crate) fn pop(&mut self) -> Option<(usize, Vec<Run>)> {
        let partition = *self.ready.front()?;
        let queue = self.queues.get_mut(partition).filter(|queue| queue.request != self.request)?;
        queue.request = self.request;
        self.ready.pop_front();
        let mut room = self.batch_records;
        let mut taken = Vec::new();
        while let Some(run) = queue.runs.front_mut().filter(|_| room > 0) {
            let records = run.records.min(room);
            room -= records;
            taken.push(Run { records, ..*run });
            run.records -= records;
            if run.records == 0 {
                queue.runs.pop_front();
            }
        }
        let records = u64::from(self.batch_records - room);
        queue.records -= records;
        self.records -= records;
        queue.is_ready = false;
        if let Some(first) = queue.runs.front().copied() {
            if self.linger_ns == 0 || queue.records >= u64::from(self.batch_records) {
                queue.is_ready = true;
                self.ready.push_back(partition);
            } else {
                // Its time may lie before that of others that wait: what is late must not hold up the order.
                let at = first.intended + self.linger_ns;
                let place = self.waiting.partition_point(|(other, _)| *other <= at);
                self.waiting.insert(place, (at, partition));
            }
        }
        Some((partition, taken))
    }

    /// Everything that still waits.
    pub(crate) fn drain(&mut self) -> Vec<Run> {
        self.ready.clear();
        self.waiting.clear();
        self.records = 0;
        let mut left = Vec::new();
        for queue in &mut self.queues {
            left.extend(queue.runs.drain(..));
            (queue.records, queue.is_ready) = (0, false);
        }
        left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A batch for a request of its own.
    fn pop(queues: &mut Queues) -> Option<(usize, Vec<Run>)> {
        queues.begin_request();
        queues.pop()
    }

    fn run(intended: u64, records: u32) -> Run {
        Run { intended, records, key: None }
    }

    #[test]
    fn without_linger_a_partition_is_ready_at_once_and_gathers_what_comes_meanwhile() {
        let mut queues = Queues::new(2, 10, 0);
        queues.push(1, run(5, 1));
        queues.push(0, run(5, 2));
        queues.push(1, run(6, 3));
        assert_eq!(queues.settle(6), None);
        assert_eq!(pop(&mut queues), Some((1, vec![run(5, 1), run(6, 3)])));
        assert_eq!(pop(&mut queues), Some((0, vec![run(5, 2)])));
        assert_eq!((pop(&mut queues), queues.records()), (None, 0));
    }

    #[test]
    fn a_batch_has_no_more_records_than_it_may() {
        let mut queues = Queues::new(1, 4, 0);
        queues.push(0, run(1, 3));
        queues.push(0, run(2, 6));
        assert_eq!(pop(&mut queues), Some((0, vec![run(1, 3), run(2, 1)])));
        assert_eq!(pop(&mut queues), Some((0, vec![run(2, 4)])));
        assert_eq!(pop(&mut queues), Some((0, vec![run(2, 1)])));
        assert_eq!(pop(&mut queues), None);
    }

    #[test]
    fn a_request_has_one_batch_of_a_partition() {
        let mut queues = Queues::new(2, 4, 0);
        queues.push(0, run(1, 9));
        queues.push(1, run(1, 1));
        queues.begin_request();
        assert_eq!(queues.pop(), Some((0, vec![run(1, 4)])));
        assert_eq!(queues.pop(), Some((1, vec![run(1, 1)])));
        assert_eq!(queues.pop(), None);
        queues.begin_request();
        assert_eq!(queues.pop(), Some((0, vec![run(1, 4)])));
    }

    #[test]
    fn linger_waits_from_the_first_record_unless_the_batch_is_full() {
        let mut queues = Queues::new(3, 4, 100);
        queues.push(0, run(10, 1));
        queues.push(1, run(20, 1));
        queues.push(2, run(30, 4));
        assert_eq!(queues.settle(40), Some(110));
        assert_eq!(pop(&mut queues), Some((2, vec![run(30, 4)])));
        assert_eq!(pop(&mut queues), None);
        queues.push(0, run(60, 1));
        assert_eq!(queues.settle(110), Some(120));
        assert_eq!(pop(&mut queues), Some((0, vec![run(10, 1), run(60, 1)])));
        // What is left of a full batch keeps its own time.
        queues.push(1, run(115, 5));
        assert_eq!(pop(&mut queues), Some((1, vec![run(20, 1), run(115, 3)])));
        assert_eq!(queues.settle(119), Some(215));
        assert_eq!((queues.settle(215), pop(&mut queues)), (None, Some((1, vec![run(115, 2)]))));
    }

    #[test]
    fn what_is_left_at_the_end_is_given_back() {
        let mut queues = Queues::new(2, 4, 100);
        queues.push(0, run(10, 1));
        queues.push(1, run(10, 9));
        assert_eq!(queues.drain(), [run(10, 1), run(10, 9)]);
        assert_eq!((queues.records(), pop(&mut queues)), (0, None));
    }
}
