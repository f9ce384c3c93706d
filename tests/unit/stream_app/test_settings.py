"""Settings: one class, one clear line for a wrong value, secrets masked."""

import json

import pytest

from stream_app.settings import MASK, Settings, SettingsError, flatten


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in ("RAPPORT_PARTITIONS", "RAPPORT_KAFKA__BOOTSTRAP", "RAPPORT_REDIS__URL"):
        monkeypatch.delenv(name, raising=False)


def test_the_defaults_are_those_of_the_contract():
    settings = Settings.load()

    assert (settings.namespace, settings.input_namespace, settings.app_id) == ("crm", "bank", "crm")
    assert settings.metrics.host == "127.0.0.1"
    assert settings.metrics.port == 9464
    assert settings.redis.retention == 7 * 24 * 3600


def test_the_environment_reaches_nested_settings(monkeypatch):
    monkeypatch.setenv("RAPPORT_KAFKA__BOOTSTRAP", "k1:9092,k2:9092")
    monkeypatch.setenv("RAPPORT_REDIS__RETENTION", "3600")

    settings = Settings.load()

    assert settings.kafka.bootstrap == "k1:9092,k2:9092"
    assert settings.redis.retention == 3600


def test_rapport_toml_is_read_and_the_environment_wins_over_it(monkeypatch, tmp_path):
    (tmp_path / "rapport.toml").write_text('partitions = 8\nnamespace = "from-file"\n')
    monkeypatch.setenv("RAPPORT_PARTITIONS", "16")

    settings = Settings.load()

    assert (settings.partitions, settings.namespace) == (16, "from-file")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("RAPPORT_PARTITIONS", "none"),
        ("RAPPORT_NAMESPACE", "Crm!"),
        ("RAPPORT_KAFKA__BOOTSTRAP", "no port"),
        ("RAPPORT_REDIS__URL", "http://x"),
        ("RAPPORT_METRICS__PORT", "70000"),
    ],
)
def test_a_wrong_value_is_one_line_that_names_the_variable(monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)

    with pytest.raises(SettingsError) as caught:
        Settings.load()

    assert str(caught.value).startswith(f"{variable}: ")
    assert "\n" not in str(caught.value)
    assert value not in str(caught.value)


@pytest.mark.parametrize(("text", "on"), [("off", False), ("on", True), ("false", False)])
def test_learning_is_switched_by_on_and_off(monkeypatch, text, on):
    monkeypatch.setenv("RAPPORT_LEARNING", text)

    assert Settings.load().learning is on


def test_secrets_come_from_files_and_are_masked_in_every_print(monkeypatch, tmp_path):
    (tmp_path / "RAPPORT_LOG_KEY").write_text("deep-secret")
    monkeypatch.setenv("RAPPORT_SECRETS_DIR", str(tmp_path))
    monkeypatch.setenv("RAPPORT_REDIS__URL", "redis://app:hunter2@redis:6379/0")
    monkeypatch.setenv("RAPPORT_KAFKA__SECURITY__PASSWORD", "swordfish")

    settings = Settings.load()
    shown = json.dumps(settings.shown()) + repr(settings.kafka)

    assert settings.log_key.get_secret_value() == "deep-secret"
    assert not any(secret in shown for secret in ("deep-secret", "hunter2", "swordfish"))
    assert f"redis://app:{MASK}@redis:6379/0" in shown


def test_settings_are_shown_by_variable():
    flat = flatten(Settings.load().shown())

    assert flat["RAPPORT_KAFKA__BOOTSTRAP"] == "127.0.0.1:9092"
    assert flat["RAPPORT_LEARNING"] is True
