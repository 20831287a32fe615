"""The civitai spider against a server that speaks the API's contract, good and bad."""

import gzip
import json
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from tests.conftest import Commands
from tests.dataset_files import rows
from tests.farsite import civitai
from tests.farsite.process import Farsite

ABOVE_BAR = [n for n in range(1, civitai.ITEM_COUNT + 1) if civitai.hearts(n) > 10]
STILLS = [n for n in ABOVE_BAR if not civitai.is_video(n)]
AVAILABLE = [n for n in STILLS if not civitai.is_gone(n)]


@pytest.fixture
def site(farsite: Farsite, commands: Commands) -> Farsite:
    """The loopback server, which the spider takes for Civitai."""
    commands.environment["CIVITAI_BASE_URL"] = farsite.url("")
    return farsite


def _crawl(commands: Commands, *arguments: str, options: Sequence[str] = (), code: int = 0) -> CompletedProcess[str]:
    """`scrapy crawl civitai -a …`, with further options of Scrapy's."""
    return commands.harvest("civitai", *arguments, options=options, code=code)


def _page_requests(site: Farsite) -> Counter[str]:
    return Counter(entry["path"] for entry in site.log() if entry["path"].startswith("/api/v1/images"))


def _file_requests(site: Farsite) -> Counter[str]:
    return Counter(entry["path"] for entry in site.log() if f"/{civitai.BUCKET}/" in entry["path"])


def _listing_status(commands: Commands) -> dict[str, Any]:
    done = commands.scrapy("status", "--json")
    (summary,) = json.loads(done.stdout)
    (listing,) = summary["listings"]
    return dict(listing) | {"code": done.returncode, "said": done.stderr}


def test_the_whole_listing_is_harvested_and_summary_matches_server(site: Farsite, commands: Commands) -> None:
    """1,100 items behind cursors, an empty page and a 503: what the server has above the bar is what we have."""
    done = _crawl(commands)
    assert {path.stem for path in (commands.data / "images/civitai").glob("*.[jp][pn]g")} == {str(n) for n in AVAILABLE}
    assert rows(commands.data, "SELECT status, reason, count(*) FROM images GROUP BY 1, 2 ORDER BY 1") == [
        ("done", "", len(AVAILABLE)),
        ("failed", "http-gone", len(STILLS) - len(AVAILABLE)),
    ]
    stills = sum(not civitai.is_video(n) for n in range(1, civitai.ITEM_COUNT + 1))
    counts = {"new": len(STILLS), "known": 1, "below the threshold": stills - len(STILLS)}
    listing = _listing_status(commands)
    assert (listing["pages"], listing["items"], listing["counts"], listing["state"]) == (7, stills + 1, counts, "ended")
    assert "items listed" in done.stderr
    (query,) = {path.split("cursor")[0] for path in _page_requests(site)} - {next(iter(_page_requests(site)))}
    assert "withMeta=true&flatMeta=true&withTags=true" in query
    assert "limit=200" in query
    assert set(_file_requests(site).values()) == {1}
    assert all("/original=true/" in path for path in _file_requests(site))


def test_a_second_run_asks_for_the_pages_only(site: Farsite, commands: Commands) -> None:
    """The pages are not served from the cache, the images are known."""
    _crawl(commands, "max_images=100")
    site.clear()
    _crawl(commands, "max_images=100")
    assert len(_page_requests(site)) == 1
    assert not _file_requests(site)
    assert _listing_status(commands)["counts"]["known"] == 100


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_stopped_run_resumes_at_its_cursor(site: Farsite, commands: Commands, how: signal.Signals) -> None:
    """No page or image is requested twice, save those in progress at a SIGKILL; the counts are complete."""
    run = commands.start("crawl", "civitai", "-s", "DOWNLOAD_DELAY=0.2")
    deadline = time.monotonic() + 60
    while len(_page_requests(site)) < 4 and time.monotonic() < deadline:
        time.sleep(0.02)
    run.send_signal(how)
    _, stderr = run.communicate(timeout=60)
    assert ("is incomplete: stopped after" in stderr) is (how is signal.SIGINT)
    assert _listing_status(commands)["code"] == 1
    _crawl(commands)
    again = [path for path, times in _page_requests(site).items() if times > 1]
    killed = how is signal.SIGKILL
    assert 1 <= len(again) <= 1 + killed  # the 503, and the one under way
    assert sum(times - 1 for times in _file_requests(site).values()) <= 20 * killed
    assert rows(commands.data, "SELECT count(*) FROM images WHERE status = 'done'") == [(len(AVAILABLE),)]
    listing = _listing_status(commands)
    assert (listing["state"], listing["pages"], listing["counts"]["new"]) == ("ended", 7, len(STILLS))


