"""The page's pictures, answers and refusals; a browser is in another file."""

import contextlib
import http.client
import io
import json
import logging
import queue
import socket
import threading

import keras
import numpy as np
import pytest
from PIL import Image

import keras_latent as kl
from keras_latent.cli import run
from keras_latent.explore_server import serve
from keras_latent.explorer import Explorer


def planted_generator():
    """Brightness of 2 x 2 images is the mean of three units, which are z."""
    return keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Identity(name="units"),
            keras.layers.Dense(
                4, use_bias=False, kernel_initializer=keras.initializers.Ones()
            ),
            keras.layers.Rescaling(1 / 3),
            keras.layers.Reshape((2, 2, 1)),
        ]
    )


def explorer(**options):
    directions = kl.Directions([[1.0, 0, 0], [0, 1.0, 1.0]], ["a", "<b>"])
    options = {"layer": "units", "image_range": (-4, 4), **options}
    return Explorer(planted_generator(), directions, samples=5, **options)


class Server:
    """The page of an explorer, served by a thread that ends with the tests."""

    def __init__(self, explorer):
        told = queue.Queue()
        options = {"port": 0, "ready": told.put}
        threading.Thread(
            target=serve, args=(explorer,), kwargs=options, daemon=True
        ).start()
        self.place = told.get(timeout=60).split("/")[2]

    def ask(self, path, content=None, host=None):
        """Status, bytes and kind of an answer; `content` is posted."""
        connection = http.client.HTTPConnection(self.place, timeout=60)
        method = "GET" if content is None else "POST"
        with contextlib.closing(connection):
            headers = {"Host": host or self.place}
            connection.request(method, path, content, headers)
            answer = connection.getresponse()
            kind = answer.headers["content-type"]
            return answer.status, answer.read(), kind


@pytest.fixture(scope="module")
def page():
    return explorer()


@pytest.fixture(scope="module")
def server(page):
    return Server(page)


def pixels(content):
    """Brightness of the five images: the middle of each cell of 4 x 4."""
    picture = np.array(Image.open(io.BytesIO(content)))
    assert picture.shape == (8, 16, 3)
    cells = picture[..., 0].reshape(2, 4, 4, 4)[:, 1, :, 1].ravel()
    assert np.all(cells[5:] == 255)  # no image there
    return cells[:5]


def expected(z):
    shades = (z.mean(axis=1) + 4) / 8
    return np.round(255 * np.clip(shades, 0, 1))


def test_a_picture_is_of_the_moved_latent_points_and_the_set_units(page):
    z = page.latents(seed=3)
    plain = page.picture(3)
    np.testing.assert_array_equal(pixels(plain), expected(z))
    moved = page.picture(3, shifts={1: 2.0, 0: -1.0})
    np.testing.assert_array_equal(pixels(moved), expected(z + [-1, 2, 2]))
    changed = page.picture(3, units={1: 3.0})
    np.testing.assert_array_equal(
        pixels(changed), expected(z * [1, 0, 1] + [0, 3, 0])
    )
    assert page.picture(3) == plain  # the generator is as it was


def test_units_have_the_range_of_their_values_with_zero():
    ranges = np.array(explorer().unit_ranges)
    z = explorer().latents(seed=0)
    np.testing.assert_allclose(ranges[:, 0], np.minimum(z.min(0), 0))
    np.testing.assert_allclose(ranges[:, 1], np.maximum(z.max(0), 0))


def test_the_page_names_what_can_be_moved_and_draws_it(page, server):
    about = json.loads(server.ask("/about")[1])
    assert about["directions"] == ["a", "<b>"] and about["layer"] == "units"
    assert len(about["units"]) == 3 and about["shift"] == 6.0
    wanted = {"seed": 1, "shifts": {"0": 1.5}, "units": {"2": 0}}
    drawn = page.picture(1, {0: 1.5}, {2: 0})
    answer = server.ask("/picture", json.dumps(wanted))
    assert answer == (200, drawn, "image/png")
    for path, part in {
        "/": b"<title>",
        "/explore.js": b"fetch",
        "/explore.css": b"grid",
    }.items():
        status, text, _ = server.ask(path)
        assert status == 200 and part in text
        assert b"http" not in text  # it loads nothing from elsewhere


@pytest.mark.parametrize(
    "content, message",
    [
        ({"seed": -1}, "`seed` must be an int of at least 0"),
        ({"seed": "1"}, "`seed` must be"),
        ({"shifts": {"2": 1}}, "must be less than 2"),
        ({"shifts": {"a": 1}}, "`shifts` must be an object"),
        ({"shifts": {"0": None}}, "must be a finite number"),
        ({"shifts": [1]}, "`shifts` must be an object"),
        ({"units": {"3": 1}}, "less than 3"),
        ({"other": 1}, "JSON object of"),
        ([1], "JSON object of"),
    ],
    ids=range(9),
)
def test_what_cannot_be_drawn_is_said(content, message, server):
    status, text, _ = server.ask("/picture", json.dumps(content))
    assert status == 400 and message in json.loads(text)["error"]


def test_no_json_and_too_much_of_it_are_refused(server):
    long = '{"seed": 1' + " " * 200_000 + "}"
    for content in ("{", "", long):
        assert server.ask("/picture", content)[0] == 400


def test_another_host_s_name_is_refused(server):
    assert server.ask("/about")[0] == 200
    assert server.ask("/about", host="pictures.example")[0] == 400


@pytest.mark.parametrize(
    "options, message",
    [
        ({"samples": 0}, "`samples` must be"),
        ({"shift": 0}, "`shift` must be"),
        ({"layer": "nothing"}, "`layer` must be"),
        ({"image_range": (1, 0)}, "`image_range` must be"),
        ({"latent_distribution": "even"}, "`latent_distribution` must be"),
        ({"directions": kl.Directions([[1.0]])}, "latent size, 3"),
    ],
    ids=range(6),
)
def test_an_explorer_refuses(options, message):
    with pytest.raises(ValueError, match=message):
        Explorer(planted_generator(), **options)


def test_serving_closes_no_handler_of_the_program(page):
    closed = []

    class Handler(logging.Handler):
        def close(self):
            closed.append(1)

    kept = Handler()  # logging holds it weakly
    assert Server(page).ask("/about")[0] == 200
    assert closed == [] and kept


def test_a_port_in_use_is_named():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(OSError, match="`port` .* cannot be had"):
            serve(explorer(), port=port)


def test_the_command_refuses_files_that_are_not_its(tmp_path, capsys):
    generator, wrong = tmp_path / "g.keras", tmp_path / "d.npz"
    planted_generator().save(generator)
    wrong.write_bytes(b"no directions")
    commands = {
        "must be a .keras file": ["--generator", str(wrong) + "x"],
        "cannot be loaded": ["--generator", str(wrong)],
        "`--directions` must be": [
            *("--generator", str(generator)),
            *("--directions", str(wrong)),
        ],
    }
    for message, options in commands.items():
        assert run(["explore", *options]) == 2
        assert message in capsys.readouterr().err
