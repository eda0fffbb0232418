"""The server of the page: one HTML file, and a WebSocket that sends what is new and takes commands."""

import asyncio
import contextlib
import ipaddress
import json
import threading
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

from tectum.live.watching import Watching

PACE = 0.1  # s between two messages
LONGEST_NAME = 80  # characters


def page() -> str:
    """The page, which loads nothing."""
    return files("tectum.live").joinpath("page.html").read_text(encoding="utf-8")


def application(watching: Watching) -> Any:
    """The page and its WebSocket as an ASGI application."""
    from starlette.applications import Starlette
    from starlette.responses import HTMLResponse
    from starlette.routing import Route, WebSocketRoute
    from starlette.websockets import WebSocket, WebSocketDisconnect

    policy = (
        "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; connect-src 'self'"
    )

    async def show(request: Any) -> Any:
        return HTMLResponse(page(), headers={"Content-Security-Policy": policy, "Cache-Control": "no-store"})

    async def talk(socket: WebSocket) -> None:
        if not is_own(socket.headers.get("origin"), socket.headers.get("host")):
            await socket.close(code=1008)
            return
        await socket.accept()
        listening = asyncio.create_task(listen(socket))
        number, known = -1, 0
        try:
            while not listening.done():
                news = await asyncio.to_thread(watching.seen, number, known)
                if news is not None:
                    number = news["number"]
                    known = news["discoveries"][-1]["number"] + 1 if news["discoveries"] else known
                    await socket.send_text(json.dumps(news))
                await asyncio.sleep(PACE)
        except (WebSocketDisconnect, RuntimeError):
            pass  # the page was closed
        finally:
            listening.cancel()
            with contextlib.suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError):
                await listening

    async def listen(socket: WebSocket) -> None:
        while True:
            said = await socket.receive_text()
            try:
                await socket.send_text(json.dumps({"said": await asyncio.to_thread(obey, watching, said)}))
            except (ValueError, KeyError, TypeError, OSError) as error:
                await socket.send_text(json.dumps({"said": f"not done: {error}"}))

    return Starlette(routes=[Route("/", show), WebSocketRoute("/live", talk)])


def obey(watching: Watching, said: str) -> str:
    """Do what a message of the page asks for."""
    message = json.loads(said)
    if not isinstance(message, dict) or not isinstance(message.get("do"), str):
        raise ValueError("a message must be an object with a key 'do'")
    values = {key: value for key, value in message.items() if key in ("on", "neuron", "text")}
    if len(str(values.get("text", ""))) > LONGEST_NAME:
        raise ValueError(f"a name has at most {LONGEST_NAME} characters")
    return watching.do(message["do"], **values)


def is_own(origin: str | None, host: str | None) -> bool:
    """Whether a page that opens the WebSocket came from this server, so that other sites cannot reach it."""
    return origin is None or (host is not None and urlsplit(origin).netloc == host)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server there."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def serve(watching: Watching, host: str = "127.0.0.1", port: int = 8765, *, seconds: float | None = None) -> None:
    """Watch and serve the page, until interrupted.

    Parameters
    ----------
    watching : Watching
    host : str, default="127.0.0.1"
        Address to listen at; the default is reached from this machine only.
    port : int, default=8765
    seconds : float or None, default=None
        Time after which it ends by itself.

    Raises
    ------
    ImportError
        If the extra ``live`` is not installed.
    OSError
        If the port cannot be had.
    """
    try:
        import uvicorn
    except ImportError as error:
        raise ImportError("tectum watch needs starlette, uvicorn and websockets; pip install 'tectum[live]'") from error
    config = uvicorn.Config(application(watching), host=host, port=port, log_level="warning", ws_max_size=65536)
    server = uvicorn.Server(config)
    end = threading.Timer(seconds or 0.0, lambda: setattr(server, "should_exit", True))
    end.daemon = True
    watching.start()
    if seconds is not None:
        end.start()
    try:
        server.run()
    except SystemExit as error:  # uvicorn's way to say that the port is taken
        raise OSError(f"cannot serve the page at {host}:{port}; choose another --port") from error
    finally:
        end.cancel()
        watching.stop()
