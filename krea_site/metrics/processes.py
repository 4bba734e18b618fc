"""What this machine knows: its requests, its disk, and what its processes take."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric

from krea_site import groups, traffic
from krea_site.metrics.site import gauge, gauges
from krea_site.watch.facts import Machine


def metrics(machine: Machine | None) -> Iterator[Metric]:
    yield from _requests()
    yield from _groups()
    if machine is not None:
        yield gauge("krea_disk_bytes", "Size of the disk under VAR_DIR.", machine.disk_bytes)
        yield gauge("krea_disk_free_bytes", "What of it is free.", machine.disk_free_bytes)
        yield gauge("krea_storage_up", "Pictures can be stored.", not machine.storage)


def _requests() -> Iterator[Metric]:
    calls = CounterMetricFamily(
        "krea_http_requests", "Requests by route, method and class of status.", labels=["route", "method", "status"]
    )
    took = HistogramMetricFamily(
        "krea_http_request_seconds", "Until the answer begins, by route and method.", labels=["route", "method"]
    )
    by_route: dict[tuple[str, str], traffic.Count] = defaultdict(traffic.Count)
    for (route, method, status), count in sorted(traffic.HERE.of_all().items()):
        calls.add_metric([route, method, status], count.calls)
        by_route[route, method].add(count)
    bounds = [*(str(bound) for bound in traffic.BOUNDS_S), "+Inf"]
    for (route, method), count in by_route.items():
        buckets = list(zip(bounds, map(float, accumulate(count.buckets)), strict=True))
        took.add_metric([route, method], buckets, count.seconds)
    yield calls
    yield took


def _groups() -> Iterator[Metric]:
    sums = groups.read()
    for name, about in (
        ("processes", "Processes of each kind."),
        ("resident_bytes", "Memory that they take, with what they share counted in each."),
        ("cpu_seconds", "Processor time of those that live."),
        ("threads", "Their threads."),
    ):
        told = [((kind,), values.get(name, 0.0)) for kind, values in sorted(sums.items())]
        yield gauges(f"krea_process_{name}", about, ["kind"], told)
