/* The standard network in hand-written C: the speed a compiled loop can reach.
 *
 * Poisson inputs drive leaky integrate-and-fire neurons with adaptive thresholds. Of the neurons at their threshold the
 * one furthest above it fires: it inhibits all others, and its weights grow by the traces of the inputs; an input that
 * fires loses weight by the traces of the neurons. Weights are normalised after each presentation. After Diehl & Cook,
 * Frontiers in Computational Neuroscience 9:99, 2015, in the simplified form of DiehlAndCook2015v2 of BindsNET.
 *
 * It does what tectum's time loop does, with the same random numbers (Philox4x32-10) and the same shortcuts: intervals
 * drawn in place of steps, eight rows of weights added in one pass, depression and normalisation only for neurons that
 * have fired. Float32; without contraction of products and sums it fires the same spikes.
 *
 * Build:  gcc -O3 -march=native -std=c11 -o diehl_cook diehl_cook.c -lm
 * Use:    diehl_cook PROBLEM RESULT
 *         prints CPU seconds, times that images were shown, input spikes and spikes of the neurons
 *
 * PROBLEM: int32 n_inputs, n_units, n_steps, n_images, learning, first_key; uint64 seed;
 *          float32 keep, pull, v_rest, v_reset, v_th, theta_plus, left, inhibition, eta_plus, eta_minus, w_max, mean,
 *          gain, step; float64 chance; int32 refractory, fewest, times, n_plus, n_minus;
 *          float32 plus[n_plus], minus[n_minus], levels[65536], X[n_images][n_inputs], W[n_inputs][n_units],
 *          theta[n_units]
 * RESULT:  float32 W[n_inputs][n_units], theta[n_units]; int32 counts[n_images][n_units]
 */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "philox.h"

enum { LANES = 16, GROUP = 8, SCAN = 64, LEVELS = 65536 };

typedef struct {
    int32_t n_inputs, n_units, n_steps, n_images, learning, first_key;
} Sizes;

typedef struct {
    float keep, pull, v_rest, v_reset, v_th, theta_plus, left, inhibition, eta_plus, eta_minus, w_max, mean, gain, step;
} Parameters;

typedef struct {
    int32_t refractory, fewest, times, n_plus, n_minus;
} Numbers;

typedef struct {
    float *table, *v, *limit, *theta, *interval;
    const float *plus, *minus, *levels;
    uint32_t *raster, *active, *open, *words;
    int32_t *n_fired, *clock, *last_pre, *last_post, *fired, *back;
    size_t pad;
} Room;

static void fail(const char *message)
{
    fprintf(stderr, "diehl_cook: %s\n", message);
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

static void read_all(void *block, size_t item, size_t count, FILE *file)
{
    if (fread(block, item, count, file) != count)
        fail("the problem file is shorter than its header says");
}

static void *read_new(size_t item, size_t count, FILE *file)
{
    void *block = allocate(count, item);
    read_all(block, item, count, file);
    return block;
}

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec + 1e-9 * now.tv_nsec;
}

/* Inputs that fire in each step, into rows of the raster; returns the number of inputs with a rate. */
static int draw(Sizes n, Parameters p, double chance, uint64_t seed, uint32_t key, int n_shown, const float *x, Room r)
{
    const float boost = 1.0f + p.step * (float)n_shown, furthest = (float)n.n_steps;
    int n_active = 0;
    memset(r.n_fired, 0, n.n_steps * sizeof(int32_t));
    for (int i = 0; i < n.n_inputs; i++)
        if (x[i] > 0.0f) {
            r.active[n_active] = r.open[n_active] = i;
            r.interval[i] = (float)(-1.0 / log1p(-fmin(0.999, chance * x[i] * boost)));
            r.clock[i] = -1;
            n_active++;
        }
    uint32_t block = (uint32_t)n_shown << 20;
    for (int n_open = n_active; n_open > 0; block++) {
        int left = 0;
        philox(seed, key, block, 0, r.open, r.words, n.n_inputs, n_open);
        for (int a = 0; a < n_open; a++) {
            const uint32_t i = r.open[a];
            const float mean = r.interval[i];
            int t = r.clock[i];
            for (int k = 0; k < 8; k++) {
                const uint32_t word = r.words[(k / 2) * n.n_inputs + a];
                t += 1 + (int)fminf(r.levels[k % 2 ? word >> 16 : word & 0xFFFF] * mean, furthest);
                if (t >= n.n_steps)
                    break;
                r.raster[(size_t)t * n.n_inputs + r.n_fired[t]++] = i;
            }
            r.clock[i] = t;
            r.open[left] = i;
            left += t < n.n_steps;
        }
        n_open = left;
    }
    return n_active;
}

static void __attribute__((noinline)) add_eight(const float *const *row, float *restrict out, int n)
{
    const float *a = row[0], *b = row[1], *c = row[2], *d = row[3], *e = row[4], *f = row[5], *g = row[6], *h = row[7];
    for (int j = 0; j < n; j++)
        out[j] += ((a[j] + b[j]) + (c[j] + d[j])) + ((e[j] + f[j]) + (g[j] + h[j]));
}

