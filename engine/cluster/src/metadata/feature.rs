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

/// The feature whose level 1 lets groups use the consumer protocol (KIP-848).
pub const GROUP_VERSION: &str = "group.version";

/// All of them, in the order of their names.
pub const FEATURES: &[Feature] = &[
    Feature { name: GROUP_VERSION, level_min: 0, level_max: 1, level_initial: 1 },
    // Kafka's level of 4.3: what is stored here has one form, and cannot go back to those of older releases of Kafka.
    Feature { name: "metadata.version", level_min: 30, level_max: 30, level_initial: 30 },
];

/// The feature of this name.
pub(super) fn find(name: &str) -> Option<&'static Feature> {
    FEATURES.iter().find(|feature| feature.name == name)
}
