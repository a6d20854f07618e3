/* Stacked recurrent layers, forward and back through time, on one processor core.

   native.py compiles this file for one network: CELL, LAYERS, UNITS, FEATURES and, as 0 or 1,
   EMBEDDED (inputs are word ids), HARD_SIGMOID and DROPOUT.

   Eight sequences, a block, go through all timesteps together: sums stay in registers, weights in
   the first cache. Until its first word every review is in the same state, so that a single row, the
   padding, computes it for all. Sequences come sorted by their first word; a block begins at that of
   its first sequence, in the padding's state. On the way back it adds the gradient of that state to
   the padding's. Without an embedding every block begins at timestep 0.

   Arrays are float32 and C-contiguous. Weights are Keras's, the gates' columns side by side. The
   formulas are those of models/recurrent_numpy.py and models/learning_numpy.py. */

#include <string.h>

#define SIMPLE_RNN 0
#define LSTM 1
#define GRU 2

enum { ROWS = 8 };
#if CELL == SIMPLE_RNN
enum { GATES = 1, STATES = 1, SAVED = 1 }; /* saved: h */
#elif CELL == LSTM
enum { GATES = 4, STATES = 2, SAVED = 6 }; /* saved: h, c, and the gates i, f, k, o */
#else
enum { GATES = 3, STATES = 1, SAVED = 5 }; /* saved: h, the gates z, r, k, and U h of gate k */
#endif
enum {
    SUMS = GATES * UNITS,
    WIDEST = FEATURES > UNITS ? FEATURES : UNITS,
    COPIES = DROPOUT ? GATES : 1, /* with dropout each gate reads inputs of its own */
};

/* --- vectors */

#ifdef __AVX512F__
enum { WIDTH = 16 };
#else
enum { WIDTH = 8 };
#endif
typedef float vec __attribute__((vector_size(4 * WIDTH)));
typedef int mask __attribute__((vector_size(4 * WIDTH)));

#define INLINE static inline __attribute__((always_inline))

INLINE vec load(const float *from) {
    vec v;
    memcpy(&v, from, sizeof v);
    return v;
}

INLINE void store(float *to, vec v) { memcpy(to, &v, sizeof v); }

INLINE vec select(mask where, vec yes, vec no) {
    mask a, b;
    memcpy(&a, &yes, sizeof a);
    memcpy(&b, &no, sizeof b);
    a = (a & where) | (b & ~where);
    memcpy(&yes, &a, sizeof a);
    return yes;
}

INLINE vec clip(vec x, float low, float high) {
    x = select(x < low, (vec){} + low, x);
    return select(x > high, (vec){} + high, x);
}

/* tanh x = m / (m + 2) for m = exp(2 x) - 1, which keeps its digits where x is small:
   2 x = n ln 2 + r, exp(r) - 1 by its series, |r| < 0.35 */
INLINE vec tanh_of(vec x) {
    vec y = clip(x + x, -20, 20);
    vec n = y * 1.44269504f + 12582912.0f; /* adding 1.5 * 2^23 rounds to a whole number */
    n = n - 12582912.0f;
    vec r = y - n * 0.693145752f - n * 1.42860677e-6f;
    vec p = r / 5040 + 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r * r + r;
    mask exponent = (__builtin_convertvector(n, mask) + 127) << 23;
    vec power;
    memcpy(&power, &exponent, sizeof power);
    vec m = power * p + (power - 1);
    return m / (m + 2);
}

#if HARD_SIGMOID
INLINE vec gate_of(vec x) { return clip(0.2f * x + 0.5f, 0, 1); }
INLINE vec slope_of(vec gate) { return select((gate > 0) & (gate < 1), (vec){} + 0.2f, (vec){}); }
#else
INLINE vec gate_of(vec x) { return 0.5f + 0.5f * tanh_of(0.5f * x); }
INLINE vec slope_of(vec gate) { return gate * (1 - gate); }
#endif

