// Interpolation, with the contexts visited as a tree: under a context stand those that are longer
// by one word to the left.
//
//   p(w | h) = own(h w) + g(h) p(w | h')    own(h w) = (c(h w) - less) / (c(h) + more)
//   g(h) = (more + sum of less over the words after h) / (c(h) + more)
//
// with h' = h without its first word, `less` and `more` by the discounts, and the uniform distribution
// below the unigrams; without interpolation p(w | h) = own(h w). In the order of contexts, nearest word first, all n-grams after h stand together,
// and all contexts that continue h to the left follow one another; so each order is read once, and
// a context finds the probabilities of h' in the list of the level above.
#include "ngram/interpolate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

struct entry {
    union {
        uint64_t count;
        double probability; // p(w | h), which takes its place
    };
    double lower; // p(w | h')
    uint32_t word;
    bool dropped;
};

// One order: what is read next, and the n-grams of the context that is being visited.
struct level {
    struct sorter *source;
    size_t next, last;             // of the part's records, where they are in memory
    uint64_t *place;               // there: where the next result is written
    bool end;                      // nothing is read next
    uint32_t ids[RECORD_MOST_IDS]; // read next: context, nearest word first, then the word
    uint64_t count;
    uint32_t context[RECORD_MOST_IDS];
    struct entry *entry;
    size_t size, capacity;
};

struct visit {
    struct interpolated *model;
    struct counts *counts;
    const uint64_t *cutoff;
    struct level level[NGRAM_MOST_ORDER + 1];
    uint64_t kept[NGRAM_MOST_ORDER + 1];
    size_t seen; // records since that was said
    struct sorter_batch backoffs[NGRAM_MOST_ORDER + 1];
    bool failed;
    struct error failure;
    struct error *error; // the same
};

// ---- unigrams ----------------------------------------------------------------------------------

static bool is_event(const struct counts *counts, uint32_t word)
{
    return word != counts->start && (word != counts->unknown || counts->unk);
}

// What is left of a context's probability, or of all probability, is none below this.
static const double NOTHING = 3e-6;

// The sums over the words behind a context, and what they make of a count.
struct sums {
    double total, less, types;
    double denominator; // total + more
    double gamma;       // g(h), what interpolation gives away
};

static void sums_add(struct sums *sums, const struct discount *discount, uint64_t count)
{
    sums->total += (double)count;
    sums->less += discount_of(discount, count);
    sums->types += count > 0;
}

static void sums_end(struct sums *sums, const struct discount *discount, uint64_t words)
{
    double more = discount_more(discount, sums->types, (double)words);
    sums->denominator = sums->total + more;
    sums->gamma = (more + sums->less) / sums->denominator;
}

static double share(const struct sums *sums, const struct discount *discount, uint64_t count)
{
    double less = discount_of(discount, count);
    return less < (double)count ? ((double)count - less) / sums->denominator : 0;
}

// Without interpolation there must be something left for words that have not been seen: where discounts
// leave nothing the sum of counts is made larger, by 1 as in SRILM. `kept` is what of the counts, less
// discounts, stays in the model.
static void leave_something(struct sums *sums, double kept)
{
    while (kept / sums->denominator > 1 - NOTHING)
        sums->denominator++;
}

// Words without a count, or with one that is cut off, share what the others leave; without
// interpolation, all words do if there is none of those. Probabilities take the places of counts.
static void estimate_unigrams(struct interpolated *model, struct counts *counts, uint64_t cutoff)
{
    const struct discount *discount = &counts->discount[1];
    static const double WITHOUT = -1; // mark of words whose count is cut off
    struct sums sums = {0};
    double left = 1;
    uint64_t without = 0;
    model->unigram = counts->unigram;
    for (uint32_t word = 1; word <= counts->words; word++) {
        bool event = is_event(counts, word);
        model->events += event;
        without += event && counts->unigram[word].count <= cutoff;
        sums_add(&sums, discount, counts->unigram[word].count);
    }
    sums_end(&sums, discount, model->events);
    for (uint32_t word = 1; word <= counts->words; word++) {
        uint64_t count = counts->unigram[word].count;
        double *p = &counts->unigram[word].probability;
        *p = !is_event(counts, word) ? 0 : WITHOUT;
        if (*p == 0 || count <= cutoff)
            continue;
        *p = share(&sums, discount, count);
        if (model->mixes)
            *p += sums.gamma / (double)model->events;
        left -= *p;
    }
    bool none = without == 0 && (model->mixes || left < NOTHING);
    double more = left > 0 && !none ? left / (double)(without > 0 ? without : model->events) : 0;
    for (uint32_t word = 1; word <= counts->words; word++) {
        double *p = &counts->unigram[word].probability;
        if (*p == WITHOUT)
            *p = more;
        else if (is_event(counts, word) && without == 0)
            *p += more;
    }
}

