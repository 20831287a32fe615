"""imagededup: which pictures of a folder are alike, by each of its hashes at each distance up to 12.

python imagededup_alike.py FOLDER

Prints one line of JSON: method -> [[file, file, distance], …]. Its CNN needs weights from the internet.
"""

import json
import sys

from imagededup.methods import AHash, DHash, PHash, WHash

METHODS = {"phash": PHash, "dhash": DHash, "average": AHash, "whash": WHash}


def main(folder: str) -> None:
    """All four."""
    pairs_by_method = {}
    for name, method in METHODS.items():
        hasher = method(verbose=False)
        encoded = hasher.encode_images(image_dir=folder, num_enc_workers=2)
        values = [(file, int(value, 16)) for file, value in encoded.items()]
        # Its own search compares each with each as well, and takes a hundred times as long.
        pairs_by_method[name] = [
            [first, second, (a ^ b).bit_count()]
            for number, (first, a) in enumerate(values)
            for second, b in values[number + 1 :]
            if (a ^ b).bit_count() <= 12
        ]
    print(json.dumps(pairs_by_method))


if __name__ == "__main__":
    main(sys.argv[1])
