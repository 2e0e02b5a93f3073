// How a decoder uses the library: beam search over a word graph.
//
//   beam_search MODEL GRAPH [BEAM]
//
// A line of GRAPH is an arc `FROM TO WORD SCORE`: nodes are numbers, FROM < TO, arcs stand in order
// of FROM, node 0 is the start and the highest one the end, SCORE is log10. Prints the log10 score
// of the best sentence, graph and network together, and its words.
#include <math.h>
#include <rnnlm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_NODES = 1000, MOST_BEAM = 100, MOST_ARCS = 10000, MOST_PAIRS = 10000 };

struct arc {
    int from, to;
    char word[100];
    double score;
};

// A partial sentence. Its state is a plain value: the decoder owns it and throws it away at will.
struct hypothesis {
    void *state;
    double score;
    const struct hypothesis *before;
    const char *word;
};

static struct arc arcs[MOST_ARCS];
static struct hypothesis beam[MOST_NODES][MOST_BEAM]; // the best ones of each node
static int count[MOST_NODES];

static void fail(const char *message)
{
    fprintf(stderr, "beam_search: %s\n", message);
    exit(1);
}

// Reads the graph, and adds an arc with </s> behind its end. Returns the number of arcs.
static int read_graph(FILE *file)
{
    int n = 0, last = 0;
    char line[300];
    for (struct arc *arc = arcs; fgets(line, sizeof line, file) != NULL; arc++, n++) {
        if (n + 1 == MOST_ARCS ||
            sscanf(line, "%d %d %99s %lf", &arc->from, &arc->to, arc->word, &arc->score) != 4 ||
            arc->from < (n > 0 ? arc[-1].from : 0) || arc->to <= arc->from ||
            arc->to >= MOST_NODES - 1)
            fail("wanted: FROM TO WORD SCORE");
        last = arc->to > last ? arc->to : last;
    }
    arcs[n] = (struct arc){last, last + 1, "</s>", 0};
    return n + 1;
}

// Puts a hypothesis into a node's beam, in the worst one's place if that is full.
static void insert(int node, struct hypothesis new, int width)
{
    struct hypothesis *worst = &beam[node][0];
    for (int i = 1; i < count[node]; i++)
        worst = beam[node][i].score < worst->score ? &beam[node][i] : worst;
    if (count[node] < width)
        worst = &beam[node][count[node]++];
    else if (new.score > worst->score)
        free(worst->state);
    else
        free(new.state);
    if (new.score > worst->score || worst->state == NULL)
        *worst = new;
}

// Scores all words behind all hypotheses of a node together.
static void expand(rnnlm_model *model, int node, const struct arc *arc, int n, int width)
{
    static const void *before[MOST_PAIRS];
    static void *after[MOST_PAIRS];
    static int32_t word[MOST_PAIRS];
    static double log10_prob[MOST_PAIRS];
    int pairs = 0;
    for (int i = 0; i < count[node]; i++) // pairs that share a state stand together
        for (int j = 0; j < n && pairs < MOST_PAIRS; j++, pairs++) {
            before[pairs] = beam[node][i].state;
            word[pairs] = rnnlm_word_id(model, arc[j].word, strlen(arc[j].word));
            after[pairs] = malloc(rnnlm_state_size(model));
        }
    if (rnnlm_score_batch(model, (size_t)pairs, before, word, after, log10_prob) != 0)
        fail("not enough memory");
    for (int i = 0; i < pairs; i++) {
        const struct hypothesis *old = &beam[node][i / n];
        double lm = word[i] == RNNLM_OOV ? -5 : log10_prob[i]; // what an unknown word costs
        double score = old->score + arc[i % n].score + lm;
        insert(arc[i % n].to, (struct hypothesis){after[i], score, old, arc[i % n].word}, width);
    }
}

static void print_words(const struct hypothesis *last)
{
    if (last->before == NULL)
        return;
    print_words(last->before);
    printf(" %s", last->word);
}

int main(int argc, char **argv)
{
    char error[RNNLM_ERROR_SIZE];
    int width = argc > 3 ? atoi(argv[3]) : 10;
    FILE *file = argc > 2 ? fopen(argv[2], "r") : NULL;
    if (file == NULL || width < 1 || width > MOST_BEAM)
        fail("wanted: MODEL GRAPH [BEAM]");
    int n = read_graph(file);
    fclose(file);
    rnnlm_model *model = rnnlm_open(argv[1], error, sizeof error);
    if (model == NULL)
        fail(error);
    insert(0, (struct hypothesis){malloc(rnnlm_state_size(model)), 0, NULL, NULL}, 1);
    rnnlm_start(model, beam[0][0].state);
    for (int begin = 0, end; begin < n; begin = end) {
        for (end = begin; end < n && arcs[end].from == arcs[begin].from; end++)
            ;
        expand(model, arcs[begin].from, arcs + begin, end - begin, width);
    }
    const struct hypothesis *best = &beam[arcs[n - 1].to][0];
    for (int i = 1; i < count[arcs[n - 1].to]; i++)
        best = best[0].score < beam[arcs[n - 1].to][i].score ? &beam[arcs[n - 1].to][i] : best;
    printf("%.4f", count[arcs[n - 1].to] > 0 ? best->score : -INFINITY);
    if (best->before != NULL)
        print_words(best->before);
    printf("\n");
    rnnlm_close(model);
}
