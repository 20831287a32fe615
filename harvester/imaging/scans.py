"""Progressive JPEGs without the scans that do not matter at an eighth of the size.

There only the DC coefficient of each block of 8 × 8 pixels counts, and most of the time goes into the others. What the
decoder says of them is no loss: nothing. Damage inside a scan is a warning that Pillow ignores; what it complains about
are files that end too early, tables and headers, and these are all still there.
"""

import re

_FRAME, _TABLES, _SCAN, _END = 0xC2, {0xC4, 0xDB}, 0xDA, 0xD9
_USUAL = {_FRAME, *_TABLES, 0xFE, *range(0xE0, 0xF0)}  # and comments, and what applications add
_AFTER_SCAN = re.compile(rb"\xff[^\x00]")  # FF 00 is a byte of the scan


def coarse(data: bytes) -> bytes | None:
    """The JPEG, its AC scans empty; at an eighth of the size it decodes to the very same pixels.

    None where the file is not put together as usual: then it is to be decoded as it is.
    """
    pieces, at = [data[:2]], 2
    try:
        while data[at] == 0xFF and data[at + 1] in _USUAL | {_SCAN}:
            end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
            if data[at + 1] != _SCAN:
                pieces.append(data[at:end])
                at = end
            elif found := _AFTER_SCAN.search(data, end):
                is_dc = data[end - 3] == 0  # the first coefficient of the scan
                pieces.append(data[at : found.start() if is_dc else end])
                at = found.start()
            else:
                return None
        return b"".join((*pieces, b"\xff\xd9")) if data[at] == 0xFF and data[at + 1] == _END else None
    except IndexError:
        return None
