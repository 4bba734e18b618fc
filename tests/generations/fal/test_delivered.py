"""A result is read tolerantly: fal's own examples leave out nearly everything but the address."""

import pytest

from generations.fal.delivered import Delivered, delivered


def test_everything_that_fal_says_is_read() -> None:
    image = {"url": "https://v3.fal.media/a.png", "content_type": "image/png", "file_name": "a.png"}
    body = {"images": [{**image, "width": 1024, "height": 768}], "seed": 12345, "has_nsfw_concepts": [False]}

    assert delivered(body) == Delivered("https://v3.fal.media/a.png", "image/png", 1024, 768, 12345, False)


@pytest.mark.parametrize(
    "body",
    [
        {"images": [{"url": "https://x/a"}]},
        {"images": ["https://x/a"]},
        {"image": {"url": " https://x/a "}},
        {"images": [None, {"url": ""}, {"url": "https://x/a"}]},
        {"images": [{"url": "https://x/a", "width": None, "height": "wide", "content_type": 7}], "seed": True},
        {"images": [{"url": "https://x/a", "width": 0, "height": -1}], "seed": 1e99, "has_nsfw_concepts": []},
        {"images": [{"url": "https://x/a"}], "seed": 2**70, "has_nsfw_concepts": [None]},
        {"images": [{"url": "https://x/a"}], "seed": "-", "has_nsfw_concepts": True},
    ],
)
def test_only_an_address_is_needed(body: object) -> None:
    assert delivered(body) == Delivered("https://x/a")


@pytest.mark.parametrize(
    "body",
    [
        None,
        "text",
        [],
        {},
        {"images": []},
        {"images": None},
        {"images": [{}]},
        {"images": [{"url": ""}]},
        {"images": [7]},
    ],
)
def test_without_an_address_nothing_is_delivered(body: object) -> None:
    assert delivered(body) is None


@pytest.mark.parametrize(("seed", "read"), [(7, 7), (7.0, 7), ("7", 7), (0, 0), (7.5, None), (None, None)])
def test_a_seed_may_be_written_as_json_likes(seed: object, read: int | None) -> None:
    found = delivered({"images": [{"url": "data:image/png;base64,AA"}], "seed": seed})

    assert found is not None
    assert found.seed == read


def test_the_flag_of_the_same_picture_counts() -> None:
    body = {"images": [{"url": ""}, {"url": "https://x/b"}], "has_nsfw_concepts": [False, True]}

    found = delivered(body)

    assert found is not None
    assert found.nsfw is True
