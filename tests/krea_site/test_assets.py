"""Static files as browsers get them: under names made of their content, compressed, and kept for ever."""

import gzip
import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from krea_site import assets
from krea_site.assets import Collected

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    """An empty folder for the copies, and one source of our own beside the site's."""
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "extra.css").write_text("p { margin: 0 }\n" * 100)
    settings.STATIC_ROOT = tmp_path / "static"
    settings.STATICFILES_DIRS = [ROOT / "static", tmp_path / "more"]
    return tmp_path / "static"


def test_copies_have_hashed_names_and_a_compressed_twin(folder: Path) -> None:
    assert assets.collect()

    address = Collected(location=str(folder), base_url="/static/").url("extra.css")
    assert re.fullmatch(r"/static/extra\.[0-9a-f]{12}\.css", address)
    twin = folder / f"{address.removeprefix('/static/')}.gz"
    assert gzip.decompress(twin.read_bytes()).decode() == "p { margin: 0 }\n" * 100


def test_nothing_is_made_again_until_a_source_changes(folder: Path, tmp_path: Path) -> None:
    assets.collect()
    (folder / "witness").touch()

    assert not assets.collect()
    assert (folder / "witness").exists()

    (tmp_path / "more" / "extra.css").write_text("p { margin: 1px }\n" * 100)
    assert assets.collect()
    assert not (folder / "witness").exists()
    (copy,) = folder.glob("extra.*.css")
    assert "1px" in copy.read_text()


def test_what_a_killed_one_left_behind_is_swept_away(folder: Path) -> None:
    half = folder.with_name("static.new")
    half.mkdir()
    (half / "half.css").write_text("p {")

    assets.collect()

    assert not half.exists() and not (folder / "half.css").exists()


def test_pages_name_the_sources_where_nothing_was_collected(folder: Path) -> None:
    assert Collected(location=str(folder), base_url="/static/").url("extra.css") == "/static/extra.css"


@pytest.mark.django_db
def test_pages_are_compressed_for_who_takes_it_and_plain_for_others() -> None:
    plain = Client().get("/accounts/login/")
    packed = Client(headers={"Accept-Encoding": "gzip"}).get("/accounts/login/")

    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip" and "Accept-Encoding" in packed.headers["Vary"]
    assert b"<title>" in gzip.decompress(packed.content)


def test_every_static_file_that_a_template_names_is_there() -> None:
    named = {
        (name, template.name)
        for template in (ROOT / "templates").rglob("*.html")
        for name in re.findall(r"""{% static ["']([^"']+)["']""", template.read_text())
    }

    assert named
    assert [name for name in sorted(named) if finders.find(name[0]) is None] == []
