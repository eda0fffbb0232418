/* Philox4x32-10 (Salmon et al., SC 2011), the random numbers of tectum. */
#ifndef PHILOX_H
#define PHILOX_H
#include <stdint.h>

/* A block of four random words for each input, one column each; the neuron of the counter is `first` + input. */
static void __attribute__((noinline))
philox(uint64_t seed, uint32_t key, uint32_t block, uint32_t first, const uint32_t *restrict input,
       uint32_t *restrict words, int stride, int n)
{
    for (int a = 0; a < n; a++) {
        uint32_t x0 = key, x1 = 0, x2 = block, x3 = first + input[a], k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
        for (int round = 0; round < 10; round++) {
            uint64_t p0 = (uint64_t)0xD2511F53u * x0, p1 = (uint64_t)0xCD9E8D57u * x2;
            x0 = (uint32_t)(p1 >> 32) ^ x1 ^ k0;
            x1 = (uint32_t)p1;
            x2 = (uint32_t)(p0 >> 32) ^ x3 ^ k1;
            x3 = (uint32_t)p0;
            k0 += 0x9E3779B9u;
            k1 += 0xBB67AE85u;
        }
        words[a] = x0;
        words[stride + a] = x1;
        words[2 * stride + a] = x2;
        words[3 * stride + a] = x3;
    }
}
#endif
