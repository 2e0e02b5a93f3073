// Pages of texts.
#include "report/text_page.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "report/chart.h"
#include "text/vocabulary.h"

enum { COLOURS = 8, BINS = 20, COSTLIEST = 16 };
static const double BITS_A_COLOUR = 2, NOTABLE = 1; // bits

struct text_page {
    struct output *output;
    const char *title, *helper;
    bool compares, spaced, full;
    uint64_t most, words, scored, unknown, shown, sentences;
    double bits, plain_bits; // of all that are scored
    double gained, lost;     // against the plain ones
    uint64_t bin[BINS];
    struct vocabulary costs; // words that cost something, with what they cost
    double *cost;            // [costed] bits
    size_t costed, capacity;
    bool line_open;
};

// What a word looks like: the more bits, the deeper.
static const char STYLE[] =
    "<style>.page{display:flex;flex-direction:column}.page .summary{order:-1}"
    ".line{margin:.15rem 0}.w{border-radius:.2rem;padding:0 .15em;cursor:default}"
    ".w:focus{outline:2px solid var(--c0)}"
    ".u{color:var(--soft);font-style:italic}.gain{border-bottom:2px solid var(--c2)}"
    ".loss{border-bottom:2px dotted var(--c3)}.e{color:var(--soft)}"
    ".b1{background:rgba(230,120,20,.10)}.b2{background:rgba(230,120,20,.2)}"
    ".b3{background:rgba(230,120,20,.3)}.b4{background:rgba(230,110,20,.4)}"
    ".b5{background:rgba(230,100,20,.5)}.b6{background:rgba(225,80,20,.6)}"
    ".b7{background:rgba(220,60,20,.7)}"
    "#tip{position:fixed;visibility:hidden;max-width:22rem}</style>";

static const char SCRIPT[] =
    "<script>(function(){var tip=document.getElementById('tip');function show(e){"
    "var w=e.target.closest&&e.target.closest('.w');if(!w){tip.style.visibility='hidden';return}"
    "tip.textContent=w.title||w.dataset.t;if(w.title){w.dataset.t=w.title;w.removeAttribute('title'"
    ")}"
    "var b=w.getBoundingClientRect();tip.style.visibility='visible';"
    "tip.style.left=Math.max(4,Math.min(b.left,innerWidth-tip.offsetWidth-8))+'px';"
    "tip.style.top=(b.bottom+tip.offsetHeight+8>innerHeight?b.top-tip.offsetHeight-4:b.bottom+4)+'"
    "px'}"
    "document.addEventListener('pointerover',show);document.addEventListener('pointerdown',show)"
    "})()</script>";

struct text_page *text_page_new(struct output *output, const char *title, bool compares,
                                const char *helper, bool spaced, uint64_t most, struct error *error)
{
    struct text_page *page = memory_new(1, sizeof *page, error);
    if (page == NULL || !vocabulary_init(&page->costs, error)) {
        free(page);
        return NULL;
    }
    page->output = output;
    page->title = title;
    page->compares = compares;
    page->helper = helper;
    page->spaced = spaced;
    page->most = most;
    page_begin(output, title, 0);
    output_text(output, STYLE);
    output_text(output, "<div class=\"page\"><div class=\"card text\">");
    return page;
}

// ---- words ------------------------------------------------------------------------------------

static void write_bits(struct output *output, double bits)
{
    output_format(output, "%.2f bits", bits > 0 ? bits : 0);
}

// What stands under the pointer.
static void write_title(const struct text_page *page, const struct text_page_word *word,
                        double bits, double plain)
{
    struct output *output = page->output;
    if (word->prob > 0) {
        write_bits(output, bits);
        output_format(output, ", probability %.3g", word->prob);
    } else {
        output_text(output, "no model knows it");
    }
    if (page->compares && word->plain > 0 && word->prob > 0) {
        output_text(output, "\nthe networks as they are: ");
        write_bits(output, plain);
        output_format(output, " (%s%.2f)", bits > plain ? "+" : "", bits - plain);
    }
    for (size_t i = 0; i < word->alternatives; i++) {
        output_format(output, "\n%.3f  ", word->alternative_prob[i]);
        page_text(output, word->alternative[i]);
    }
}

static void write_word(struct text_page *page, const struct text_page_word *word, double bits,
                       double plain)
{
    struct output *output = page->output;
    int colour = word->prob > 0 ? (int)fmin(bits / BITS_A_COLOUR, COLOURS - 1) : COLOURS - 1;
    bool both = page->compares && word->plain > 0 && word->prob > 0;
    if (!page->line_open)
        output_text(output, "<div class=\"line\">");
    page->line_open = true;
    output_format(output, "<span class=\"w b%d%s%s%s\" title=\"", colour, word->known ? "" : " u",
                  both && plain - bits >= NOTABLE   ? " gain"
                  : both && bits - plain >= NOTABLE ? " loss"
                                                    : "",
                  word->sentence_end ? " e" : "");
    write_title(page, word, bits, plain);
    output_text(output, "\">");
    if (word->sentence_end)
        output_text(output, "\xe2\x8f\x8e"); // the sign on the return key
    else
        page_text_part(output, word->text, word->length);
    output_text(output, page->spaced ? "</span> " : "</span>");
    if (word->sentence_end)
        output_text(output, "</div>\n");
    page->line_open = !word->sentence_end;
    page->shown++;
}

static void add_cost(struct text_page *page, const struct text_page_word *word, double bits)
{
    int32_t id = vocabulary_add(&page->costs, word->text, word->length, NULL);
    if (id < 0 ||
        !memory_grow(&page->cost, &page->capacity, page->costs.size, sizeof *page->cost, NULL)) {
        page->full = true;
        return;
    }
    for (; page->costed < page->costs.size; page->costed++)
        page->cost[page->costed] = 0;
    page->cost[id] += bits;
    page->costs.count[id]++;
}

