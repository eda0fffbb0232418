/* The map circuit of a spiking self-organising map in hand-written C: the speed a compiled loop can reach.
 *
 * Circuit: n_u integrate-and-fire inputs (u), one inhibitory neuron (Inh_u) that makes them oscillate, and n_v map
 * neurons (v) with a fixed lateral profile K. u -> v learns by nearest-neighbour STDP with soft bounds:
 *     at a u spike  w -= A_minus * w      * (1 - 1/tau_minus)^(t - t_v)
 *     at a v spike  w += A_plus * exp(-w) * (1 - 1/tau_plus)^(t - t_u),     0 <= w <= w_max
 * After Rumbell, Denham and Wennekers, IEEE TNNLS 25(5):894-907, 2014. Weights and membranes are float32.
 *
 * Build:  gcc -O3 -march=native -ffast-math -std=c11 -o map_circuit map_circuit.c -lm
 * Use:    map_circuit PROBLEM [-r REPEATS] [-o RESULT]
 *         prints `cpu_seconds` once per repeat (each starts from w0 and zero state), then the spike counts.
 *
 * PROBLEM (native byte order):
 *   int32    n_u, n_v, n_presentations, steps_per_presentation, learn (0 or 1)
 *   float32  the fields of `Parameters`, in that order
 *   float32  currents[n_presentations][n_u], w0[n_u][n_v], K[n_v][n_v] (row = source, zero diagonal)
 * RESULT:
 *   int32    number of u spikes, Inh_u spikes, v spikes
 *   int32    (step, neuron) of every u spike, then every Inh_u spike, then every v spike
 *   float32  w[n_u][n_v]
 */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#ifdef __SSE__
#include <xmmintrin.h>
#endif

enum { LANES = 16, POPULATIONS = 3 }; /* arrays are padded to whole vectors; padding neurons stay below threshold */
enum { U, INH, V };

typedef struct {
    int32_t n_u, n_v, n_presentations, steps, learn;
} Sizes;

/* Times in ms. Each synapse type is two low-pass filters in a row: s (tau_r), then y (tau_f). */
typedef struct {
    float dt;
    float tau_u, theta_u, reset_u;
    float tau_h, theta_h, reset_h;
    float tau_v, theta_v, reset_v;
    float tau_r_e, tau_f_e, W_e; /* u -> Inh_u, excitatory */
    float tau_r_i, tau_f_i, W_i; /* u -> Inh_u, inhibitory */
    float tau_r_h, tau_f_h, W_h; /* Inh_u -> u */
    float tau_r_a, tau_f_a, g;   /* u -> v */
    float tau_r_l, tau_f_l;      /* v -> v */
    float A_plus, A_minus, tau_plus, tau_minus, w_max, pair_window;
} Parameters;

typedef struct {
    Sizes size;
    Parameters p;
    int pad_u, pad_v;              /* n_u, n_v rounded up to LANES */
    float *currents, *w0, *K;      /* (n_presentations, pad_u), (n_u, pad_v), (n_v, pad_v) */
    int window_steps;
    float *decay_plus, *decay_minus; /* power tables, A included; entry window_steps + 1 is 0 */
} Problem;

typedef struct {
    float *w, *m_u, *m_v, *s_a, *y_a, *s_l, *y_l;
    float *depress, *potentiate;   /* this step's STDP factor of each v neuron, of each u neuron */
    int32_t *last_u, *last_v;      /* step of the last spike */
} State;

typedef struct {
    int64_t count, capacity;
    int32_t *events;               /* (step, neuron) pairs; NULL: count only */
} Spikes;

typedef struct {
    float keep, rate;              /* exp(-dt/tau_r), 1 - exp(-dt/tau_f) */
} Filter;

static void fail(const char *message)
{
    fprintf(stderr, "map_circuit: %s\n", message);
    exit(1);
}

static void *allocate(size_t count, size_t item)
{
    size_t bytes = (count * item + 63) / 64 * 64;
    void *block = aligned_alloc(64, bytes ? bytes : 64);
    if (!block)
        fail("out of memory");
    return memset(block, 0, bytes);
}

