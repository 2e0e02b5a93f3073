// Prints a dense word lattice in HTK's format, such as a recogniser of meetings writes: a vocabulary
// of 50,000 words, some of them said and the others near them, several thousand alive at any time
// where there are links enough. The same arguments give the same lattice everywhere.
//
//   dense-lattice SEED NODES LINKS TEXT
//
// What is said are words of TEXT from a random place on; words beside them are drawn from TEXT, or
// are w0, w1, ... that fill up the vocabulary. A node is a word that ends at a time, its links come
// from words before. Language model scores are those of TEXT's bigrams and single words.
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "random.h"

enum { VOCABULARY = 50000, LETTERS = 40, ALIVE = 4000, FRAMES = 28, LEAST_FRAMES = 200 };

struct node {
    int time;    // frames of 10 ms
    int word;    // in `spelling`
    int natural; // frames that the word takes
    double gap;  // log likelihood a frame below that of what was said
    int leaving;
    long number; // in order of time
};

static char spelling[VOCABULARY][LETTERS];
static int words;
static double count[VOCABULARY];
static int *token;
static long tokens;
static uint64_t *bigram;
static struct node *node;
static FILE *made; // links, whose number stands before them
static long nodes, links, wanted_nodes, wanted_links;
static int length; // frames
static long below(long n)
{
    return (long)(random_uniform() * (double)n);
}

// ---- words ------------------------------------------------------------------------------------

static int compare_words(const void *a, const void *b)
{
    return strcmp(a, b);
}

