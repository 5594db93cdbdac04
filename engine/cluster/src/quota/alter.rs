//! Which changes of quotas are allowed.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use millrace_base::code::ErrorCode;

use super::{Entity, Limit, Name, QuotaKey, Quotas};
use crate::metadata::CommandError;

/// Kafka's quota of requests that change topics, which is not honoured here.
const CONTROLLER_MUTATION_RATE: &str = "controller_mutation_rate";
/// How far a limit may be from a whole number and still be taken for it.
const ROUNDING: f64 = 1e-6;

/// A change of one entity's quotas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alteration {
    /// Whose.
    pub entity: Entity,
    /// By the names of the keys.
    pub changes: Vec<(String, Change)>,
}

/// What becomes of one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It has this limit.
    Set(Limit),
    /// It has none.
    Remove,
}

/// What is set on the entity afterwards.
///
/// # Errors
/// Why the change may not be, with Kafka's code.
pub fn check(quotas: &Quotas, alteration: &Alteration) -> Result<BTreeMap<QuotaKey, Limit>, CommandError> {
    let Alteration { entity, changes } = alteration;
    if let Some(Name::Of(ip)) = &entity.ip
        && ip.parse::<IpAddr>().is_err()
    {
        return Err(refused(format!("{ip} is not a valid IP address (names of hosts are not resolved).")));
    }
    let mut limits = quotas.of(entity).cloned().unwrap_or_default();
    let mut named = BTreeSet::new();
    for (name, change) in changes {
        if !named.insert(name) {
            return Err(refused(format!("Duplicate quota key {name} not updating quota for this entity")));
        }
        match (change, QuotaKey::of(name)) {
            (Change::Remove, Some(key)) => drop(limits.remove(&key)),
            // What is not there need not be removed.
            (Change::Remove, None) => {}
            (Change::Set(limit), key) => {
                let key = key.filter(|key| is_allowed(entity, *key)).ok_or_else(|| unknown(entity, name))?;
                limits.insert(key, checked(key, *limit)?);
            }
        }
    }
    Ok(limits)
}

fn is_allowed(entity: &Entity, key: QuotaKey) -> bool {
    entity.ip.is_some() == (key == QuotaKey::ConnectionCreationRate)
}

fn unknown(entity: &Entity, name: &str) -> CommandError {
    if name == CONTROLLER_MUTATION_RATE && entity.ip.is_none() {
        return refused(format!("{name} is not supported by this version of Millrace: it would not be honoured"));
    }
    refused(format!("Invalid configuration key {name}"))
}

/// A limit of this key, if it may be one.
fn checked(key: QuotaKey, limit: Limit) -> Result<Limit, CommandError> {
    let (name, value) = (key.name(), limit.value());
    // Not a number is not above 0 either.
    let is_above_0 = value > 0.0;
    if !is_above_0 {
        return Err(refused(format!("Quota {name} must be greater than 0")));
    }
    let (kind, largest) = match key {
        QuotaKey::RequestPercentage => return Ok(limit),
        QuotaKey::ProducerByteRate | QuotaKey::ConsumerByteRate => ("a LONG", i64::MAX as f64),
        QuotaKey::ConnectionCreationRate => ("an INT", f64::from(i32::MAX)),
    };
    if value > largest {
        return Err(refused(format!("Proposed value for {name} is too large for {kind}.")));
    }
    if ((value + ROUNDING).trunc() - value).abs() > ROUNDING {
        return Err(refused(format!("{name} cannot be a fractional value.")));
    }
    Ok(limit)
}

fn refused(message: String) -> CommandError {
    CommandError::new(ErrorCode::InvalidRequest, message)
}
