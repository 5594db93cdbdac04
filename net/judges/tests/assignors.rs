//! What our assignors are compared with is what Kafka's own classes give.

use std::fs;
use std::process::Command;

use millrace_judges::process::{kafka_jars, repository};

#[test]
fn the_witness_of_assignments_is_kafkas() {
    let mut java = Command::new("java");
    java.arg("-cp").arg(kafka_jars().join("*")).arg(repository().join("net/judges/java/Assign.java"));
    let output = java.output().expect("java can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let witness = repository().join("engine/cluster/golden/assignments-kafka-4.3.1.txt");
    let known = fs::read_to_string(&witness).expect("the witness can be read");
    let given = String::from_utf8(output.stdout).expect("Java prints text");
    assert!(known == given, "{} is not what Assign.java prints: write it anew", witness.display());
}
