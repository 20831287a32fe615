"""Bytes on disk: whole or not at all, and never in somebody else's place."""

import errno
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harvester.errors import StoreError
from harvester.storage import blobs
from harvester.storage.blobs import (
    BlobStore,
    FileNameTaken,
    digest,
    link_output_file,
    unfinished_file,
    write_output_file,
)
from harvester.storage.safe_files import link_or_copy


def _files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@given(data=st.binary(min_size=1, max_size=4096))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_stored_bytes_can_be_read(tmp_path: Path, data: bytes) -> None:
    """put then read gives the same bytes; putting again writes nothing."""
    store = BlobStore(tmp_path)
    path = store.put(digest(data), "jpg", data)
    before = path.stat()
    assert store.put(digest(data), "jpg", data) == path
    assert path.stat().st_ino == before.st_ino
    assert store.read(digest(data), "jpg") == data
    assert path.relative_to(tmp_path) == Path(digest(data)[:2], f"{digest(data)}.jpg")


def test_damaged_blob_is_not_read_and_is_replaced(tmp_path: Path) -> None:
    """A blob whose bytes do not match its name counts as missing; a corrupt one is replaced."""
    store = BlobStore(tmp_path)
    path = store.put(digest(b"whole"), "jpg", b"whole")
    path.write_bytes(b"who")
    assert store.read(digest(b"whole"), "jpg") is None
    store.put(digest(b"whole"), "jpg", b"whole")
    assert store.read(digest(b"whole"), "jpg") == b"whole"
    assert store.read(digest(b"other"), "jpg") is None


def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk is full no final name and no part is left, and the error is a sentence."""

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(blobs.os, "fsync", full)
    with pytest.raises(StoreError, match=r"x\.jpg cannot be written: No space left on device"):
        blobs.publish(tmp_path / "x.jpg", b"data")
    assert _files(tmp_path) == set()


def test_linked_output_file_shares_the_blob(tmp_path: Path) -> None:
    """A copy of the same bytes is a hard link; making it again is no error."""
    blob = BlobStore(tmp_path / "blobs").put(digest(b"data"), "jpg", b"data")
    for _ in range(2):
        link_output_file(tmp_path / "out" / "a.jpg", blob, b"data")
    assert (tmp_path / "out" / "a.jpg").samefile(blob)
    assert _files(tmp_path / "out") == {"a.jpg"}


def test_without_hard_links_copies_are_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a file system without hard links the copy has the bytes, and a taken name is still kept."""

    def refuse(_self: Path, _target: Path) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    blob = BlobStore(tmp_path / "blobs").put(digest(b"data"), "jpg", b"data")
    monkeypatch.setattr(Path, "hardlink_to", refuse)
    link_output_file(tmp_path / "a.jpg", blob, b"data")
    assert (tmp_path / "a.jpg").read_bytes() == b"data"
    with pytest.raises(FileNameTaken):
        write_output_file(tmp_path / "a.jpg", b"other")
    write_output_file(tmp_path / "a.jpg", b"data")
    assert _files(tmp_path) == {"a.jpg", str(blob.relative_to(tmp_path))}


def test_existing_file_is_not_replaced(tmp_path: Path) -> None:
    """Another file under the name stays as it is, even one of the same length."""
    (tmp_path / "a.jpg").write_bytes(b"mine")
    with pytest.raises(FileNameTaken):
        write_output_file(tmp_path / "a.jpg", b"your")
    assert (tmp_path / "a.jpg").read_bytes() == b"mine"
    assert _files(tmp_path) == {"a.jpg"}


def test_only_the_copy_we_made_before_is_replaced(tmp_path: Path) -> None:
    """A file with the sha256 that we wrote there gives way; a link to a blob is known as ours, a mere copy is not."""
    store = BlobStore(tmp_path / "blobs")
    blob = store.put(digest(b"before"), "jpg", b"before")
    link_output_file(tmp_path / "a.jpg", blob, b"before")
    (tmp_path / "b.jpg").write_bytes(b"before")
    assert store.sha256_of_link(tmp_path / "a.jpg") == digest(b"before")
    assert store.sha256_of_link(tmp_path / "b.jpg") == store.sha256_of_link(tmp_path / "c.jpg") == ""
    with pytest.raises(FileNameTaken):
        write_output_file(tmp_path / "b.jpg", b"after", digest(b"another"))
    write_output_file(tmp_path / "b.jpg", b"after", digest(b"before"))
    assert (tmp_path / "b.jpg").read_bytes() == b"after"
    assert store.read(digest(b"before"), "jpg") == b"before"


def test_uncreatable_folder_raises_store_error(tmp_path: Path) -> None:
    """A file where a folder should be ends in StoreError, not in a traceback."""
    (tmp_path / "out").write_bytes(b"")
    with pytest.raises(StoreError, match="cannot be written"):
        blobs.publish(tmp_path / "out" / "a.jpg", b"data")


def test_a_link_or_copy_never_overwrites(tmp_path: Path) -> None:
    """An existing target may be a link to a blob, so writing a copy into it would damage the blob."""
    (tmp_path / "new").write_bytes(b"new")
    (tmp_path / "kept").write_bytes(b"kept")
    with pytest.raises(FileExistsError):
        link_or_copy(tmp_path / "new", tmp_path / "kept")
    assert (tmp_path / "kept").read_bytes() == b"kept"


def test_an_unfinished_file_is_gone_after_an_error(tmp_path: Path) -> None:
    """Its folder is made, its name is hidden, and nothing is left of it."""
    with pytest.raises(RuntimeError), unfinished_file(tmp_path / "folder/a.gz") as part:
        part.write_bytes(b"half")
        assert part.name.startswith(".a.gz.")
        raise RuntimeError
    assert list((tmp_path / "folder").iterdir()) == []
