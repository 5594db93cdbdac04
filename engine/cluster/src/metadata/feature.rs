//! Features, whose levels say which behaviour the cluster has agreed on (KIP-584): only those that this release acts
//! on.

/// A feature and the levels of it that this release knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Feature {
    /// Kafka's name.
    pub name: &'static str,
    /// The lowest level. Level 0 means that the feature is off.
    pub level_min: i16,
    /// The highest level.
    pub level_max: i16,
    /// What a cluster has that never changed it.
    pub level_initial: i16,
}

/// All of them, in the order of their names.
pub const FEATURES: &[Feature] = &[
    // Kafka's level of 4.3: what is stored here has one form, and cannot go back to those of older releases of Kafka.
    Feature { name: "metadata.version", level_min: 30, level_max: 30, level_initial: 30 },
];

/// The feature of this name.
pub(super) fn find(name: &str) -> Option<&'static Feature> {
    FEATURES.iter().find(|feature| feature.name == name)
}
