"""fal's price list against our table of costs: a price that fal raised eats the margin from that moment on."""

from billing import prices

from . import catalogue
from .dollars import of_microusd
from .fal import platform
from .fal.client import Unavailable
from .fal.platform import NotAllowed


def differences() -> list[str]:
    """One line for each endpoint whose list price is not the cost in our table; none where fal does not tell."""
    models = {model.endpoint: model.id for model in catalogue.all()}
    try:
        listed = platform.prices(models)
    except (NotAllowed, Unavailable):
        return []
    rows = prices.current(models.values())
    ours = {endpoint: rows[id].cost_microusd for endpoint, id in models.items()}
    return [
        f"{each.endpoint}: fal's price list says {of_microusd(each.microusd)} a {each.unit.removesuffix('s')}, "
        f"our table {of_microusd(ours[each.endpoint])}"
        for each in listed
        if each.endpoint in ours and each.microusd != ours[each.endpoint]
    ]
