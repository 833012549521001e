
#include "hist.h"


#define HIST_SUB_BITS  5
#define HIST_SUB       (1 << HIST_SUB_BITS)
#define HIST_SIZE      ((64 - HIST_SUB_BITS + 1) * HIST_SUB)


static uint64_t  hist[HIST_SIZE], hist_count;


void
hist_add(uint64_t ns)
{
    int  i, shift;

    i = ns;

    if (ns >= HIST_SUB) {
        shift = 63 - __builtin_clzll(ns) - HIST_SUB_BITS;
        i = (shift + 1) * HIST_SUB + ((ns >> shift) & (HIST_SUB - 1));
    }

    hist[i]++;
    hist_count++;
}


double
hist_percentile(double share)
{
    int       i;
    uint64_t  sum;

    sum = hist[0];

    for (i = 0; i < HIST_SIZE - 1 && sum < hist_count * share; i++) {
        sum += hist[i + 1];
    }

    if (i < HIST_SUB) {
        return i / 1000.0;
    }

    return (HIST_SUB + i % HIST_SUB + 0.5)
           * (1ull << (i / HIST_SUB - 1)) / 1000.0;
}
