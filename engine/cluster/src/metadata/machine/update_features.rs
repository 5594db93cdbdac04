//! Decides about [`Command::UpdateFeatures`](crate::metadata::Command::UpdateFeatures): which levels are finalised
//! (KIP-584). The rules and their order are those of Kafka 4.3.1's controller.

use millrace_base::code::ErrorCode;
use millrace_base::ids::BrokerId;

use super::Accepted;
use crate::metadata::command::{CommandError, FeatureUpdate, UpgradeType};
use crate::metadata::feature;
use crate::metadata::image::Image;
use crate::metadata::record::MetadataRecord;

/// What the updates would change, all or none of them.
///
/// # Errors
/// INVALID_UPDATE_VERSION says which of them cannot be, and why.
pub(super) fn check(image: &Image, node_id: BrokerId, updates: &[FeatureUpdate]) -> Result<Accepted, CommandError> {
    let mut records = Vec::new();
    for update in updates {
        let FeatureUpdate { name, level, .. } = update;
        check_one(image, node_id, update).map_err(|why| {
            let message = format!(
                "The update failed for all features since the following feature had an error: Invalid update version \
                 {level} for feature {name}. {why}"
            );
            CommandError::new(ErrorCode::InvalidUpdateVersion, message)
        })?;
        if image.feature_level(name) != *level {
            let epoch = image.features_epoch() + 1;
            records.push(MetadataRecord::FeatureLevel { name: name.clone(), level: *level, epoch });
        }
    }
    Ok(Accepted { records, warnings: Vec::new() })
}

fn check_one(image: &Image, node_id: BrokerId, update: &FeatureUpdate) -> Result<(), String> {
    let FeatureUpdate { name, level, upgrade_type } = update;
    let current = image.feature_level(name);
    if *upgrade_type == UpgradeType::Unknown {
        return Err("The controller does not support the given upgrade type.".to_owned());
    }
    if *level < 0 {
        return Err("A feature version cannot be less than 0.".to_owned());
    }
    match feature::find(name) {
        None if *level == 0 => return Err(format!("Feature {name} not found.")),
        None => return Err(format!("Local controller {node_id} does not support this feature.")),
        Some(feature) if !(feature.level_min..=feature.level_max).contains(level) => {
            let (min, max) = (feature.level_min, feature.level_max);
            return Err(format!("Local controller {node_id} only supports versions {min}-{max}"));
        }
        Some(_) => {}
    }
    match upgrade_type {
        UpgradeType::Upgrade if *level < current => Err("Can't downgrade the version of this feature without setting \
             the upgrade type to either safe or unsafe downgrade."
            .to_owned()),
        UpgradeType::SafeDowngrade | UpgradeType::UnsafeDowngrade if *level > current => {
            Err("Can't downgrade to a newer version.".to_owned())
        }
        _ => Ok(()),
    }
}
