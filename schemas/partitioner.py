"""Kafka's default partitioner: murmur2 of the key, as the Java client computes it (docs/rules.md, 27).

Source of the method: org.apache.kafka.common.utils.Utils.murmur2 and BuiltInPartitioner.partitionForKey.
"""

_SEED = 0x9747B28C
_M = 0x5BD1E995
_MASK = 0xFFFFFFFF


def murmur2(key: bytes) -> int:
    """32-bit murmur2 of the key, unsigned.

    >>> murmur2(b"21") - (1 << 32)  # Java's own test has it signed
    -973932308
    """
    length = len(key)
    h = (_SEED ^ length) & _MASK
    whole = length & ~3
    for start in range(0, whole, 4):
        k = int.from_bytes(key[start : start + 4], "little") * _M & _MASK
        k = (k ^ k >> 24) * _M & _MASK
        h = (h * _M & _MASK) ^ k
    if length > whole:
        h = (h ^ int.from_bytes(key[whole:], "little")) * _M & _MASK
    h = (h ^ h >> 13) * _M & _MASK
    return h ^ h >> 15


def partition_for(key: bytes, partitions: int) -> int:
    """Give the partition, of so many, that the Java client's producer would choose for the key.

    >>> partition_for(b"C1", 8)
    1
    """
    return (murmur2(key) & 0x7FFFFFFF) % partitions
