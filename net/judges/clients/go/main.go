// franz-go for the judges: writes the records that it is given, or prints the records that it reads. See ../README.md.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// How long anything may take here.
const patience = 2 * time.Minute

type header struct {
	Name  string  `json:"name"`
	Value *[]byte `json:"value"`
}

type record struct {
	Topic     string   `json:"topic"`
	Partition int32    `json:"partition"`
	Offset    int64    `json:"offset"`
	Timestamp int64    `json:"timestamp"`
	Key       *[]byte  `json:"key"`
	Value     *[]byte  `json:"value"`
	Headers   []header `json:"headers"`
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var err error
	switch arguments := os.Args[1:]; {
	case len(arguments) == 4 && arguments[0] == "produce":
		err = produce(ctx, arguments[1], arguments[2], arguments[3])
	case len(arguments) == 3 && arguments[0] == "consume":
		err = consume(ctx, arguments[1], strings.Split(arguments[2], ","))
	default:
		err = fmt.Errorf("usage: produce ADDRESS TOPIC CODEC | consume ADDRESS TOPIC,TOPIC...")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func produce(ctx context.Context, address, topic, codec string) error {
	codecs := map[string]kgo.CompressionCodec{
		"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
		"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(address), kgo.DefaultProduceTopic(topic),
		kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchCompression(codecs[codec]))
	if err != nil {
		return err
	}
	defer client.Close()
	var failed kgo.FirstErrPromise
	for input := json.NewDecoder(bufio.NewReader(os.Stdin)); ; {
		var given record
		if err := input.Decode(&given); err == io.EOF {
			break
		} else if err != nil {
			return err
		}
		sent := kgo.Record{
			Partition: given.Partition, Timestamp: time.UnixMilli(given.Timestamp), Key: bytes(given.Key), Value: bytes(given.Value),
		}
		for _, header := range given.Headers {
			sent.Headers = append(sent.Headers, kgo.RecordHeader{Key: header.Name, Value: bytes(header.Value)})
		}
		client.Produce(ctx, &sent, failed.Promise())
	}
	if err := client.Flush(ctx); err != nil {
		return err
	}
	return failed.Err()
}

func consume(ctx context.Context, address string, topics []string) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(address), kgo.ConsumeTopics(topics...),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		return err
	}
	defer client.Close()
	ends, err := kadm.NewClient(client).ListEndOffsets(ctx, topics...)
	if err == nil {
		err = ends.Error()
	}
	if err != nil {
		return err
	}
	left := int64(0)
	ends.Each(func(end kadm.ListedOffset) { left += end.Offset })
	out := bufio.NewWriter(os.Stdout)
	for print := json.NewEncoder(out); left > 0; {
		fetches := client.PollFetches(ctx)
		for _, failed := range fetches.Errors() {
			return fmt.Errorf("%s-%d: %w, %d records left", failed.Topic, failed.Partition, failed.Err, left)
		}
		for _, got := range fetches.Records() {
			printed := record{
				Topic: got.Topic, Partition: got.Partition, Offset: got.Offset, Timestamp: got.Timestamp.UnixMilli(),
				Key: nullable(got.Key), Value: nullable(got.Value), Headers: []header{},
			}
			for _, each := range got.Headers {
				printed.Headers = append(printed.Headers, header{each.Key, nullable(each.Value)})
			}
			if err := print.Encode(printed); err != nil {
				return err
			}
			left--
		}
	}
	return out.Flush()
}

// franz-go has nil for null.
func bytes(field *[]byte) []byte {
	if field == nil {
		return nil
	}
	return *field
}

func nullable(field []byte) *[]byte {
	if field == nil {
		return nil
	}
	return &field
}
