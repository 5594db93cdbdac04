//! The native protocol's side of the broker (see [`millrace_wire::native`]): ports of its own, one connection after the
//! other on the core that it was made for, and streams that go on for as long as their consumer gives them credit.

mod answers;
mod ports;
mod session;
mod stream;

pub(crate) use ports::{NativePorts, bind};
pub(crate) use session::serve;
