//! What is set, and which of it counts for a client.

use std::collections::BTreeMap;

use super::{Entity, Filter, Limit, Name, QuotaKey};

/// All quotas that are set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quotas {
    by_entity: BTreeMap<Entity, BTreeMap<QuotaKey, Limit>>,
}

/// Who shares a limit: what is measured is measured for all of them together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bucket {
    /// All that this user does.
    User(String),
    /// All that clients of this name do.
    ClientId(String),
    /// What this user does by clients of this name.
    Both(String, String),
    /// Whoever comes from this address.
    Ip(String),
}

/// A limit, and who shares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InEffect {
    /// Who shares it.
    pub bucket: Bucket,
    /// The limit.
    pub limit: Limit,
}

impl Quotas {
    /// Whether no quota is set at all.
    pub fn is_empty(&self) -> bool {
        self.by_entity.is_empty()
    }

    /// What is set on an entity.
    pub fn of(&self, entity: &Entity) -> Option<&BTreeMap<QuotaKey, Limit>> {
        self.by_entity.get(entity)
    }

    /// All that is set.
    pub fn iter(&self) -> impl Iterator<Item = (&Entity, &BTreeMap<QuotaKey, Limit>)> {
        self.by_entity.iter()
    }

    /// What is set on the entities that a filter means.
    pub fn describe(&self, filter: &Filter) -> impl Iterator<Item = (&Entity, &BTreeMap<QuotaKey, Limit>)> {
        self.by_entity.iter().filter(move |(entity, _)| filter.matches(entity))
    }

    /// Says what is set on an entity from now on.
    pub(crate) fn replace(&mut self, entity: Entity, limits: BTreeMap<QuotaKey, Limit>) {
        if limits.is_empty() {
            self.by_entity.remove(&entity);
        } else {
            self.by_entity.insert(entity, limits);
        }
    }

    /// The limit that counts for what `user` does by a client that calls itself `client_id`.
    pub fn for_client(&self, key: QuotaKey, user: &str, client_id: &str) -> Option<InEffect> {
        if self.is_empty() {
            return None;
        }
        let named = |name: &str| Some(Name::Of(name.to_owned()));
        let (of_user, of_client, of_any) = (named(user), named(client_id), Some(Name::Default));
        let both = || Bucket::Both(user.to_owned(), client_id.to_owned());
        let by_user = || Bucket::User(user.to_owned());
        let by_client = || Bucket::ClientId(client_id.to_owned());
        let find = |user: &Option<Name>, client_id: &Option<Name>| {
            let entity = Entity { user: user.clone(), client_id: client_id.clone(), ip: None };
            self.by_entity.get(&entity)?.get(&key).copied()
        };
        let found = |limit: Option<Limit>, bucket: Bucket| limit.map(|limit| InEffect { bucket, limit });
        found(find(&of_user, &of_client), both())
            .or_else(|| found(find(&of_user, &of_any), both()))
            .or_else(|| found(find(&of_user, &None), by_user()))
            .or_else(|| found(find(&of_any, &of_client), both()))
            .or_else(|| found(find(&of_any, &of_any), both()))
            .or_else(|| found(find(&of_any, &None), by_user()))
            .or_else(|| found(find(&None, &of_client), by_client()))
            .or_else(|| found(find(&None, &of_any), by_client()))
    }

    /// The limit of new connections from an address.
    pub fn for_ip(&self, ip: &str) -> Option<InEffect> {
        let find = |ip: Name| {
            let entity = Entity { ip: Some(ip), ..Entity::default() };
            self.by_entity.get(&entity)?.get(&QuotaKey::ConnectionCreationRate).copied()
        };
        let limit = find(Name::Of(ip.to_owned())).or_else(|| find(Name::Default))?;
        Some(InEffect { bucket: Bucket::Ip(ip.to_owned()), limit })
    }
}
