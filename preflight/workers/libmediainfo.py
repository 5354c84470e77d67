"""libmediainfo by its C interface, of which a second opinion needs eight fields.

``pymediainfo`` brings the library, and has it write a hundred fields as XML, which it parses. Loading that module takes
three times as long as loading the library, in a process that a check waits for. Run by ``mediainfo.py`` from its file.
"""

from __future__ import annotations

import ctypes
import os
import sys
from importlib.util import find_spec

TYPE_CHECKING = False  # as in typing, which takes time to load
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, BinaryIO

FIELDS = {
    "format": "Format",
    "format_profile": "Format_Profile",
    "codec_id": "CodecID",
    "duration": "Duration",
    "width": "Width",
    "height": "Height",
    "rotation": "Rotation",
}
"""Our names of fields, and the library's."""

_KINDS = ("General", "Video", "Audio", "Text", "Other", "Image", "Menu")
"""Kinds of tracks, in the library's order (``stream_t``)."""
_BLOCK_BYTES = 64 * 1024
_FINISHED = 8
"""The bit of an answer that says that the library needs no more."""
_NO_SEEK = 2**64 - 1
_COUNT_ALL = ctypes.c_size_t(-1).value

_TEXT, _HANDLE, _SIZE, _OFFSET = ctypes.c_wchar_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_uint64
_FUNCTIONS: dict[str, tuple[Any, ...]] = {
    "New": (_HANDLE,),
    "Option": (_TEXT, _HANDLE, _TEXT, _TEXT),
    "Open_Buffer_Init": (_SIZE, _HANDLE, _OFFSET, _OFFSET),
    "Open_Buffer_Continue": (_SIZE, _HANDLE, ctypes.c_char_p, _SIZE),
    "Open_Buffer_Continue_GoTo_Get": (_OFFSET, _HANDLE),
    "Open_Buffer_Finalize": (_SIZE, _HANDLE),
    "Count_Get": (_SIZE, _HANDLE, ctypes.c_int, _SIZE),
    "Get": (_TEXT, _HANDLE, ctypes.c_int, _SIZE, _TEXT, ctypes.c_int, ctypes.c_int),
    "Close": (None, _HANDLE),
    "Delete": (None, _HANDLE),
}
"""The result of each function, then its parameters (``MediaInfoDLL.h``)."""
_INFO_TEXT, _BY_NAME = 1, 0


class MediaInfo:
    """The library, loaded. Raises ``OSError`` where there is none."""

    def __init__(self) -> None:
        loader = getattr(ctypes, "WinDLL", ctypes.CDLL)
        library = loader(_library())
        self._call: dict[str, Callable[..., Any]] = {}
        for name, (result, *parameters) in _FUNCTIONS.items():
            function = library[f"MediaInfo_{name}"]
            function.restype, function.argtypes = result, parameters
            self._call[name] = function

    def describe(self, file: BinaryIO) -> list[dict[str, str | None]]:
        """The tracks in ``file`` with ``track_type`` and ``FIELDS``, as the library spells them."""
        call = self._call
        handle = call["New"]()
        try:
            call["Option"](handle, "ParseSpeed", "0")
            self._read(handle, file)
            return [
                {"track_type": name, **{our: self._get(handle, kind, number, its) for our, its in FIELDS.items()}}
                for kind, name in enumerate(_KINDS)
                for number in range(call["Count_Get"](handle, kind, _COUNT_ALL))
            ]
        finally:
            call["Close"](handle)
            call["Delete"](handle)

    def _read(self, handle: int, file: BinaryIO) -> None:
        """Give the library the bytes that it asks for, up to its end or the first hole."""
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        self._call["Open_Buffer_Init"](handle, size, 0)
        while block := file.read(_BLOCK_BYTES):
            if self._call["Open_Buffer_Continue"](handle, block, len(block)) & _FINISHED:
                break
            offset = self._call["Open_Buffer_Continue_GoTo_Get"](handle)
            if offset != _NO_SEEK:
                self._call["Open_Buffer_Init"](handle, size, file.seek(offset))
        self._call["Open_Buffer_Finalize"](handle)

    def _get(self, handle: int, kind: int, number: int, name: str) -> str | None:
        return self._call["Get"](handle, kind, number, name, _INFO_TEXT, _BY_NAME) or None


def _library() -> str:
    """The file of the library: the one that ``pymediainfo`` brings, else the system's."""
    names = {"win32": ("MediaInfo.dll",), "darwin": ("libmediainfo.0.dylib", "libmediainfo.dylib")}
    known = names.get(sys.platform, ("libmediainfo.so.0",))
    spec = find_spec("pymediainfo")  # without running it
    folders = spec.submodule_search_locations if spec is not None else None
    beside = (os.path.join(folder, name) for folder in folders or () for name in known)
    return next(filter(os.path.isfile, beside), known[0])
