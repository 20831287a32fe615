"""The farsite application: a loopback web server with good, odd and broken pictures."""

from pathlib import Path

from aiohttp import web

from tests.farsite import (
    bombs,
    civitai,
    civitai_files,
    corpus,
    domains,
    faults,
    files,
    hostile,
    journal,
    mastodon,
    rate_limits,
    replay,
)
from tests.farsite.imagefap import routes as imagefap

MODULES = [
    files,
    faults,
    bombs,
    hostile,
    rate_limits,
    civitai,
    civitai_files,
    mastodon,
    domains,
    imagefap,
    replay,
    journal,
]
"""The modules whose `ROUTES: list[web.RouteDef]` make up the site; a new web site adds its module here."""


def make_app(folder: Path | None = None) -> web.Application:
    """A new application with an empty journal; it serves a folder of files too, if one is given."""
    app = web.Application(middlewares=[journal.record_requests])
    app[journal.JOURNAL] = journal.Journal()
    app[mastodon.EXTRA_POSTS] = {}
    app[mastodon.PAGING] = {}
    if folder:
        app.add_routes(corpus.routes(folder))  # first, because its feed takes the place of Civitai's
    for module in MODULES:
        app.add_routes(module.ROUTES)
    return app
