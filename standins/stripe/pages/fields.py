"""The fields of forms: labelled, filled with what was typed before, and told what is wrong with them."""

from collections.abc import Mapping

from standins.stripe.pages.writing import NOTHING, Html, fill, joined

FIELD = """<p class="field {size}"><label for="{name}">{label}</label>
<input id="{name}" name="{name}" type="{type}" value="{value}" autocomplete="{autocomplete}"{more}>{note}</p>"""
SELECT = """<p class="field {size}"><label for="{name}">{label}</label>
<select id="{name}" name="{name}" autocomplete="{autocomplete}"{more}>
{options}
</select>{note}</p>"""
CHECK = """<p class="check"><input id="{name}" name="{name}" type="checkbox" value="1"{more}>
<label for="{name}">{label}</label></p>"""
BUTTON = '<button{more} class="{kind}">{words}</button>'


class Fields:
    """Writes fields of one form. `errors`: what is wrong, by the field's name."""

    def __init__(self, values: Mapping[str, str], errors: Mapping[str, str]) -> None:
        self.values, self.errors = values, errors

    def text(
        self, name: str, label: str, *, autocomplete: str = "off", size: str = "", type: str = "text", **more: str
    ) -> Html:
        value = self.values.get(name, "")
        extra = Html(self._more(name) + attributes(more))
        parts = {"type": type, "value": value, "more": extra, "note": self._note(name)}
        return fill(FIELD, name=name, label=label, autocomplete=autocomplete, size=size, **parts)

    def select(
        self, name: str, label: str, options: Mapping[str, str], *, autocomplete: str = "off", size: str = ""
    ) -> Html:
        chosen = self.values.get(name, "")
        rows = joined(option(value, words, chosen=value == chosen) for value, words in options.items())
        parts = {"options": rows, "more": self._more(name), "note": self._note(name)}
        return fill(SELECT, name=name, label=label, autocomplete=autocomplete, size=size, **parts)

    def check(self, name: str, label: str) -> Html:
        checked = Html(" checked") if self.values.get(name) else NOTHING
        return fill(CHECK, name=name, label=label, more=checked)

    def _more(self, name: str) -> Html:
        template = ' aria-invalid="true" aria-describedby="{name}-wrong"'
        return fill(template, name=name) if name in self.errors else NOTHING

    def _note(self, name: str) -> Html:
        template = '\n<span class="wrong" id="{name}-wrong">{words}</span>'
        return fill(template, name=name, words=self.errors[name]) if name in self.errors else NOTHING


def option(value: str, words: str, *, chosen: bool = False) -> Html:
    return fill('<option value="{v}"{s}>{w}</option>', v=value, w=words, s=Html(" selected") if chosen else NOTHING)


def hidden(name: str, value: object) -> Html:
    return fill('<input type="hidden" name="{name}" value="{value}">', name=name, value=value)


def button(words: str, *, kind: str = "", **more: str) -> Html:
    return fill(BUTTON, words=words, kind=kind, more=attributes(more))


def deed(action: str, words: str, *, kind: str = "quiet", **values: object) -> Html:
    """A form that is one button."""
    inputs = joined((hidden(name, value) for name, value in values.items()), "")
    parts = {"action": action, "inputs": inputs, "button": button(words, kind=kind)}
    return fill('<form method="post" action="{action}">{inputs}{button}</form>', **parts)


def attributes(given: Mapping[str, str]) -> Html:
    """More attributes of an element; a trailing _ is for names that Python keeps for itself."""
    named = ((name.rstrip("_").replace("_", "-"), value) for name, value in given.items())
    return joined((fill(' {name}="{value}"', name=name, value=value) for name, value in named), "")
