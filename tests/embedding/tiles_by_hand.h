/* Tiles in plain C for processors without: eight of 16 rows of 64 bytes. What an instruction does is in Intel's manual, volume 2, under its name. */
#include <immintrin.h>
#include <stdint.h>
#include <string.h>

static _Thread_local uint8_t tiles[8][16][64];

#define TILES_BY_HAND
#undef _tile_loadconfig
#undef _tile_release
#undef _tile_zero
#undef _tile_loadd
#undef _tile_stored
#undef _tile_dpbssd
#undef _tile_dpbsud
#undef _tile_dpbusd
#undef _tile_dpbuud
#define _tile_loadconfig(shape) (void)(shape)
#define _tile_release() (void)0
#define _tile_zero(tile) memset(tiles[tile], 0, sizeof tiles[tile])
#define _tile_loadd(tile, from, stride) \
    for (size_t row = 0; row < 16; row++) memcpy(tiles[tile][row], (const char *)(from) + row * (stride), 64)
#define _tile_stored(tile, to, stride) \
    for (size_t row = 0; row < 16; row++) memcpy((char *)(to) + row * (stride), tiles[tile][row], 64)

/* Four products of bytes are added to each sum. */
#define PRODUCTS_OF_BYTES(name, left_type, right_type)                                                       \
    static void name(int to, int left, int right) {                                                          \
        for (int row = 0; row < 16; row++)                                                                   \
            for (int at = 0; at < 64; at++)                                                                  \
                for (int column = 0; column < 16; column++) {                                                \
                    uint32_t *sum = (uint32_t *)tiles[to][row] + column;                                     \
                    const int a = (left_type)tiles[left][row][at];                                           \
                    const int b = (right_type)tiles[right][at / 4][column * 4 + at % 4];                     \
                    *sum += (uint32_t)(a * b);                                                               \
                }                                                                                            \
    }
PRODUCTS_OF_BYTES(_tile_dpbssd, int8_t, int8_t)
PRODUCTS_OF_BYTES(_tile_dpbsud, int8_t, uint8_t)
PRODUCTS_OF_BYTES(_tile_dpbusd, uint8_t, int8_t)
PRODUCTS_OF_BYTES(_tile_dpbuud, uint8_t, uint8_t)
