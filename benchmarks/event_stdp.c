/* Event-based STDP with a softmax in hand-written C: the speed a compiled loop can reach.
 *
 * Inputs fire by chance, in each step with probability x; n_units neurons without memory compete through a softmax, and
 * those whose share exceeds a common threshold fire and learn, w += eta (s - (1 + lambda) w), w_min <= w <= 1:
 *     U_j = R (w_j.s - |w_j|^2 / 2),   z_j = [softmax_j > theta],   theta = max(floor, theta + b (sum z - 1))
 * After Tavanaei, Masquelier & Maida, Neural Networks 105:294-303, 2018. Float32. The random numbers are those of tectum,
 * Philox4x32-10, drawn only for inputs with a rate: 16 bits for each of eight steps. So the inputs fire the same spikes;
 * those of the neurons part in time, as sums are rounded in another order.
 *
 * Build:  gcc -O3 -march=native -ffast-math -std=c11 -o event_stdp event_stdp.c -lm
 * Use:    event_stdp PROBLEM RESULT
 *         prints CPU seconds, input spikes and spikes of the neurons
 *
 * PROBLEM: int32 n_inputs, n_units, n_steps, n_presentations; uint64 seed; float32 R, lambda, eta, w_min, b, floor, theta;
 *          float32 X[n_presentations][n_inputs], W[n_units][n_inputs]
 * RESULT:  float32 W[n_units][n_inputs]
 */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "c/philox.h"

enum {
    LANES = 16, /* rows are padded to whole vectors */
    DRAWS = 8   /* steps that one block of random words serves */
};

typedef struct {
    int32_t n_inputs, n_units, n_steps, n_presentations;
} Sizes;

typedef struct {
    float R, lambda, eta, w_min, b, floor, theta;
} Parameters;

static void fail(const char *message)
{
    fprintf(stderr, "event_stdp: %s\n", message);
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

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec + 1e-9 * now.tv_nsec;
}

/* Inputs that fire in each step, into rows of `raster`. */
static void draw(const Sizes n, const float *restrict x, uint64_t seed, uint32_t presentation, int32_t *restrict raster,
                 int32_t *restrict n_fired, uint32_t *restrict active, uint32_t *restrict limit, uint32_t *restrict words)
{
    int n_active = 0;
    for (int i = 0; i < n.n_inputs; i++) {
        active[n_active] = i;
        limit[n_active] = (uint32_t)ceilf(x[i] * 65536.0f);
        n_active += x[i] > 0.0f;
    }
    for (int step = 0; step < n.n_steps; step++) {
        const int k = step % DRAWS;
        if (k == 0)
            philox(seed, presentation, step / DRAWS, 1, active, words, n.n_inputs, n_active);
        const uint32_t *word = words + k / 2 * n.n_inputs;
        int32_t *row = raster + (size_t)step * n.n_inputs;
        int count = 0;
        for (int a = 0; a < n_active; a++) {
            uint32_t number = k % 2 ? word[a] >> 16 : word[a] & 0xFFFF;
            row[count] = (int32_t)active[a];
            count += number < limit[a];
        }
        n_fired[step] = count;
    }
}

static void __attribute__((noinline)) add_four(float *restrict out, const float *restrict a, const float *restrict b,
                                               const float *restrict c, const float *restrict d, int n)
{
    for (int j = 0; j < n; j++)
        out[j] += (a[j] + b[j]) + (c[j] + d[j]);
}

static void __attribute__((noinline)) add_one(float *restrict out, const float *restrict a, int n)
{
    for (int j = 0; j < n; j++)
        out[j] += a[j];
}

/* Shares of the softmax, not normalised; returns their sum. */
static float __attribute__((noinline)) softmax(const float *restrict drive, const float *restrict norm,
                                               float *restrict share, float R, int n_units)
{
    float highest = -INFINITY, total = 0.0f;
    for (int j = 0; j < n_units; j++) {
        share[j] = R * (drive[j] - 0.5f * norm[j]);
        highest = fmaxf(highest, share[j]);
    }
    for (int j = 0; j < n_units; j++) {
        share[j] = expf(share[j] - highest);
        total += share[j];
    }
    return total;
}

/* Equation (18) for one neuron, `fired` 1 or 0 per input; returns the squared norm. */
static float __attribute__((noinline)) learn(float *restrict w, const float *restrict fired, Parameters p, int n)
{
    float norm = 0.0f;
    for (int i = 0; i < n; i++) {
        float v = w[i] + p.eta * (fired[i] - (1.0f + p.lambda) * w[i]);
        w[i] = fminf(fmaxf(v, p.w_min), 1.0f);
        norm += w[i] * w[i];
    }
    return norm;
}

