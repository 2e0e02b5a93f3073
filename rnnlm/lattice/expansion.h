// The search of lattice_rescore() and what it has found so far: for the files that are its parts.
#ifndef LATTICE_EXPANSION_H
#define LATTICE_EXPANSION_H

#include "lattice/history.h"
#include "lattice/hypothesis.h"
#include "lattice/outlook.h"
#include "lattice/rescore.h"

#define NONE SIZE_MAX

// A link behind a hypothesis: it arrives at link->to, where hypotheses are made of arrivals. Until
// then it waits, and its parent's state with it.
struct arrival {
    size_t parent, link; // parent NONE: free, or does not wait any more
    double lm, score;
    size_t hypothesis; // what it became, NONE if it fell out of the beam
    size_t next;       // another arrival at the same node, or another free one, or NONE
    bool falls;        // makes no hypothesis of its own
};

// A link behind a hypothesis of the current level, to be scored.
struct request {
    size_t parent, link; // link NONE: from the end node to the expanded lattice's own end
    bool predicted;      // it has a probability, in step with `state` and `word`
    bool last;           // leads to the end of the expanded lattice
};

struct ranked {
    double score;
    size_t arrival;
};

struct expansion {
    struct lattice *lattice;
    struct language *language;
    struct rescore_options options;
    bool grouped;                       // hypotheses with the same last words may be several
    struct histories histories, groups; // all words, if grouped; those that merging goes by
    struct lattice_hypothesis *hypothesis;
    size_t hypotheses, hypothesis_capacity;
    struct arrival *arrival;
    size_t arrivals, arrival_capacity, free_arrival;
    size_t waiting;            // arrivals that do
    struct lattice_link *link; // of the result, between hypotheses; to NONE: the end
    size_t links, link_capacity;
    size_t *first_arrival; // [nodes]
    size_t *begin, *end;   // [nodes] its hypotheses, on the current level
    size_t *by_level;      // [nodes] in order of level
    size_t levelled;       // of by_level: done
    struct ranked *ranked; // scratch for the arrivals at a node
    size_t ranked_capacity;
    struct pair_map known; // (history, ended) to hypothesis, at a node; (state, word) to job
    struct request *request;
    size_t requests, request_capacity, crowd; // a crowd of requests is narrowed before more come
    double least_way;      // the estimate that a request has at least where that has happened
    size_t *state, *after; // [] of the words to be predicted, or jobs
    int32_t *word;
    double *prob, *old;
    size_t state_capacity, after_capacity, word_capacity, prob_capacity, old_capacity;
    struct outlook outlook;
    struct allowance allowance;
    struct narrowing narrowing;
    double *estimate; // scratch of what narrows
    size_t estimate_capacity;
    size_t kept;   // hypotheses when something was forgotten last
    size_t narrow; // arrivals that may wait where memory is short; 0: not short
};

// A second mark of the end (!SENT_END and </s>) says nothing that the first one has not.
bool is_predicted(const struct lattice_link *link, const struct lattice_hypothesis *before);

// ---- arrivals.c -------------------------------------------------------------------------------

bool add_hypothesis(struct expansion *expansion, const struct lattice_hypothesis *hypothesis,
                    struct error *error);
bool add_arrival(struct expansion *expansion, size_t parent, size_t index, double lm,
                 struct error *error);

// It waits no more; its parent's state goes with the last one.
void end_waiting(struct expansion *expansion, struct arrival *arrival);

// A link of the result.
bool emit(struct expansion *expansion, size_t from, size_t to, size_t source, double lm,
          struct error *error);

bool grow_jobs(struct expansion *expansion, size_t count, struct error *error);

// Makes hypotheses, with states, of all arrivals at nodes by_level[from..to-1], and links of the
// result.
bool take_arrivals(struct expansion *expansion, size_t from, size_t to, struct error *error);

// ---- narrow.c ---------------------------------------------------------------------------------

// Of the arrivals at nodes by_level[from..to-1] the best `most` make hypotheses.
bool narrow_level(struct expansion *expansion, size_t from, size_t to, size_t most,
                  struct error *error);

// Adds a request where the best `most` are wanted in the end, so that they never are many more.
bool add_request(struct expansion *expansion, const struct request *request, size_t most,
                 struct error *error);

// Keeps the best `most` requests.
bool narrow_requests(struct expansion *expansion, size_t most, struct error *error);

// Keeps the arrivals that wait, and the memory, within the bounds; forgets what leads nowhere.
bool keep_within(struct expansion *expansion, struct error *error);

#endif
