// Learning pages.
#include "report/learning_page.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "report/chart.h"
#include "report/curve.h"

static const char TRAIN[] = "train.bits", VALID[] = "epoch.valid.bits";

// What is being written.
struct learning {
    struct output *output;
    const struct learning_log *log; // [logs]
    size_t logs;
    struct error *error;
};

enum { MOST_LINES = 64, NAME = 160 };

// The lines of one chart, with the curves that they are of.
struct lines {
    struct curve curve[MOST_LINES];
    struct chart_line line[MOST_LINES];
    char name[MOST_LINES][NAME];
    size_t count;
};

static void lines_free(struct lines *lines)
{
    for (size_t i = 0; i < lines->count; i++)
        curve_free(&lines->curve[i]);
    free(lines);
}

// One line for each log and each of the two names of figures (`second` may be NULL, and is dashed).
static struct lines *lines_of(const struct learning *learning, const char *first,
                              const char *second)
{
    struct lines *lines = memory_new(1, sizeof *lines, learning->error);
    bool ok = lines != NULL;
    for (size_t i = 0; ok && i < 2 * learning->logs && lines->count < MOST_LINES; i++) {
        const struct learning_log *log = &learning->log[i / 2];
        const char *figure = i % 2 ? second : first;
        size_t l = lines->count;
        if (figure == NULL)
            continue;
        ok = curve_read(&lines->curve[l], log->log, figure, learning->error);
        bool valid = strcmp(figure, VALID) == 0;
        snprintf(lines->name[l], NAME, "%.100s%s%s", learning->logs > 1 ? log->name : "",
                 learning->logs > 1 && second != NULL ? ", " : "",
                 second == NULL && learning->logs > 1 ? ""
                 : valid                              ? "validation"
                 : strcmp(figure, TRAIN) == 0         ? "training"
                                                      : figure);
        lines->line[l] = (struct chart_line){.name = lines->name[l],
                                             .count = lines->curve[l].count,
                                             .y = lines->curve[l].value,
                                             .dashed = learning->logs > 1 && i % 2,
                                             .colour = learning->logs > 1 ? i / 2 : i % 2};
        lines->count++;
    }
    if (ok)
        return lines;
    if (lines != NULL)
        lines_free(lines);
    return NULL;
}

static void take_x(struct lines *lines, bool seconds)
{
    for (size_t i = 0; i < lines->count; i++)
        lines->line[i].x = seconds ? lines->curve[i].seconds : lines->curve[i].words;
}

// ---- curves -----------------------------------------------------------------------------------

static bool write_curves(const struct learning *learning)
{
    struct chart chart = {.perplexity = true};
    const char *first = learning->logs > 1 ? VALID : TRAIN;
    struct lines *lines = lines_of(learning, first, first == VALID ? TRAIN : VALID);
    if (lines == NULL)
        return false;
    output_text(learning->output, "<div class=\"grid\">");
    chart.line = lines->line;
    chart.lines = lines->count;
    take_x(lines, false);
    chart.title = "Bits a word, against words";
    chart.about = "Left: entropy in bits; right: perplexity, 2 to the power of it.";
    chart.x = "words of the training text";
    chart_write(learning->output, &chart);
    take_x(lines, true);
    chart.title = "Bits a word, against time";
    chart.x = "time";
    chart.seconds = true;
    chart_write(learning->output, &chart);
    lines_free(lines);
    return true;
}

static bool write_other_curve(const struct learning *learning, const char *figure,
                              const char *title)
{
    struct lines *lines = lines_of(learning, figure, NULL);
    if (lines == NULL)
        return false;
    take_x(lines, false);
    const struct chart chart = {.title = title,
                                .x = "words of the training text",
                                .line = lines->line,
                                .lines = lines->count};
    chart_write(learning->output, &chart);
    lines_free(lines);
    return true;
}

// ---- error through time -----------------------------------------------------------------------

enum { MOST_STEPS = 512 };

struct backward {
    double step[MOST_STEPS], value[MOST_LINES][MOST_STEPS];
    struct chart_line line[MOST_LINES];
    char name[MOST_LINES][NAME];
    size_t lines;
};

static void add_backward(struct backward *backward, const struct log_row *row, const char *name,
                         bool first, size_t colour)
{
    size_t l = backward->lines;
    if (l == MOST_LINES)
        return;
    snprintf(backward->name[l], NAME, "%.100s%s", name, first ? ", at first" : "");
    backward->line[l] =
        (struct chart_line){.name = backward->name[l],
                            .count = log_numbers(row, backward->value[l], MOST_STEPS),
                            .x = backward->step,
                            .y = backward->value[l],
                            .dashed = first,
                            .colour = colour};
    backward->lines++;
}