/* --- products; `wide` vectors of columns at a time */

/* out (rows, n) += in (rows, depth) m (depth, n); rows of `in` lie `stride` apart, and the columns
   of each gate read inputs `gate_stride` further on */
INLINE void product(const int rows, const int depth, const int n, const int wide, const float *in,
                    const int stride, const int gate_stride, const float *m, float *out) {
    for (int column = 0; column < n; column += wide * WIDTH) {
        const float *from = in + (column / UNITS) * gate_stride;
        vec sum[ROWS][2];
        for (int r = 0; r < rows; r++)
            for (int w = 0; w < wide; w++) sum[r][w] = load(out + r * n + column + w * WIDTH);
        for (int i = 0; i < depth; i++)
            for (int w = 0; w < wide; w++) {
                vec weights = load(m + i * n + column + w * WIDTH);
                for (int r = 0; r < rows; r++) sum[r][w] += from[r * stride + i] * weights;
            }
        for (int r = 0; r < rows; r++)
            for (int w = 0; w < wide; w++) store(out + r * n + column + w * WIDTH, sum[r][w]);
    }
}

/* m (depth, n) += in (rows, depth) transposed, times d (rows, n) */
INLINE void outer(const int rows, const int depth, const int n, const int wide, const float *in,
                  const int gate_stride, const float *d, float *m) {
    for (int column = 0; column < n; column += wide * WIDTH) {
        const float *from = in + (column / UNITS) * gate_stride;
        vec part[ROWS][2];
        for (int r = 0; r < rows; r++)
            for (int w = 0; w < wide; w++) part[r][w] = load(d + r * n + column + w * WIDTH);
        for (int i = 0; i < depth; i++)
            for (int w = 0; w < wide; w++) {
                float *to = m + i * n + column + w * WIDTH;
                vec sum = load(to);
                for (int r = 0; r < rows; r++) sum += from[r * depth + i] * part[r][w];
                store(to, sum);
            }
    }
}

INLINE void add(float *to, const float *from, const int count) {
    for (int j = 0; j < count; j += WIDTH) store(to + j, load(to + j) + load(from + j));
}

enum { WIDE = UNITS % (2 * WIDTH) ? 1 : 2, FEATURES_WIDE = FEATURES % (2 * WIDTH) ? 1 : 2 };

/* --- one timestep; arrays of a timestep are (SAVED, rows, UNITS), sums (rows, SUMS) */

/* a: sums of the inputs; b: sums of the state for a GRU, else they are in a */
INLINE void step(const int rows, const float *before, const float *a, const float *b, float *now) {
    const int size = rows * UNITS;
    for (int j = 0; j < size; j += WIDTH) {
        const int at = j / UNITS * SUMS + j % UNITS;
#if CELL == SIMPLE_RNN
        (void)before, (void)b;
        store(now + j, tanh_of(load(a + at)));
#elif CELL == LSTM
        (void)b;
        vec i = gate_of(load(a + at)), f = gate_of(load(a + at + UNITS));
        vec k = tanh_of(load(a + at + 2 * UNITS)), o = gate_of(load(a + at + 3 * UNITS));
        vec c = f * load(before + size + j) + i * k;
        vec saved[SAVED] = {o * tanh_of(c), c, i, f, k, o};
        for (int s = 0; s < SAVED; s++) store(now + s * size + j, saved[s]);
#else
        vec z = gate_of(load(a + at) + load(b + at));
        vec r = gate_of(load(a + at + UNITS) + load(b + at + UNITS));
        vec y = load(b + at + 2 * UNITS), k = tanh_of(load(a + at + 2 * UNITS) + r * y);
        vec saved[SAVED] = {z * load(before + j) + (1 - z) * k, z, r, k, y};
        for (int s = 0; s < SAVED; s++) store(now + s * size + j, saved[s]);
#endif
    }
}