def test_beside_each_image_lie_its_item_and_its_prompt(site: Farsite, commands: Commands) -> None:
    """<id>.json is the item, its invalid comfy kept raw; <id>.txt the prompt, missing where there is none."""
    _crawl(commands, "ids=2,3,6", "min_count=-1")
    folder = commands.data / "images/civitai"
    item = json.loads((folder / "2.json").read_text())
    assert item == civitai.item(2, f"http://127.0.0.2:{site.port}")
    assert item["meta"]["comfy"].endswith("undefined}")
    assert (folder / "2.txt").read_text() == civitai.prompt_of(2)
    assert sorted(path.name for path in folder.iterdir()) == ["2.jpg", "2.json", "2.txt", "3.json", "3.png", "6.jpg",
                                                              "6.json"]  # fmt: skip


def test_the_catalogue_answers_for_prompts_models_tags_and_reactions(site: Farsite, commands: Commands) -> None:
    """Prompt, model, base model, sampler, seed, author, hearts and tags are columns; embedded data stands apart."""
    _crawl(commands, "ids=13,2", "min_count=-1")
    query = """SELECT key, author, prompt, model, base_model, sampler, seed, hearts, likes, uuid, page
               FROM images JOIN generation ON image_id = images.id ORDER BY images.id"""
    assert rows(commands.data, query) == [
        (str(n), None if n % 13 == 0 else "User_2", civitai.prompt_of(n), f"castles v{n % 6}", "SDXL 1.0", "Euler a",
         str(n * 1000), civitai.hearts(n), n % 5, civitai.uuid_of(n), f"{site.url('')}images/{n}")
        for n in (2, 13)
    ]  # fmt: skip
    tagged = "SELECT key FROM source_tags JOIN images ON image_id = images.id WHERE tag = 'tag 1'"
    assert rows(commands.data, tagged) == [("13",)]
    embedded_by_key = dict(rows(commands.data, "SELECT key, embedded FROM images JOIN blobs USING (sha256)"))
    assert embedded_by_key["2"] is None
    embedded = json.loads(embedded_by_key["13"])
    assert (embedded["tool"], embedded["prompt"], embedded["seed"]) == ("A1111", "file prompt 13", "13")


@pytest.mark.parametrize(
    ("layout", "expected"),
    [("flat", "2"), ("user", "User_2/2"), ("model", "castles v2/2"), ("date", "2025-03-15/2")],
)
def test_layouts_sort_into_folders(site: Farsite, commands: Commands, layout: str, expected: str) -> None:
    """The image and what lies beside it are in the folder."""
    _crawl(commands, "ids=2", "min_count=-1", f"layout={layout}")
    folder = commands.data / "images/civitai"
    assert sorted(path for path in folder.rglob("*") if path.is_file()) == [
        folder / f"{expected}.{ext}" for ext in ("jpg", "json", "txt")
    ]
    assert "no damage" in commands.scrapy("verify").stdout
    folder.joinpath("strange").mkdir()
    folder.joinpath("strange/3.jpg").write_bytes(b"x")
    assert "strange/3.jpg" in commands.scrapy("verify").stdout


def test_folders_of_a_layout_are_sound(site: Farsite, commands: Commands) -> None:
    """verify looks into them: what is ours there is ours, a strange file, a strange folder and a leftover are found."""
    _crawl(commands, "ids=2,3", "min_count=-1", "layout=user")
    folder = commands.data / "images/civitai"
    clean = commands.scrapy("verify")
    assert clean.returncode == 0, clean.stdout
    (folder / "User_2/notes.txt").write_text("mine")
    (folder / "holidays").mkdir()
    (folder / "holidays/a.jpg").write_text("mine")
    (folder / "User_2/.2.jpg.00000000.0000000000000000.part").write_text("half")
    verified = commands.scrapy("verify")
    assert verified.returncode == 1
    assert {tuple(line.split("\t")[:2]) for line in verified.stdout.splitlines() if "\t" in line} == {
        ("foreign", str(folder / "User_2/notes.txt")),
        ("foreign", str(folder / "holidays/a.jpg")),
        ("leftover", str(folder / "User_2/.2.jpg.00000000.0000000000000000.part")),
    }


