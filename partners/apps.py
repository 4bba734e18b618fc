from django.apps import AppConfig


class PartnersConfig(AppConfig):
    name = "partners"

    def ready(self) -> None:
        from generations.signals import generations_erased  # noqa: PLC0415  # models exist only now

        from . import erasure  # noqa: PLC0415

        generations_erased.connect(erasure.on_generations_erased, dispatch_uid="partners.erasure")
