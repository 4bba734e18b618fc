"""Screenshots of every scene, on a phone and on a desktop, light and dark: `python -m tests.screenshots [SCENE …]`.

They go to docs/screenshots/ with an index. Clock, cast, prompts, seeds and pictures are the same each time, so that a
file changes only when its page does. Named scenes alone are taken anew; without names, files of scenes that are no more
are deleted too.
"""

import argparse
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image as Pillow

from tests.sights.eye import VIEWS, Eye, View, open_eye
from tests.sights.house import open_house
from tests.sights.scenes import AREAS, SCENES, Scene

FOLDER = Path(__file__).parents[1] / "docs" / "screenshots"
COLOURS = 256  # of a page without pictures, kept without loss: letters stay sharp
QUALITY = 50  # of a page with pictures
TALLEST = 2000  # pixels; what is below is more of the same


def main() -> int:
    given = arguments()
    wanted = [scene for scene in SCENES if not given.scenes or scene.name in given.scenes]
    if unknown := set(given.scenes) - {scene.name for scene in SCENES}:
        sys.exit(f"There is no scene called {', '.join(sorted(unknown))}.")
    given.out.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="krea-sights-") as folder, open_house(Path(folder)) as house, open_eye(house) as eye:
        for scene in wanted:
            for view, picture in taken(eye, scene):
                (given.out / file_name(scene, view)).write_bytes(picture)
            print(scene.name, flush=True)
    if not given.scenes:
        for left in {file.name for file in given.out.glob("*.webp")} - {name for name, _ in files()}:
            (given.out / left).unlink()
    (given.out / "README.md").write_text(index())
    total = sum(file.stat().st_size for file in given.out.glob("*.webp"))
    print(f"{len(wanted)} scenes; {total / 1e6:.1f} MB in {given.out}")
    return 0


def taken(eye: Eye, scene: Scene) -> Iterator[tuple[View, bytes]]:
    """The scene in every view, as WebP."""
    page = eye.open(scene)
    is_workbench = page.locator("body.workbench").count() > 0  # its two halves scroll by themselves
    for view in VIEWS:
        eye.turn(page, view)
        is_whole = not (is_workbench and view.device == "desktop")
        with Pillow.open(io.BytesIO(page.screenshot(full_page=is_whole, animations="disabled"))) as shot:
            yield view, packed(shot.convert("RGB").crop((0, 0, shot.width, min(shot.height, TALLEST))))


def packed(shot: Pillow.Image) -> bytes:
    """As WebP: in few colours without loss, or with loss, whichever is smaller."""
    flat, lossy = io.BytesIO(), io.BytesIO()
    few = shot.quantize(COLOURS, method=Pillow.Quantize.MEDIANCUT, dither=Pillow.Dither.NONE)
    few.convert("RGB").save(flat, "WEBP", lossless=True, quality=60)
    shot.save(lossy, "WEBP", quality=QUALITY)
    return min(flat.getvalue(), lossy.getvalue(), key=len)


def file_name(scene: Scene, view: View) -> str:
    return f"{scene.name}-{view.device}-{view.scheme}.webp"


def files() -> Iterator[tuple[str, Scene]]:
    for scene in SCENES:
        for view in VIEWS:
            yield file_name(scene, view), scene


def index() -> str:
    """Every scene with links to its pictures, by area."""
    lines = [
        "# Screenshots",
        "",
        "Every page in every state worth seeing. Written by `python -m tests.screenshots`; the scenes are in",
        "`tests/sights/scenes.py`. The pictures in them were drawn by the local stand-in.",
    ]
    for area, scenes in AREAS.items():
        lines += ["", f"## {area}", "", "| scene | what | desktop | phone |", "| --- | --- | --- | --- |"]
        for scene in scenes:
            cells = [
                ", ".join(f"[{view.scheme}]({file_name(scene, view)})" for view in VIEWS if view.device == device)
                for device in ("desktop", "phone")
            ]
            lines.append(f"| {scene.name} | {scene.about} | {cells[0]} | {cells[1]} |")
    return "\n".join(lines) + "\n"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.screenshots", description="Screenshots of every scene.")
    parser.add_argument("scenes", nargs="*", metavar="SCENE", help="all when none is named")
    parser.add_argument("--out", type=Path, default=FOLDER, help="the folder for the pictures")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
