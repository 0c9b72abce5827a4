"""Pictures of two pages: the units of a generator, and the one to explore it.

    pip install playwright  # and a Chromium, `apt-get install chromium`
    python examples/dissect_shapes.py --output runs/dissect_shapes
    python benchmarks/page_pictures.py --units runs/dissect_shapes/units.html

Opens both in headless Chromium and writes `benchmarks/results/dissection.png`
and `explore.png`; the latter shows the SN-GAN of MNIST and its directions that
lie there, one of them moved.
"""

import argparse
import pathlib
import re
import shutil
import subprocess
import sys

from playwright.sync_api import sync_playwright

RESULTS = pathlib.Path(__file__).parent / "results"
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def shot_of_units(page, file, output):
    """Writes what the page of a dissection shows of its units."""
    page.goto(file.resolve().as_uri())
    heading = page.get_by_role("heading", name="Units", exact=True)
    heading.evaluate("element => element.scrollIntoView()")
    page.screenshot(path=output)


def shot_of_explorer(page, generator, directions, output):
    """Serves the page to explore, moves a direction, writes what it shows."""
    command = [sys.executable, "-m", "keras_latent", "explore", "--port", "0"]
    command += ["--generator", str(generator), "--directions", str(directions)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            told = server.stdout.readline()
            page.goto(re.search(r"http://127\.0\.0\.1:\d+/", told)[0])
            slider = page.locator("input[type=range]").first
            with page.expect_response(lambda answer: answer.ok):
                slider.fill("4")
            page.wait_for_load_state("networkidle")
            page.screenshot(path=output)
        finally:
            server.terminate()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--units", type=pathlib.Path, required=True)
    parser.add_argument("--output", type=pathlib.Path, default=RESULTS)
    options = parser.parse_args()
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=browser, args=OPTIONS)
        page = chromium.new_page(viewport={"width": 1200, "height": 760})
        shot_of_units(page, options.units, options.output / "dissection.png")
        shot_of_explorer(
            page,
            RESULTS / "sngan_mnist.keras",
            RESULTS / "directions_mnist.npz",
            options.output / "explore.png",
        )
        chromium.close()


if __name__ == "__main__":
    main()
