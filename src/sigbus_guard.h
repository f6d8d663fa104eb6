/* Keeps a truncated file from killing the process.
 *
 * Touching a mapped page that no longer lies within its file raises SIGBUS. The guard, installed with the first
 * mapping, covers the rest of a registered mapping with zero pages, marks it as faulted and lets the access go on; any
 * other SIGBUS goes to whoever handled it before. Works in every thread, with or without the GIL.
 *
 * The registry is changed only under the GIL. The handler takes no lock: slots are never moved or freed, and one that
 * changes while it looks (odd or altered `turn`) cannot be the mapping being read, because readers keep theirs alive.
 */
#ifndef VODFAST_SIGBUS_GUARD_H
#define VODFAST_SIGBUS_GUARD_H

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define GUARD_SLOTS_A_CHUNK 128

typedef struct guard_slot {
    atomic_uint turn;
    atomic_uintptr_t start, end; /* page aligned, end exclusive; both 0 while free */
    atomic_int faulted;
    struct guard_slot *next_free;
} guard_slot;

typedef struct guard_chunk {
    guard_slot slots[GUARD_SLOTS_A_CHUNK];
    struct guard_chunk *next;
} guard_chunk;

static _Atomic(guard_chunk *) guard_chunks;
static guard_slot *guard_free_slots;
static _Atomic(struct sigaction *) guard_previous;
static uintptr_t guard_page; /* bytes, set by guard_install */
/* A handler must not allocate: glibc would, at a thread's first access, without initial-exec; musl refuses to load
 * that model in a module and needs no such care. */
#ifdef __GLIBC__
#define GUARD_TLS_MODEL __attribute__((tls_model("initial-exec")))
#else
#define GUARD_TLS_MODEL
#endif
static __thread volatile sig_atomic_t guard_passing GUARD_TLS_MODEL;

static int guard_cover(uintptr_t address) {
    for (guard_chunk *chunk = atomic_load(&guard_chunks); chunk; chunk = chunk->next) {
        for (size_t i = 0; i < GUARD_SLOTS_A_CHUNK; i++) {
            guard_slot *slot = &chunk->slots[i];
            const unsigned turn = atomic_load(&slot->turn);
            const uintptr_t start = atomic_load(&slot->start), end = atomic_load(&slot->end);
            if (address < start || address >= end || (turn & 1) || turn != atomic_load(&slot->turn)) continue;
            const uintptr_t page = address & ~(guard_page - 1);
            atomic_store(&slot->faulted, 1); /* before the zeros can be read */
            return mmap((void *)page, end - page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) !=
                   MAP_FAILED;
        }
    }
    return 0;
}

static void guard_pass_on(int number, siginfo_t *info, void *context) {
    const struct sigaction *previous = atomic_load(&guard_previous);
    const int is_fault = info->si_code > 0; /* made by the kernel for an access, not sent by kill() or raise() */
    const int has_siginfo = (previous->sa_flags & SA_SIGINFO) != 0;
    const int is_default = !has_siginfo && previous->sa_handler == SIG_DFL;
    const int is_ignored = !has_siginfo && previous->sa_handler == SIG_IGN;
    if (is_ignored && !is_fault) return;
    if (guard_passing || is_default || is_ignored) {
        /* A handler that came back to us (faulthandler raises again) has had its turn: the default action follows. */
        struct sigaction fallback;
        memset(&fallback, 0, sizeof fallback);
        fallback.sa_handler = SIG_DFL;
        sigaction(number, &fallback, NULL);
        if (!is_fault) raise(number); /* a fault repeats by itself when the access does */
        return;
    }
    guard_passing = 1;
    if (has_siginfo) {
        previous->sa_sigaction(number, info, context);
    } else {
        previous->sa_handler(number);
    }
    guard_passing = 0;
}

static void guard_on_signal(int number, siginfo_t *info, void *context) {
    const int saved = errno;
    if (info->si_code <= 0 || !guard_cover((uintptr_t)info->si_addr)) guard_pass_on(number, info, context);
    errno = saved;
}

/* Makes ours the first handler, now or again if another took its place. Returns 0 or -1 with errno. */
static int guard_install(void) {
    struct sigaction current;
    if (sigaction(SIGBUS, NULL, &current) != 0) return -1;
    if ((current.sa_flags & SA_SIGINFO) && current.sa_sigaction == guard_on_signal) return 0;
    struct sigaction *previous = malloc(sizeof *previous); /* never freed: a handler may be reading the old one */
    if (!previous) return -1;
    *previous = current;
    guard_page = (uintptr_t)sysconf(_SC_PAGESIZE);
    atomic_store(&guard_previous, previous);
    struct sigaction ours;
    memset(&ours, 0, sizeof ours);
    ours.sa_sigaction = guard_on_signal;
    /* NODEFER: a previous handler that raises the signal again must reach us while `guard_passing` is set. */
    ours.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    sigemptyset(&ours.sa_mask);
    return sigaction(SIGBUS, &ours, NULL);
}

static void guard_write(guard_slot *slot, uintptr_t start, uintptr_t end) {
    atomic_fetch_add(&slot->turn, 1);
    atomic_store(&slot->start, start);
    atomic_store(&slot->end, end);
    atomic_fetch_add(&slot->turn, 1);
}

/* A slot to protect a mapping with, or NULL when memory is short. */
static guard_slot *guard_take_slot(void) {
    if (!guard_free_slots) {
        guard_chunk *chunk = calloc(1, sizeof *chunk);
        if (!chunk) return NULL;
        for (size_t i = 0; i < GUARD_SLOTS_A_CHUNK; i++) {
            chunk->slots[i].next_free = guard_free_slots;
            guard_free_slots = &chunk->slots[i];
        }
        chunk->next = atomic_load(&guard_chunks);
        atomic_store(&guard_chunks, chunk);
    }
    guard_slot *slot = guard_free_slots;
    guard_free_slots = slot->next_free;
    atomic_store(&slot->faulted, 0);
    return slot;
}

static void guard_return_slot(guard_slot *slot) {
    guard_write(slot, 0, 0);
    slot->next_free = guard_free_slots;
    guard_free_slots = slot;
}

static int guard_has_faulted(guard_slot *slot) { return atomic_load(&slot->faulted); }

#endif