static const struct log_row *first_of(const struct log *log, const char *name)
{
    for (size_t i = 0; i < log->count; i++)
        if (strcmp(log->row[i].name, name) == 0)
            return &log->row[i];
    return NULL;
}

// The layers of one log, then and now; of several, the topmost layer that each has.
static void gather_backward(const struct learning *learning, struct backward *backward)
{
    for (size_t i = 0; i < learning->logs; i++) {
        const struct log *log = learning->log[i].log;
        const char *top = NULL;
        size_t colour = 0;
        for (size_t j = 0; j < log->count; j++) {
            const struct log_row *row = &log->row[j];
            const char *layer = log_name_behind(row, "error.");
            if (layer == NULL || log_last(log, row->name) != row)
                continue;
            top = row->name;
            if (learning->logs > 1)
                continue;
            add_backward(backward, row, layer, false, colour);
            if (first_of(log, row->name) != row)
                add_backward(backward, first_of(log, row->name), layer, true, colour);
            colour++;
        }
        if (learning->logs > 1 && top != NULL)
            add_backward(backward, log_last(log, top), learning->log[i].name, false, i);
    }
}

static bool write_backward(const struct learning *learning)
{
    struct backward *backward = memory_new(1, sizeof *backward, learning->error);
    if (backward == NULL)
        return false;
    for (size_t i = 0; i < MOST_STEPS; i++)
        backward->step[i] = (double)i;
    gather_backward(learning, backward);
    const struct chart chart = {
        .title = "The error as it goes back through time",
        .about = "Length of the error of a word at each layer's units, at that word (0) and at the "
                 "words before it. A curve that falls steeply: the gradient vanishes, and the "
                 "network cannot learn what lies further back. One that rises: it explodes.",
        .x = "words back",
        .log_y = true,
        .line = backward->line,
        .lines = backward->lines};
    chart_write(learning->output, &chart);
    free(backward);
    output_text(learning->output, "</div>\n");
    return true;
}

// ---- gradients --------------------------------------------------------------------------------

static void bounds_of(const struct log *log, const char *prefix, double *least, double *most)
{
    *least = INFINITY;
    *most = 0;
    for (size_t i = 0; i < log->count; i++) {
        double value;
        if (log_name_behind(&log->row[i], prefix) == NULL ||
            log_numbers(&log->row[i], &value, 1) == 0 || !(value > 0 && value < INFINITY))
            continue;
        *least = value < *least ? value : *least;
        *most = value > *most ? value : *most;
    }
}

static bool write_gradients(const struct learning *learning, const struct log *log)
{
    static const char GRADIENT[] = "gradient.";
    struct output *output = learning->output;
    double least, most;
    bool any = false, ok = true;
    bounds_of(log, GRADIENT, &least, &most);
    for (size_t i = 0; ok && i < log->count; i++) {
        const struct log_row *row = &log->row[i];
        const char *name = log_name_behind(row, GRADIENT);
        struct curve curve;
        char text[CHART_NUMBER];
        if (name == NULL || log_last(log, row->name) != row)
            continue;
        if (!any)
            output_text(output, "<h2>Gradients</h2><p>Their lengths, of each parameter, on one "
                                "logarithmic scale.</p><div class=\"card wide\"><table><tr><th>"
                                "parameter<th>from the first to the last<th class=\"n\">now</tr>");
        any = true;
        ok = curve_read(&curve, log, row->name, learning->error);
        output_text(output, "<tr><td>");
        page_text(output, name);
        output_text(output, "<td>");
        if (ok)
            chart_spark(output, curve.count, curve.words, curve.value, least, most);
        if (ok && curve.count > 0)
            output_format(output, "<td class=\"n\">%s</tr>",
                          chart_number(text, curve.value[curve.count - 1]));
        curve_free(&curve);
    }
    if (any)
        output_text(output, "</table></div>\n");
    return ok;
}

// ---- activations, words, samples --------------------------------------------------------------

static void write_activations(const struct learning *learning, const struct log *log)
{
    struct output *output = learning->output;
    bool any = false;
    for (size_t i = 0; i < log->count; i++) {
        const struct log_row *row = &log->row[i];
        const char *layer = log_name_behind(row, "activation.");
        double now[2 + LOG_BINS], then[2 + LOG_BINS];
        if (layer == NULL || log_last(log, row->name) != row ||
            log_numbers(row, now, 2 + LOG_BINS) != 2 + LOG_BINS)
            continue;
        if (!any)
            output_text(output, "<h2>Activations</h2><p>How often units of a layer have which "
                                "output; the line is how it was at first.</p>"
                                "<div class=\"grid small\">");
        any = true;
        bool same = log_numbers(first_of(log, row->name), then, 2 + LOG_BINS) == 2 + LOG_BINS &&
                    then[0] == now[0] && then[1] == now[1];
        chart_bars(output, layer, now[0], now[1], LOG_BINS, now + 2, same ? then + 2 : NULL);
    }
    if (any)
        output_text(output, "</div>\n");
}

