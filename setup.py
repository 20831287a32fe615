"""For scrapyd-deploy, which wants this file to build an egg; everything stands in pyproject.toml."""

from setuptools import setup

setup()
