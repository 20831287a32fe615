"""Scrapy add-on that derives settings from others after the command line has been read."""

from scrapy.settings import BaseSettings

from harvester.errors import UsageProblem
from harvester.logs import guard_log_records
from harvester.storage.paths import DataPaths, set_private_umask
from harvester.version import VERSION

_SLOW_TO_IMPORT = {
    "REMOTE_CONTROL_ENABLED": ("EXTENSIONS_BASE", "scrapy.extensions.remote_control.RemoteControl"),
    "COOKIES_ENABLED": ("DOWNLOADER_MIDDLEWARES_BASE", "scrapy.downloadermiddlewares.cookies.CookiesMiddleware"),
}
"""Scrapy components that are imported even if they are off, unless they are removed from Scrapy's default lists."""


class HarvesterAddon:
    """Derives USER_AGENT and HTTPCACHE_DIR if they are empty, guards the log, and removes components that are off."""

    def update_settings(self, settings: BaseSettings) -> None:
        """Called by Scrapy once per crawl, also in scripts. Files made from now on are private to the user."""
        set_private_umask()
        guard_log_records()
        for switch, (base_setting, name) in _SLOW_TO_IMPORT.items():
            if str(settings[switch]).lower() in ("0", "false"):
                settings[base_setting].pop(name, None)
        self._set_if_empty(settings, "USER_AGENT", self._user_agent(settings["HARVESTER_CONTACT"]))
        self._set_if_empty(settings, "HTTPCACHE_DIR", str(DataPaths.from_settings(settings).httpcache))

    @staticmethod
    def _user_agent(contact: str) -> str:
        if not contact.isprintable():
            raise UsageProblem(f"HARVESTER_CONTACT={contact!r}: must be one line, as it becomes part of a header.")
        return f"harvester/{VERSION} ({f'contact: {contact}' if contact else 'no contact given'})"

    @staticmethod
    def _set_if_empty(settings: BaseSettings, name: str, value: str) -> None:
        if not settings[name]:
            settings.set(name, value, priority="cmdline")
