import aiokafka.partitioner
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.partitioner import murmur2, partition_for


@pytest.mark.parametrize(
    ("key", "java"),
    [  # from Apache Kafka's UtilsTest.testMurmur2
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_the_hash_is_the_one_of_the_java_client(key: bytes, java: int):
    assert murmur2(key) == java % 2**32


@settings(deadline=None)
@given(st.binary(max_size=100), st.integers(1, 1000))
def test_partitions_are_those_of_another_client(key: bytes, partitions: int):
    assert partition_for(key, partitions) == (aiokafka.partitioner.murmur2(key) & 0x7FFFFFFF) % partitions
