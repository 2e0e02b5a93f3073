// How a decoder uses the library: `beam_search MODEL GRAPH`, a beam search over a word graph.
//
// A line of GRAPH is an arc `FROM TO WORD SCORE`: nodes are numbers, FROM < TO, arcs stand in order
// of FROM, node 0 is the start, the words of arcs to the highest node, the end, are </s>; SCORE is
// log10. Prints the log10 score of the best sentence, graph and network together, and its words.
#include <rnnlm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BEAM = 20, ARCS = 1000, MOST = BEAM * ARCS };

struct arc {
    int from, to;
    char word[100];
    double score;
};

// A partial sentence. Its state is a plain value in memory of the decoder's.
struct hypothesis {
    int node;
    double score;
    void *state;
    char words[1000];
};

static struct arc arcs[ARCS];
static struct hypothesis all[MOST + 1];
static size_t hypotheses, done; // done: expanded

static size_t read_graph(FILE *file)
{
    size_t n = 0;
    while (n < ARCS && fscanf(file, "%d %d %99s %lf", &arcs[n].from, &arcs[n].to, arcs[n].word,
                              &arcs[n].score) == 4)
        n++;
    return n;
}

static int by_node_and_score(const void *left, const void *right)
{
    const struct hypothesis *a = left, *b = right;
    return a->node != b->node ? a->node - b->node : (a->score < b->score) - (a->score > b->score);
}

// Scores the words of n arcs, which leave a node, behind its best hypotheses, all at once.
static int expand(const rnnlm_model *model, const struct arc *arc, size_t n)
{
    static void *before[MOST], *after[MOST];
    static int32_t word[MOST];
    static double log10_prob[MOST];
    size_t begin = done;
    qsort(all + done, hypotheses - done, sizeof *all, by_node_and_score);
    while (done < hypotheses && all[done].node == arc->from)
        done++;
    size_t pairs = n * (done - begin < BEAM ? done - begin : BEAM);
    for (size_t i = 0; i < pairs; i++) { // pairs that share a state stand together
        before[i] = all[begin + i / n].state;
        after[i] = malloc(rnnlm_state_size(model));
        word[i] = rnnlm_word_id(model, arc[i % n].word, strlen(arc[i % n].word));
    }
    if (rnnlm_score_batch(model, pairs, (const void *const *)before, word, after, log10_prob) != 0)
        return -1;
    for (size_t i = 0; i < pairs; i++) {
        struct hypothesis new = all[begin + i / n];
        new.node = arc[i % n].to;
        new.score += arc[i % n].score + (word[i] == RNNLM_OOV ? -5 : log10_prob[i]);
        new.state = after[i];
        if (strlen(new.words) + sizeof arc->word + 1 < sizeof new.words)
            strcat(strcat(new.words, " "), arc[i % n].word);
        all[hypotheses++] = new;
    }
    while (begin < done) // nobody looks back
        free(all[begin++].state);
    return 0;
}

int main(int argc, char **argv)
{
    char error[RNNLM_ERROR_SIZE] = "wanted: MODEL GRAPH";
    FILE *file = argc == 3 ? fopen(argv[2], "r") : NULL;
    rnnlm_model *model = file != NULL ? rnnlm_open(argv[1], error, sizeof error) : NULL;
    if (model == NULL)
        return fprintf(stderr, "beam_search: %s\n", error), 1;
    all[hypotheses++].state = malloc(rnnlm_state_size(model)); // node 0, score 0
    rnnlm_start(model, all[0].state);
    size_t n = read_graph(file);
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i; end < n && arcs[end].from == arcs[i].from; end++)
            ;
        if (expand(model, arcs + i, end - i) != 0)
            return fprintf(stderr, "beam_search: not enough memory\n"), 1;
    }
    qsort(all + done, hypotheses - done, sizeof *all, by_node_and_score);
    if (done == hypotheses)
        return fprintf(stderr, "beam_search: no way leads to the end\n"), 1;
    printf("%.4f%s\n", all[done].score, all[done].words);
}
