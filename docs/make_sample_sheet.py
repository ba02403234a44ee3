"""Draw the sheet of all drawn samples: `python -m docs.make_sample_sheet` writes docs/images/samples.png."""

import io
import sys
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps

from pipelines.datasets.drawn_video import FRAMES_PER_SECOND, SECONDS, DrawnVideo
from pipelines.datasets.samples import DRAWINGS

FILE = Path(__file__).resolve().parent / "images" / "samples.png"
SEED = 7
GAP, MARGIN = 8, 28
WIDTH = 1272
PAPER, INK, SOFT, ACCENT = (246, 248, 247), (24, 32, 36), (92, 104, 108), (15, 118, 110)


@dataclass(frozen=True, slots=True)
class Row:
    """The pictures of one classifier, on two lines."""

    words: str
    tile: tuple[int, int]
    choice: tuple[int, ...]
    """Which pictures of the seed."""


ROWS = {
    "cars": Row("10 invented makes and models", (196, 146), (0, 11, 12, 3, 14, 25, 6, 17, 8, 29, 20, 9)),
    "cats_dogs": Row(
        "7 breeds of cats, 9 of dogs", (145, 160), (0, 1, 12, 13, 10, 35, 30, 25, 32, 27, 22, 5, 58, 33, 44, 51)
    ),
    "celebrities": Row(
        "10 people who do not exist", (145, 160), (10, 51, 12, 3, 24, 15, 36, 47, 8, 9, 40, 21, 32, 43, 18, 55)
    ),
    "simpsons": Row(
        "11 invented cartoon characters", (145, 160), (66, 67, 57, 36, 37, 27, 17, 40, 52, 53, 54, 55, 58, 38, 64, 24)
    ),
}
FILM = ("cars", 4)


def main() -> None:
    """Rows of pictures for each classifier, and a film strip with its timeline."""
    rows = [_draw_row(name, row) for name, row in ROWS.items()] + [_draw_film()]
    sheet = Image.new("RGB", (WIDTH, sum(row.height for row in rows) + MARGIN), PAPER)
    top = MARGIN // 2
    for row in rows:
        sheet.paste(row, (0, top))
        top += row.height
    FILE.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(FILE, optimize=True)
    print(f"{FILE.stat().st_size / 1e6:.2f} MB in {FILE}", file=sys.stderr)


def _draw_row(name: str, row: Row) -> Image.Image:
    width, height = row.tile
    strip = _title(name, row.words, 2 * (height + GAP))
    columns = len(row.choice) // 2
    for place, index in enumerate(row.choice):
        down, across = divmod(place, columns)
        left = MARGIN + round(across * (WIDTH - 2 * MARGIN - width) / (columns - 1))
        _mount(strip, _take_picture(name, index, row.tile), (left, 44 + down * (height + GAP)))
    return strip


def _take_picture(name: str, index: int, size: tuple[int, int]) -> Image.Image:
    picture = Image.open(io.BytesIO(DRAWINGS[name].draw_picture(index, SEED).jpeg))
    fitted = ImageOps.fit(picture, size, Image.Resampling.LANCZOS, centering=(0.5, 0.4))
    # the camera's noise says nothing on a sheet, and no PNG holds it in a megabyte
    calm = fitted.filter(ImageFilter.MedianFilter(3))
    return Image.blend(fitted, calm, 0.85).point(lambda value: value & 0xF8 | value >> 5)


def _draw_film() -> Image.Image:
    classifier, seed = FILM
    video = DrawnVideo(DRAWINGS[classifier], seed)
    frame_width = (WIDTH - 2 * MARGIN - 7 * 4) // 8
    height = frame_width * video.size[1] // video.size[0]
    strip = _title(f"a video of {classifier}", "20 s, with the label of every moment", height + 44)
    for place in range(8):
        number = round((place + 0.5) / 8 * SECONDS * FRAMES_PER_SECOND)
        frame = next(video.draw_frames(number, number + 1)).resize((frame_width, height), Image.Resampling.LANCZOS)
        _mount(strip, frame, (MARGIN + place * (frame_width + 4), 44))
    _draw_timeline(strip, video, 44 + height + 10)
    return strip


def _draw_timeline(strip: Image.Image, video: DrawnVideo, top: int) -> None:
    draw, span_width = ImageDraw.Draw(strip), strip.width - 2 * MARGIN
    draw.rounded_rectangle((MARGIN, top, MARGIN + span_width, top + 20), 6, fill=(226, 232, 230))
    for span in video.timeline():
        left, right = (MARGIN + span_width * seconds / SECONDS for seconds in (span.from_seconds, span.to_seconds))
        draw.rounded_rectangle((left, top, right, top + 20), 6, fill=ACCENT)
        draw.text(((left + right) / 2, top + 10), span.label, font=_font(13), fill=(255, 255, 255), anchor="mm")


def _title(name: str, words: str, room: int) -> Image.Image:
    row = Image.new("RGB", (WIDTH, 44 + room + 8), PAPER)
    draw = ImageDraw.Draw(row)
    draw.text((MARGIN, 24), name, font=_font(20, bold=True), fill=INK, anchor="lm")
    left = MARGIN + draw.textlength(name, _font(20, bold=True)) + 14
    draw.text((left, 25), words, font=_font(15), fill=SOFT, anchor="lm")
    return row


def _mount(sheet: Image.Image, picture: Image.Image, place: tuple[int, int]) -> None:
    mask = Image.new("L", (picture.width * 3, picture.height * 3))
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, mask.width - 1, mask.height - 1), 24, fill=255)
    sheet.paste(picture, place, mask.reduce(3))


def _font(size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    """The font that Matplotlib brings: the same letters on every machine."""
    import matplotlib

    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name, size)


if __name__ == "__main__":
    main()
