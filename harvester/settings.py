"""Settings of harvester: the meaning, the default and the reader of each.

Any setting can be given for one run with `-s NAME=VALUE`. Those of HARVESTER_, MASTODON_ and CIVITAI_ can also be set
by an environment variable of the same name; this file is the only place where the environment is read. Settings not
named here are Scrapy's own and keep Scrapy's defaults.
"""

import os

# --- Where things go ------------------------------------------------------------------------------------------------

# The root of all that harvester keeps: catalogue.db, blobs/, images/, thumbs/, httpcache/, download_status.json,
# image_download.log. Relative paths mean the folder the command is run in. Read by harvester.storage.paths.
HARVESTER_DATA_DIR = os.environ.get("HARVESTER_DATA_DIR") or "data"

# The catalogue: a SQLAlchemy URL. Empty: catalogue.db in the data directory. Read by harvester.storage.paths.
HARVESTER_CATALOGUE = os.environ.get("HARVESTER_CATALOGUE", "")

# --- Who we are -----------------------------------------------------------------------------------------------------

# An address or web page at which the owner of a server can reach you; becomes part of the User-Agent.
# Read by harvester.addon.
HARVESTER_CONTACT = os.environ.get("HARVESTER_CONTACT", "")

# The User-Agent. Empty: harvester's name and version and the contact. Read by Scrapy, filled by harvester.addon.
USER_AGENT = ""

# --- Sites ----------------------------------------------------------------------------------------------------------

# Tokens for servers with Mastodon's API: JSON {"host": "token"}, or the name of a file with it. Each token is sent only
# to its own host. Read by harvester.spiders.mastodon.timeline_spider.
MASTODON_TOKENS = os.environ.get("MASTODON_TOKENS", "")

# Which opt-outs of account owners are respected: indexable, noindex, nobot, discoverable; comma-separated.
# docs/mastodon.md explains them. Read by harvester.spiders.mastodon.timeline_spider.
MASTODON_RESPECT_OPT_OUTS = os.environ.get("MASTODON_RESPECT_OPT_OUTS", "indexable,noindex,nobot")

# Seconds between two pages of one server, 0 to 3600; Mastodon answers anonymous callers 300 pages in 15 minutes.
# Read by harvester.spiders.mastodon.timeline_spider.
MASTODON_PAGE_SECONDS = os.environ.get("MASTODON_PAGE_SECONDS", "3")

# The API key of your Civitai account; empty: none. It is sent only to the server of CIVITAI_BASE_URL and never stored.
# Read by harvester.spiders.base.
CIVITAI_API_KEY = os.environ.get("CIVITAI_API_KEY", "")

# The web site whose API is asked: https://civitai.com or https://civitai.red. Read by harvester.spiders.base.
CIVITAI_BASE_URL = os.environ.get("CIVITAI_BASE_URL") or "https://civitai.com"

# The web site whose favourites are read. Read by harvester.spiders.imagefap.spider.
IMAGEFAP_BASE_URL = os.environ.get("IMAGEFAP_BASE_URL") or "https://www.imagefap.com"

# --- What is done to pictures ---------------------------------------------------------------------------------------

# JPEG quality of re-encoded renditions, 1 to 100. Read by harvester.imaging.settings.
HARVESTER_JPEG_QUALITY = os.environ.get("HARVESTER_JPEG_QUALITY", "95")

# The background colour for transparent pixels, #rrggbb. Read by harvester.imaging.settings.
HARVESTER_BACKGROUND = os.environ.get("HARVESTER_BACKGROUND", "#ffffff")

# Pictures with more pixels are skipped (too-many-pixels) before they are decoded.
# Read by harvester.imaging.settings.
HARVESTER_MAX_PIXELS = os.environ.get("HARVESTER_MAX_PIXELS", "100000000")

# The image formats that are kept, by Pillow's names, comma-separated. Read by harvester.imaging.settings.
HARVESTER_FORMATS = os.environ.get("HARVESTER_FORMATS", "JPEG,PNG,GIF,WEBP,AVIF,BMP,TIFF,MPO,JPEG2000")

# Processes that decode, hash and write. 0: one per core and one more. Read by harvester.crawl.workers.settings.
HARVESTER_WORKERS = os.environ.get("HARVESTER_WORKERS", "0")

# The most seconds that a worker may spend on one task of a picture; after that the picture is skipped (too-expensive)
# and the worker replaced. Read by harvester.crawl.workers.settings.
HARVESTER_PICTURE_SECONDS = os.environ.get("HARVESTER_PICTURE_SECONDS", "60")

# The most memory of a worker, MB; a picture that needs more is skipped (too-expensive). 0: as much as a picture of
# HARVESTER_MAX_PIXELS needs, 2,038 MB by default. Read by harvester.crawl.workers.settings.
HARVESTER_WORKER_MEMORY = os.environ.get("HARVESTER_WORKER_MEMORY", "0")

# Scrapy's own image settings keep their meaning: smaller pictures are skipped (too-small, pixels) …
IMAGES_MIN_WIDTH = 0
IMAGES_MIN_HEIGHT = 0
# … and each entry name -> (width, height) makes thumbs/<name>/<2 hex>/<sha256>.jpg.
IMAGES_THUMBS: dict[str, tuple[int, int]] = {}

