"""Feed exporters that are safe for strangers' texts; docs/feeds.md says how to undo the escaping."""

import re
from collections.abc import Mapping
from typing import Any

from scrapy.exporters import CsvItemExporter, JsonItemExporter, JsonLinesItemExporter, XmlItemExporter

from harvester.text import csv_escape, strip_unstorable

_NOT_IN_XML = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def _strip_strings(value: Any) -> Any:
    if isinstance(value, str):
        return strip_unstorable(value)
    return [_strip_strings(element) for element in value] if isinstance(value, (list, tuple)) else value


class CsvExporter(CsvItemExporter):
    """Exports CSV in which no cell is a formula."""

    def serialize_field(self, field: Mapping[str, Any], name: str, value: Any) -> Any:
        """Serialize a field as Scrapy does, then escape it."""
        return csv_escape(super().serialize_field(field, name, value))


class JsonExporter(JsonItemExporter):
    """Exports JSON that strict readers accept."""

    def serialize_field(self, field: Mapping[str, Any], name: str, value: Any) -> Any:
        """Serialize a field as Scrapy does, without lone surrogates."""
        return _strip_strings(super().serialize_field(field, name, value))


class JsonLinesExporter(JsonLinesItemExporter):
    """Exports JSON lines that strict readers accept."""

    def serialize_field(self, field: Mapping[str, Any], name: str, value: Any) -> Any:
        """Serialize a field as Scrapy does, without lone surrogates."""
        return _strip_strings(super().serialize_field(field, name, value))


class XmlExporter(XmlItemExporter):
    """Exports XML that is well-formed whatever the texts are."""

    def serialize_field(self, field: Mapping[str, Any], name: str, value: Any) -> Any:
        """Serialize a field as Scrapy does, without characters that XML does not allow."""
        serialized = _strip_strings(super().serialize_field(field, name, value))
        texts = [serialized] if isinstance(serialized, str) else serialized
        if not isinstance(texts, list):
            return serialized
        texts = [_NOT_IN_XML.sub("\ufffd", text) if isinstance(text, str) else text for text in texts]
        return texts[0] if isinstance(serialized, str) else texts