static void record(Spikes *spikes, int32_t step, int32_t neuron)
{
    if (spikes->events) {
        if (spikes->count == spikes->capacity) {
            spikes->capacity *= 2;
            spikes->events = realloc(spikes->events, (size_t)spikes->capacity * 2 * sizeof(int32_t));
            if (!spikes->events)
                fail("out of memory for spikes");
        }
        spikes->events[2 * spikes->count] = step;
        spikes->events[2 * spikes->count + 1] = neuron;
    }
    spikes->count++;
}

static float keep(float dt, float tau) { return (float)exp(-(double)dt / tau); }
static float approach(float dt, float tau) { return (float)-expm1(-(double)dt / tau); }
static Filter filter(float dt, float tau_r, float tau_f) { return (Filter){keep(dt, tau_r), approach(dt, tau_f)}; }

static inline void advance(float *s, float *y, Filter f)
{
    *y += (*s - *y) * f.rate;
    *s *= f.keep;
}

/* Membranes of u; returns whether any neuron crossed the threshold. */
static inline int advance_u(float *restrict m, const float *restrict I, float y_h, float rate, float theta, int n)
{
    int hit = 0;
    for (int k = 0; k < n; k++) {
        m[k] += (I[k] - y_h - m[k]) * rate;
        hit |= m[k] > theta;
    }
    return hit;
}

/* Filters and membranes of v; returns whether any neuron crossed the threshold. */
static inline int advance_v(float *restrict m, float *restrict s_a, float *restrict y_a, float *restrict s_l,
                            float *restrict y_l, Filter a, Filter l, float rate, float theta, int n)
{
    int hit = 0;
    for (int j = 0; j < n; j++) {
        advance(&s_a[j], &y_a[j], a);
        advance(&s_l[j], &y_l[j], l);
        m[j] += (y_a[j] + y_l[j] - m[j]) * rate;
        hit |= m[j] > theta;
    }
    return hit;
}

/* STDP factor of each neuron at `step`, read from the power table; 0 beyond the window. */
static void look_up(float *restrict factor, const int32_t *restrict last, const float *restrict table, int32_t step,
                    int32_t window, int n)
{
    for (int j = 0; j < n; j++) {
        int32_t age = step - last[j];
        factor[j] = table[age <= window ? age : window + 1];
    }
}

static void drive(float *restrict s, const float *restrict w, float g, int n)
{
    for (int j = 0; j < n; j++)
        s[j] += g * w[j];
}

/* Drive and depression share one pass over the row. A_minus < 1 keeps w >= 0. */
static void drive_and_depress(float *restrict s, float *restrict w, const float *restrict depress, float g, int n)
{
    for (int j = 0; j < n; j++) {
        float old = w[j];
        s[j] += g * old;
        w[j] = old - old * depress[j];
    }
}

static void potentiate(float *restrict column, const float *restrict factor, float w_max, int stride, int n)
{
    for (int k = 0; k < n; k++) {
        float w = column[(size_t)k * stride];
        w += factor[k] * expf(-w);
        column[(size_t)k * stride] = w < w_max ? w : w_max;
    }
}

/* Spikes of u at `step`; returns how many. */
static int fire_u(const Problem *q, State *x, int32_t step, Spikes *spikes)
{
    const int learn = q->size.learn;
    int count = 0;
    if (learn)
        look_up(x->depress, x->last_v, q->decay_minus, step, q->window_steps, q->pad_v);
    for (int k = 0; k < q->size.n_u; k++) {
        if (x->m_u[k] <= q->p.theta_u)
            continue;
        float *w = x->w + (size_t)k * q->pad_v;
        x->m_u[k] = q->p.reset_u;
        x->last_u[k] = step;
        record(spikes, step, k);
        count++;
        if (learn)
            drive_and_depress(x->s_a, w, x->depress, q->p.g, q->pad_v);
        else
            drive(x->s_a, w, q->p.g, q->pad_v);
    }
    return count;
}

static void fire_v(const Problem *q, State *x, int32_t step, Spikes *spikes)
{
    if (q->size.learn)
        look_up(x->potentiate, x->last_u, q->decay_plus, step, q->window_steps, q->size.n_u);
    for (int j = 0; j < q->size.n_v; j++) {
        if (x->m_v[j] <= q->p.theta_v)
            continue;
        x->m_v[j] = q->p.reset_v;
        x->last_v[j] = step;
        record(spikes, step, j);
        drive(x->s_l, q->K + (size_t)j * q->pad_v, 1.0f, q->pad_v);
        if (q->size.learn)
            potentiate(x->w + j, x->potentiate, q->p.w_max, q->pad_v, q->size.n_u);
    }
}