// ---- reading -----------------------------------------------------------------------------------

static bool read_next(struct visit *visit, size_t order)
{
    struct level *level = &visit->level[order];
    const uint64_t *record = NULL;
    if (sorter_in_memory(level->source)) {
        if (level->next < level->last)
            record = level->source->records + level->next++ * level->source->shape.words;
    } else if (!sorter_next(level->source, &record, visit->error)) {
        return false;
    }
    level->end = record == NULL;
    if (record == NULL)
        return true;
    record_decode(&level->source->shape, record, level->ids);
    level->count = record_payload(&level->source->shape, record);
    visit->seen++;
    return true;
}

// Whether the n-gram read next has a context that begins, nearest word first, with these words.
static bool continues(const struct level *level, const uint32_t *context, size_t length)
{
    return !level->end && memcmp(level->ids, context, length * sizeof *context) == 0;
}

static bool read_context(struct visit *visit, size_t order)
{
    struct level *level = &visit->level[order];
    memcpy(level->context, level->ids, (order - 1) * sizeof *level->ids);
    level->size = 0;
    do {
        if (!memory_grow(&level->entry, &level->capacity, level->size + 1, sizeof *level->entry,
                         visit->error))
            return false;
        level->entry[level->size++] =
            (struct entry){.count = level->count, .word = level->ids[order - 1]};
        if (!read_next(visit, order))
            return false;
    } while (continues(level, level->context, order - 1));
    return true;
}

// ---- one context -------------------------------------------------------------------------------

// The place of a word that is in the list from `low` on. Steps double from `low`: words are looked
// up in ascending order.
static size_t find_word(const struct level *level, uint32_t word, size_t low)
{
    size_t step = 1, high = low;
    while (high < level->size && level->entry[high].word < word) {
        low = high + 1;
        high += step;
        step *= 2;
    }
    if (high >= level->size)
        high = level->size - 1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (level->entry[middle].word < word)
            low = middle + 1;
        else
            high = middle;
    }
    return high;
}

// Looks up p(w | h') for all words: each n-gram without its first word is an n-gram, too.
static void find_lower(struct visit *visit, size_t order)
{
    struct level *level = &visit->level[order], *above = &visit->level[order - 1];
    size_t j = 0;
    for (size_t i = 0; i < level->size; i++) {
        struct entry *entry = &level->entry[i];
        if (order == 2) {
            entry->lower = visit->model->unigram[entry->word].probability;
            continue;
        }
        j = find_word(above, entry->word, j);
        entry->lower = above->entry[j].probability;
    }
}

// The back-off weight is g(h) if nothing is cut off; what has been cut off goes to the words that are
// backed off to:
//   b(h) = (1 - sum p(w|h)) / (1 - sum p(w|h'))
//        = g(h) + sum of own(h w) over dropped words / (1 - sum p(w|h'))
//
// The second form loses no digits when the sums are close to 1.
static double mix_context(struct level *level, const struct sums *sums,
                          const struct discount *discount)
{
    double dropped = 0, lower_kept = 0, lower_dropped = 0;
    for (size_t i = 0; i < level->size; i++) {
        struct entry *entry = &level->entry[i];
        double own = share(sums, discount, entry->count);
        entry->probability = own + sums->gamma * entry->lower;
        if (entry->dropped) {
            dropped += own;
            lower_dropped += entry->lower;
        } else {
            lower_kept += entry->lower;
        }
    }
    if (lower_dropped == 0)
        return sums->gamma;
    if (lower_kept == 0)
        return 1;
    double left = 1 - lower_kept;
    return sums->gamma + dropped / (left > lower_dropped ? left : lower_dropped);
}

