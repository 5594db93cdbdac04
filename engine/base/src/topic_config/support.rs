//! Why some settings do not act yet: the same reasons hold for a topic's setting and for the broker's that gives its
//! default.

use crate::setting::Support;

pub(crate) const TIERED: Support = Support::DefaultOnly("tiered storage is not available; leave it at its default");
