"""The four image models, as the shop window lists them."""

from pathlib import Path

import pytest

from generations import catalogue
from generations.catalogue import UnknownImageModel


def test_catalogue_has_four_image_models_in_a_fixed_order() -> None:
    assert [(model.id, model.name, model.endpoint) for model in catalogue.all()] == [
        ("krea-2-medium", "Krea 2 Medium", "krea/v2/medium/text-to-image"),
        ("krea-2-large", "Krea 2 Large", "krea/v2/large/text-to-image"),
        ("krea-2-turbo-lora", "Krea 2 Turbo + LoRA", "fal-ai/krea-2/turbo/lora"),
        ("flux-krea-dev", "FLUX.1 Krea [dev]", "fal-ai/flux/krea"),
    ]


def test_default_image_model_exists() -> None:
    assert catalogue.get(catalogue.DEFAULT).name == "Krea 2 Medium"


def test_every_image_model_says_what_it_is_for_and_what_not() -> None:
    for model in catalogue.all():
        assert model.summary.startswith("Best for ")
        assert "takes no" in model.not_for
        assert model.licence


def test_oxens_names_lead_to_the_same_image_models() -> None:
    assert [model.oxen_id for model in catalogue.all()] == [
        "krea-v2-medium-text-to-image",
        "krea-v2-large-text-to-image",
        "krea-2-turbo-lora",
        "flux-krea-dev",
    ]


def test_image_models_know_their_unit_their_batch_their_time_and_their_deadline() -> None:
    facts = {
        model.id: (model.priced_by, model.max_quantity, model.typical_seconds, model.deadline_s)
        for model in catalogue.all()
    }

    assert facts == {
        "krea-2-medium": ("image", 10, 10, 300),
        "krea-2-large": ("image", 10, 28, 600),
        "krea-2-turbo-lora": ("megapixel", 4, 8, 300),
        "flux-krea-dev": ("megapixel", 4, 10, 300),
    }


def test_every_price_row_that_can_be_needed_is_named() -> None:
    names = [name for model in catalogue.all() for name in model.price_item_names]

    assert names == [
        "krea-2-medium",
        "krea-2-medium.style_references",
        "krea-2-large",
        "krea-2-large.style_references",
        "krea-2-turbo-lora",
        "flux-krea-dev",
    ]


def test_unknown_image_model_is_refused_with_the_ones_there_are() -> None:
    with pytest.raises(UnknownImageModel) as refusal:
        catalogue.get("krea-3")

    assert refusal.value.known == ("krea-2-medium", "krea-2-large", "krea-2-turbo-lora", "flux-krea-dev")
    assert str(refusal.value) == (
        "There is no image model 'krea-3'. There are: krea-2-medium, krea-2-large, krea-2-turbo-lora, flux-krea-dev."
    )


def test_two_files_with_the_same_id_stop_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "twins"
    package.mkdir()
    (package / "__init__.py").touch()
    for name in ("one", "other"):
        (package / f"{name}.py").write_text("from generations.catalogue.flux_krea_dev import IMAGE_MODEL\n")
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(ValueError, match="share an id"):
        catalogue.find([str(package)], "twins")
