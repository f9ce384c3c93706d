import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import redis.clients.jedis.JedisPooled;
import redis.clients.jedis.StreamEntryID;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.params.SetParams;
import redis.clients.jedis.params.XAutoClaimParams;
import redis.clients.jedis.params.XReadGroupParams;
import redis.clients.jedis.resps.StreamEntry;

/**
 * Takes the alerts of one queue from Redis, the urgent ones first (Jedis 5 or newer, Java 17). Copy and adapt.
 *
 * <p>java ConsumeAlerts redis://127.0.0.1:6379/0 retention desk-7; docs/consuming.md explains each step. The limit of
 * five deliveries is left out here: consume_alerts.py has it.
 */
public final class ConsumeAlerts {
    private static final String GROUP = "desks";
    private static final long PATIENCE_MS = 60_000;
    private static final long KEPT_SECONDS = 7 * 86_400;

    private final JedisPooled redis;
    private final String me;
    private final List<String> streams;

    private ConsumeAlerts(JedisPooled redis, String queue, String me) {
        this.redis = redis;
        this.me = me;
        this.streams = List.of(1, 2, 3).stream().map(p -> "crm:alerts:" + queue + ":p" + p).toList();
        for (String stream : streams) {
            try {
                redis.xgroupCreate(stream, GROUP, new StreamEntryID("0-0"), true);
            } catch (JedisDataException error) {
                if (!error.getMessage().startsWith("BUSYGROUP")) { // BUSYGROUP: another desk was here first
                    throw error;
                }
            }
        }
        for (String stream : streams) { // what this desk had taken before it went down
            read(Map.of(stream, new StreamEntryID("0-0")), 100, 0);
        }
    }

    private void turn() {
        for (String stream : streams) { // what another desk has taken and not acknowledged for a minute
            for (StreamEntry entry : redis.xautoclaim(
                    stream, GROUP, me, PATIENCE_MS, new StreamEntryID("0-0"), new XAutoClaimParams().count(10)).getValue()) {
                one(stream, entry);
            }
        }
        for (String stream : streams) { // XREADGROUP over several streams knows no priority: one after the other
            if (read(Map.of(stream, StreamEntryID.XREADGROUP_UNDELIVERED_ENTRY), 10, 0)) {
                return;
            }
        }
        Map<String, StreamEntryID> all = new LinkedHashMap<>();
        streams.forEach(stream -> all.put(stream, StreamEntryID.XREADGROUP_UNDELIVERED_ENTRY));
        read(all, 1, 5_000);
    }

    private boolean read(Map<String, StreamEntryID> from, int count, int blockMs) {
        XReadGroupParams how = new XReadGroupParams().count(count);
        List<Map.Entry<String, List<StreamEntry>>> found =
                redis.xreadGroup(GROUP, me, blockMs > 0 ? how.block(blockMs) : how, from);
        boolean any = false;
        for (Map.Entry<String, List<StreamEntry>> stream : found == null ? List.<Map.Entry<String, List<StreamEntry>>>of() : found) {
            for (StreamEntry entry : stream.getValue()) {
                one(stream.getKey(), entry);
                any = true;
            }
        }
        return any;
    }

    private void one(String stream, StreamEntry entry) {
        Map<String, String> fields = entry.getFields();
        if (fields == null || fields.isEmpty()) { // taken before this desk went down, and gone from the stream since
            redis.xack(stream, GROUP, entry.getID());
            return;
        }
        String type = fields.get("type");
        if (type.endsWith(".retracted") || type.endsWith(".superseded")) {
            // Another desk may hold the alert, or read it later: all of them look at this key.
            redis.set(gone(fields.get("refers_to")), "1", SetParams.setParams().ex(KEPT_SECONDS));
            System.out.println(fields.get("refers_to") + "  withdrawn");
        } else if (type.equals("crm.alert.raised") // new types may come: passed over
                && Instant.parse(fields.get("expires_at")).isAfter(Instant.now())
                && !redis.exists(gone(fields.get("id")))) {
            System.out.println(fields.get("id") + "  " + fields.get("data")); // show it; the same id twice is the same alert
        }
        redis.xack(stream, GROUP, entry.getID()); // only now: a crash before this line delivers it again
    }

    private static String gone(String actionId) {
        return GROUP + ":gone:" + actionId;
    }

    public static void main(String[] arguments) {
        try (JedisPooled redis = new JedisPooled(arguments[0])) {
            ConsumeAlerts desk = new ConsumeAlerts(redis, arguments[1], arguments[2]);
            while (true) {
                desk.turn();
            }
        }
    }
}
