// Packed levels: what drifts are, and that searches find the same whatever they are.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/random.h"
#include "ngram/packed.h"

enum { WORDS = 5000, CONTEXTS = 40, MOST = CONTEXTS * WORDS };

// Successors of each context: words in ascending order.
struct successors {
    struct packed_level level;
    uint32_t begin[CONTEXTS + 1];
    int32_t word[MOST];
    int16_t drift[MOST / PACKED_STEP + 2];
    unsigned char data[MOST * 2 + PACKED_BEHIND]; // 13 bits a node
};

static struct random generator;

static uint32_t key_of(const void *word, uint32_t i)
{
    return (uint32_t)((const int32_t *)word)[i] * packed_spread(WORDS);
}

// Every word with the probability of 1 in `rarity`; that of the first half of words is another, so
// that keys are not evenly spread.
static void make_successors(struct successors *these)
{
    struct packed_writer writer = {.data = these->data};
    uint32_t count = 0;
    memset(these, 0, sizeof *these);
    these->level.shape.key = 13;
    packed_level_init(&these->level, WORDS);
    for (int i = 0; i < CONTEXTS; i++) {
        int rarity[2] = {1 + random_next(&generator) % 300, 1 + random_next(&generator) % 30};
        these->begin[i] = count;
        for (int32_t word = 0; word < WORDS; word++)
            if (random_next(&generator) % rarity[word >= WORDS / 2] == 0) {
                these->word[count++] = word;
                packed_put(&writer, (uint32_t)word, 13);
            }
        packed_set_drift(these->drift, these->begin[i], count - these->begin[i], key_of,
                         these->word + these->begin[i]);
    }
    packed_put(&writer, 0, 8);
    these->begin[CONTEXTS] = these->level.count = count;
    these->level.data = these->data;
}

static void test_drift(void **unused)
{
    (void)unused;
    static struct successors these;
    make_successors(&these);
    size_t read = 0, uneven = 0;
    for (int i = 0; i < CONTEXTS; i++)
        for (uint32_t at = these.begin[i] + 1; at < these.begin[i + 1]; at++) {
            if (at % PACKED_STEP != 0)
                continue;
            double whole = 4294967296.0, count = these.begin[i + 1] - these.begin[i];
            int below = 0;
            for (uint32_t j = these.begin[i]; j < these.begin[i + 1]; j++)
                below += key_of(these.word, j) < (uint32_t)((at - these.begin[i]) * whole / count);
            assert_int_equal(these.drift[at / PACKED_STEP], below - (int)(at - these.begin[i]));
            uneven += abs(these.drift[at / PACKED_STEP]) > 100;
            read++;
        }
    assert_true(read > 500 && uneven > 50);
}

// More than fit are as many as fit.
static void test_far_drift(void **unused)
{
    (void)unused;
    enum { MANY = 100000 };
    int32_t *word = calloc(MANY, sizeof *word);
    int16_t *drift = calloc(packed_steps(MANY), sizeof *drift);
    assert_true(word != NULL && drift != NULL);
    packed_set_drift(drift, 0, MANY, key_of, word); // all have the least key
    assert_int_equal(drift[1], INT16_MAX);
    assert_int_equal(drift[MANY / PACKED_STEP - 1], MANY - (MANY / PACKED_STEP - 1) * PACKED_STEP);
    for (int i = 0; i < MANY; i++)
        word[i] = WORDS - 1;
    packed_set_drift(drift, 0, MANY, key_of, word);
    assert_int_equal(drift[1], -PACKED_STEP);
    assert_int_equal(drift[MANY / PACKED_STEP - 100], INT16_MIN);
    free(word);
    free(drift);
}

static uint32_t wanted_node(const struct successors *these, const struct trie_search *search,
                            int32_t word)
{
    for (uint32_t i = search->begin; i < search->end; i++)
        if (these->word[i] == word)
            return i;
    return TRIE_NONE;
}

// Of random contexts or of parts of them.
static void assert_finds(struct successors *these)
{
    enum { TOGETHER = 10 };
    for (int round = 0; round < 2000; round++) {
        struct trie_search search[TOGETHER];
        int32_t word[TOGETHER];
        for (int i = 0; i < TOGETHER; i++) {
            int context = random_next(&generator) % CONTEXTS;
            uint32_t begin = these->begin[context], end = these->begin[context + 1];
            if (round % 4 == 0 && end > begin)
                end = begin + (uint32_t)random_next(&generator) % (end - begin);
            word[i] = random_next(&generator) % WORDS;
            if (round % 2 == 0 && end > begin)
                word[i] = these->word[begin + (uint32_t)random_next(&generator) % (end - begin)];
            search[i] = (struct trie_search){&these->level, begin, end,
                                             packed_key(&these->level, word[i]), TRIE_NONE};
        }
        packed_find_all(search, TOGETHER);
        for (int i = 0; i < TOGETHER; i++)
            assert_int_equal(search[i].found, wanted_node(these, &search[i], word[i]));
    }
}

static void test_finds_with_any_drift(void **unused)
{
    (void)unused;
    static struct successors these;
    for (int round = 0; round < 3; round++) {
        make_successors(&these);
        assert_finds(&these); // none
        these.level.drift = these.drift;
        assert_finds(&these);
        for (size_t i = 0; i < packed_steps(these.level.count); i++)
            these.drift[i] = (int16_t)(round == 0   ? INT16_MIN
                                       : round == 1 ? INT16_MAX
                                                    : random_next(&generator) * 7);
        assert_finds(&these);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_drift),
        cmocka_unit_test(test_far_drift),
        cmocka_unit_test(test_finds_with_any_drift),
    };
    random_seed(&generator, 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