/* d (STATES, rows, UNITS): gradient of the new state; becomes that of the state before, but for
   the part through the sums. da, db: gradients of the sums; db is for a GRU alone */
INLINE void step_back(const int rows, const float *before, const float *now, float *d, float *da,
                      float *db) {
    const int size = rows * UNITS;
    for (int j = 0; j < size; j += WIDTH) {
        const int at = j / UNITS * SUMS + j % UNITS;
        vec dh = load(d + j);
#if CELL == SIMPLE_RNN
        (void)before, (void)db;
        vec h = load(now + j);
        store(da + at, dh * (1 - h * h));
        store(d + j, (vec){});
#elif CELL == LSTM
        (void)db;
        vec c = load(now + size + j), i = load(now + 2 * size + j), f = load(now + 3 * size + j);
        vec k = load(now + 4 * size + j), o = load(now + 5 * size + j), q = tanh_of(c);
        vec dc = load(d + size + j) + dh * o * (1 - q * q);
        store(da + at, dc * k * slope_of(i));
        store(da + at + UNITS, dc * load(before + size + j) * slope_of(f));
        store(da + at + 2 * UNITS, dc * i * (1 - k * k));
        store(da + at + 3 * UNITS, dh * q * slope_of(o));
        store(d + j, (vec){});
        store(d + size + j, dc * f);
#else
        vec z = load(now + size + j), r = load(now + 2 * size + j), k = load(now + 3 * size + j);
        vec y = load(now + 4 * size + j), h = load(before + j);
        vec dk = dh * (1 - z) * (1 - k * k);
        vec dz = dh * (h - k) * slope_of(z), dr = dk * y * slope_of(r);
        store(da + at, dz), store(da + at + UNITS, dr), store(da + at + 2 * UNITS, dk);
        store(db + at, dz), store(db + at + UNITS, dr), store(db + at + 2 * UNITS, dk * r);
        store(d + j, dh * z);
#endif
    }
}

/* --- one layer through time */

/* Where a layer reads: sequences of the batch (lowest layer), or what the layer below saved. */
typedef struct {
    const int *ids[ROWS];     /* EMBEDDED: ids of each row, (timesteps); NULL for the padding */
    const float *source[ROWS]; /* else: each row's inputs, (timesteps, FEATURES) */
    const float *table;       /* EMBEDDED: word vectors, (words, FEATURES) */
    const float *below;       /* upper layers: saved arrays of the layer below; else NULL */
    const float *drop[ROWS], *drop_state[ROWS]; /* DROPOUT: (GATES, width) of each row */
} Inputs;

typedef struct {
    const float *kernel, *recurrent, *bias, *kernel_t, *recurrent_t; /* _t: transposed */
    float *d_kernel, *d_recurrent, *d_bias;
} Layer;

INLINE const float *word(const Inputs *in, int r, int t) {
    return in->table + (in->ids[r] ? (long)in->ids[r][t] : 0) * FEATURES;
}

/* The inputs of one timestep, (COPIES, rows, features). */
INLINE const float *read(const int rows, const int features, const Inputs *in, int t, float *copy) {
    if (in->below) return in->below + (long)(t + 1) * SAVED * rows * UNITS;
    for (int r = 0; r < rows; r++)
        memcpy(copy + r * features, EMBEDDED ? word(in, r, t) : in->source[r] + (long)t * features,
               sizeof(float) * features);
    return copy;
}

/* Inputs times the dropout masks of each gate, into (COPIES, rows, width). */
INLINE const float *dropped(const int rows, const int width, const float *x,
                            const float *const *drop, float *copies) {
    if (!DROPOUT) return x;
    for (int g = COPIES - 1; g >= 0; g--)
        for (int r = 0; r < rows; r++)
            for (int j = 0; j < width; j++)
                copies[(g * rows + r) * width + j] = x[r * width + j] * drop[r][g * width + j];
    return copies;
}

/* Timesteps begin to end - 1. `saved` has timesteps + 1 slots; slot t + 1 is written by step t,
   slot `begin` holds the state before the first one. */
