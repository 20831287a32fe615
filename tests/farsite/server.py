"""The farsite application: a loopback web server with good, odd and broken pictures."""

from aiohttp import web

from tests.farsite import civitai, files, journal, limits, mastodon, trouble
from tests.farsite.imagefap import routes as imagefap

MODULES = [files, trouble, limits, civitai, mastodon, imagefap, journal]
"""The modules whose `ROUTES: list[web.RouteDef]` make up the site; a new web site adds its module here."""


def make_app() -> web.Application:
    """A new application with an empty journal."""
    app = web.Application(middlewares=[journal.noting])
    app[journal.JOURNAL] = journal.Journal()
    app[mastodon.MORE] = {}
    for module in MODULES:
        app.add_routes(module.ROUTES)
    return app
