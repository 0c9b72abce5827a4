"""A page, on this machine alone, to move a generator by sliders."""

import importlib.resources
import socket

PAGES = {
    "/": ("explore.html", "text/html"),
    "/explore.css": ("explore.css", "text/css"),
    "/explore.js": ("explore.js", "text/javascript"),
}
LOCAL = "127.0.0.1", "localhost", "[::1]"
POLICY = {
    "Content-Security-Policy": "default-src 'self'; img-src blob: data:",
    "Cache-Control": "no-store",
}
LARGEST = 100_000  # bytes of a request
MISSING = (
    "The page needs starlette and uvicorn. Install them by "
    "`pip install 'keras-sparse[explore]'`."
)


def explore_app(explorer, hosts=LOCAL):
    """The web application of an `Explorer`.

    `GET /` is the page; `GET /about` says, as JSON, what can be moved;
    `POST /picture` takes JSON of `seed`, `shifts` and `units` and returns a
    PNG. Requests under another host's name are refused, so that no other
    page in the same browser can read the answers.

    Args:
        explorer: `Explorer`.
        hosts: names under which the page may be asked for.

    Returns:
        A Starlette application (ASGI).

    Raises:
        ImportError: Starlette is not installed.

    Example:
        >>> import keras_latent as kl
        >>> from keras_latent.explorer import Explorer
        >>> from keras_latent.explore_server import explore_app
        >>> generator, _ = kl.dcgan_networks((16, 16, 1), 3, width=4)
        >>> app = explore_app(Explorer(generator))
        >>> [route.path for route in app.routes][-2:]
        ['/about', '/picture']
    """
    try:
        from starlette.applications import Starlette
        from starlette.concurrency import run_in_threadpool
        from starlette.middleware import Middleware
        from starlette.middleware.trustedhost import TrustedHostMiddleware
        from starlette.responses import JSONResponse, Response
        from starlette.routing import Route
    except ImportError as error:
        raise ImportError(MISSING) from error

    def page(name, kind):
        async def answer(request):
            return Response(read_page(name), media_type=kind, headers=POLICY)

        return answer

    async def about(request):
        return JSONResponse(describe(explorer), headers=POLICY)

    async def picture(request):
        try:
            if int(request.headers.get("content-length", LARGEST)) >= LARGEST:
                raise ValueError("The request must be of JSON, not so long.")
            wanted = read_request(await request.json())
            content = await run_in_threadpool(explorer.picture, **wanted)
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400, headers=POLICY)
        return Response(content, media_type="image/png", headers=POLICY)

    routes = [Route(path, page(*of)) for path, of in PAGES.items()]
    routes += [
        Route("/about", about),
        Route("/picture", picture, methods=["POST"]),
    ]
    guard = Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts))
    return Starlette(routes=routes, middleware=[guard])


def describe(explorer):
    """What the page must know of an `Explorer`, as a dict for JSON."""
    directions = explorer.directions
    return {
        "directions": [] if directions is None else directions.names,
        "shift": explorer.shift,
        "layer": None if explorer.layer is None else str(explorer.layer),
        "units": explorer.unit_ranges,
    }


def read_request(content):
    """Arguments of `Explorer.picture`, of the JSON of a request.

    Args:
        content: dict of `seed`, and of `shifts` and `units`, whose keys are
            ints as strings.

    Raises:
        ValueError: anything else.

    Example:
        >>> from keras_latent.explore_server import read_request
        >>> read_request({"seed": 1, "shifts": {"3": 0.5}})
        {'seed': 1, 'shifts': {3: 0.5}, 'units': {}}
    """
    known = {"seed", "shifts", "units"}
    if not isinstance(content, dict) or not set(content) <= known:
        raise ValueError(
            f"The request must be a JSON object of {sorted(known)}. Received: "
            f"{sorted(content) if isinstance(content, dict) else content!r}."
        )
    wanted = {"seed": content.get("seed", 0)}
    for name in ("shifts", "units"):
        given = content.get(name, {})
        whole = isinstance(given, dict) and all(map(str.isdecimal, given))
        if not whole:
            raise ValueError(
                f"`{name}` must be an object of numbers to numbers, as "
                f'{{"0": 1.5}}. Received: {given!r}.'
            )
        wanted[name] = {int(key): value for key, value in given.items()}
    return wanted


def read_page(name):
    """Bytes of a file of the page."""
    folder = importlib.resources.files("keras_latent") / "pages"
    return (folder / name).read_bytes()


def serve(explorer, host="127.0.0.1", port=8000, ready=print):
    """Serves the page of an `Explorer` until it is interrupted.

    Args:
        explorer: `Explorer`.
        host: str, the address to listen at; others than this machine's own
            let the network in, without a password.
        port: int from 0; 0: a free one.
        ready: function that is told the page's address.

    Raises:
        ImportError: Starlette or uvicorn is not installed.
        OSError: the port is in use.
    """
    try:
        import uvicorn
    except ImportError as error:
        raise ImportError(MISSING) from error
    app = explore_app(explorer, hosts=LOCAL if host in LOCAL else ["*"])
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen()
        except OSError as error:
            raise OSError(
                f"`port` {port} of {host} cannot be had: {error.strerror}. "
                "Choose another, or 0 for a free one."
            ) from error
        shown = f"[{host}]" if ":" in host else host
        ready(f"http://{shown}:{listener.getsockname()[1]}/")
        # Else uvicorn closes the handlers that the program has set up.
        config = uvicorn.Config(app, log_config=None, log_level="warning")
        uvicorn.Server(config).run(sockets=[listener])