INLINE void forward_layer(const int rows, const int features, int begin, int end, const Inputs *in,
                          const Layer *l, float *saved) {
    const int size = SAVED * rows * UNITS;
    float a[ROWS * SUMS], b[ROWS * SUMS], x[ROWS * WIDEST], copies[COPIES * ROWS * WIDEST];
    for (int t = begin; t < end; t++) {
        const float *before = saved + (long)t * size;
        for (int r = 0; r < rows; r++) memcpy(a + r * SUMS, l->bias, sizeof(float) * SUMS);
        if (CELL == GRU)
            for (int r = 0; r < rows; r++)
                memcpy(b + r * SUMS, l->bias + SUMS, sizeof(float) * SUMS);
        const float *inputs = read(rows, features, in, t, x);
        inputs = dropped(rows, features, inputs, in->drop, copies);
        product(rows, features, SUMS, WIDE, inputs, features, DROPOUT * rows * features, l->kernel,
                a);
        const float *state = dropped(rows, UNITS, before, in->drop_state, copies);
        product(rows, UNITS, SUMS, WIDE, state, UNITS, DROPOUT * rows * UNITS, l->recurrent,
                CELL == GRU ? b : a);
        step(rows, before, a, b, saved + (long)(t + 1) * size);
    }
}

/* out (rows, width) += d (rows, SUMS) times the transposed weights (SUMS, width), masked by gate */
INLINE void product_back(const int rows, const int width, const int wide, const float *d,
                         const float *weights_t, const float *const *drop, float *out) {
    if (!DROPOUT) {
        product(rows, SUMS, width, wide, d, SUMS, 0, weights_t, out);
        return;
    }
    for (int g = 0; g < GATES; g++) {
        float part[ROWS * WIDEST] = {0};
        product(rows, UNITS, width, wide, d + g * UNITS, SUMS, 0, weights_t + g * UNITS * width,
                part);
        for (int r = 0; r < rows; r++)
            for (int j = 0; j < width; j++)
                out[r * width + j] += part[r * width + j] * drop[r][g * width + j];
    }
}

/* The same timesteps back. d (STATES, rows, UNITS): gradient of the last state; becomes that of
   the first. above (timesteps, rows, UNITS): gradient of each output, or NULL. joined
   (timesteps + 1, STATES, UNITS): gradient of states from which blocks began, or NULL. d_below:
   gradient of the inputs for the layer below, like above, or NULL; d_table: of the word vectors. */
INLINE void backward_layer(const int rows, const int features, int begin, int end,
                           const Inputs *in, const Layer *l, const float *saved, float *d,
                           const float *above, const float *joined, float *d_below,
                           float *d_table) {
    const int size = SAVED * rows * UNITS;
    float a[ROWS * SUMS], b[ROWS * SUMS], x[ROWS * WIDEST], copies[COPIES * ROWS * WIDEST];
    float *da = a, *db = CELL == GRU ? b : a;
    for (int t = end - 1; t >= begin; t--) {
        const float *before = saved + (long)t * size;
        if (above) add(d, above + (long)t * rows * UNITS, rows * UNITS);
        if (joined) add(d, joined + (long)(t + 1) * STATES * UNITS, STATES * UNITS);
        step_back(rows, before, before + size, d, da, db);
        for (int r = 0; r < rows; r++) {
            add(l->d_bias, da + r * SUMS, SUMS);
            if (CELL == GRU) add(l->d_bias + SUMS, db + r * SUMS, SUMS);
        }
        product_back(rows, UNITS, WIDE, db, l->recurrent_t, in->drop_state, d);
        const float *state = dropped(rows, UNITS, before, in->drop_state, copies);
        outer(rows, UNITS, SUMS, WIDE, state, DROPOUT * rows * UNITS, db, l->d_recurrent);
        const float *inputs = read(rows, features, in, t, x);
        inputs = dropped(rows, features, inputs, in->drop, copies);
        outer(rows, features, SUMS, WIDE, inputs, DROPOUT * rows * features, da, l->d_kernel);
        if (in->below) {
            float *to = d_below + (long)t * rows * UNITS;
            memset(to, 0, sizeof(float) * rows * UNITS);
            product_back(rows, UNITS, WIDE, da, l->kernel_t, in->drop, to);
        } else if (EMBEDDED) {
            float dx[ROWS * WIDEST] = {0};
            product_back(rows, FEATURES, FEATURES_WIDE, da, l->kernel_t, in->drop, dx);
            for (int r = 0; r < rows; r++)
                add(d_table + (word(in, r, t) - in->table), dx + r * FEATURES, FEATURES);
        }
    }
}

