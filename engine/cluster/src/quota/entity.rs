//! Whom a quota is for, and what it limits.

/// What an entity is named by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntityType {
    /// An authenticated user.
    User,
    /// What a client calls itself.
    ClientId,
    /// The address that a client comes from.
    Ip,
}

impl EntityType {
    /// All of them.
    pub const ALL: [EntityType; 3] = [EntityType::User, EntityType::ClientId, EntityType::Ip];

    /// Kafka's name of it.
    pub const fn name(self) -> &'static str {
        match self {
            EntityType::User => "user",
            EntityType::ClientId => "client-id",
            EntityType::Ip => "ip",
        }
    }

    /// The one of this name.
    pub fn of(name: &str) -> Option<EntityType> {
        EntityType::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A name, or all that have no quota under theirs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Name {
    /// Whoever has no quota of their own (Kafka's `<default>`).
    Default,
    /// This one.
    Of(String),
}

impl Name {
    /// A name as requests have it: null is the default.
    pub fn of(name: Option<&str>) -> Name {
        name.map_or(Name::Default, |name| Name::Of(name.to_owned()))
    }

    /// The same as requests have it.
    pub fn as_option(&self) -> Option<&str> {
        match self {
            Name::Default => None,
            Name::Of(name) => Some(name),
        }
    }
}

/// Whom a quota is for: a user, a client id, both, or an address.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entity {
    /// The user, where one is named.
    pub user: Option<Name>,
    /// The client id, where one is named.
    pub client_id: Option<Name>,
    /// The address, where one is named.
    pub ip: Option<Name>,
}

/// Why something is no entity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntityError {
    /// It names nothing.
    #[error("Invalid empty client quota entity")]
    Empty,
    /// It has a part that there is not.
    #[error("Unhandled client quota entity type: {0}")]
    UnknownType(String),
    /// One of its names is empty.
    #[error("Empty {0} not supported")]
    EmptyName(&'static str),
    /// It names an address and something else.
    #[error("Invalid quota entity combination, an IP entity should not be combined with user or client-id")]
    IpWithOthers,
}

impl Entity {
    /// The entity of these parts; of two of a type the last counts.
    ///
    /// # Errors
    /// [`EntityError`] for parts that make no entity.
    pub fn from_parts<'a>(parts: impl IntoIterator<Item = (&'a str, Option<&'a str>)>) -> Result<Entity, EntityError> {
        let mut entity = Entity::default();
        for (kind, name) in parts {
            let kind = EntityType::of(kind).ok_or_else(|| EntityError::UnknownType(kind.to_owned()))?;
            if name == Some("") {
                return Err(EntityError::EmptyName(kind.name()));
            }
            *entity.part_mut(kind) = Some(Name::of(name));
        }
        match (&entity.ip, entity.parts().count()) {
            (_, 0) => Err(EntityError::Empty),
            (Some(_), 2..) => Err(EntityError::IpWithOthers),
            _ => Ok(entity),
        }
    }

    /// What it names, by type.
    pub fn parts(&self) -> impl Iterator<Item = (EntityType, &Name)> {
        EntityType::ALL.into_iter().filter_map(|kind| Some((kind, self.part(kind)?)))
    }

    /// What it names of this type.
    pub fn part(&self, kind: EntityType) -> Option<&Name> {
        match kind {
            EntityType::User => self.user.as_ref(),
            EntityType::ClientId => self.client_id.as_ref(),
            EntityType::Ip => self.ip.as_ref(),
        }
    }

    fn part_mut(&mut self, kind: EntityType) -> &mut Option<Name> {
        match kind {
            EntityType::User => &mut self.user,
            EntityType::ClientId => &mut self.client_id,
            EntityType::Ip => &mut self.ip,
        }
    }
}

/// What a quota limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum QuotaKey {
    /// Bytes a second of produce requests.
    ProducerByteRate,
    /// Bytes a second of fetched records.
    ConsumerByteRate,
    /// The share of one core's time that requests may take, in percent: 200 is two cores' whole time.
    RequestPercentage,
    /// New connections a second.
    ConnectionCreationRate,
}

impl QuotaKey {
    /// All that are honoured.
    pub const ALL: [QuotaKey; 4] = [
        QuotaKey::ProducerByteRate,
        QuotaKey::ConsumerByteRate,
        QuotaKey::RequestPercentage,
        QuotaKey::ConnectionCreationRate,
    ];

    /// Kafka's name of it.
    pub const fn name(self) -> &'static str {
        match self {
            QuotaKey::ProducerByteRate => "producer_byte_rate",
            QuotaKey::ConsumerByteRate => "consumer_byte_rate",
            QuotaKey::RequestPercentage => "request_percentage",
            QuotaKey::ConnectionCreationRate => "connection_creation_rate",
        }
    }

    /// The one of this name.
    pub fn of(name: &str) -> Option<QuotaKey> {
        QuotaKey::ALL.into_iter().find(|key| key.name() == name)
    }
}

/// A limit: a number above 0, equal to another when its bits are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit(u64);

impl Limit {
    /// The limit of this value.
    pub fn of(value: f64) -> Limit {
        Limit(value.to_bits())
    }

    /// Its value.
    pub fn value(self) -> f64 {
        f64::from_bits(self.0)
    }
}
