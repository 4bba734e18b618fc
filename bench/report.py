"""Figures as a table for the terminal."""

from typing import Any

from bench import soak

PLAIN = (
    ("pictures", "pictures"), ("stored", "stored"), ("rate", "pictures a second"), ("took_s", "seconds until the last"),
    ("ordered_s", "seconds until all were ordered"), ("all_accepted_s", "seconds until fal had taken all"),
    ("most_on_the_road", "most between dispatch and stored"), ("most_drawn_at_once", "most drawn at once by fal"),
    ("wait_p50_s", "fal's completion to available, p50, s"), ("wait_p95_s", "… p95, s"), ("wait_max_s", "… max, s"),
    ("gallery", "pictures of one customer"), ("movements", "movements of one wallet"),
    ("images", "images"), ("transfers", "transfers"), ("made_s", "seconds to make them"),
    ("counted", "newest hours, days and months counted"), ("counted_s", "seconds to count these"),
    ("count_hour_ms", "ms to count one hour"), ("count_day_ms", "… one day"), ("count_month_ms", "… one month"),
    ("csv_s", "seconds for the whole CSV"), ("csv_mb", "its size, MB"), ("csv_grew_mb", "the web process grew by, MB"),
    ("threads_more", "threads more with 50 that never read"),
    ("stalled_readers", "readers that never read"), ("streams", "idle streams"),
    ("streams_opened_s", "seconds until all streams were open"), ("kb_a_stream", "kB a stream"),
    ("web_mb_before", "web process before, MB"), ("web_mb_with_streams", "… with the streams, MB"),
    ("web_mb_with_waiting", "… with 1,000 waiting calls, MB"), ("web_mb_with_stalled", "… with 50 that never read, MB"),
    ("cpu_of_idle", "share of a core for the idle streams"),
    ("arrivals", "events at 100 streams of one customer"), ("arrived_p50_s", "commit to arrival, p50, s"),
    ("last_arrived_s", "… the last, s"),
    ("threads_before", "its threads before"), ("threads_with_streams", "… with the streams"),
    ("events", "events of Stripe written down"), ("handled", "… and handled"),
    ("web_cpu_ms", "web processor for one call, ms"),
    ("wait_goal_s", "… goal for p95, s"), ("drawn_again", "pictures drawn again"), ("passed", "passed"),
)  # fmt: skip


def table(title: str, figures: dict[str, Any]) -> str:
    rows = [(words, figures[name]) for name, words in PLAIN if name in figures]
    lines = [f"\n{title}", "=" * len(title), *(f"{words:<45}{_shown(value):>12}" for words, value in rows)]
    for finding in figures.get("findings", []):
        lines.append(f"  the books: {finding}")
    if "calls_at_fal" in figures:
        calls = ", ".join(f"{count:,} {kind}" for kind, count in sorted(figures["calls_at_fal"].items()))
        lines.append(f"calls at fal: {calls}")
    if "pages" in figures:
        lines += ["", *_pages(figures["pages"])]
    if "acceptance" in figures:
        lines += ["", *_acceptance(figures)]
    if "soak_tables" in figures:
        lines += ["", *soak.lines(figures)]
    if "hooks" in figures:
        lines += ["", *_hooks(figures["hooks"])]
    if "answers" in figures:
        lines += ["", *_answers(figures["answers"])]
    if "parts_ms" in figures:
        lines += ["", *_parts(figures)]
    if "sights" in figures:
        lines += ["", *_sights(figures["sights"])]
    if "interactions" in figures:
        lines += ["", *_interactions(figures["interactions"])]
    if "memory_mb" in figures:
        lines += ["", *_memory(figures)]
    if "costs" in figures:
        lines += ["", *_processor(figures["costs"]), "", *_tasks(figures["costs"]["tasks"])]
    return "\n".join(lines)


def _pages(pages: dict[str, Any]) -> list[str]:
    head = f"{'page':<45}{'p50 ms':>12}{'p95 ms':>12}"
    return [head] + [
        f"{path + ' ' + when:<45}{_shown(took['p50_ms']):>12}{_shown(took['p95_ms']):>12}"
        for when, found in pages.items()
        for path, took in found.items()
    ]


def _acceptance(figures: dict[str, Any]) -> list[str]:
    """Calls a second and milliseconds of each load, and what the orders' share of the empty view's rate is."""
    lines = [f"{'calls a second':<45}{'rate':>12}{'p50 ms':>12}{'p99 ms':>12}{'web cpu ms':>12}{'share':>12}"]
    for row in figures["acceptance"]:
        for name, words in (("empty", "a view that does nothing"), ("orders", "orders")):
            share = row["share"] if name == "orders" else ""
            lines.append(_loaded(f"{words}, {row['connections']} at once", row[name], share))
    lines.append(_loaded("orders of one partner, 32 at once", figures["one_partner"], ""))
    return [*lines, "", *_tasks({"order": figures["cost_of_an_order"]})]


