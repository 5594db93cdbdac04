//! Who may commit and fetch offsets of a group.

use millrace_base::code::ErrorCode;

use super::state::ConsumerGroup;
use crate::group::request::{Commit, CommitOffset};

impl ConsumerGroup {
    /// Whether this commit may be: an operator's while there are no members; a member's at its epoch, or at an earlier
    /// one for partitions that it has had since (KIP-1251).
    pub(in crate::group) fn check_commit(&self, commit: &Commit) -> Result<(), ErrorCode> {
        if commit.generation < 0 && self.members().is_empty() {
            return Ok(());
        }
        let member = self.members().get(&commit.member_id).ok_or(ErrorCode::UnknownMemberId)?;
        let known = self.standing(&commit.member_id).epoch;
        if member.classic.is_some() {
            return if commit.generation == known { Ok(()) } else { Err(ErrorCode::IllegalGeneration) };
        }
        if !commit.knows_kip_848 {
            return Err(ErrorCode::UnsupportedVersion);
        }
        let may = |offset: &CommitOffset| self.has_had(&commit.member_id, offset, commit.generation);
        let is_current = commit.generation == known;
        let is_earlier = commit.generation < known && commit.offsets.iter().all(may);
        if is_current || is_earlier { Ok(()) } else { Err(ErrorCode::StaleMemberEpoch) }
    }

    fn has_had(&self, member_id: &str, offset: &CommitOffset, epoch: i32) -> bool {
        let standing = self.standing(member_id);
        let both = [&standing.assigned, &standing.revoking].into_iter();
        let found = both.filter_map(|held| held.get(&offset.topic_id)?.get(&offset.partition)).next().copied();
        found.is_some_and(|since| epoch >= since)
    }

    /// Whether offsets may be fetched by who says that it is this member, at this epoch; None for who is none.
    pub(in crate::group) fn check_fetch(&self, member_id: Option<&str>, epoch: i32) -> Result<(), ErrorCode> {
        let Some(member_id) = member_id else {
            return if epoch < 0 { Ok(()) } else { Err(ErrorCode::UnknownMemberId) };
        };
        let member = self.members().get(member_id).ok_or(ErrorCode::UnknownMemberId)?;
        let is_stale = self.standing(member_id).epoch != epoch;
        match (is_stale, member.classic.is_some()) {
            (false, _) => Ok(()),
            (true, true) => Err(ErrorCode::IllegalGeneration),
            (true, false) => Err(ErrorCode::StaleMemberEpoch),
        }
    }
}
