"""Reads shards with `webdataset`; prints one JSON line for each sample."""

import hashlib
import json
import sys
from pathlib import Path

import webdataset

PICTURES = {"jpg", "png", "gif", "webp", "avif", "bmp", "tif", "jp2"}

shards = [str(path) for path in sorted(Path(sys.argv[1]).rglob("*.tar"))]
for sample in webdataset.WebDataset(shards, shardshuffle=False):
    (ext,) = PICTURES & set(sample)
    read = {"read_sha256": hashlib.sha256(sample[ext]).hexdigest(), "__key__": sample["__key__"], "ext": ext}
    print(json.dumps(json.loads(sample["json"]) | read | {"txt": sample.get("txt", b"").decode()}))
decoded = webdataset.WebDataset(shards, shardshuffle=False).decode("pil")
print(sum(1 for sample in decoded if "jpg" in sample and sample["jpg"].size), file=sys.stderr)
