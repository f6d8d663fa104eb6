# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, always_allow_keywords=True
"""The native core: checksums, mapped parts and readers that hand them out without a copy.

Decides how bytes are touched. What is uploaded, when and with which digest is the engine's business.
The reference manual is `vodfast/_native.pyi`.
"""

cimport cython
from libc.errno cimport errno
from libc.stdint cimport int64_t, uint8_t, uint64_t, uintptr_t

from cpython.buffer cimport (
    PyBUF_SIMPLE,
    PyBuffer_FillInfo,
    PyBuffer_Release,
    PyObject_GetBuffer,
)
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.memoryview cimport PyMemoryView_FromObject
from cpython.number cimport PyNumber_Index
from cpython.sequence cimport PySequence_GetSlice

import os as _os

cdef extern from "Python.h":
    Py_ssize_t PY_SSIZE_T_MAX
    Py_ssize_t clipped_size "PyNumber_AsSsize_t"(object, void *) except? -1

cdef Py_ssize_t open_mappings = 0
cdef Py_ssize_t live_exports = 0
cdef Py_ssize_t open_readers = 0


def counters():
    return {"open_mappings": open_mappings, "live_exports": live_exports, "open_readers": open_readers}


include "crc.pxi"
include "mapping.pxi"
include "reader.pxi"
