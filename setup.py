"""Builds the one extension, `vodfast._native`, from the Cython sources in `src/`."""

from glob import glob

from Cython.Build import cythonize
from setuptools import Extension, setup

native = Extension(
    "vodfast._native",
    sources=["src/_native.pyx"],
    # setuptools puts into the sdist only what is named here, so a wheel can be built from it.
    depends=sorted(glob("src/*.pyx") + glob("src/*.pxi") + glob("src/*.h")),
    include_dirs=["src"],
    extra_compile_args=["-O3", "-Wall", "-Wno-unused-function"],
)

setup(
    ext_modules=cythonize(
        [native],
        build_dir="build/cython",
        include_path=["src"],
        compiler_directives={"language_level": "3"},
    )
)
