"""The page in headless Chromium: a slider moves, and the picture changes."""

import re
import shutil
import subprocess
import sys
import time

import pytest

import keras_latent as kl

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PIXELS = """() => {
  const image = document.getElementById("picture");
  if (!image.naturalWidth) return null;
  const canvas = document.createElement("canvas");
  canvas.width = image.naturalWidth;
  canvas.height = image.naturalHeight;
  canvas.getContext("2d").drawImage(image, 0, 0);
  return canvas.toDataURL();
}"""


def picture(page, before):
    """The pixels shown, as soon as they are there and not `before`."""
    for _ in range(300):
        shown = page.evaluate(PIXELS)
        if shown not in (None, before):
            return shown
        time.sleep(0.1)
    raise AssertionError("the picture has not changed in 30 seconds")


@pytest.fixture
def playwright():
    """The browser's driver; skips where it or the browser is missing."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    reason = "Playwright is not installed"
    return pytest.importorskip("playwright.sync_api", reason=reason)


@pytest.fixture
def address(playwright, tmp_path):
    """Where a page of a small generator, served by the command, is."""
    generator, _ = kl.dcgan_networks((16, 16, 1), 3, width=4)
    generator.save(tmp_path / "g.keras")
    directions = kl.Directions([[1.0, 0, 0], [0, 1.0, 0]], ["a", "<b>"])
    directions.save(tmp_path / "d.npz")
    command = [sys.executable, "-m", "keras_latent", "explore", "--port", "0"]
    command += ["--generator", tmp_path / "g.keras", "--layer", "3"]
    command += ["--directions", tmp_path / "d.npz"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        told = server.stdout.readline()
        yield re.search(r"http://127\.0\.0\.1:\d+/", told)[0]
        server.terminate()


def test_a_slider_changes_the_picture(address, playwright):
    with playwright.sync_playwright() as session:
        browser = session.chromium.launch(
            executable_path=CHROMIUM, args=OPTIONS
        )
        page = browser.new_page()
        errors = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on(
            "console",
            lambda line: line.type == "error" and errors.append(line.text),
        )
        page.goto(address)
        start = picture(page, None)
        labels = page.locator("#directions label").all_text_contents()
        assert labels == ["a", "<b>"]
        page.get_by_label("<b>").fill("5.1")
        moved = picture(page, start)
        page.get_by_role("button", name="Back to where they were").click()
        assert picture(page, moved) == start
        page.get_by_role("button", name="Other samples").click()
        others = picture(page, start)
        page.locator("#unit").fill("2")
        page.get_by_role("button", name="Set it").click()
        ablated = picture(page, others)
        page.get_by_label("unit 2").press("End")
        assert picture(page, ablated) != others
        page.get_by_role("button", name="Free").click()
        page.locator("#unit").fill("99999")
        page.get_by_role("button", name="Set it").click()
        assert "from 0 to" in page.locator("#message").text_content()
        browser.close()
    assert not errors