static bool write_map(const struct learning *learning, const struct log *log)
{
    struct chart_place *place = memory_new(log->count, sizeof *place, learning->error);
    size_t count = 0;
    if (place == NULL)
        return false;
    for (size_t i = 0; i < log->count; i++) {
        const char *word = log_name_behind(&log->row[i], "map.");
        double at[2];
        if (word != NULL && log_numbers(&log->row[i], at, 2) == 2)
            place[count++] = (struct chart_place){word, at[0], at[1]};
    }
    if (count > 0) {
        output_text(learning->output, "<h2>Words</h2>");
        chart_map(learning->output, "The most frequent words",
                  "Their vectors, along the two directions in which they differ most (principal "
                  "components). Words that are used alike come to stand together.",
                  place, count);
    }
    free(place);
    return true;
}

// With each sentence in a line of its own.
static void write_sample(struct output *output, const char *text)
{
    static const char END[] = " </s>";
    const char *end;
    for (; (end = strstr(text, END)) != NULL; text = end + strlen(END)) {
        page_text_part(output, text, (size_t)(end - text));
        output_text(output, "<br>");
    }
    page_text(output, text);
}

static void write_samples(const struct learning *learning, const struct log *log)
{
    struct output *output = learning->output;
    bool any = false;
    for (size_t i = log->count; i-- > 0;) { // the latest first
        const struct log_row *row = &log->row[i];
        char words[CHART_NUMBER];
        if (strcmp(row->name, "sample") != 0)
            continue;
        if (!any)
            output_text(output, "<h2>Samples</h2><p>Text drawn from the model as it was then.</p>"
                                "<div class=\"card\">");
        any = true;
        output_format(output, "<p>after %s words</p><blockquote>",
                      chart_number(words, (double)row->words));
        write_sample(output, row->value);
        output_text(output, "</blockquote>");
    }
    if (any)
        output_text(output, "</div>\n");
}

// ---- settings ---------------------------------------------------------------------------------

// Of several logs, those that are not the same in all.
static bool is_shown(const struct learning *learning, const struct log_row *row)
{
    bool differs = learning->logs == 1;
    for (size_t i = 1; i < learning->logs; i++) {
        const struct log_row *other = log_last(learning->log[i].log, row->name);
        differs = differs || other == NULL || strcmp(other->value, row->value) != 0;
    }
    return differs;
}

static void write_settings(const struct learning *learning)
{
    struct output *output = learning->output;
    output_text(output, learning->logs > 1 ? "<h2>Settings that differ</h2>" : "<h2>Settings</h2>");
    output_text(output, "<div class=\"card wide\"><table>");
    for (size_t i = 0; learning->logs > 1 && i <= learning->logs; i++) {
        output_text(output, "<th>");
        page_text(output, i > 0 ? learning->log[i - 1].name : "");
    }
    const struct log *first = learning->log[0].log;
    for (size_t i = 0; i < first->count; i++) {
        const struct log_row *row = &first->row[i];
        const char *name = log_name_behind(row, "setting.");
        if (name == NULL || log_last(first, row->name) != row || !is_shown(learning, row))
            continue;
        output_text(output, "<tr><td>");
        page_text(output, name);
        for (size_t j = 0; j < learning->logs; j++) {
            const struct log_row *other = log_last(learning->log[j].log, row->name);
            output_text(output, "<td>");
            page_text(output, other != NULL ? other->value : "");
        }
        output_text(output, "</tr>");
    }
    output_text(output, "</table>");
    for (size_t i = 0; i < learning->logs; i++) {
        const struct log_row *command = log_last(learning->log[i].log, "command");
        if (command == NULL)
            continue;
        output_text(output, "<p></p><pre>");
        page_text(output, command->value);
        output_text(output, "</pre>");
    }
    output_text(output, "</div>\n");
}

// ---- summaries --------------------------------------------------------------------------------

struct summary {
    double best, last, train; // bits; NAN if there is none
    double words, seconds, speed;
    const struct log_row *end;
};

static double last_number(const struct log *log, const char *name)
{
    double value;
    const struct log_row *row = log_last(log, name);
    return row != NULL && log_numbers(row, &value, 1) == 1 ? value : NAN;
}

