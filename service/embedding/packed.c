/* A BERT encoder for texts laid end to end: no token of padding is computed.

   Devlin et al. 2019 (the layers), Vaswani et al. 2017 (attention). Products of a layer are made of pairs of 16-bit integers and summed in 32
   bits (AVX-512 VNNI). The sums are exact: every row of numbers is scaled to a length of at most 32,700 and every column of weights to one of
   65,000, so that no sum reaches 2^31 (Cauchy and Schwarz). All else is float32. Every row is treated alike whatever the company of its text, so
   a text has the same vector, bit for bit, alone and in any batch.

   Where the processor has tiles of bytes (AMX) the same sums are made by them: packed_tiles.h.

   Several passes go side by side, one thread each; one pass alone is shared by some threads: its heads, columns, chunks and rows.
   Built where a compiler is there, called by packed.py; how a model's weights become panels is in packing.py. */
#define _GNU_SOURCE
#include <cpuid.h>
#include <immintrin.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Whether this processor multiplies 16-bit integers with AVX-512 (1), and has no AMX, by which OpenVINO may be faster (2).
   It stands before the pragma: nothing in it may need what that asks for. */
int packed_fit(void) {
    unsigned a, b, c, d;
    if (!__builtin_cpu_supports("avx512bw") || !__builtin_cpu_supports("avx512vnni")) return 0;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && d & (1u << 22) /* AMX-BF16 */ ? 1 : 2;
}

#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,fma,amx-tile,amx-int8")

#define INLINE static inline __attribute__((always_inline))
#define APART static __attribute__((noinline))

enum { LANES = 16, PANEL = 32, ROWS = 12, CHUNK = 384, SPINS = 4000, PAGE = 1 << 21 };
enum then { STORE, GELU, ADD };
#define LENGTH 32700.0f

#include "packed_tiles.h"

typedef struct {
    int32_t layers, hidden, heads, inner;
    float epsilon;
    int32_t first;    /* pool by the first token; else by the mean */
    int32_t most;     /* tokens of a pass, and so of a text */
    int32_t together; /* threads that share a pass, at most as many as there are */
} shape;

typedef struct {
    const int16_t *panels;      /* [width / 32][depth / 2][32][2], or as bytes for tiles */
    const float *scales, *bias; /* of each column */
    int depth, width, tiles;
} matrix;

typedef struct {
    matrix qkv; /* head by head: its queries, keys and values */
    matrix out;
    matrix *up, *down; /* a chunk of CHUNK inner columns each, the last may be narrower */
    const float *norm1, *norm2; /* a norm: its scales, then its shifts */
} layer;

/* Of a pass. */
typedef struct {
    float *stream, *context; /* tokens x hidden */
    int16_t *whole;          /* rows as integers, to be multiplied by their scales */
    float *scales;
} states;

/* Of a thread. */
typedef struct {
    float *qkv, *keys, *values, *scores; /* of one head */
    float *inner, *scales;               /* of one chunk */
    int16_t *whole;
} corner;

typedef struct {
    const int32_t *ids, *starts; /* tokens of all texts; where each text starts, and where the last ends */
    const int32_t *cuts;         /* the first text of each pass, and where the last ends */
    int passes;
    float *vectors;
} job;

typedef struct model {
    shape is;
    int threads, tiles, chunks, order, resting, over;
    layer *layers;
    void *weights;
    const float *words, *places, *norm;
    states *states;
    float *parts; /* chunks x tokens x hidden: what each chunk adds, where threads share a pass */
    corner *corners;
    pthread_t *team;
    pthread_mutex_t door;
    pthread_cond_t called, rested;
    job now;
    atomic_int next, arrived;
    atomic_uint meetings;
} model;

typedef struct {
    model *model;
    int rank, ranks;
} member;

/* ---- numbers */

