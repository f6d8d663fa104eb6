/* CRC-32 (zlib's) and CRC-64/XZ: kernels, constants and combination.
 *
 * Both are reflected CRCs with all-ones init and xor-out, so one body of code serves both and a `crc_family` holds
 * what differs. Buffers, arguments and the GIL belong to crc.pxi.
 *
 * The maths. A residue is a polynomial of degree < W modulo P, kept "top aligned": the coefficient of x^i is bit 63-i,
 * so a CRC register r of width W is the residue r << (64-W). Two such words multiplied without carries give a 128-bit
 * product that stands for a*b*x (reflection costs one place). A 16-byte block loaded little endian stands for
 * low*x^64 + high. Carrying it over the next D bits therefore means
 *
 *     block * x^D  ==  low * x^(D+64) + high * x^D                       (mod P)
 *                  ==  clmul(low, x^(D+63) mod P) ^ clmul(high, x^(D-1) mod P)
 *
 * All constants are computed from P when the module is loaded (about 20 microseconds).
 */
#ifndef VODFAST_CRC_KERNELS_H
#define VODFAST_CRC_KERNELS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if (defined(__x86_64__) || defined(__i386__)) && (defined(__GNUC__) || defined(__clang__))
#define CRC_X86 1
#include <immintrin.h>
#else
#define CRC_X86 0
#endif

/* Distances a block can be carried over, in bits; the enum names the index of each. */
enum { OVER_128, OVER_256, OVER_384, OVER_512, OVER_1024, OVER_2048, OVER_4096, FOLD_COUNT };
static const unsigned crc_fold_bits[FOLD_COUNT] = {128, 256, 384, 512, 1024, 2048, 4096};

typedef struct {
    unsigned width;            /* W */
    uint64_t polynomial;       /* P without x^W, reflected, in the low W bits */
    uint64_t ones;             /* init and xor-out */
    uint64_t table[8][256];    /* register after byte b and k more zero bytes, for slicing by 8 */
    uint64_t fold[FOLD_COUNT][2];
    uint64_t byte_powers[64];  /* x^(8 * 2^k) mod P, for combining */
} crc_family;

typedef uint64_t (*crc_kernel)(const crc_family *, uint64_t, const uint8_t *, size_t);

static crc_family crc32_family = {.width = 32, .polynomial = 0xEDB88320u, .ones = 0xFFFFFFFFu};
static crc_family crc64_family = {
    .width = 64, .polynomial = UINT64_C(0xC96C5795D7870F42), .ones = UINT64_C(0xFFFFFFFFFFFFFFFF)};

/* ---- arithmetic of residues ---- */

static uint64_t crc_multiply(const crc_family *family, uint64_t a, uint64_t b) {
    const uint64_t polynomial = family->polynomial << (64 - family->width);
    const uint64_t top = UINT64_C(1) << (64 - family->width); /* coefficient of x^(W-1) */
    uint64_t product = 0;
    for (; a; a <<= 1) {
        product ^= b & (0 - (a >> 63));
        b = ((b & ~top) >> 1) ^ (polynomial & (0 - ((b & top) != 0)));
    }
    return product;
}

static uint64_t crc_power_of_x(const crc_family *family, unsigned exponent) {
    uint64_t result = UINT64_C(1) << 63, square = UINT64_C(1) << 62;
    for (; exponent; exponent >>= 1) {
        if (exponent & 1) result = crc_multiply(family, result, square);
        square = crc_multiply(family, square, square);
    }
    return result;
}

/* CRC of A then B from both CRCs: A's is carried over B's bytes; init and xor-out cancel. At most 63 products. */
static uint64_t crc_combine(const crc_family *family, uint64_t first, uint64_t second, uint64_t second_length) {
    const unsigned shift = 64 - family->width;
    uint64_t residue = first << shift;
    for (unsigned k = 0; second_length; k++, second_length >>= 1) {
        if (second_length & 1) residue = crc_multiply(family, residue, family->byte_powers[k]);
    }
    return (residue >> shift) ^ second;
}

