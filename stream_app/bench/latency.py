"""Latencies in an HdrHistogram: 1 µs to an hour at three digits, merged without loss, published raw."""

from collections.abc import Iterable

from hdrh.histogram import HdrHistogram

LOWEST_US, HIGHEST_US, DIGITS = 1, 3_600_000_000, 3
PERCENTILES = {"p50": 50.0, "p90": 90.0, "p99": 99.0, "p99_9": 99.9}


class Latency:
    """Durations; what is below a microsecond counts as one, what is above an hour as an hour."""

    def __init__(self, durations_ns: Iterable[int] = ()) -> None:
        self.histogram = HdrHistogram(LOWEST_US, HIGHEST_US, DIGITS)
        for duration_ns in durations_ns:
            self.record_ns(duration_ns)

    def record_ns(self, duration_ns: int) -> None:
        """Add one duration."""
        self.histogram.record_value(min(max(duration_ns // 1_000, LOWEST_US), HIGHEST_US))

    def add(self, other: "Latency") -> None:
        """Add all durations of another histogram."""
        self.histogram.add(other.histogram)

    def __len__(self) -> int:
        return int(self.histogram.get_total_count())

    def ms(self, percentile: float) -> float:
        """Return the duration (ms) that so many percent do not exceed; 0 where there is none."""
        return float(self.histogram.get_value_at_percentile(percentile)) / 1_000 if len(self) else 0.0

    @property
    def max_ms(self) -> float:
        """The longest duration (ms)."""
        return float(self.histogram.get_max_value()) / 1_000 if len(self) else 0.0

    def figures(self) -> dict[str, float]:
        """Return count, percentiles and maximum (ms)."""
        told: dict[str, float] = {"n": len(self)}
        told |= {name: round(self.ms(percentile), 3) for name, percentile in PERCENTILES.items()}
        return {**told, "max": round(self.max_ms, 3)}

    def encode(self) -> str:
        """Return the histogram in HdrHistogram's own compressed form (base64)."""
        encoded: bytes = self.histogram.encode()
        return encoded.decode()

    @classmethod
    def decode(cls, text: str) -> "Latency":
        """Read back what `encode` wrote."""
        found = cls()
        found.histogram.add(HdrHistogram.decode(text.encode()))
        return found
