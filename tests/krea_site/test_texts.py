"""Terms, privacy, refunds, imprint: drafts that say so, versions that are never lost, and no markup but ours."""

from typing import Any

import pytest
from django.test import Client

from krea_site import texts
from krea_site.models import TextVersion
from krea_site.texts import markup
from tests.krea_site.test_mail_log import carol, read

__all__ = ["carol"]
pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("slug", texts.TITLES)
def test_draft_is_a_whole_page_that_says_what_it_is(client: Client, slug: str) -> None:
    page = read(client, f"/{slug}/")

    assert page.count("<h1>") == 1
    assert "This is a draft." in page
    assert "to be filled in by the operator: " in page
    assert "[[" not in page and "{site}" not in page and "**" not in page and "](" not in page


@pytest.mark.parametrize("slug", texts.TITLES)
def test_links_of_drafts_lead_somewhere(client: Client, slug: str) -> None:
    paths = {path for path in markup.LINK.findall(texts.draft(slug).body) if path[1].startswith("/")}

    assert {client.get(path).status_code for _, path in paths} <= {200}


def test_staff_edits_a_text_and_everybody_reads_it(carol: Client) -> None:
    answer: Any = carol.post("/admin/texts/imprint/", {"body": "# Imprint\r\n\r\nAcme Ltd", "after": 0}, follow=True)

    assert "Version 1 is what the page shows now." in answer.content.decode()
    page = read(Client(), "/imprint/")
    assert "<p>Acme Ltd</p>" in page and "draft" not in page
    assert TextVersion.objects.get().author.email == "carol@example.com"  # type: ignore[union-attr]
    assert texts.unedited() == ["Terms", "Privacy", "Refunds"]


def test_preview_shows_and_saves_nothing(carol: Client) -> None:
    body = "# Imprint\n\n**Acme** <script>alert(1)</script>"

    page = carol.post("/admin/texts/imprint/", {"body": body, "after": 0, "preview": "1"}).content.decode()

    assert "<strong>Acme</strong> &lt;script&gt;" in page
    assert "**Acme**" in page
    assert TextVersion.objects.count() == 0


def test_second_of_two_editors_loses_nothing(carol: Client) -> None:
    texts.save("imprint", "# Theirs", after=0, author=None)

    answer = carol.post("/admin/texts/imprint/", {"body": "# Mine", "after": 0})

    assert answer.status_code == 409
    page = answer.content.decode()
    assert "Somebody saved version 1 while you wrote" in page and "# Mine" in page
    assert texts.current("imprint").body == "# Theirs"
    assert 'name="after" value="1"' in page  # saved once more, on purpose, it follows theirs


def test_no_number_is_left_out(carol: Client) -> None:
    assert carol.post("/admin/texts/imprint/", {"body": "# Mine", "after": 7}).status_code == 409
    assert TextVersion.objects.count() == 0


def test_older_version_is_restored_as_a_new_one(carol: Client) -> None:
    for number, body in enumerate(("# One", "# Two")):
        texts.save("imprint", body, after=number, author=None)

    page = read(carol, "/admin/texts/imprint/?version=1")
    assert "# One" in page and "Below is version 1." in page
    carol.post("/admin/texts/imprint/", {"body": "# One", "after": 2})

    assert (texts.current("imprint").number, texts.current("imprint").body) == (3, "# One\n")
    assert "# Imprint" in read(carol, "/admin/texts/imprint/?version=0")


@pytest.mark.parametrize(
    "path", ["/admin/texts/other/", "/admin/texts/imprint/?version=9", "/admin/texts/imprint/?version=x"]
)
def test_text_or_version_that_there_is_not_is_not_found(carol: Client, path: str) -> None:
    assert carol.get(path).status_code == 404


def test_list_says_what_is_left_to_do(carol: Client) -> None:
    texts.save("terms", "# Terms\n\n[[who]] [[where]]", after=0, author=None)

    page = read(carol, "/admin/texts/")

    assert page.count("draft, never edited") == 3
    assert '<td data-label="To be filled in">2</td>' in page


@pytest.mark.parametrize("path", ["/admin/texts/", "/admin/texts/terms/"])
def test_editing_is_for_staff_alone(client: Client, mallory: Any, path: str) -> None:
    assert client.post(path, {"body": "# Mine", "after": 0}).headers["Location"].startswith("/accounts/login/")
    client.force_login(mallory)
    assert client.post(path, {"body": "# Mine", "after": 0}).status_code == 404
    assert TextVersion.objects.count() == 0


@pytest.mark.parametrize(
    ("body", "html"),
    [
        ("# A\n\n## B\n### C", "<h1>A</h1>\n<h2>B</h2>\n<h3>C</h3>"),
        ("one\ntwo\n\nthree", "<p>one two</p>\n<p>three</p>"),
        ("before:\n- a\n- b\n  more\nafter", "<p>before:</p>\n<ul><li>a</li><li>b more</li></ul>\n<p>after</p>"),
        ("1. a\n2. b", "<ol><li>a</li><li>b</li></ol>"),
        (
            "**a** [b](https://c.example/?d=1&e=2)",
            '<p><strong>a</strong> <a href="https://c.example/?d=1&amp;e=2">b</a></p>',
        ),
        ("[a](mailto:b@c.example) [d](/terms/)", '<p><a href="mailto:b@c.example">a</a> <a href="/terms/">d</a></p>'),
        ("[a](javascript:alert)", "<p>[a](javascript:alert)</p>"),
        ("[a](//evil.example/)", "<p>[a](//evil.example/)</p>"),
        ("[[name]]", '<p><mark class="blank">to be filled in by the operator: name</mark></p>'),
        ('[a](https://b/"onclick="c)', '<p><a href="https://b/&quot;onclick=&quot;c">a</a></p>'),
        ("<b>&amp;</b>", "<p>&lt;b&gt;&amp;amp;&lt;/b&gt;</p>"),
        ("", ""),
    ],
)
def test_markup_is_the_little_that_it_says(body: str, html: str) -> None:
    assert markup.render(body) == html
