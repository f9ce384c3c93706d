"""A floor: aiokafka alone, that fetches and decodes and folds nothing."""

import asyncio
import os
import signal

import orjson
from aiokafka import AIOKafkaConsumer

from tests.bench.reduced.mark import mark_first


async def main() -> None:
    consumer = AIOKafkaConsumer(
        os.environ["JOB_TOPIC"],
        bootstrap_servers=os.environ["JOB_KAFKA"],
        group_id=os.environ["JOB_NAMESPACE"],
        auto_offset_reset="earliest",
        auto_commit_interval_ms=int(float(os.environ["JOB_COMMIT_SECONDS"]) * 1000),
        fetch_max_bytes=4_000_000,
        max_partition_fetch_bytes=4_000_000,
    )
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await consumer.start()
    begun = False
    while not stop.is_set():
        for records in (await consumer.getmany(timeout_ms=200, max_records=8_000)).values():
            if not begun:
                begun = True
                mark_first()
            for record in records:
                orjson.loads(record.value)
    await consumer.stop()


if __name__ == "__main__":
    asyncio.run(main())
