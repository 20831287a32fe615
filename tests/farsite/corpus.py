"""A folder of files as it is, and a feed in the words of Civitai's API that lists all of them."""

from pathlib import Path
from urllib.parse import quote

from aiohttp import web

from harvester.spiders.civitai import api

_PAGE = 200


def list_files(folder: Path) -> list[str]:
    """Every file below the folder, with slashes, in order."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def routes(folder: Path) -> list[web.AbstractRouteDef]:
    """`/corpus/<name>` is a file, Civitai's API lists them: item n is the n-th file, from 1."""
    files = list_files(folder)

    async def feed(request: web.Request) -> web.Response:
        start = int(request.query.get("cursor", "0"))
        end = min(start + _PAGE, len(files))
        items = [
            {"id": n + 1, "type": "image", "url": f"http://{request.host}/corpus/{quote(files[n])}"}
            for n in range(start, end)
        ]
        cursor = {"nextCursor": str(end)} if end < len(files) else {}
        return web.json_response({"items": items, "metadata": cursor})

    return [web.static("/corpus", folder), web.get(api.IMAGES_PATH, feed)]
