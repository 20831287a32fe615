"""Scrapy's exporters of feeds, taught what strangers' texts may hold: docs/feeds.md says how it is undone."""

import re
from collections.abc import Mapping
from typing import Any

from scrapy.exporters import CsvItemExporter, JsonItemExporter, JsonLinesItemExporter, XmlItemExporter

from harvester.text import cell, storable

_NOT_IN_XML = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def _sound(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    return [_sound(one) for one in value] if isinstance(value, (list, tuple)) else value


class Csv(CsvItemExporter):
    """Rows in which no cell is a formula."""

    def serialize_field(self, field: Mapping[str, Any], name: str, value: Any) -> Any:
        """As Scrapy has it, then made safe."""
        return cell(super().serialize_field(field, name, value))


class Json(JsonItemExporter):
    """Text that strict readers take."""

    def serialize_field(self, field: Mapping[str, Any], name: str, value: Any) -> Any:
        """As Scrapy has it, without halves of characters."""
        return _sound(super().serialize_field(field, name, value))


class JsonLines(JsonLinesItemExporter):
    """Text that strict readers take."""

    def serialize_field(self, field: Mapping[str, Any], name: str, value: Any) -> Any:
        """As Scrapy has it, without halves of characters."""
        return _sound(super().serialize_field(field, name, value))


class Xml(XmlItemExporter):
    """A document that is well-formed whatever the texts are."""

    def serialize_field(self, field: Mapping[str, Any], name: str, value: Any) -> Any:
        """As Scrapy has it, without characters that XML does not know."""
        found = _sound(super().serialize_field(field, name, value))
        texts = [found] if isinstance(found, str) else found
        if not isinstance(texts, list):
            return found
        texts = [_NOT_IN_XML.sub("\ufffd", text) if isinstance(text, str) else text for text in texts]
        return texts[0] if isinstance(found, str) else texts