static void simulate(const Problem *q, State *x, Spikes spikes[POPULATIONS])
{
    const Parameters p = q->p;
    const Filter e = filter(p.dt, p.tau_r_e, p.tau_f_e), i = filter(p.dt, p.tau_r_i, p.tau_f_i);
    const Filter h = filter(p.dt, p.tau_r_h, p.tau_f_h);
    const Filter a = filter(p.dt, p.tau_r_a, p.tau_f_a), l = filter(p.dt, p.tau_r_l, p.tau_f_l);
    const float rate_u = approach(p.dt, p.tau_u), rate_h = approach(p.dt, p.tau_h), rate_v = approach(p.dt, p.tau_v);
    float s_e = 0, y_e = 0, s_i = 0, y_i = 0, s_h = 0, y_h = 0, m_h = 0;
    int32_t step = 0;

    for (int presentation = 0; presentation < q->size.n_presentations; presentation++) {
        const float *I = q->currents + (size_t)presentation * q->pad_u;
        for (int local = 0; local < q->size.steps; local++, step++) {
            /* 1. filters of the oscillator */
            advance(&s_e, &y_e, e);
            advance(&s_i, &y_i, i);
            advance(&s_h, &y_h, h);
            /* 2. u: membranes, spikes, drive of v, depression */
            int count = 0;
            if (advance_u(x->m_u, I, y_h, rate_u, p.theta_u, q->pad_u))
                count = fire_u(q, x, step, &spikes[U]);
            /* 3. Inh_u */
            m_h += (y_e - y_i - m_h) * rate_h;
            s_e += p.W_e * count;
            s_i += p.W_i * count;
            if (m_h > p.theta_h) {
                m_h = p.reset_h;
                s_h += p.W_h;
                record(&spikes[INH], step, 0);
            }
            /* 4. v: filters, membranes, spikes, lateral drive, potentiation */
            if (advance_v(x->m_v, x->s_a, x->y_a, x->s_l, x->y_l, a, l, rate_v, p.theta_v, q->pad_v))
                fire_v(q, x, step, &spikes[V]);
        }
    }
}

static float *power_table(float A, float tau, float dt, int window)
{
    float *table = allocate((size_t)window + 2, sizeof(float));
    for (int age = 0; age <= window; age++)
        table[age] = (float)(A * pow(1.0 - 1.0 / tau, (double)age * dt));
    return table;
}

/* Reads rows of `n` floats into rows of `stride`, so that every row starts on a vector boundary. */
static float *read_rows(FILE *file, size_t rows, size_t n, size_t stride)
{
    float *block = allocate(rows * stride, sizeof(float));
    for (size_t row = 0; row < rows; row++)
        if (fread(block + row * stride, sizeof(float), n, file) != n)
            fail("the problem file is shorter than its header says");
    return block;
}

static Problem read_problem(const char *path)
{
    Problem q;
    FILE *file = fopen(path, "rb");
    if (!file)
        fail("cannot open the problem file");
    if (fread(&q.size, sizeof q.size, 1, file) != 1 || fread(&q.p, sizeof q.p, 1, file) != 1)
        fail("the problem file ends inside its header");
    if (q.size.n_u < 1 || q.size.n_v < 1 || q.size.n_presentations < 1 || q.size.steps < 1)
        fail("every size in the problem file must be at least 1");
    if (!(q.p.A_minus < 1.0f))
        fail("A_minus must be below 1");
    q.pad_u = (q.size.n_u + LANES - 1) / LANES * LANES;
    q.pad_v = (q.size.n_v + LANES - 1) / LANES * LANES;
    q.currents = read_rows(file, q.size.n_presentations, q.size.n_u, q.pad_u);
    q.w0 = read_rows(file, q.size.n_u, q.size.n_v, q.pad_v);
    q.K = read_rows(file, q.size.n_v, q.size.n_v, q.pad_v);
    fclose(file);
    q.window_steps = (int)lroundf(q.p.pair_window / q.p.dt);
    q.decay_plus = power_table(q.p.A_plus, q.p.tau_plus, q.p.dt, q.window_steps);
    q.decay_minus = power_table(q.p.A_minus, q.p.tau_minus, q.p.dt, q.window_steps);
    return q;
}

