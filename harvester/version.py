"""Version of harvester, read by the program and its packaging."""

VERSION = "0.1.0"
