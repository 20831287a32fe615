"""Makes the objects of the API as Mastodon writes them; a test says only what differs."""

from typing import Any

ALICE: dict[str, Any] = {
    "id": "109876543210",
    "username": "alice",
    "acct": "alice",
    "display_name": "Alice",
    "locked": False,
    "bot": False,
    "discoverable": True,
    "indexable": True,
    "noindex": False,
    "note": "<p>Pictures of hills.</p>",
    "url": "https://social.example/@alice",
    "uri": "https://social.example/users/alice",
    "fields": [],
}


def account(**changed: Any) -> dict[str, Any]:
    """An Account."""
    return {**ALICE, **changed}


def attachment(number: int = 1, **changed: Any) -> dict[str, Any]:
    """A MediaAttachment, a local picture."""
    files = "https://files.social.example/media_attachments/files"
    return {
        "id": f"11{number}",
        "type": "image",
        "url": f"{files}/{number}/original/a.jpg",
        "preview_url": f"{files}/{number}/small/a.jpg",
        "remote_url": None,
        "preview_remote_url": None,
        "text_url": None,
        "meta": {"original": {"width": 640, "height": 480, "size": "640x480"}, "focus": {"x": 0, "y": 1}},
        "description": f"Hill {number}",
        "blurhash": "LGF5]+Yk^6#M@-5c,1J5@[or[Q6.",
        **changed,
    }


def status(number: int = 1, **changed: Any) -> dict[str, Any]:
    """A Status with one picture."""
    return {
        "id": f"110{number:06}",
        "created_at": "2026-08-01T13:51:35.294Z",
        "in_reply_to_id": None,
        "in_reply_to_account_id": None,
        "sensitive": False,
        "spoiler_text": "",
        "visibility": "public",
        "language": "en",
        "uri": f"https://social.example/users/alice/statuses/110{number:06}",
        "url": f"https://social.example/@alice/110{number:06}",
        "content": "<p>A hill.<br>And a cloud &amp; sun.</p><p><a href='/tags/hills'>#<span>hills</span></a></p>",
        "reblog": None,
        "account": account(),
        "media_attachments": [attachment(number)],
        "tags": [{"name": "hills", "url": "https://social.example/tags/hills"}],
        **changed,
    }
