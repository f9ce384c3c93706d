"""The product's own worker under the same faults: fewer runs, since it takes longer to start and to judge."""

from functools import partial

from tests.faults.product.inputs import Transactions
from tests.faults.product.subject import ProductSubject
from tests.faults.scenario import Scenario
from tests.faults.scenarios import data, kills, members, network, outages

ALL = (
    Scenario("product_kills_at_random", kills.at_random, ProductSubject, seeds=3, kills=8),
    Scenario("product_kills_at_points", kills.at_points, ProductSubject, seeds=3),
    Scenario("product_kills_while_it_starts", kills.while_it_starts, ProductSubject, seeds=2),
    Scenario("product_rolling_stop_of_three", members.rolling_stop, partial(ProductSubject, partitions=3), seeds=1),
    Scenario(
        "product_broker_outage",
        partial(outages.outage, which="Kafka", seconds=outages.KAFKA_SECONDS),
        ProductSubject,
        seeds=1,
    ),
    Scenario(
        "product_redis_outage",
        partial(outages.outage, which="Redis", seconds=outages.REDIS_SECONDS),
        ProductSubject,
        seeds=1,
    ),
    Scenario("product_redis_replies_lost", network.replies_lost, ProductSubject, seeds=1),
    Scenario(
        "product_hostile_payloads",
        data.hostile,
        partial(ProductSubject, make_inputs=partial(Transactions, hostile=0.1)),
        seeds=1,
    ),
)
