"""What is drawn into each frame of an annotated video: the label, how sure, and the whole video as a line of time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

from pipelines.classifying.consensus import Segment
from pipelines.inference import Answer

Colour = tuple[int, int, int]

COLOURS: Final[tuple[Colour, ...]] = (
    (86, 180, 233),
    (230, 159, 0),
    (0, 188, 140),
    (240, 228, 66),
    (204, 121, 167),
    (213, 94, 0),
    (120, 150, 255),
)
"""Okabe and Ito's, told apart by nearly every eye; from the eighth label on they come again."""
UNKNOWN_COLOUR: Final[Colour] = (150, 150, 150)
BACKGROUND: Final = (12, 14, 20, 205)
WHITE: Final[Colour] = (255, 255, 255)
PALE: Final[Colour] = (205, 210, 220)
UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True)
class Layout:
    """Sizes in pixels, all from the frame's."""

    width: int
    height: int

    @property
    def unit(self) -> int:
        """A line of large text."""
        return max(14, min(self.height // 14, self.width // 20))

    @property
    def strip(self) -> int:
        return round(self.unit * 3.0)

    @property
    def margin(self) -> int:
        return round(self.unit * 0.6)

    @property
    def line_top(self) -> int:
        """Of the line of time, within the strip."""
        return self.strip - self.line_height - round(self.unit * 0.35)

    @property
    def line_height(self) -> int:
        return max(4, self.unit // 3)

    def line_x(self, share: float) -> int:
        return self.margin + round((self.width - 2 * self.margin) * min(1.0, max(0.0, share)))


class Captions:
    """For the frames of one video."""

    def __init__(self, segments: Sequence[Segment], end_seconds: float, layout: Layout) -> None:
        self._segments = segments
        self._end = max(end_seconds, 1e-6)
        self._layout = layout
        self._colours = choose_colours(segments)
        self._strip: tuple[tuple[int, Answer], PillowImage.Image] | None = None

    def draw(self, picture: PillowImage.Image, seconds: float, answer: Answer) -> None:
        """Into `picture`, whose size is the layout's; `answer` is what was said about the last sampled frame."""
        number = segment_at(self._segments, seconds)
        if self._strip is None or self._strip[0] != (number, answer):
            self._strip = ((number, answer), self._build_strip(self._segments[number], answer))
        strip, layout = self._strip[1], self._layout
        top = layout.height - layout.strip
        picture.paste(strip, (0, top), strip)
        x, y = layout.line_x(seconds / self._end), top + layout.line_top
        reach = max(2, layout.line_height // 2)
        ImageDraw.Draw(picture).rectangle((x - 1, y - reach, x + 1, y + layout.line_height + reach - 1), fill=WHITE)

    def _build_strip(self, segment: Segment, answer: Answer) -> PillowImage.Image:
        layout = self._layout
        strip = PillowImage.new("RGBA", (layout.width, layout.strip), BACKGROUND)
        pen = ImageDraw.Draw(strip)
        colour = self._colours[segment.label]
        large, small = _font(layout.unit), _font(round(layout.unit * 0.62))
        inner, top = layout.width - 2 * layout.margin, round(layout.unit * 0.3)
        pen.rectangle((layout.margin, top, layout.margin + layout.unit // 3, top + layout.unit), fill=colour)
        left = layout.margin + round(layout.unit * 0.7)
        sure = "" if segment.confidence is None else f"{segment.confidence:.0%}"
        title = shorten(segment.label or UNKNOWN, large, inner - left - large.getlength("100%"))
        pen.text((left, top + layout.unit // 2), title, font=large, fill=WHITE, anchor="lm")
        pen.text((layout.margin + inner, top + layout.unit // 2), sure, font=large, fill=colour, anchor="rm")
        said = UNKNOWN if answer.decision == "unknown" else f"{answer.label} {answer.confidence:.0%}"
        second = shorten(f"this frame: {said}", small, inner - layout.unit)
        pen.text((left, top + round(layout.unit * 1.55)), second, font=small, fill=PALE, anchor="lm")
        self._draw_line(pen)
        return strip

    def _draw_line(self, pen: ImageDraw.ImageDraw) -> None:
        layout = self._layout
        for segment in self._segments:
            left, right = (layout.line_x(at / self._end) for at in (segment.start_seconds, segment.end_seconds))
            box = (left, layout.line_top, max(left, right - 2), layout.line_top + layout.line_height - 1)
            pen.rectangle(box, fill=self._colours[segment.label])


def choose_colours(segments: Sequence[Segment]) -> Mapping[str | None, Colour]:
    """A colour a label, in the order in which they come."""
    labels = dict.fromkeys(segment.label for segment in segments if segment.label is not None)
    chosen: dict[str | None, Colour] = {label: COLOURS[i % len(COLOURS)] for i, label in enumerate(labels)}
    return {**chosen, None: UNKNOWN_COLOUR}


def segment_at(segments: Sequence[Segment], seconds: float) -> int:
    """Number of the segment that is on at a time; the last one after the end."""
    for number, segment in enumerate(segments):
        if seconds < segment.end_seconds - 1e-6:
            return number
    return len(segments) - 1


def shorten(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: float) -> str:
    """The text, cut with an ellipsis where it is wider."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(f"{text}…") > width:
        text = text[:-1]
    return f"{text.rstrip()}…"


@lru_cache(maxsize=8)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
