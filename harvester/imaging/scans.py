"""Progressive JPEGs without the scans that do not matter at an eighth of the size.

There only the DC coefficient of each block of 8 × 8 pixels counts, and most of the time goes into the others. What the
decoder says of them is no loss: nothing. Damage inside a scan is a warning that Pillow ignores; what it complains about
are files that end too early, tables and headers, and these are all still there.
"""

import re

_FRAME, _TABLES, _SCAN, _END = 0xC2, {0xC4, 0xDB}, 0xDA, 0xD9
_HEADER_MARKERS = {_FRAME, *_TABLES, 0xFE, *range(0xE0, 0xF0)}  # and comments, and what applications add
_AFTER_SCAN = re.compile(rb"\xff[^\x00]")  # FF 00 is a byte of the scan


def without_ac_scans(data: bytes) -> bytes | None:
    """The JPEG, its AC scans empty; at an eighth of the size it decodes to the very same pixels.

    None where the file is not put together as usual: then it is to be decoded as it is.
    """
    pieces, offset = [data[:2]], 2
    try:
        while data[offset] == 0xFF and data[offset + 1] in _HEADER_MARKERS | {_SCAN}:
            end = offset + 2 + int.from_bytes(data[offset + 2 : offset + 4], "big")
            if data[offset + 1] != _SCAN:
                pieces.append(data[offset:end])
                offset = end
            elif next_marker := _AFTER_SCAN.search(data, end):
                is_dc = data[end - 3] == 0  # the first coefficient of the scan
                pieces.append(data[offset : next_marker.start() if is_dc else end])
                offset = next_marker.start()
            else:
                return None
        return b"".join((*pieces, b"\xff\xd9")) if data[offset] == 0xFF and data[offset + 1] == _END else None
    except IndexError:
        return None
