"""Scrapy's exporters of feeds, taught what strangers' texts may hold: docs/feeds.md says how it is undone."""

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
    """Rows in which no cell is a formula."""

    def serialize_field(self, field: Mapping[str, Any], name: str, value: Any) -> Any:
        """As Scrapy has it, then made safe."""
        return csv_escape(super().serialize_field(field, name, value))


class JsonExporter(JsonItemExporter):
    """Text that strict readers take."""

    def serialize_field(self, field: Mapping[str, Any], name: str, value: Any) -> Any:
        """As Scrapy has it, without halves of characters."""
        return _strip_strings(super().serialize_field(field, name, value))


class JsonLinesExporter(JsonLinesItemExporter):
    """Text that strict readers take."""

    def serialize_field(self, field: Mapping[str, Any], name: str, value: Any) -> Any:
        """As Scrapy has it, without halves of characters."""
        return _strip_strings(super().serialize_field(field, name, value))


class XmlExporter(XmlItemExporter):
    """A document that is well-formed whatever the texts are."""

    def serialize_field(self, field: Mapping[str, Any], name: str, value: Any) -> Any:
        """As Scrapy has it, without characters that XML does not know."""
        serialized = _strip_strings(super().serialize_field(field, name, value))
        texts = [serialized] if isinstance(serialized, str) else serialized
        if not isinstance(texts, list):
            return serialized
        texts = [_NOT_IN_XML.sub("\ufffd", text) if isinstance(text, str) else text for text in texts]
        return texts[0] if isinstance(serialized, str) else texts