static int compare_pairs(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static int find(const char *word)
{
    char(*found)[LETTERS] = bsearch(word, spelling, (size_t)words, LETTERS, compare_words);
    return found != NULL ? (int)(found - spelling) : -1;
}

// In order, each once.
static void sort_words(void)
{
    int kept = 0;
    qsort(spelling, (size_t)words, LETTERS, compare_words);
    for (int i = 0; i < words; i++)
        if (i == 0 || strcmp(spelling[i], spelling[kept - 1]) != 0)
            memmove(spelling[kept++], spelling[i], LETTERS);
    words = kept;
}

// Twice through the text: for the words, and for what follows what.
static int read_text(const char *path)
{
    char word[LETTERS];
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return 0;
    while (words < VOCABULARY - 1 && fscanf(file, "%39s", word) == 1) {
        strcpy(spelling[words++], word);
        if (words == VOCABULARY - 1)
            sort_words();
    }
    sort_words();
    rewind(file);
    while (fscanf(file, "%39s", word) == 1) {
        if ((tokens & (tokens - 1)) == 0) {
            token = realloc(token, (size_t)(tokens > 0 ? 2 * tokens : 1) * sizeof *token);
            if (token == NULL)
                return 0;
        }
        int found = find(word);
        if (found >= 0) {
            token[tokens++] = found;
            count[found]++;
        }
    }
    fclose(file);
    bigram = malloc((size_t)(tokens > 0 ? tokens : 1) * sizeof *bigram);
    for (long i = 0; bigram != NULL && i + 1 < tokens; i++)
        bigram[i] = (uint64_t)token[i] << 32 | (uint64_t)token[i + 1];
    if (bigram != NULL && tokens > 1)
        qsort(bigram, (size_t)tokens - 1, sizeof *bigram, compare_pairs);
    for (int i = 0; words < VOCABULARY; i++)
        snprintf(spelling[words++], LETTERS, "w%d", i);
    return bigram != NULL && tokens > 1;
}

// Pairs that are less than `pair`.
static long rank_of(uint64_t pair)
{
    long low = 0, high = tokens - 1;
    while (low < high) {
        long middle = (low + high) / 2;
        if (bigram[middle] < pair)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static double language(int before, int word)
{
    double single = (count[word] + 0.5) / ((double)tokens + 0.5 * VOCABULARY);
    if (before < 0 || count[before] == 0)
        return log(single);
    uint64_t pair = (uint64_t)before << 32 | (uint64_t)word;
    double pairs = (double)(rank_of(pair + 1) - rank_of(pair));
    return log(0.6 * pairs / count[before] + 0.4 * single);
}

// ---- nodes ------------------------------------------------------------------------------------

static void add_node(int time, int word, double gap)
{
    int natural = 6 + 4 * (int)strlen(spelling[word]);
    natural = natural > 60 ? 60 : natural;
    node[nodes++] = (struct node){time, word, natural, gap, 0, 0};
}

// By time; what was said first of equals.
static int compare_nodes(const void *a, const void *b)
{
    const struct node *x = a, *y = b;
    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    return x->gap != y->gap ? (x->gap < y->gap ? -1 : 1) : x->word - y->word;
}

static void make_nodes(void)
{
    long at = below(tokens);
    int time = 0;
    while (nodes < wanted_nodes / 2 && time + 40 < length) {
        int word = token[at++ % tokens];
        int natural = 6 + 4 * (int)strlen(spelling[word]);
        time += natural > 60 ? 60 : natural;
        if (time < length)
            add_node(time, word, 0);
    }
    while (nodes < wanted_nodes - 2) {
        int word = below(3) > 0 ? token[below(tokens)] : (int)below(VOCABULARY);
        add_node(10 + (int)below(length - 10), word, -0.6 * log(1 - random_uniform()));
    }
    qsort(node, (size_t)nodes, sizeof *node, compare_nodes);
}

// ---- links ------------------------------------------------------------------------------------

// To node `to` (`nodes`: the end) from node `from` (-1: the start).
static void put_link(long from, long to)
{
    int begin = from < 0 ? 0 : node[from].time, end = to < nodes ? node[to].time : length;
    double acoustic = 0;
    if (to < nodes) {
        double misfit = abs(end - begin - node[to].natural);
        acoustic = -(6 + node[to].gap) * (end - begin) - 0.4 * misfit - 2 * random_uniform();
    }
    fprintf(made, "J=%ld S=%ld E=%ld a=%.2f l=%.2f\n", links++, from + 1, to + 1, acoustic,
            to < nodes ? language(from < 0 ? -1 : node[from].word, node[to].word) : -2.5);
    if (from >= 0)
        node[from].leaving++;
}

// The first node not before `time`.
static long node_at(int time)
{
    long low = 0, high = nodes;
    while (low < high) {
        long middle = (low + high) / 2;
        if (node[middle].time < time)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

// From a place at about its natural length before; what was said from what was said before.
static long choose_before(long to)
{
    int frames = (int)(node[to].natural * (0.7 + 0.6 * random_uniform()));
    int time = node[to].time - frames;
    if (time <= 4)
        return -1;
    long first = node_at(time - 3), end = node_at(time + 3);
    end = end > to ? to : end;
    if (first < end)
        return first + below(end - first);
    return first > 0 && node[first - 1].time < node[to].time ? first - 1 : -1;
}

static void make_links(void)
{
    long said = -1, ending = 0;
    for (long i = 0; i < nodes; i++)
        ending += node[i].time > length - 40;
    double each = (double)(wanted_links - ending) / (double)nodes - 0.3;
    for (long i = 0; i < nodes; i++) {
        long chosen = 1 + (long)((each - 1) * 2 * random_uniform() + 0.5);
        if (node[i].gap == 0)
            put_link(said, i);
        else
            put_link(choose_before(i), i);
        for (long k = 1; k < chosen; k++)
            put_link(choose_before(i), i);
        said = node[i].gap == 0 ? i : said;
    }
    for (long i = 0; i < nodes; i++) {
        long later = node_at(node[i].time + 15 + (int)below(20));
        if (node[i].time > length - 40 || (node[i].leaving == 0 && later >= nodes))
            put_link(i, nodes);
        else if (node[i].leaving == 0)
            put_link(i, later);
    }
}

int main(int argc, char **argv)
{
    if (argc == 5) {
        random_state = 88172645463325252u + strtoull(argv[1], NULL, 10) * 0x9e3779b97f4a7c15u;
        wanted_nodes = atol(argv[2]);
        wanted_links = atol(argv[3]);
        for (int i = 0; i < 20; i++)
            random_uniform();
    }
    length = (int)(wanted_links * FRAMES / ALIVE);
    length = length < LEAST_FRAMES ? LEAST_FRAMES : length;
    node = argc == 5 && wanted_nodes > 20 && wanted_links >= wanted_nodes
               ? malloc((size_t)wanted_nodes * sizeof *node)
               : NULL;
    if (node == NULL || !read_text(argv[4])) {
        fprintf(stderr, "usage: dense-lattice SEED NODES LINKS TEXT\n");
        return 2;
    }
    char *lines = NULL;
    size_t size = 0;
    made = open_memstream(&lines, &size);
    if (made == NULL)
        return 1;
    make_nodes();
    make_links();
    if (fclose(made) != 0)
        return 1;
    printf("VERSION=1.0\nUTTERANCE=dense%s\nlmscale=12 wdpenalty=0\nN=%ld L=%ld\n", argv[1],
           nodes + 2, links);
    printf("I=0 t=0\n");
    for (long i = 0; i < nodes; i++)
        printf("I=%ld t=%.2f W=%s\n", i + 1, node[i].time / 100.0, spelling[node[i].word]);
    printf("I=%ld t=%.2f W=</s>\n", nodes + 1, length / 100.0);
    fputs(lines, stdout);
    free(lines);
    free(node);
    free(token);
    free(bigram);
    return 0;
}
