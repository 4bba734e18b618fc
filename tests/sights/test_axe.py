"""Every scene through axe (WCAG 2.2 AA and good practice), on a phone and on a desktop, light and dark; and what only a
browser sees besides: pages that scroll sideways, scripts that fail, what the policy refuses, other hosts."""

from collections.abc import Iterator

import pytest

from tests.sights.eye import CHROMIUM, Eye, open_eye
from tests.sights.house import House
from tests.sights.scenes import SCENES, Scene

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def eye(request: pytest.FixtureRequest) -> Iterator[Eye]:
    if not CHROMIUM.exists():
        pytest.skip(f"no Chromium is installed at {CHROMIUM}")
    house: House = request.getfixturevalue("house")
    with open_eye(house) as opened:
        yield opened


@pytest.mark.parametrize("scene", SCENES, ids=[scene.name for scene in SCENES])
def test_nothing_is_wrong_with_any_scene(eye: Eye, scene: Scene) -> None:
    eye.complaints.clear()

    assert eye.findings(scene) == []
    assert eye.complaints == []


def test_what_is_wrong_is_seen(eye: Eye) -> None:
    page = eye.open(Scene("spoilt", "/accounts/login/"))
    page.evaluate(
        """() => {
          const pale = document.createElement("p");
          pale.textContent = "pale";
          pale.style.color = "#999";
          document.querySelector("main").append(pale, document.createElement("img"));
        }"""
    )

    assert {finding.split(": ")[1] for finding in eye.look(page, "spoilt")} == {"color-contrast", "image-alt"}
