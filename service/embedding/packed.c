/* A BERT encoder in bfloat16 for texts laid end to end: no token of padding is computed.

   Devlin et al. 2019 (the layers), Vaswani et al. 2017 (attention). Products are made of pairs of bfloat16 numbers and summed in float32
   (AVX-512 BF16); the residual stream, softmax, layer norms and pooling are float32. Every row is summed in the same order whatever the
   company of its text, so a text has the same vector, bit for bit, alone and in any batch.

   Several passes go side by side, one thread each; one pass alone is shared by up to TOGETHER threads, column by column.
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

/* Whether this processor multiplies bfloat16 with AVX-512 (1), and has no AMX, which OpenVINO uses and this does not (2).
   It stands before the pragma: nothing in it may need what that asks for. */
int packed_fit(void) {
    unsigned a, b, c, d;
    if (!__builtin_cpu_supports("avx512bw") || !__builtin_cpu_supports("avx512bf16")) return 0;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && d & (1u << 22) /* AMX-BF16 */ ? 1 : 2;
}

#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,fma")

enum { LANES = 16, PANEL = 64, ROWS = 6, TOGETHER = 4, SPINS = 4000, PAGE = 1 << 21 };
enum then { STORE, GELU, ADD };
typedef uint16_t bf16;
#define INLINE static inline __attribute__((always_inline))

typedef struct {
    int32_t layers, hidden, heads, inner;
    float epsilon;
    int32_t first; /* pool by the first token; else by the mean */
    int32_t most;  /* tokens of a pass, and so of a text */
} shape;

typedef struct {
    const bf16 *qkv, *out, *up, *down;
    const float *qkv_bias, *out_bias, *up_bias, *down_bias, *norm1, *norm2; /* a norm: its scales, then its shifts */
} layer;

typedef struct {
    float *stream; /* tokens x hidden */
    bf16 *rounded, *qkv, *context, *inner;
} states;

typedef struct {
    bf16 *keys, *values, *shares;
    float *scores;
} corner;

typedef struct {
    const int32_t *ids, *starts; /* tokens of all texts; where each text starts, and where the last ends */
    const int32_t *cuts;         /* the first text of each pass, and where the last ends */
    int passes;
    float *vectors;
} job;

