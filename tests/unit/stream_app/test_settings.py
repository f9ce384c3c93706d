"""Settings: one class, one clear line for a wrong value, secrets masked."""

import json

import pytest

from schemas.errors import SettingsError
from stream_app.settings import MASK, Settings, flatten, nearly_settings


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


@pytest.mark.parametrize(
    "url",
    [
        "redis://redis:6379/0?password=hunter2&timeout=3",
        "rediss://app@redis:6379?db=1&password=hunter2",
        "rediss://redis:6379?ssl_password=hunter2",
    ],
)
def test_a_password_among_the_options_of_the_redis_url_is_masked_too(monkeypatch, url):
    monkeypatch.setenv("RAPPORT_REDIS__URL", url)

    shown = Settings.load().shown()["redis"]["url"]

    assert "hunter2" not in shown
    assert "redis:6379" in shown


def test_settings_are_shown_by_variable():
    flat = flatten(Settings.load().shown())

    assert flat["RAPPORT_KAFKA__BOOTSTRAP"] == "127.0.0.1:9092"
    assert flat["RAPPORT_LEARNING"] is True


def test_a_setting_that_does_not_exist_is_told_with_the_one_that_was_meant(monkeypatch):
    monkeypatch.setenv("RAPPORT_KAFKA__BOOTSTRAPS", "k1:9092")

    with pytest.raises(SettingsError, match="there is no such setting; did you mean RAPPORT_KAFKA__BOOTSTRAP"):
        Settings.load()


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("RAPPORT_REDIS_URL", "RAPPORT_REDIS__URL"),
        ("RAPPORT_KAFKA_SECURITY_USERNAME", "RAPPORT_KAFKA__SECURITY__USERNAME"),
        ("rapport_partition", "RAPPORT_PARTITIONS"),
    ],
)
def test_a_variable_that_is_nearly_a_setting_is_named(tmp_path, name, meant):
    (said,) = nearly_settings({name: "x"}, tmp_path / "rapport.toml")

    assert said == f"{name} is no setting and is not read; did you mean {meant}?"


def test_a_variable_that_can_only_be_a_setting_is_named_even_where_nothing_like_it_is_known(tmp_path):
    (said,) = nearly_settings({"RAPPORT_GATEWAY__PORT": "8080"}, tmp_path / "rapport.toml")

    assert said == "RAPPORT_GATEWAY__PORT is no setting and is not read"


def test_what_a_cluster_or_another_program_puts_there_is_let_alone(tmp_path):
    others = {"RAPPORT_SERVICE_HOST": "10.0.0.1", "RAPPORT_PORT": "tcp://10.0.0.1:80", "RAPPORT_TOKEN": "t", "PATH": ""}
    ours = {"RAPPORT_SEED": "7", "rapport_redis__url": "redis://x"}

    assert list(nearly_settings(others | ours, tmp_path / "rapport.toml")) == []


def test_a_key_of_the_file_that_nobody_reads_is_named(tmp_path):
    file = tmp_path / "rapport.toml"
    file.write_text("partition = 8\nseed = 7\n")

    (said,) = nearly_settings({}, file)
    assert "partition is no setting and is not read; did you mean RAPPORT_PARTITIONS?" in said


def test_a_file_that_is_no_toml_and_a_section_that_is_no_json_are_one_line(monkeypatch, tmp_path):
    (tmp_path / "rapport.toml").write_text("partitions = = 8\n")
    with pytest.raises(SettingsError, match=r"^rapport\.toml: .*line 1"):
        Settings.load()

    (tmp_path / "rapport.toml").unlink()
    monkeypatch.setenv("RAPPORT_KAFKA", "k1:9092")
    with pytest.raises(SettingsError, match='"kafka"'):
        Settings.load()
