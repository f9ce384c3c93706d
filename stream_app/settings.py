"""Every setting in one class: environment `RAPPORT_*` (nested by `__`), then `rapport.toml`, then secrets files.

Business policy is not here: it lies in `deploy/policy/*.toml` (`models.policy`).
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, RedisDsn, SecretStr, TypeAdapter, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from pydantic_settings import SettingsError as Unreadable

from schemas.errors import SettingsError

LEAST_KEY_BYTES = 32
NAMESPACE_PATTERN = r"^[a-z][a-z0-9-]{0,30}$"
CHECKOUT = Path(__file__).resolve().parent.parent
MASK = "**********"
TOML_FILE = "rapport.toml"
OTHERS = frozenset({"RAPPORT_SECRETS_DIR", "RAPPORT_TOKEN", "RAPPORT_CACHE_DIR", "RAPPORT_SEEDS"})
"""Variables that are read elsewhere: the secrets' directory, a command's token, Kafka's files, the tests' seeds."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class KafkaSecurity(_Section):
    """TLS and SASL towards Kafka; plain text by default."""

    protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    username: str | None = None
    password: SecretStr | None = None


class Kafka(_Section):
    """Where Kafka is and how patient we are with it (seconds)."""

    bootstrap: str = "127.0.0.1:9092"
    security: KafkaSecurity = KafkaSecurity()
    session_timeout_seconds: float = Field(10.0, ge=1, le=300)
    commit_interval_seconds: float = Field(1.0, gt=0, le=2)
    replication: int = Field(1, ge=1, le=9)
    instance_id: str | None = Field(None, pattern=r"^[A-Za-z0-9._-]{1,64}$")
    """Static membership of this worker; only where restarts beat the session timeout."""

    @field_validator("bootstrap")
    @classmethod
    def _hosts_and_ports(cls, value: str) -> str:
        if not re.fullmatch(r"[^\s,:]+:\d{1,5}(,[^\s,:]+:\d{1,5})*", value):
            raise ValueError("it must be HOST:PORT, or several with commas between: kafka-1:9092,kafka-2:9092")
        return value


class Redis(_Section):
    """Where Redis is, and how long its streams keep an entry (seconds)."""

    url: str = "redis://127.0.0.1:6379/0"
    retention: int = Field(7 * 86_400, ge=60)  # seconds; others rely on the variable's name
    replicas: int = Field(0, ge=0, le=9)
    """How many Redis replicas must have an entry before its source offset is committed."""

    @field_validator("url")
    @classmethod
    def _a_redis_url(cls, value: str) -> str:
        TypeAdapter(RedisDsn).validate_python(value)
        return value


class Metrics(_Section):
    """The worker's port for /metrics, /healthz, /readyz, /version and /profiles (which needs a token)."""

    host: str = "127.0.0.1"
    port: int = Field(9464, ge=0, le=65_535)


class Tokens(_Section):
    """The key that bearer tokens are signed with; the default is for development only."""

    key: SecretStr = SecretStr("rapport-development-key-of-32-bytes-or-more")
    hours: int = Field(24, ge=1, le=24 * 366)


