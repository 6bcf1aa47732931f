"""What is vendored is what npm has: unchanged, pinned, listed, and with its licence beside it.

A manifest's entry says where a file is from: `path` in the tarball of `package` at `version`, whose
checksum in the registry is `integrity` (`npm view PACKAGE@VERSION dist.integrity`).
"""

import base64
import hashlib
import re
from pathlib import Path

import msgspec
import pytest
from msgspec import Struct

ROOT = Path(__file__).parents[2]
FOLDERS = ("livesrv/web/vendor", "livesrv/web/client/vendor", "tests/web/vendor")
FREE_LICENCES = {"Apache-2.0", "ISC", "MIT", "MPL-2.0"}


class Vendored(Struct, forbid_unknown_fields=True):
    name: str
    package: str
    version: str
    path: str
    integrity: str
    sha256: str
    licence: str
    licence_files: list[str]
    homepage: str


class Manifest(Struct, forbid_unknown_fields=True):
    files: list[Vendored]


@pytest.fixture(params=FOLDERS)
def folder(request: pytest.FixtureRequest) -> Path:
    name: str = request.param
    return ROOT / name


@pytest.fixture
def files(folder: Path) -> list[Vendored]:
    return msgspec.json.decode((folder / "vendored.json").read_bytes(), type=Manifest).files


def test_a_vendored_file_is_as_it_was_published(folder: Path, files: list[Vendored]) -> None:
    found = {each.name: _sha256(folder / each.name) for each in files}
    assert found == {each.name: each.sha256 for each in files}


def test_every_vendored_file_stands_in_the_manifest(folder: Path, files: list[Vendored]) -> None:
    there = {path.name for path in folder.iterdir() if path.is_file()}
    assert there == {each.name for each in files} | {"vendored.json"}


def test_every_licence_is_there_and_every_one_there_is_somebodys(
    folder: Path, files: list[Vendored]
) -> None:
    there = {path.name for path in (folder / "LICENSES").iterdir()}
    assert there == {name for each in files for name in each.licence_files}
    assert all(each.licence_files and each.licence in FREE_LICENCES for each in files)


def test_a_version_is_exact_and_its_tarball_is_named_by_sha512(files: list[Vendored]) -> None:
    for each in files:
        assert re.fullmatch(r"\d+\.\d+\.\d+", each.version)
        kind, _, digest = each.integrity.partition("-")
        assert (kind, len(base64.b64decode(digest))) == ("sha512", 64)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
