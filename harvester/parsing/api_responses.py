"""Readers for the responses of JSON APIs: the document, or the message of an error."""

from harvester.errors import ListingIncomplete
from harvester.parsing.json_values import Json, parse_json
from harvester.parsing.responses import SiteResponse

MAX_MESSAGE_LENGTH = 300


def read_document(response: SiteResponse) -> Json:
    """Return the JSON document of a response. Raises ListingIncomplete."""
    try:
        return Json(parse_json(response.body))
    except ValueError as error:
        raise ListingIncomplete(f"the response is not JSON ({error})") from error


def error_text(response: SiteResponse) -> str:
    """Return the status and the message in the body: `error` (or its `message`), `message` or `reason`.

    Where there is none, the text says what came instead of a JSON object.
    """
    try:
        body = Json(parse_json(response.body))
    except ValueError:
        return f"HTTP {response.status}, {_describe_text(response.body)} instead of JSON"
    if isinstance(body.value, dict):
        return f"HTTP {response.status}{message_of(body)}"
    kind = "a list" if isinstance(body.value, list) else "a single value"
    return f"HTTP {response.status}, {kind} instead of a JSON object"


def _describe_text(body: bytes) -> str:
    if not body.strip():
        return "nothing"
    return "a web page" if b"<" in body[:200] else "text"


def message_of(body: Json) -> str:
    """Return the message in a document, after a colon; empty where there is none."""
    error = body["error"].text or body["error"]["message"].text
    message = _validation_messages(error) if error else body["message"].text or body["reason"].text
    return f": {message[:MAX_MESSAGE_LENGTH]}" if message else ""


def _validation_messages(text: str) -> str:
    """Return the messages of a parameter validation (zod), which some sites put as JSON into a text."""
    try:
        complaints = list(Json(parse_json(text)))
    except ValueError:
        return text
    messages = [
        f"{'.'.join(step.id or step.text for step in complaint['path'])}: {complaint['message'].text}"
        for complaint in complaints
        if complaint.object
    ]
    return "; ".join(messages) or text
