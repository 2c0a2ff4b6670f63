/* How many 16-bit integer products a core makes: the kernel's instruction alone, on registers. */
#include <time.h>

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

enum { TURNS = 400000, SUMS = 24, OPERATIONS = 64 /* of one instruction: 32 products and as many sums */ };

/* The best of some turns, in 1e9 operations a second. */
double int16_peak(void) {
    double best = 0;
    for (int round = 0; round < 40; round++) {
        const double began = seconds();
        for (int turn = 0; turn < TURNS; turn++)
#define SUM(at) "vpdpwssd %%zmm30, %%zmm31, %%zmm" #at "\n"
            __asm__ volatile(SUM(0) SUM(1) SUM(2) SUM(3) SUM(4) SUM(5) SUM(6) SUM(7) SUM(8) SUM(9) SUM(10) SUM(11) SUM(12) SUM(13) SUM(14)
                                 SUM(15) SUM(16) SUM(17) SUM(18) SUM(19) SUM(20) SUM(21) SUM(22) SUM(23)::
                                     : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
                                       "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "xmm16", "xmm17", "xmm18", "xmm19",
                                       "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25", "xmm26", "xmm27", "xmm28", "xmm29",
                                       "xmm30", "xmm31");
        const double rate = (double)TURNS * SUMS * OPERATIONS / (seconds() - began) / 1e9;
        if (rate > best) best = rate;
    }
    return best;
}
