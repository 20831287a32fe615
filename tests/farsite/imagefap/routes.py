"""The routes of farsite's imagefap. Each name below `/imagefap/` is a site of its own, with its own counters.

`PUT /_imagefap/NAME` sets its options (JSON) and forgets what was counted; `POST` sets some and keeps the rest;
`GET` tells the counts. Pages link pictures at 127.0.0.2, which plays the file host.
"""

import re
import time
from collections import Counter
from dataclasses import asdict, dataclass, field, replace

from aiohttp import web

from tests.farsite import pictures
from tests.farsite.imagefap import pages
from tests.farsite.imagefap.signing import Signer, is_valid
from tests.farsite.imagefap.world import UNLISTED_ONCE, Folder, User, make_world

FILE_HOST = "127.0.0.2"


@dataclass(frozen=True)
class Options:
    """How a site behaves. `block_after`: pages after which a client is blocked, None for any number.

    `block_length`: pages that are then refused, until the client may ask again; None: until the options are changed.
    `form` is the year of the signatures, `lifetime` their seconds; `typo` is the odd form of folder links;
    `added` are images added since, at the end of a folder, as {folder: [image, …]}; at pages with one of `broken` in
    their address the server fails, pages with one of `misdirected` redirect to what is no address;
    `rewrites` change the markup of all pages, as {regular expression: replacement}. With `page_ignored` lists and
    folders show their first page, whichever is asked for.
    """

    block_after: int | None = None
    block_length: int | None = None
    form: str = "2026"
    lifetime: int = 3600
    typo: bool = False
    added: dict[str, list[int]] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    misdirected: list[str] = field(default_factory=list)
    rewrites: dict[str, str] = field(default_factory=dict)
    page_ignored: bool = False


@dataclass
class ImagefapSite:
    """One site: options, and what was asked of it."""

    options: Options = field(default_factory=Options)
    given: Counter[str] = field(default_factory=Counter)  # client -> its pages since its last block
    refused: Counter[str] = field(default_factory=Counter)  # client -> pages refused during its block
    pages: Counter[str] = field(default_factory=Counter)
    files: Counter[str] = field(default_factory=Counter)
    blocked: int = 0

    def blocks(self, client: str) -> bool:
        """Whether the client has asked too often; a page it gets counts."""
        if self.options.block_after is None or self.given[client] < self.options.block_after:
            self.given[client] += 1
            return False
        self.blocked += 1
        self.refused[client] += 1
        if self.refused[client] == self.options.block_length:
            self.lift_block(client)
        return True

    def lift_block(self, client: str) -> None:
        """Let the client ask again, for as many pages as before."""
        del self.given[client], self.refused[client]

    def counts(self) -> dict[str, object]:
        """What was asked, block pages apart."""
        counts = {"pages": self.pages.total(), "paths": dict(self.pages), "blocked": self.blocked}
        return counts | {"files": dict(self.files), "options": asdict(self.options)}


SITES: dict[str, ImagefapSite] = {}
_WORLD = make_world()


def _site(request: web.Request) -> ImagefapSite:
    return SITES.setdefault(request.match_info["site"], ImagefapSite())


def _writer(request: web.Request) -> pages.PageWriter:
    options, port = _site(request).options, request.url.port
    below = f"/imagefap/{request.match_info['site']}"
    signer = Signer(f"http://{FILE_HOST}:{port}{below}", int(time.time()) + options.lifetime, options.form)
    return pages.PageWriter(_WORLD, f"http://{request.host}{below}", signer, options.typo)


async def _page(request: web.Request) -> web.Response:
    site, kind = _site(request), request.match_info["kind"]
    if site.blocks(request.remote or ""):
        raise web.HTTPFound(f"/imagefap/{request.match_info['site']}/human-verification")
    site.pages[request.raw_path.removeprefix(f"/imagefap/{request.match_info['site']}")] += 1
    if any(piece in request.raw_path for piece in site.options.broken):
        raise web.HTTPInternalServerError
    if any(piece in request.raw_path for piece in site.options.misdirected):
        return web.Response(status=302, headers={"Location": "http://[bad"})
    answers = {"profile": _profile, "showfavorites.php": _favourites, "photo": _photo}
    answer = answers[kind](request, site)
    for pattern, replacement in site.options.rewrites.items():
        answer.text = re.sub(pattern, replacement, answer.text or "")
    return answer


