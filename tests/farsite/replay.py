"""Fixture folders of tests/spiders/fixtures, replayed as a site: `/replay/<site>/<path>?<query>`.

A page is a folder with `request.txt` (path and query) and `response.json`, in which `{farsite}` is this server.
"""

from pathlib import Path

from aiohttp import web

FIXTURES = Path(__file__).parent.parent / "spiders/fixtures"


async def _replay(request: web.Request) -> web.Response:
    site = request.match_info["site"]
    asked = request.raw_path.removeprefix(f"/replay/{site}")
    for page in sorted((FIXTURES / site).iterdir()):
        if (page / "request.txt").read_text(encoding="utf-8").strip() == asked:
            text = (page / "response.json").read_text(encoding="utf-8")
            base = f"{request.scheme}://{request.host}"
            return web.Response(text=text.replace("{farsite}", base), content_type="application/json")
    return web.json_response({"error": f"no fixture for {asked}"}, status=404)


ROUTES = [web.get(r"/replay/{site:[\w-]+}/{rest:.*}", _replay)]
