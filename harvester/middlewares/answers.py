"""An answer's headers as plain text, for what knows no Scrapy."""

from scrapy.http import Response


def plain(response: Response) -> dict[str, str]:
    """Names in lower case; of several headers of one name the last."""
    return {
        name.decode("latin-1").lower(): values[-1].decode("latin-1")
        for name, values in response.headers.items()
        if values
    }
