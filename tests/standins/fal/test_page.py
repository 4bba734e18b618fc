"""The page that lists what was drawn."""

from tests.standins.fal.caller import LARGE, Caller, decoded
from tests.standins.launch import StandIn


def test_the_page_shows_what_was_drawn_newest_first(fal: StandIn, caller: Caller) -> None:
    older = caller.submit(LARGE, prompt="an <old> owl", seed=4)
    newer = caller.submit(LARGE, prompt="forbidden")
    for ticket in (older, newer):
        caller.events(ticket)

    page = caller.http.get("/").text

    assert page.index("forbidden") < page.index("an &lt;old&gt; owl")
    assert "Krea 2 Large · seed 4" in page
    assert "ended with status 422" in page
    assert f"/cdn/files/drawn/{older['request_id']}.png" in page
    thumbnail = decoded(caller.http.get(f"/thumbnails/{older['request_id']}").content)
    assert (thumbnail.format, max(thumbnail.size)) == ("JPEG", 384)
    assert caller.http.get(f"/thumbnails/{newer['request_id']}").status_code == 404


def test_the_page_is_cut_into_pages(caller: Caller) -> None:
    for number in range(50):
        caller.submit(prompt=f"fox {number}!")

    first, second = caller.http.get("/").text, caller.http.get("/?page=2").text

    assert ("fox 49!" in first, "fox 1!" in first) == (True, False)
    assert ("fox 49!" in second, "fox 1!" in second) == (False, True)
    assert "/?page=2" in first


def test_an_empty_page_says_so_and_it_is_alive(caller: Caller) -> None:
    assert "Nothing was drawn yet." in caller.http.get("/").text
    assert caller.http.get("/healthz").json() == {"status": "ok"}
