"""The processes of the site, by what each is for, and how one tells that they work."""

import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models.functions import Now
from django_q.conf import Conf
from django_q.status import Stat

from generations import follow, reach
from generations.models import Beat
from krea_site import health
from krea_site.processes import Child

ANSWERS_WITHIN_S = 1.0
UNCHECKED = "--skip-checks"  # whoever starts them has checked the same settings; checks load every page and form
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # loopback is asked without a proxy


def web(fds: Sequence[int]) -> list[Child]:
    """As many web processes as the settings say, all on the same sockets."""
    program = ["-m", "krea_site.serve", *(f"--fd={fd}" for fd in fds)]
    return [Child("web process", program, fds) for _ in range(settings.WEB_PROCESSES)]


def worker() -> Child:
    return Child("worker", ["manage.py", "qcluster", UNCHECKED])


def follower() -> Child:
    return Child("follower", ["manage.py", "follow", UNCHECKED])


def standin() -> Child:
    """The local stand-in for fal. It ends last: until then the others may still talk to it."""
    options = {
        "--port": settings.STANDIN_FAL_PORT,
        "--speed": settings.STANDIN_SPEED,
        "--concurrency": settings.FAL_CONCURRENCY,
        "--state-dir": settings.VAR_DIR / "standin-fal",
    }
    words = [str(word) for pair in options.items() for word in pair]
    return Child("stand-in for fal", ["-m", "standins.fal", *words], ends_last=True)


def stripe_standin() -> Child:
    """The local stand-in for Stripe, which sends its events to this site."""
    options = {
        "--port": settings.STANDIN_STRIPE_PORT,
        "--webhook-url": f"{settings.PUBLIC_URL}/webhooks/stripe",
        "--webhook-secret": settings.STRIPE_WEBHOOK_SECRET,
        "--state-dir": settings.VAR_DIR / "standin-stripe",
    }
    words = [str(word) for pair in options.items() for word in pair]
    return Child("stand-in for Stripe", ["-m", "standins.stripe", *words], ends_last=True)


def needs_standin() -> bool:
    """Whether fal's part is played by our own stand-in at its usual place."""
    return settings.USES_STANDIN and settings.FAL_QUEUE_URL.startswith(f"{settings.STANDIN_FAL_URL}/")


def needs_stripe_standin() -> bool:
    """The same for Stripe's part."""
    return settings.STRIPE_USES_STANDIN and settings.STRIPE_API_URL == settings.STANDIN_STRIPE_URL


def web_answers() -> bool:
    return answers(f"http://localhost:{settings.PORT}/healthz")


def standin_answers() -> bool:
    return answers(f"{settings.STANDIN_FAL_URL}/healthz")


def stripe_standin_answers() -> bool:
    return answers(f"{settings.STANDIN_STRIPE_URL}/healthz")


def public_url_is_here() -> bool:
    """Whether the world's address for the site is this machine and our own port."""
    parts = urlsplit(settings.PUBLIC_URL)
    return reach.is_loopback(settings.PUBLIC_URL) and parts.port == settings.PORT


def beat_since(name: str, moment: float) -> bool:
    """Whether the `worker` or `follower` gave a sign of life after a moment of `time.monotonic`."""
    age = health.ages().get(name)
    return age is not None and age < time.monotonic() - moment


def worker_lives() -> bool:
    """Whether some cluster takes tasks; one that was killed counts for three seconds more."""
    return any(stat.status not in (Conf.STOPPING, Conf.STOPPED) for stat in Stat.get_all())


def follower_lives() -> bool:
    """Whether some follower holds the lease; one that was killed holds it for ten seconds more."""
    return Beat.objects.filter(name=follow.NAME, until__gt=Now()).exists()


def answers(url: str) -> bool:
    try:
        with _direct.open(url, timeout=ANSWERS_WITHIN_S) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, http.client.HTTPException, OSError):
        return False
