//! Kafka's names as Rust's.

/// `TopicIdPartition` or `topicIdPartition` becomes `topic_id_partition`; a run of capitals counts as one word.
pub(crate) fn snake(name: &str) -> String {
    let characters: Vec<char> = name.chars().collect();
    let mut snake = String::new();
    for (index, character) in characters.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|before| characters.get(before));
        let after_is_small = characters.get(index + 1).is_some_and(|after| after.is_ascii_lowercase());
        let starts_word = character.is_ascii_uppercase()
            && before.is_some_and(|before| !before.is_ascii_uppercase() || after_is_small);
        if starts_word {
            snake.push('_');
        }
        snake.push(character.to_ascii_lowercase());
    }
    snake
}

/// The name of a struct field.
pub(crate) fn field(name: &str) -> String {
    match snake(name).as_str() {
        keyword @ ("type" | "match") => format!("r#{keyword}"),
        plain => plain.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_at_capitals() {
        assert_eq!(snake("TopicIdPartition"), "topic_id_partition");
        assert_eq!(snake("timeoutMs"), "timeout_ms");
        assert_eq!(snake("V3AndBelowTopics"), "v3_and_below_topics");
        assert_eq!(snake("KRaftVersion"), "k_raft_version");
        assert_eq!(snake("CurrentISR"), "current_isr");
        assert_eq!(field("Match"), "r#match");
    }
}
