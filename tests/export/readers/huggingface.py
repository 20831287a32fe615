"""Reads an export with Hugging Face's `datasets`; prints one JSON line for each picture."""

import hashlib
import json
import sys
from pathlib import Path

from datasets import Image, load_dataset

loader, folder, cache = sys.argv[1:]
data_set = load_dataset(loader, data_dir=folder, cache_dir=cache)
print(json.dumps(sorted(data_set)), file=sys.stderr)
for row in data_set["train"].cast_column("image", Image(decode=False)):
    image = row.pop("image")
    data = image["bytes"]
    if data is None:
        data = Path(image["path"]).read_bytes()
    row["read_sha256"] = hashlib.sha256(data).hexdigest()
    print(json.dumps(row, default=str))
decoded = sum(row["image"].width * row["image"].height for row in data_set["train"])
print(f"{decoded} pixels", file=sys.stderr)
