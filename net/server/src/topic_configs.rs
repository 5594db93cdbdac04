//! The resolved configuration of each topic, so that a request need not resolve it.

use std::cell::RefCell;
use std::rc::Rc;

use millrace_base::hash::Map;
use millrace_base::ids::TopicId;
use millrace_base::setting::SettingError;
use millrace_base::topic_config::TopicConfig;
use millrace_cluster::metadata::Topic;

use crate::server::Server;

/// By topic; one that is not there is resolved when it is asked for, one whose topic changes is forgotten.
#[derive(Default)]
pub(crate) struct TopicConfigs {
    resolved: RefCell<Map<TopicId, Rc<TopicConfig>>>,
}

impl TopicConfigs {
    /// Forgets what was resolved for any topic.
    pub(crate) fn forget_all(&self) {
        self.resolved.borrow_mut().clear();
    }

    /// Forgets what was resolved for a topic.
    pub(crate) fn forget(&self, topic: TopicId) {
        self.resolved.borrow_mut().remove(&topic);
    }
}

/// A topic's configuration.
///
/// # Errors
/// [`SettingError`] when an override was stored by another version of Millrace and means nothing here.
pub(crate) fn resolve(server: &Server, topic: &Topic) -> Result<Rc<TopicConfig>, SettingError> {
    if let Some(config) = server.topic_configs.resolved.borrow().get(&topic.id) {
        return Ok(Rc::clone(config));
    }
    let config = Rc::new(TopicConfig::resolve(&topic.overrides, &server.settings())?);
    server.topic_configs.resolved.borrow_mut().insert(topic.id, Rc::clone(&config));
    Ok(config)
}
