// Curves of logs: a figure's numbers with the places they were measured at.
#ifndef REPORT_CURVE_H
#define REPORT_CURVE_H

#include "report/log.h"

struct curve {
    double *words, *seconds, *value; // [count]
    size_t count;
};

// The rows of one name whose value is a number. Error: no memory; curve_free() in any case.
bool curve_read(struct curve *curve, const struct log *log, const char *name, struct error *error);
void curve_free(struct curve *curve);

#endif
