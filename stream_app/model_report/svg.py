"""Drawing: from data to a string of SVG, nothing else.

Why no library: matplotlib's pictures cannot follow the reader's light or dark setting nor the width of a phone, and
pygal's fetch a script from the network and name no title. What is needed is a scale, two axes, lines and bars. Colours
are the page's (CSS classes); a picture is 440 units wide, so that its text can still be read on a phone.
"""

from collections.abc import Iterable, Sequence
from math import ceil, floor, log10
from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr

WIDTH, HEIGHT = 440, 260
LEFT, RIGHT, TOP, BOTTOM = 46, 14, 12, 40
Point = tuple[float, float]


class Tick(NamedTuple):
    """A place on an axis and what stands there."""

    value: float
    label: str


class Axis(NamedTuple):
    """One axis: what it spans, its ticks, and what it counts."""

    low: float
    high: float
    ticks: tuple[Tick, ...]
    title: str


class Frame(NamedTuple):
    """The axes of a picture: from values to places (pixels grow downwards)."""

    x: Axis
    y: Axis
    height: int = HEIGHT

    def at_x(self, value: float) -> float:
        """Find the place of a value on the horizontal axis."""
        return LEFT + (value - self.x.low) / (self.x.high - self.x.low) * (WIDTH - LEFT - RIGHT)

    def at_y(self, value: float) -> float:
        """Find the place of a value on the vertical axis."""
        return self.height - BOTTOM - (value - self.y.low) / (self.y.high - self.y.low) * (self.height - TOP - BOTTOM)


def element(name: str, *children: str, **attributes: object) -> str:
    """Write one element; `class_` stands for class, other underscores for dashes.

    >>> element("text", escape("a < b"), x=1.0, class_="name")
    '<text x="1" class="name">a &lt; b</text>'
    """
    told = "".join([f" {_name(key)}={quoteattr(_told(value))}" for key, value in attributes.items()])
    inner = "".join(children)
    return f"<{name}{told}>{inner}</{name}>" if inner else f"<{name}{told}/>"


def _name(key: str) -> str:
    return key.rstrip("_").replace("_", "-")


def _told(value: object) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def words(text: str, x: float, y: float, **attributes: object) -> str:
    """Write text at a place."""
    return element("text", escape(text), x=x, y=y, **attributes)


def picture(name: str, title: str, description: str, *parts: str, height: int = HEIGHT) -> str:
    """Write a whole picture, with what a screen reader says of it; `name` is its id on the page."""
    return element(
        "svg",
        element("title", escape(title), id=f"{name}-title"),
        element("desc", escape(description), id=f"{name}-desc"),
        *parts,
        viewBox=f"0 0 {WIDTH} {height}",
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
        xmlns="http://www.w3.org/2000/svg",
    )


def nice_ticks(low: float, high: float, count: int = 5) -> tuple[float, ...]:
    """Find round values (steps of 1, 2 or 5) within [low, high], at most `count` + 1.

    >>> nice_ticks(0.0, 1.0), nice_ticks(0.53, 0.78)
    ((0.0, 0.2, 0.4, 0.6, 0.8, 1.0), (0.55, 0.6, 0.65, 0.7, 0.75))
    """
    rough = (high - low) / count
    power = 10.0 ** floor(log10(rough))
    step = next(size * power for size in (1, 2, 5, 10) if size * power >= rough * (1 - 1e-9))
    first, last = ceil(low / step - 1e-9), floor(high / step + 1e-9)
    digits = max(0, -floor(log10(step)) + 1)
    return tuple([round(number * step, digits) for number in range(first, last + 1)])


def plain_axis(low: float, high: float, title: str, *, percent: bool = False, count: int = 5) -> Axis:
    """Make an axis of round ticks."""
    if high <= low:
        high = low + 1.0
    values = nice_ticks(low, high, count)
    return Axis(low, high, tuple([Tick(value, short(value, percent=percent)) for value in values]), title)


def short(value: float, *, percent: bool = False) -> str:
    """Write a number as short as it can be told.

    >>> short(0.25, percent=True), short(1200.0), short(0.05)
    ('25%', '1,200', '0.05')
    """
    if percent:
        return f"{100 * value:.4g}%"
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.3g}"


