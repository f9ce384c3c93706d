package rapport.bench;

import java.nio.ByteBuffer;

/** Count, sum, time of the last event, and the sums of thirty days; 264 bytes, big-endian, as the harness reads them. */
final class State {
    private static final long DAY_MS = 86_400_000L;
    private static final int DAYS = 30;

    long count;
    long total;
    private long lastMs;
    private final long[] ring = new long[DAYS];

    static State of(byte[] stored) {
        State state = new State();
        if (stored != null) {
            ByteBuffer buffer = ByteBuffer.wrap(stored);
            state.count = buffer.getLong();
            state.total = buffer.getLong();
            state.lastMs = buffer.getLong();
            for (int day = 0; day < DAYS; day++) {
                state.ring[day] = buffer.getLong();
            }
        }
        return state;
    }

    void add(long amount, long atMs) {
        long day = atMs / DAY_MS;
        long lastDay = lastMs / DAY_MS;
        if (day != lastDay) {
            for (long passed = Math.max(lastDay + 1, day - DAYS + 1); passed <= day; passed++) {
                ring[(int) (passed % DAYS)] = 0;
            }
        }
        ring[(int) (day % DAYS)] += amount;
        count++;
        total += amount;
        lastMs = atMs;
    }

    byte[] bytes() {
        ByteBuffer buffer = ByteBuffer.allocate(8 * (3 + DAYS));
        buffer.putLong(count).putLong(total).putLong(lastMs);
        for (long sum : ring) {
            buffer.putLong(sum);
        }
        return buffer.array();
    }
}
