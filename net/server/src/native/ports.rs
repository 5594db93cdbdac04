//! The native protocol's ports: a common one, and after it one for each core.

use std::num::NonZeroU16;

use millrace_base::broker_config::Listener;
use millrace_runtime::Core;

use crate::address::{self, Bound, Door};
use crate::broker::BrokerError;
use crate::host::Host;

/// The port of each core, in their order.
pub(crate) type NativePorts = Vec<u16>;

/// Binds the common port and, behind it, one for each core; each to a free port when the common one is not fixed.
///
/// # Errors
/// [`BrokerError::Listen`] when one is in use, or there is no port left behind the common one.
pub(crate) async fn bind(
    core: &Core,
    host: &dyn Host,
    listener: Option<&Listener>,
) -> Result<(Vec<Bound>, NativePorts), BrokerError> {
    let Some(listener) = listener else { return Ok((Vec::new(), Vec::new())) };
    let mut bound = address::bind(core, host, listener, Door::Native(None)).await?;
    let mut ports = Vec::with_capacity(core.count());
    for (at, of) in crate::server::all_cores(core).enumerate() {
        let of_core = Listener { port: port_behind(listener, at)?, ..listener.clone() };
        let of_core = address::bind(core, host, &of_core, Door::Native(Some(of))).await?;
        ports.extend(of_core.first().map(|bound| bound.socket.local_addr().port()));
        bound.extend(of_core);
    }
    Ok((bound, ports))
}

/// The port of the core at a place, when it is fixed.
fn port_behind(listener: &Listener, at: usize) -> Result<u16, BrokerError> {
    let Some(common) = NonZeroU16::new(listener.port) else { return Ok(0) };
    let behind = u16::try_from(at + 1).ok().and_then(|behind| common.checked_add(behind));
    behind.map(NonZeroU16::get).ok_or_else(|| BrokerError::Listen {
        listener: listener.to_string(),
        source: std::io::Error::other(format!("there is no port for core {at} behind it: choose a smaller one")),
    })
}