# Longer bodies are cut off while reading and skipped (too-many-bytes), bytes. Bodies are held in memory, so together
# they take at most this times CONCURRENT_REQUESTS. Read by Scrapy.
DOWNLOAD_MAXSIZE = 64 * 1024 * 1024
DOWNLOAD_WARNSIZE = 0

# --- Politeness -----------------------------------------------------------------------------------------------------

# How many images may be in progress at once, from the first byte to the catalogue; this also limits memory.
# Read by Scrapy and by harvester.pipelines.download.
CONCURRENT_REQUESTS = 20
# How many of those images may be from one host. Read by Scrapy and by harvester.crawl.spider.
CONCURRENT_REQUESTS_PER_DOMAIN = 8

# The pace follows the server: about AUTOTHROTTLE_TARGET_CONCURRENCY requests at a time to a host, fewer when it slows.
AUTOTHROTTLE_ENABLED = True
AUTOTHROTTLE_START_DELAY = 0.05  # seconds between the first requests to a host
AUTOTHROTTLE_MAX_DELAY = 60.0  # seconds
AUTOTHROTTLE_TARGET_CONCURRENCY = 4.0

# robots.txt is obeyed for pages and for images.
ROBOTSTXT_OBEY = True

# Whether images are skipped (noai) if their server sends X-Robots-Tag: noai, noimageai or noml. The header is recorded
# in any case. Read by harvester.pipelines.download.
HARVESTER_OBEY_NOAI = os.environ.get("HARVESTER_OBEY_NOAI", "1")

# How many requests a host gets: JSON, host -> windows, such as {"www.example.org": "80/60s, 160/300s"}; "*" is every
# other host. Empty: the budgets of the site. {}: no budgets at all. Read by harvester.crawl.politeness.hosts.
HARVESTER_BUDGETS = os.environ.get("HARVESTER_BUDGETS", "")

# The longest single wait for which a host can ask, seconds. Read by harvester.crawl.politeness.hosts.
HARVESTER_MAX_WAIT = os.environ.get("HARVESTER_MAX_WAIT", "3600")

# The first wait after a temporary error, seconds; it doubles with every further error, and varies by half.
# Read by harvester.crawl.politeness.hosts.
HARVESTER_BACKOFF = os.environ.get("HARVESTER_BACKOFF", "1")

# After a block page: pause (the host is asked again when the block has likely passed) or stop (the run ends, exit
# code 1). Read by harvester.crawl.politeness.blocks.
HARVESTER_ON_BLOCK = os.environ.get("HARVESTER_ON_BLOCK", "pause")

DOWNLOAD_TIMEOUT = 30  # seconds for one answer
RETRY_TIMES = 2  # further tries within a run; later runs try temporary failures again
RETRY_GIVE_UP_LOG_LEVEL = "DEBUG"  # a failed image has its line in image_download.log
MEDIA_ALLOW_REDIRECTS = True  # file hosts redirect to their storage

# --- Safety ---------------------------------------------------------------------------------------------------------

DOWNLOAD_VERIFY_CERTIFICATES = True
DOWNLOAD_HANDLERS = {  # http and https only, and only to allowed addresses
    "http": "harvester.crawl.http.address_guard.AddressGuardHandler",
    "https": "harvester.crawl.http.address_guard.AddressGuardHandler",
    "file": None,
    "ftp": None,
    "s3": None,
    "data": None,
}
TWISTED_DNS_RESOLVER = "scrapy.resolver.CachingHostnameResolver"  # IPv6 too; the guard checks its results

# Networks that URLs may lead to although they are not public, comma-separated, such as 10.1.0.0/16 or ::1/128. All
# their ports are allowed. Docs: docs/security.md. Read by harvester.crawl.http.networks.
HARVESTER_ALLOW_NETWORKS = os.environ.get("HARVESTER_ALLOW_NETWORKS", "")

# Ports of public addresses that URLs may name, comma-separated, also from-to. Read by harvester.crawl.http.networks.
HARVESTER_ALLOW_PORTS = os.environ.get("HARVESTER_ALLOW_PORTS", "80,443,8080,8443")

# The Referer of a redirected request tells other hosts neither path nor query, which may contain a signature.
REFERRER_POLICY = "strict-origin-when-cross-origin"
TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False
COOKIES_ENABLED = False  # with the first cookie, tldextract would make a request to the internet

# --- HTTP cache: pages and API answers, never image bodies ----------------------------------------------------------

HTTPCACHE_ENABLED = True
HTTPCACHE_POLICY = "harvester.crawl.http.cache_policy.PagesOnlyCachePolicy"
HTTPCACHE_DIR = ""  # empty: httpcache/ in the data directory; filled by harvester.addon
HTTPCACHE_STORAGE = "harvester.crawl.http.cache_storage.AtomicCacheStorage"
HTTPCACHE_EXPIRATION_SECS = 3600  # a site may have its own value; one given on the command line has priority