/* --- the network, for the blocks from `first` to `last` - 1 */

/* ids or x: the batch, (sequences, timesteps[, FEATURES]); order: sequences sorted by their first
   word, filled up to whole blocks; begins: of each block; padding: saved arrays of the padding,
   (LAYERS, timesteps + 1, SAVED, UNITS); work: those of the blocks. */
typedef struct {
    int timesteps, sequences;
    const int *ids, *order, *begins;
    const float *x, *table, *drop, *drop_state;
    const float *weights[5 * LAYERS]; /* kernel, recurrent, bias, kernel_t, recurrent_t of each */
    float *padding, *work;
} Batch;

INLINE long block_size(const Batch *b) { return (b->timesteps + 1L) * SAVED * ROWS * UNITS; }
INLINE long padding_size(const Batch *b) { return (b->timesteps + 1L) * SAVED * UNITS; }

INLINE Layer layer(const Batch *b, int i, float *const *d) {
    const float *const *w = b->weights + 5 * i;
    Layer l = {w[0], w[1], w[2], w[3], w[4], 0, 0, 0};
    if (d) l.d_kernel = d[3 * i], l.d_recurrent = d[3 * i + 1], l.d_bias = d[3 * i + 2];
    return l;
}

INLINE Inputs inputs(const Batch *b, int block) {
    Inputs in = {.table = b->table};
    for (int r = 0; r < ROWS; r++) {
        const long row = b->order[block * ROWS + r];
        if (EMBEDDED) in.ids[r] = b->ids + row * b->timesteps;
        else in.source[r] = b->x + row * b->timesteps * FEATURES;
        if (DROPOUT) in.drop[r] = b->drop + row * GATES * FEATURES;
        if (DROPOUT) in.drop_state[r] = b->drop_state + row * GATES * UNITS;
    }
    return in;
}

/* Padding is that of word ids, and the same for all rows where no dropout tells them apart. */
enum { PADDED = EMBEDDED && !DROPOUT };

void forward_padding(const Batch *b, int end) {
    Inputs in = {.table = b->table};
    for (int i = 0; i < LAYERS; i++) {
        const Layer l = layer(b, i, 0);
        float *saved = b->padding + i * padding_size(b);
        memset(saved, 0, sizeof(float) * SAVED * UNITS); /* where every sequence begins */
        if (!PADDED) continue;
        if (i) in.below = saved - padding_size(b);
        if (i) forward_layer(1, UNITS, 0, end, &in, &l, saved);
        else forward_layer(1, FEATURES, 0, end, &in, &l, saved);
    }
}

