/* Products of 16-bit integers by tiles of bytes (Intel's AMX): the same sums as packed.c makes without them, and so the same vectors, bit for bit.

   A number is 256 h + l, h a byte with sign and l one without, so a product is 65,536 h h' + 256 (h l' + l h') + l l'. Each of the four is summed
   in a tile of 32-bit integers. They are put together modulo 2^32, which is exact because the whole sum stays below 2^31 (see packed.c).
   Intel 64 and IA-32 Architectures Software Developer's Manual, volume 1, chapter 18 (Programming with Intel AMX). */

enum {
    TILE = 16, /* rows of a tile, and its columns of 32 bits */
    BYTES = 64 /* in a row of a tile: as many numbers of the depth are multiplied at a time */
};

/* Whether the processor has tiles and the system lets this process use them; threads made afterwards may too. */
static int tiles_here(void) {
#ifdef TILES_BY_HAND /* made by a test */
    return 1;
#else
    enum { AMX_TILE = 1 << 24, AMX_INT8 = 1 << 25, ASK_FOR = 0x1023 /* ARCH_REQ_XCOMP_PERM */, TILE_DATA = 18 };
    unsigned a, b, c, d;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(d & AMX_TILE) || !(d & AMX_INT8)) return 0;
    return !syscall(SYS_arch_prctl, ASK_FOR, TILE_DATA);
#endif
}

/* A thread's eight tiles, all of one shape. */
static void take_tiles(void) {
    static const struct {
        uint8_t palette, start, none[14];
        uint16_t bytes[16];
        uint8_t rows[16];
    } shape = {1, 0, {0}, {BYTES, BYTES, BYTES, BYTES, BYTES, BYTES, BYTES, BYTES}, {TILE, TILE, TILE, TILE, TILE, TILE, TILE, TILE}};
    _tile_loadconfig(&shape);
}

/* Sixteen numbers as bytes: of each BYTES numbers of a row first all h, then all l. */
static inline void store_bytes(int16_t *row, int at, __m256i numbers) {
    int8_t *to = (int8_t *)(row + at / BYTES * BYTES) + at % BYTES;
    _mm_storeu_si128((__m128i *)to, _mm256_cvtepi16_epi8(_mm256_srai_epi16(numbers, 8)));
    _mm_storeu_si128((__m128i *)(to + BYTES), _mm256_cvtepi16_epi8(numbers));
}

/* Panels of 32 columns from [depth / 2][32][2] numbers to [depth / 64][h, l][64 / 4][32][4] bytes, where they lie. */
static void panels_to_bytes(int16_t *panels, size_t depth, size_t width) {
    for (int16_t *some = panels; some < panels + depth * width; some += BYTES * PANEL) {
        int8_t bytes[2][BYTES / 4][PANEL][4];
        for (int at = 0; at < BYTES; at++)
            for (int column = 0; column < PANEL; column++) {
                const int16_t number = some[at / 2 * 2 * PANEL + column * 2 + at % 2];
                bytes[0][at / 4][column][at % 4] = (int8_t)(number >> 8);
                bytes[1][at / 4][column][at % 4] = (int8_t)number;
            }
        memcpy(some, bytes, sizeof bytes);
    }
}

/* Sixteen rows times a panel, both as bytes; `next` and `stride` as in packed.c. The rows past the last are computed and not read.
   A function of its own: a compiler is not told that loading a tile reads memory, and might write the rows later. */
APART void tile_products(const int16_t *a, const int16_t *b, size_t depth, const char *next, size_t stride, int32_t *sums) {
    int32_t parts[4][TILE][TILE] __attribute__((aligned(64)));
    for (int half = 0; half < 2; half++, sums += TILE) {
        const int8_t *columns = (const int8_t *)b + half * BYTES;
        _tile_zero(0); _tile_zero(1); _tile_zero(2); _tile_zero(3);
        for (size_t at = 0; at < depth; at += BYTES, columns += 2 * BYTES * PANEL, next += TILE * stride) {
            const int8_t *rows = (const int8_t *)(a + at);
            _tile_loadd(4, rows, 2 * depth); _tile_loadd(5, rows + BYTES, 2 * depth);
            _tile_loadd(6, columns, 2 * BYTES); _tile_loadd(7, columns + BYTES * PANEL, 2 * BYTES);
            _tile_dpbssd(0, 4, 6); _tile_dpbsud(1, 4, 7); _tile_dpbusd(2, 5, 6); _tile_dpbuud(3, 5, 7);
            for (size_t line = 0; line < TILE * stride; line += 64) _mm_prefetch(next + line, _MM_HINT_T1);
        }
        _tile_stored(0, parts[0], BYTES); _tile_stored(1, parts[1], BYTES); _tile_stored(2, parts[2], BYTES); _tile_stored(3, parts[3], BYTES);
        for (int row = 0; row < TILE; row++) {
            const __m512i mixed = _mm512_add_epi32(_mm512_load_si512(parts[1][row]), _mm512_load_si512(parts[2][row]));
            const __m512i ends = _mm512_add_epi32(_mm512_slli_epi32(_mm512_load_si512(parts[0][row]), 16), _mm512_load_si512(parts[3][row]));
            _mm512_store_si512(sums + row * PANEL, _mm512_add_epi32(_mm512_slli_epi32(mixed, 8), ends));
        }
    }
}