def test_why_knows_files_in_the_folders_of_a_layout(site: Farsite, commands: Commands) -> None:
    """By their place, whatever their bytes are; also what lies beside a picture."""
    _crawl(commands, "ids=2,3", "min_count=-1", "layout=user")
    for ext in ("jpg", "json"):
        done = commands.scrapy("why", str(commands.data / f"images/civitai/User_2/2.{ext}"))
        assert done.returncode == 0, done.stderr
        assert "image       1 of civitai" in done.stdout


def test_another_layout_needs_another_folder(site: Farsite, commands: Commands) -> None:
    """Refused with a sentence; in a folder of its own it costs no download."""
    _crawl(commands, "ids=2", "min_count=-1")
    refused = _crawl(commands, "ids=2", "layout=user", code=2)
    assert "was made with layout=flat" in refused.stderr
    site.clear()
    output = commands.data.parent / "by-user"
    _crawl(commands, "ids=2", "min_count=-1", "layout=user", f"output={output}")
    assert (output / "User_2/2.jpg").is_file()
    assert not _file_requests(site)


def test_videos_are_skipped_unless_requested(site: Farsite, commands: Commands) -> None:
    """Skipped with a reason first; with type=all kept as they are, without hashes; a still is asked for again."""
    _crawl(commands, "ids=2,9,34", "min_count=-1")
    assert rows(commands.data, "SELECT key, status, reason FROM images ORDER BY id") == [
        ("2", "done", ""), ("9", "skipped", "type-not-wanted"), ("34", "skipped", "type-not-wanted")
    ]  # fmt: skip
    _crawl(commands, "ids=2,9,34", "min_count=-1", "type=all")
    query = (
        "SELECT key, status, ext, phash, fingerprint_version FROM images JOIN blobs USING (sha256) "
        "WHERE key <> '2' ORDER BY 1"
    )
    assert rows(commands.data, query) == [("34", "done", "mp4", "", 0), ("9", "done", "mp4", "", 0)]
    assert (commands.data / "images/civitai/34.mp4").is_file()
    variants = [path.split("/")[3] for path in _file_requests(site) if civitai.uuid_of(34) in path]
    assert variants == ["original=true", "original=true,quality=100"]
    site.clear()
    _crawl(commands, "ids=2,9,34", "min_count=-1", "type=all")
    assert not _file_requests(site)


def test_ids_of_the_old_script_are_not_fetched(site: Farsite, commands: Commands, tmp_path: Path) -> None:
    """They are remembered: later runs without the list leave them out as well, retry=all too."""
    (tmp_path / "seen.txt").write_text("2\n\n4\n")
    _crawl(commands, "ids=2,4,5", "min_count=-1", f"seen={tmp_path / 'seen.txt'}", code=1)  # 5 is not there
    _crawl(commands, "ids=2,4,5", "min_count=-1", "retry=all", code=1)
    assert rows(commands.data, "SELECT key, status, reason FROM images ORDER BY key") == [
        ("2", "skipped", "had-before"), ("4", "skipped", "had-before"), ("5", "failed", "http-gone")
    ]  # fmt: skip
    assert not [path for path in _file_requests(site) if civitai.uuid_of(5) not in path]


def test_permanently_skipped_images_are_not_forgotten(site: Farsite, commands: Commands, tmp_path: Path) -> None:
    """Images of the old script have no address here, unwanted videos no name: they stay what they are."""
    (tmp_path / "seen.txt").write_text("2\n")
    _crawl(commands, "ids=2,9", "min_count=-1", f"seen={tmp_path / 'seen.txt'}")
    before = rows(commands.data, "SELECT key, status, reason FROM images ORDER BY key")
    assert before == [("2", "skipped", "had-before"), ("9", "skipped", "type-not-wanted")]
    assert "2 images found, 0 will be fetched again" in commands.scrapy("forget", "--site", "civitai").stdout
    assert rows(commands.data, "SELECT key, status, reason FROM images ORDER BY key") == before


def test_an_id_is_not_mistaken_for_a_row_number(site: Farsite, commands: Commands) -> None:
    """`forget 2` means image 2, not the second one that was ever listed."""
    _crawl(commands, "ids=2,3,6", "min_count=-1")
    assert "1 image found" in commands.scrapy("forget", "2").stdout
    assert rows(commands.data, "SELECT key FROM images WHERE status = 'pending'") == [("2",)]


