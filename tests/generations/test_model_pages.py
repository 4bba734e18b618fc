"""The pages of the image models and their plain texts: complete by the schema, right by the price rows, every link
leads somewhere."""

import json
import re
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from django.conf import settings
from django.test import Client
from pydantic import BaseModel
from pytest_django import DjangoAssertNumQueries

from billing.credits import show
from billing.models import Price
from generations import answer_schema, catalogue, code_samples, field_tables, price_table
from generations.catalogue import ImageModel, examples
from generations.catalogue.json_schema import Node
from generations.dollars import in_dollars
from partners.api import shapes
from tests.generations.catalogue.one_more import one_more
from tests.generations.catalogue.test_fifth_image_model import FIFTH
from tests.generations.pages import logged_in, read
from tests.generations.test_page_safety import INLINE

pytestmark = pytest.mark.django_db

STATIC = Path(__file__).parents[2] / "static"
PAGES = ["/", "/models/", *(f"/models/{each.id}/" for each in catalogue.all())]
each_model = pytest.mark.parametrize("image_model", catalogue.all(), ids=lambda each: each.id)


def names_in(schema: Node, prefix: str = "") -> set[str]:
    """The way to every field of a JSON Schema, and to every part of one."""
    found = set()
    for name, node in schema["properties"].items():
        found.add(prefix + name)
        for branch in (node, *node.get("oneOf", ())):
            if "properties" in branch:
                found |= names_in(branch, f"{prefix}{name}.")
        if "properties" in node.get("items", {}):
            found |= names_in(node["items"], f"{prefix}{name}[].")
    return found


def model_page(image_model: ImageModel, client: Client | None = None) -> str:
    return (client or Client()).get(f"/models/{image_model.id}/").content.decode()


@each_model
def test_input_table_has_every_field_with_all_that_is_allowed(image_model: ImageModel) -> None:
    rows = {row.name: row for row in field_tables.rows(image_model)}
    text = read(Client().get(f"/models/{image_model.id}/")).text

    assert rows.keys() == names_in(image_model.json_schema())
    for row in rows.values():
        assert row.meaning in text
        assert row.bounds in text
        assert row.choices or row.bounds, row.name
        for choice in row.choices:
            assert f"{choice.value} {choice.help}" in text


def test_input_table_says_types_defaults_and_bounds() -> None:
    rows = {row.name: row for row in field_tables.rows(catalogue.get("krea-2-medium"))}

    told = {name: (row.type, row.required, row.default, row.bounds) for name, row in rows.items() if not row.choices}
    assert told == {
        "prompt": ("string", True, "", "Text of 1 to 5000 characters."),
        "seed": ("integer", False, "none", "A whole number from 0 to 4294967295."),
        "image_style_references": ("list of objects", False, "[]", "A list of at most 10 entries."),
        "image_style_references[].image_url": (
            "string", True, "",
            "An http or https address, a data URI of an image in base64, or the id of an upload.",
        ),
        "image_style_references[].strength": ("number", False, "1.0", "A number from -2 to 2."),
    }  # fmt: skip
    assert [choice.value for choice in rows["creativity"].choices] == ["raw", "low", "medium", "high"]
    assert rows["creativity"].default == '"medium"'
    own = {row.name: row for row in field_tables.rows(catalogue.get("flux-krea-dev"))}["image_size"]
    assert own.bounds.endswith("at most 4 megapixels together.")


@pytest.mark.parametrize(
    ("told", "answered"),
    [(answer_schema.Generation, shapes.Generation), (answer_schema.Order, shapes.GenerationBody)],
)
def test_tables_of_order_and_answer_have_what_the_api_has(told: type[BaseModel], answered: type[BaseModel]) -> None:
    """Field by field with its type, though the API's own shapes live in a house above."""
    ours = {row.name: (row.type, row.allowed) for row in answer_schema.rows(told)}
    theirs = {row.name: (row.type, row.allowed) for row in answer_schema.rows(answered)}

    assert ours == theirs


@each_model
def test_page_has_prices_time_licence_and_guidance(image_model: ImageModel) -> None:
    prices = price_table.read([image_model])[0]
    text = read(Client().get(f"/models/{image_model.id}/")).text

    assert f"{show(prices.plain)} credits {in_dollars(prices.plain)}" in text
    for line in prices.items:
        told = line.meaning[0].upper() + line.meaning[1:]
        assert f"{line.item} {told} {show(line.amount)} {in_dollars(line.amount)}" in text
    assert "{} to {} s typical".format(*image_model.typical_s) in text
    assert image_model.licence in text
    assert len(image_model.good_for) >= 2 and len(image_model.bad_for) >= 2
    for each in (*image_model.good_for, *image_model.bad_for, *(advice.then for advice in image_model.advice)):
        assert each in text