// Without interpolation; where what is backed off to has nothing left the n-grams have all.
static double discount_context(struct level *level, struct sums *sums,
                               const struct discount *discount, uint64_t words)
{
    double kept = 0, left = 1, lower_left = 1;
    size_t size = 0;
    for (size_t i = 0; i < level->size; i++) {
        const struct entry *entry = &level->entry[i];
        if (entry->dropped)
            continue;
        size++;
        kept += share(sums, discount, entry->count) * sums->denominator;
        lower_left -= entry->lower;
    }
    if (size == 0)
        return 1;
    if (size < words)
        leave_something(sums, kept);
    for (size_t i = 0; i < level->size; i++) {
        struct entry *entry = &level->entry[i];
        entry->probability = share(sums, discount, entry->count);
        left -= entry->dropped ? 0 : entry->probability;
    }
    if (lower_left >= NOTHING)
        return left > 0 ? left / lower_left : 0;
    for (size_t i = 0; i < level->size && left >= NOTHING; i++)
        level->entry[i].probability /= 1 - left;
    return 1;
}

// Fills in the probabilities and returns the back-off weight.
static double estimate_context(struct visit *visit, size_t order, bool *kept)
{
    struct level *level = &visit->level[order];
    const struct discount *discount = &visit->counts->discount[order];
    struct sums sums = {0};
    for (size_t i = 0; i < level->size; i++) {
        struct entry *entry = &level->entry[i];
        sums_add(&sums, discount, entry->count);
        entry->dropped = entry->count <= visit->cutoff[order];
        *kept = *kept || !entry->dropped;
    }
    sums_end(&sums, discount, visit->model->events);
    double backoff = visit->model->mixes
                         ? mix_context(level, &sums, discount)
                         : discount_context(level, &sums, discount, visit->model->events);
    for (size_t i = 0; i < level->size; i++)
        if (level->entry[i].dropped)
            level->entry[i].probability = backoff * level->entry[i].lower;
    return backoff;
}

// ---- results -----------------------------------------------------------------------------------

static bool hand_on_ngrams(struct visit *visit, size_t order)
{
    struct level *level = &visit->level[order];
    struct interpolated_order *to = &visit->model->order[order];
    uint32_t ids[RECORD_MOST_IDS] = {0};
    uint64_t record[RECORD_MOST_WORDS];
    memcpy(ids, level->context, (order - 1) * sizeof *ids);
    for (size_t i = 0; i < level->size; i++) {
        const struct entry *entry = &level->entry[i];
        if (entry->dropped && order == visit->model->orders)
            continue; // nothing can need it
        float cost = (float)fabs(log10(entry->probability < 1 ? entry->probability : 1));
        ids[order - 1] = entry->word;
        visit->kept[order] += !entry->dropped;
        record_encode(&to->shape, ids, record_from_float(entry->dropped ? -cost : cost), record);
        if (level->place == NULL) {
            if (!sequence_add(&to->ngrams, record, visit->error))
                return false;
            continue;
        }
        for (unsigned j = 0; j < to->shape.words; j++)
            *level->place++ = record[j];
    }
    return true;
}

static bool hand_on_backoff(struct visit *visit, size_t order, double backoff)
{
    const uint32_t *context = visit->level[order].context;
    float weight = (float)log10(backoff);
    if (order == 2) {
        visit->model->unigram_backoff[context[0]] = weight;
        visit->model->context[context[0]] = 1;
        return true;
    }
    // As an n-gram of the order below, the context's last word is its nearest one.
    struct sorter_batch *to = &visit->backoffs[order - 1];
    const struct record_shape *shape = &to->to->shape;
    uint32_t ids[RECORD_MOST_IDS] = {0};
    uint64_t record[RECORD_MOST_WORDS];
    memcpy(ids, context + 1, (order - 2) * sizeof *ids);
    ids[order - 2] = context[0];
    record_encode(shape, ids, record_from_float(weight), record);
    return sorter_batch_add(to, record, visit->error);
}

// Visits the context read next at this order, and those under it. A context is part of the model
// if an n-gram after it has been kept, or if one under it is part of the model.
static bool visit_context(struct visit *visit, size_t order, bool *in_model)
{
    bool kept = false;
    if (!read_context(visit, order))
        return false;
    find_lower(visit, order);
    double backoff = estimate_context(visit, order, &kept);
    if (!hand_on_ngrams(visit, order))
        return false;
    if (order < visit->counts->order)
        while (continues(&visit->level[order + 1], visit->level[order].context, order - 1))
            if (!visit_context(visit, order + 1, &kept))
                return false;
    *in_model = *in_model || kept;
    return !kept || hand_on_backoff(visit, order, backoff);
}

static bool visit_all(struct visit *visit)
{
    struct counts *counts = visit->counts;
    struct watch *watch = counts->ngrams[2].allowance->watch;
    for (size_t k = 2; k <= counts->order; k++)
        if (!read_next(visit, k))
            return false;
    while (!visit->level[2].end) {
        bool in_model = false;
        if (!visit_context(visit, 2, &in_model))
            return false;
        if (visit->seen >= WATCH_EACH || visit->level[2].end) {
            watch_add(watch, visit->seen);
            visit->seen = 0;
        }
    }
    return true;
}

