# One part of a file as memory: what is mapped, who still uses it, and when it is let go.

cdef extern from "sigbus_guard.h" nogil:
    ctypedef struct guard_slot:
        pass
    int guard_install()
    guard_slot *guard_take_slot()
    void guard_write(guard_slot *, uintptr_t, uintptr_t)
    void guard_return_slot(guard_slot *)
    bint guard_has_faulted(guard_slot *)
    uintptr_t guard_page

cdef extern from "<sys/mman.h>" nogil:
    void *mmap(void *, size_t, int, int, int, int64_t)
    int munmap(void *, size_t)
    int madvise(void *, size_t, int)
    void *MAP_FAILED
    int PROT_READ
    int MAP_SHARED
    int MADV_SEQUENTIAL
    int MADV_DONTNEED

cdef int64_t LARGEST_OFFSET = 0x7FFFFFFFFFFFFFFF


@cython.final
@cython.no_gc
cdef class MappedPart:
    cdef readonly Py_ssize_t length
    cdef const uint8_t *start
    cdef void *mapping           # page aligned, NULL for an empty part
    cdef size_t mapped_length
    cdef guard_slot *slot
    cdef Py_ssize_t exports
    cdef bint open, is_closed, has_faulted

    def __cinit__(self, fd, offset, length):
        self.is_closed = True
        cdef int descriptor = fd
        cdef int64_t position = whole_number(offset, LARGEST_OFFSET, "the offset of a part")
        self.length = whole_number(length, PY_SSIZE_T_MAX, "the length of a part")
        if self.length > LARGEST_OFFSET - position:
            raise ValueError(f"a part of {length} bytes at {offset} ends beyond the largest file offset")
        status = _os.fstat(descriptor)
        # A file that is too short already may end within a page, which reads as zeros without any fault.
        self.has_faulted = (status.st_mode & 0o170000) == 0o100000 and status.st_size < position + self.length
        self.start = b""
        if self.length:
            self.map(descriptor, position)
        self.open = True
        self.is_closed = False
        global open_mappings
        open_mappings += 1

    cdef int map(self, int descriptor, int64_t position) except -1:
        if guard_install() != 0:
            raise OSError(errno, f"cannot install the SIGBUS handler: {_os.strerror(errno)}")
        cdef size_t lead = position & (guard_page - 1)
        cdef size_t size = lead + <size_t> self.length
        cdef uintptr_t rounded = (size + guard_page - 1) & ~(guard_page - 1)
        cdef guard_slot *slot = guard_take_slot()
        if slot == NULL:
            raise MemoryError
        cdef void *mapping
        cdef int failure = 0
        with nogil:
            mapping = mmap(NULL, size, PROT_READ, MAP_SHARED, descriptor, position - <int64_t> lead)
            if mapping == MAP_FAILED:
                failure = errno
            else:
                madvise(mapping, size, MADV_SEQUENTIAL)
        if failure:
            guard_return_slot(slot)
            raise OSError(failure, f"cannot map {self.length} bytes at {position}: {_os.strerror(failure)}")
        guard_write(slot, <uintptr_t> mapping, <uintptr_t> mapping + rounded)
        self.slot = slot
        self.mapping = mapping
        self.mapped_length = size
        self.start = <const uint8_t *> mapping + lead
        return 0

    cdef int unmap(self) except -1:
        """Gives everything back. Nobody may hold a buffer any more."""
        global open_mappings
        cdef void *mapping = self.mapping
        cdef size_t size = self.mapped_length
        if not self.open:
            return 0
        self.open = False
        open_mappings -= 1
        if mapping != NULL:
            self.has_faulted = self.has_faulted or guard_has_faulted(self.slot)
            guard_return_slot(self.slot)
            self.slot = NULL
            self.mapping = NULL
            self.start = NULL
            with nogil:
                munmap(mapping, size)
        return 0

    def __dealloc__(self):
        self.unmap()

    def __getbuffer__(self, Py_buffer *view, int flags):
        global live_exports
        if self.is_closed:
            raise ValueError("the part is closed: map it again")
        PyBuffer_FillInfo(view, self, <void *> self.start, self.length, 1, flags)
        self.exports += 1
        live_exports += 1

    def __releasebuffer__(self, Py_buffer *view):
        global live_exports
        self.exports -= 1
        live_exports -= 1
        if self.is_closed and self.exports == 0:
            self.unmap()

    def close(self):
        self.is_closed = True
        if self.exports == 0:
            self.unmap()

    @property
    def closed(self):
        return self.is_closed

    @property
    def faulted(self):
        return self.has_faulted or (self.slot != NULL and guard_has_faulted(self.slot))

    def __len__(self):
        return self.length

    def __enter__(self):
        if self.is_closed:
            raise ValueError("the part is closed: map it again")
        return self

    def __exit__(self, *_):
        self.close()
