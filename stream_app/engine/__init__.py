"""The engine: Faust with a batch-grained hot path, an ordered checkpoint and results that are exact across crashes.

Pure core: records, stored, effects, table, partition, batch, sealed, checkpoint, clock, ports.
Seams to Faust, Kafka, RocksDB and Redis: app, consumer, stream, agent, state_table, store, producer, redis_sink, fence.
"""
