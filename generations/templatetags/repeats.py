"""What can be ordered from a picture, where a template shows one alone: `{% finishing image as repeat %}`."""

from django import template

from generations import repeats
from generations.models import Image
from generations.offers import Repeat

register = template.Library()


@register.simple_tag
def finishing(image: Image) -> Repeat | None:
    """What orders the picture on the image model that finishes it; None where there is none."""
    return repeats.finishing(image)