static State new_state(const Problem *q)
{
    State x;
    float **sheets[] = {&x.m_v, &x.s_a, &x.y_a, &x.s_l, &x.y_l, &x.depress};
    for (size_t k = 0; k < sizeof sheets / sizeof *sheets; k++)
        *sheets[k] = allocate(q->pad_v, sizeof(float));
    x.m_u = allocate(q->pad_u, sizeof(float));
    x.potentiate = allocate(q->pad_u, sizeof(float));
    x.w = allocate((size_t)q->size.n_u * q->pad_v, sizeof(float));
    x.last_u = allocate(q->pad_u, sizeof(int32_t));
    x.last_v = allocate(q->pad_v, sizeof(int32_t));
    return x;
}

static void reset(const Problem *q, State *x)
{
    float *sheets[] = {x->m_v, x->s_a, x->y_a, x->s_l, x->y_l};
    for (size_t k = 0; k < sizeof sheets / sizeof *sheets; k++)
        memset(sheets[k], 0, q->pad_v * sizeof(float));
    memset(x->m_u, 0, q->pad_u * sizeof(float));
    memcpy(x->w, q->w0, (size_t)q->size.n_u * q->pad_v * sizeof(float));
    for (int k = 0; k < q->pad_u; k++)
        x->last_u[k] = -q->window_steps - 1;
    for (int j = 0; j < q->pad_v; j++)
        x->last_v[j] = -q->window_steps - 1;
}

static void write_result(const char *path, const Problem *q, const State *x, const Spikes spikes[POPULATIONS])
{
    FILE *file = fopen(path, "wb");
    if (!file)
        fail("cannot open the result file for writing");
    for (int k = 0; k < POPULATIONS; k++)
        fwrite(&(int32_t){(int32_t)spikes[k].count}, sizeof(int32_t), 1, file);
    for (int k = 0; k < POPULATIONS; k++)
        fwrite(spikes[k].events, 2 * sizeof(int32_t), (size_t)spikes[k].count, file);
    for (int k = 0; k < q->size.n_u; k++)
        fwrite(x->w + (size_t)k * q->pad_v, sizeof(float), q->size.n_v, file);
    if (fclose(file))
        fail("writing the result file failed");
}

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec + 1e-9 * now.tv_nsec;
}

int main(int argc, char **argv)
{
    const char *result = NULL;
    int repeats = 1;
    if (argc < 2 || argc % 2)
        fail("usage: map_circuit PROBLEM [-r REPEATS] [-o RESULT]");
    for (int k = 2; k < argc; k += 2) {
        if (!strcmp(argv[k], "-r") && atoi(argv[k + 1]) >= 1)
            repeats = atoi(argv[k + 1]);
        else if (!strcmp(argv[k], "-o"))
            result = argv[k + 1];
        else
            fail("usage: map_circuit PROBLEM [-r REPEATS >= 1] [-o RESULT]");
    }
#ifdef __SSE__
    _mm_setcsr(_mm_getcsr() | 0x8040); /* flush denormals: silent filters decay towards 0 for ever */
#endif
    const Problem problem = read_problem(argv[1]);
    State state = new_state(&problem);
    Spikes spikes[POPULATIONS];
    for (int k = 0; k < POPULATIONS; k++)
        spikes[k] = (Spikes){0, 1 << 16, result ? allocate(1 << 16, 2 * sizeof(int32_t)) : NULL};
    for (int repeat = 0; repeat < repeats; repeat++) {
        for (int k = 0; k < POPULATIONS; k++)
            spikes[k].count = 0;
        reset(&problem, &state);
        double start = cpu_seconds();
        simulate(&problem, &state, spikes);
        printf("cpu_seconds %.9f\n", cpu_seconds() - start);
    }
    printf("spikes %lld %lld %lld\n", (long long)spikes[U].count, (long long)spikes[INH].count,
           (long long)spikes[V].count);
    if (result)
        write_result(result, &problem, &state, spikes);
    return 0;
}