INLINE __m512 exp2_of(__m512 x) {
    const __m512 whole = _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    const __m512 rest = _mm512_sub_ps(x, whole);
    __m512 sum = _mm512_set1_ps(1.333355814e-3f); /* ln(2)^k / k!, k = 5 ... 0 */
    sum = _mm512_fmadd_ps(sum, rest, _mm512_set1_ps(9.618129107e-3f));
    sum = _mm512_fmadd_ps(sum, rest, _mm512_set1_ps(5.550410866e-2f));
    sum = _mm512_fmadd_ps(sum, rest, _mm512_set1_ps(2.402265070e-1f));
    sum = _mm512_fmadd_ps(sum, rest, _mm512_set1_ps(6.931471806e-1f));
    sum = _mm512_fmadd_ps(sum, rest, _mm512_set1_ps(1.0f));
    return _mm512_scalef_ps(sum, whole);
}

/* x (1 + erf(x / sqrt 2)) / 2 with an error below 2e-6 up to |x| = 9 and of 1.5e-7 |x| beyond: between -5 and 5 erf(x / sqrt 2) / 2x is a polynomial of 2 (x / 5)^2 - 1, by least
   squares over Chebyshev nodes; no division, whose result the next product would wait for. */
INLINE __m512 gelu_of(__m512 x) {
    static const float by[] = {6.1503000e-4f, -1.6191668e-3f, 1.7100932e-3f,  -2.6734956e-3f, 6.4186808e-3f,  -1.1172601e-2f, 1.6400659e-2f,
                               -2.3266558e-2f, 3.1441994e-2f, -4.0442739e-2f, 5.1520575e-2f, -7.0296288e-2f, 1.41363785e-1f};
    const __m512 near = _mm512_min_ps(_mm512_max_ps(x, _mm512_set1_ps(-5.0f)), _mm512_set1_ps(5.0f));
    const __m512 u = _mm512_fmsub_ps(_mm512_mul_ps(near, near), _mm512_set1_ps(0.08f), _mm512_set1_ps(1.0f));
    __m512 sum = _mm512_set1_ps(by[0]);
#pragma GCC unroll 12
    for (int at = 1; at <= 12; at++) sum = _mm512_fmadd_ps(sum, u, _mm512_set1_ps(by[at]));
    return _mm512_mul_ps(x, _mm512_fmadd_ps(near, sum, _mm512_set1_ps(0.5f)));
}

/* Four sums side by side, so that none waits for the one before; widths divide by 4 x LANES. */
INLINE float squares_of(const float *row, int width) {
    __m512 one = _mm512_setzero_ps(), two = one, three = one, four = one;
    for (int at = 0; at < width; at += 4 * LANES) {
        const __m512 a = _mm512_loadu_ps(row + at), b = _mm512_loadu_ps(row + at + LANES);
        const __m512 c = _mm512_loadu_ps(row + at + 2 * LANES), d = _mm512_loadu_ps(row + at + 3 * LANES);
        one = _mm512_fmadd_ps(a, a, one), two = _mm512_fmadd_ps(b, b, two);
        three = _mm512_fmadd_ps(c, c, three), four = _mm512_fmadd_ps(d, d, four);
    }
    return _mm512_reduce_add_ps(_mm512_add_ps(_mm512_add_ps(one, two), _mm512_add_ps(three, four)));
}

INLINE float sum_of(const float *row, int width) {
    __m512 one = _mm512_setzero_ps(), two = one, three = one, four = one;
    for (int at = 0; at < width; at += 4 * LANES) {
        one = _mm512_add_ps(one, _mm512_loadu_ps(row + at)), two = _mm512_add_ps(two, _mm512_loadu_ps(row + at + LANES));
        three = _mm512_add_ps(three, _mm512_loadu_ps(row + at + 2 * LANES)), four = _mm512_add_ps(four, _mm512_loadu_ps(row + at + 3 * LANES));
    }
    return _mm512_reduce_add_ps(_mm512_add_ps(_mm512_add_ps(one, two), _mm512_add_ps(three, four)));
}

/* A row as integers of a length of LENGTH at most, as bytes for tiles; what they are to be multiplied by is returned. */
INLINE float whole_row(const float *row, int16_t *to, int width, int tiles) {
    const float length = sqrtf(squares_of(row, width)) + 1e-30f;
    const __m512 by = _mm512_set1_ps(LENGTH / length);
    for (int at = 0; at < width; at += LANES) {
        const __m256i numbers = _mm512_cvtsepi32_epi16(_mm512_cvtps_epi32(_mm512_mul_ps(_mm512_loadu_ps(row + at), by)));
        if (tiles) store_bytes(to, at, numbers);
        else _mm256_storeu_si256((__m256i *)(to + at), numbers);
    }
    return length / LENGTH;
}

