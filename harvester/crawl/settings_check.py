"""Check the settings and arguments of a crawl before anything is opened; a bad one raises UsageProblem."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harvester.catalogue import queries
from harvester.catalogue.db_errors import translate_db_errors
from harvester.catalogue.store import open_existing
from harvester.checks import check_duration, check_writable, parse_number
from harvester.crawl.http.networks import address_policy
from harvester.crawl.politeness.rate_limits import budgets_by_host
from harvester.crawl.workers.settings import resource_limits, worker_count
from harvester.errors import UsageProblem
from harvester.items import Collection
from harvester.storage.paths import DataPaths, resolve_folder

ON_BLOCK = ("pause", "stop")


def check_settings(settings: Mapping[str, Any]) -> None:
    """Refuse bad values, among them numbers with which Scrapy would crash or hang. Raises UsageProblem."""
    for name in ("CONCURRENT_REQUESTS", "CONCURRENT_REQUESTS_PER_DOMAIN", "DOWNLOAD_MAXSIZE"):
        parse_number(settings, name, 1)
    for name in ("RETRY_TIMES", "DOWNLOAD_WARNSIZE", "HTTPCACHE_EXPIRATION_SECS"):
        parse_number(settings, name, 0)
    for name in ("DOWNLOAD_TIMEOUT", "LOGSTATS_INTERVAL", "AUTOTHROTTLE_MAX_DELAY", "AUTOTHROTTLE_TARGET_CONCURRENCY"):
        check_duration(settings, name, above=0)
    for name in ("HARVESTER_MAX_WAIT", "HARVESTER_BACKOFF"):
        check_duration(settings, name, above=0)
    for name in ("DOWNLOAD_DELAY", "AUTOTHROTTLE_START_DELAY"):
        check_duration(settings, name, above=-1)
    for name in _BOOLEAN_SETTINGS:
        if str(settings[name]) not in ("0", "1", "True", "False", "true", "false"):
            raise UsageProblem(f"{name}={settings[name]}: must be 0 or 1.")
    resource_limits(settings)
    if settings["HARVESTER_ON_BLOCK"] not in ON_BLOCK:
        raise UsageProblem(
            f"HARVESTER_ON_BLOCK={settings['HARVESTER_ON_BLOCK']}: must be one of {', '.join(ON_BLOCK)}."
        )
    parse_number(settings, "HARVESTER_MIN_IMAGES", 0)
    check_duration(settings, "HARVESTER_MAX_FAILED", above=-1)
    if metrics_dir := settings["HARVESTER_METRICS_DIR"]:
        check_writable("HARVESTER_METRICS_DIR", metrics_dir)
    budgets_by_host(settings, {})
    address_policy(settings)
    worker_count(settings)


_BOOLEAN_SETTINGS = (
    "AUTOTHROTTLE_ENABLED",
    "ROBOTSTXT_OBEY",
    "MEDIA_ALLOW_REDIRECTS",
    "HTTPCACHE_ENABLED",
    "HARVESTER_OBEY_NOAI",
    "COOKIES_ENABLED",
    "DNSCACHE_ENABLED",
    "DOWNLOAD_VERIFY_CERTIFICATES",
    "REDIRECT_ENABLED",
    "REMOTE_CONTROL_ENABLED",
    "STATS_DUMP",
    "TELNETCONSOLE_ENABLED",
)


def resolve_output_folder(paths: DataPaths, site: str, value: str | None) -> Path:
    """The folder given with `-a output=`, or the site's default folder. Raises UsageProblem."""
    if not value:
        return paths.default_output(site)
    output = resolve_folder("-a output", value)
    if output == paths.root:
        raise UsageProblem(f"-a output={value}: this is the data directory; choose another folder for the images.")
    return output


def check_collection(paths: DataPaths, collection: Collection) -> None:
    """Refuse a format or layout other than that of the images already in the folder. Raises UsageProblem."""
    engine = open_existing(paths.catalogue)
    if engine is None:
        return
    try:
        with translate_db_errors(engine), engine.connect() as connection:
            existing = queries.find_collection(connection, collection.site, collection.directory)
    finally:
        engine.dispose()
    if existing is None:
        return
    _, stored = existing
    for name in ("format", "layout"):
        if getattr(stored, name) != getattr(collection, name):
            raise UsageProblem(
                f"The collection in {paths.output(stored)} was made with {name}={getattr(stored, name)}; to use "
                f"another {name}, give another output= (known images are not fetched again)."
            )
