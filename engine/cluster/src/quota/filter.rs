//! Which entities a DescribeClientQuotas request means.

use millrace_base::code::ErrorCode;

use super::{Entity, EntityType, Name};

/// How a part of an entity is matched. The numbers are those of requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Match {
    /// By this name, or as the default.
    Exactly(Name),
    /// By whatever name, the default too.
    Any,
}

/// A filter's part, as requests have it.
#[derive(Clone, Copy, Debug)]
pub struct Component<'a> {
    /// The name of an [`EntityType`].
    pub entity_type: &'a str,
    /// 0: by name; 1: the default; 2: any.
    pub match_type: i8,
    /// The name.
    pub name: Option<&'a str>,
}

/// Which entities are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    parts: Vec<(EntityType, Match)>,
    is_strict: bool,
}

/// Why a filter makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// A part has no type.
    #[error("Invalid empty entity type.")]
    EmptyType,
    /// A type is there twice.
    #[error("Entity type {0} cannot appear more than once in the filter.")]
    Twice(&'static str),
    /// A type that there is not.
    #[error("Unsupported entity type {0}")]
    UnknownType(String),
    /// A name is missing, or there is one too many.
    #[error("Request specified match type {0}, {1}")]
    Name(&'static str, &'static str),
    /// A way to match that there is not.
    #[error("Unknown match type {0}")]
    UnknownMatch(i8),
    /// An address together with something else.
    #[error("Invalid entity filter component combination: an ip cannot be combined with a user or client-id.")]
    IpWithOthers,
}

impl FilterError {
    /// Kafka's code for it.
    pub fn code(&self) -> ErrorCode {
        match self {
            FilterError::UnknownType(_) => ErrorCode::UnsupportedVersion,
            _ => ErrorCode::InvalidRequest,
        }
    }
}

impl Filter {
    /// A filter of these components. A strict one means entities of these parts and no others.
    ///
    /// # Errors
    /// [`FilterError`] when it makes no sense.
    pub fn new<'a>(
        components: impl IntoIterator<Item = Component<'a>>,
        is_strict: bool,
    ) -> Result<Filter, FilterError> {
        let mut parts: Vec<(EntityType, Match)> = Vec::new();
        for Component { entity_type, match_type, name } in components {
            if entity_type.is_empty() {
                return Err(FilterError::EmptyType);
            }
            let kind = EntityType::of(entity_type).ok_or_else(|| FilterError::UnknownType(entity_type.to_owned()))?;
            if parts.iter().any(|(earlier, _)| *earlier == kind) {
                return Err(FilterError::Twice(kind.name()));
            }
            let how = match (match_type, name) {
                (0, Some(name)) => Match::Exactly(Name::Of(name.to_owned())),
                (0, None) => return Err(FilterError::Name("EXACT", "but no name")),
                (1, None) => Match::Exactly(Name::Default),
                (1, Some(_)) => return Err(FilterError::Name("DEFAULT", "but also a name")),
                (2, None) => Match::Any,
                (2, Some(_)) => return Err(FilterError::Name("SPECIFIED", "but also a name")),
                (other, _) => return Err(FilterError::UnknownMatch(other)),
            };
            parts.push((kind, how));
        }
        if parts.len() > 1 && parts.iter().any(|(kind, _)| *kind == EntityType::Ip) {
            return Err(FilterError::IpWithOthers);
        }
        Ok(Filter { parts, is_strict })
    }

    /// Whether it means this entity.
    pub fn matches(&self, entity: &Entity) -> bool {
        let is_met = |(kind, how): &(EntityType, Match)| {
            entity.part(*kind).is_some_and(|name| matches!(how, Match::Any) || *how == Match::Exactly(name.clone()))
        };
        // A strict filter without parts means nobody, since every entity has one.
        self.parts.iter().all(is_met) && (!self.is_strict || entity.parts().count() == self.parts.len())
    }
}