# --- Output ---------------------------------------------------------------------------------------------------------

LOG_LEVEL = "INFO"
LOGSTATS_INTERVAL = 10.0  # seconds between progress lines without a terminal; read by harvester.crawl.progress
STATS_DUMP = False  # the summary is shown instead
LOG_FORMATTER = "harvester.logs.QuietLogFormatter"
FEED_EXPORT_ENCODING = "utf-8"
FEED_EXPORTERS = {  # Scrapy's, made safe for spreadsheets and strict readers
    "csv": "harvester.feeds.CsvExporter",
    "json": "harvester.feeds.JsonExporter",
    "jsonl": "harvester.feeds.JsonLinesExporter",
    "jsonlines": "harvester.feeds.JsonLinesExporter",
    "jl": "harvester.feeds.JsonLinesExporter",
    "xml": "harvester.feeds.XmlExporter",
}

# --- Monitoring: docs/deploy.md ------------------------------------------------------------------------------------

# The folder for Prometheus metrics, which node_exporter's textfile collector reads; empty: none are written.
# Read by harvester.crawl.run.metrics.
HARVESTER_METRICS_DIR = os.environ.get("HARVESTER_METRICS_DIR", "")

# A run that ends by itself with fewer images done, or with a larger share of failures (0 to 1), has exit code 1.
# Read by harvester.crawl.run.finish.
HARVESTER_MIN_IMAGES = os.environ.get("HARVESTER_MIN_IMAGES", "0")
HARVESTER_MAX_FAILED = os.environ.get("HARVESTER_MAX_FAILED", "1")

# --- Internal wiring: do not change ----------------------------------------------------------------------------------

BOT_NAME = "harvester"
SPIDER_MODULES = [
    "harvester.spiders.civitai.spider",
    "harvester.spiders.imagefap.spider",
    "harvester.spiders.mastodon.spider",
]
NEWSPIDER_MODULE = "harvester.spiders"
TEMPLATES_DIR = os.path.join(os.path.dirname(__file__), "templates")  # noqa: PTH118, PTH120 - json_api, for genspider
COMMANDS_MODULE = "harvester.commands"
ADDONS = {"harvester.addon.HarvesterAddon": 100}

DOWNLOADER_MIDDLEWARES = {
    "harvester.crawl.fair_queue.WorkRequestMiddleware": 20,
    # The cache comes here, so that it sees responses only after the block pages have been removed.
    "scrapy.downloadermiddlewares.httpcache.HttpCacheMiddleware": 70,
    "harvester.crawl.politeness.classify.ClassifyPagesMiddleware": 80,
    "harvester.crawl.politeness.backoff.BackoffMiddleware": 90,
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    "harvester.crawl.politeness.robots.SharedRobotsTxtMiddleware": 100,
    "scrapy.downloadermiddlewares.retry.RetryMiddleware": None,
    "harvester.crawl.politeness.retry.HarvesterRetryMiddleware": 550,
    "harvester.crawl.http.credentials.ApiKeyMiddleware": 950,  # behind the HTTP cache, which keeps request headers
}
DOWNLOADER = "harvester.crawl.politeness.downloader.PoliteDownloader"
SCHEDULER_PRIORITY_QUEUE = "harvester.crawl.politeness.priority_queue.BackoffPriorityQueue"
CONCURRENT_ITEMS = 4  # the BATCH_SIZE of harvester.crawl.fair_queue; Scrapy makes that many tasks for every response
SPIDER_MIDDLEWARES = {  # off: they check every work request and every image for limits that are not set
    "scrapy.spidermiddlewares.urllength.UrlLengthMiddleware": None,
    "scrapy.spidermiddlewares.depth.DepthMiddleware": None,
    "scrapy.spidermiddlewares.metacopy.MetaCopyDetectionMiddleware": None,
}
ITEM_PIPELINES = {
    "harvester.pipelines.download.DownloadPipeline": 100,
    "harvester.pipelines.convert.ConvertPipeline": 200,
    "harvester.pipelines.accept.AcceptPipeline": 250,
    "harvester.pipelines.store.StorePipeline": 300,
    "harvester.pipelines.describe.FingerprintPipeline": 400,
    "harvester.pipelines.describe.EmbeddedPipeline": 500,
    "harvester.pipelines.sidecars.SidecarsPipeline": 600,
    "harvester.pipelines.record.RecordPipeline": 900,
}
EXTENSIONS = {
    "scrapy.extensions.logstats.LogStats": None,  # harvester's own progress says more
    "harvester.crawl.workers.pool.WorkerPool": 100,  # first, because processes take a while to start
    "harvester.crawl.run.session.CollectionLock": 150,
    "harvester.crawl.run.session.CatalogueSession": 200,
    "harvester.crawl.politeness.hosts.HostBackoffs": 250,
    "harvester.crawl.run.recovery.Recovery": 260,
    "harvester.crawl.progress.Progress": 400,
    "harvester.crawl.run.finish.RunFinisher": 500,
    "harvester.crawl.politeness.blocks.BlockHandler": 600,
    "harvester.crawl.run.metrics.MetricsWriter": 700,
}
