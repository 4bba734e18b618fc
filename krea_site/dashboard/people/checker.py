"""Who may switch the safety checker off. What fal itself blocks stays blocked."""

from django.http import HttpRequest

from accounts.models import User
from generations.models import Customer
from krea_site.dashboard.people.levers import Doing, Done, Refused, Typed, lever
from krea_site.dashboard.roles import Lever


def _allowing(person: User) -> list[str]:
    if may(person):
        return ["They may switch it off now. Take that away, and orders that ask for it are refused again."]
    return [
        "The field enable_safety_checker appears in their studio, and the API takes it, for the image models that have "
        "one. Pictures that fal blocks all the same stay blocked.",
        "You answer for it: say in the reason what was checked.",
    ]


def may(person: User) -> bool:
    return Customer.objects.filter(user=person, may_disable_safety_checker=True).exists()


@lever(
    Lever.ALLOW_UNCHECKED,
    Doing("people.allow_unchecked", "Allow the safety checker to be off", "Allow it", _allowing, is_dangerous=True),
)
def allow(request: HttpRequest, person: User, typed: Typed) -> Done:
    return _set(person, is_allowed=True)


@lever(
    Lever.ALLOW_UNCHECKED,
    Doing("people.forbid_unchecked", "Keep the safety checker on", "Keep it on", _allowing),
)
def forbid(request: HttpRequest, person: User, typed: Typed) -> Done:
    return _set(person, is_allowed=False)


def _set(person: User, *, is_allowed: bool) -> Done:
    Customer.objects.get_or_create(user=person)
    rows = Customer.objects.filter(user=person, may_disable_safety_checker=not is_allowed)
    if not rows.update(may_disable_safety_checker=is_allowed):
        raise Refused("They may switch it off already." if is_allowed else "It stays on for them already.")
    words = "They may switch the safety checker off." if is_allowed else "The safety checker stays on for them."
    return Done(words, before={"may_be_off": not is_allowed}, after={"may_be_off": is_allowed})
