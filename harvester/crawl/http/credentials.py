"""Middleware that adds API keys to page requests at the last moment, only for the server they belong to.

It comes after the HTTP cache, retries and redirects, so that no stored or redirected request contains a key.
"""

from base64 import b64decode, b64encode
from typing import Self
from urllib.parse import parse_qsl, quote, quote_plus, urlencode, urlsplit, urlunsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response

from harvester.crawl.contract import spider_of
from harvester.errors import UsageProblem


class ApiKeyMiddleware:
    """Adds the `Authorization` header from the spider's `credentials`: scheme, host and port of a server -> value."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Create the middleware; it reads the spider's keys at each request, as the spider may set them late."""
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        """Only requests for pages carry a key."""
        credentials = spider_of(self._crawler).credentials
        value = credentials.get(origin(request.url)) if request.meta.get("page") else None
        if value:
            request.headers["Authorization"] = value
        elif credentials:
            request.headers.pop("Authorization", None)

    def process_response(self, request: Request, response: Response) -> Response:
        """Remove the key, so that the middlewares that store, repeat or redirect the request do not see it."""
        request.headers.pop("Authorization", None)
        return response

    def process_exception(self, request: Request, exception: Exception) -> None:
        """Remove the key, so that it is not in a request that is requeued, perhaps on disk."""
        if spider_of(self._crawler).credentials:
            request.headers.pop("Authorization", None)


def clean_key(setting: str, key: str) -> str:
    """Return the key in a setting without surrounding spaces, empty where there is none. Raises UsageProblem."""
    key = key.strip()
    if not (key.isascii() and key.isprintable() and " " not in key):
        raise UsageProblem(f"{setting}: contains characters that cannot be part of a key.")
    return key


def bearer(key: str) -> str:
    """The `Authorization` header for a key."""
    return f"Bearer {key}"


def basic(login: str, key: str) -> str:
    """The `Authorization` header for a name and a key or password (RFC 7617)."""
    return f"Basic {b64encode(f'{login}:{key}'.encode()).decode()}"


def secrets_of(authorization: str) -> list[str]:
    """What of an `Authorization` header may never be repeated: its value, and the password in it."""
    scheme, _, value = authorization.partition(" ")
    return [value, b64decode(value).decode().partition(":")[2]] if scheme == "Basic" else [value]


def origin(url: str) -> str:
    """Scheme, host and port of a URL, as one text."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.lower()}"


SECRET_PARAMETERS = frozenset({"token", "access_token", "api_key", "apikey", "api-key", "key", "auth", "signature"})

SECRET_HEADERS = ("Authorization", "Cookie", "X-Api-Key", "Proxy-Authorization")


def find_secrets(request: Request) -> set[bytes]:
    """The keys in a request, in every form in which a response may repeat them."""
    secrets: set[bytes] = set()
    for name in SECRET_HEADERS:
        for value in request.headers.getlist(name):
            secrets.update((value, value.rpartition(b" ")[2]))
    for name, text in parse_qsl(urlsplit(request.url).query):
        if name.lower() in SECRET_PARAMETERS:
            secrets.update(form.encode() for form in (text, quote(text, safe=""), quote_plus(text)))
    return {secret for secret in secrets if secret}


def strip_secrets(url: str) -> str:
    """The URL without its keys, user name and password."""
    parts = urlsplit(url)
    fields = parse_qsl(parts.query, keep_blank_values=True)
    kept = [(name, value) for name, value in fields if name.lower() not in SECRET_PARAMETERS]
    host = parts.netloc.rpartition("@")[2]
    query = parts.query if len(kept) == len(fields) else urlencode(kept)
    return urlunsplit(parts._replace(netloc=host, query=query))