def test_images_below_the_bar_are_not_recorded(site: Farsite, commands: Commands) -> None:
    """With a lower bar the same image is taken by the next run."""
    _crawl(commands, "ids=8", "min_count=16")
    assert rows(commands.data, "SELECT count(*) FROM images") == [(0,)]
    _crawl(commands, "ids=8", "min_count=15")
    assert rows(commands.data, "SELECT status FROM images") == [("done",)]


@pytest.mark.parametrize(
    ("user", "why"),
    [
        ("blocked", "HTTP 451: Access to this service is not available in your region"),
        ("toomany", "HTTP 429: You've requested too many pages"),
        ("maintenance", "HTTP 200, a web page instead of JSON"),
        ("down", "HTTP 500: An unexpected error occurred"),
        ("nobody", "HTTP 404: User not found"),
        ("loop", "the source gave the same cursor again"),
        ("moved", "redirected to http://127.0.0.3"),
        ("garbled", "an invalid response (Unknown compression method)"),
        ("lost", "an invalid response (Invalid IPv6 URL)"),
    ],
)
def test_an_interrupted_listing_is_incomplete(site: Farsite, commands: Commands, user: str, why: str) -> None:
    """What was listed is kept, the reason is said, and nothing calls it complete: status exits with 1."""
    done = _crawl(commands, f"username={user}", code=int(user == "loop"))
    assert why in done.stderr
    listing = _listing_status(commands)
    assert (listing["state"], listing["code"]) == ("incomplete", 1)
    assert listing["detail"].startswith(why)
    assert "is incomplete" in listing["said"]
    assert rows(commands.data, "SELECT DISTINCT status FROM images") == ([] if user == "moved" else [("done",)])


def test_a_maintenance_page_is_retried(site: Farsite, commands: Commands) -> None:
    """HTML with status 200 where JSON was expected: tried again in the same run, as the site's contract asks."""
    _crawl(commands, "username=repaired")
    listing = _listing_status(commands)
    assert (listing["state"], listing["pages"], listing["items"]) == ("ended", 2, 20)
    assert sum(_page_requests(site).values()) == 3


def test_an_incomplete_listing_resumes_at_its_cursor(site: Farsite, commands: Commands) -> None:
    """The next run asks for the page that failed, not for the first one."""
    _crawl(commands, "username=blocked")
    site.clear()
    _crawl(commands, "username=blocked")
    assert all("cursor=2" in path for path in _page_requests(site))
    assert _listing_status(commands)["pages"] == 1


def test_pages_wait_while_many_images_are_pending(site: Farsite, commands: Commands) -> None:
    """Three pages of 600: the third is asked for only when fewer than 1,000 images are left of the first two."""
    _crawl(commands, "post_id=667")
    log = [entry["path"] for entry in site.log()]
    third = next(number for number, path in enumerate(log) if "cursor=4200" in path)
    assert 200 <= sum(civitai.BUCKET in path for path in log[:third]) < 1700
    assert rows(commands.data, "SELECT count(*) FROM images WHERE status = 'pending'") == [(0,)]


def test_a_foreign_metadata_file_is_not_replaced(site: Farsite, commands: Commands) -> None:
    """The image is pending until its name is free, and then all its files are there."""
    foreign = commands.data / "images/civitai/2.json"
    foreign.parent.mkdir(parents=True)
    foreign.write_text("mine")
    _crawl(commands, "ids=2", "min_count=-1", code=1)
    assert foreign.read_text() == "mine"
    assert rows(commands.data, "SELECT status, reason, detail FROM images") == [("failed", "name-taken", "2.json")]
    foreign.unlink()
    _crawl(commands, "ids=2", "min_count=-1")
    assert json.loads(foreign.read_text())["id"] == 2
    assert rows(commands.data, "SELECT status FROM images") == [("done",)]
    assert set(_file_requests(site).values()) == {1}


@pytest.mark.parametrize("user", ["expired", "refused"])  # refused: mikf/gallery-dl#8955
def test_an_expired_cursor_restarts_the_listing(site: Farsite, commands: Commands, user: str) -> None:
    """The listing is walked from its first page again, nothing is fetched twice, and it ends."""
    _crawl(commands, f"username={user}")
    listing = _listing_status(commands)
    assert (listing["state"], listing["pages"], listing["counts"]) == ("ended", 2, {"known": 10, "new": 10})
    assert set(_file_requests(site).values()) == {1}