void text_page_add(struct text_page *page, const struct text_page_word *word)
{
    double bits = word->prob > 0 ? -log2(word->prob) : 0;
    double plain = word->plain > 0 ? -log2(word->plain) : 0;
    page->words++;
    page->sentences += word->sentence_end;
    page->unknown += !word->known && !word->sentence_end;
    if (page->words <= page->most)
        write_word(page, word, bits, plain);
    if (!(word->prob > 0) || page->full)
        return;
    page->scored++;
    page->bits += bits;
    page->bin[(size_t)fmin(bits, BINS - 1)]++;
    if (word->plain > 0) {
        page->plain_bits += plain;
        page->gained += plain > bits ? plain - bits : 0;
        page->lost += bits > plain ? bits - plain : 0;
    }
    add_cost(page, word, bits);
}

// ---- summary ----------------------------------------------------------------------------------

static void write_figure(struct output *output, const char *what, double value)
{
    char text[CHART_NUMBER];
    output_format(output, "<div class=\"card\"><div class=\"big\">%s</div><p>%s</p></div>",
                  chart_number(text, value), what);
}

static void write_figures(const struct text_page *page)
{
    struct output *output = page->output;
    double words = (double)page->scored;
    output_text(output, "<div class=\"grid small\">");
    if (page->scored > 0) {
        write_figure(output, "perplexity", pow(2, page->bits / words));
        write_figure(output, "bits a word", page->bits / words);
    }
    write_figure(output, "words, sentence ends among them", (double)page->words);
    if (page->unknown > 0)
        write_figure(output, "words that no model knows", (double)page->unknown);
    if (page->compares && page->scored > 0) {
        write_figure(output, "perplexity of the networks as they are",
                     pow(2, page->plain_bits / words));
        write_figure(output, "bits a word gained, where some are", page->gained / words);
        write_figure(output, "bits a word lost, where some are", page->lost / words);
    }
    output_text(output, "</div>\n");
}

struct costly {
    double bits;
    int32_t word;
};

static int compare_costs(const void *left, const void *right)
{
    const struct costly *a = left, *b = right;
    return a->bits != b->bits ? (a->bits < b->bits ? 1 : -1)
                              : (a->word > b->word) - (a->word < b->word);
}

static bool write_costliest(const struct text_page *page, struct error *error)
{
    struct output *output = page->output;
    struct costly *costly = memory_new(page->costs.size, sizeof *costly, error);
    char text[CHART_NUMBER];
    if (costly == NULL)
        return false;
    for (size_t i = 0; i < page->costs.size; i++)
        costly[i] = (struct costly){i < page->costed ? page->cost[i] : 0, (int32_t)i};
    qsort(costly, page->costs.size, sizeof *costly, compare_costs);
    output_text(output, "<div class=\"card wide\"><h3>Words that cost most</h3><table><tr><th>word"
                        "<th class=\"n\">times<th class=\"n\">bits each<th class=\"n\">share</tr>");
    for (size_t i = 0; i < page->costs.size && i < COSTLIEST; i++) {
        uint64_t count = page->costs.count[costly[i].word];
        if (count == 0)
            continue;
        output_text(output, "<tr><td>");
        page_text(output, vocabulary_word(&page->costs, costly[i].word));
        output_format(output, "<td class=\"n\">%s<td class=\"n\">%.2f<td class=\"n\">%.1f %%</tr>",
                      chart_number(text, (double)count), costly[i].bits / (double)count,
                      100 * costly[i].bits / page->bits);
    }
    output_text(output, "</table></div>\n");
    free(costly);
    return true;
}

static void write_legend(const struct text_page *page)
{
    struct output *output = page->output;
    output_text(output, "<p>The deeper a word's colour, the less it was expected: ");
    for (int i = 0; i < COLOURS; i++)
        output_format(output, "<span class=\"w b%d\">%.0f%s</span> ", i, i * BITS_A_COLOUR,
                      i + 1 < COLOURS ? "" : " bits and more");
    if (page->compares) {
        output_text(output, "; <span class=\"w gain\">underlined</span> where ");
        page_text(output, page->helper);
        output_text(output, " gained a bit or more against the networks as they are, "
                            "<span class=\"w loss\">dotted</span> where it lost one");
    }
    output_text(output, ". Pointing at a word shows what would have been most probable.");
    if (page->shown < page->words)
        output_format(output, " Shown are the first %" PRIu64 " of %" PRIu64 " words.", page->shown,
                      page->words);
    output_text(output, "</p>");
}

bool text_page_end(struct text_page *page, struct error *error)
{
    if (page == NULL)
        return true;
    struct output *output = page->output;
    double share[BINS];
    if (page->line_open)
        output_text(output, "</div>");
    output_text(output, "</div><div class=\"summary\"><h1>");
    page_text(output, page->title);
    output_text(output, "</h1>");
    write_figures(page);
    output_text(output, "<div class=\"grid\">");
    for (size_t i = 0; i < BINS; i++)
        share[i] = (double)page->bin[i];
    if (page->scored > 0)
        chart_bars(output, "How many words have how many bits", 0, BINS, BINS, share, NULL);
    bool ok = page->scored == 0 || write_costliest(page, error);
    output_text(output, "</div>");
    write_legend(page);
    output_text(output, "</div></div><div id=\"tip\" class=\"tip\"></div>");
    output_text(output, SCRIPT);
    page_end(output);
    ok = ok && (!page->full || error_set(error, "not enough memory"));
    vocabulary_free(&page->costs);
    free(page->cost);
    free(page);
    return ok;
}
