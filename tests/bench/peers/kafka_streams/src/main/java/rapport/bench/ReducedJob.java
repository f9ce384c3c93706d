package rapport.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/**
 * The reduced job on Kafka Streams: one thread, at least once, a persistent (RocksDB) store with changelog.
 *
 * <p>Configured by environment, as all jobs are; JOB_CACHE_BYTES above 0 puts the store's cache before RocksDB and
 * the changelog.
 */
public final class ReducedJob implements Processor<String, byte[], String, byte[]> {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String STORE = "states";

    private KeyValueStore<String, byte[]> states;
    private ProcessorContext<String, byte[]> context;
    private boolean begun;

    @Override
    public void init(ProcessorContext<String, byte[]> given) {
        context = given;
        states = given.getStateStore(STORE);
    }

    @Override
    public void process(Record<String, byte[]> record) {
        try {
            if (!begun) {
                begun = true;
                markFirst();
            }
            JsonNode event = JSON.readTree(record.value());
            String customer = event.get("customer_id").textValue();
            long amount = event.get("amount").longValue();
            State state = State.of(states.get(customer));
            if (state.count >= 5 && amount * state.count > 4 * state.total) {
                ObjectNode alert = JSON.createObjectNode();
                alert.put("id", event.get("event_id").textValue());
                alert.put("customer", customer);
                alert.put("amount", amount);
                alert.put("mean", (double) state.total / state.count);
                context.forward(new Record<>(customer, JSON.writeValueAsBytes(alert), record.timestamp()));
            }
            state.add(amount, event.get("occurred_ms").longValue());
            states.put(customer, state.bytes());
        } catch (IOException error) {
            throw new IllegalStateException(error);
        }
    }

    /** Tell CPU seconds so far and the monotonic clock, as tests/bench/reduced/mark.py does. */
    private static void markFirst() throws IOException {
        var system = (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        Path target = Path.of(System.getenv("JOB_MARK"));
        Path part = target.resolveSibling("first.part");
        Files.writeString(part, system.getProcessCpuTime() / 1e9 + " " + System.nanoTime() / 1e9);
        Files.move(part, target);
    }

    public static void main(String[] arguments) throws InterruptedException {
        String namespace = System.getenv("JOB_NAMESPACE");
        long cache = Long.parseLong(System.getenv().getOrDefault("JOB_CACHE_BYTES", "0"));
        StoreBuilder<KeyValueStore<String, byte[]>> store =
                Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(STORE), Serdes.String(), Serdes.ByteArray());
        Topology topology = new Topology();
        topology.addSource(
                "events",
                Serdes.String().deserializer(),
                Serdes.ByteArray().deserializer(),
                System.getenv("JOB_TOPIC"));
        topology.addProcessor("fold", ReducedJob::new, "events");
        topology.addStateStore(cache > 0 ? store.withCachingEnabled() : store.withCachingDisabled(), "fold");
        topology.addSink(
                "alerts", namespace + ".alerts", Serdes.String().serializer(), Serdes.ByteArray().serializer(), "fold");

        KafkaStreams streams = new KafkaStreams(topology, settings(namespace, cache));
        CountDownLatch stopped = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            streams.close();
            stopped.countDown();
        }));
        streams.start();
        stopped.await();
    }

    private static Properties settings(String namespace, long cache) {
        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, namespace);
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, System.getenv("JOB_KAFKA"));
        settings.put(StreamsConfig.STATE_DIR_CONFIG, System.getenv("JOB_DATA"));
        settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.AT_LEAST_ONCE);
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
        settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, cache);
        double seconds = Double.parseDouble(System.getenv("JOB_COMMIT_SECONDS"));
        settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, (long) (seconds * 1000));
        settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        settings.put(StreamsConfig.producerPrefix(ProducerConfig.ACKS_CONFIG), "all");
        return settings;
    }
}
