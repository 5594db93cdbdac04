//! One thread per core: executor, I/O operations, buffers, timers, mailboxes. Hosts: uring and sim.