def test_examples_are_priced_by_the_api_as_on_the_page(alice: Any) -> None:
    client = logged_in(alice)

    for prices in price_table.read():
        for example in (examples.minimal, examples.usual, examples.full):
            input = example(prices.image_model)
            body = {"model": prices.image_model.id, "input": input, "quantity": 2}
            quote = client.post("/api/v1/quotes", body, content_type="application/json").json()
            told = prices.with_references if input.get("image_style_references") else prices.plain
            assert quote["image_price"] == show(told or 0), body


@each_model
def test_full_example_has_every_field_and_a_part_of_each(image_model: ImageModel) -> None:
    full = examples.full(image_model)

    shown = re.search(r'id="example-full"><code>(.+?)</code>', model_page(image_model), re.DOTALL)
    assert shown is not None
    assert json.loads(unescape(shown[1]))["input"] == full
    assert list(full) == list(image_model.field_names)
    for field in image_model.fields():
        assert field.kind not in examples.LISTS or list(full[field.name][0]) == [part.name for part in field.parts]


@each_model
def test_every_language_shows_every_way(image_model: ImageModel) -> None:
    page = read(Client().get(f"/models/{image_model.id}/"))
    told = code_samples.of(image_model, doors=[code_samples.NATIVE])

    assert [(each.language.id, each.way.id) for each in told] == [
        (language.id, way.id) for language in code_samples.LANGUAGES for way in code_samples.NATIVE.ways
    ]
    for each in told:
        assert re.sub(r"\s+", " ", each.code).strip() in page.text
        assert settings.PUBLIC_URL in each.code


def test_samples_hold_any_text() -> None:
    body = {"prompt": "It's a \"fox\" \\ 'é'", "on": True, "off": None, "many": [{"n": 1.5}], "none": []}
    curl, python, javascript = code_samples.LANGUAGES

    assert eval(code_samples.written(body, python)) == body
    assert json.loads(code_samples.written(body, javascript)) == body
    assert json.loads(code_samples.written(body, curl).replace("'\\''", "'")) == body
    assert "'" not in code_samples.written(body, curl).replace("'\\''", "")


def test_every_link_leads_somewhere(alice: Any) -> None:
    for client in (Client(), logged_in(alice)):
        known = {address: client.get(address) for address in PAGES}
        for address in PAGES:
            for link in links_of(known[address]):
                target = urlsplit(urljoin(address, link))
                whole = target.path + ("?" + target.query if target.query else "")
                if target.netloc or whole.startswith(settings.STATIC_URL):
                    continue
                answer = known.get(whole) or known.setdefault(whole, client.get(whole))
                assert answer.status_code in (200, 302), link
                if target.fragment and answer.status_code == 200:
                    assert f'id="{target.fragment}"' in answer.content.decode(), link


def links_of(page: Any) -> set[str]:
    return {unescape(link) for link in re.findall(r'<(?:a|link)[^>]*?href="([^"]+)"', page.content.decode())}


def test_open_in_the_studio_opens_it_with_that_image_model(alice: Any) -> None:
    for image_model in catalogue.all():
        link = f"/studio/?model={image_model.id}"
        assert f'href="{link}"' in model_page(image_model)
        assert read(logged_in(alice).get(link)).fields["model"] == image_model.id


def test_console_is_for_those_who_are_logged_in(alice: Any) -> None:
    image_model = catalogue.get("krea-2-large")

    nobody, member = model_page(image_model), model_page(image_model, logged_in(alice))

    assert 'href="/accounts/login/?next=/models/krea-2-large/%23try"' in nobody
    assert "console-json" not in nobody and "console.js" not in nobody
    body = re.search(r'<textarea[^>]*id="console-json"[^>]*>(.+?)</textarea>', member, re.DOTALL)
    assert body is not None
    assert json.loads(unescape(body[1])) == code_samples.native_body(image_model, examples.usual(image_model), 1)
    assert "csrfmiddlewaretoken" in member and "console.js" in member


def test_pages_are_small_and_hold_the_strict_policy(alice: Any) -> None:
    for page in [client.get(address) for client in (Client(), logged_in(alice)) for address in PAGES]:
        content = page.content.decode()
        assets = re.findall(rf'(?:src|href)="{settings.STATIC_URL}([^"]+\.(?:js|css|svg))"', content)

        assert INLINE.findall(content) == []
        assert len(page.content) + sum((STATIC / asset).stat().st_size for asset in set(assets)) < 150_000
        assert "<h1" in content and content.count("<h1") == 1
        assert re.search(r'<meta name="description" content="[^"]{50,}"', content)


