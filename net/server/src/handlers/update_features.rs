//! UpdateFeatures: changes the finalised levels of features, all or none.

use std::collections::BTreeMap;
use std::rc::Rc;

use millrace_base::code::ErrorCode;
use millrace_cluster::metadata::{Command, CommandError, FeatureUpdate, UpgradeType};
use millrace_wire::messages::update_features::{
    FeatureUpdateKey, UpdatableFeatureResult, UpdateFeaturesRequest, UpdateFeaturesResponse,
};
use millrace_wire::{Reader, WireError};

use super::respond;
use crate::metadata_log;
use crate::request::{Operation, Request, Resource};
use crate::response::Outcome;
use crate::server::Server;

/// Up to this version an answer names each feature.
const LAST_VERSION_OF_RESULTS: i16 = 1;

pub(super) async fn handle(server: Rc<Server>, request: Request) -> Result<Outcome, WireError> {
    let version = request.api_version;
    let body = UpdateFeaturesRequest::decode(&mut Reader::new(request.body()), version)?;
    // Of two of a name the last counts.
    let updates: BTreeMap<&str, FeatureUpdate> =
        body.feature_updates.iter().map(|update| (update.feature, feature_update(&update))).collect();
    let updated = update(&server, &request, updates.values().cloned().collect(), body.validate_only).await;
    let response = match &updated {
        Ok(()) => UpdateFeaturesResponse {
            error_message: None,
            results: body
                .feature_updates
                .iter()
                .filter(|_| version <= LAST_VERSION_OF_RESULTS)
                .map(|update| UpdatableFeatureResult {
                    feature: update.feature,
                    error_code: 0,
                    error_message: Some("NONE"),
                })
                .collect(),
            ..Default::default()
        },
        Err(error) => UpdateFeaturesResponse {
            error_code: error.code.code(),
            error_message: Some(&error.message),
            ..Default::default()
        },
    };
    respond(&request, |writer| response.encode(writer, version))
}

async fn update(
    server: &Rc<Server>,
    request: &Request,
    updates: Vec<FeatureUpdate>,
    validate_only: bool,
) -> Result<(), CommandError> {
    if !request.authorize(Operation::Alter, Resource::Cluster) {
        let denied = ErrorCode::ClusterAuthorizationFailed;
        return Err(CommandError::new(denied, denied.message()));
    }
    let command = Command::UpdateFeatures { updates };
    if validate_only {
        metadata_log::check(server, command).await.map(drop)
    } else {
        metadata_log::propose(server, command).await.map(drop)
    }
}

/// In the first version there are no kinds: Kafka takes each change for an upgrade, whatever that version's
/// `AllowDowngrade` says.
fn feature_update(update: &FeatureUpdateKey<'_>) -> FeatureUpdate {
    let upgrade_type = match update.upgrade_type {
        1 => UpgradeType::Upgrade,
        2 => UpgradeType::SafeDowngrade,
        3 => UpgradeType::UnsafeDowngrade,
        _ => UpgradeType::Unknown,
    };
    FeatureUpdate { name: update.feature.to_owned(), level: update.max_version_level, upgrade_type }
}
