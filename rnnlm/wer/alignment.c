// Alignment of a hypothesis with its reference.
#include "wer/alignment.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define FAR (INT32_MAX / 2) // the weight of what cannot be reached

static const size_t most_cells = (size_t)1 << 30; // of one part of a grid: 4 GB

const struct alignment_weights alignment_sclite = {4, 3, 3, 2};
const struct alignment_weights alignment_unweighted = {3, 3, 3, 2};

static size_t whole_cells = (size_t)1 << 24;

void alignment_set_whole_cells(size_t cells)
{
    whole_cells = cells > 0 ? cells : (size_t)1 << 24;
}

// ---- texts ------------------------------------------------------------------------------------

bool alignment_text_init(struct alignment_text *text, struct error *error)
{
    *text = (struct alignment_text){0};
    return alignment_text_add_node(text, error);
}

void alignment_text_free(struct alignment_text *text)
{
    free(text->arc);
    free(text->first);
    *text = (struct alignment_text){0};
}

bool alignment_text_add_node(struct alignment_text *text, struct error *error)
{
    if (!memory_grow(&text->first, &text->first_capacity, text->nodes + 2, sizeof *text->first,
                     error))
        return false;
    text->first[text->nodes++] = text->arcs;
    text->first[text->nodes] = text->arcs;
    return true;
}

bool alignment_text_add_arc(struct alignment_text *text, struct alignment_arc arc,
                            struct error *error)
{
    if (!memory_grow(&text->arc, &text->arc_capacity, text->arcs + 1, sizeof *text->arc, error))
        return false;
    text->arc[text->arcs++] = arc;
    text->first[text->nodes] = text->arcs;
    return true;
}

// The only arc into a node, if it comes from the node before and is just a word or, for a
// reference, an optional one; else NULL.
static const struct alignment_arc *chain_arc(const struct alignment_text *text, size_t node,
                                             bool or_optional)
{
    if (node == 0 || text->first[node + 1] - text->first[node] != 1)
        return NULL;
    const struct alignment_arc *arc = text->arc + text->first[node];
    bool simple = arc->from == node - 1 && arc->word != ALIGNMENT_NULL && !arc->fragment;
    return simple && (or_optional || !arc->optional) ? arc : NULL;
}

static bool is_chain(const struct alignment_text *text)
{
    for (size_t node = 1; node < text->nodes; node++)
        if (chain_arc(text, node, false) == NULL)
            return false;
    return true;
}

// ---- weights ----------------------------------------------------------------------------------

struct grid {
    struct alignment *alignment; // holds the memory
    const struct alignment_text *reference, *hypothesis;
    const struct alignment_weights *weights;
    const struct vocabulary *words;
    bool plain_hypothesis;
    size_t width;        // cells of a row: nodes of the hypothesis
    size_t before, past; // the band: columns i - before ... i + past of row i
    size_t cuts;         // the grid's parts lie between rows cut[k] and cut[k + 1]
    size_t part;         // whose rows are there
};

static bool fragment_matches(const char *fragment, const char *word)
{
    size_t length = strlen(fragment), word_length = strlen(word);
    if (length < 2 || word_length < length - 1)
        return false;
    if (fragment[length - 1] == '-')
        return memcmp(fragment, word, length - 1) == 0;
    return fragment[0] == '-' &&
           memcmp(fragment + 1, word + word_length - (length - 1), length - 1) == 0;
}

static bool is_match(const struct grid *grid, const struct alignment_arc *reference,
                     const struct alignment_arc *hypothesis)
{
    if (reference->word == hypothesis->word)
        return true;
    if (!reference->fragment && !hypothesis->fragment)
        return false;
    const char *word = vocabulary_word(grid->words, reference->word),
               *other = vocabulary_word(grid->words, hypothesis->word);
    return reference->fragment ? fragment_matches(word, other) : fragment_matches(other, word);
}

static int32_t pair_weight(const struct grid *grid, const struct alignment_arc *reference,
                           const struct alignment_arc *hypothesis)
{
    return is_match(grid, reference, hypothesis) ? 0 : grid->weights->substitution;
}