def test_an_end_near_50000_items_is_incomplete(site: Farsite, commands: Commands) -> None:
    """The site lists about 50,000 items of a query and then stops without a word."""
    _crawl(commands, "username=capped")
    with sqlite3.connect(commands.data / "catalogue.db") as connection:
        connection.execute("UPDATE listings SET state = 'open', cursor = 'feed:9:2', items = 49990")
    done = _crawl(commands, "username=capped")
    assert "about 50,000 items of one query" in done.stderr
    assert _listing_status(commands)["code"] == 1


def test_a_page_without_any_reaction_is_warned_about(site: Farsite, commands: Commands) -> None:
    """The site has served zeros for months; they are below the threshold, and not remembered."""
    assert "has no reactions" in _crawl(commands, "username=zero").stderr
    assert rows(commands.data, "SELECT count(*) FROM images") == [(0,)]


def test_nested_meta_is_unwrapped(site: Farsite, commands: Commands) -> None:
    """Old paths of the API wrap it once more."""
    _crawl(commands, "username=nested")
    item = json.loads((commands.data / "images/civitai/2002.json").read_text())
    assert item["meta"]["prompt"] == civitai.prompt_of(2002)


def test_malformed_items_do_not_end_the_listing(site: Farsite, commands: Commands) -> None:
    """Values of any type, names that lead out of the folder, halves of characters: each item ends on its own."""
    _crawl(commands, "post_id=666", "layout=user", "reaction=reactions", "min_count=-1")
    listing = _listing_status(commands)
    assert listing["counts"] == {"new": 9, "unreadable": 5}
    assert rows(commands.data, "SELECT status, reason, count(*) FROM images GROUP BY 1, 2 ORDER BY 1, 2") == [
        ("done", "", 7), ("failed", "bad-url", 1), ("failed", "no-address", 1)
    ]  # fmt: skip
    outside = {path for path in commands.data.parent.rglob("2002.*") if path.is_file()}
    assert {path.parent.parent for path in outside} == {commands.data / "images/civitai"}
    assert all(json.loads(path.read_text())["id"] for path in commands.data.rglob("*.json"))


def test_servers_that_ignore_ids_are_detected(site: Farsite, commands: Commands) -> None:
    """Items that were not asked for are not taken."""
    _crawl(commands, "username=nested", "ids=77", "min_count=-1")
    assert _listing_status(commands)["detail"] == "the server ignored ids="
    assert rows(commands.data, "SELECT count(*) FROM images") == [(0,)]


def test_a_refused_query_is_reported_in_the_servers_words(site: Farsite, commands: Commands) -> None:
    """A base model that is none."""
    assert "HTTP 400: baseModels.0: Invalid option" in _crawl(commands, "base_models=Nonsense").stderr


def test_a_wrong_key_is_detected_at_once(site: Farsite, commands: Commands) -> None:
    """The images API would take it for none; /me does not."""
    done = _crawl(commands, options=("-s", "CIVITAI_API_KEY=wrong"), code=2)
    assert "CIVITAI_API_KEY: the key is wrong or has expired" in done.stderr
    assert not _page_requests(site)


def test_a_run_stopped_before_anything_was_listed_says_so(site: Farsite, commands: Commands) -> None:
    """Ctrl-C while the server puts off the check of the key: there is no summary, but a sentence on how to go on."""
    commands.environment["CIVITAI_API_KEY"] = civitai.BUSY_KEY
    run = commands.start("crawl", "civitai")
    while not site.counts()["requests"]:
        time.sleep(0.02)
    run.send_signal(signal.SIGINT)
    _, stderr = run.communicate(timeout=60)
    assert run.returncode == 0
    assert "ended before anything was listed: the same command starts again" in stderr


