"""The addresses of the API. Booleans are lower case: Mastodon reads Python's `False` as true, GoToSocial refuses it."""

from dataclasses import dataclass
from urllib.parse import quote, urlencode

from harvester.sites.mastodon.addresses import Handle

LIMIT = "40"
"""Posts per page; the most that Mastodon gives (M `app/controllers/api/v1/accounts/statuses_controller.rb`)."""

Parameters = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Cursor:
    """Where a page begins: the name of a parameter (max_id, offset) and its value, which is opaque."""

    name: str
    value: str


@dataclass(frozen=True)
class Listing:
    """A list of posts that is walked page by page: its address, and the parameters that are ours on every page."""

    address: str
    parameters: Parameters

    def page(self, cursor: Cursor | None = None) -> str:
        """The address of the page that begins at the cursor; of the newest page where there is none.

        Links to the next page drop parameters (any[] on Mastodon, only_media elsewhere), so ours are always sent.
        """
        mine = self.parameters + (((cursor.name, cursor.value),) if cursor else ())
        return f"{self.address}?{urlencode(mine)}" if mine else self.address


def lookup(base: str, acct: str) -> str:
    """One account by `user` or `user@host`."""
    return f"{base}/api/v1/accounts/lookup?{urlencode({'acct': acct})}"


def post(base: str, ident: str) -> str:
    """One post by its id on this server."""
    return f"{base}/api/v1/statuses/{_quoted(ident)}"


def search_post(base: str, address: str, *, signed_in: bool) -> str:
    """A post by its address; without a token only what the server holds already (`resolve` needs one)."""
    asked = {"q": address, "type": "statuses"} | ({"resolve": "true"} if signed_in else {})
    return f"{base}/api/v2/search?{urlencode(asked)}"


def webfinger(account: Handle, base: str = "") -> str:
    """Where the handle's domain says on which server the account lives (D `spec/webfinger.md`)."""
    resource = urlencode({"resource": f"acct:{account}"}, safe=":@")
    return f"{base or f'https://{account.domain}'}/.well-known/webfinger?{resource}"


def account_posts(base: str, ident: str, *, boosts: bool, replies: bool) -> Listing:
    """The posts of an account; `only_media` would hide boosts too (M `app/lib/account_statuses_filter.rb`)."""
    wanted = () if boosts else (("only_media", "true"), ("exclude_reblogs", "true"))
    spoken = () if replies else (("exclude_replies", "true"),)
    return Listing(f"{base}/api/v1/accounts/{_quoted(ident)}/statuses", (("limit", LIMIT), *wanted, *spoken))


def tag_posts(base: str, tag: str) -> Listing:
    """The public posts with a hashtag that the server holds."""
    return Listing(f"{base}/api/v1/timelines/tag/{_quoted(tag.removeprefix('#'))}", _MEDIA)


def timeline(base: str, *, local: bool) -> Listing:
    """The public posts of the server's own accounts, or of all it knows."""
    return Listing(f"{base}/api/v1/timelines/public", (*_MEDIA, *((("local", "true"),) if local else ())))


def list_posts(base: str, ident: str) -> Listing:
    """The posts of a list of the token's owner."""
    return Listing(f"{base}/api/v1/timelines/list/{_quoted(ident)}", (("limit", LIMIT),))


_MEDIA: Parameters = (("limit", LIMIT), ("only_media", "true"))


def _quoted(part: str) -> str:
    return quote(part, safe="")
