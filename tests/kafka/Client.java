// Apache Kafka's own client for the tests, so that what is read back was not
// read by the library that wrote it. Run as a source file, with Kafka's jars:
//
//   java -cp … Client.java create BOOTSTRAP TOPIC PARTITIONS [name=value …]
//   java -cp … Client.java read BOOTSTRAP TOPIC
//   java -cp … Client.java delete BOOTSTRAP TOPIC
//   java -cp … Client.java allow BOOTSTRAP USER TOPIC OPERATION …
//   java -cp … Client.java forbid BOOTSTRAP USER TOPIC OPERATION …
//
// `read` prints a JSON line for each record, bytes in base64, in the order of
// offsets within each partition; it ends when the topic's end is reached.

import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

public class Client {
    public static void main(String[] args) throws Exception {
        switch (args[0]) {
            case "create" -> create(args);
            case "read" -> read(args[1], args[2]);
            case "delete" -> delete(args[1], args[2]);
            case "allow" -> {
                try (Admin admin = Admin.create(Map.of("bootstrap.servers", args[1]))) {
                    admin.createAcls(bindings(args)).all().get();
                }
            }
            case "forbid" -> {
                try (Admin admin = Admin.create(Map.of("bootstrap.servers", args[1]))) {
                    var filters = bindings(args).stream().map(AclBinding::toFilter).toList();
                    admin.deleteAcls(filters).all().get();
                }
            }
            default -> throw new IllegalArgumentException(args[0]);
        }
    }

    static void create(String[] args) throws Exception {
        Map<String, String> configs = new HashMap<>();
        for (int i = 4; i < args.length; i++) {
            String[] pair = args[i].split("=", 2);
            configs.put(pair[0], pair[1]);
        }
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", args[1]))) {
            // As many copies as the cluster makes by default.
            var topic = new NewTopic(args[2], Integer.parseInt(args[3]), (short) -1);
            admin.createTopics(List.of(topic.configs(configs))).all().get();
        }
    }

    static void delete(String bootstrap, String topic) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
            admin.deleteTopics(List.of(topic)).all().get();
        }
    }

    static List<AclBinding> bindings(String[] args) {
        var topic = new ResourcePattern(ResourceType.TOPIC, args[3], PatternType.LITERAL);
        List<AclBinding> acls = new ArrayList<>();
        for (int i = 4; i < args.length; i++) {
            var operation = AclOperation.fromString(args[i]);
            var entry = new AccessControlEntry("User:" + args[2], "*", operation, AclPermissionType.ALLOW);
            acls.add(new AclBinding(topic, entry));
        }
        return acls;
    }

    static void read(String bootstrap, String topic) {
        Map<String, Object> config = Map.of("bootstrap.servers", bootstrap);
        var bytes = new ByteArrayDeserializer();
        try (var consumer = new KafkaConsumer<byte[], byte[]>(config, bytes, bytes)) {
            List<TopicPartition> partitions = new ArrayList<>();
            consumer.partitionsFor(topic)
                    .forEach(p -> partitions.add(new TopicPartition(topic, p.partition())));
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
            var out = new StringBuilder();
            while (System.nanoTime() < deadline && !atEnd(consumer, ends)) {
                for (var record : consumer.poll(Duration.ofMillis(200))) {
                    print(out, record);
                }
                System.out.print(out);
                out.setLength(0);
            }
        }
    }

    static boolean atEnd(KafkaConsumer<?, ?> consumer, Map<TopicPartition, Long> ends) {
        return ends.entrySet().stream()
                .allMatch(end -> consumer.position(end.getKey()) >= end.getValue());
    }

    static void print(StringBuilder out, ConsumerRecord<byte[], byte[]> record) {
        out.append("{\"partition\":").append(record.partition());
        out.append(",\"offset\":").append(record.offset());
        out.append(",\"key\":").append(base64(record.key()));
        out.append(",\"value\":").append(base64(record.value()));
        out.append(",\"headers\":[");
        String comma = "";
        for (Header header : record.headers()) {
            out.append(comma).append("[\"").append(header.key()).append("\",");
            out.append(base64(header.value())).append("]");
            comma = ",";
        }
        out.append("]}\n");
    }

    static String base64(byte[] bytes) {
        return bytes == null ? "null" : '"' + Base64.getEncoder().encodeToString(bytes) + '"';
    }
}
