"""`rapport queue`: look into the Redis streams without disturbing their readers."""

import time
from collections.abc import Iterator
from typing import Annotated, Any

import orjson
import redis
import typer

from models.policy import load_policy
from stream_app.commands.common import JsonOption, RedisOption, errors, fail, print_json, print_table, settings
from stream_app.settings import Settings
from stream_app.streams import stream_names

app = typer.Typer(help="List, follow and measure the queues on Redis.", no_args_is_help=True)
FAMILIES = ("alerts", "offers", "arrivals", "dead")


def connect(chosen: Settings) -> Any:
    """Return a client that answered (Any: redis-py types a reply as every possible one), or end with one line."""
    client = redis.Redis.from_url(chosen.redis.url, decode_responses=True, socket_timeout=10)
    try:
        client.ping()
    except redis.RedisError as error:
        fail(f"Redis does not answer at {chosen.shown()['redis']['url']} (RAPPORT_REDIS__URL): {type(error).__name__}")
    return client


def streams(client: Any, namespace: str) -> list[str]:
    """Return the names of all our streams, sorted."""
    found: set[str] = set()
    for family in FAMILIES:
        found |= set(client.scan_iter(match=f"{namespace}:{family}:*", count=1_000, _type="stream"))
    return sorted(found)


@app.command("list")
def list_queues(url: RedisOption = None, as_json: JsonOption = False) -> None:
    """List the streams with their lengths. Example: rapport queue list."""
    chosen = settings(url=url)
    client = connect(chosen)
    rows = [(name, client.xlen(name)) for name in streams(client, chosen.namespace)]
    if as_json:
        print_json(dict(rows))
    else:
        print_table("Queues", ("stream", "entries"), rows)


@app.command()
def tail(
    queue: Annotated[str, typer.Argument(help="Part of a stream's name, e.g. fraud, arrivals, offers:mobile.")] = "",
    count: Annotated[int, typer.Option("-n", min=1, help="How many of the newest entries of each stream.")] = 10,
    follow: Annotated[bool, typer.Option("-f", help="Go on with what comes until Ctrl-C.")] = False,
    url: RedisOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the newest entries. Example: rapport queue tail retention -f."""
    chosen = settings(url=url)
    client = connect(chosen)
    there = streams(client, chosen.namespace)
    names = [name for name in there if queue in name]
    followed: list[str] = []
    if follow:  # a stream is there from its first entry on: wait for those too that may come
        may_come = stream_names(load_policy(chosen.policy_dir), chosen.namespace)
        followed = sorted({name for name in (*there, *may_come) if queue in name})
    if not names:
        found = f"there are: {', '.join(there)}" if there else "there is none yet"
        then = "; waiting for its first entry" if followed else ""
        errors.print(f"no stream has {queue!r} in its name; {found}{then}", markup=False)
    entries = [(i, name, fields) for name in names for i, fields in client.xrevrange(name, count=count)]
    for position, name, fields in sorted(entries, key=lambda entry: _order(entry[0])):
        _show(position, name, fields, as_json)
    if followed:
        last = {name: max((i for i, n, _ in entries if n == name), key=_order, default="0") for name in followed}
        for position, name, fields in _follow(client, last):
            _show(position, name, fields, as_json)


def _follow(client: Any, last: dict[str, str]) -> Iterator[tuple[str, str, dict[str, str]]]:
    while True:
        for name, found in client.xread(last, block=5_000) or ():
            for position, fields in found:
                last[name] = position
                yield position, name, fields


def _order(position: str) -> tuple[int, int]:
    milliseconds, _, number = position.partition("-")
    return int(milliseconds), int(number or 0)


def _show(position: str, name: str, fields: dict[str, str], as_json: bool) -> None:
    data = orjson.loads(fields.get("data", "null"))
    if as_json:
        typer.echo(orjson.dumps({"stream": name, "entry": position, **fields, "data": data}).decode())
        return
    data = data or {}
    words = data.get("title") or data.get("treatment") or data.get("ticket") or fields.get("refers_to", "")
    if isinstance(words, dict):
        words = f"{words.get('en', '')} {words.get('zh', '')}"
    kind, customer = fields.get("type", ""), data.get("customer_id", "")
    typer.echo(f"{fields.get('occurred_at', '')}  {name:<28} {kind:<24} {customer:<14} {words}")


@app.command()
def stats(url: RedisOption = None, as_json: JsonOption = False) -> None:
    """Show each stream's entries, age, groups, lag and pending. Example: rapport queue stats --json."""
    chosen = settings(url=url)
    client = connect(chosen)
    report = [stream_stats(client, name, int(time.time() * 1_000)) for name in streams(client, chosen.namespace)]
    if as_json:
        print_json(report)
        return
    rows = [
        (s["stream"], s["entries"], s["oldest_seconds"], g["name"], g["lag"], g["pending"])
        for s in report
        for g in s["groups"] or [{"name": "-", "lag": "-", "pending": "-"}]
    ]
    print_table("Queues", ("stream", "entries", "oldest s", "group", "lag", "pending"), rows)


def stream_stats(client: Any, name: str, now_ms: int) -> dict[str, Any]:
    """Return one stream's length, the age of its oldest entry (seconds) and its groups' lag and pending."""
    oldest = client.xrange(name, count=1)
    return {
        "stream": name,
        "entries": client.xlen(name),
        "oldest_seconds": round((now_ms - _order(oldest[0][0])[0]) / 1_000, 1) if oldest else None,
        "groups": [
            {"name": group["name"], "lag": group.get("lag"), "pending": group["pending"]}
            for group in client.xinfo_groups(name)
        ],
    }
