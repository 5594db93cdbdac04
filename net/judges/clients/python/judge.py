"""kafka-python for the judges: writes the records that it is given, or prints the records that it reads. See ../README.md."""

import json
import sys
import time
from base64 import b64decode, b64encode

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

PATIENCE_SECONDS = 120


def decoded(field):
    return None if field is None else b64decode(field)


def encoded(field):
    return None if field is None else b64encode(field).decode()


def produce(address, topic, codec):
    producer = KafkaProducer(bootstrap_servers=address, compression_type=None if codec == "none" else codec)
    sent = []
    for line in sys.stdin:
        record = json.loads(line)
        headers = [(header["name"], decoded(header["value"])) for header in record["headers"]]
        sent.append(producer.send(
            topic, partition=record["partition"], timestamp_ms=record["timestamp"], key=decoded(record["key"]),
            value=decoded(record["value"]), headers=headers))
    producer.flush(PATIENCE_SECONDS)
    for future in sent:
        future.get(0)
    producer.close()


def consume(address, topics):
    consumer = KafkaConsumer(bootstrap_servers=address, enable_auto_commit=False, auto_offset_reset="none")
    partitions = [TopicPartition(topic, number) for topic in topics for number in consumer.partitions_for_topic(topic)]
    consumer.assign(partitions)
    consumer.seek_to_beginning(*partitions)
    left = sum(consumer.end_offsets(partitions).values())
    deadline = time.monotonic() + PATIENCE_SECONDS
    while left > 0:
        if time.monotonic() > deadline:
            sys.exit(f"{left} records do not come")
        for records in consumer.poll(1000).values():
            for record in records:
                headers = [{"name": name, "value": encoded(value)} for name, value in record.headers]
                print(json.dumps({
                    "topic": record.topic, "partition": record.partition, "offset": record.offset,
                    "timestamp": record.timestamp, "key": encoded(record.key), "value": encoded(record.value),
                    "headers": headers}))
            left -= len(records)
    consumer.close()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["produce", address, topic, codec]:
            produce(address, topic, codec)
        case ["consume", address, topics]:
            consume(address, topics.split(","))
        case _:
            sys.exit("usage: produce ADDRESS TOPIC CODEC | consume ADDRESS TOPIC,TOPIC...")
