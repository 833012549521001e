
/*
 * A histogram of latencies, 32 steps in each power of two.
 */

#ifndef _HIST_H_INCLUDED_
#define _HIST_H_INCLUDED_


#include <stdint.h>


void hist_add(uint64_t ns);

/* microseconds; 1.0 is the longest */
double hist_percentile(double share);


#endif /* _HIST_H_INCLUDED_ */
