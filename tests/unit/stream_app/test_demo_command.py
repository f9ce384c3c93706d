"""What `rapport demo` says while it runs."""

from stream_app.commands.demo import look_around
from stream_app.settings import Settings


def test_what_can_be_tried_meanwhile_shows_no_password():
    said = look_around(Settings(redis={"url": "redis://rapport:secret@redis-1:6379/0"}), "C000007")

    assert "secret" not in said
    assert "RAPPORT_REDIS__URL=redis://rapport:**********@redis-1:6379/0" in said
    assert "profile C000007 --why" in said