// ---- parts -------------------------------------------------------------------------------------

// Where all orders are in memory they are cut into parts by the nearest words of contexts, for several
// threads. Each part writes its n-grams over those that it has read.
struct part {
    size_t begin[NGRAM_MOST_ORDER + 1], end[NGRAM_MOST_ORDER + 1]; // records of an order
    size_t written[NGRAM_MOST_ORDER + 1];
};

enum { PARTS_A_THREAD = 8 };

struct parts {
    struct counts *counts;
    struct visit *visit; // [threads]
    struct part *part;   // [count]
    size_t count;
};

static void cut_parts(struct parts *parts)
{
    struct counts *counts = parts->counts;
    const struct sorter *longest = &counts->ngrams[counts->order];
    for (size_t i = 0; i < parts->count; i++) {
        size_t at = (size_t)((double)longest->count * (double)i / (double)parts->count);
        uint32_t word = 0;
        if (i > 0)
            word = record_first_id(&longest->shape, longest->records + at * longest->shape.words);
        for (size_t k = 2; k <= counts->order; k++) {
            const struct sorter *sorter = &counts->ngrams[k];
            parts->part[i].begin[k] = i > 0 ? sorter_find(sorter, word) : 0;
            parts->part[i].end[k] = sorter->count;
            if (i > 0)
                parts->part[i - 1].end[k] = parts->part[i].begin[k];
        }
    }
}

static void visit_part(void *context, size_t worker, size_t item)
{
    struct parts *parts = context;
    struct part *part = &parts->part[item];
    struct visit *visit = &parts->visit[worker];
    size_t order = parts->counts->order;
    if (visit->failed)
        return;
    for (size_t k = 2; k <= order; k++) {
        struct level *level = &visit->level[k];
        struct sorter *sorter = level->source;
        level->next = part->begin[k];
        level->last = part->end[k];
        level->place = sorter_in_memory(sorter) && sorter->records != NULL
                           ? sorter->records + part->begin[k] * sorter->shape.words
                           : NULL;
    }
    visit->failed = !visit_all(visit);
    for (size_t k = 2; k <= order; k++) {
        const struct level *level = &visit->level[k];
        const struct sorter *sorter = level->source;
        if (level->place != NULL)
            part->written[k] =
                (size_t)(level->place - sorter->records) / sorter->shape.words - part->begin[k];
    }
}

static bool start_visits(struct parts *parts, struct interpolated *model, const uint64_t *cutoff,
                         pthread_mutex_t *lock, size_t threads, struct error *error)
{
    struct counts *counts = parts->counts;
    for (size_t i = 0; i < threads; i++) {
        struct visit *visit = &parts->visit[i];
        visit->model = model;
        visit->counts = counts;
        visit->cutoff = cutoff;
        visit->error = &visit->failure;
        for (size_t k = 2; k <= counts->order; k++) {
            visit->level[k].source = &counts->ngrams[k];
            visit->backoffs[k] =
                (struct sorter_batch){.to = &model->order[k].backoffs, .lock = lock};
        }
    }
    for (size_t k = 2; k <= counts->order; k++)
        if (!sorter_start(&counts->ngrams[k], error))
            return false;
    return true;
}

static bool end_visit(struct visit *visit, struct error *error)
{
    struct interpolated *model = visit->model;
    if (visit->failed && error != NULL)
        *error = visit->failure;
    for (size_t k = 2; k <= model->orders; k++) {
        model->order[k].kept += visit->kept[k];
        visit->failed = visit->failed || !sorter_batch_end(&visit->backoffs[k], error);
        free(visit->level[k].entry);
    }
    return !visit->failed;
}

// Puts what the parts have written in place one behind the other.
static void take_places(const struct parts *parts, struct interpolated *model)
{
    for (size_t k = 2; k <= model->orders; k++) {
        struct sequence *to = &model->order[k].ngrams;
        size_t count = 0;
        if (!sorter_in_memory(&parts->counts->ngrams[k]))
            continue;
        for (size_t i = 0; i < parts->count; i++) {
            const struct part *part = &parts->part[i];
            if (part->written[k] > 0 && count < part->begin[k])
                memmove(to->data + count * to->size, to->data + part->begin[k] * to->size,
                        part->written[k] * to->size);
            count += part->written[k];
        }
        sequence_fill(to, count);
    }
}

