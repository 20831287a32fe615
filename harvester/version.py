"""The version, in the one place that the program and its packaging read."""

VERSION = "0.1.0"
