"""The whole core over a simulated bank that learns offers as their answers come."""

from models.policy import load_policy
from stream_app.offline.closed_loop import play
from stream_app.settings import Settings
from stream_app.simulate import Options

FAST = {"models": {"labels": {"propensity": "fast"}}}


def test_every_offer_is_begun_and_every_yes_learned_once_and_the_verdicts_say_what_was_answered():
    settings = Settings.load()
    played = play(Options(customers=25, days=30, seed=3), settings, load_policy(settings.policy_dir, FAST))
    release = played.runtime.trainer.releases["propensity"]
    counts = release.counts
    verdicts = [e for e in played.examples if e["model"] == "propensity"]
    assert {e["part"] for e in verdicts} == {"verdict"}
    accepted = [e for e in verdicts if played.accepted_ms.get(e["example_id"], 2**62) <= e["due_ms"]]
    assert [e for e in verdicts if e["label"]] == accepted
    assert len(verdicts) - release.waiting <= sum(counts.learned.values()) <= len(verdicts)
    assert 0 < len(accepted) < len(verdicts)
    waiting = sum(example.about == "fast" for profile in profiles(played) for example in profile.pending)
    assert len(verdicts) + len(accepted) <= counts.early <= len(verdicts) + waiting + len(played.accepted_ms)
    assert (counts.late, counts.repeated, counts.in_vain) == (0, 0, 0)


def profiles(played):
    return played.runtime.tables["profiles"].values.values()
