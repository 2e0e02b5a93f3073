// A word lattice: an acyclic graph whose links carry words and scores, with one start and one end.
//
// Scores are log10 and unscaled. A reader adds nodes and links in any order; lattice_arrange() then
// verifies the graph and numbers the nodes in topological order, which everything else relies on.
#ifndef LATTICE_LATTICE_H
#define LATTICE_LATTICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "text/vocabulary.h"

enum lattice_format { LATTICE_SLF, LATTICE_KALDI, LATTICE_FST, LATTICE_FSA };

enum link_kind {
    LINK_NULL,   // no word: !NULL, <eps>, <epsilon>
    LINK_START,  // <s> and its other names: no word of the utterance, not predicted
    LINK_END,    // </s> and its other names: predicted as </s>, but not behind another of them
    LINK_WORD,   // any other word
    LINK_IGNORED // a word that language models do not see: noises, pauses
};

#define LATTICE_ZERO (-1e10) // log10 of probability 0, as a score that can be added up

struct lattice_link {
    size_t from, to;
    int32_t word; // in the lattice's words; WORD_OOV where there is none
    enum link_kind kind;
    double acoustic, lm, pronunciation; // log10
    size_t note;   // offset in `notes` of what only the file's format knows of; 0 for nothing
    uint64_t line; // of the file
};

struct lattice_node {
    double time;           // seconds; NAN if not known
    uint64_t number, line; // in the file
};

// Weights of the scores in a link's total, and what each word adds (log10).
struct lattice_scales {
    double acoustic, lm, pronunciation, word_penalty;
};

struct lattice {
    enum lattice_format format; // of the file, which the notes are for
    bool bare;                  // the file, one of FST or FSA, does not name the utterance
    char *id;                   // of the utterance
    const char *file;           // for messages; the reader's
    struct vocabulary words;
    struct lattice_node *node; // [nodes]
    struct lattice_link *link; // [links]; in order of `from` once arranged
    size_t nodes, links, node_capacity, link_capacity;
    size_t start, end; // NO_NODE: to be found by lattice_arrange()
    size_t *first;     // [nodes + 1] arranged: the links that leave a node
    size_t *level;     // [nodes] arranged: links of the longest way from the start
    char *notes;       // texts with a 0 byte behind each; the first is empty
    size_t notes_used, notes_capacity;
    struct lattice_scales scales;
    double base; // of the file's logarithms
};

#define NO_NODE SIZE_MAX

// An empty lattice. Error: no memory. lattice_free() in any case.
bool lattice_init(struct lattice *lattice, const char *file, const char *id, struct error *error);
void lattice_free(struct lattice *lattice);

// Adds a node; its index is lattice->nodes - 1.
bool lattice_add_node(struct lattice *lattice, double time, uint64_t number, uint64_t line,
                      struct error *error);

// Adds a copy of a link.
bool lattice_add_link(struct lattice *lattice, const struct lattice_link *link,
                      struct error *error);

// Sets word and kind of a link from a word as files have it.
bool lattice_set_word(struct lattice *lattice, struct lattice_link *link, const char *word,
                      size_t length, struct error *error);

// The word of a link as the file had it, NULL where there is none.
const char *lattice_word(const struct lattice *lattice, const struct lattice_link *link);

// Keeps a text for link->note.
bool lattice_note(struct lattice *lattice, const char *text, size_t length, size_t *note,
                  struct error *error);

// Puts the graph in order. Start and end, where not set, are the first node that no link leads to
// and the last one that none leaves. Nodes that are not on a way from start to end go if `trim`,
// and are errors otherwise. Error: that, a cycle (named by a link of it), no way to the end.
bool lattice_arrange(struct lattice *lattice, bool trim, struct error *error);

// Keeps the links with keep[i] that are on a way from start to end, of which there is one at least.
bool lattice_keep(struct lattice *lattice, const bool *keep, struct error *error);

// Whether only links without words lead to the end, at most one from a node, so that files whose
// states may be final do not need it.
bool lattice_end_is_implied(const struct lattice *lattice);

// A link's scores together.
double lattice_total(const struct lattice *lattice, const struct lattice_link *link);

// best[i] = the highest total of a way from node i to the end. [nodes]
void lattice_best_to_end(const struct lattice *lattice, double *best);

// posterior[i] = probability of link i, each way having the probability 10^(total / scale). Error:
// memory; sums that overflow.
bool lattice_posteriors(const struct lattice *lattice, double scale, double *posterior,
                        struct error *error);

// Drops links with a posterior below `threshold`, those of the best way excepted.
bool lattice_prune(struct lattice *lattice, double threshold, double scale, struct error *error);

#endif
