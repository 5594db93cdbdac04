// Sends record batches, good and bad, to a real Kafka broker and writes down what it answers and what it stores:
//   java -cp "$KAFKA/libs/*" Produce.java HOST PORT > produced.tsv
// Columns: case, topic, Produce version, the broker's clock (Unix ms), bytes sent (hex), error, record errors (indices), bytes stored (hex, or -).

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.*;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.message.*;
import org.apache.kafka.common.protocol.*;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.*;
import org.apache.kafka.common.requests.*;
import org.apache.kafka.common.utils.ByteUtils;
import org.apache.kafka.common.utils.Crc32C;

public class Produce {
    static final long TIME = 1_700_000_000_000L;
    static final long FAR_FUTURE = 4_102_444_800_000L;
    static Socket socket;
    static int correlation = 0;
    static long producer = 5000;

    public static void main(String[] args) throws Exception {
        String server = args[0] + ":" + args[1];
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", server))) {
            List<NewTopic> topics = new ArrayList<>();
            Map<String, Map<String, String>> configs = new TreeMap<>(Map.of(
                "plain", Map.of(),
                "compacted", Map.of("cleanup.policy", "compact"),
                "append-time", Map.of("message.timestamp.type", "LogAppendTime"),
                "past-1000", Map.of("message.timestamp.before.max.ms", "1000"),
                "small-200", Map.of("max.message.bytes", "200")));
            configs.forEach((name, config) -> topics.add(new NewTopic(name, 1, (short) 1).configs(config)));
            Set<String> there = admin.listTopics().names().get();
            topics.removeIf(topic -> there.contains(topic.name()));
            admin.createTopics(topics).all().get();
        }
        socket = new Socket(args[0], Integer.parseInt(args[1]));
        good();
        frames();
        headers();
        rules();
        structures();
        codecs();
    }

    // What Kafka's own builder makes.

    static SimpleRecord record(long time, String key, String value, Header... headers) {
        return new SimpleRecord(time, key == null ? null : key.getBytes(), value == null ? null : value.getBytes(), headers);
    }

    static SimpleRecord[] some() {
        return new SimpleRecord[] {
            record(TIME, "key", "value", new RecordHeader("name", "content".getBytes()), new RecordHeader("null", (byte[]) null)),
            record(TIME + 7, null, "x".repeat(300)),
            record(TIME - 3, "tombstone", null),
        };
    }

    static byte[] bytes(MemoryRecords records) {
        byte[] bytes = new byte[records.sizeInBytes()];
        records.buffer().duplicate().get(bytes);
        return bytes;
    }

    static byte[] built(Compression compression, SimpleRecord... records) {
        return bytes(MemoryRecords.withRecords(compression, records));
    }

    static byte[] idempotent(long id, int epoch, int sequence, SimpleRecord... records) {
        return bytes(MemoryRecords.withIdempotentRecords(Compression.NONE, id, (short) epoch, sequence, records));
    }

    static void good() throws Exception {
        send("none", "plain", 12, built(Compression.NONE, some()));
        send("gzip", "plain", 12, built(Compression.gzip().build(), some()));
        send("snappy", "plain", 12, built(Compression.snappy().build(), some()));
        send("lz4", "plain", 12, built(Compression.lz4().build(), some()));
        send("zstd", "plain", 12, built(Compression.zstd().build(), some()));
        send("version-3", "plain", 3, built(Compression.NONE, some()));
        send("idempotent", "plain", 12, idempotent(producer++, 3, 1000, some()));
        send("sequence-wraps", "plain", 12, idempotent(producer++, 0, Integer.MAX_VALUE - 1, some()));
        send("append-time", "append-time", 12, built(Compression.NONE, some()));
        send("append-time-gzip", "append-time", 12, built(Compression.gzip().build(), some()));
        send("compacted", "compacted", 12, built(Compression.NONE, record(TIME, "k", null), record(TIME, "", "v")));
        send("no-timestamps", "plain", 12, built(Compression.NONE, record(-1, "k", "v"), record(-1, "k", "v")));
    }

    // Batches made by hand.

    static class Raw {
        long baseOffset = 0, baseTimestamp = TIME, maxTimestamp = TIME + 2, producerId = -1;
        int leaderEpoch = -1, magic = 2, attributes = 0, lastOffsetDelta = 2, producerEpoch = -1, sequence = -1, count = 3;
        Integer length = null;
        int crcFlip = 0;
        byte[] payload;

        byte[] bytes() {
            ByteBuffer b = ByteBuffer.allocate(61 + payload.length);
            b.putLong(baseOffset).putInt(length == null ? 49 + payload.length : length).putInt(leaderEpoch).put((byte) magic).putInt(0);
            b.putShort((short) attributes).putInt(lastOffsetDelta).putLong(baseTimestamp).putLong(maxTimestamp);
            b.putLong(producerId).putShort((short) producerEpoch).putInt(sequence).putInt(count).put(payload);
            b.putInt(17, (int) Crc32C.compute(b.array(), 21, b.array().length - 21) ^ crcFlip);
            return b.array();
        }
    }

    interface Change { void apply(Raw raw) throws Exception; }

    static byte[] raw(Change change) throws Exception {
        Raw raw = new Raw();
        raw.payload = concat(plainRecord(0), plainRecord(1), plainRecord(2));
        change.apply(raw);
        return raw.bytes();
    }

    static byte[] plainRecord(int index) throws Exception {
        return record(index, index, "k".getBytes(), "v".getBytes());
    }

    static byte[] record(int offsetDelta, long timestampDelta, byte[] key, byte[] value) throws Exception {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(body);
        out.write(0);
        ByteUtils.writeVarlong(timestampDelta, out);
        ByteUtils.writeVarint(offsetDelta, out);
        nullable(out, key);
        nullable(out, value);
        ByteUtils.writeVarint(0, out);
        return sized(body.toByteArray());
    }

    static void nullable(DataOutputStream out, byte[] bytes) throws Exception {
        ByteUtils.writeVarint(bytes == null ? -1 : bytes.length, out);
        if (bytes != null) out.write(bytes);
    }

    static byte[] sized(byte[] body) throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        ByteUtils.writeVarint(body.length, out);
        out.write(body);
        return bytes.toByteArray();
    }

    static byte[] concat(byte[]... parts) throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] part : parts) out.write(part);
        return out.toByteArray();
    }

    static void frames() throws Exception {
        byte[] whole = raw(r -> {});
        send("by-hand", "plain", 12, whole);
        for (int length : new int[] {0, 1, 11, 12, 16, 17, 60, 61, whole.length - 1})
            send("cut-to-" + length, "plain", 12, Arrays.copyOf(whole, length));
        send("followed-by-3-bytes", "plain", 12, concat(whole, new byte[3]));
        send("followed-by-part", "plain", 12, concat(whole, Arrays.copyOf(whole, 40)));
        send("followed-by-zeros", "plain", 12, concat(whole, new byte[40]));
        send("followed-by-bad-magic", "plain", 12, concat(whole, raw(r -> r.magic = 9)));
        send("two-batches", "plain", 12, concat(whole, whole));
        for (int length : new int[] {-1, 0, 13, 14, 48})
            send("length-" + length, "plain", 12, raw(r -> r.length = length));
        send("length-one-less", "plain", 12, raw(r -> r.length = 49 + r.payload.length - 1));
        send("length-one-more", "plain", 12, raw(r -> r.length = 49 + r.payload.length + 1));
        for (int magic : new int[] {-1, 0, 1, 3, 127})
            send("magic-" + magic, "plain", 12, raw(r -> r.magic = magic));
        send("magic-1-of-kafka", "plain", 12, bytes(MemoryRecords.withRecords((byte) 1, Compression.NONE, record(TIME, "k", "v"))));
        send("magic-0-of-kafka", "plain", 3, bytes(MemoryRecords.withRecords((byte) 0, Compression.NONE, record(-1, "k", "v"))));
        send("crc", "plain", 12, raw(r -> r.crcFlip = 1));
        send("crc-and-base-offset", "plain", 12, raw(r -> { r.crcFlip = 1; r.baseOffset = 1; }));
        send("crc-and-too-large", "small-200", 12, raw(r -> { r.crcFlip = 1; r.payload = concat(r.payload, new byte[200]); }));
        send("crc-and-count", "plain", 12, raw(r -> { r.crcFlip = 1; r.count = 0; }));
    }

    static void headers() throws Exception {
        send("base-offset-5", "plain", 12, raw(r -> r.baseOffset = 5));
        send("base-offset--1", "plain", 12, raw(r -> r.baseOffset = -1));
        send("leader-epoch-9", "plain", 12, raw(r -> r.leaderEpoch = 9));
        for (int delta : new int[] {-1, 0, 1, 3, Integer.MAX_VALUE, Integer.MIN_VALUE})
            send("last-offset-delta-" + delta, "plain", 12, raw(r -> r.lastOffsetDelta = delta));
        for (int count : new int[] {-1, 0, 2, 4})
            send("count-" + count, "plain", 12, raw(r -> r.count = count));
        for (int count : new int[] {0, 2, 4})
            send("count-and-delta-" + count, "plain", 12, raw(r -> { r.count = count; r.lastOffsetDelta = count - 1; }));
        send("no-records", "plain", 12, raw(r -> { r.count = 0; r.lastOffsetDelta = 0; r.payload = new byte[0]; }));
        send("control", "plain", 12, raw(r -> r.attributes = 0x20));
        send("control-of-producer", "plain", 12, raw(r -> { r.attributes = 0x30; r.producerId = producer++; r.producerEpoch = 0; r.sequence = 0; }));
        for (int sequence : new int[] {-1, -2, 0, Integer.MAX_VALUE})
            send("sequence-" + sequence, "plain", 12, raw(r -> { r.producerId = producer++; r.producerEpoch = 0; r.sequence = sequence; }));
        for (int epoch : new int[] {-1, -2})
            send("epoch-" + epoch, "plain", 12, raw(r -> { r.producerId = producer++; r.producerEpoch = epoch; r.sequence = 0; }));
        send("producer--2", "plain", 12, raw(r -> { r.producerId = -2; r.producerEpoch = 0; r.sequence = 0; }));
        send("sequence-without-producer", "plain", 12, raw(r -> { r.producerEpoch = 4; r.sequence = 4; }));
        for (int codec : new int[] {5, 6, 7})
            send("codec-" + codec, "plain", 12, raw(r -> r.attributes = codec));
        for (int codec : new int[] {1, 2, 3, 4})
            send("codec-" + codec + "-of-plain-bytes", "plain", 12, raw(r -> r.attributes = codec));
        for (int bit = 6; bit < 16; bit++) {
            int attributes = 1 << bit;
            send("attribute-bit-" + bit, "plain", 12, raw(r -> r.attributes = attributes));
        }
        send("attribute-bit-9-restamped", "plain", 12, raw(r -> { r.attributes = 0x200; r.maxTimestamp = 0; }));
        send("delete-horizon-restamped", "plain", 12, raw(r -> { r.attributes = 0x40; r.maxTimestamp = 0; }));
    }

    static void rules() throws Exception {
        for (short version : new short[] {3, 6, 7})
            send("zstd-version-" + version, "plain", version, built(Compression.zstd().build(), some()));
        send("zstd-version-6-and-two", "plain", 6, concat(built(Compression.zstd().build(), some()), built(Compression.zstd().build(), some())));
        send("future", "plain", 12, built(Compression.NONE, record(TIME, "k", "v"), record(FAR_FUTURE, "k", "v"), record(FAR_FUTURE, "k", "v")));
        send("future-gzip", "plain", 12, built(Compression.gzip().build(), record(TIME, "k", "v"), record(FAR_FUTURE, "k", "v")));
        send("future-append-time", "append-time", 12, built(Compression.NONE, record(FAR_FUTURE, "k", "v")));
        send("past", "past-1000", 12, built(Compression.NONE, record(TIME, "k", "v"), record(-1, "k", "v")));
        send("past-least", "past-1000", 12, raw(r -> { r.baseTimestamp = Long.MIN_VALUE; }));
        send("least-timestamp", "plain", 12, raw(r -> { r.baseTimestamp = Long.MIN_VALUE; }));
        send("negative-timestamp", "plain", 12, raw(r -> { r.baseTimestamp = -100; r.maxTimestamp = -98; }));
        send("max-timestamp-wrong", "plain", 12, raw(r -> r.maxTimestamp = 17));
        send("producer-sets-append-time", "plain", 12, raw(r -> r.attributes = 8));
        send("producer-sets-append-time-future", "plain", 12, raw(r -> { r.attributes = 8; r.maxTimestamp = FAR_FUTURE; }));
        send("producer-sets-append-time-none", "plain", 12, raw(r -> { r.attributes = 8; r.maxTimestamp = -1; }));
        send("append-time-twice", "append-time", 12, raw(r -> r.attributes = 8));
        send("key-missing", "compacted", 12, built(Compression.NONE, record(TIME, "k", "v"), record(TIME, null, "v"), record(TIME, null, "w")));
        send("key-missing-lz4", "compacted", 12, built(Compression.lz4().build(), record(TIME, "k", "v"), record(TIME, null, "v")));
        send("key-missing-and-future", "compacted", 12, built(Compression.NONE, record(FAR_FUTURE, "k", "v"), record(FAR_FUTURE, null, "v")));
        send("large", "small-200", 12, built(Compression.NONE, record(TIME, "k", "v".repeat(200))));
        byte[] fits = built(Compression.NONE, record(TIME, "k", "v".repeat(200 - 61 - 11)));
        send("large-" + fits.length, "small-200", 12, fits);
        byte[] one = built(Compression.NONE, record(TIME, "k", "v".repeat(200 - 61 - 10)));
        send("large-" + one.length, "small-200", 12, one);
        send("large-inflated", "small-200", 12, built(Compression.zstd().build(), record(TIME, "k", "v".repeat(5000))));
    }

    static void one(String name, int... body) throws Exception {
        byte[] bytes = new byte[body.length];
        for (int i = 0; i < body.length; i++) bytes[i] = (byte) body[i];
        oneRaw(name, sized(bytes));
        oneRawIn("gzip-" + name, sized(bytes), 1, Compression.gzip().build());
    }

    static void oneRaw(String name, byte[] payload) throws Exception {
        send(name, "plain", 12, raw(r -> { r.count = 1; r.lastOffsetDelta = 0; r.maxTimestamp = TIME; r.payload = payload; }));
    }

    static byte[] compressed(Compression compression, byte[] bytes) throws Exception {
        org.apache.kafka.common.utils.ByteBufferOutputStream out = new org.apache.kafka.common.utils.ByteBufferOutputStream(64);
        try (var stream = compression.wrapForOutput(out, (byte) 2)) { stream.write(bytes); }
        ByteBuffer buffer = out.buffer();
        buffer.flip();
        byte[] result = new byte[buffer.remaining()];
        buffer.get(result);
        return result;
    }

    static void oneRawIn(String name, byte[] payload, int codec, Compression compression) throws Exception {
        byte[] packed = compressed(compression, payload);
        send(name, "plain", 12, raw(r -> { r.count = 1; r.lastOffsetDelta = 0; r.maxTimestamp = TIME; r.attributes = codec; r.payload = packed; }));
    }

    static void structures() throws Exception {
        // attributes, timestamp delta, offset delta, key, value, headers
        one("record-minimal", 0, 0, 0, 1, 1, 0);
        one("record-attributes", 0xff, 0, 0, 1, 1, 0);
        one("record-empty-key-and-value", 0, 0, 0, 0, 0, 0);
        one("record-longer-than-parts", 0, 0, 0, 1, 1, 0, 0);
        one("record-without-headers", 0, 0, 0, 1, 1);
        one("record-empty");
        one("record-key-beyond", 0, 0, 0, 20, 1, 0);
        one("record-key-length--2", 0, 0, 0, 3, 1, 0);
        one("record-value-beyond", 0, 0, 0, 1, 20, 0);
        one("record-value-length--2", 0, 0, 0, 1, 3, 0);
        one("record-headers--1", 0, 0, 0, 1, 1, 1);
        one("record-headers-too-many", 0, 0, 0, 1, 1, 4, 0, 1);
        one("record-header", 0, 0, 0, 1, 1, 2, 2, 'h', 1);
        one("record-header-empty-name", 0, 0, 0, 1, 1, 2, 0, 0);
        one("record-header-null-name", 0, 0, 0, 1, 1, 2, 1, 1);
        one("record-header-name-beyond", 0, 0, 0, 1, 1, 2, 20, 1);
        one("record-header-value-length--2", 0, 0, 0, 1, 1, 2, 2, 'h', 3);
        one("record-offset-delta-1", 0, 0, 2, 1, 1, 0);
        one("record-offset-delta--1", 0, 0, 1, 1, 1, 0);
        one("record-overlong-varints", 0, 0x80, 0, 0x80, 0x80, 0, 0x81, 0, 0x81, 0x80, 0x80, 0x80, 0, 0x80, 0);
        one("record-varint-of-6-bytes", 0, 0, 0x80, 0x80, 0x80, 0x80, 0x80, 0, 1, 1, 0);
        one("record-varint-upper-bits", 0, 0, 0x80, 0x80, 0x80, 0x80, 0x70, 1, 1, 0);
        one("record-varlong-of-10-bytes", 0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00, 0, 1, 1, 0);
        one("record-varlong-upper-bits", 0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7e, 0, 1, 1, 0);
        one("record-varlong-of-11-bytes", 0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0, 0, 1, 1, 0);
        oneRaw("record-length--1", new byte[] {1});
        oneRaw("record-length-beyond", new byte[] {40, 0, 0, 0, 1, 1, 0});
        oneRaw("record-length-without-end", new byte[] {-1, -1, -1, -1, -1, -1});
        oneRaw("record-followed", concat(plainRecord(0), new byte[] {0}));
        oneRawIn("gzip-record-followed", concat(plainRecord(0), new byte[] {0}), 1, Compression.gzip().build());
        oneRawIn("gzip-record-missing", new byte[0], 1, Compression.gzip().build());
        oneRaw("record-missing", new byte[0]);
        send("offset-deltas-0-2-4", "plain", 12, raw(r -> r.payload = concat(plainRecord(0), plainRecord(2), plainRecord(4))));
        send("key-and-structure", "compacted", 12, raw(r -> r.payload = concat(record(0, 0, null, null), plainRecord(1), new byte[] {1})));
    }

    static void codecs() throws Exception {
        byte[] record = plainRecord(0);
        byte[] gzip = compressed(Compression.gzip().build(), record);
        in("gzip-two-members", 1, concat(compressed(Compression.gzip().build(), Arrays.copyOf(record, 4)), compressed(Compression.gzip().build(), Arrays.copyOfRange(record, 4, record.length))));
        in("gzip-followed-by-byte", 1, concat(gzip, new byte[] {1}));
        in("gzip-checksum", 1, flipped(gzip, gzip.length - 6));
        in("gzip-length", 1, flipped(gzip, gzip.length - 2));
        in("gzip-cut", 1, Arrays.copyOf(gzip, gzip.length - 9));
        in("gzip-empty", 1, new byte[0]);
        in("snappy-raw", 2, org.xerial.snappy.Snappy.compress(record));
        byte[] xerial = compressed(Compression.snappy().build(), record);
        in("snappy-twice", 2, concat(compressed(Compression.snappy().build(), Arrays.copyOf(record, 4)), compressed(Compression.snappy().build(), Arrays.copyOfRange(record, 4, record.length))));
        in("snappy-cut", 2, Arrays.copyOf(xerial, xerial.length - 1));
        in("snappy-header-only", 2, Arrays.copyOf(xerial, 16));
        in("snappy-empty", 2, new byte[0]);
        in("snappy-version-9", 2, flipped(xerial, 11));
        byte[] lz4 = compressed(Compression.lz4().build(), record);
        in("lz4-followed-by-byte", 3, concat(lz4, new byte[] {1}));
        in("lz4-without-end", 3, Arrays.copyOf(lz4, lz4.length - 4));
        in("lz4-header-checksum", 3, flipped(lz4, 6));
        in("lz4-linked", 3, lz4Flags(lz4, 0x40));
        in("lz4-reserved-flag", 3, lz4Flags(lz4, 0x62));
        in("lz4-version-2", 3, lz4Flags(lz4, 0xa0));
        in("lz4-empty", 3, new byte[0]);
        in("lz4-block-of-lies", 3, flipped(lz4, 8));
        byte[] zstd = compressed(Compression.zstd().build(), record);
        in("zstd-one-shot", 4, com.github.luben.zstd.Zstd.compress(record));
        in("zstd-two-frames", 4, concat(com.github.luben.zstd.Zstd.compress(Arrays.copyOf(record, 4)), com.github.luben.zstd.Zstd.compress(Arrays.copyOfRange(record, 4, record.length))));
        in("zstd-followed-by-byte", 4, concat(zstd, new byte[] {1}));
        in("zstd-cut", 4, Arrays.copyOf(zstd, zstd.length - 1));
        in("zstd-empty", 4, new byte[0]);
        in("zstd-window-of-256-mib", 4, window(zstd, 18 << 3));
        in("zstd-window-of-128-mib", 4, window(zstd, 17 << 3));
    }

    static byte[] flipped(byte[] bytes, int index) {
        byte[] result = bytes.clone();
        result[index] ^= 0x08;
        return result;
    }

    static byte[] window(byte[] zstd, int descriptor) {
        byte[] result = zstd.clone();
        if ((result[4] & 0x20) != 0) throw new IllegalStateException("no window descriptor");
        result[5] = (byte) descriptor;
        return result;
    }

    static byte[] lz4Flags(byte[] frame, int flags) {
        byte[] result = frame.clone();
        result[4] = (byte) flags;
        result[6] = (byte) (net.jpountz.xxhash.XXHashFactory.safeInstance().hash32().hash(result, 4, 2, 0) >> 8);
        return result;
    }

    static void in(String name, int codec, byte[] payload) throws Exception {
        send(name, "plain", 12, raw(r -> { r.count = 1; r.lastOffsetDelta = 0; r.maxTimestamp = TIME; r.attributes = codec; r.payload = payload; }));
    }

    // The wire.

    static AbstractResponse call(ApiKeys key, short version, ApiMessage body) throws Exception {
        RequestHeaderData header = new RequestHeaderData()
            .setRequestApiKey(key.id).setRequestApiVersion(version).setClientId("record-tests").setCorrelationId(++correlation);
        ByteBuffer request = RequestUtils.serialize(header, key.requestHeaderVersion(version), body, version);
        DataOutputStream out = new DataOutputStream(socket.getOutputStream());
        out.writeInt(request.remaining());
        out.write(request.array(), request.arrayOffset() + request.position(), request.remaining());
        out.flush();
        DataInputStream in = new DataInputStream(socket.getInputStream());
        byte[] response = new byte[in.readInt()];
        in.readFully(response);
        ByteBuffer buffer = ByteBuffer.wrap(response);
        ResponseHeader.parse(buffer, key.responseHeaderVersion(version));
        return AbstractResponse.parseResponse(key, new ByteBufferAccessor(buffer), version);
    }

    static void send(String name, String topic, int version, byte[] bytes) throws Exception {
        ProduceRequestData produce = new ProduceRequestData().setAcks((short) -1).setTimeoutMs(10_000);
        produce.topicData().add(new ProduceRequestData.TopicProduceData().setName(topic).setPartitionData(List.of(
            new ProduceRequestData.PartitionProduceData().setIndex(0).setRecords(MemoryRecords.readableRecords(ByteBuffer.wrap(bytes))))));
        long now = System.currentTimeMillis();
        ProduceResponse response;
        try {
            response = (ProduceResponse) call(ApiKeys.PRODUCE, (short) version, produce);
        } catch (java.io.EOFException closed) {
            System.out.println(String.join("\t", name, topic, "" + version, "" + now, hex(bytes), "CLOSED", "", "-"));
            socket = new Socket(socket.getInetAddress(), socket.getPort());
            return;
        }
        var partition = response.data().responses().iterator().next().partitionResponses().get(0);
        Errors error = Errors.forCode(partition.errorCode());
        if (error == Errors.NOT_LEADER_OR_FOLLOWER) {
            // The topic was made just now.
            Thread.sleep(50);
            send(name, topic, version, bytes);
            return;
        }
        StringJoiner indices = new StringJoiner(",");
        partition.recordErrors().forEach(e -> indices.add("" + e.batchIndex()));
        String stored = error == Errors.NONE ? hex(fetch(topic, partition.baseOffset())) : "-";
        System.out.println(String.join("\t", name, topic, "" + version, "" + now, hex(bytes), error.name(), indices.toString(), stored));
        System.err.println(name + ": " + error + " " + partition.errorMessage() + " " + partition.recordErrors());
    }

    static byte[] fetch(String topic, long offset) throws Exception {
        FetchRequestData fetch = new FetchRequestData().setMaxWaitMs(1000).setMinBytes(1).setMaxBytes(1 << 20).setReplicaId(-1);
        fetch.topics().add(new FetchRequestData.FetchTopic().setTopic(topic).setPartitions(List.of(
            new FetchRequestData.FetchPartition().setPartition(0).setFetchOffset(offset).setPartitionMaxBytes(1 << 20))));
        FetchResponse response = (FetchResponse) call(ApiKeys.FETCH, (short) 12, fetch);
        return bytes((MemoryRecords) response.data().responses().get(0).partitions().get(0).records());
    }

    static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }
}