static int32_t single_weight(const struct grid *grid, const struct alignment_arc *arc,
                             int32_t otherwise)
{
    if (arc->optional)
        return grid->weights->optional;
    return arc->word == ALIGNMENT_NULL ? 0 : otherwise;
}

// ---- rows -------------------------------------------------------------------------------------

static int32_t *row_of(const struct grid *grid, size_t node)
{
    const struct alignment *alignment = grid->alignment;
    return alignment->row + (node - alignment->cut[grid->part]) * grid->width;
}

static inline int32_t least(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

// Each cell may also be reached from that to its left. Four at a time: the chain from one cell to
// the next is what takes the time.
static void take_insertions(int32_t *row, size_t begin, size_t end, int32_t insertion)
{
    int32_t left = row[begin - 1];
    size_t j = begin;
    for (; j + 4 <= end; j += 4) {
        int32_t a = row[j], b = least(row[j + 1], a + insertion),
                c = least(row[j + 2], b + insertion), d = least(row[j + 3], c + insertion);
        row[j] = least(a, left + insertion);
        row[j + 1] = least(b, left + 2 * insertion);
        row[j + 2] = least(c, left + 3 * insertion);
        row[j + 3] = left = least(d, left + 4 * insertion);
    }
    for (; j < end; j++)
        row[j] = left = least(row[j], left + insertion);
}

// A row whose node is reached by one word from the row before, against a plain hypothesis.
static void compute_chain_row(const struct grid *grid, size_t node, const struct alignment_arc *arc)
{
    const int32_t *above = row_of(grid, node - 1);
    int32_t *row = row_of(grid, node);
    const int32_t *word = grid->alignment->word;
    const int32_t substitution = grid->weights->substitution, insertion = grid->weights->insertion,
                  deletion = single_weight(grid, arc, grid->weights->deletion);
    const int32_t wanted = arc->word;
    size_t begin = node > grid->before ? node - grid->before : 0;
    size_t end = grid->past < grid->width - 1 && node < grid->width - 1 - grid->past
                     ? node + grid->past + 1
                     : grid->width;
    if (begin > 0)
        row[begin - 1] = FAR;
    else
        row[begin++] = above[0] + deletion;
    for (size_t j = begin; j < end; j++)
        row[j] = least(above[j - 1] + (word[j] == wanted ? 0 : substitution), above[j] + deletion);
    take_insertions(row, begin, end, insertion);
    if (end < grid->width)
        row[end] = FAR;
}

static int32_t compute_cell(const struct grid *grid, const int32_t *row, size_t i, size_t j)
{
    const struct alignment_text *reference = grid->reference, *hypothesis = grid->hypothesis;
    size_t first = hypothesis->first[j], end = hypothesis->first[j + 1];
    int32_t best = i == 0 && j == 0 ? 0 : FAR;
    for (size_t a = reference->first[i]; a < reference->first[i + 1]; a++) {
        const struct alignment_arc *arc = reference->arc + a;
        const int32_t *above = row_of(grid, arc->from);
        best = least(best, above[j] + single_weight(grid, arc, grid->weights->deletion));
        if (arc->word == ALIGNMENT_NULL)
            continue;
        for (size_t b = first; b < end; b++) {
            const struct alignment_arc *other = hypothesis->arc + b;
            if (other->word != ALIGNMENT_NULL)
                best = least(best, above[other->from] + pair_weight(grid, arc, other));
        }
    }
    for (size_t b = first; b < end; b++) {
        const struct alignment_arc *other = hypothesis->arc + b;
        best = least(best, row[other->from] + single_weight(grid, other, grid->weights->insertion));
    }
    return best;
}

static void compute_row(const struct grid *grid, size_t node)
{
    const struct alignment_arc *arc =
        grid->plain_hypothesis ? chain_arc(grid->reference, node, true) : NULL;
    if (arc != NULL) {
        compute_chain_row(grid, node, arc);
        return;
    }
    int32_t *row = row_of(grid, node);
    for (size_t j = 0; j < grid->width; j++)
        row[j] = compute_cell(grid, row, node, j);
}

// Rows cut[part] ... cut[part + 1]; the first is the last of the part before, which is kept.
static void compute_part(struct grid *grid, size_t part)
{
    const struct alignment *alignment = grid->alignment;
    grid->part = part;
    if (part == 0)
        compute_row(grid, 0);
    else
        memcpy(alignment->row, alignment->kept + part * grid->width,
               grid->width * sizeof *alignment->row);
    for (size_t node = alignment->cut[part] + 1; node <= alignment->cut[part + 1]; node++)
        compute_row(grid, node);
}

// ---- parts ------------------------------------------------------------------------------------

static bool add_cut(struct grid *grid, size_t node, struct error *error)
{
    struct alignment *alignment = grid->alignment;
    if (!memory_grow(&alignment->cut, &alignment->cut_capacity, grid->cuts + 1,
                     sizeof *alignment->cut, error))
        return false;
    alignment->cut[grid->cuts++] = node;
    return true;
}

// Parts of about sqrt(rows) rows, between nodes that no arc passes over.
static bool choose_cuts(struct grid *grid, struct error *error)
{
    const struct alignment_text *reference = grid->reference;
    size_t rows = reference->nodes, length = rows;
    if (rows > whole_cells / grid->width)
        for (length = 1; length * length < rows;)
            length++;
    // From the end: the earliest node that arcs into later nodes come from.
    size_t earliest = rows - 1;
    grid->cuts = 0;
    bool ok = add_cut(grid, rows - 1, error);
    for (size_t node = rows - 1; ok && node > 0; node--) {
        for (size_t a = reference->first[node]; a < reference->first[node + 1]; a++)
            if (reference->arc[a].from < earliest)
                earliest = reference->arc[a].from;
        if (node - 1 == 0 ||
            (earliest >= node - 1 && grid->alignment->cut[grid->cuts - 1] - (node - 1) >= length))
            ok = add_cut(grid, node - 1, error);
    }
    if (ok && grid->cuts == 1)
        ok = add_cut(grid, 0, error);
    size_t *cut = grid->alignment->cut;
    for (size_t i = 0; ok && i < grid->cuts / 2; i++) {
        size_t swapped = cut[i];
        cut[i] = cut[grid->cuts - 1 - i];
        cut[grid->cuts - 1 - i] = swapped;
    }
    return ok;
}

static bool reserve_rows(struct grid *grid, struct error *error)
{
    struct alignment *alignment = grid->alignment;
    size_t longest = 0, parts = grid->cuts - 1;
    for (size_t part = 0; part < parts; part++)
        if (alignment->cut[part + 1] - alignment->cut[part] > longest)
            longest = alignment->cut[part + 1] - alignment->cut[part];
    if (longest + 1 > most_cells / grid->width || parts > most_cells / grid->width)
        return error_set(error,
                         "an alignment of %zu reference words, %zu of them in one alternation, "
                         "with %zu hypothesis words would take more than 4 GB",
                         grid->reference->arcs, longest, grid->hypothesis->arcs);
    return memory_grow(&alignment->row, &alignment->row_capacity, (longest + 1) * grid->width,
                       sizeof *alignment->row, error) &&
           (parts == 1 || memory_grow(&alignment->kept, &alignment->kept_capacity,
                                      parts * grid->width, sizeof *alignment->kept, error));
}

// ---- the way back -----------------------------------------------------------------------------

struct place {
    size_t i, j;
};

static bool add_step(struct alignment *alignment, enum alignment_kind kind,
                     const struct alignment_arc *reference, const struct alignment_arc *hypothesis,
                     struct error *error)
{
    if (!memory_grow(&alignment->step, &alignment->step_capacity, alignment->steps + 1,
                     sizeof *alignment->step, error))
        return false;
    alignment->step[alignment->steps++] = (struct alignment_step){
        kind, reference != NULL ? reference->word : ALIGNMENT_NULL,
        hypothesis != NULL ? hypothesis->word : ALIGNMENT_NULL,
        reference != NULL && reference->optional, hypothesis != NULL && hypothesis->optional};
    alignment->correct += kind == ALIGNMENT_CORRECT || kind == ALIGNMENT_OPTIONAL_DELETION;
    alignment->substitutions += kind == ALIGNMENT_SUBSTITUTION;
    alignment->deletions += kind == ALIGNMENT_DELETION;
    alignment->insertions += kind == ALIGNMENT_INSERTION;
    return true;
}

// A pair of words that ends at this place on a best path.
static bool find_pair(const struct grid *grid, struct place place,
                      const struct alignment_arc **reference,
                      const struct alignment_arc **hypothesis)
{
    int32_t weight = row_of(grid, place.i)[place.j];
    const struct alignment_text *left = grid->reference, *right = grid->hypothesis;
    for (size_t a = left->first[place.i]; a < left->first[place.i + 1]; a++)
        for (size_t b = right->first[place.j]; b < right->first[place.j + 1]; b++) {
            *reference = left->arc + a;
            *hypothesis = right->arc + b;
            if ((*reference)->word != ALIGNMENT_NULL && (*hypothesis)->word != ALIGNMENT_NULL &&
                row_of(grid, (*reference)->from)[(*hypothesis)->from] +
                        pair_weight(grid, *reference, *hypothesis) ==
                    weight)
                return true;
        }
    return false;
}

// An arc of one side only; `null` says whether with a word or without.
static const struct alignment_arc *find_insertion(const struct grid *grid, struct place place,
                                                  bool null)
{
    const struct alignment_text *text = grid->hypothesis;
    const int32_t *row = row_of(grid, place.i);
    for (size_t b = text->first[place.j]; b < text->first[place.j + 1]; b++) {
        const struct alignment_arc *arc = text->arc + b;
        if ((arc->word == ALIGNMENT_NULL) == null &&
            row[arc->from] + single_weight(grid, arc, grid->weights->insertion) == row[place.j])
            return arc;
    }
    return NULL;
}

static const struct alignment_arc *find_deletion(const struct grid *grid, struct place place,
                                                 bool null)
{
    const struct alignment_text *text = grid->reference;
    int32_t weight = row_of(grid, place.i)[place.j];
    for (size_t a = text->first[place.i]; a < text->first[place.i + 1]; a++) {
        const struct alignment_arc *arc = text->arc + a;
        if ((arc->word == ALIGNMENT_NULL) == null &&
            row_of(grid, arc->from)[place.j] + single_weight(grid, arc, grid->weights->deletion) ==
                weight)
            return arc;
    }
    return NULL;
}

// One step back, where rows of the part are there.
static bool step_back(const struct grid *grid, struct place *place, struct error *error)
{
    struct alignment *alignment = grid->alignment;
    const struct alignment_arc *reference, *hypothesis;
    if ((reference = find_deletion(grid, *place, true)) != NULL) {
        place->i = reference->from;
        return true;
    }
    if ((hypothesis = find_insertion(grid, *place, true)) != NULL) {
        place->j = hypothesis->from;
        return true;
    }
    if (find_pair(grid, *place, &reference, &hypothesis)) {
        *place = (struct place){reference->from, hypothesis->from};
        return add_step(alignment,
                        is_match(grid, reference, hypothesis) ? ALIGNMENT_CORRECT
                                                              : ALIGNMENT_SUBSTITUTION,
                        reference, hypothesis, error);
    }
    if ((hypothesis = find_insertion(grid, *place, false)) != NULL) {
        place->j = hypothesis->from;
        return add_step(alignment,
                        hypothesis->optional ? ALIGNMENT_OPTIONAL_INSERTION : ALIGNMENT_INSERTION,
                        NULL, hypothesis, error);
    }
    reference = find_deletion(grid, *place, false);
    if (reference == NULL)
        return error_set(error, "no way back through an alignment at %zu, %zu", place->i, place->j);
    place->i = reference->from;
    return add_step(alignment,
                    reference->optional ? ALIGNMENT_OPTIONAL_DELETION : ALIGNMENT_DELETION,
                    reference, NULL, error);
}

static bool trace(struct grid *grid, struct error *error)
{
    struct alignment *alignment = grid->alignment;
    struct place place = {grid->reference->nodes - 1, grid->width - 1};
    for (size_t part = grid->cuts - 1; part-- > 0;) {
        if (part != grid->part)
            compute_part(grid, part);
        while (place.i > alignment->cut[part] || (part == 0 && place.j > 0))
            if (!step_back(grid, &place, error))
                return false;
    }
    for (size_t i = 0; i < alignment->steps / 2; i++) {
        struct alignment_step swapped = alignment->step[i];
        alignment->step[i] = alignment->step[alignment->steps - 1 - i];
        alignment->step[alignment->steps - 1 - i] = swapped;
    }
    return true;
}

// ---- all of it --------------------------------------------------------------------------------

// A path with at most `singles` insertions and deletions stays within this band.
static void set_band(struct grid *grid, size_t singles)
{
    size_t rows = grid->reference->nodes;
    grid->before = (singles + rows - grid->width) / 2;
    grid->past = (singles + grid->width - rows) / 2;
}

static int32_t fill(struct grid *grid)
{
    struct alignment *alignment = grid->alignment;
    for (size_t part = 0; part + 1 < grid->cuts; part++) {
        compute_part(grid, part);
        if (part + 2 < grid->cuts)
            memcpy(alignment->kept + (part + 1) * grid->width,
                   row_of(grid, alignment->cut[part + 1]), grid->width * sizeof *alignment->row);
    }
    return row_of(grid, grid->reference->nodes - 1)[grid->width - 1];
}

// A band is wide enough once a path with more insertions and deletions than it allows would weigh
// more than what has been found.
static int32_t search(struct grid *grid)
{
    size_t rows = grid->reference->nodes, width = grid->width;
    size_t singles = rows > width ? rows - width : width - rows;
    size_t each = (size_t)least(grid->weights->insertion, grid->weights->deletion);
    bool banded = grid->plain_hypothesis && is_chain(grid->reference);
    for (singles += 64; banded && singles < rows + width;) {
        set_band(grid, singles);
        int32_t weight = fill(grid);
        size_t enough = (size_t)weight / each;
        if (enough <= singles)
            return weight;
        singles = enough < 4 * singles ? enough : 4 * singles;
    }
    grid->before = rows;
    grid->past = width;
    return fill(grid);
}

static bool list_words(struct grid *grid, struct error *error)
{
    struct alignment *alignment = grid->alignment;
    if (!memory_grow(&alignment->word, &alignment->word_capacity, grid->width,
                     sizeof *alignment->word, error))
        return false;
    for (size_t j = 1; j < grid->width; j++)
        alignment->word[j] = grid->hypothesis->arc[grid->hypothesis->first[j]].word;
    return true;
}

bool alignment_find(struct alignment *alignment, const struct alignment_text *reference,
                    const struct alignment_text *hypothesis,
                    const struct alignment_weights *weights, const struct vocabulary *words,
                    struct error *error)
{
    struct grid grid = {.alignment = alignment,
                        .reference = reference,
                        .hypothesis = hypothesis,
                        .weights = weights,
                        .words = words,
                        .plain_hypothesis = is_chain(hypothesis),
                        .width = hypothesis->nodes};
    alignment->steps = 0;
    alignment->correct = alignment->substitutions = 0;
    alignment->deletions = alignment->insertions = 0;
    if (!choose_cuts(&grid, error) || !reserve_rows(&grid, error) ||
        (grid.plain_hypothesis && !list_words(&grid, error)))
        return false;
    alignment->weight = (uint64_t)search(&grid);
    return trace(&grid, error);
}

void alignment_free(struct alignment *alignment)
{
    free(alignment->step);
    free(alignment->row);
    free(alignment->kept);
    free(alignment->cut);
    free(alignment->word);
    *alignment = (struct alignment){0};
}