def test_pages_ask_the_database_for_prices_alone(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for address in ("/models/", "/models/krea-2-large/", "/models/krea-2-large/llms.txt", "/llms.txt"):
        with django_assert_num_queries(1):
            assert Client().get(address).status_code == 200


def test_unknown_image_model_has_no_page() -> None:
    assert [Client().get(f"/models/nothing/{end}").status_code for end in ("", "llms.txt")] == [404, 404]


def test_image_model_without_a_price_says_so() -> None:
    Price.objects.filter(item="krea-2-large.style_references").delete()

    assert "cannot be used" in read(Client().get("/models/krea-2-large/")).text
    assert "Not for sale now" in Client().get("/models/krea-2-large/llms.txt").content.decode()
    assert "Not for sale now" in read(Client().get("/models/")).text
    assert "Not for sale now" in Client().get("/llms.txt").content.decode()


@each_model
def test_llms_text_has_all_that_a_program_needs(image_model: ImageModel) -> None:
    answer = Client().get(f"/models/{image_model.id}/llms.txt")
    text = answer.content.decode()

    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert text.startswith(f"# {image_model.name}\n\n> {image_model.summary}")
    assert f"POST {settings.PUBLIC_URL}/api/v1/generations" in text
    for row in field_tables.rows(image_model):
        assert f"| `{row.name}` | {row.type} |" in text
    for line in price_table.read([image_model])[0].items:
        assert f"- `{line.item}`: {show(line.amount)} credits ({in_dollars(line.amount)}) {line.meaning}" in text
    documents = [json.loads(each) for each in re.findall(r"```json\n(.+?)```", text, re.DOTALL)]
    inputs = [examples.minimal(image_model), examples.full(image_model)]
    assert documents == [{"model": image_model.id, "input": input, "quantity": 1} for input in inputs]
    assert not re.search(r"&(amp|quot|#x27|lt);|\n{3,}", text)


def test_llms_text_of_the_site_names_every_image_model() -> None:
    answer = Client().get("/llms.txt")
    text = answer.content.decode()

    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    for image_model in catalogue.all():
        assert f"({settings.PUBLIC_URL}/models/{image_model.id}/llms.txt)" in text
    for found in re.findall(rf"{re.escape(settings.PUBLIC_URL)}(/[^\s)`<#?]*)", text):
        if not found.startswith("/api/v1") or found.endswith(".json"):
            assert Client().get(found).status_code == 200, found


def test_sitemap_lists_public_pages_and_robots_names_it() -> None:
    sitemap = Client().get("/sitemap.xml")
    robots = Client().get("/robots.txt").content.decode()
    listed = re.findall(r"<loc>(.+?)</loc>", sitemap.content.decode())

    assert sitemap.headers["Content-Type"] == "application/xml"
    assert [each for each in listed if Client().get(each.removeprefix(settings.PUBLIC_URL)).status_code != 200] == []
    assert {f"{settings.PUBLIC_URL}{address}" for address in PAGES} <= set(listed)
    closed = re.findall(r"Disallow: (/\S+)", robots)
    assert not any(each.removeprefix(settings.PUBLIC_URL).startswith(tuple(closed)) for each in listed)
    assert {"/api/", "/pictures/"} <= set(closed)
    login = Client().get("/studio/", follow=True)  # where a robot ends that asks for a page of members
    assert '<meta name="robots" content="noindex">' in login.content.decode()
    assert f"Sitemap: {settings.PUBLIC_URL}/sitemap.xml" in robots


def test_fifth_image_model_brings_its_pages_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One more file of the catalogue and its price rows, and nothing else."""
    with one_more(FIFTH, tmp_path, monkeypatch) as sketch:
        add_price("sketch", 1000)
        add_price("sketch.ink", 250)
        page = read(Client().get("/models/sketch/")).text
        text = Client().get("/models/sketch/llms.txt").content.decode()

        assert "sketch For each picture, whatever its shape 10.00 $0.01" in page
        assert "sketch.ink Added once to each picture with ink 2.50 $0.0025" in page
        assert "strokes integer 40 How many lines. A whole number from 10 to 90." in page
        assert "medium string" in page and "pencil" in page
        for sample in code_samples.of(sketch, doors=[code_samples.NATIVE]):
            assert '"strokes": 40' in sample.code
        assert "| `strokes` | integer | `40` | A whole number from 10 to 90. | How many lines. |" in text
        for address in ("/", "/models/"):
            assert "Sketch" in read(Client().get(address)).text
        assert "/models/sketch/llms.txt" in Client().get("/llms.txt").content.decode()
        assert "/models/sketch/" in Client().get("/sitemap.xml").content.decode()
        assert "20.00 credits, $0.02" in read(Client().get("/?model=sketch&quantity=2")).text


def add_price(item: str, amount: int) -> None:
    row = Price.objects.filter(item="krea-2-medium").latest("holds_from")
    Price.objects.create(item=item, unit=row.unit, amount=amount, cost_microusd=1, holds_from=row.holds_from)