static void read_all(void *block, size_t item, size_t count, FILE *file)
{
    if (fread(block, item, count, file) != count)
        fail("the problem file is shorter than its header says");
}

int main(int argc, char **argv)
{
    Sizes n;
    Parameters p;
    uint64_t seed;
    FILE *file = argc == 3 ? fopen(argv[1], "rb") : NULL;
    if (!file)
        fail("usage: event_stdp PROBLEM RESULT");
    read_all(&n, sizeof n, 1, file);
    read_all(&seed, sizeof seed, 1, file);
    read_all(&p, sizeof p, 1, file);
    const int pad = (n.n_units + LANES - 1) / LANES * LANES;
    float *X = allocate((size_t)n.n_presentations * n.n_inputs, sizeof(float));
    float *W = allocate((size_t)n.n_units * n.n_inputs, sizeof(float));
    read_all(X, sizeof(float), (size_t)n.n_presentations * n.n_inputs, file);
    read_all(W, sizeof(float), (size_t)n.n_units * n.n_inputs, file);
    fclose(file);

    float *by_input = allocate((size_t)n.n_inputs * pad, sizeof(float));
    float *norm = allocate(pad, sizeof(float)), *drive = allocate(pad, sizeof(float));
    float *share = allocate(pad, sizeof(float)), *fired = allocate(n.n_inputs, sizeof(float));
    int32_t *raster = allocate((size_t)n.n_steps * n.n_inputs, sizeof(int32_t));
    int32_t *n_fired = allocate(n.n_steps, sizeof(int32_t));
    uint32_t *active = allocate(n.n_inputs, sizeof(uint32_t)), *limit = allocate(n.n_inputs, sizeof(uint32_t));
    uint32_t *words = allocate((size_t)4 * n.n_inputs, sizeof(uint32_t));
    for (int j = 0; j < n.n_units; j++)
        for (int i = 0; i < n.n_inputs; i++) {
            by_input[(size_t)i * pad + j] = W[(size_t)j * n.n_inputs + i];
            norm[j] += W[(size_t)j * n.n_inputs + i] * W[(size_t)j * n.n_inputs + i];
        }

    long long input_spikes = 0, spikes = 0;
    double start = cpu_seconds();
    for (int m = 0; m < n.n_presentations; m++) {
        /* 1. spikes of the inputs */
        draw(n, X + (size_t)m * n.n_inputs, seed, (uint32_t)m, raster, n_fired, active, limit, words);
        for (int step = 0; step < n.n_steps; step++) {
            const int32_t *row = raster + (size_t)step * n.n_inputs;
            const int count = n_fired[step];
            input_spikes += count;
            /* 2. membranes */
            memset(drive, 0, pad * sizeof(float));
            int k = 0;
            for (; k + 4 <= count; k += 4)
                add_four(drive, by_input + (size_t)row[k] * pad, by_input + (size_t)row[k + 1] * pad,
                         by_input + (size_t)row[k + 2] * pad, by_input + (size_t)row[k + 3] * pad, pad);
            for (; k < count; k++)
                add_one(drive, by_input + (size_t)row[k] * pad, pad);
            /* 3. competition */
            const float bound = p.theta * softmax(drive, norm, share, p.R, n.n_units);
            int winners = 0;
            for (int j = 0; j < n.n_units; j++) {
                if (share[j] <= bound)
                    continue;
                /* 4. plasticity */
                if (!winners++)
                    for (k = 0; k < count; k++)
                        fired[row[k]] = 1.0f;
                float *w = W + (size_t)j * n.n_inputs;
                norm[j] = learn(w, fired, p, n.n_inputs);
                for (int i = 0; i < n.n_inputs; i++)
                    by_input[(size_t)i * pad + j] = w[i];
            }
            if (winners)
                memset(fired, 0, n.n_inputs * sizeof(float));
            /* 5. threshold */
            p.theta = fmaxf(p.floor, p.theta + p.b * (winners - 1));
            spikes += winners;
        }
    }
    printf("%.9f %lld %lld\n", cpu_seconds() - start, input_spikes, spikes);
    file = fopen(argv[2], "wb");
    if (!file || fwrite(W, sizeof(float), (size_t)n.n_units * n.n_inputs, file) != (size_t)n.n_units * n.n_inputs ||
        fclose(file))
        fail("cannot write the result file");
    return 0;
}