static struct summary summary_of(const struct log *log)
{
    struct summary summary = {.best = NAN,
                              .last = last_number(log, VALID),
                              .train = last_number(log, TRAIN),
                              .end = log_last(log, "end")};
    for (size_t i = 0; i < log->count; i++) {
        const struct log_row *row = &log->row[i];
        double value;
        summary.words = fmax(summary.words, (double)row->words);
        summary.seconds = fmax(summary.seconds, row->seconds);
        if (strcmp(row->name, VALID) == 0 && log_numbers(row, &value, 1) == 1)
            summary.best = value > summary.best ? summary.best : value;
    }
    summary.speed = summary.seconds > 0 ? summary.words / summary.seconds : 0;
    return summary;
}

static void write_big(struct output *output, const char *value, const char *what, const char *more)
{
    output_format(output, "<div class=\"card\"><div class=\"big\">%s</div><p>%s%s</p></div>", value,
                  what, more);
}

static void write_summary(const struct learning *learning)
{
    const struct summary summary = summary_of(learning->log[0].log);
    struct output *output = learning->output;
    char value[CHART_NUMBER], other[CHART_NUMBER], more[80] = "";
    output_text(output, "<p>");
    page_text(output, summary.end != NULL ? summary.end->value : "learning");
    output_text(output, "</p><div class=\"grid small\">");
    if (summary.best > summary.last || summary.best < summary.last)
        snprintf(more, sizeof more, "; the best was %s", chart_number(other, pow(2, summary.best)));
    if (summary.last > -INFINITY)
        write_big(output, chart_number(value, pow(2, summary.last)), "validation perplexity", more);
    if (summary.train > -INFINITY)
        write_big(output, chart_number(value, pow(2, summary.train)), "training perplexity, lately",
                  "");
    write_big(output, chart_number(value, summary.words), "words learnt, in ",
              chart_time(other, summary.seconds));
    write_big(output, chart_number(value, floor(summary.speed)), "words a second", "");
    output_text(output, "</div>\n");
}

static void write_table(const struct learning *learning)
{
    struct output *output = learning->output;
    double least = INFINITY;
    for (size_t i = 0; i < learning->logs; i++) {
        double best = summary_of(learning->log[i].log).best;
        least = best < least ? best : least;
    }
    output_text(output, "<div class=\"card wide\"><table><tr><th>training<th class=\"n\">best "
                        "validation bits<th class=\"n\">perplexity<th class=\"n\">words"
                        "<th class=\"n\">time<th class=\"n\">words/s<th>ended</tr>");
    for (size_t i = 0; i < learning->logs; i++) {
        const struct summary summary = summary_of(learning->log[i].log);
        char bits[CHART_NUMBER], perplexity[CHART_NUMBER], words[CHART_NUMBER], time[CHART_NUMBER],
            speed[CHART_NUMBER];
        bool any = summary.best > -INFINITY;
        output_text(output, summary.best <= least ? "<tr class=\"best\"><td>" : "<tr><td>");
        page_text(output, learning->log[i].name);
        output_format(output,
                      "<td class=\"n\">%s<td class=\"n\">%s<td class=\"n\">%s<td class=\"n\">%s"
                      "<td class=\"n\">%s<td>",
                      any ? chart_number(bits, summary.best) : "",
                      any ? chart_number(perplexity, pow(2, summary.best)) : "",
                      chart_number(words, summary.words), chart_time(time, summary.seconds),
                      chart_number(speed, floor(summary.speed)));
        page_text(output, summary.end != NULL ? summary.end->value : "");
        output_text(output, "</tr>");
    }
    output_text(output, "</table></div>\n");
}

// ---- pages ------------------------------------------------------------------------------------

bool learning_page_write(struct output *output, const struct learning_log *log, size_t logs,
                         int reload, struct error *error)
{
    const struct learning learning = {output, log, logs, error};
    const char *title = logs == 1 ? log[0].name : "Trainings compared";
    page_begin(output, title, reload);
    output_text(output, "<h1>");
    page_text(output, title);
    output_text(output, "</h1>");
    if (logs == 1)
        write_summary(&learning);
    else
        write_table(&learning);
    if (!write_curves(&learning) || !write_other_curve(&learning, "alpha", "Learning rate") ||
        !write_other_curve(&learning, "speed", "Words a second") || !write_backward(&learning))
        return false;
    if (logs == 1) {
        write_activations(&learning, log[0].log);
        if (!write_gradients(&learning, log[0].log) || !write_map(&learning, log[0].log))
            return false;
        write_samples(&learning, log[0].log);
    }
    write_settings(&learning);
    page_end(output);
    return true;
}
