"""The disk as a power cut would leave it: what was never synced is gone.

A program runs under ``strace``, which notes what it writes into a folder and what it syncs. From these notes the folder
is made again with nothing in it but what was synced: a file has the content of its last sync, and a name is there if its
folder was synced after it was given. A real disk may keep more; no disk that keeps its word keeps less.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

CALLS = (
    "write", "pwrite64", "ftruncate", "fsync", "fdatasync", "openat", "renameat2", "unlinkat", "linkat", "mkdirat",
    # With a question mark: not on every machine.
    "?open", "?rename", "?renameat", "?unlink", "?link", "?mkdir",
)  # fmt: skip
_LINE = re.compile(r"(\d+) +(.*)")
_RESUMED = re.compile(r"<\.\.\. \w+ resumed>")
_CALL = re.compile(r"(\w+)\((.*)\) += (\d+)(?:<|\(|$| )")
_OPEN_FILE = re.compile(r"\d+<((?:\\x..)+)>")
_SYNC = re.compile(r"f(?:data)?sync\(\d+<((?:\\x..)+)>")
_QUOTED = re.compile(r'"([^"]*)"')
UNFINISHED = " <unfinished ...>"


def powercut_missing() -> str | None:
    """Why no program can be watched here, in words for a test report; None when one can."""
    if shutil.which("strace") is None:
        return "strace is missing: apt-get install strace"
    tried = subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True, text=True, check=False)
    return f"strace may not run here: {tried.stderr.strip()}" if tried.returncode else None


def watching(notes: Path) -> tuple[str, ...]:
    """What to put before a command, so that what it does to files is written down in ``notes``."""
    everything = str(64 * 1024 * 1024)  # of what is written, in bytes a call
    calls = f"trace={','.join(CALLS)}"
    return ("strace", "-f", "--seccomp-bpf", "-y", "-xx", "-s", everything, "-e", calls, "-o", str(notes))


@dataclass
class _File:
    """What the disk holds of a file, and what waits for a sync: pieces with their offset, or a length to cut it to."""

    synced: bytearray = field(default_factory=bytearray)
    waiting: list[tuple[int, bytes | None]] = field(default_factory=list)
    length: int = 0

    def write(self, content: bytes, offset: int | None = None) -> None:
        at = self.length if offset is None else offset
        self.waiting.append((at, content))
        self.length = max(self.length, at + len(content))

    def cut(self, length: int) -> None:
        self.waiting.append((length, None))
        self.length = length

    def sync(self, count: int) -> None:
        for at, content in self.waiting[:count]:
            if content is None:
                del self.synced[at:]
            self.synced.extend(bytes(max(0, at - len(self.synced))))
            if content is not None:
                self.synced[at : at + len(content)] = content
        del self.waiting[:count]


@dataclass
class _Folder:
    """The names that the disk holds in a folder, and those given or taken since its last sync."""

    synced: dict[str, _File | _Folder] = field(default_factory=dict)
    waiting: list[tuple[str, _File | _Folder | None]] = field(default_factory=list)

    def sync(self, count: int) -> None:
        for name, what in self.waiting[:count]:
            if what is None:
                self.synced.pop(name, None)
            else:
                self.synced[name] = what
        del self.waiting[:count]


class Disk:
    """A folder as it is before a program runs; then ``play`` its notes, and ``leave`` what a power cut would."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._now: dict[Path, _File | _Folder] = {}
        self._top = self._read(root)

    def _read(self, path: Path) -> _Folder:
        folder = self._now[path] = _Folder()
        for child in path.iterdir():
            if child.is_dir():
                folder.synced[child.name] = self._read(child)
            else:
                content = bytearray(child.read_bytes())
                folder.synced[child.name] = self._now[child] = _File(content, length=len(content))
        return folder

    def play(self, notes: Path) -> None:
        """Do what the notes tell, each call when it ended; a sync covers what was there when it began."""
        for call, words, covered in self._calls(notes):
            if (opened := _OPEN_FILE.match(words)) is None:
                self._name(call, words)
            elif (what := self._now.get(_path(opened[1]))) is None:
                continue  # not ours, or its name is gone
            elif call in ("fsync", "fdatasync"):
                what.sync(covered)
            elif isinstance(what, _File):
                _change(what, call, words)

    def _calls(self, notes: Path) -> Iterator[tuple[str, str, int]]:
        begun: dict[str, tuple[str, int]] = {}
        for line in notes.read_text(encoding="ascii").splitlines():
            found = _LINE.match(line)
            if found is None:
                continue
            thread, text = found.groups()
            covered = self._waiting(text)
            if text.endswith(UNFINISHED):
                begun[thread] = text.removesuffix(UNFINISHED), covered
                continue
            if resumed := _RESUMED.match(text):
                first, covered = begun.pop(thread)
                text = first + text[resumed.end() :]
            if call := _CALL.match(text):
                yield call[1], call[2], covered

    def _waiting(self, text: str) -> int:
        """How much waits for the sync that begins here."""
        sync = _SYNC.match(text)
        what = self._now.get(_path(sync[1])) if sync else None
        return len(what.waiting) if what else 0

    def _name(self, call: str, words: str) -> None:
        paths = [path for text in _QUOTED.findall(words) if (path := _path(text)).is_relative_to(self._root)]
        if not paths:
            return
        if call.startswith("open"):
            path = paths[-1]
            if path not in self._now and "O_CREAT" in words:
                self._give(path, _File())
            file = self._now.get(path)
            if "O_TRUNC" in words and isinstance(file, _File):
                file.cut(0)
        elif call.startswith("mkdir"):
            self._give(paths[-1], _Folder())
        elif call.startswith("unlink"):
            self._take(paths[-1])
        else:
            source, target = paths[-2:]
            what = self._now[source]
            if call.startswith("rename"):
                self._take(source)
            self._give(target, what)

    def _give(self, path: Path, what: _File | _Folder) -> None:
        self._now[path] = what
        self._folder(path).waiting.append((path.name, what))

    def _take(self, path: Path) -> None:
        self._now.pop(path, None)
        self._folder(path).waiting.append((path.name, None))

    def _folder(self, path: Path) -> _Folder:
        folder = self._now[path.parent]
        assert isinstance(folder, _Folder)
        return folder

    def leave(self, folder: Path) -> None:
        """Write into ``folder`` what is on the disk after the power cut."""
        self._write(self._top, folder)

    def _write(self, what: _Folder, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        for name, child in what.synced.items():
            if isinstance(child, _Folder):
                self._write(child, folder / name)
            elif not name.endswith("-shm"):  # SQLite's shared memory, not meant to last
                (folder / name).write_bytes(child.synced)


def _change(file: _File, call: str, words: str) -> None:
    last = words.rsplit(",", 1)[1]
    if call == "ftruncate":
        file.cut(int(last))
    else:
        content = _plain(_QUOTED.findall(words)[0])
        file.write(content, int(last) if call == "pwrite64" else None)


def _plain(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


def _path(text: str) -> Path:
    return Path(_plain(text).decode(errors="replace"))
