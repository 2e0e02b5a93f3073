// Finds theta and lambda of a neural cache.
#ifndef SCORE_NEURAL_CACHE_TUNE_H
#define SCORE_NEURAL_CACHE_TUNE_H

#include "score/neural_cache.h"
#include "score/source.h"

// Those with which a text is most likely under a network and its cache: the best of a row of thetas, in
// steps of the square root of 2 from 2^-8 to 2^6, each with its best lambda (expectation maximisation). Those that
// rule->theta and rule->lambda give, where they are not NAN, stay. `use` as for source_network(); what it
// says of a cache does not count. A network that
// learns does so from the text, and stands behind it then. Error: an unreadable text, or one without two known
// words; no memory.
bool neural_cache_tune(const struct model *model, const struct network_use *use,
                       struct reader *text, struct neural_cache_rule *rule, struct error *error);

#endif