/* Membranes after a step; returns whether one is at its threshold. */
static int __attribute__((noinline))
advance(Parameters p, const float *const *row, float *restrict v, const float *restrict limit, int n)
{
    const float *a = row[0], *b = row[1], *c = row[2], *d = row[3], *e = row[4], *f = row[5], *g = row[6], *h = row[7];
    int crossed = 0;
    for (int j = 0; j < n; j++) {
        v[j] = v[j] * p.keep + p.pull +
               p.gain * (((a[j] + b[j]) + (c[j] + d[j])) + ((e[j] + f[j]) + (g[j] + h[j])));
        crossed |= v[j] >= limit[j];
    }
    return crossed;
}

static int furthest_beyond(const float *v, const float *limit, int n)
{
    int best = 0;
    float most = -1.0f;
    for (int start = 0; start < n; start += SCAN) {
        const int end = start + SCAN < n ? start + SCAN : n;
        int crossed = 0;
        for (int j = start; j < end; j++)
            crossed |= v[j] >= limit[j];
        if (crossed)
            for (int j = start; j < end; j++)
                if (v[j] >= limit[j] && v[j] - limit[j] > most) {
                    best = j;
                    most = v[j] - limit[j];
                }
    }
    return best;
}

/* One presentation; returns the number of spikes, and of the neurons that fired through `n_different`. */
static int present(Sizes n, Parameters p, Numbers q, int n_active, Room r, int32_t *counts, int *n_different)
{
    const int pad = (int)r.pad;
    const float *silent = r.table + (size_t)n.n_inputs * pad;
    float *sum = r.table + (size_t)(n.n_inputs + 1) * pad, returning = p.v_reset;
    int spikes = 0;
    *n_different = 0;
    for (int j = 0; j < pad; j++)
        r.v[j] = p.v_rest;
    for (int k = 0; k < q.refractory; k++)
        returning = returning * p.keep + p.pull;
    memset(r.back, 0xFF, n.n_steps * sizeof(int32_t));
    memset(r.last_pre, 0xFF, n.n_inputs * sizeof(int32_t));
    memset(r.last_post, 0xFF, n.n_units * sizeof(int32_t));
    for (int step = 0; step < n.n_steps; step++) {
        if (r.back[step] >= 0) {
            r.v[r.back[step]] = returning;
            r.limit[r.back[step]] = p.v_th + r.theta[r.back[step]];
        }
        const uint32_t *rows = r.raster + (size_t)step * n.n_inputs;
        const int count = r.n_fired[step];
        const float *row[GROUP];
        int left = count;
        if (count > GROUP) {
            memset(sum, 0, pad * sizeof(float));
            while (left >= GROUP) {
                left -= GROUP;
                for (int k = 0; k < GROUP; k++)
                    row[k] = r.table + (size_t)rows[left + k] * pad;
                add_eight(row, sum, pad);
            }
        }
        for (int k = 0; k < GROUP; k++)
            row[k] = k < left ? r.table + (size_t)rows[k] * pad : silent;
        if (left < count)
            row[left] = sum;
        const int crossed = advance(p, row, r.v, r.limit, pad);
        if (n.learning) {
            for (int k = 0; k < count; k++)
                r.last_pre[rows[k]] = step;
            for (int f = 0; f < *n_different; f++) {
                const int j = r.fired[f], lag = step - r.last_post[j];
                const float memory = r.minus[lag < q.n_minus ? lag : q.n_minus - 1];
                if (memory > 0.0f)
                    for (int k = 0; k < count; k++) {
                        float *w = r.table + (size_t)rows[k] * pad + j;
                        *w = fmaxf(*w - p.eta_minus * memory, 0.0f);
                    }
            }
        }
        if (!crossed)
            continue;
        const int j = furthest_beyond(r.v, r.limit, pad);
        counts[j]++;
        spikes++;
        for (int k = 0; k < pad; k++)
            r.v[k] -= p.inhibition;
        r.limit[j] = INFINITY;
        if (step + 1 + q.refractory < n.n_steps)
            r.back[step + 1 + q.refractory] = j;
        if (r.last_post[j] < 0)
            r.fired[(*n_different)++] = j;
        r.last_post[j] = step;
        if (n.learning) {
            r.theta[j] += p.theta_plus;
            for (int a = 0; a < n_active; a++) {
                const uint32_t i = r.active[a];
                const int lag = step - r.last_pre[i];
                if (r.last_pre[i] >= 0) {
                    float *w = r.table + (size_t)i * pad + j;
                    *w = fminf(*w + p.eta_plus * r.plus[lag < q.n_plus ? lag : q.n_plus - 1], p.w_max);
                }
            }
        }
    }
    return spikes;
}