def test_the_key_is_sent_to_the_api_only_and_written_nowhere(site: Farsite, commands: Commands, tmp_path: Path) -> None:
    """Not to the file host, not along a redirect; in no file, log, cache, feed or catalogue."""
    commands.environment["CIVITAI_API_KEY"] = civitai.GOOD_KEY
    output = ("-O", str(tmp_path / "items.jsonl"), "-s", f"LOG_FILE={tmp_path / 'log.txt'}", "-L", "DEBUG",
              "-s", f"JOBDIR={tmp_path / 'job'}")  # fmt: skip
    runs = [_crawl(commands, more, options=output) for more in ("max_images=30", "username=moved", "username=blocked")]
    endpoints = {(entry["host"], entry["path"].split("?")[0]) for entry in site.log() if entry["authorization"]}
    assert endpoints == {(f"127.0.0.1:{site.port}", "/api/v1/me"), (f"127.0.0.1:{site.port}", "/api/v1/images")}
    assert any(entry["host"].startswith("127.0.0.3") for entry in site.log())
    assert not [path for path, body in _files_decompressed(tmp_path) if civitai.GOOD_KEY.encode() in body]
    assert not [done for done in runs if civitai.GOOD_KEY in done.stdout + done.stderr]


def test_a_key_on_the_command_line_is_not_repeated(site: Farsite, commands: Commands) -> None:
    """The command that continues is said without it: logs are kept and shown around."""
    done = _crawl(
        commands,
        "username=challenge",
        code=1,
        options=("-s", f"CIVITAI_API_KEY={civitai.GOOD_KEY}", "-s", "HARVESTER_ON_BLOCK=stop"),
    )
    assert "to continue, run: scrapy crawl civitai" in done.stderr
    assert "CIVITAI_API_KEY=…" in done.stderr
    assert civitai.GOOD_KEY not in done.stderr


def _files_decompressed(folder: Path) -> Iterator[tuple[Path, bytes]]:
    for path in folder.rglob("*"):
        if path.is_file():
            body = path.read_bytes()
            yield path, gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body


@pytest.mark.parametrize(
    ("argument", "says"),
    [
        ("sort=most reactions", "-a sort=most reactions: must be one of Most Reactions, Most Comments"),
        ("period=Decade", "must be one of AllTime, Year, Month, Week, Day"),
        ("nsfw=true", "must be one of None, Soft, Mature, X"),
        ("reaction=hearts", "must be one of cryCount, laughCount, likeCount, dislikeCount, heartCount"),
        ("type=gif", "must be one of image, video, all"),
        ("layout=year", "must be one of flat, user, model, date"),
        ("username=Cooler-Rider", "must be a user name of Civitai, which has only letters"),
        ("model_id=x", "-a model_id=x: must be a whole number from 1"),
        ("ids=1,,2", "must be a whole number from 1 (several with commas)"),
        ("ids=0", "must be a whole number from 1"),
        ("tags=castle", "must be a whole number from 1 (several with commas)"),
        ("min_count=many", "must be a whole number from -1"),
        ("max_images=0", "must be a whole number from 1"),
        ("base_models=,", "must be names such as SDXL 1.0"),
        ("minHearts=5", "the civitai spider has no such argument"),
        ("seen=nowhere.txt", "nowhere.txt: No such file or directory"),
        ("base_models=\udcff", "contains bytes that are not UTF-8 text"),
        ("output=\udcff", "contains bytes that are not UTF-8 text"),
    ],
)
def test_bad_arguments_are_refused_before_any_request(
    site: Farsite, commands: Commands, argument: str, says: str
) -> None:
    """The API would answer with something else, silently; here it is one sentence and exit code 2."""
    refused = _crawl(commands, argument, options=["--nolog"], code=2)
    assert says in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1
    assert not commands.data.exists()
    assert site.counts()["requests"] == 0


def test_a_bad_line_in_the_list_of_ids_is_named(commands: Commands, tmp_path: Path) -> None:
    """One sentence with the number of the line."""
    (tmp_path / "seen.txt").write_text("12\n13\nhttps://civitai.com/images/14\n")
    refused = _crawl(commands, f"seen={tmp_path / 'seen.txt'}", options=["--nolog"], code=2)
    assert "seen.txt, line 3: expected the id of an image, found 'https://civitai.com" in refused.stderr


@pytest.mark.parametrize("url", ["civitai.com", "ftp://civitai.com", "https://me:secret@civitai.com", "https://x/api"])
def test_an_invalid_base_url_is_refused(commands: Commands, url: str) -> None:
    """One sentence, exit code 2."""
    assert "CIVITAI_BASE_URL" in _crawl(commands, options=("-s", f"CIVITAI_BASE_URL={url}", "--nolog"), code=2).stderr