static void crc_prepare(crc_family *family) {
    for (unsigned byte = 0; byte < 256; byte++) {
        uint64_t reg = byte;
        for (int bit = 0; bit < 8; bit++) reg = (reg >> 1) ^ (family->polynomial & (0 - (reg & 1)));
        family->table[0][byte] = reg;
    }
    for (unsigned k = 1; k < 8; k++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            const uint64_t reg = family->table[k - 1][byte];
            family->table[k][byte] = (reg >> 8) ^ family->table[0][reg & 0xFF];
        }
    }
    for (unsigned i = 0; i < FOLD_COUNT; i++) {
        family->fold[i][0] = crc_power_of_x(family, crc_fold_bits[i] + 63);
        family->fold[i][1] = crc_power_of_x(family, crc_fold_bits[i] - 1);
    }
    family->byte_powers[0] = crc_power_of_x(family, 8);
    for (unsigned k = 1; k < 64; k++) {
        family->byte_powers[k] = crc_multiply(family, family->byte_powers[k - 1], family->byte_powers[k - 1]);
    }
}

/* ---- portable: slicing by 8; the other kernels finish with it ---- */

static uint64_t crc_portable(const crc_family *family, uint64_t reg, const uint8_t *data, size_t length) {
    const uint64_t(*table)[256] = family->table;
    for (; length >= 8; data += 8, length -= 8) {
        uint64_t word;
        memcpy(&word, data, 8);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        word = __builtin_bswap64(word);
#endif
        word ^= reg;
        reg = table[7][word & 0xFF] ^ table[6][(word >> 8) & 0xFF] ^ table[5][(word >> 16) & 0xFF] ^
              table[4][(word >> 24) & 0xFF] ^ table[3][(word >> 32) & 0xFF] ^ table[2][(word >> 40) & 0xFF] ^
              table[1][(word >> 48) & 0xFF] ^ table[0][word >> 56];
    }
    for (; length; data++, length--) reg = (reg >> 8) ^ table[0][(reg ^ *data) & 0xFF];
    return reg;
}

#if CRC_X86

/* Unrolled early, so that the lanes live in registers and never in memory. */
#if defined(__clang__)
#define CRC_UNROLL _Pragma("unroll")
#else
#define CRC_UNROLL _Pragma("GCC unroll 8")
#endif
#define CRC_INLINE static inline __attribute__((always_inline))
#define CRC_WITH_128 __attribute__((target("sse4.1,pclmul")))
#define CRC_WITH_512 __attribute__((target("avx2,avx512f,avx512vl,sse4.1,pclmul,vpclmulqdq")))

/* ---- 128-bit carry-less multiplication ---- */

CRC_INLINE CRC_WITH_128 __m128i crc_load128(const void *from) { return _mm_loadu_si128((const __m128i *)from); }

CRC_INLINE CRC_WITH_128 __m128i crc_carry128(__m128i block, __m128i powers, __m128i onto) {
    const __m128i low = _mm_clmulepi64_si128(block, powers, 0x00);
    const __m128i high = _mm_clmulepi64_si128(block, powers, 0x11);
    return _mm_xor_si128(_mm_xor_si128(low, high), onto);
}

/* `block` stands for everything before `data`: take in what is left, then reduce 128 bits to the register. */
CRC_INLINE CRC_WITH_128 uint64_t crc_finish128(const crc_family *family, __m128i block, const uint8_t *data,
                                               size_t length) {
    const __m128i over128 = crc_load128(family->fold[OVER_128]);
    for (; length >= 16; data += 16, length -= 16) block = crc_carry128(block, over128, crc_load128(data));
    uint8_t last[16];
    _mm_storeu_si128((__m128i *)last, block);
    return crc_portable(family, crc_portable(family, 0, last, 16), data, length);
}

static CRC_WITH_128 uint64_t crc_pclmulqdq(const crc_family *family, uint64_t reg, const uint8_t *data,
                                           size_t length) {
    if (length < 32) return crc_portable(family, reg, data, length);
    const __m128i seed = _mm_set_epi64x(0, (long long)reg);
    if (length < 128) {
        return crc_finish128(family, _mm_xor_si128(crc_load128(data), seed), data + 16, length - 16);
    }
    const __m128i over128 = crc_load128(family->fold[OVER_128]);
    const __m128i over256 = crc_load128(family->fold[OVER_256]);
    const __m128i over512 = crc_load128(family->fold[OVER_512]);
    const __m128i over1024 = crc_load128(family->fold[OVER_1024]);
    __m128i lane[8];
    CRC_UNROLL
    for (int i = 0; i < 8; i++) lane[i] = crc_load128(data + 16 * i);
    lane[0] = _mm_xor_si128(lane[0], seed);
    for (data += 128, length -= 128; length >= 128; data += 128, length -= 128) {
        CRC_UNROLL
        for (int i = 0; i < 8; i++) lane[i] = crc_carry128(lane[i], over1024, crc_load128(data + 16 * i));
    }
    CRC_UNROLL
    for (int i = 0; i < 4; i++) lane[i] = crc_carry128(lane[i], over512, lane[i + 4]);
    CRC_UNROLL
    for (int i = 0; i < 2; i++) lane[i] = crc_carry128(lane[i], over256, lane[i + 2]);
    return crc_finish128(family, crc_carry128(lane[0], over128, lane[1]), data, length);
}

