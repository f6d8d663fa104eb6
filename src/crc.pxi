# The Python face of the checksums: arguments, buffers, the GIL and the choice of kernel. The maths is crc_kernels.h.

cdef extern from "crc_kernels.h" nogil:
    ctypedef struct crc_family:
        unsigned width
        uint64_t ones
    ctypedef uint64_t (*crc_kernel_function "crc_kernel")(const crc_family *, uint64_t, const uint8_t *, size_t)
    ctypedef struct crc_choice:
        const char *name
        crc_kernel_function run
    crc_family crc32_family
    crc_family crc64_family
    crc_choice[3] crc_choices
    size_t crc_choice_count
    crc_kernel_function crc_active
    void crc_load()
    uint64_t crc_combine_families "crc_combine"(const crc_family *, uint64_t, uint64_t, uint64_t)

# Below this size (bytes) letting go of the GIL costs more than the checksum itself.
cdef enum:
    WORTH_RELEASING = 8192


cdef inline uint64_t crc_update(
    crc_kernel_function kernel, const crc_family *family, uint64_t value, const uint8_t *data, size_t length
) noexcept nogil:
    return kernel(family, value ^ family.ones, data, length) ^ family.ones


cdef uint64_t whole_number(object value, uint64_t largest, str what) except? 0:
    """`value` if it is an int in 0..largest."""
    value = PyNumber_Index(value)
    if not 0 <= value <= largest:
        raise ValueError(f"{what} must be in 0..{largest}, not {value}")
    return value


cdef object checksum(crc_kernel_function kernel, const crc_family *family, object data, object value):
    # The default is the common case and needs no conversion.
    cdef uint64_t crc = 0 if value is 0 else whole_number(value, family.ones, "the checksum to continue from")
    cdef const uint8_t *start
    cdef Py_ssize_t length
    cdef Py_buffer view
    if PyBytes_CheckExact(data):
        length = PyBytes_GET_SIZE(data)
        start = <const uint8_t *> PyBytes_AS_STRING(data)
        if length < WORTH_RELEASING:
            return crc_update(kernel, family, crc, start, length)
        with nogil:
            crc = crc_update(kernel, family, crc, start, length)
        return crc
    PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
    if view.len < WORTH_RELEASING:
        crc = crc_update(kernel, family, crc, <const uint8_t *> view.buf, view.len)
    else:
        with nogil:
            crc = crc_update(kernel, family, crc, <const uint8_t *> view.buf, view.len)
    PyBuffer_Release(&view)
    return crc


cdef object combine(const crc_family *family, object first, object second, object second_length):
    return crc_combine_families(
        family,
        whole_number(first, family.ones, "the first checksum"),
        whole_number(second, family.ones, "the second checksum"),
        whole_number(second_length, 0x7FFFFFFFFFFFFFFF, "the second length"),
    )


cdef const crc_family *family_of(object digest) except? NULL:
    if digest == "crc32":
        return &crc32_family
    if digest == "crc64":
        return &crc64_family
    raise ValueError(f"the digest must be 'crc32' or 'crc64', not {digest!r}")


cdef crc_choice *choice_of(object name) except NULL:
    for i in range(crc_choice_count):
        if crc_choices[i].name.decode("ascii") == name:
            return &crc_choices[i]
    raise ValueError(f"no CRC kernel {name!r} on this machine; there are {', '.join(available_crc_kernels())}")


def crc32(data, value=0):
    return checksum(crc_active, &crc32_family, data, value)


def crc64(data, value=0):
    return checksum(crc_active, &crc64_family, data, value)


def crc32_combine(first, second, second_length):
    return combine(&crc32_family, first, second, second_length)


def crc64_combine(first, second, second_length):
    return combine(&crc64_family, first, second, second_length)


def crc_kernel():
    return active_kernel


def available_crc_kernels():
    return tuple([crc_choices[i].name.decode("ascii") for i in range(crc_choice_count)])


def _crc_with(kernel, digest, data, value=0):
    return checksum(choice_of(kernel).run, family_of(digest), data, value)


cdef str choose_kernel():
    global crc_active
    wanted = _os.environ.get("VODFAST_CRC_KERNEL")
    if wanted:
        try:
            crc_active = choice_of(wanted).run
        except ValueError as error:
            raise ImportError(f"VODFAST_CRC_KERNEL: {error}") from None
        return wanted
    return crc_choices[0].name.decode("ascii")


crc_load()
cdef str active_kernel = choose_kernel()