def _profile(request: web.Request, _: ImagefapSite) -> web.Response:
    name = request.match_info["rest"].strip("/").casefold()
    user = next((user for user in _WORLD.users.values() if user.name.casefold() == name), None)
    return _html(_writer(request).profile(user)) if user else _missing()


def _favourites(request: web.Request, site: ImagefapSite) -> web.Response:
    user = _WORLD.users.get(_number(request, "userid"))
    if user is None:
        return _missing()
    page = 0 if site.options.page_ignored else _number(request, "page")
    if "folderid" not in request.query:
        return _html(_writer(request).folder_list(user, page))
    folder = user.folders.get(_number(request, "folderid"))
    if folder is None:
        return _missing()
    if added := site.options.added.get(str(folder.id)):
        user, folder = _with_added(user, folder, added)
    return _html(_writer(request).folder(user, folder, page))


def _with_added(user: User, folder: Folder, added: list[int]) -> tuple[User, Folder]:
    *before, last = folder.pages
    longer = replace(folder, pages=(*before, (*last, *added)))
    lists = tuple(tuple(longer if other.id == folder.id else other for other in page) for page in user.lists)
    return replace(user, lists=lists), longer


def _photo(request: web.Request, site: ImagefapSite) -> web.Response:
    number = request.match_info["rest"].strip("/")
    photo = _WORLD.photos.get(int(number)) if number.isdigit() else None
    if photo is None or photo.fault == "gone-404":
        return _missing()
    if photo.fault == "gone-redirect":
        raise web.HTTPFound(f"/imagefap/{request.match_info['site']}/404.php")
    if photo.fault.startswith("gone-"):
        return _html(pages.missing_image_page(photo.fault))
    first = sum(times for path, times in site.pages.items() if path.startswith(f"/photo/{photo.id}/")) == 1
    return _html(_writer(request).photo(photo, in_strip=not (first and photo.fault == UNLISTED_ONCE)))


async def _file(request: web.Request) -> web.Response:
    kind, image = request.match_info["kind"], int(request.match_info["image"])
    _site(request).files[f"{kind}/{image}"] += 1
    photo = _WORLD.photos.get(image)
    if photo is None or photo.fault == "file-404":
        raise web.HTTPNotFound
    if not is_valid(kind, image, dict(request.query), time.time()):
        raise web.HTTPForbidden(text="this address has expired\n")
    body = pictures.numbered(photo.body)
    if photo.fault == "file-short":
        body = body[:100]
    if photo.fault == "file-html":
        return _html("<html><body>not here</body></html>")
    if kind != "full" or photo.fault == "file-thumbnail":
        body = pictures.photo(image, 16, 16)
    return web.Response(body=body, headers={"Content-Type": "image/jpeg"})


async def _human_verification(request: web.Request) -> web.Response:
    return _html(pages.block_page())


async def _not_found(request: web.Request) -> web.Response:
    return _html(pages.not_found_page())


async def _reset(request: web.Request) -> web.Response:
    SITES[request.match_info["site"]] = ImagefapSite(Options(**await request.json()))
    return web.Response(status=204)


async def _change(request: web.Request) -> web.Response:
    site = _site(request)
    site.options = replace(site.options, **await request.json())
    site.given.clear()
    site.refused.clear()
    return web.Response(status=204)


async def _counts(request: web.Request) -> web.Response:
    return web.json_response(_site(request).counts())


def _number(request: web.Request, name: str) -> int:
    try:
        return int(request.query.get(name, "0"))
    except ValueError as error:
        raise web.HTTPBadRequest(text=f"?{name}= is a number\n") from error


def _missing() -> web.Response:
    return web.Response(status=404, text=pages.not_found_page(), content_type="text/html")


def _html(text: str) -> web.Response:
    return web.Response(text=text, content_type="text/html")


ROUTES: list[web.RouteDef] = [
    web.get(r"/imagefap/{site}/{kind:profile|photo}/{rest:.+}", _page),
    web.get(r"/imagefap/{site}/{kind:showfavorites\.php}", _page),
    web.get(r"/imagefap/{site}/images/{kind}/{bucket}/{start}/{image:\d+}.{ext}", _file),
    web.get("/imagefap/{site}/human-verification", _human_verification),
    web.get("/imagefap/{site}/404.php", _not_found),
    web.put("/_imagefap/{site}", _reset),
    web.post("/_imagefap/{site}", _change),
    web.get("/_imagefap/{site}", _counts),
]
