// Alignment of a hypothesis with its reference: the path of least weight through the grid of both
// (Levenshtein 1966), with the weights of NIST's sclite.
//
// Each side is a small network of words, so that a transcript may leave a choice: nodes 0, 1, ...
// in topological order, and arcs, each with one word or with none. A plain sequence of words is a
// chain. Memory grows with the square root of the reference's length times the hypothesis's (rows
// of the grid are kept at intervals and those between computed again), so that texts of 100,000
// words can be aligned; plain sequences are searched in a band about the diagonal that widens until
// it holds every best path (Ukkonen 1985).
#ifndef WER_ALIGNMENT_H
#define WER_ALIGNMENT_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "text/vocabulary.h"

enum { ALIGNMENT_NULL = -1 }; // the word of an arc without word: free, unless it is optional

struct alignment_arc {
    size_t from;
    int32_t word;
    bool optional; // may be left out without an error
    bool fragment; // is correct against words that begin (word-) or end (-word) as it does; where
                   // both are fragments, that of the reference decides
};

struct alignment_text {
    struct alignment_arc *arc; // by the node they lead to
    size_t *first;             // [nodes + 1] the first arc into each node
    size_t nodes, arcs;
    size_t arc_capacity, first_capacity;
};

// A text of one node. Everything is freed by alignment_text_free(), also after a failure.
bool alignment_text_init(struct alignment_text *text, struct error *error);
void alignment_text_free(struct alignment_text *text);

// Adds a node behind all others; then arcs into it, from any node before it.
bool alignment_text_add_node(struct alignment_text *text, struct error *error);
bool alignment_text_add_arc(struct alignment_text *text, struct alignment_arc arc,
                            struct error *error);

struct alignment_weights {
    int32_t substitution, insertion, deletion;
    int32_t optional; // leaving out an optional word
};

extern const struct alignment_weights alignment_sclite;     // 4, 3, 3; 2
extern const struct alignment_weights alignment_unweighted; // all errors alike

enum alignment_kind {
    ALIGNMENT_CORRECT,
    ALIGNMENT_SUBSTITUTION,
    ALIGNMENT_DELETION,
    ALIGNMENT_INSERTION,
    ALIGNMENT_OPTIONAL_DELETION,  // of an optional word of the reference: counts as correct
    ALIGNMENT_OPTIONAL_INSERTION, // of an optional word of the hypothesis: counts as nothing
};

struct alignment_step {
    enum alignment_kind kind;
    int32_t reference, hypothesis; // words; ALIGNMENT_NULL where there is none
    bool reference_optional, hypothesis_optional;
};

// The result of the last alignment_find(), and its work space. All zeros at first.
struct alignment {
    struct alignment_step *step;
    size_t steps;
    uint64_t weight;
    uint64_t correct, substitutions, deletions, insertions;
    size_t step_capacity;
    int32_t *row, *kept;
    size_t row_capacity, kept_capacity;
    size_t *cut;
    size_t cut_capacity;
    int32_t *word;
    size_t word_capacity;
};

// Of several best alignments that which, seen from the end, has a pair of words before an insertion
// and an insertion before a deletion; of equal alternatives the first. `words` gives the spelling
// for fragments.
bool alignment_find(struct alignment *alignment, const struct alignment_text *reference,
                    const struct alignment_text *hypothesis,
                    const struct alignment_weights *weights, const struct vocabulary *words,
                    struct error *error);
void alignment_free(struct alignment *alignment);

// For tests: grids of more cells than this are computed in parts; 0 is the default.
void alignment_set_whole_cells(size_t cells);

#endif
