//! One event's step at one group: what it changes is noted, so that it can be recorded, and taken back.

use std::time::Duration;

use super::change::{Change, MemberState, Standing};
use super::record::ConsumerRecord;
use super::request::{ConsumerRules, Refusal};
use super::state::{ConsumerGroup, member_removal};
use crate::group::record::GroupRecord;
use crate::group::request::{Now, Request, Ticket};
use crate::group::timers::Timers;
use crate::group::turn::Timer;
use crate::metadata::Image;

/// What waits for the end of a group's write.
pub(in crate::group) type Work = (Ticket, Request);

/// How a step is taken back when its records cannot be written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::group) struct Undo {
    /// To be applied from the last to the first.
    pub(in crate::group) changes: Vec<Change>,
    /// The group has become one of this protocol by the step.
    pub(in crate::group) is_created: bool,
}

/// One event's step at one group.
pub(in crate::group) struct Step<'a> {
    pub(in crate::group) name: &'a str,
    pub(in crate::group) group: &'a mut ConsumerGroup,
    pub(in crate::group) now: Now,
    pub(in crate::group) settings: &'a ConsumerRules,
    pub(in crate::group) image: &'a Image,
    pub(in crate::group) topics_version: u64,
    pub(in crate::group) timers: &'a mut Timers<Timer>,
    pub(in crate::group) records: &'a mut Vec<GroupRecord>,
    pub(in crate::group) undo: &'a mut Undo,
}

impl Step<'_> {
    /// Changes the group.
    pub(super) fn change(&mut self, change: Change) {
        self.records
            .push(GroupRecord::Consumer(ConsumerRecord { group: self.name.to_owned(), change: change.clone() }));
        let inverse = self.group.apply(change);
        self.undo.changes.push(inverse);
    }

    pub(super) fn schedule(&mut self, timer: Timer, after: Duration) {
        self.timers.schedule(timer, self.now.monotonic + after);
    }

    pub(super) fn session_timer(&self, id: &str) -> Timer {
        Timer::Member(self.name.to_owned(), id.to_owned())
    }

    fn revocation_timer(&self, id: &str) -> Timer {
        Timer::Revocation(self.name.to_owned(), id.to_owned())
    }

    pub(super) fn return_timer(&self, id: &str) -> Timer {
        Timer::Return(self.name.to_owned(), id.to_owned())
    }

    /// A member was heard of: its session begins anew.
    pub(super) fn renew_session(&mut self, id: &str) {
        let classic = self.group.members().get(id).and_then(|member| member.classic.as_ref());
        let session = classic.map(|classic| milliseconds(classic.session_timeout_ms));
        self.schedule(self.session_timer(id), session.unwrap_or(self.settings.session_timeout));
    }

    /// A member is to have let go within its rebalance time-out what it must.
    pub(super) fn watch_revocation(&mut self, id: &str) {
        let timer = self.revocation_timer(id);
        let member = self.group.members().get(id).filter(|member| member.classic.is_none());
        match member.filter(|_| self.group.standing(id).state == MemberState::Unrevoked) {
            Some(member) => {
                let timeout = milliseconds(member.rebalance_timeout_ms);
                self.schedule(timer, timeout);
            }
            None => self.timers.cancel(&timer),
        }
    }

    /// After a start: every session begins, and every time to let go.
    pub(in crate::group) fn watch_all(&mut self) {
        let ids: Vec<_> = self.group.members().keys().cloned().collect();
        self.watch(ids.iter().map(String::as_str));
    }

    /// The sessions of these begin anew, and their times to let go; of those that are no members they end.
    pub(in crate::group) fn watch<'a>(&mut self, ids: impl IntoIterator<Item = &'a str>) {
        for id in ids {
            if self.group.members().contains_key(id) {
                self.renew_session(id);
            } else {
                self.timers.cancel(&self.session_timer(id));
            }
            self.watch_revocation(id);
        }
    }

    /// Puts a member where it stands now, if it stands elsewhere.
    pub(super) fn stand(&mut self, id: &str, standing: Standing) {
        if !self.group.has_standing(id) || self.group.standing(id) != standing {
            self.change(Change::Standing(id.to_owned(), Some(standing)));
            self.watch_revocation(id);
        }
    }

    /// Takes a member out of the group, without a new epoch.
    pub(super) fn remove(&mut self, id: &str) {
        self.timers.cancel(&self.session_timer(id));
        self.timers.cancel(&self.revocation_timer(id));
        let regex = self.group.members().get(id).and_then(|member| member.topic_regex.clone());
        for change in member_removal(id) {
            self.change(change);
        }
        self.unwatch_return(id);
        self.forget_regex(regex);
    }

    /// Forgets a pattern by which nobody subscribes any more.
    pub(super) fn forget_regex(&mut self, regex: Option<String>) {
        let Some(regex) = regex else { return };
        if self.group.regexes().contains_key(&regex) && !self.group.uses_regex(&regex) {
            self.change(Change::Regex(regex, None));
        }
    }

    /// Takes members out of the group, whose epoch grows.
    pub(in crate::group) fn fence<'a>(&mut self, ids: impl IntoIterator<Item = &'a str>) {
        for id in ids {
            self.remove(id);
        }
        let hash = self.metadata_hash();
        self.bump(hash);
    }

    /// Leads a member on towards the target assignment.
    pub(super) fn reconcile(&mut self, id: &str, owned: Option<&super::request::Assignment>) -> Result<(), Refusal> {
        let target = self.group.target(id).cloned().unwrap_or_default();
        let next = super::reconcile::next(self.group, id, owned, &target)?;
        self.stand(id, next);
        Ok(())
    }
}

/// A time-out of the protocol: milliseconds, a negative number for none.
pub(super) fn milliseconds(number: i32) -> Duration {
    Duration::from_millis(u64::try_from(number).unwrap_or(0))
}