def _loaded(words: str, took: dict[str, Any], share: object) -> str:
    return (
        f"{words:<45}"
        + "".join(f"{_shown(took[each]):>12}" for each in ("rate", "p50_ms", "p99_ms", "cpu_ms"))
        + f"{share:>12}"
    )


def _hooks(answers: dict[str, Any]) -> list[str]:
    heads = f"{'call':<45}{'p50 ms':>12}{'p99 ms':>12}{'max ms':>12}  answers"
    return [heads] + [
        f"{name:<45}"
        + "".join(f"{_shown(took[each]):>12}" for each in ("p50_ms", "p99_ms", "p100_ms"))
        + "  "
        + ", ".join(f"{count:,} of {status}" for status, count in took["statuses"].items())
        for name, took in answers.items()
    ]


def _answers(answers: dict[str, Any]) -> list[str]:
    heads = f"{'answer':<45}{'p50 ms':>12}{'p95 ms':>12}{'web cpu ms':>12}"
    columns = ("p50_ms", "p95_ms", "cpu_ms")
    return [heads] + [
        f"{name:<45}" + "".join(f"{_shown(took[column]):>12}" for column in columns) for name, took in answers.items()
    ]


def _parts(figures: dict[str, Any]) -> list[str]:
    """Milliseconds of processor time of the parts of one call."""
    parts = [f"{name:<45}{_shown(spent):>12}" for name, spent in figures["parts_ms"].items()]
    return [f"{'part of a call':<45}{'cpu ms':>12}", *parts, f"{'queries':<45}{_shown(figures['queries']):>12}"]


def _sights(pages: dict[str, Any]) -> list[str]:
    """Lighthouse's medians, a page a line."""
    heads = ("perform.", "access.", "practice", "search", "FCP ms", "LCP ms", "TBT ms", "CLS", "kB", "+ pict.")
    lines = [f"{'page':<16}" + "".join(f"{head:>9}" for head in heads)]
    for name, page in pages.items():
        kilobytes = [round(page[part] / 1000, 1) for part in ("weight_bytes", "pictures_bytes")]
        timings = [round(page[part]) for part in ("fcp_ms", "lcp_ms", "tbt_ms")]
        cells = [*page["scores"].values(), *timings, page["cls"], *kilobytes]
        lines.append(f"{name:<16}" + "".join(f"{cell:>9}" for cell in cells))
        lines += [f"  short of: {', '.join(page['short_of'])}"] if page["short_of"] else []
    return lines


def _interactions(acts: dict[str, Any]) -> list[str]:
    """Milliseconds to the next paint, an act a line; `-`: below 16, which browsers do not tell."""
    columns = ("median_ms", "inp_ms", "worst_ms")
    lines = [f"{'act':<45}{'count':>9}{'median':>9}{'INP':>9}{'worst':>9}"]
    for name, act in acts.items():
        cells = "".join(f"{act[column] or '-':>9}" for column in columns)
        lines.append(f"{name:<45}{act['count']:>9}{cells}")
    return lines


def _memory(figures: dict[str, Any]) -> list[str]:
    found = figures["memory_mb"].items()
    rows = [f"{role:<45}{_shown(most['rss']):>12}{_shown(most['pss']):>12}" for role, most in sorted(found)]
    return [f"{'largest process, MB':<45}{'resident':>12}{'shared out':>12}", *rows]


def _processor(costs: dict[str, Any]) -> list[str]:
    each = costs["cpu_ms_a_picture"]
    rows = [f"{role:<45}{_shown(spent):>12}{_shown(each[role]):>12}" for role, spent in costs["cpu_s"].items()]
    spent, spent_each = round(sum(costs["cpu_s"].values()), 1), round(sum(each.values()), 1)
    total = f"{'together':<45}{_shown(spent):>12}{_shown(spent_each):>12}"
    return [f"{'processor':<45}{'seconds':>12}{'ms a picture':>12}", *rows, total]


def _tasks(tasks: dict[str, Any]) -> list[str]:
    """What the stopwatch saw: of each kind how many, and milliseconds and statements for one."""
    lines = [f"{'task or step':<25}{'count':>8}{'clock ms':>10}{'cpu ms':>9}{'db ms':>9}{'queries':>9}{'commits':>9}"]
    for kind, total in tasks.items():
        n = total["count"]
        lines.append(
            f"{kind:<25}{n:>8}{1000 * total['clock'] / n:>10.1f}{1000 * total['cpu'] / n:>9.1f}"
            f"{1000 * total['database'] / n:>9.1f}{total['queries'] / n:>9.1f}{total['commits'] / n:>9.1f}"
        )
        for name, (clock, cpu) in total["steps"].items():
            lines.append(f"  {name:<23}{'':>8}{1000 * clock / n:>10.1f}{1000 * cpu / n:>9.1f}")
    return lines


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "NO"
    return f"{value:,.1f}" if isinstance(value, float) and value >= 100 else f"{value}"
