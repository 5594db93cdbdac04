import java.util.*;
import java.util.stream.Collectors;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.coordinator.group.api.assignor.*;
import org.apache.kafka.coordinator.group.assignor.*;
import org.apache.kafka.coordinator.group.modern.*;

/**
 * What Kafka's own assignors give to made-up groups whose members come, go and change their minds while topics grow:
 * a line for each, its fields separated by tabs: the assignor; the partitions of each topic; the members, each with its
 * static name, the topics that it reads, and what it was given before; what each is given.
 *
 * Topics have ids, and members names, in whose order Java's hash maps have them: so the answers depend on no chance.
 */
public class Assign {
    static final int CHAINS = 40, STEPS = 5;

    record Member(String instance, TreeSet<Integer> topics) { }

    public static void main(String[] arguments) {
        for (ConsumerGroupPartitionAssignor assignor : List.of(new RangeAssignor(), new UniformAssignor()))
            for (int chain = 0; chain < CHAINS; chain++) chain(assignor, new Random(chain));
    }

    static void chain(ConsumerGroupPartitionAssignor assignor, Random random) {
        boolean alike = random.nextInt(2) == 0;
        int[] partitions = new int[1 + random.nextInt(4)];
        for (int topic = 0; topic < partitions.length; topic++) partitions[topic] = 1 + random.nextInt(6);
        TreeMap<String, Member> members = new TreeMap<>();
        Map<String, TreeMap<Integer, TreeSet<Integer>>> before = new TreeMap<>();
        int names = 0;
        for (int count = 1 + random.nextInt(4); count > 0; count--) members.put(name(names++), member(random, alike, partitions));
        for (int step = 0; step < STEPS; step++) {
            before = assign(assignor, partitions, members, before);
            switch (random.nextInt(6)) {
                case 0, 1 -> { if (names < 9) members.put(name(names++), member(random, alike, partitions)); }
                case 2, 3 -> {
                    if (members.size() > 1) {
                        String gone = new ArrayList<>(members.keySet()).get(random.nextInt(members.size()));
                        members.remove(gone);
                        before.remove(gone);
                    }
                }
                case 4 -> partitions[random.nextInt(partitions.length)] += 1 + random.nextInt(3);
                default -> {
                    String other = new ArrayList<>(members.keySet()).get(random.nextInt(members.size()));
                    if (!alike) members.put(other, member(random, alike, partitions));
                }
            }
        }
    }

    /** One letter: in such maps in the order of the alphabet. */
    static String name(int number) {
        return "" + (char) ('a' + number);
    }

    static Member member(Random random, boolean alike, int[] partitions) {
        TreeSet<Integer> topics = new TreeSet<>();
        for (int topic = 0; topic < partitions.length; topic++) if (alike || random.nextInt(3) > 0) topics.add(topic);
        return new Member(random.nextInt(3) == 0 ? "s" + random.nextInt(1000) : "", topics);
    }

    static Uuid id(int topic) {
        return new Uuid(0, topic + 1);
    }

    static Map<String, TreeMap<Integer, TreeSet<Integer>>> assign(ConsumerGroupPartitionAssignor assignor,
            int[] partitions, TreeMap<String, Member> members, Map<String, TreeMap<Integer, TreeSet<Integer>>> before) {
        Map<String, MemberSubscriptionAndAssignmentImpl> specs = new LinkedHashMap<>();
        Map<Uuid, Map<Integer, String>> owners = new HashMap<>();
        members.forEach((name, member) -> {
            Map<Uuid, Set<Integer>> owned = new LinkedHashMap<>();
            before.getOrDefault(name, new TreeMap<>()).forEach((topic, of) -> {
                owned.put(id(topic), Collections.unmodifiableSet(new LinkedHashSet<>(of)));
                of.forEach(partition -> owners.computeIfAbsent(id(topic), key -> new HashMap<>()).put(partition, name));
            });
            Set<Uuid> topics = member.topics.stream().map(Assign::id).collect(Collectors.toCollection(LinkedHashSet::new));
            Optional<String> instance = member.instance.isEmpty() ? Optional.empty() : Optional.of(member.instance);
            specs.put(name, new MemberSubscriptionAndAssignmentImpl(Optional.empty(), instance, topics,
                new Assignment(Collections.unmodifiableMap(owned))));
        });
        boolean alike = members.values().stream().map(Member::topics).distinct().count() == 1;
        SubscriptionType type = alike ? SubscriptionType.HOMOGENEOUS : SubscriptionType.HETEROGENEOUS;
        SubscribedTopicDescriber topics = new SubscribedTopicDescriber() {
            public int numPartitions(Uuid topic) { return partitions[(int) topic.getLeastSignificantBits() - 1]; }
            public Set<String> racksForPartition(Uuid topic, int partition) { return Set.of(); }
        };
        var given = assignor.assign(new GroupSpecImpl(specs, type, owners), topics).members();
        Map<String, TreeMap<Integer, TreeSet<Integer>>> after = new TreeMap<>();
        members.keySet().forEach(name -> {
            TreeMap<Integer, TreeSet<Integer>> of = new TreeMap<>();
            if (given.containsKey(name)) given.get(name).partitions().forEach((topic, set) -> {
                if (!set.isEmpty()) of.put((int) topic.getLeastSignificantBits() - 1, new TreeSet<>(set));
            });
            after.put(name, of);
        });
        String said = members.entrySet().stream().map(entry -> entry.getKey() + "/" + entry.getValue().instance + "/"
            + entry.getValue().topics.stream().map(String::valueOf).collect(Collectors.joining(" ")) + "/"
            + text(before.getOrDefault(entry.getKey(), new TreeMap<>()))).collect(Collectors.joining(";"));
        String result = after.values().stream().map(Assign::text).collect(Collectors.joining(";"));
        System.out.println(String.join("\t", assignor.name(),
            Arrays.stream(partitions).mapToObj(String::valueOf).collect(Collectors.joining(" ")), said, result));
        return after;
    }

    /** TOPIC:PARTITION,PARTITION TOPIC:PARTITION. */
    static String text(TreeMap<Integer, TreeSet<Integer>> assigned) {
        return assigned.entrySet().stream().map(entry -> entry.getKey() + ":"
            + entry.getValue().stream().map(String::valueOf).collect(Collectors.joining(","))).collect(Collectors.joining(" "));
    }
}
