"""Puts the stopwatch into every process of a benchmark (`bench.settings`); nobody else installs this app."""

from importlib import import_module

from django.apps import AppConfig


class BenchConfig(AppConfig):
    name = "bench"

    def ready(self) -> None:
        import_module("bench.stopwatch").start()  # only now: it needs the models
