"""The add-on that fills settings which follow from others, after the command line has been read."""

from scrapy.settings import BaseSettings

from harvester.errors import BadInput
from harvester.logs import guard
from harvester.places import Places, keep_private
from harvester.version import VERSION

_SLOW_TO_IMPORT = {
    "REMOTE_CONTROL_ENABLED": ("EXTENSIONS_BASE", "scrapy.extensions.remote_control.RemoteControl"),
    "COOKIES_ENABLED": ("DOWNLOADER_MIDDLEWARES_BASE", "scrapy.downloadermiddlewares.cookies.CookiesMiddleware"),
}
"""Parts of Scrapy that are imported even where they are off, unless they are taken out of Scrapy's own lists."""


class Harvester:
    """Derives USER_AGENT and HTTPCACHE_DIR where they were left empty; has the log guarded; takes out what is off."""

    def update_settings(self, settings: BaseSettings) -> None:
        """Called by Scrapy once per crawl, also of a script. What it writes is private to the user."""
        keep_private()
        guard()
        for switch, (parts, name) in _SLOW_TO_IMPORT.items():
            if str(settings[switch]).lower() in ("0", "false"):
                settings[parts].pop(name, None)
        self._fill(settings, "USER_AGENT", self._user_agent(settings["HARVESTER_CONTACT"]))
        self._fill(settings, "HTTPCACHE_DIR", str(Places.from_settings(settings).httpcache))

    @staticmethod
    def _user_agent(contact: str) -> str:
        if not contact.isprintable():
            raise BadInput(f"HARVESTER_CONTACT={contact!r}: must be one line, as it becomes part of a header.")
        return f"harvester/{VERSION} ({f'contact: {contact}' if contact else 'no contact given'})"

    @staticmethod
    def _fill(settings: BaseSettings, name: str, value: str) -> None:
        if not settings[name]:
            settings.set(name, value, priority="cmdline")
