"""The audit log as those who may see it read it: filters, one act, CSV."""

import ast
import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from krea_site.dashboard import act_pages, act_words, acts
from krea_site.models import Role, StaffAct
from tests.staff import make_staff, staff_client

pytestmark = pytest.mark.django_db
LOG = "/admin/acts/"
VERB = re.compile(r"[a-z_]+[.][a-z_]+")
NO_VERBS = (".md", ".html", ".csv")


@pytest.fixture
def operator(db: None) -> Any:
    return make_staff()


@pytest.fixture
def owner(operator: Any) -> Client:
    return staff_client(operator)


def did(user: Any, verb: str, subject: str, **told: Any) -> StaffAct:
    request = RequestFactory().post("/admin/")
    request.user = user
    return acts.write(request, verb, subject, **told)


def listed(client: Client, query: str = "") -> list[StaffAct]:
    page = client.get(f"{LOG}?{query}")
    assert page.status_code == 200, page.content
    return [each.row for each in page.context["acts"]]


def test_filters_find_by_who_verb_subject_and_time(owner: Client, operator: Any) -> None:
    other = make_staff(Role.SUPPORT, "support@example.com")
    one = did(operator, "people.suspend", "user:7")
    two = did(other, "pictures.refund", "generation:01")
    three = did(other, "pictures.retry", "generation:02")

    for query, found in {
        "": [three, two, one], f"who={operator.pk}": [one], "who=support%40example.com": [three, two],
        "verb=pictures.": [three, two], "verb=pictures.refund": [two], "subject=user:7": [one],
        "subject=generation:": [three, two], "since=2999-01-01": [], f"until={one.at:%Y-%m-%d}": [three, two, one],
        "verb=pictures.&who=1": [],
    }.items():  # fmt: skip
        assert listed(owner, query) == found, query
    page = owner.get(f"{LOG}?since=soon&who=somebody")
    assert page.status_code == 422
    assert "soon is no moment" in page.content.decode()
    assert "who is the number" in page.content.decode()


def test_a_page_leads_to_the_next_at_the_same_cost(
    owner: Client, operator: Any, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    made = [did(operator, "people.suspend", f"user:{number}") for number in range(60)][::-1]

    with django_assert_max_num_queries(7):
        first = owner.get(LOG)
    rest = owner.get(f"{LOG}?before={first.context['following']}")

    assert [each.row for page in (first, rest) for each in page.context["acts"]] == made
    assert owner.get(f"{LOG}?before=x").status_code == 404


def test_one_act_shows_what_it_changed(owner: Client, operator: Any) -> None:
    did(operator, "people.suspend", f"user:{operator.pk}", why="Earlier")
    act = did(
        operator, "limits.set", f"user:{operator.pk}", before={"images": 5, "kept": "x"}, after={"images": 9, "new": 1},
        why="Asked <for> it",
    )  # fmt: skip

    page = owner.get(f"{LOG}{act.pk}/")

    text = page.content.decode()
    assert sorted(page.context["act"].changes) == [("images", "5", "9"), ("kept", "x", None), ("new", None, "1")]
    assert "<del>5</del>" in text
    assert "<ins>9</ins>" in text
    assert "Asked &lt;for&gt; it" in text
    assert reverse("staff-person", args=[operator.pk]) in text
    assert "Earlier" in text


def test_the_csv_has_every_act_that_the_filter_lets_through(owner: Client, operator: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(act_pages, "IN_A_CHUNK", 2)
    for number in range(5):
        did(operator, "people.suspend", f"user:{number}", why="=1+1")
    did(operator, "mails.again", "mail:1")

    answer = owner.get(f"{LOG}acts.csv?verb=people.")

    body = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    rows = list(csv.DictReader(io.StringIO(body)))
    assert [row["Subject"] for row in rows] == [f"user:{number}" for number in (4, 3, 2, 1, 0)]
    assert {row["Why"] for row in rows} == {"'=1+1"}
    assert owner.get(f"{LOG}acts.csv?since=soon").status_code == 422


def test_support_and_moderators_do_not_read_it(db: None) -> None:
    for role in (Role.SUPPORT, Role.MODERATOR):
        client = staff_client(make_staff(role, f"{role}@example.com"))
        assert client.get(LOG).status_code == 403
        assert client.get(f"{LOG}acts.csv").status_code == 403


def verbs() -> Iterator[tuple[str, str]]:
    """Every text in the code that can be a verb, and where: its first word is that of a known one."""
    first = {verb.partition(".")[0] for verb in act_words.VERBS}
    for path in Path("krea_site").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
            if VERB.fullmatch(text) and text.partition(".")[0] in first and not text.endswith(NO_VERBS):
                yield text, str(path)


def test_every_verb_reads_well() -> None:
    assert [found for found in verbs() if found[0] not in act_words.VERBS] == []


def test_subjects_lead_to_pages_that_are_there() -> None:
    for kind in act_words.PAGES:
        found = [act_words.address(f"{kind}:{id}") for id in ("7", "01a200cb-e36f-75c9-8ab1-8c758c503fa9", "krea-2")]
        assert any(found), kind
    assert act_words.address("mail hosts") == reverse("staff-mail-hosts")
    assert act_words.address("user:x") == act_words.address("nothing:7") == ""
