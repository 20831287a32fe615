"""Imports what a crawl imports before it does anything, but not the settings, which read the environment."""

import importlib
import pkgutil

import harvester

LIBRARIES = ("alembic.command", "scrapy.cmdline", "scrapy.core.downloader.handlers.http11", "scrapy.core.engine",
             "sqlalchemy.dialects.sqlite")  # fmt: skip

for name in LIBRARIES:
    importlib.import_module(name)
for module in pkgutil.walk_packages(harvester.__path__, "harvester."):
    if not module.name.startswith(("harvester.settings", "harvester.catalogue.migrations")):
        importlib.import_module(module.name)
