"""What servers and libraries say when there are no bytes to be had, or none to be taken."""

from scrapy.http import Response

from harvester.politeness.headers import find_ai_opt_outs

ROBOTS_AGENT = "harvester"
"""What servers call us in robots.txt and X-Robots-Tag."""


def find_opt_out(response: Response) -> str:
    """What the owner does not want done with a picture; empty where nothing is said."""
    tags = [tag.decode("latin-1") for tag in response.headers.getlist("X-Robots-Tag")]
    directives = find_ai_opt_outs(tags, ROBOTS_AGENT)
    return f"X-Robots-Tag: {', '.join(directives)}" if directives else ""


def reason_for_ignored(message: str) -> str:
    """The reason word for a request that Scrapy ignored; it tells why only in words."""
    if "robots.txt" in message:
        return "robots"
    return "too-many-bytes" if "DOWNLOAD_MAXSIZE" in message else "redirect"


def error_line(error: Exception) -> str:
    """The error in one line; Twisted wraps the cause of a broken connection in a list of failures."""
    for failure in getattr(error.__cause__, "reasons", None) or ():
        return error_line(failure.value)
    return str(error).strip().partition("\n")[0][:200] or type(error).__name__
