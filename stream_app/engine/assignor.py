"""Who leads the group gives every partition to somebody, or ends: Faust would leave out a topic that it does not see.

A broker that comes back after a stall may tell of no topics, or of no brokers, for a moment. An assignment made from
that leaves its partitions to nobody, until the next rebalance, which may never come, and every worker says it is ready.
"""

from typing import Any

from faust.assignor.partition_assignor import PartitionAssignor

from stream_app.engine.fatal import Exit, die


class EngineAssignor(PartitionAssignor):
    """Faust's assignor, but for topics that Kafka's metadata lack: a worker that starts again asks for them anew."""

    @classmethod
    def _get_copartitioned_groups(cls, topics: set[str], cluster: Any, subscriptions: Any) -> Any:
        missing = sorted(topic for topic in topics if not cluster.partitions_for_topic(topic))
        if missing:
            die(Exit.STUCK, f"nobody would own {', '.join(missing)}: missing in Kafka's metadata at a rebalance")
        return super()._get_copartitioned_groups(topics, cluster, subscriptions)
