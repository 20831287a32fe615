"""Domains whose Mastodon is elsewhere, and servers without Mastodon's API below `/n/<kind>`.

`web.localhost` serves the accounts of `brand.localhost`; `hostmeta.localhost` only names another webfinger address.
Kinds: misskey (its own API), express (JSON for every unknown path), app (one web page for all), login (a redirect).
"""

from aiohttp import web


def account_domain(request: web.Request) -> str:
    """The domain in the names of the server's accounts, with the port."""
    return request.host.replace("web.localhost", "brand.localhost")


def has_only_host_meta(request: web.Request) -> bool:
    """Whether the domain does not answer to webfinger itself."""
    return request.host.startswith("hostmeta.localhost")


async def _host_meta(request: web.Request) -> web.Response:
    if not has_only_host_meta(request):
        return web.Response(status=404)
    template = f"{request.scheme}://127.0.0.3:{request.url.port}/.well-known/webfinger?resource={{uri}}"
    text = (
        '<?xml version="1.0"?><XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">'
        f'<Link type="application/xrd+xml" template="{template}" rel="lrdd"/></XRD>'
    )
    return web.Response(text=text, content_type="application/xrd+xml")


async def _foreign_answer(request: web.Request) -> web.Response:
    kind, path = request.match_info["kind"], request.match_info["path"]
    if kind == "misskey":
        error = {"message": "Unknown API endpoint.", "code": "UNKNOWN_API_ENDPOINT", "kind": "client"}
        return web.json_response({"error": error}, status=404)
    if kind == "express":
        return web.json_response({"error": "Not found"}, status=404)
    if kind == "login" and path != "login":
        raise web.HTTPFound("/n/login/login")
    return web.Response(text="<!doctype html><title>Home</title><div id=app></div>", content_type="text/html")


ROUTES: list[web.RouteDef] = [
    web.get("/.well-known/host-meta", _host_meta),
    web.get("/n/{kind:misskey|express|app|login}/{path:.*}", _foreign_answer),
]
