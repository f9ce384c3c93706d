"""What cannot be taken goes to the dead letters with its bytes; the stream goes on, and nothing else is touched."""

import pytest

from .lab import Lab, Sent, a_stream_of_events, expected_tallies

pytestmark = pytest.mark.integration


async def test_an_event_fails_once_and_is_retried_or_twice_and_is_dead_lettered(lab: Lab):
    await lab.send(a_stream_of_events(50))
    await lab.send([Sent("events", "stumbles", "C001", 2_000_000, 14, fail=1)])
    dead = Sent("events", "dead", "C001", 2_000_001, 21, fail=2)
    await lab.send([dead])
    await lab.send([Sent("events", "after", "C001", 2_000_002, 3)])
    lab.sent.remove(dead)
    worker = lab.worker()
    await lab.caught_up()
    assert await worker.stop() == 0

    tallies = await lab.tallies()
    assert {key: (t.count, t.total, t.digest) for key, t in tallies.items()} == expected_tallies(lab.sent)
    alerts = await lab.alerts()
    assert alerts.count("stumbles") == 1
    assert "dead" not in alerts
    assert "never" not in alerts
    (letter,) = await lab.letters()
    headers = dict(letter.headers)
    assert (letter.key, letter.value) == (b"C001", dead.value)
    assert headers["dl-reason"] == b"processing_error"
    assert headers["dl-topic"] == f"{lab.namespace}.events".encode()
    assert headers["dl-size"] == str(len(dead.value)).encode()
    assert b"told" not in headers["dl-error"]


async def test_bytes_that_cannot_be_decoded_are_dead_lettered_as_they_came(lab: Lab):
    await lab.send(a_stream_of_events(10))
    await lab.send_raw("events", b"C001", b"\xff{not json", [("dl-reason", b"forged"), ("traceparent", b"00-abc")])
    await lab.send_raw("events", b"C002", None)
    await lab.send_raw("events", None, b"x" * 1_000_001)
    worker = lab.worker()
    await lab.caught_up()
    assert await worker.stop() == 0

    letters = {letter.key: (letter.value, letter.headers) for letter in await lab.letters()}
    assert len(letters) == 3
    value, headers = letters[b"C001"]
    assert value == b"\xff{not json"
    assert [content for name, content in headers if name == "dl-reason"] == [b"bad_json"]
    assert ("traceparent", b"00-abc") in headers
    assert letters[b"C002"][0] is None
    value, headers = letters[None]
    assert value == b"x" * 65_536
    assert ("dl-truncated", b"true") in headers
    assert ("dl-size", b"1000001") in headers


async def test_a_deployment_that_cannot_take_most_events_ends_itself_and_commits_nothing(lab: Lab):
    await lab.send(
        [Sent("events", f"bad-{n}", f"C{n % 7}", 1_000_000, n, fail=9) for n in range(100)],
    )
    worker = lab.worker()
    assert await worker.ended() == 70
    assert await lab.letters() == []


async def test_a_topic_made_again_under_its_name_is_refused_or_read_from_its_start(lab: Lab):
    await lab.send(a_stream_of_events(300, keys=5))
    worker = lab.worker()
    await lab.caught_up()
    assert await worker.stop() == 0
    await lab.delete("events")
    await lab.recreate("events")
    lab.sent = [*lab.sent]
    await lab.send(a_stream_of_events(40, keys=5, start=1_000))
    worker = lab.worker()
    await lab.caught_up()
    assert await worker.stop() == 0
    # Guards are kept by topic UUID: offsets 0 … of the new topic are news, not repeats of the old one's.
    tallies = await lab.tallies()
    assert {key: t.count for key, t in tallies.items()} == {k: v[0] for k, v in expected_tallies(lab.sent).items()}
