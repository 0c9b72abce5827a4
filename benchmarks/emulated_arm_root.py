"""An aarch64 Python with LiteRT in a folder, and an emulator that runs it.

Debian's packages and PyPI's wheels are unpacked into one folder. Nothing is
installed, no rights are needed, and the folder can be deleted as a whole.
"""

import functools
import json
import os
import pathlib
import shutil
import subprocess
import sys
import zipfile

CPU = "cortex-a76"
# Debian 12 has Python 3.11, for which there are aarch64 wheels.
DEBIAN_PACKAGES = ("python3.11-minimal", "libpython3.11-stdlib", "libstdc++6")
EMULATOR_PACKAGE = "qemu-user-static"
WHEEL = "ai-edge-litert==2.3.0"
PLATFORMS = (
    "manylinux_2_17_aarch64",
    "manylinux_2_27_aarch64",
    "manylinux_2_28_aarch64",
    "manylinux2014_aarch64",
)
TOOLS = ("apt-get", "dpkg-deb")
# The runtime reads the host's files otherwise, and crashes on x86 caches.
MACHINE_FILES = {
    "proc/cpuinfo": (
        "processor\t: 0\n"
        "Features\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp "
        "asimdhp cpuid asimdrdm lrcpc dcpop asimddp\n"
        "CPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: 0x3\n"
        "CPU part\t: 0xd0b\nCPU revision\t: 1\n\n"
    ),
    "sys/devices/system/cpu/possible": "0\n",
    "sys/devices/system/cpu/present": "0\n",
}


class EmulatedArm:
    """The folder with all that is needed.

    Args:
        folder: path, is created and filled by `prepare`.
    """

    def __init__(self, folder):
        self.folder = pathlib.Path(folder).resolve()
        self.root = self.folder / "root"
        self.site = self.folder / "site"
        self.emulator = (
            self.folder / "emulator" / "usr" / "bin" / "qemu-aarch64-static"
        )

    @property
    def is_ready(self):
        """Whether `prepare` has finished before."""
        return (self.folder / "ready").exists()

    def prepare(self):
        """Downloads and unpacks everything, about 150 MB, once."""
        if self.is_ready:
            return
        missing = [tool for tool in TOOLS if shutil.which(tool) is None]
        if missing:
            raise SystemExit(
                f"This needs Debian's or Ubuntu's {', '.join(missing)}. Run "
                "it on Debian 12 (a container will do)."
            )
        for folder in (self.root, self.site):
            folder.mkdir(parents=True, exist_ok=True)
        for package in self._download((EMULATOR_PACKAGE,), _host()):
            if package.name.startswith(EMULATOR_PACKAGE):
                _unpack(package, self.folder / "emulator")
        for package in self._download(DEBIAN_PACKAGES, "arm64"):
            _unpack(package, self.root)
        self._download_wheels()
        for name, text in MACHINE_FILES.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        (self.folder / "ready").touch()

    def run(self, script, *arguments):
        """Runs a Python file on the emulated CPU; returns its JSON output."""
        command = [self.emulator, "-cpu", CPU, "-L", self.root]
        command += [self.root / "usr/bin/python3.11", script, *arguments]
        done = subprocess.run(
            list(map(str, command)),
            env={**os.environ, "PYTHONPATH": str(self.site)},
            stdout=subprocess.PIPE,
            check=True,
            text=True,
        )
        return json.loads(done.stdout)

    def versions(self):
        """Returns what was unpacked: names of packages and wheels."""
        files = sorted((self.folder / "wheels").glob("*.whl"))
        files += sorted(self.folder.glob("apt-*/archives/*.deb"))
        kept = ("ai_edge_litert", "numpy", "python3.11", "qemu")
        return [file.name for file in files if file.name.startswith(kept)]

    def _download(self, packages, architecture):
        """Returns the `.deb` files of packages and all they depend on."""
        apt = self.folder / f"apt-{architecture}"
        for name in ("lists/partial", "archives/partial"):
            (apt / name).mkdir(parents=True, exist_ok=True)
        # As if nothing was installed, so that all dependencies come along.
        (apt / "status").touch()
        options = {
            "APT::Architecture": architecture,
            "APT::Architectures": architecture,
            "APT::Sandbox::User": "root",
            "Dir::Cache": apt,
            "Dir::State::Lists": apt / "lists",
            "Dir::State::status": apt / "status",
            "Debug::NoLocking": "1",
        }
        settings = [f"-o{key}={value}" for key, value in options.items()]
        run = functools.partial(subprocess.run, check=True, stdout=sys.stderr)
        run(["apt-get", "-q", *settings, "update"])
        command = ["apt-get", "-q", *settings, "install", "--download-only"]
        run([*command, "--yes", "--no-install-recommends", *packages])
        return sorted((apt / "archives").glob("*.deb"))

    def _download_wheels(self):
        wheels = self.folder / "wheels"
        platforms = [f"--platform={name}" for name in PLATFORMS]
        command = [sys.executable, "-m", "pip", "download", "-q", *platforms]
        command += ["--python-version=3.11", "--only-binary=:all:"]
        subprocess.run(
            [*command, "-d", str(wheels), WHEEL], check=True, stdout=sys.stderr
        )
        for wheel in sorted(wheels.glob("*.whl")):
            zipfile.ZipFile(wheel).extractall(self.site)


def _host():
    command = ["dpkg", "--print-architecture"]
    return subprocess.check_output(command, text=True).strip()


def _unpack(package, folder):
    subprocess.run(["dpkg-deb", "-x", str(package), str(folder)], check=True)