typedef struct model {
    shape is;
    int threads, together, order, resting, over;
    layer *layers;
    void *weights;
    const float *words, *places, *norm;
    states *states;
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

/* x (1 + erf(x / sqrt 2)) / 2, erf by Abramowitz and Stegun 7.1.26 (error below 1.5e-7) */
INLINE __m512 gelu_of(__m512 x) {
    const __m512 one = _mm512_set1_ps(1.0f);
    const __m512 z = _mm512_mul_ps(_mm512_abs_ps(x), _mm512_set1_ps(0.70710678f));
    const __m512 t = _mm512_div_ps(one, _mm512_fmadd_ps(z, _mm512_set1_ps(0.3275911f), one));
    __m512 sum = _mm512_set1_ps(1.061405429f);
    sum = _mm512_fmadd_ps(sum, t, _mm512_set1_ps(-1.453152027f));
    sum = _mm512_fmadd_ps(sum, t, _mm512_set1_ps(1.421413741f));
    sum = _mm512_fmadd_ps(sum, t, _mm512_set1_ps(-0.284496736f));
    sum = _mm512_fmadd_ps(sum, t, _mm512_set1_ps(0.254829592f));
    const __m512 tail = exp2_of(_mm512_mul_ps(_mm512_mul_ps(z, z), _mm512_set1_ps(-1.44269504f)));
    const __m512 erf = _mm512_fnmadd_ps(_mm512_mul_ps(sum, t), tail, one);
    /* |x| erf(|x| / sqrt 2) = x erf(x / sqrt 2) */
    return _mm512_mul_ps(_mm512_set1_ps(0.5f), _mm512_fmadd_ps(_mm512_abs_ps(x), erf, x));
}

INLINE void store_rounded(bf16 *to, __m512 x) { _mm256_storeu_si256((__m256i *)to, (__m256i)_mm512_cvtneps_pbh(x)); }

/* ---- products */

/* sums[row][z] += the products of `pairs` pairs of numbers in each row of a with 16 z columns of b, whose pairs lie side by side */
INLINE void products(const int rows, const int zs, const bf16 *a, size_t a_step, const bf16 *b, size_t b_step, int pairs,
                     __m512 sums[ROWS][4]) {
    for (int pair = 0; pair < pairs; pair++) {
        __m512bh columns[4];
        for (int z = 0; z < zs; z++) columns[z] = (__m512bh)_mm512_loadu_si512(b + pair * b_step + z * 2 * LANES);
        for (int row = 0; row < rows; row++) {
            int32_t both;
            memcpy(&both, a + row * a_step + 2 * pair, sizeof both);
            const __m512bh given = (__m512bh)_mm512_set1_epi32(both);
            for (int z = 0; z < zs; z++) sums[row][z] = _mm512_dpbf16_ps(sums[row][z], given, columns[z]);
        }
    }
}

INLINE void block(const int rows, const bf16 *a, int depth, const bf16 *panel, const float *bias, int width, enum then then, float *stream,
                  bf16 *to) {
    __m512 sums[ROWS][4];
    for (int row = 0; row < rows; row++)
        for (int z = 0; z < 4; z++) sums[row][z] = _mm512_loadu_ps(bias + z * LANES);
    products(rows, 4, a, depth, panel, 2 * PANEL, depth / 2, sums);
    for (int row = 0; row < rows; row++)
        for (int z = 0; z < 4; z++) {
            const size_t place = (size_t)row * width + z * LANES;
            if (then == ADD) _mm512_storeu_ps(stream + place, _mm512_add_ps(_mm512_loadu_ps(stream + place), sums[row][z]));
            else store_rounded(to + place, then == GELU ? gelu_of(sums[row][z]) : sums[row][z]);
        }
}

/* a[tokens][depth] times this member's panels of weights[width / 64][depth / 2][64][2]; added to the stream, or rounded into `to` */
static void multiply(const member *me, const bf16 *a, int tokens, int depth, const bf16 *weights, const float *bias, int width,
                     enum then then, float *stream, bf16 *to) {
    for (int panel = me->rank; panel < width / PANEL; panel += me->ranks)
        for (int row = 0; row < tokens; row += ROWS) {
            const bf16 *b = weights + (size_t)panel * PANEL * depth, *rows = a + (size_t)row * depth;
            const size_t place = (size_t)row * width + panel * PANEL;
            switch (tokens - row) {
                case 1: block(1, rows, depth, b, bias + panel * PANEL, width, then, stream + place, to + place); break;
                case 2: block(2, rows, depth, b, bias + panel * PANEL, width, then, stream + place, to + place); break;
                case 3: block(3, rows, depth, b, bias + panel * PANEL, width, then, stream + place, to + place); break;
                case 4: block(4, rows, depth, b, bias + panel * PANEL, width, then, stream + place, to + place); break;
                case 5: block(5, rows, depth, b, bias + panel * PANEL, width, then, stream + place, to + place); break;
                default: block(ROWS, rows, depth, b, bias + panel * PANEL, width, then, stream + place, to + place);
            }
        }
}

/* ---- the parts of a layer */

static void norm(const model *m, const float *scales, float *row, bf16 *rounded) {
    const int hidden = m->is.hidden;
    __m512 sum = _mm512_setzero_ps(), squares = _mm512_setzero_ps();
    for (int at = 0; at < hidden; at += LANES) sum = _mm512_add_ps(sum, _mm512_loadu_ps(row + at));
    const __m512 mean = _mm512_set1_ps(_mm512_reduce_add_ps(sum) / (float)hidden);
    for (int at = 0; at < hidden; at += LANES) {
        const __m512 off = _mm512_sub_ps(_mm512_loadu_ps(row + at), mean);
        squares = _mm512_fmadd_ps(off, off, squares);
    }
    const __m512 by = _mm512_set1_ps(1.0f / sqrtf(_mm512_reduce_add_ps(squares) / (float)hidden + m->is.epsilon));
    for (int at = 0; at < hidden; at += LANES) {
        const __m512 off = _mm512_mul_ps(_mm512_sub_ps(_mm512_loadu_ps(row + at), mean), by);
        const __m512 x = _mm512_fmadd_ps(off, _mm512_loadu_ps(scales + at), _mm512_loadu_ps(scales + hidden + at));
        _mm512_storeu_ps(row + at, x);
        store_rounded(rounded + at, x);
    }
}

static void norms(const member *me, const float *scales, const states *s, int tokens) {
    const size_t hidden = (size_t)me->model->is.hidden;
    for (int token = me->rank; token < tokens; token += me->ranks)
        norm(me->model, scales, s->stream + token * hidden, s->rounded + token * hidden);
}

static void embed(const member *me, const states *s, const int32_t *ids, const int32_t *starts, int texts) {
    const model *m = me->model;
    const size_t hidden = (size_t)m->is.hidden;
    for (int text = 0; text < texts; text++)
        for (int token = starts[text] + me->rank; token < starts[text + 1]; token += me->ranks) {
            float *row = s->stream + (size_t)(token - starts[0]) * hidden;
            const float *word = m->words + (size_t)ids[token] * hidden, *place = m->places + (size_t)(token - starts[text]) * hidden;
            for (size_t at = 0; at < hidden; at++) row[at] = word[at] + place[at];
            norm(m, m->norm, row, s->rounded + (size_t)(token - starts[0]) * hidden);
        }
}

/* Keys as 32 columns a chunk and values as pairs of rows, as `products` reads them; past the last token that token again. */
static void lay_out(const corner *c, const bf16 *keys, const bf16 *values, int width, int step, int length, int wide) {
    int16_t low[32], high[32]; /* the first and last half of two rows, their numbers in turn */
    for (int i = 0; i < 32; i++) low[i] = (int16_t)(i / 2 + 32 * (i % 2)), high[i] = (int16_t)(low[i] + 16);
    const __m512i lows = _mm512_loadu_si512(low), highs = _mm512_loadu_si512(high);
    const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    for (int column = 0; column < wide; column += LANES) {
        const __m512i token = _mm512_min_epi32(_mm512_add_epi32(_mm512_set1_epi32(column), lanes), _mm512_set1_epi32(length - 1));
        const __m512i at = _mm512_mullo_epi32(token, _mm512_set1_epi32(step / 2));
        bf16 *to = c->keys + (size_t)(column / 32) * 32 * width + column % 32 * 2;
        for (int pair = 0; pair < width / 2; pair++) _mm512_storeu_si512(to + pair * 64, _mm512_i32gather_epi32(at, keys + 2 * pair, 4));
    }
    for (int token = 0; token < wide; token += 2)
        for (int column = 0; column < width; column += 32) {
            const int one = token < length ? token : length - 1, other = token + 1 < length ? token + 1 : length - 1;
            const __m512i upper = _mm512_loadu_si512(values + (size_t)one * step + column),
                          lower = _mm512_loadu_si512(values + (size_t)other * step + column);
            bf16 *to = c->values + (size_t)column * wide + (size_t)token * 32;
            _mm512_storeu_si512(to, _mm512_permutex2var_epi16(upper, lows, lower));
            _mm512_storeu_si512(to + 32, _mm512_permutex2var_epi16(upper, highs, lower));
        }
}

/* Scores to shares of one, not yet divided by their sum; the factor to divide by is returned. */
INLINE float shares_of(const float *scores, bf16 *shares, int length, int wide, float scale) {
    __m512 most = _mm512_set1_ps(-INFINITY), sum = _mm512_setzero_ps();
    for (int at = 0; at < wide; at += LANES) {
        const int left = length - at;
        const __mmask16 there = left >= LANES ? 0xffff : left > 0 ? (__mmask16)((1 << left) - 1) : 0;
        most = _mm512_mask_max_ps(most, there, most, _mm512_loadu_ps(scores + at));
    }
    const __m512 top = _mm512_set1_ps(_mm512_reduce_max_ps(most)), by = _mm512_set1_ps(scale);
    for (int at = 0; at < wide; at += LANES) {
        const int left = length - at;
        const __mmask16 there = left >= LANES ? 0xffff : left > 0 ? (__mmask16)((1 << left) - 1) : 0;
        const __m512 share = _mm512_maskz_mov_ps(there, exp2_of(_mm512_mul_ps(_mm512_sub_ps(_mm512_loadu_ps(scores + at), top), by)));
        sum = _mm512_add_ps(sum, share);
        store_rounded(shares + at, share);
    }
    return 1.0f / _mm512_reduce_add_ps(sum);
}

INLINE void attend_rows(const int rows, const corner *c, const bf16 *queries, bf16 *context, int width, int step, int hidden, int length,
                        int wide, float scale) {
    float by[ROWS];
    for (int column = 0; column < wide; column += 32) {
        __m512 sums[ROWS][4];
        for (int row = 0; row < rows; row++) sums[row][0] = sums[row][1] = _mm512_setzero_ps();
        products(rows, 2, queries, step, c->keys + (size_t)column * width, 64, width / 2, sums);
        for (int row = 0; row < rows; row++)
            for (int z = 0; z < 2; z++) _mm512_storeu_ps(c->scores + row * wide + column + z * LANES, sums[row][z]);
    }
    for (int row = 0; row < rows; row++) by[row] = shares_of(c->scores + row * wide, c->shares + row * wide, length, wide, scale);
    for (int column = 0; column < width; column += 32) {
        __m512 sums[ROWS][4];
        for (int row = 0; row < rows; row++) sums[row][0] = sums[row][1] = _mm512_setzero_ps();
        products(rows, 2, c->shares, wide, c->values + (size_t)column * wide, 64, (length + 1) / 2, sums);
        for (int row = 0; row < rows; row++)
            for (int z = 0; z < 2; z++)
                store_rounded(context + (size_t)row * hidden + column + z * LANES, _mm512_mul_ps(sums[row][z], _mm512_set1_ps(by[row])));
    }
}

static void attend(const model *m, const corner *c, const bf16 *qkv, bf16 *context, int head, int length) {
    const int hidden = m->is.hidden, width = hidden / m->is.heads, step = 3 * hidden, wide = (length + 31) / 32 * 32;
    const float scale = 1.44269504f / sqrtf((float)width);
    const bf16 *queries = qkv + (size_t)head * width;
    lay_out(c, queries + hidden, queries + 2 * hidden, width, step, length, wide);
    bf16 *to = context + (size_t)head * width;
    int row = 0;
    for (; row + ROWS <= length; row += ROWS)
        attend_rows(ROWS, c, queries + (size_t)row * step, to + (size_t)row * hidden, width, step, hidden, length, wide, scale);
    for (; row < length; row++)
        attend_rows(1, c, queries + (size_t)row * step, to + (size_t)row * hidden, width, step, hidden, length, wide, scale);
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
    const int hidden = m->is.hidden, inner = m->is.inner, from = now->cuts[pass], texts = now->cuts[pass + 1] - from;
    const int32_t *starts = now->starts + from;
    const int tokens = starts[texts] - starts[0];
    embed(me, s, now->ids, starts, texts);
    meet(me);
    for (int at = 0; at < m->is.layers; at++) {
        const layer *l = m->layers + at;
        multiply(me, s->rounded, tokens, hidden, l->qkv, l->qkv_bias, 3 * hidden, STORE, s->stream, s->qkv);
        meet(me);
        for (int item = me->rank; item < texts * m->is.heads; item += me->ranks) {
            const int text = item / m->is.heads, start = starts[text] - starts[0];
            attend(m, c, s->qkv + (size_t)start * 3 * hidden, s->context + (size_t)start * hidden, item % m->is.heads,
                   starts[text + 1] - starts[text]);
        }
        meet(me);
        multiply(me, s->context, tokens, hidden, l->out, l->out_bias, hidden, ADD, s->stream, s->context);
        meet(me);
        norms(me, l->norm1, s, tokens);
        meet(me);
        multiply(me, s->rounded, tokens, hidden, l->up, l->up_bias, inner, GELU, s->stream, s->inner);
        meet(me);
        multiply(me, s->inner, tokens, inner, l->down, l->down_bias, hidden, ADD, s->stream, s->context);
        meet(me);
        norms(me, l->norm2, s, tokens);
        meet(me);
    }
    for (int text = me->rank; text < texts; text += me->ranks)
        pool(m, s->stream + (size_t)(starts[text] - starts[0]) * hidden, starts[text + 1] - starts[text],
             now->vectors + (size_t)(from + text) * hidden);
}

static void take_part(model *m, int rank) {
    if (m->now.passes == 1) {
        const member together = {m, rank, m->together};
        if (rank < m->together) run(&together, m->states, m->corners + rank, 0);
        return;
    }
    const member alone = {m, 0, 1};
    for (int pass; (pass = atomic_fetch_add(&m->next, 1)) < m->now.passes;) run(&alone, m->states + rank, m->corners + rank, pass);
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
        free(s->stream), free(s->rounded), free(s->qkv), free(s->context), free(s->inner);
        free(c->keys), free(c->values), free(c->shares), free(c->scores);
    }
    free(m->states), free(m->corners), free(m->team), free(m->layers), free(m->weights), free(m);
}