/* ---- products */

/* Two numbers that lie side by side, in every lane. */
INLINE __m512i two_of(const int16_t *pair) {
    int32_t both;
    memcpy(&both, pair, sizeof both);
    return _mm512_set1_epi32(both);
}

/* Sums of up to ROWS rows stand in registers of their own while they are summed, and in memory afterwards: a compiler that sees what becomes of
   them keeps other things in registers and writes each sum to memory at every step. */
#define EACH(part) part(0) part(1) part(2) part(3) part(4) part(5) part(6) part(7) part(8) part(9) part(10) part(11)
#define COUNTS(part) part(1) part(2) part(3) part(4) part(5) part(6) part(7) part(8) part(9) part(10) part(11) part(12)

/* Some rows of integers times a panel of columns, whose pairs of numbers lie side by side. Meanwhile a part of the next panel is fetched, two lines
   a step, `stride` bytes on each time. */
INLINE void products(const int rows, const int16_t *a, const int16_t *b, size_t depth, const char *next, size_t stride, int32_t *sums) {
#define BEGIN(row) __m512i left##row = _mm512_setzero_si512(), right##row = left##row;
#define STEP(row)                                                         \
    if (rows > row) {                                                     \
        const __m512i given = two_of(row < 6 ? a + row * depth + at : lower + (row - 6) * depth + at); \
        left##row = _mm512_dpwssd_epi32(left##row, given, left);          \
        right##row = _mm512_dpwssd_epi32(right##row, given, right);       \
    }
#define END(row)                                                          \
    if (rows > row) {                                                     \
        _mm512_store_si512(sums + row * PANEL, left##row);                \
        _mm512_store_si512(sums + row * PANEL + LANES, right##row);       \
    }
    EACH(BEGIN)
    const int16_t *lower = a + 6 * depth; /* fewer multiples of the depth to keep in registers */
    for (size_t at = 0; at < depth; at += 2, b += 2 * PANEL) {
        const __m512i left = _mm512_loadu_si512(b), right = _mm512_loadu_si512(b + 2 * LANES);
        _mm_prefetch(next, _MM_HINT_T1), _mm_prefetch(next + 64, _MM_HINT_T1), next += stride;
        EACH(STEP)
    }
    EACH(END)
#undef BEGIN
#undef STEP
#undef END
}

#define PRODUCTS(rows)                                                                                                                \
    APART void products_##rows(const int16_t *a, const int16_t *b, size_t depth, const char *next, size_t stride, int32_t *sums) {    \
        products(rows, a, b, depth, next, stride, sums);                                                                              \
    }
COUNTS(PRODUCTS)
#define NAME(rows) products_##rows,
static void (*const products_of[])(const int16_t *, const int16_t *, size_t, const char *, size_t, int32_t *) = {0, COUNTS(NAME)};
#undef NAME

/* Columns of a matrix, all of them or every step-th panel. */
typedef struct {
    int from, to, step;
} columns;

/* Rows of integers times some columns of m, the first of which goes to `to`. */
INLINE void multiply(const int16_t *all, const float *scales, int tokens, const matrix *m, columns some, const enum then then, float *to,
                     size_t to_step) {
    int32_t sums[TILE * PANEL] __attribute__((aligned(64)));
    const int most = m->tiles ? TILE : ROWS, blocks = (tokens + most - 1) / most;
    const size_t stride = 4 * PANEL / blocks; /* each block of rows fetches its share of the next panel */
    for (int column = some.from; column < some.to; column += some.step) {
        const int16_t *panel = m->panels + (size_t)column * m->depth;
        const char *next = (const char *)(panel + (size_t)some.step * m->depth);
        for (int block = 0; block < blocks; block++, next += stride * (m->depth / 2)) {
            const int from = tokens * block / blocks, rows = tokens * (block + 1) / blocks - from;
            (m->tiles ? tile_products : products_of[rows])(all + (size_t)from * m->depth, panel, m->depth, next, stride, sums);
            for (int row = 0; row < rows; row++)
                for (int at = 0; at < PANEL; at += LANES) {
                    float *place = to + (from + row) * to_step + column - some.from + at;
                    const __m512 sum = _mm512_cvtepi32_ps(_mm512_load_si512(sums + row * PANEL + at));
                    const __m512 by = _mm512_mul_ps(_mm512_set1_ps(scales[from + row]), _mm512_loadu_ps(m->scales + column + at));
                    const __m512 x = _mm512_fmadd_ps(sum, by, _mm512_loadu_ps(m->bias + column + at));
                    _mm512_storeu_ps(place, then == ADD ? _mm512_add_ps(_mm512_loadu_ps(place), x) : then == GELU ? gelu_of(x) : x);
                }
        }
    }
}

/* ---- the parts of a layer */

static void norm(const model *m, const float *scales, float *row) {
    const int hidden = m->is.hidden;
    const __m512 mean = _mm512_set1_ps(sum_of(row, hidden) / (float)hidden);
    for (int at = 0; at < hidden; at += LANES) _mm512_storeu_ps(row + at, _mm512_sub_ps(_mm512_loadu_ps(row + at), mean));
    const __m512 by = _mm512_set1_ps(1.0f / sqrtf(squares_of(row, hidden) / (float)hidden + m->is.epsilon));
    for (int at = 0; at < hidden; at += LANES) {
        const __m512 off = _mm512_mul_ps(_mm512_loadu_ps(row + at), by);
        _mm512_storeu_ps(row + at, _mm512_fmadd_ps(off, _mm512_loadu_ps(scales + at), _mm512_loadu_ps(scales + hidden + at)));
    }
}

static void whole_rows(const member *me, const states *s, int tokens) {
    const size_t hidden = (size_t)me->model->is.hidden;
    for (int token = me->rank; token < tokens; token += me->ranks)
        s->scales[token] = whole_row(s->context + token * hidden, s->whole + token * hidden, (int)hidden, me->model->tiles);
}

/* Add the parts to the stream one after the other, and norm it. */
static void norms(const member *me, const float *scales, const states *s, int tokens, int parts) {
    const size_t hidden = (size_t)me->model->is.hidden;
    for (int token = me->rank; token < tokens; token += me->ranks) {
        float *row = s->stream + token * hidden;
        for (int part = 0; part < parts; part++) {
            const float *more = me->model->parts + ((size_t)part * tokens + token) * hidden;
            for (size_t at = 0; at < hidden; at++) row[at] += more[at];
        }
        norm(me->model, scales, row);
        s->scales[token] = whole_row(row, s->whole + token * hidden, (int)hidden, me->model->tiles);
    }
}

static void embed(const member *me, const states *s, const int32_t *ids, const int32_t *starts, int texts) {
    const model *m = me->model;
    const size_t hidden = (size_t)m->is.hidden;
    for (int text = 0; text < texts; text++)
        for (int token = starts[text]; token < starts[text + 1]; token++) {
            if ((token - starts[0]) % me->ranks != me->rank) continue;
            float *row = s->stream + (size_t)(token - starts[0]) * hidden;
            const float *word = m->words + (size_t)ids[token] * hidden, *place = m->places + (size_t)(token - starts[text]) * hidden;
            for (size_t at = 0; at < hidden; at++) row[at] = word[at] + place[at];
        }
    norms(me, m->norm, s, starts[texts] - starts[0], 0);
}

/* Some rows of numbers times 32 columns of `depth` rows, each multiplied by its row's number. */
INLINE void float_products(const int rows, const float *a, size_t a_step, const float *b, size_t b_step, int depth, const float *by, float *to,
                           size_t to_step) {
#define BEGIN(row) __m512 left##row = _mm512_setzero_ps(), right##row = left##row;
#define STEP(row)                                                         \
    if (rows > row) {                                                     \
        const __m512 given = _mm512_set1_ps(a[row * a_step + at]);        \
        left##row = _mm512_fmadd_ps(given, left, left##row);              \
        right##row = _mm512_fmadd_ps(given, right, right##row);           \
    }
#define END(row)                                                                                          \
    if (rows > row) {                                                                                     \
        _mm512_storeu_ps(to + row * to_step, _mm512_mul_ps(left##row, _mm512_set1_ps(by[row])));          \
        _mm512_storeu_ps(to + row * to_step + LANES, _mm512_mul_ps(right##row, _mm512_set1_ps(by[row]))); \
    }
    EACH(BEGIN)
    for (int at = 0; at < depth; at++) {
        const __m512 left = _mm512_loadu_ps(b + at * b_step), right = _mm512_loadu_ps(b + at * b_step + LANES);
        EACH(STEP)
    }
    EACH(END)
#undef BEGIN
#undef STEP
#undef END
}

#define FLOAT_PRODUCTS(rows)                                                                                                                  \
    APART void float_products_##rows(const float *a, size_t a_step, const float *b, size_t b_step, int depth, const float *by, float *to, \
                                            size_t to_step) {                                                                                \
        float_products(rows, a, a_step, b, b_step, depth, by, to, to_step);                                                                  \
    }
COUNTS(FLOAT_PRODUCTS)
#define NAME(rows) float_products_##rows,
static void (*const float_products_of[])(const float *, size_t, const float *, size_t, int, const float *, float *, size_t) = {0, COUNTS(NAME)};
#undef NAME

/* Keys as 32 columns a chunk, past the last token that token again; values close together. */
static void lay_out(const corner *c, const float *keys, const float *values, int width, int step, int length, int wide) {
    const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    for (int column = 0; column < wide; column += LANES) {
        const __m512i token = _mm512_min_epi32(_mm512_add_epi32(_mm512_set1_epi32(column), lanes), _mm512_set1_epi32(length - 1));
        const __m512i at = _mm512_mullo_epi32(token, _mm512_set1_epi32(step));
        float *to = c->keys + (size_t)(column / 32) * 32 * width + column % 32;
        for (int depth = 0; depth < width; depth++) _mm512_storeu_ps(to + depth * 32, _mm512_i32gather_ps(at, keys + depth, 4));
    }
    for (int token = 0; token < length; token++) memcpy(c->values + (size_t)token * width, values + (size_t)token * step, width * sizeof(float));
}

/* Scores to shares of one, not yet divided by their sum; the factor to divide by is returned. */
INLINE float shares_of(float *scores, int length, int wide) {
    __m512 most = _mm512_set1_ps(-INFINITY), sum = _mm512_setzero_ps();
    for (int at = 0; at < wide; at += LANES) most = _mm512_max_ps(most, _mm512_loadu_ps(scores + at)); /* past the end is the last again */
    const __m512 top = _mm512_set1_ps(_mm512_reduce_max_ps(most));
    for (int at = 0; at < wide; at += LANES) {
        const int left = length - at;
        const __mmask16 there = left >= LANES ? 0xffff : left > 0 ? (__mmask16)((1 << left) - 1) : 0;
        const __m512 share = _mm512_maskz_mov_ps(there, exp2_of(_mm512_sub_ps(_mm512_loadu_ps(scores + at), top)));
        sum = _mm512_add_ps(sum, share);
        _mm512_storeu_ps(scores + at, share);
    }
    return 1.0f / _mm512_reduce_add_ps(sum);
}

/* One head of one text. */
static void attend(const model *m, const corner *c, const float *qkv, float *context, int length) {
    const int hidden = m->is.hidden, width = hidden / m->is.heads, step = 3 * width, wide = (length + 31) / 32 * 32;
    lay_out(c, qkv + width, qkv + 2 * width, width, step, length, wide);
    const int blocks = (length + ROWS - 1) / ROWS;
    for (int block = 0; block < blocks; block++) {
        const int from = length * block / blocks, rows = length * (block + 1) / blocks - from;
        float by[ROWS];
        for (int row = 0; row < rows; row++) by[row] = 1.44269504f / sqrtf((float)width);
        for (int column = 0; column < wide; column += 32)
            float_products_of[rows](qkv + (size_t)from * step, step, c->keys + (size_t)column * width, 32, width, by, c->scores + column, wide);
        for (int row = 0; row < rows; row++) by[row] = shares_of(c->scores + row * wide, length, wide);
        for (int column = 0; column < width; column += 32)
            float_products_of[rows](c->scores, wide, c->values + column, width, length, by, context + (size_t)from * hidden + column, hidden);
    }
}

/* This member's heads. */
static void attention(const member *me, const layer *l, const states *s, const corner *c, const int32_t *starts, int texts) {
    const model *m = me->model;
    const int hidden = m->is.hidden, width = hidden / m->is.heads, step = 3 * width, tokens = starts[texts] - starts[0];
    for (int head = me->rank; head < m->is.heads; head += me->ranks) {
        const columns its = {head * step, (head + 1) * step, PANEL};
        multiply(s->whole, s->scales, tokens, &l->qkv, its, STORE, c->qkv, step);
        for (int text = 0; text < texts; text++) {
            const size_t start = (size_t)(starts[text] - starts[0]);
            attend(m, c, c->qkv + start * step, s->context + start * hidden + (size_t)head * width, starts[text + 1] - starts[text]);
        }
    }
}

/* This member's chunks of the inner columns: added to the stream, or, where others work on the same rows, left for norms to add. */
static void feed_forward(const member *me, const layer *l, const states *s, const corner *c, int tokens) {
    const model *m = me->model;
    const int hidden = m->is.hidden;
    for (int chunk = me->rank; chunk < m->chunks; chunk += me->ranks) {
        const int width = l->up[chunk].width;
        multiply(s->whole, s->scales, tokens, &l->up[chunk], (columns){0, width, PANEL}, GELU, c->inner, width);
        for (int token = 0; token < tokens; token++)
            c->scales[token] = whole_row(c->inner + (size_t)token * width, c->whole + (size_t)token * width, width, m->tiles);
        const columns all = {0, hidden, PANEL};
        if (me->ranks == 1) multiply(c->whole, c->scales, tokens, &l->down[chunk], all, ADD, s->stream, hidden);
        else multiply(c->whole, c->scales, tokens, &l->down[chunk], all, STORE, m->parts + (size_t)chunk * tokens * hidden, hidden);
    }
}

static void pool(const model *m, const float *stream, int length, float *to) {
    const int hidden = m->is.hidden, rows = m->is.first ? 1 : length;
    double square = 0;
    for (int at = 0; at < hidden; at++) {
        float sum = 0;
        for (int row = 0; row < rows; row++) sum += stream[(size_t)row * hidden + at];
        to[at] = sum / (float)rows;
        square += (double)to[at] * to[at];
    }
    const float by = (float)(1.0 / sqrt(square > 1e-24 ? square : 1e-24));
    for (int at = 0; at < hidden; at++) to[at] *= by;
}

/* ---- passes and threads */

/* Wait for the other members of a pass. */
static void meet(const member *me) {
    if (me->ranks == 1) return;
    model *m = me->model;
    const unsigned before = atomic_load(&m->meetings);
    if (atomic_fetch_add(&m->arrived, 1) == me->ranks - 1) {
        atomic_store(&m->arrived, 0);
        atomic_fetch_add(&m->meetings, 1);
    } else
        for (int spin = 0; atomic_load(&m->meetings) == before; spin++)
            if (spin < SPINS) _mm_pause();
            else sched_yield();
}

static void run(const member *me, const states *s, const corner *c, int pass) {
    const model *m = me->model;
    const job *now = &m->now;
    const int hidden = m->is.hidden, from = now->cuts[pass], texts = now->cuts[pass + 1] - from;
    const int32_t *starts = now->starts + from;
    const int tokens = starts[texts] - starts[0], parts = me->ranks == 1 ? 0 : m->chunks;
    const columns mine = {me->rank * PANEL, hidden, me->ranks * PANEL};
    embed(me, s, now->ids, starts, texts);
    meet(me);
    for (int at = 0; at < m->is.layers; at++) {
        const layer *l = m->layers + at;
        attention(me, l, s, c, starts, texts);
        meet(me);
        whole_rows(me, s, tokens);
        meet(me);
        multiply(s->whole, s->scales, tokens, &l->out, mine, ADD, s->stream + mine.from, hidden);
        meet(me);
        norms(me, l->norm1, s, tokens, 0);
        meet(me);
        feed_forward(me, l, s, c, tokens);
        meet(me);
        norms(me, l->norm2, s, tokens, parts);
        meet(me);
    }
    for (int text = me->rank; text < texts; text += me->ranks)
        pool(m, s->stream + (size_t)(starts[text] - starts[0]) * hidden, starts[text + 1] - starts[text],
             now->vectors + (size_t)(from + text) * hidden);
}

static void take_part(model *m, int rank) {
    if (m->tiles) take_tiles();
    if (m->now.passes == 1) {
        const member together = {m, rank, m->is.together};
        if (rank < m->is.together) run(&together, m->states, m->corners + rank, 0);
    } else {
        const member alone = {m, 0, 1};
        for (int pass; (pass = atomic_fetch_add(&m->next, 1)) < m->now.passes;) run(&alone, m->states + rank, m->corners + rank, pass);
    }
    if (m->tiles) _tile_release(); /* or the system would keep them at every change of thread */
}

typedef struct {
    model *model;
    int rank;
} seat;

static void *work(void *given) {
    const seat mine = *(seat *)given;
    model *m = mine.model;
    free(given);
    for (int done = 0;;) {
        pthread_mutex_lock(&m->door);
        while (m->order == done && !m->over) pthread_cond_wait(&m->called, &m->door);
        const int over = m->over;
        done = m->order;
        pthread_mutex_unlock(&m->door);
        if (over) return 0;
        take_part(m, mine.rank);
        pthread_mutex_lock(&m->door);
        if (++m->resting == m->threads - 1) pthread_cond_signal(&m->rested);
        pthread_mutex_unlock(&m->door);
    }
}

/* ---- what Python calls */

static void *room(size_t bytes) {
    void *made = 0;
    return posix_memalign(&made, bytes >= PAGE ? PAGE : 64, bytes) ? 0 : made;
}

void packed_close(model *m) {
    pthread_mutex_lock(&m->door);
    m->over = 1;
    pthread_cond_broadcast(&m->called);
    pthread_mutex_unlock(&m->door);
    for (int rank = 1; rank < m->threads; rank++) pthread_join(m->team[rank], 0);
    for (int rank = 0; m->states && m->corners && rank < m->threads; rank++) {
        const states *s = m->states + rank;
        const corner *c = m->corners + rank;
        free(s->stream), free(s->context), free(s->whole), free(s->scales);
        free(c->qkv), free(c->keys), free(c->values), free(c->scores), free(c->inner), free(c->scales), free(c->whole);
    }
    if (m->layers) free(m->layers->up);
    free(m->states), free(m->corners), free(m->parts), free(m->team), free(m->layers), free(m->weights), free(m);
}

static int furnish(model *m) {
    /* tiles read on past the last row */
    const size_t most = (size_t)(m->is.most + TILE + 31) / 32 * 32, hidden = (size_t)m->is.hidden, width = hidden / m->is.heads;
    for (int rank = 0; rank < m->threads; rank++) {
        states *s = m->states + rank;
        corner *c = m->corners + rank;
        s->stream = room(most * hidden * 4), s->context = room(most * hidden * 4);
        s->whole = room(most * hidden * 2), s->scales = room(most * 4);
        c->qkv = room(most * 3 * width * 4), c->keys = room(most * width * 4), c->values = room(most * width * 4);
        c->scores = room(most * ROWS * 4);
        c->inner = room(most * CHUNK * 4), c->scales = room(most * 4), c->whole = room(most * CHUNK * 2);
        if (!s->stream || !s->context || !s->whole || !s->scales || !c->qkv || !c->keys || !c->values || !c->scores) return 0;
        if (!c->inner || !c->scales || !c->whole) return 0;
    }
    return m->is.together == 1 || (m->parts = room(m->chunks * most * hidden * 4));
}

static matrix part(int tiles, int16_t **panels, const float **numbers, int depth, int width) {
    const matrix made = {*panels, *numbers, *numbers + width, depth, width, tiles};
    if (tiles) panels_to_bytes(*panels, depth, width);
    *panels += (size_t)depth * width, *numbers += 2 * width;
    return made;
}

static const float *pair(const float **numbers, int width) {
    const float *made = *numbers;
    *numbers += 2 * width;
    return made;
}

static void place_layer(const model *m, layer *l, int16_t **w, const float **n) {
    const int hidden = m->is.hidden, tiles = m->tiles;
    l->qkv = part(tiles, w, n, hidden, 3 * hidden), l->out = part(tiles, w, n, hidden, hidden);
    for (int chunk = 0; chunk < m->chunks; chunk++) {
        const int left = m->is.inner - chunk * CHUNK, width = left < CHUNK ? left : CHUNK;
        l->up[chunk] = part(tiles, w, n, hidden, width), l->down[chunk] = part(tiles, w, n, width, hidden);
    }
    l->norm1 = pair(n, hidden), l->norm2 = pair(n, hidden);
}

/* Weights: of each layer qkv, out, and of each chunk up and down, as panels. Numbers: the embeddings' norm, then of each layer the columns'
   scales and biases of the same matrices, and two norms. Words and places stay the caller's and must outlive the model. 0 when memory lacks. */
model *packed_open(const shape *is, const int16_t *weights, const float *numbers, const float *words, const float *places, int threads) {
    const size_t hidden = (size_t)is->hidden, inner = (size_t)is->inner, chunks = (inner + CHUNK - 1) / CHUNK;
    const size_t panels = (4 * hidden * hidden + 2 * hidden * inner) * is->layers * sizeof *weights;
    const size_t rest = (2 * hidden + is->layers * ((12 + 2 * chunks) * hidden + 2 * inner)) * sizeof *numbers;
    model *m = calloc(1, sizeof *m);
    if (!m) return 0;
    m->is = *is, m->threads = 1, m->tiles = tiles_here(), m->chunks = (int)chunks, m->words = words, m->places = places;
    pthread_mutex_init(&m->door, 0), pthread_cond_init(&m->called, 0), pthread_cond_init(&m->rested, 0);
    m->states = calloc(threads, sizeof *m->states), m->corners = calloc(threads, sizeof *m->corners);
    m->team = calloc(threads, sizeof *m->team);
    m->layers = calloc(is->layers, sizeof *m->layers), m->weights = room(panels + rest);
    matrix *chunked = calloc(2 * chunks * is->layers, sizeof *chunked);
    if (m->layers) m->layers->up = chunked;
    else free(chunked);
    if (!m->states || !m->corners || !m->team || !m->layers || !m->weights || !chunked) return packed_close(m), NULL;
    madvise(m->weights, panels + rest, MADV_HUGEPAGE); /* before it is filled; without it addresses take longer to look up */
    memcpy(m->weights, weights, panels), memcpy((char *)m->weights + panels, numbers, rest);
    int16_t *w = m->weights;
    const float *n = (float *)((char *)m->weights + panels);
    m->norm = pair(&n, is->hidden);
    for (int at = 0; at < is->layers; at++) {
        m->layers[at].up = chunked + 2 * chunks * at, m->layers[at].down = m->layers[at].up + chunks;
        place_layer(m, m->layers + at, &w, &n);
    }
    for (int rank = 1; rank < threads; rank++, m->threads++) {
        seat *mine = malloc(sizeof *mine);
        if (!mine) return packed_close(m), NULL;
        *mine = (seat){m, rank};
        if (pthread_create(m->team + rank, 0, work, mine)) return free(mine), packed_close(m), NULL;
    }
    return furnish(m) ? m : (packed_close(m), NULL);
}

/* Vectors of unit length, float32[texts][hidden]. One call at a time. No text is empty or longer than `most`, nor is a pass. */
void packed_embed(model *m, const int32_t *ids, const int32_t *starts, const int32_t *cuts, int passes, float *vectors) {
    m->now = (job){ids, starts, cuts, passes, vectors};
    atomic_store(&m->next, 0);
    pthread_mutex_lock(&m->door);
    m->resting = 0, m->order++;
    if (m->threads > 1) pthread_cond_broadcast(&m->called);
    pthread_mutex_unlock(&m->door);
    take_part(m, 0);
    pthread_mutex_lock(&m->door);
    while (m->resting < m->threads - 1) pthread_cond_wait(&m->rested, &m->door);
    pthread_mutex_unlock(&m->door);
}
