//! What is measured of whom.

use std::collections::BTreeMap;

use super::{Bucket, Limit, QuotaKey, Rate, Windows};

/// Who was not measured for so long is forgotten, in ms (Kafka's: an hour).
pub const USAGE_EXPIRY_MS: u64 = 3_600_000;
/// How many are measured at once. When there are more, the one that was measured the longest ago is forgotten.
pub const USAGES_MAX: usize = 100_000;

/// The rates of all that have a limit.
#[derive(Clone, Debug)]
pub struct Usage {
    windows: Windows,
    rates: BTreeMap<(Bucket, QuotaKey), Measured>,
    by_use: BTreeMap<(u64, u64), (Bucket, QuotaKey)>,
    uses: u64,
}

#[derive(Clone, Debug)]
struct Measured {
    rate: Rate,
    /// Its place in `by_use`.
    used: (u64, u64),
}

impl Usage {
    /// Nobody was measured yet.
    pub fn new(windows: Windows) -> Usage {
        Usage { windows, rates: BTreeMap::new(), by_use: BTreeMap::new(), uses: 0 }
    }

    /// How rates are measured.
    pub fn windows(&self) -> Windows {
        self.windows
    }

    /// How many rates are known.
    pub fn len(&self) -> usize {
        self.rates.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.rates.is_empty()
    }

    /// Notes that `amount` came, and says for how many ms who sent it is throttled.
    pub fn record(&mut self, bucket: Bucket, key: QuotaKey, limit: Limit, amount: f64, now_ms: u64) -> u64 {
        let windows = self.windows;
        let rate = self.touch((bucket, key), now_ms);
        rate.record(windows, now_ms, amount);
        let throttle_ms = rate.throttle_ms(windows, now_ms, limit.value());
        match key {
            // Time and connections come in small amounts: nobody waits for longer than all of it is remembered.
            QuotaKey::RequestPercentage | QuotaKey::ConnectionCreationRate => throttle_ms.min(windows.length_ms),
            QuotaKey::ProducerByteRate | QuotaKey::ConsumerByteRate => throttle_ms,
        }
    }

    /// Takes back what was noted: it was not sent after all.
    pub fn unrecord(&mut self, bucket: Bucket, key: QuotaKey, amount: f64, now_ms: u64) {
        let windows = self.windows;
        self.touch((bucket, key), now_ms).record(windows, now_ms, -amount);
    }

    fn touch(&mut self, of: (Bucket, QuotaKey), now_ms: u64) -> &mut Rate {
        self.forget(now_ms);
        self.uses += 1;
        let used = (now_ms, self.uses);
        self.by_use.insert(used, of.clone());
        let measured = self.rates.entry(of).or_insert_with(|| Measured { rate: Rate::default(), used });
        if measured.used != used {
            self.by_use.remove(&measured.used);
            measured.used = used;
        }
        &mut measured.rate
    }

    fn forget(&mut self, now_ms: u64) {
        while let Some((&(used_ms, _), _)) = self.by_use.first_key_value()
            && (now_ms.saturating_sub(used_ms) >= USAGE_EXPIRY_MS || self.by_use.len() >= USAGES_MAX)
            && let Some((_, forgotten)) = self.by_use.pop_first()
        {
            self.rates.remove(&forgotten);
        }
    }
}