static int furnish(model *m) {
    const size_t most = (size_t)(m->is.most + 31) / 32 * 32, hidden = (size_t)m->is.hidden, width = hidden / m->is.heads;
    for (int rank = 0; rank < m->threads; rank++) {
        states *s = m->states + rank;
        corner *c = m->corners + rank;
        s->stream = room(most * hidden * 4), s->rounded = room(most * hidden * 2), s->qkv = room(most * hidden * 6);
        s->context = room(most * hidden * 2), s->inner = room(most * m->is.inner * 2);
        c->keys = room(most * width * 2), c->values = room(most * width * 2);
        c->shares = room(most * ROWS * 2), c->scores = room(most * ROWS * 4);
        if (!s->stream || !s->rounded || !s->qkv || !s->context || !s->inner) return 0;
        if (!c->keys || !c->values || !c->shares || !c->scores) return 0;
    }
    return 1;
}

/* Weights: of each layer qkv, out, up, down as panels. Numbers: the embeddings' norm, then of each layer the four biases and two norms.
   Words and places stay the caller's and must outlive the model. 0 when memory lacks. */
model *packed_open(const shape *is, const bf16 *weights, const float *numbers, const float *words, const float *places, int threads) {
    const size_t hidden = (size_t)is->hidden, inner = (size_t)is->inner, one = 4 * hidden * hidden + 2 * hidden * inner;
    const size_t panels = one * is->layers * sizeof(bf16), biases = (2 * hidden + is->layers * (9 * hidden + inner)) * sizeof(float);
    model *m = calloc(1, sizeof *m);
    if (!m) return 0;
    m->is = *is, m->threads = 1, m->words = words, m->places = places;
    m->together = threads < TOGETHER ? threads : TOGETHER;
    pthread_mutex_init(&m->door, 0), pthread_cond_init(&m->called, 0), pthread_cond_init(&m->rested, 0);
    m->states = calloc(threads, sizeof *m->states), m->corners = calloc(threads, sizeof *m->corners);
    m->team = calloc(threads, sizeof *m->team);
    m->layers = calloc(is->layers, sizeof *m->layers), m->weights = room(panels + biases);
    if (!m->states || !m->corners || !m->team || !m->layers || !m->weights) return packed_close(m), NULL;
    madvise(m->weights, panels + biases, MADV_HUGEPAGE); /* before it is filled; without it addresses take longer to look up */
    memcpy(m->weights, weights, panels), memcpy((char *)m->weights + panels, numbers, biases);
    const bf16 *w = m->weights;
    const float *n = (float *)((char *)m->weights + panels);
    m->norm = n, n += 2 * hidden;
    for (int at = 0; at < is->layers; at++) {
        layer *l = m->layers + at;
        l->qkv = w, l->out = w + 3 * hidden * hidden, l->up = w + 4 * hidden * hidden, l->down = l->up + hidden * inner, w += one;
        l->qkv_bias = n, l->out_bias = n + 3 * hidden, l->up_bias = n + 4 * hidden, l->down_bias = l->up_bias + inner;
        l->norm1 = l->down_bias + hidden, l->norm2 = l->norm1 + 2 * hidden, n = l->norm2 + 2 * hidden;
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
