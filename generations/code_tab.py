"""The API tab of the studio: the form as it stands as code, for every door, language and way.

What is missing is said in place of code that would be refused. Nothing is fetched or ordered for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from . import code_samples
from .brief import BadBrief, Brief
from .code_shapes import CannotSay, Door, Language, Sample
from .controls import id_of
from .forms import StudioForm
from .visits import Visit, page

# Names of the tabs' radios, which the page sends along: one choice of a door, and in each door one of a language.
DOOR, LANGUAGE = "code_door", "code_language"


@dataclass(frozen=True)
class InLanguage:
    language: Language
    is_chosen: bool
    samples: Sequence[Sample]

    @property
    def needs(self) -> str:
        return self.samples[0].needs


@dataclass(frozen=True)
class AtDoor:
    """One API with its code, or with a sentence on why it has none for this form."""

    door: Door
    is_chosen: bool
    languages: Sequence[InLanguage] = ()
    problem: str = ""


@dataclass(frozen=True)
class CodeTab:
    """`missing`: what has to be filled in first, each with the id of its input; then there is no code."""

    doors: Sequence[AtDoor] = ()
    missing: Sequence[tuple[str, str]] = ()


@page
@require_POST
def code(request: Visit) -> HttpResponse:
    """The code of the form as it stands; a part of the page."""
    return render(request, "studio/code.html", {"code_tab": of(StudioForm.posted(request), request.POST)})


def of(form: StudioForm, chosen: Mapping[str, str]) -> CodeTab:
    """The tab for a form; `chosen` has the door and the languages that were looked at, if any."""
    try:
        brief = form.brief()
    except BadBrief as bad:
        return CodeTab(missing=tuple((id_of(error.field), error.in_form) for error in bad.errors))
    values = {name: value for name, value in brief.input_json().items() if value != []}
    doors = code_samples.DOORS
    door = next((each for each in doors if each.id == chosen.get(DOOR)), doors[0])
    return CodeTab([_at(each, each is door, brief, values, chosen.get(f"{LANGUAGE}_{each.id}", "")) for each in doors])


def _at(door: Door, is_chosen: bool, brief: Brief, values: Mapping[str, Any], language: str) -> AtDoor:
    if not door.serves(brief.model):
        return AtDoor(door, is_chosen, problem=f"{door.name} does not have {brief.model.name}.")
    try:
        samples = code_samples.of(brief.model, values, brief.quantity, doors=[door])
    except CannotSay as problem:
        return AtDoor(door, is_chosen, problem=str(problem))
    languages = list(dict.fromkeys(sample.language for sample in samples))
    first = next((each for each in languages if each.id == language), languages[0])
    return AtDoor(
        door,
        is_chosen,
        [
            InLanguage(each, each is first, [sample for sample in samples if sample.language == each])
            for each in languages
        ],
    )