def axes(frame: Frame) -> str:
    """Draw both axes with grid lines, tick labels and titles."""
    bottom = frame.height - BOTTOM
    parts = []
    for tick in frame.y.ticks:
        y = frame.at_y(tick.value)
        parts += [
            element("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y, y2=y, class_="grid"),
            words(tick.label, LEFT - 5, y + 4, text_anchor="end"),
        ]
    for tick in frame.x.ticks:
        x = frame.at_x(tick.value)
        parts += [
            element("line", x1=x, x2=x, y1=bottom, y2=bottom + 4, class_="axis"),
            words(
                tick.label, min(x, WIDTH - 2.0), bottom + 16, text_anchor="end" if x > WIDTH - 2 * RIGHT else "middle"
            ),
        ]
    parts.append(element("line", x1=LEFT, x2=WIDTH - RIGHT, y1=bottom, y2=bottom, class_="axis"))
    parts.append(words(frame.x.title, (LEFT + WIDTH - RIGHT) / 2, frame.height - 6, text_anchor="middle", class_="of"))
    middle = (TOP + bottom) / 2
    turned = f"rotate(-90 11 {_told(middle)})"
    parts.append(words(frame.y.title, 11, middle, text_anchor="middle", class_="of", transform=turned))
    return element("g", *parts)


def line(frame: Frame, points: Iterable[Point], class_: str, *, title: str = "") -> str:
    """Draw a line through points; `title` is shown where one points at it."""
    placed = " ".join(f"{_told(frame.at_x(x))},{_told(frame.at_y(y))}" for x, y in points)
    named = (element("title", escape(title)),) if title else ()
    return element("g", *named, element("polyline", points=placed, class_="line"), class_=class_)


def dots(frame: Frame, points: Iterable[Point], class_: str) -> str:
    """Draw a dot at each point."""
    placed = [element("circle", cx=frame.at_x(x), cy=frame.at_y(y), r=2.5) for x, y in points]
    return element("g", *placed, class_=f"dots {class_}")


def level(frame: Frame, value: float, label: str) -> str:
    """Draw a limit: a dashed level with its name, where it lies within the picture."""
    if not frame.y.low <= value <= frame.y.high:
        return ""
    y = frame.at_y(value)
    return element(
        "g",
        element("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y, y2=y, class_="limit"),
        words(label, LEFT + 4, y - 4, class_="limit"),
    )


def mark(frame: Frame, value: float, label: str, title: str, class_: str = "mark", *, foot: bool = False) -> str:
    """Draw a moment: a vertical line with a letter on top, or at its foot."""
    x, y = frame.at_x(value), frame.height - BOTTOM - 4 if foot else TOP + 9
    return element(
        "g",
        element("title", escape(title)),
        element("line", x1=x, x2=x, y1=TOP, y2=frame.height - BOTTOM, class_=class_),
        words(label, x + 3, y, class_=class_),
    )


def column(frame: Frame, low: float, high: float, value: float, class_: str, title: str) -> str:
    """Draw an upright bar from `low` to `high` on the horizontal axis."""
    x, top = frame.at_x(low), frame.at_y(value)
    return element(
        "rect",
        element("title", escape(title)),
        x=x,
        y=top,
        width=max(0.5, frame.at_x(high) - x),
        height=frame.height - BOTTOM - top,
        class_=class_,
    )


def whisker(frame: Frame, x: float, low: float, high: float, class_: str) -> str:
    """Draw an interval: an upright line from `low` to `high`."""
    place = frame.at_x(x)
    return element("line", x1=place, x2=place, y1=frame.at_y(low), y2=frame.at_y(high), class_=f"whisker {class_}")


def lying_bars(rows: Sequence[tuple[str, float, str, str]]) -> tuple[str, int]:
    """Draw rows of (name, value, what is written beside it, class), names above the bars; returns it and its height."""
    longest = max([value for _, value, _, _ in rows], default=0.0) or 1.0
    room, step = WIDTH - 2 * RIGHT - 96, 34
    parts = []
    for number, (name, value, beside, class_) in enumerate(rows):
        top, width = 4 + number * step, max(1.0, room * value / longest)
        parts += [
            words(name, RIGHT, top + 11, class_="name"),
            element("rect", x=RIGHT, y=top + 16, width=width, height=12, class_=class_, rx=2),
            words(beside, RIGHT + width + 6, top + 26),
        ]
    return element("g", *parts), 8 + step * len(rows)
