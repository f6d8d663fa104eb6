# Hands out a part slice by slice, with the checksum of exactly what was handed out and little of it resident.

# Pages behind the reader are given back in steps of at least this many bytes: one system call each.
cdef enum:
    GIVE_BACK_STEP = 1 << 19


@cython.final
@cython.no_gc_clear  # clearing the Py_buffer would forget the export instead of releasing it
cdef class _FlatView:
    """Any contiguous buffer as read-only bytes, whatever its item format; holds the source while views of it live."""

    cdef Py_buffer shown         # what it holds the cycle collector sees,
    cdef object owner            # but only in a class that has an object as well
    cdef Py_buffer *source       # `shown`, or one that is hidden from the collector
    cdef bint held

    def __cinit__(self, data):
        self.source = &self.shown
        if not isinstance(data, memoryview):
            self.owner = data
        else:
            # Were it cleared by the collector while its buffer is held here, CPython 3.11 would crash at the release.
            self.source = <Py_buffer *> PyMem_Malloc(sizeof(Py_buffer))
            if self.source == NULL:
                raise MemoryError
        PyObject_GetBuffer(data, self.source, PyBUF_SIMPLE)
        self.held = True

    def __dealloc__(self):
        if self.held:
            PyBuffer_Release(self.source)
        if self.source != &self.shown:
            PyMem_Free(self.source)

    def __getbuffer__(self, Py_buffer *view, int flags):
        PyBuffer_FillInfo(view, self, self.source.buf, self.source.len, 1, flags)


cdef MappedPart part_behind(object data):
    """The mapped part that `data` is or shows, None for other memory."""
    if isinstance(data, memoryview):
        data = data.obj
    return data if isinstance(data, MappedPart) else None


@cython.final
cdef class PartReader:
    cdef readonly Py_ssize_t length, sent
    cdef readonly uint64_t crc
    cdef object view             # read-only memoryview of everything, None once closed
    cdef MappedPart part         # None for other memory and once closed
    cdef const uint8_t *start
    cdef const crc_family *family
    cdef Py_ssize_t given_back   # pages before this offset were given back
    cdef bint gives_back, is_busy, has_faulted, counted

    def __cinit__(self, data, digest=None, *, bint keep_pages=False):
        global open_readers
        if digest is not None:
            self.family = family_of(digest)
        cdef _FlatView flat = _FlatView(data)
        self.part = part_behind(data)
        self.view = PyMemoryView_FromObject(flat)
        self.start = <const uint8_t *> flat.source.buf
        self.length = flat.source.len
        self.gives_back = self.part is not None and not keep_pages
        self.counted = True
        open_readers += 1

    def __dealloc__(self):
        self.count_out()

    cdef void count_out(self) noexcept:
        global open_readers
        if self.counted:
            self.counted = False
            open_readers -= 1

    cdef int check_usable(self) except -1:
        if self.view is None:
            raise ValueError("the reader is closed: open the part again")
        if self.is_busy:
            raise RuntimeError("the reader is in use by another thread: give each thread its own")
        return 0

    cdef void start_again(self) noexcept:
        self.sent = self.given_back = 0
        self.crc = 0

    cdef void pass_over(self, Py_ssize_t end) noexcept:
        """Moves `sent` to `end`: checksums what lies between and gives back the pages before, which are read again from
        the page cache should a slice of them still be in use. The caller keeps the memory alive.
        """
        cdef const uint8_t *first = self.start + self.sent
        cdef size_t length = end - self.sent
        cdef uintptr_t keep = 0, drop = 0
        cdef uint64_t crc = self.crc
        cdef const crc_family *family = self.family
        if self.gives_back and self.sent - self.given_back >= GIVE_BACK_STEP:
            drop = <uintptr_t> (self.start + self.given_back) & ~(guard_page - 1)
            keep = <uintptr_t> (self.start + self.sent) & ~(guard_page - 1)
            self.given_back = self.sent
        # A mapped part may wait for a disk, however short the slice.
        if drop or (family != NULL and (length >= WORTH_RELEASING or self.part is not None)):
            self.is_busy = True
            with nogil:
                if drop:
                    madvise(<void *> drop, keep - drop, MADV_DONTNEED)
                if family != NULL:
                    crc = crc_update(crc_active, family, crc, first, length)
            self.is_busy = False
        elif family != NULL:
            crc = crc_update(crc_active, family, crc, first, length)
        self.crc = crc
        self.sent = end

    cdef object hand_out(self, object limit):
        self.check_usable()
        cdef Py_ssize_t most = clipped_size(limit, NULL)
        if most < 0:
            raise ValueError(f"the limit of a read must not be negative: {limit}")
        cdef Py_ssize_t end = self.sent + min(most, self.length - self.sent)
        piece = PySequence_GetSlice(self.view, self.sent, end)
        self.pass_over(end)
        return piece

    def read(self, limit):
        return self.hand_out(limit)

    def __call__(self, limit):
        return self.hand_out(limit)

    def rewind(self):
        self.check_usable()
        self.start_again()

    def seek(self, offset, origin=0):
        self.check_usable()
        if origin != 0:
            raise ValueError(f"a reader seeks from its start only (origin 0), not from origin {origin}")
        cdef Py_ssize_t target = <Py_ssize_t> whole_number(offset, self.length, "the offset to seek to")
        view = self.view  # keeps the memory while the GIL is away
        if target < self.sent:
            self.start_again()
        while self.sent < target:
            self.pass_over(self.sent + min(target - self.sent, GIVE_BACK_STEP))
        return 0

    def close(self):
        if self.view is None:
            return
        self.has_faulted = self.faulted
        self.view = None
        self.part = None
        self.count_out()

    @property
    def faulted(self):
        return self.has_faulted or (self.part is not None and self.part.faulted)

    @property
    def closed(self):
        return self.view is None

    def __enter__(self):
        self.check_usable()
        return self

    def __exit__(self, *_):
        self.close()
