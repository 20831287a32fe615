"""Spider arguments (`-a name=value`): declared on the spider's class, checked before anything is opened."""

import re
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, ClassVar, Self, overload

from harvester.errors import UsageProblem

_UNDECODABLE = re.compile("[\ud800-\udfff]")  # how Python writes such bytes of the command line


class Argument:
    """One argument, declared in the class body: `tags = Argument("what to search for", required=True)`.

    On the class it is the declaration, on a spider the value. `default` is a text as on the command line; `choices`
    are the texts allowed; `convert` turns a text into the value and raises ValueError with what it must be
    ("a whole number from 1").
    """

    def __init__(
        self,
        description: str,
        *,
        default: str | None = None,
        choices: Iterable[str] = (),
        convert: Callable[[str], Any] = str,
        required: bool = False,
    ) -> None:
        self.description, self.default, self.choices = description, default, tuple(choices)
        self.convert, self.required, self.name = convert, required, ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, spider: None, owner: type) -> Self: ...

    @overload
    def __get__(self, spider: object, owner: type) -> Any: ...

    def __get__(self, spider: object | None, owner: type) -> Any:
        return self if spider is None else self.parse({})

    @property
    def full_description(self) -> str:
        """The description, followed by the choices and the default where it does not name them."""
        text = self.description.replace("`", "")
        if not all(re.search(rf"\b{re.escape(choice)}\b", text) for choice in self.choices):
            text += f"; one of {', '.join(self.choices)}"
        if self.default is not None and "default" not in self.description:
            text += f"; {self.default} by default"
        return text

    def parse(self, arguments: Mapping[str, str]) -> Any:
        """Return the value, None for an argument that is neither given nor has a default. Raises UsageProblem."""
        text = arguments.get(self.name, self.default)
        if self.required and not text:
            raise UsageProblem(f"-a {self.name}=… is missing.")
        if text is None:
            return None
        if self.choices:
            check_choice(self.name, text, self.choices)
        try:
            return self.convert(text)
        except ValueError as error:
            raise UsageProblem(f"-a {self.name}={text}: must be {error}.") from error


class SpiderModes:
    """Mixin of a spider that runs as one of several classes, which its arguments choose; it has those of them all."""

    modes: ClassVar[tuple[type, ...]]


def declared_arguments(spider: type) -> dict[str, Argument]:
    """The arguments of a spider class by name: its own first, then those it inherits."""
    inheritance = [cls.__mro__ for cls in (spider.modes if issubclass(spider, SpiderModes) else (spider,))]
    own = [vars(mro[0]) for mro in inheritance]
    inherited = [vars(cls) for mro in inheritance for cls in mro[1:]]
    declared: dict[str, Argument] = {}
    for namespace in (*own, *inherited):
        for name, value in namespace.items():
            if isinstance(value, Argument):
                declared.setdefault(name, value)
    return declared


def switch(description: str, *, default: str) -> Argument:
    """An argument that is 0 or 1; its value is a bool."""
    return Argument(description, default=default, choices=("0", "1"), convert=lambda text: text == "1")


def whole_number(minimum: int, maximum: int = 2**63 - 1) -> Callable[[str], int]:
    """A `convert` for whole numbers within bounds."""

    def convert(text: str) -> int:
        if re.fullmatch(r"-?[0-9]{1,19}", text.strip()) and minimum <= int(text) <= maximum:
            return int(text)
        raise ValueError(f"a whole number from {minimum}" + (f" to {maximum}" if maximum < 2**63 - 1 else ""))

    return convert


def check_argument_names(spider: str, arguments: Mapping[str, str], allowed: Iterable[str]) -> None:
    """Raise UsageProblem for arguments that the spider does not have, and for values that are not valid UTF-8.

    Names with a leading underscore belong to scrapyd and are accepted.
    """
    allowed = list(allowed)
    for name, value in arguments.items():
        if _UNDECODABLE.search(str(value)):
            raise UsageProblem(f"-a {name}={value}: contains bytes that are not UTF-8 text.")
        if name in allowed or name.startswith("_"):
            continue
        matches = get_close_matches(name, allowed, n=1)
        hint = f" Did you mean {matches[0]}?" if matches else ""
        raise UsageProblem(f"-a {name}=: the {spider} spider has no such argument.{hint} It has: {', '.join(allowed)}.")


def check_choice(name: str, value: str, allowed: Iterable[str]) -> str:
    """The value, if it is one of the allowed ones. Raises UsageProblem."""
    allowed = list(allowed)
    if value not in allowed:
        raise UsageProblem(f"-a {name}={value}: must be one of {', '.join(allowed)}.")
    return value


def file_path(text: str) -> Path:
    """A `convert` for files that are read: the absolute path, with `~` followed."""
    if not text:
        raise ValueError("the name of a file")
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError as error:
        raise ValueError(f"the name of a file ({error})") from error