/* ---- 512-bit carry-less multiplication: four 128-bit blocks a register ---- */

CRC_INLINE CRC_WITH_512 __m512i crc_load512(const void *from) { return _mm512_loadu_si512(from); }

CRC_INLINE CRC_WITH_512 __m512i crc_powers512(const crc_family *family, int over) {
    return _mm512_broadcast_i32x4(crc_load128(family->fold[over]));
}

CRC_INLINE CRC_WITH_512 __m512i crc_carry512(__m512i blocks, __m512i powers, __m512i onto) {
    const __m512i low = _mm512_clmulepi64_epi128(blocks, powers, 0x00);
    const __m512i high = _mm512_clmulepi64_epi128(blocks, powers, 0x11);
    return _mm512_ternarylogic_epi64(high, low, onto, 0x96); /* three-way xor */
}

static CRC_WITH_512 uint64_t crc_vpclmulqdq(const crc_family *family, uint64_t reg, const uint8_t *data,
                                            size_t length) {
    if (length < 64) return crc_pclmulqdq(family, reg, data, length);
    const __m512i seed = _mm512_zextsi128_si512(_mm_set_epi64x(0, (long long)reg));
    const __m512i over512 = crc_powers512(family, OVER_512);
    __m512i blocks = _mm512_xor_si512(crc_load512(data), seed);
    if (length >= 512) {
        const __m512i over1024 = crc_powers512(family, OVER_1024);
        const __m512i over2048 = crc_powers512(family, OVER_2048);
        const __m512i over4096 = crc_powers512(family, OVER_4096);
        __m512i lane[8];
        lane[0] = blocks;
        CRC_UNROLL
        for (int i = 1; i < 8; i++) lane[i] = crc_load512(data + 64 * i);
        for (data += 512, length -= 512; length >= 512; data += 512, length -= 512) {
            CRC_UNROLL
            for (int i = 0; i < 8; i++) lane[i] = crc_carry512(lane[i], over4096, crc_load512(data + 64 * i));
        }
        CRC_UNROLL
        for (int i = 0; i < 4; i++) lane[i] = crc_carry512(lane[i], over2048, lane[i + 4]);
        CRC_UNROLL
        for (int i = 0; i < 2; i++) lane[i] = crc_carry512(lane[i], over1024, lane[i + 2]);
        blocks = crc_carry512(lane[0], over512, lane[1]);
    } else {
        data += 64;
        length -= 64;
    }
    for (; length >= 64; data += 64, length -= 64) blocks = crc_carry512(blocks, over512, crc_load512(data));
    __m128i block = _mm512_extracti32x4_epi32(blocks, 3);
    block = crc_carry128(_mm512_extracti32x4_epi32(blocks, 2), crc_load128(family->fold[OVER_128]), block);
    block = crc_carry128(_mm512_extracti32x4_epi32(blocks, 1), crc_load128(family->fold[OVER_256]), block);
    block = crc_carry128(_mm512_castsi512_si128(blocks), crc_load128(family->fold[OVER_384]), block);
    return crc_finish128(family, block, data, length);
}

#endif

/* ---- choice: best first, only what this processor and system can run ---- */

typedef struct {
    const char *name;
    crc_kernel run;
} crc_choice;

static crc_choice crc_choices[3];
static size_t crc_choice_count;
static crc_kernel crc_active = crc_portable;

static void crc_load(void) {
    crc_prepare(&crc32_family);
    crc_prepare(&crc64_family);
    crc_choice_count = 0;
#if CRC_X86
    __builtin_cpu_init();
    if (__builtin_cpu_supports("sse4.1") && __builtin_cpu_supports("pclmul")) {
        if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("avx512f") &&
            __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("vpclmulqdq")) {
            crc_choices[crc_choice_count++] = (crc_choice){"vpclmulqdq", crc_vpclmulqdq};
        }
        crc_choices[crc_choice_count++] = (crc_choice){"pclmulqdq", crc_pclmulqdq};
    }
#endif
    crc_choices[crc_choice_count++] = (crc_choice){"portable", crc_portable};
    crc_active = crc_choices[0].run;
}

#endif
