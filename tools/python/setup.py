"""Builds the extension module. The C library is built by its own Makefile, which knows what each of its files
wants of the compiler, and is linked into the module: the wheel then needs OpenBLAS and zlib alone, which
cannot disagree with a librnnlm.so that is installed. RNNLM_LIBRARY names a library that has been built, static,
or shared, for packages that bring it along. The module keeps to Python's stable interface: one wheel
serves all versions from 3.11 on.
"""

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.sdist import sdist

HERE = Path(__file__).resolve().parent
# The library's tree: around this folder, or in it, where a source package brought it along.
LIBRARY = HERE / "library" if (HERE / "library").is_dir() else HERE.parents[1]
VERSION = re.search(r'#define RNNLM_VERSION "(.*)"', (LIBRARY / "rnnlm/options.h").read_text()).group(1)


def blas():
    """What the linker wants for OpenBLAS."""
    try:
        flags = subprocess.run(
            [os.environ.get("PKG_CONFIG", "pkg-config"), "--libs", "openblas"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        flags = "-lopenblas"
    return shlex.split(flags)


class BuildExtension(build_ext):
    """Has make build librnnlm.a, or takes what RNNLM_LIBRARY names, and links it."""

    def build_extension(self, extension):
        library = os.environ.get("RNNLM_LIBRARY")
        if library is None:
            build = Path(self.build_temp).resolve() / "librnnlm"
            library = str(build / "librnnlm.a")
            jobs = str(self.parallel or os.cpu_count() or 1)
            subprocess.run(
                ["make", "-s", "-C", str(LIBRARY), f"-j{jobs}", f"BUILD={build}", library], check=True
            )
        extension.extra_objects.append(library)
        if not library.endswith(".so"):
            extension.extra_link_args += [*blas(), "-lz", "-lm", "-pthread"]
        extension.depends.append(library)
        super().build_extension(extension)


class SourcePackage(sdist):
    """Brings the library's sources along."""

    def make_release_tree(self, base_dir, files):
        super().make_release_tree(base_dir, files)
        target = Path(base_dir) / "library"
        shutil.copytree(LIBRARY / "rnnlm", target / "rnnlm", dirs_exist_ok=True)
        shutil.copy2(LIBRARY / "Makefile", target / "Makefile")


# Of the library's names none shows, so that another librnnlm in the same process is left alone.
HIDDEN = ["-Wl,--exclude-libs,ALL"] if os.uname().sysname == "Linux" else []

setup(
    version=VERSION,
    packages=["rnnlm"],
    package_data={"rnnlm": ["py.typed", "*.pyi"]},
    ext_modules=[
        Extension(
            "rnnlm._core",
            sources=sorted(str(path.relative_to(HERE)) for path in HERE.glob("src/*.c")),
            depends=["src/binding.h"],
            include_dirs=[str(LIBRARY / "rnnlm")],
            extra_compile_args=["-std=c11", "-fvisibility=hidden", "-D_POSIX_C_SOURCE=200809L"],
            extra_link_args=HIDDEN,
            py_limited_api=True,
        )
    ],
    cmdclass={"build_ext": BuildExtension, "sdist": SourcePackage},
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