class Settings(BaseSettings):
    """All settings. `Settings.load()` gives them, or a SettingsError that names the variable."""

    model_config = SettingsConfigDict(
        env_prefix="RAPPORT_",
        env_nested_delimiter="__",
        toml_file=TOML_FILE,
        extra="ignore",
        frozen=True,
        nested_model_default_partial_update=True,
    )

    kafka: Kafka = Kafka()
    redis: Redis = Redis()
    metrics: Metrics = Metrics()
    tokens: Tokens = Tokens()
    data_dir: Path = Path(".rapport")
    app_id: str = Field("crm", pattern=r"^[A-Za-z0-9._-]{1,64}$")
    namespace: str = Field("crm", pattern=NAMESPACE_PATTERN)
    input_namespace: str = Field("bank", pattern=NAMESPACE_PATTERN)
    partitions: int = Field(4, ge=1, le=1_000)
    standby_replicas: int = Field(0, ge=0, le=1)
    """Workers that keep a copy of each partition's tables, to take it over without restoring it from the beginning."""
    write_buffer_mb: int = Field(16, ge=1, le=256)
    """RocksDB's write buffer per table and partition; up to two of each are held."""
    idle_seconds: float = Field(300.0, ge=1, le=86_400)
    """A partition number that is read to its end for so long follows the clocks of the others; more than producers
    are ever away for, or their events come late."""
    seed: int = Field(1, ge=0)
    policy_dir: Path = CHECKOUT / "deploy" / "policy"
    learning: bool = True
    model_key: SecretStr | None = None
    """Signs what of a challenger can only be pickled (32 bytes or more); without it such a challenger is left out."""
    worker_id: str = Field("w1", pattern=r"^[A-Za-z0-9._-]{1,64}$")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_key: SecretStr = SecretStr("rapport-development")

    @field_validator("model_key")
    @classmethod
    def _a_long_key(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value().encode()) < LEAST_KEY_BYTES:
            raise ValueError(f"it must have {LEAST_KEY_BYTES} bytes or more")
        return value

    @field_validator("learning", mode="before")
    @classmethod
    def _on_or_off(cls, value: Any) -> Any:
        return {"on": True, "off": False}.get(value.lower(), value) if isinstance(value, str) else value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order of sources: arguments, environment, rapport.toml, secrets directory."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls), file_secret_settings

    @classmethod
    def load(cls, **given: Any) -> "Settings":
        """Read the settings; the first wrong value becomes one line that names its variable.

        `given` (a command's own options) overrides all sources; `RAPPORT_SECRETS_DIR` names a directory of secrets.
        """
        try:
            return cls(_secrets_dir=secrets_dir(), **given)
        except ValidationError as error:
            raise SettingsError(explain(error)) from None
        except Unreadable as error:  # a section that is given as a whole must be JSON
            raise SettingsError(f"{error}: give its settings one by one (rapport config show)") from None
        except tomllib.TOMLDecodeError as error:
            raise SettingsError(f"{TOML_FILE}: {error}") from None

    def shown(self) -> dict[str, Any]:
        """Return all values for printing, with secrets masked (also a password inside the Redis URL)."""
        values = self.model_dump(mode="json")
        values["redis"]["url"] = _without_password(self.redis.url)
        return values


def secrets_dir() -> Path | None:
    """Return the directory of secret files, None when the environment names none."""
    import os  # noqa: PLC0415 - the environment is read in this function only

    name = os.environ.get("RAPPORT_SECRETS_DIR")
    return Path(name) if name else None


def explain(error: ValidationError) -> str:
    """Turn pydantic's report into one line: the variable and what is wrong, never the value."""
    first = error.errors(include_url=False, include_input=False)[0]
    variable = "RAPPORT_" + "__".join(str(part).upper() for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return f"{variable}: there is no such setting{_meant(variable)}; rapport config show lists all"
    return f"{variable}: {first['msg'].removeprefix('Value error, ')}"


def nearly_settings(environ: Mapping[str, str], toml: Path = Path(TOML_FILE)) -> Iterator[str]:
    """Say which variables, and which keys at the top of the file, look like settings but are read by nobody.

    An unknown name is no error: a cluster puts variables of its own beside ours (RAPPORT_SERVICE_HOST); but only a
    setting has two underscores in a row.
    """
    known = OTHERS | _names()
    for name in sorted(environ):
        variable = name.upper()
        if variable.startswith("RAPPORT_") and variable not in known and ("__" in variable or _meant(name)):
            yield f"{name} is no setting and is not read{_meant(name)}"
    for key in sorted(tomllib.loads(toml.read_text(encoding="utf-8"))) if toml.exists() else ():
        if key not in Settings.model_fields:
            yield f"{toml}: {key} is no setting and is not read{_meant(f'RAPPORT_{key}')}"


def _names() -> set[str]:
    return set(flatten(Settings.model_construct().model_dump()))


def _meant(variable: str) -> str:
    """Name the setting that was probably meant: the same but for underscores, or a letter or two away."""
    wanted, names = variable.upper(), sorted(_names())
    same = [name for name in names if name.replace("__", "_") == wanted.replace("__", "_")]
    near = same or get_close_matches(wanted, names, n=1, cutoff=0.9)
    return f"; did you mean {near[0]}?" if near else ""


def _without_password(url: str) -> str:
    url = re.sub(r"([?&](?:ssl_)?password=)[^&#]*", rf"\g<1>{MASK}", url)  # redis-py takes them from there, too
    scheme, _, rest = url.partition("://")
    credentials, at, host = rest.rpartition("@")
    if not at:
        return url
    user, _, _ = credentials.partition(":")
    return f"{scheme}://{user}:{MASK}@{host}"


def flatten(values: Mapping[str, Any], prefix: str = "RAPPORT_") -> dict[str, Any]:
    """Return `values` by environment variable, as `config show` prints them."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{name.upper()}__")
        else:
            flat[prefix + name.upper()] = value
    return flat
