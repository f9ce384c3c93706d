"""Registration is explicit and refuses at start what would break a guarantee."""

from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer

from stream_app.engine.app import EngineApp
from stream_app.engine.clocks import TimerRule
from stream_app.engine.faust_settings import EngineSettings, faust_settings
from stream_app.engine.rules import EngineUseError


class TextCodec:
    def encode(self, value: str) -> bytes:
        return value.encode()

    def decode(self, raw: bytes) -> str:
        return raw.decode()

    def next_due_ms(self, value: str) -> None:
        return None


def the_settings(tmp_path: Path) -> EngineSettings:
    return EngineSettings(
        app_id="app",
        bootstrap_servers="127.0.0.1:1,127.0.0.2:2",
        redis_url="redis://127.0.0.1:1",
        namespace="crm",
        data_dir=tmp_path / "deep" / "data",
        dead_letters="crm.dead-letters",
        partitions=3,
    )


@pytest.fixture
def app(tmp_path: Path) -> EngineApp:
    made = EngineApp(the_settings(tmp_path), {})
    made.state_table("profiles", TextCodec())
    return made


def a_topic(app: EngineApp, name: str = "bank.transactions") -> Any:
    return app.event_topic(name, decode=lambda record: None, table="profiles")


async def consume(stream: Any) -> None:
    async for _ in stream:
        pass


async def test_a_topic_takes_one_named_agent_that_yields_nothing(app: EngineApp):
    async def yields(stream: Any) -> Any:
        async for given in stream:
            yield given

    topic = a_topic(app)
    with pytest.raises(EngineUseError, match="name"):
        app.agent(topic)
    with pytest.raises(EngineUseError, match="concurrency 1"):
        app.agent(topic, name="many", concurrency=2)
    app.agent(topic, name="first")(consume)
    with pytest.raises(EngineUseError, match="already has"):
        app.agent(topic, name="second")
    with pytest.raises(EngineUseError, match="yields nothing"):
        app.agent(a_topic(app, "bank.interactions"), name="yields")(yields)


async def test_tables_come_before_what_folds_into_them(app: EngineApp):
    with pytest.raises(EngineUseError, match="register the table"):
        app.event_topic("t", decode=lambda record: None, table="nowhere")
    with pytest.raises(EngineUseError, match="register the table"):
        app.timers(TimerRule("nowhere", "crm.timers", lambda key, until: b"", 0))


async def test_a_table_is_not_reached_outside_a_batch_nor_by_fausts_own_ways(app: EngineApp):
    port = app.engine.tables["profiles"]
    with pytest.raises(EngineUseError, match="only while a record is folded"):
        _ = app.engine.current.state
    with pytest.raises(EngineUseError, match="through its port"):
        port[b"C1"] = "value"
    with pytest.raises(EngineUseError, match="windowed"):
        port.tumbling(10)


@pytest.mark.parametrize("way", ["group_by", "through", "filter", "take", "enumerate", "noack"])
async def test_what_would_break_the_order_of_events_is_refused_on_event_topics(app: EngineApp, way: str):
    stream = app.stream(a_topic(app))
    with pytest.raises(EngineUseError, match="not offered on event topics"):
        getattr(stream, way)("anything")


async def test_an_ordinary_topic_keeps_fausts_ways(app: EngineApp):
    stream = app.stream(app.topic("ordinary"))
    assert stream.source is None
    assert stream.filter(lambda value: True) is not None


async def test_an_error_in_an_agent_commits_nothing(app: EngineApp):
    assert await app._on_agent_error(None, RuntimeError()) is None


def test_the_settings_are_those_under_which_the_guarantees_hold(tmp_path: Path):
    settings = faust_settings(the_settings(tmp_path))
    assert [str(url) for url in settings["broker"]] == ["kafka://127.0.0.1:1", "kafka://127.0.0.2:2"]
    assert settings["producer_acks"] == -1
    assert settings["processing_guarantee"] == "at_least_once"
    assert settings["web_enabled"] is settings["autodiscover"] is settings["topic_allow_declare"] is False
    assert settings["stream_wait_empty"] is True
    assert settings["broker_commit_interval"] <= 2
    assert settings["broker_request_timeout"] > 70, "recovery dies in silence when an outage outlasts it"
    assert settings["broker_max_poll_interval"] >= 300, "a checkpoint blocked on Redis stops polling"


async def test_the_data_directory_is_made_with_its_parents(app: EngineApp, tmp_path: Path):
    app.finalize()
    app._create_directories()
    assert (tmp_path / "deep" / "data").is_dir()


async def test_who_has_not_joined_the_group_is_in_no_generation(app: EngineApp):
    assert app.engine.fence.generation == -1, "no consumer yet"
    connecting = app.engine_consumer._thread._consumer = AIOKafkaConsumer()
    assert app.engine.fence.generation == -1
    await connecting.stop()
