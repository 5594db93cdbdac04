//! ApiVersions: what this broker can do.

use millrace_base::code::ErrorCode;
use millrace_cluster::metadata::{FEATURES, Feature};
use millrace_wire::messages::api_versions::{
    ApiVersion, ApiVersionsRequest, ApiVersionsResponse, FinalizedFeatureKey, SupportedFeatureKey,
};
use millrace_wire::{Array, Reader, versions};

use super::SUPPORTED;
use crate::request::Request;
use crate::response::{Outcome, Response};
use crate::server::Server;

/// Clients of older versions cannot bear a lowest level of 0.
const LEVEL_0_VERSION: i16 = 4;
/// What stands where features are not told.
const NO_EPOCH: i64 = -1;

/// Characters that a client's name and version may have (KIP-511); at the ends only letters and digits.
fn is_software_name(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
    let ends = [text.bytes().next(), text.bytes().last()];
    text.bytes().all(inner) && ends.iter().all(|end| end.is_some_and(|byte| byte.is_ascii_alphanumeric()))
}

/// Answers in version 0 with error 35 and the versions of this API alone when the version is unknown: that is how a
/// client finds one that is known.
pub(super) fn handle(server: &Server, request: &Request) -> Outcome {
    let known = versions::range(ApiVersionsRequest::KEY).is_some_and(|range| range.contains(request.api_version));
    if !known {
        return answer(server, request, ErrorCode::UnsupportedVersion, 0);
    }
    let decoded = ApiVersionsRequest::decode(&mut Reader::new(request.body()), request.api_version);
    let error = match decoded {
        Err(error) => return Outcome::Close(format!("unreadable ApiVersions request: {error}")),
        Ok(body) if request.api_version < 3 || names_are_valid(&body) => ErrorCode::None,
        Ok(_) => ErrorCode::InvalidRequest,
    };
    answer(server, request, error, request.api_version)
}

fn names_are_valid(body: &ApiVersionsRequest<'_>) -> bool {
    is_software_name(body.client_software_name) && is_software_name(body.client_software_version)
}

fn answer(server: &Server, request: &Request, error: ErrorCode, version: i16) -> Outcome {
    let api_keys: Array<'_, ApiVersion> = SUPPORTED
        .iter()
        .filter(|api_key| match error {
            ErrorCode::InvalidRequest => false,
            ErrorCode::UnsupportedVersion => **api_key == ApiVersionsRequest::KEY,
            _ => true,
        })
        .filter_map(|api_key| versions::range(*api_key).map(|range| (*api_key, range)))
        .map(|(api_key, range)| ApiVersion { api_key, min_version: range.min, max_version: range.max })
        .collect();
    let image = server.image();
    let features = FEATURES.iter().filter(|_| error == ErrorCode::None);
    let is_bearable = |feature: &&Feature| version >= LEVEL_0_VERSION || feature.level_min > 0;
    let supported_features = features.clone().filter(is_bearable).map(|feature| SupportedFeatureKey {
        name: feature.name,
        min_version: feature.level_min,
        max_version: feature.level_max,
    });
    let levels = features.map(|feature| (feature.name, image.feature_level(feature.name)));
    let finalized_features = levels.filter(|(_, level)| *level > 0).map(|(name, level)| FinalizedFeatureKey {
        name,
        max_version_level: level,
        min_version_level: level,
    });
    let response = ApiVersionsResponse {
        error_code: error.code(),
        api_keys,
        supported_features: supported_features.collect(),
        finalized_features_epoch: if error == ErrorCode::None { image.features_epoch() } else { NO_EPOCH },
        finalized_features: finalized_features.collect(),
        ..Default::default()
    };
    let answer = Response::encode(request, version, Vec::new(), |writer| response.encode(writer, version));
    answer.map_or_else(|error| Outcome::Close(error.to_string()), Outcome::Respond)
}

#[cfg(test)]
mod tests {
    use super::is_software_name;

    #[test]
    fn software_names_follow_kip_511() {
        for good in ["librdkafka", "apache-kafka-java", "4.3.1", "a"] {
            assert!(is_software_name(good), "{good}");
        }
        for bad in ["", "-a", "a.", "a b", "a/b", "é"] {
            assert!(!is_software_name(bad), "{bad}");
        }
    }
}