static void normalise(Sizes n, float mean, float *table, size_t pad, int j)
{
    float a = 0.0f, b = 0.0f, c = 0.0f, d = 0.0f;
    int i = 0;
    for (; i + 4 <= n.n_inputs; i += 4) {
        a += table[i * pad + j];
        b += table[(i + 1) * pad + j];
        c += table[(i + 2) * pad + j];
        d += table[(i + 3) * pad + j];
    }
    for (; i < n.n_inputs; i++)
        a += table[i * pad + j];
    const float total = (a + b) + (c + d), factor = mean / (total / (float)n.n_inputs);
    if (total > 0.0f)
        for (i = 0; i < n.n_inputs; i++)
            table[i * pad + j] *= factor;
}

int main(int argc, char **argv)
{
    Sizes n;
    Parameters p;
    Numbers q;
    Room r;
    uint64_t seed;
    double chance;
    FILE *file = argc == 3 ? fopen(argv[1], "rb") : NULL;
    if (!file)
        fail("usage: diehl_cook PROBLEM RESULT");
    read_all(&n, sizeof n, 1, file);
    read_all(&seed, sizeof seed, 1, file);
    read_all(&p, sizeof p, 1, file);
    read_all(&chance, sizeof chance, 1, file);
    read_all(&q, sizeof q, 1, file);
    r.plus = read_new(sizeof(float), q.n_plus, file);
    r.minus = read_new(sizeof(float), q.n_minus, file);
    r.levels = read_new(sizeof(float), LEVELS, file);
    const float *X = read_new(sizeof(float), (size_t)n.n_images * n.n_inputs, file);
    float *W = read_new(sizeof(float), (size_t)n.n_inputs * n.n_units, file);
    r.theta = read_new(sizeof(float), n.n_units, file);
    fclose(file);

    r.pad = LANES * (((n.n_units + LANES - 1) / LANES) | 1);
    r.table = allocate((n.n_inputs + 2) * r.pad, sizeof(float));
    r.v = allocate(r.pad, sizeof(float));
    r.limit = allocate(r.pad, sizeof(float));
    r.interval = allocate(n.n_inputs, sizeof(float));
    r.raster = allocate((size_t)n.n_steps * n.n_inputs, sizeof(uint32_t));
    r.active = allocate(n.n_inputs, sizeof(uint32_t));
    r.open = allocate(n.n_inputs, sizeof(uint32_t));
    r.words = allocate(4 * (size_t)n.n_inputs, sizeof(uint32_t));
    r.n_fired = allocate(n.n_steps, sizeof(int32_t));
    r.clock = allocate(n.n_inputs, sizeof(int32_t));
    r.last_pre = allocate(n.n_inputs, sizeof(int32_t));
    r.last_post = allocate(n.n_units, sizeof(int32_t));
    r.fired = allocate(n.n_units, sizeof(int32_t));
    r.back = allocate(n.n_steps, sizeof(int32_t));
    int32_t *counts = allocate((size_t)n.n_images * n.n_units, sizeof(int32_t));

    long long shown = 0, input_spikes = 0, spikes = 0;
    const double start = cpu_seconds();
    for (int i = 0; i < n.n_inputs; i++)
        memcpy(r.table + i * r.pad, W + (size_t)i * n.n_units, n.n_units * sizeof(float));
    for (int m = 0; m < n.n_images; m++) {
        int32_t *own = counts + (size_t)m * n.n_units;
        int found = 0;
        for (int k = 0; k < q.times && (k == 0 || found < q.fewest); k++, shown++) {
            const int n_active =
                draw(n, p, chance, seed, (uint32_t)(n.first_key + m), k, X + (size_t)m * n.n_inputs, r);
            int n_different;
            for (int step = 0; step < n.n_steps; step++)
                input_spikes += r.n_fired[step];
            for (size_t j = 0; j < r.pad; j++)
                r.limit[j] = j < (size_t)n.n_units ? p.v_th + r.theta[j] : INFINITY;
            memset(own, 0, n.n_units * sizeof(int32_t));
            found = present(n, p, q, n_active, r, own, &n_different);
            if (n.learning) {
                for (int f = 0; f < n_different; f++)
                    normalise(n, p.mean, r.table, r.pad, r.fired[f]);
                for (int j = 0; j < n.n_units; j++)
                    r.theta[j] *= p.left;
            }
        }
        spikes += found;
    }
    for (int i = 0; i < n.n_inputs; i++)
        memcpy(W + (size_t)i * n.n_units, r.table + i * r.pad, n.n_units * sizeof(float));
    printf("%.9f %lld %lld %lld\n", cpu_seconds() - start, shown, input_spikes, spikes);

    file = fopen(argv[2], "wb");
    if (!file || fwrite(W, sizeof(float), (size_t)n.n_inputs * n.n_units, file) != (size_t)n.n_inputs * n.n_units ||
        fwrite(r.theta, sizeof(float), n.n_units, file) != (size_t)n.n_units ||
        fwrite(counts, sizeof(int32_t), (size_t)n.n_images * n.n_units, file) != (size_t)n.n_images * n.n_units ||
        fclose(file))
        fail("cannot write the result file");
    return 0;
}
