import java.io.*;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.*;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.*;
import org.apache.kafka.coordinator.common.runtime.CoordinatorRecord;
import org.apache.kafka.coordinator.group.GroupCoordinatorRecordSerde;
import org.apache.kafka.coordinator.group.generated.CoordinatorRecordJsonConverters;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.Branched;

/**
 * Runs Java clients and Kafka's own tools for the judges, many cases in one virtual machine.
 * A command a line on standard input, its words separated by U+001F; any number of answer lines, then "ok" or "error WHY".
 */
public class Judge {
    static final PrintStream OUT = System.out;
    static String jars;

    public static void main(String[] arguments) throws Exception {
        jars = arguments[0];
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line; (line = in.readLine()) != null; ) {
            String[] words = line.split("\u001f", -1);
            try {
                switch (words[0]) {
                    case "produce" -> produce(words);
                    case "consume" -> consume(words);
                    case "drain" -> drain(words);
                    case "seek" -> seek(words);
                    case "member" -> member(words);
                    case "settle" -> settle(words);
                    case "streams" -> streams(words);
                    case "records-of-groups" -> recordsOfGroups(words);
                    case "one-of-many" -> oneOfMany(words);
                    case "performance-payloads" -> performancePayloads(words);
                    case "tool" -> tool(words);
                    default -> throw new IllegalArgumentException(words[0]);
                }
                OUT.println("ok");
            } catch (Throwable error) {
                StringWriter trace = new StringWriter();
                error.printStackTrace(new PrintWriter(trace));
                OUT.println("error " + trace.toString().replace('\n', ' '));
            }
            OUT.flush();
        }
        Runtime.getRuntime().halt(0);
    }

    /** The Java half of the manifest: SHA-256 over a partition's records, as net/judges/src/manifest.rs has it. */
    static class Sums {
        final MessageDigest content = sha(), timestamps = sha();
        long records;

        static MessageDigest sha() {
            try {
                return MessageDigest.getInstance("SHA-256");
            } catch (Exception error) {
                throw new IllegalStateException(error);
            }
        }

        void field(byte[] bytes) {
            content.update(number(bytes == null ? -1 : bytes.length));
            if (bytes != null) content.update(bytes);
        }

        static byte[] number(int n) {
            return new byte[] {(byte) (n >> 24), (byte) (n >> 16), (byte) (n >> 8), (byte) n};
        }

        void add(long timestamp, byte[] key, byte[] value, Iterable<Header> headers) {
            records++;
            timestamps.update(ByteBuffer.allocate(8).putLong(timestamp).array());
            field(key);
            field(value);
            int count = 0;
            for (Header ignored : headers) count++;
            content.update(number(count));
            for (Header header : headers) {
                field(header.key().getBytes(StandardCharsets.UTF_8));
                field(header.value());
            }
        }

        void print(String topic, int partition) {
            HexFormat hex = HexFormat.of();
            OUT.println(String.join("\t", topic, "" + partition, "" + records, hex.formatHex(content.digest()),
                hex.formatHex(timestamps.digest())));
        }
    }

    static Properties client(String address) {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", address);
        return properties;
    }

    /** produce ADDRESS TOPIC PARTITIONS RECORDS CODEC SEED: partition by partition in turn; a manifest line for each. */
    static void produce(String[] words) throws Exception {
        int partitions = Integer.parseInt(words[3]), records = Integer.parseInt(words[4]);
        Properties properties = client(words[1]);
        properties.put("compression.type", words[5]);
        Sums[] sums = new Sums[partitions];
        Arrays.setAll(sums, i -> new Sums());
        Random random = new Random(Long.parseLong(words[6]));
        long now = System.currentTimeMillis();
        Exception[] failed = new Exception[1];
        try (var producer = new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer())) {
            for (int i = 0; i < records; i++) {
                int partition = i % partitions;
                long timestamp = now - records + i;
                byte[] key = i % 5 == 0 ? null : ("key-" + random.nextInt(1000)).getBytes(StandardCharsets.UTF_8);
                byte[] value = i % 11 == 3 ? null : new byte[i % 997 == 0 ? 60_000 : random.nextInt(240)];
                for (int at = 0; value != null && at < value.length; at++) value[at] = (byte) (32 + random.nextInt(90));
                List<Header> headers = new ArrayList<>();
                for (int h = 0; h < i % 4; h++)
                    headers.add(new RecordHeader("h" + h, h == 1 ? null : ("v" + random.nextInt()).getBytes()));
                sums[partition].add(timestamp, key, value, headers);
                producer.send(new ProducerRecord<>(words[2], partition, timestamp, key, value, headers),
                    (metadata, error) -> { if (error != null) failed[0] = error; });
            }
            producer.flush();
            // Requests follow each other without waiting: a broker that keeps their order never makes an idempotent producer retry.
            for (var metric : producer.metrics().entrySet())
                if (metric.getKey().name().equals("record-retry-total") && metric.getKey().group().equals("producer-metrics")
                    && (Double) metric.getValue().metricValue() > 0)
                    failed[0] = new IllegalStateException(metric.getValue().metricValue() + " records had to be sent again");
        }
        if (failed[0] != null) throw failed[0];
        for (int p = 0; p < partitions; p++) sums[p].print(words[2], p);
    }

    static KafkaConsumer<byte[], byte[]> consumer(String address) {
        return new KafkaConsumer<>(client(address), new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    static List<TopicPartition> partitions(KafkaConsumer<byte[], byte[]> consumer, String topics) {
        List<TopicPartition> all = new ArrayList<>();
        for (String topic : topics.split(","))
            for (PartitionInfo info : consumer.partitionsFor(topic)) all.add(new TopicPartition(topic, info.partition()));
        return all;
    }

    /** consume ADDRESS TOPIC,TOPIC...: all partitions at once, without a group; a manifest line for each. */
    static void consume(String[] words) {
        Map<TopicPartition, Sums> sums = new TreeMap<>(Comparator.comparing(TopicPartition::toString));
        try (var consumer = consumer(words[1])) {
            List<TopicPartition> all = partitions(consumer, words[2]);
            consumer.assign(all);
            consumer.seekToBeginning(all);
            Map<TopicPartition, Long> ends = consumer.endOffsets(all);
            long left = 0;
            for (long end : ends.values()) left += end;
            long deadline = System.nanoTime() + Duration.ofMinutes(2).toNanos();
            while (left > 0) {
                if (System.nanoTime() > deadline) throw new IllegalStateException(left + " records do not come");
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofSeconds(1))) {
                    TopicPartition partition = new TopicPartition(record.topic(), record.partition());
                    Sums sum = sums.computeIfAbsent(partition, ignored -> new Sums());
                    if (record.offset() != sum.records)
                        throw new IllegalStateException(partition + ": offset " + record.offset() + " after " + sum.records + " records");
                    sum.add(record.timestamp(), record.key(), record.value(), record.headers());
                    left--;
                }
            }
        }
        sums.forEach((partition, sum) -> sum.print(partition.topic(), partition.partition()));
    }

    /** records-of-groups ADDRESS: what __consumer_offsets holds, as Kafka's coordinator reads it: a key and a value a line. */
    static void recordsOfGroups(String[] words) {
        GroupCoordinatorRecordSerde serde = new GroupCoordinatorRecordSerde();
        try (var consumer = consumer(words[1])) {
            List<TopicPartition> all = partitions(consumer, "__consumer_offsets");
            consumer.assign(all);
            consumer.seekToBeginning(all);
            Map<TopicPartition, Long> ends = consumer.endOffsets(all);
            while (all.stream().anyMatch(partition -> consumer.position(partition) < ends.get(partition)))
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofSeconds(1))) {
                    ByteBuffer value = record.value() == null ? null : ByteBuffer.wrap(record.value());
                    CoordinatorRecord read = serde.deserialize(ByteBuffer.wrap(record.key()), value);
                    OUT.println(read.key().getClass().getSimpleName() + " "
                        + CoordinatorRecordJsonConverters.writeRecordKeyAsJson(read.key()) + " " + (read.value() == null ? "null"
                        : CoordinatorRecordJsonConverters.writeRecordValueAsJson(read.value().message(), read.value().version())));
                }
        }
    }

    /**
     * one-of-many ADDRESS TOPIC ROUNDS: a consumer of all partitions reads a record from each; then as many records as there are
     * rounds, one at a time, from the first partition. What those rounds took: requests, bytes sent, bytes received.
     */
    static void oneOfMany(String[] words) throws Exception {
        int rounds = Integer.parseInt(words[3]);
        Properties properties = client(words[1]);
        try (var consumer = consumer(words[1]);
             var producer = new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer())) {
            List<TopicPartition> all = partitions(consumer, words[2]);
            for (TopicPartition partition : all) producer.send(new ProducerRecord<>(words[2], partition.partition(), null, new byte[10]));
            producer.flush();
            consumer.assign(all);
            consumer.seekToBeginning(all);
            await(consumer, all.size());
            long[] before = traffic(consumer);
            for (int i = 0; i < rounds; i++) {
                producer.send(new ProducerRecord<>(words[2], all.get(0).partition(), null, new byte[10])).get();
                await(consumer, 1);
            }
            long[] after = traffic(consumer);
            for (int i = 0; i < after.length; i++) OUT.println(after[i] - before[i]);
        }
    }

    /** The members of a group that are there, by their names; and what all of them have read. */
    static final Map<String, KafkaConsumer<byte[], byte[]>> MEMBERS = new TreeMap<>();
    static final Set<String> READ = new HashSet<>();

    /** member ADDRESS NAME GROUP TOPIC PROTOCOL: a member joins; member leave NAME: it leaves. */
    static void member(String[] words) {
        if (words[1].equals("leave")) {
            MEMBERS.remove(words[2]).close(CloseOptions.timeout(Duration.ofSeconds(10)));
            return;
        }
        Properties properties = client(words[1]);
        properties.put("group.id", words[3]);
        properties.put("client.id", words[2]);
        properties.put("group.protocol", words[5]);
        properties.put("enable.auto.commit", "false");
        properties.put("auto.offset.reset", "earliest");
        if (words[5].equals("classic")) properties.put("heartbeat.interval.ms", "300");
        var member = new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        member.subscribe(List.of(words[4]));
        MEMBERS.put(words[2], member);
    }

    /** settle PARTITIONS RECORDS: members read and commit until each partition has one owner, shares are even, and so much is read. */
    static void settle(String[] words) {
        int partitions = Integer.parseInt(words[1]), records = Integer.parseInt(words[2]);
        long deadline = System.nanoTime() + Duration.ofMinutes(2).toNanos();
        while (true) {
            List<Integer> shares = new ArrayList<>();
            Set<TopicPartition> owned = new HashSet<>();
            for (var member : MEMBERS.values()) {
                var polled = member.poll(Duration.ofMillis(100));
                for (var record : polled) READ.add(record.partition() + ":" + record.offset());
                try {
                    if (!polled.isEmpty()) member.commitSync(Duration.ofSeconds(10));
                } catch (CommitFailedException | org.apache.kafka.common.errors.RebalanceInProgressException expected) {
                    // The partitions' next owner reads these records again.
                }
                shares.add(member.assignment().size());
                owned.addAll(member.assignment());
            }
            int total = shares.stream().mapToInt(share -> share).sum();
            boolean even = Collections.max(shares) - Collections.min(shares) <= 1;
            if (total == partitions && owned.size() == partitions && even && READ.size() == records) return;
            if (System.nanoTime() > deadline) throw new IllegalStateException(shares + ", " + READ.size() + " records");
        }
    }

    /** Instances of the Streams application that run, by their names; and what one of them died of. */
    static final Map<String, KafkaStreams> STREAMS = new HashMap<>();
    static volatile Throwable diedOf;

    /**
     * streams ADDRESS NAME DIRECTORY NUMBERS EVEN ODD: an instance of an application without state starts. Of the numbers that three
     * does not divide, it sends those that are even to one topic and the others to the other; streams stop NAME: it stops.
     */
    static void streams(String[] words) {
        if (words[1].equals("stop")) {
            boolean stopped = STREAMS.remove(words[2]).close(Duration.ofSeconds(30));
            if (diedOf != null) throw new IllegalStateException(diedOf);
            if (!stopped) throw new IllegalStateException(words[2] + " does not stop");
            return;
        }
        Properties properties = client(words[1]);
        properties.put("application.id", "numbers");
        properties.put("client.id", words[2]);
        properties.put("state.dir", words[3] + "/" + words[2]);
        properties.put("num.stream.threads", "2");
        properties.put("commit.interval.ms", "200");
        // Streams leaves a group by silence: who stops may come back.
        properties.put("session.timeout.ms", "6000");
        properties.put("heartbeat.interval.ms", "500");
        properties.put("processing.exception.handler.global.enabled", "true");
        properties.put("auto.offset.reset", "earliest");
        properties.put("default.key.serde", Serdes.StringSerde.class);
        properties.put("default.value.serde", Serdes.StringSerde.class);
        StreamsBuilder builder = new StreamsBuilder();
        builder.<String, String>stream(words[4])
            .filter((key, number) -> Long.parseLong(number) % 3 != 0)
            .split()
            .branch((key, number) -> Long.parseLong(number) % 2 == 0,
                Branched.withConsumer(even -> even.mapValues(number -> "even " + number).to(words[5])))
            .defaultBranch(Branched.withConsumer(odd -> odd.mapValues(number -> "odd " + number).to(words[6])));
        KafkaStreams streams = new KafkaStreams(builder.build(), properties);
        streams.setUncaughtExceptionHandler(error -> {
            diedOf = error;
            return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
        streams.start();
        STREAMS.put(words[2], streams);
    }

    static void await(KafkaConsumer<byte[], byte[]> consumer, int records) {
        long deadline = System.nanoTime() + Duration.ofMinutes(2).toNanos();
        for (int left = records; left > 0; left -= consumer.poll(Duration.ofSeconds(1)).count())
            if (System.nanoTime() > deadline) throw new IllegalStateException(left + " of " + records + " records do not come");
    }

    static long[] traffic(KafkaConsumer<byte[], byte[]> consumer) {
        String[] names = {"request-total", "outgoing-byte-total", "incoming-byte-total"};
        long[] totals = new long[names.length];
        for (var metric : consumer.metrics().entrySet())
            for (int i = 0; i < names.length; i++)
                if (metric.getKey().group().equals("consumer-metrics") && metric.getKey().name().equals(names[i]))
                    totals[i] += ((Double) metric.getValue().metricValue()).longValue();
        return totals;
    }

    /** seek ADDRESS TOPIC SEED: reads from random offsets, and looks up offsets by time, in every partition. */
    static void seek(String[] words) {
        Random random = new Random(Long.parseLong(words[3]));
        try (var consumer = consumer(words[1])) {
            List<TopicPartition> all = partitions(consumer, words[2]);
            consumer.assign(all);
            Map<TopicPartition, Long> starts = consumer.beginningOffsets(all), ends = consumer.endOffsets(all);
            for (TopicPartition partition : all) {
                consumer.assign(List.of(partition));
                long end = ends.get(partition);
                expect(0, starts.get(partition), partition + " begins");
                for (int i = 0; i < 5; i++) {
                    long offset = (long) (random.nextDouble() * end);
                    consumer.seek(partition, offset);
                    ConsumerRecord<byte[], byte[]> record = next(consumer);
                    expect(offset, record.offset(), partition + " after seek");
                    OffsetAndTimestamp found = consumer.offsetsForTimes(Map.of(partition, record.timestamp())).get(partition);
                    expect(record.timestamp(), found.timestamp(), partition + " timestamp found by time");
                    expect(offset, found.offset(), partition + " offset found by time");
                }
                if (consumer.offsetsForTimes(Map.of(partition, Long.MAX_VALUE)).get(partition) != null)
                    throw new IllegalStateException(partition + " has a record at the end of time");
            }
        }
    }

    static ConsumerRecord<byte[], byte[]> next(KafkaConsumer<byte[], byte[]> consumer) {
        for (int i = 0; i < 10; i++)
            for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofSeconds(1))) return record;
        throw new IllegalStateException("no record after seek");
    }

    static void expect(long want, long got, String what) {
        if (want != got) throw new IllegalStateException(what + " at " + got + ", not " + want);
    }

    /** drain ADDRESS TOPIC RECORDS: how fast it can be read without a group; answers with bytes and nanoseconds. */
    static void drain(String[] words) {
        long records = Long.parseLong(words[3]), bytes = 0;
        try (var consumer = consumer(words[1])) {
            List<TopicPartition> all = partitions(consumer, words[2]);
            consumer.assign(all);
            consumer.seekToBeginning(all);
            long start = System.nanoTime(), deadline = start + Duration.ofMinutes(5).toNanos();
            for (long seen = 0; seen < records; ) {
                if (System.nanoTime() > deadline) throw new IllegalStateException((records - seen) + " records do not come");
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofSeconds(1))) {
                    seen++;
                    bytes += (record.key() == null ? 0 : record.key().length) + (record.value() == null ? 0 : record.value().length);
                }
            }
            OUT.println(bytes + "\t" + (System.nanoTime() - start));
        }
    }

    /** performance-payloads TOPIC RECORDS BYTES: the manifest of what ProducerPerformance sends (its seed is fixed). */
    static void performancePayloads(String[] words) {
        SplittableRandom random = new SplittableRandom(0);
        byte[] payload = new byte[Integer.parseInt(words[3])];
        Sums sums = new Sums();
        for (int i = 0; i < Integer.parseInt(words[2]); i++) {
            for (int j = 0; j < payload.length; j++) payload[j] = (byte) (random.nextInt(26) + 65);
            sums.add(0, null, payload, List.of());
        }
        sums.print(words[1], 0);
    }

    static class Ended extends RuntimeException {
        final int status;

        Ended(int status) {
            super("exit status " + status);
            this.status = status;
        }
    }

    static final Map<String, ClassLoader> LOADERS = new HashMap<>();

    /** A tool's own class loader: tools share no static state, with each other or with this class. */
    static ClassLoader loader(String tool) throws Exception {
        if (!LOADERS.containsKey(tool)) {
            List<URL> urls = new ArrayList<>();
            for (File jar : new File(jars).listFiles()) urls.add(jar.toURI().toURL());
            LOADERS.put(tool, new URLClassLoader(urls.toArray(new URL[0]), ClassLoader.getPlatformClassLoader()));
        }
        return LOADERS.get(tool);
    }

    /** tool CLASS INPUT|- OUTPUT ARGUMENT...: Kafka's own tool, its streams to and from files. */
    static void tool(String[] words) throws Throwable {
        InputStream in = System.in;
        PrintStream out = System.out;
        ClassLoader loader = loader(words[1]);
        try (InputStream input = words[2].equals("-") ? InputStream.nullInputStream() : new FileInputStream(words[2]);
             PrintStream output = new PrintStream(new BufferedOutputStream(new FileOutputStream(words[3]), 1 << 16), false)) {
            Thread.currentThread().setContextClassLoader(loader);
            Class<?> exit = loader.loadClass("org.apache.kafka.common.utils.Exit");
            Class<?> procedure = loader.loadClass("org.apache.kafka.common.utils.Exit$Procedure");
            InvocationHandler end = (proxy, method, values) -> { throw new Ended((Integer) values[0]); };
            Object ended = Proxy.newProxyInstance(loader, new Class<?>[] {procedure}, end);
            exit.getMethod("setExitProcedure", procedure).invoke(null, ended);
            List<Runnable> hooks = new ArrayList<>();
            Class<?> adder = loader.loadClass("org.apache.kafka.common.utils.Exit$ShutdownHookAdder");
            InvocationHandler add = (proxy, method, values) -> hooks.add((Runnable) values[1]) ? null : null;
            exit.getMethod("setShutdownHookAdder", adder)
                .invoke(null, Proxy.newProxyInstance(loader, new Class<?>[] {adder}, add));
            System.setIn(input);
            System.setOut(output);
            try {
                String[] arguments = Arrays.copyOfRange(words, 4, words.length);
                Class<?> tool = loader.loadClass(words[1]);
                // The console consumer counts in a static field, which a new process would find at 0.
                for (Field field : tool.getDeclaredFields())
                    if (field.getName().equals("messageCount")) {
                        field.setAccessible(true);
                        field.setInt(null, 0);
                    }
                tool.getMethod("main", String[].class).invoke(null, (Object) arguments);
            } catch (InvocationTargetException error) {
                if (!(error.getCause() instanceof Ended ended0 && ended0.status == 0)) throw error.getCause();
            }
            for (Runnable hook : hooks) hook.run();
            output.flush();
        } finally {
            System.setIn(in);
            System.setOut(out);
            Thread.currentThread().setContextClassLoader(Judge.class.getClassLoader());
        }
    }
}