// On how many threads: on one where not all is in memory.
static size_t threads_for(const struct counts *counts, const struct allowance *allowance)
{
    for (size_t k = 2; k <= counts->order; k++)
        if (!sorter_in_memory(&counts->ngrams[k]) || counts->ngrams[k].count == 0)
            return 1;
    return pool_ready(allowance->pool);
}

static bool visit_parts(struct interpolated *model, struct counts *counts, const uint64_t *cutoff,
                        struct allowance *allowance, struct error *error)
{
    size_t threads = threads_for(counts, allowance);
    struct parts parts = {.counts = counts, .count = threads > 1 ? threads * PARTS_A_THREAD : 1};
    pthread_mutex_t lock;
    parts.visit = memory_new(threads, sizeof *parts.visit, error);
    parts.part = memory_new(parts.count, sizeof *parts.part, error);
    pthread_mutex_init(&lock, NULL);
    bool ok = parts.visit != NULL && parts.part != NULL &&
              start_visits(&parts, model, cutoff, &lock, threads, error);
    uint64_t most = 0;
    for (size_t k = 2; k <= counts->order; k++)
        most += sorter_most(&counts->ngrams[k]);
    if (ok) {
        watch_begin(allowance->watch, "smoothing", "n-grams", most);
        cut_parts(&parts);
        pool_run(allowance->pool, visit_part, &parts, parts.count);
        for (size_t i = 0; i < threads; i++)
            ok = end_visit(&parts.visit[i], ok ? error : NULL) && ok;
        take_places(&parts, model);
        watch_end(allowance->watch);
    }
    pthread_mutex_destroy(&lock);
    free(parts.visit);
    free(parts.part);
    return ok;
}

// ---- the whole ---------------------------------------------------------------------------------

enum { ON_DISK = 1 << 18 }; // bytes in memory of n-grams that come from disk, and go there

static void start_orders(struct interpolated *model, struct counts *counts,
                         struct allowance *allowance, const char *temporary)
{
    for (size_t k = 0; k <= NGRAM_MOST_ORDER; k++) {
        struct interpolated_order *order = &model->order[k];
        order->shape =
            k >= 2 && k <= counts->order ? counts->ngrams[k].shape : record_shape(1, 1, 1);
        sequence_init(&order->ngrams, order->shape.words * sizeof(uint64_t), allowance, temporary);
        sorter_init(&order->backoffs, order->shape, SORTER_LARGEST, allowance, temporary);
        order->ngrams.most = ON_DISK / order->ngrams.size;
        if (k >= 2 && k <= counts->order && sorter_in_memory(&counts->ngrams[k]))
            sorter_become_sequence(&counts->ngrams[k], &order->ngrams);
    }
}

bool interpolate(struct interpolated *model, struct counts *counts, const uint64_t *cutoff,
                 bool mixes, struct allowance *allowance, const char *temporary,
                 struct error *error)
{
    memset(model, 0, sizeof *model);
    model->mixes = mixes;
    model->orders = counts->order;
    start_orders(model, counts, allowance, temporary);
    model->unigram_backoff = memory_new(counts->words + 1, sizeof *model->unigram_backoff, error);
    model->context = memory_new(counts->words + 1, 1, error);
    if (model->unigram_backoff == NULL || model->context == NULL)
        return false;
    model->taken = (counts->words + 1) * (sizeof *model->unigram_backoff + 1);
    allowance_keep(allowance, model->taken);
    estimate_unigrams(model, counts, cutoff[1]);
    // What each sorter has in any case comes on top.
    size_t whole = allowance->limit;
    allowance->limit = whole / 4 * 3;
    bool ok = counts->order < 2 || visit_parts(model, counts, cutoff, allowance, error);
    allowance->limit = whole;
    for (size_t k = 2; k <= counts->order; k++)
        sorter_free(&counts->ngrams[k]);
    return ok;
}

void interpolated_free(struct interpolated *model)
{
    for (size_t k = 0; k <= NGRAM_MOST_ORDER; k++) {
        sequence_free(&model->order[k].ngrams);
        sorter_free(&model->order[k].backoffs);
    }
    interpolated_free_unigrams(model);
}

void interpolated_free_unigrams(struct interpolated *model)
{
    if (model->taken > 0)
        allowance_drop(model->order[0].ngrams.allowance, model->taken);
    model->taken = 0;
    free(model->unigram_backoff);
    free(model->context);
    model->unigram_backoff = NULL;
    model->context = NULL;
}