/* outputs (sequences, UNITS). Blocks keep their arrays in `work` for the way back where `keep`. */
void forward(const Batch *b, int first, int last, int keep, float *outputs) {
    for (int block = first; block < last; block++) {
        Inputs in = inputs(b, block);
        const int begin = b->begins[block];
        float *saved = b->work + (keep ? block : first) * LAYERS * block_size(b);
        for (int i = 0; i < LAYERS; i++, saved += block_size(b)) {
            const Layer l = layer(b, i, 0);
            const float *from = b->padding + i * padding_size(b) + (long)begin * SAVED * UNITS;
            float *to = saved + (long)begin * SAVED * ROWS * UNITS;
            for (int s = 0; s < SAVED; s++)
                for (int r = 0; r < ROWS; r++)
                    memcpy(to + (s * ROWS + r) * UNITS, from + s * UNITS, sizeof(float) * UNITS);
            if (i) in.below = saved - block_size(b);
            if (i) forward_layer(ROWS, UNITS, begin, b->timesteps, &in, &l, saved);
            else forward_layer(ROWS, FEATURES, begin, b->timesteps, &in, &l, saved);
        }
        const float *h = saved - block_size(b) + (long)b->timesteps * SAVED * ROWS * UNITS;
        for (int r = 0; r < ROWS && block * ROWS + r < b->sequences; r++)
            memcpy(outputs + b->order[block * ROWS + r] * UNITS, h + r * UNITS,
                   sizeof(float) * UNITS);
    }
}

/* d_outputs (sequences, UNITS); d_weights: kernel, recurrent, bias of each layer; d_joined (LAYERS,
   timesteps + 1, STATES, UNITS); d_steps: room for (2, timesteps, ROWS, UNITS). Gradients are
   added to what the arrays hold. */
void backward(const Batch *b, int first, int last, const float *d_outputs, float *d_table,
              float *const *d_weights, float *d_joined, float *d_steps) {
    const long steps = (long)b->timesteps * ROWS * UNITS;
    for (int block = first; block < last; block++) {
        Inputs in = inputs(b, block);
        const int begin = b->begins[block];
        for (int i = LAYERS - 1; i >= 0; i--) {
            const Layer l = layer(b, i, d_weights);
            const float *saved = b->work + (block * LAYERS + i) * block_size(b);
            const float *above = i == LAYERS - 1 ? 0 : d_steps + (i + 1) % 2 * steps;
            float d[STATES * ROWS * UNITS] = {0};
            for (int r = 0; r < ROWS && block * ROWS + r < b->sequences && !above; r++)
                memcpy(d + r * UNITS, d_outputs + b->order[block * ROWS + r] * UNITS,
                       sizeof(float) * UNITS);
            in.below = i ? saved - block_size(b) : 0;
            if (i)
                backward_layer(ROWS, UNITS, begin, b->timesteps, &in, &l, saved, d, above, 0,
                               d_steps + i % 2 * steps, 0);
            else
                backward_layer(ROWS, FEATURES, begin, b->timesteps, &in, &l, saved, d, above, 0, 0,
                               d_table);
            float *joined = d_joined + (i * (b->timesteps + 1L) + begin) * STATES * UNITS;
            for (int s = 0; s < STATES; s++)
                for (int r = 0; r < ROWS; r++)
                    add(joined + s * UNITS, d + (s * ROWS + r) * UNITS, UNITS);
        }
    }
}

/* The padding's part of the gradients, after all blocks. */
void backward_padding(const Batch *b, int end, const float *d_joined, float *d_table,
                      float *const *d_weights, float *d_steps) {
    if (!PADDED) return;
    const long steps = (long)b->timesteps * UNITS;
    Inputs in = {.table = b->table};
    for (int i = LAYERS - 1; i >= 0; i--) {
        const Layer l = layer(b, i, d_weights);
        const float *saved = b->padding + i * padding_size(b);
        const float *joined = d_joined + i * (b->timesteps + 1L) * STATES * UNITS;
        const float *above = i == LAYERS - 1 ? 0 : d_steps + (i + 1) % 2 * steps;
        float d[STATES * UNITS] = {0};
        in.below = i ? saved - padding_size(b) : 0;
        if (i)
            backward_layer(1, UNITS, 0, end, &in, &l, saved, d, above, joined,
                           d_steps + i % 2 * steps, 0);
        else
            backward_layer(1, FEATURES, 0, end, &in, &l, saved, d, above, joined, 0, d_table);
    }
}
