"""The HTML of farsite's imagefap: what a parser must find, in the site's own markup, oddities included."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

from tests.farsite.imagefap.signing import Signer
from tests.farsite.imagefap.world import EMPTY_STRIP, SIZE, Folder, Photo, User, World

STRIP = 24


@dataclass(frozen=True)
class PageWriter:
    """Writes pages whose links begin with `base`; `typo` leaves the `=` out of the class of folder links."""

    world: World
    base: str
    signer: Signer
    typo: bool = False

    def profile(self, user: User) -> str:
        """The page that tells the number of a user."""
        header = f"<td class='blk_profile_hdr' colspan=\"2\">{escape(user.name)} Profile\n</td>"
        return _page(f"{user.name}'s profile", self._header(user) + f"<table><tr>{header}</tr></table>")

    def folder_list(self, user: User, page: int) -> str:
        """A page of the list of folders; one past the end has none."""
        folders = user.lists[page] if page < len(user.lists) else ()
        ids = "".join(f"{folder.id}|" for folder in folders)
        pager = _pager(f"?userid={user.id}", page, len(user.lists)) if folders else ""
        hidden = f'<input type="hidden" id="tgl_all" value="{ids}">'
        return _page(f"Favorites of {user.name}", self._header(user) + hidden + self._folders(user, folders) + pager)

    def folder(self, user: User, folder: Folder, page: int) -> str:
        """A page of a folder, of pictures or of galleries."""
        on_page = next(folders for folders in user.lists if folder in folders)
        link = self._folder_address(user, folder)
        header = f'<a class=\'blk_favorites\' href="{link}" style="text-decoration: none;">{escape(folder.name)}</a>'
        rows = self._galleries(folder) if folder.galleries else self._pictures(user, folder, page)
        table = f"<table>\n<tr><td class='blk_favorites_hdr'>{header}</td></tr>\n</table>\n<table>\n{rows}</table>"
        title = f"{folder.name} - favorites of {user.name}"
        return _page(title, self._header(user) + self._folders(user, on_page, folder) + table)

    def photo(self, photo: Photo, in_strip: bool = True) -> str:
        """A photo page with its strip; `listed` is false where the strip leaves the image itself out."""
        gallery = self.world.galleries[photo.gallery]
        at = gallery.index(photo.id)
        window = [image for image in gallery[at : at + STRIP] or gallery if in_strip or image != photo.id]
        if not in_strip:
            window = [image for image in gallery if image != photo.id]
        if photo.fault == EMPTY_STRIP:
            window = []
        old = photo.fault == "old-markup"
        strip = "" if old else self._strip(window, len(gallery), at)
        full, framed = self.signer.address("full", photo.id), self.signer.address("framed", photo.id)
        main = f'src="{full}"' if old else f'data-src="{framed}" src="/img/blank.gif"'
        uploader = f'<tr><td><a href="{self.base}/profile.php?user={photo.uploader}">{photo.uploader}</a></td></tr>'
        body = (
            f'{strip}<div itemscope itemtype="http://schema.org/ImageObject">'
            f'<input value="{photo.id}" type="hidden" id="imageid_input">'
            f'<input type="hidden" id="galleryid_input" value="{photo.gallery}"><img id="mainPhoto" {main}>'
            f'<table><tr><td><a href="{self.base}/gallery.php?gid={photo.gallery}">Set {photo.gallery}</a></td></tr>'
            f"{uploader}</table></div>"
        )
        description = f"View this nice {escape(photo.name)} sample pic uploaded by {photo.uploader} on the site"
        return _page(
            f"{photo.name} Sample Pic From Set {photo.gallery}", body, self._head(description, self.signer, photo.id)
        )

    def _strip(self, images: Sequence[int], total: int, at: int) -> str:
        entries = "".join(self._entry(image) for image in images)
        return (
            f'<div id="_navi_cavi" class="_navi_cavi" data-total="{total}" data-idx="{at}">'
            f'<ul class="thumbs">{entries}</ul></div>\n'
        )

    def _entry(self, image: int) -> str:
        full, framed = self.signer.address("full", image), self.signer.address("framed", image)
        facts = f'dimension="{SIZE[0]}x{SIZE[1]}" votes="4|12" views="12" added="2021-08-14 10:20:30"'
        links = [f'href="{full}"', f'framed="{framed}"', f'original="{full}"', f'imageid="{image}"', facts]
        return f"<li><a {' '.join(links if image % 2 else reversed(links))}></a></li>\n"

    def _pictures(self, user: User, folder: Folder, page: int) -> str:
        images = folder.pages[page] if page < len(folder.pages) else ()
        pager = _pager(f"?userid={user.id}&folderid={folder.id}", page, len(folder.pages))
        return f"<tr><td>{pager}</td></tr>\n<tr>{''.join(self._cell(image) for image in images)}</tr>\n"

    def _cell(self, image: int) -> str:
        name = self.world.photos[image].name
        short = name if len(name) <= 30 else f"{name[:27]}..."
        link = f'<a name="{image}" href="{self.base}/photo/{image}/?pgid=&gid=0&page=0">'
        thumb = f'<img border="0" src="{self.signer.address("thumb", image)}">'
        return (
            f'<td class=\'blk_favorites\' id="img-{image}" align="center" valign="top"><table><tr><td>{link}{thumb}'
            f"</a></td></tr><tr><td><font></font><font><i>{escape(short)}</i></font><font>64x64</font></td></tr></table>"
            "</td>\n"
        )

    def _galleries(self, folder: Folder) -> str:
        rows = "".join(
            f'<tr id="gid-{90000 + gallery}"><td class=\'blk_favorites\'><a href="{self.base}/gallery.php?gid={gallery}'
            f'&gen=1"><b>Set {gallery}</b></a></td><td>{len(self.world.galleries[gallery])}</td></tr>\n'
            for gallery in folder.galleries
        )
        return f"<tr><td class='blk_favorites_hdr' width=\"60%\"><span><b>Gallery Name</span></td></tr>\n{rows}"

    def _header(self, user: User) -> str:
        links = (
            ("Profile", f"/profile.php?user={quote(user.name)}"),
            ("Galleries", f"/usergallery.php?userid={user.id}"),
            ("Favorites", f"/showfavorites.php?userid={user.id}"),
        )
        cells = "\n".join(
            f'<a class=\'blk_header\' href="{link}" style="text-decoration: none;">{word}</a>' for word, link in links
        )
        return f"<table><tr><td class='blk_header'>{cells}</td></tr></table>\n"

    def _folders(self, user: User, folders: Iterable[Folder], chosen: Folder | None = None) -> str:
        rows = "".join(self._folder_row(user, folder, folder == chosen) for folder in folders)
        return f"<table width=\"100%\"><tr><td class='blk_favorites'>\n{rows}</td></tr></table>\n"

    def _folder_row(self, user: User, folder: Folder, chosen: bool) -> str:
        name = f"<b>{escape(folder.name)}</b>" if chosen else escape(folder.name)
        href = f'href="{self._folder_address(user, folder)}"'
        attributes = f"{href} class'blk_galleries'" if self.typo else f"class='blk_galleries' {href}"
        return f"<table><tr><td class='blk_favorites'><a {attributes}>{name}</a></td></tr></table>\n"

    def _folder_address(self, user: User, folder: Folder) -> str:
        return f"{self.base}/showfavorites.php?userid={user.id}&folderid={folder.id}"

    @staticmethod
    def _head(description: str, signer: Signer, image: int) -> str:
        json_ld = json.dumps({"@type": "ImageObject", "contentUrl": signer.address("thumb", image)})
        return f'<meta content="{description}" name="description"><script type="application/ld+json">{json_ld}</script>'


def block_page() -> str:
    """What a client gets that asked too often."""
    text = "Your IP made too many requests to our servers and we need to check that you are a real human being"
    form = '<form action="/human-verification" method="post"><input type="text" name="captcha"></form>'
    return _page("Human verification", f'<div class="mt-4 text-center">{text}</div>{form}')


def missing_image_page(fault: str) -> str:
    """What stands on a page, status 200, of an image that is no longer there."""
    if fault == "gone-title":
        return _page(" (Picture 1) uploaded by  on the site", "<p></p>")
    if fault == "gone-start":
        return "<html><body>404 not found\n</body></html>"
    if fault == "gone-flagged":
        return _page("Set", "<p>This gallery has been flagged and is not available.</p>")
    return _page("Error", "<p><b>The image you are trying to access does not exist</b></p>")


def not_found_page() -> str:
    """The site's own page for what is not there."""
    return _page("404 Not Found", "<h1>404 Not Found</h1>")


def _pager(query: str, page: int, pages: int) -> str:
    numbers = [
        f"<b>{n + 1}</b>" if n == page else f'<a class="link3" href="{query}&page={n}">{n + 1}</a>'
        for n in range(pages)
    ]
    if page + 1 < pages:
        numbers.append(f'<a class="link3" href="{query}&page={page + 1}">:: next ::</a>')
    return f"<font class='blk_favorites'><span>{' '.join(numbers)}</span></font>"


def _page(title: str, body: str, head: str = "") -> str:
    meta = '<meta http-equiv="Content-Type" content="text/html; charset=utf-8">'
    return (
        f"<!DOCTYPE html>\n<html>\n<head>\n{meta}\n{head}\n<title>{escape(title)}</title>\n</head>\n<body>\n{body}\n"
        "</body>\n</html>\n"
    )
