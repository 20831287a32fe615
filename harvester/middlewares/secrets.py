"""Which parts of a request are keys, which nobody but the server may see."""

from urllib.parse import parse_qsl, quote, quote_plus, urlencode, urlsplit, urlunsplit

from scrapy import Request

SECRET_PARAMETERS = frozenset({"token", "access_token", "api_key", "apikey", "api-key", "key", "auth", "signature"})
SECRET_HEADERS = ("Authorization", "Cookie", "X-Api-Key", "Proxy-Authorization")


def find_secrets(request: Request) -> set[bytes]:
    """The keys in a request, in every form in which an answer may repeat them."""
    secrets: set[bytes] = set()
    for name in SECRET_HEADERS:
        for value in request.headers.getlist(name):
            secrets.update((value, value.rpartition(b" ")[2]))
    for name, text in parse_qsl(urlsplit(request.url).query):
        if name.lower() in SECRET_PARAMETERS:
            secrets.update(form.encode() for form in (text, quote(text, safe=""), quote_plus(text)))
    return {secret for secret in secrets if secret}


def strip_secrets(url: str) -> str:
    """The address with its keys taken out."""
    parts = urlsplit(url)
    fields = parse_qsl(parts.query, keep_blank_values=True)
    kept = [(name, value) for name, value in fields if name.lower() not in SECRET_PARAMETERS]
    host = parts.netloc.rpartition("@")[2]
    query = parts.query if len(kept) == len(fields) else urlencode(kept)
    return urlunsplit(parts._replace(netloc=host, query=query))
