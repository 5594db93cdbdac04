//! The broker: listeners, connections, dispatch to the owning core, a handler file per API.
