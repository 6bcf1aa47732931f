"""The client's folder is a package: whole by itself, and its types say what the wire says."""

import json
import re
from itertools import chain
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from msgspec import UNSET, Struct

from protocol import codes, messages

FOLDER = Path(__file__).parents[3] / "livesrv" / "web" / "client"
PACKAGE: dict[str, Any] = json.loads((FOLDER / "package.json").read_bytes())
TYPES = (FOLDER / "index.d.ts").read_text()
ALWAYS = {"package.json", "README.md", "LICENSE"}
"""What npm packs without being told."""
REFERENCE = re.compile(r"""(?:from |import\(?|src=|href=)\s*["']([^"':]+)["']""")
INTERFACE = re.compile(r"export interface (\w+)(?: extends ([\w, ]+))? \{(.*?)\n\}", re.DOTALL)
FIELD = re.compile(r"^  (\w+)(\??):", re.MULTILINE)
NUMBERED = {"seq": False, "at_ms": False}
SAID_BY_THE_CLIENT = {"hello", "join", "leave", "moved", "error", "moderate"}
"""What a page neither sends nor hears itself; `moderate` is a union of its actions."""


MESSAGES: list[type[Struct]] = [
    *get_args(messages.AnyCommand),
    *get_args(messages.AnyEvent),
    *get_args(messages.AnyDrop),
    *messages.Reply.__subclasses__(),
    *messages.Push.__subclasses__(),
]
PARTS = [messages.User, messages.Offer, messages.FlashPrice, messages.State, messages.OrderLine]


def interfaces() -> dict[str, dict[str, bool]]:
    """Every interface's fields, and whether a field may be missing."""
    found: dict[str, dict[str, bool]] = {"Numbered": NUMBERED}
    for name, bases, body in INTERFACE.findall(TYPES):
        inherited = chain.from_iterable(
            found[base.strip()].items() for base in bases.split(",") if base
        )
        own = ((field, mark == "?") for field, mark in FIELD.findall(body))
        found[name] = {**dict(inherited), **dict(own)}
    return found


def types_of(tag: str) -> list[str]:
    """The names of the interfaces whose `type` may be this."""
    return [
        name
        for name, _, body in INTERFACE.findall(TYPES)
        if re.search(rf'^  type:.*"{tag}"', body, re.MULTILINE)
    ]


def fields_of(struct: type[Struct]) -> dict[str, bool]:
    is_sent = issubclass(struct, messages.Command)
    return {
        field.encode_name: field.default is UNSET or (is_sent and not field.required)
        for field in msgspec.structs.fields(struct)
    }


@pytest.mark.parametrize("struct", MESSAGES, ids=lambda struct: struct.__name__)
def test_every_message_has_a_type_with_its_fields(struct: type[Struct]) -> None:
    tag = str(struct.__struct_config__.tag)
    if tag in SAID_BY_THE_CLIENT:
        return
    wire = {"type": False, **fields_of(struct)}
    if issubclass(struct, messages.Command):
        del wire["id"]  # the client's own
    written = interfaces()
    assert wire in [written[name] for name in types_of(tag)]


@pytest.mark.parametrize("struct", PARTS, ids=lambda struct: struct.__name__)
def test_what_messages_are_made_of_has_a_type_with_its_fields(struct: type[Struct]) -> None:
    assert interfaces()[struct.__name__] == fields_of(struct)


def test_every_error_code_and_moderation_is_in_the_types() -> None:
    words = set(re.findall(r'"(\w+)"', TYPES))
    assert {str(code.value) for code in codes.ErrorCode} <= words
    assert set(messages.MODERATIONS) <= words


def test_what_is_packed_is_all_there_and_all_that_is_there_is_packed() -> None:
    listed = {name.rstrip("/") for name in PACKAGE["files"]} | ALWAYS
    assert listed == {path.name for path in FOLDER.iterdir()}


def test_nothing_in_the_package_refers_to_anything_outside() -> None:
    for path in chain(FOLDER.glob("*.js"), FOLDER.glob("*.ts"), FOLDER.glob("*.html")):
        for reference in REFERENCE.findall(path.read_text()):
            if reference == "data":
                continue
            assert (FOLDER / reference).is_file(), f"{path.name} refers to {reference}"
            assert FOLDER in (FOLDER / reference).resolve().parents


def test_whoever_imports_the_package_gets_the_client_and_the_codec() -> None:
    targets = [each for each in PACKAGE["exports"].values() if isinstance(each, dict)]
    assert len(targets) == 2
    assert all((FOLDER / file).is_file() for each in targets for file in each.values())
    assert (PACKAGE["type"], PACKAGE["license"]) == ("module", "MIT")
    assert not {"dependencies", "devDependencies", "scripts"} & PACKAGE.keys()


def test_the_client_never_touches_the_document() -> None:
    for name in ("index.js", "place.js", "msgpack.js"):
        assert not re.search(r"\bdocument\b|innerHTML|\beval\b", (FOLDER / name).read_text())
