"""What is made of Lighthouse's reports."""

from typing import Any

from bench.lighthouse import is_good, summary


def report(performance: float, *, seo: float = 1.0, styles: int = 9_000, picture: int = 80_000) -> dict[str, Any]:
    """A report as Lighthouse writes it, as far as it is read."""
    scores = {"performance": performance, "accessibility": 1.0, "best-practices": 1.0, "seo": seo}
    timings = ("first-contentful-paint", "largest-contentful-paint", "total-blocking-time", "cumulative-layout-shift")
    audits: dict[str, Any] = {name: {"score": 1, "numericValue": 700.0} for name in timings}
    audits["meta-description"] = {"score": seo}
    audits["redirects"] = {"score": None}
    audits["network-requests"] = {
        "details": {
            "items": [
                {"resourceType": "Document", "transferSize": 6_000},
                {"resourceType": "Stylesheet", "transferSize": styles},
                {"resourceType": "Image", "transferSize": picture},
                {"resourceType": "Script"},
            ]
        }
    }
    categories: dict[str, Any] = {name: {"score": score, "auditRefs": []} for name, score in scores.items()}
    categories["seo"]["auditRefs"] = [{"id": "meta-description", "weight": 1}, {"id": "redirects", "weight": 1}]
    return {"categories": categories, "audits": audits}


def test_the_median_counts_and_pictures_are_weighed_apart() -> None:
    page = summary([report(0.99), report(0.90, styles=11_000), report(0.97)])

    assert page["scores"] == {"performance": 97, "accessibility": 100, "best-practices": 100, "seo": 100}
    assert (page["weight_bytes"], page["pictures_bytes"], page["lcp_ms"]) == (15_000, 80_000, 700)
    assert page["short_of"] == []


def test_a_page_is_good_only_with_every_score_and_a_small_weight() -> None:
    assert is_good(summary([report(0.95)]))
    assert not is_good(summary([report(0.94)]))
    assert not is_good(summary([report(1.0, styles=150_000)]))
    assert is_good(summary([report(1.0, picture=900_000)]))

    without_a_description = summary([report(1.0, seo=0.91)])
    assert is_good(without_a_description) is False
    assert summary([report(1.0, seo=0.5)])["short_of"] == ["meta-description"]
