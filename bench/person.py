"""One person at the real server, without a browser: Streamlit's own messages over its WebSocket, files by its upload address.

A browser would eat the cores that are measured. The messages' classes come with Streamlit; they are no public interface, so
this file is the one to mend after an upgrade.
"""

from __future__ import annotations

import asyncio
import time
import urllib.request
import uuid
from types import TracebackType

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Common_pb2 import FileURLs
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from ui.cookie import NAME

PATIENCE = 300.0
"""Seconds after which an answer counts as none."""


class Failed(RuntimeError):
    """The server answered with an error, or with the end of a run that drew no result."""


class Person:
    """A signed-in tab. Use it as ``async with Person(port, cookie) as person``."""

    def __init__(self, port: int, cookie: str) -> None:
        self._base = f"127.0.0.1:{port}"
        self._cookie = cookie
        self._session = ""
        self._page = ""
        self._uploader = ""

    async def __aenter__(self) -> Person:
        self._xsrf = await asyncio.to_thread(self._token)
        self._socket: ClientConnection = await connect(
            f"ws://{self._base}/_stcore/stream",
            additional_headers={"Cookie": f"{NAME}={self._cookie}; _streamlit_xsrf={self._xsrf}"},
            subprotocols=[Subprotocol("streamlit"), Subprotocol(self._xsrf)],
            max_size=None,
            open_timeout=PATIENCE,
            ping_timeout=None,
        )
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._socket.close()

    def _token(self) -> str:
        with urllib.request.urlopen(f"http://{self._base}/_stcore/health", timeout=PATIENCE) as answer:
            cookie = next(str(c) for c in answer.headers.get_all("Set-Cookie") if "_xsrf=" in c)
        return cookie.split("=", 1)[1].split(";")[0]

    async def open(self, page: str = "") -> None:
        """Go to a page by its address ("oct"); returns when it is drawn."""
        self._page = page
        message = BackMsg()
        message.rerun_script.page_name = page
        await self._socket.send(message.SerializeToString())
        await self._until(drawn=None)

    async def drop(self, name: str, data: bytes, drawn: str) -> float:
        """Drop a file on the page; returns the seconds until the component of that name is drawn (its pictures are in the
        same message). Raises `Failed`."""
        asked = BackMsg()
        asked.file_urls_request.request_id = uuid.uuid4().hex
        asked.file_urls_request.file_names.append(name)
        asked.file_urls_request.session_id = self._session
        started = time.perf_counter()
        await self._socket.send(asked.SerializeToString())
        place = (await self._next("file_urls_response")).file_urls_response.file_urls[0]
        await asyncio.to_thread(self._put, place, name, data)
        message = BackMsg()
        message.rerun_script.page_name = self._page
        state = message.rerun_script.widget_states.widgets.add(id=self._uploader)
        info = state.file_uploader_state_value.uploaded_file_info.add(name=name, size=len(data), file_id=place.file_id)
        info.file_urls.CopyFrom(place)
        await self._socket.send(message.SerializeToString())
        return await self._until(drawn) - started

    def _put(self, place: FileURLs, name: str, data: bytes) -> None:
        edge = uuid.uuid4().hex
        head = f'--{edge}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"\r\nContent-Type: image/png\r\n\r\n'
        headers = {
            "Content-Type": f"multipart/form-data; boundary={edge}",
            "X-Xsrftoken": self._xsrf,
            "Cookie": f"_streamlit_xsrf={self._xsrf}",
        }
        body = head.encode() + data + f"\r\n--{edge}--\r\n".encode()
        request = urllib.request.Request(f"http://{self._base}{place.upload_url}", body, headers, method="PUT")
        urllib.request.urlopen(request, timeout=PATIENCE).close()

    async def _next(self, kind: str) -> ForwardMsg:
        while True:
            message = await self._message()
            if message.WhichOneof("type") == kind:
                return message

    async def _message(self) -> ForwardMsg:
        data = await asyncio.wait_for(self._socket.recv(), PATIENCE)
        message = ForwardMsg()
        message.ParseFromString(data if isinstance(data, bytes) else data.encode())
        if message.WhichOneof("type") == "new_session":
            self._session = message.new_session.initialize.session_id or self._session
        if message.WhichOneof("type") == "delta" and message.delta.HasField("new_element"):
            element = message.delta.new_element
            if element.HasField("file_uploader"):
                self._uploader = element.file_uploader.id
            if element.HasField("exception"):
                raise Failed(f"{element.exception.type}: {element.exception.message}")
        return message

    async def _until(self, drawn: str | None) -> float:
        """Read until the run ends; the moment at which the component ``drawn`` came (None: at which the run ended)."""
        moment, said = None, []
        while True:
            message = await self._message()
            if message.WhichOneof("type") == "delta" and message.delta.HasField("new_element"):
                element = message.delta.new_element
                if element.HasField("bidi_component") and element.bidi_component.component_name.endswith(drawn or "\0"):
                    moment = moment or time.perf_counter()
                if element.HasField("alert"):
                    said.append(element.alert.body)
            if message.WhichOneof("type") == "script_finished":
                if message.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                    continue
                if drawn and moment is None:
                    raise Failed(f"{drawn} was not drawn; the page says: {said}")
                return moment or time.perf_counter()
