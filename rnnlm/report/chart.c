// Charts as SVG.
#include "report/chart.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

// Of a chart, in the units of its own picture: numbers of an axis stand left of the frame, and right
// of it where there are two.
enum { WIDTH = 640, HEIGHT = 300, LEFT = 58, RIGHT = 16, RIGHT_AXIS = 58, TOP = 12, BOTTOM = 42 };
enum { TICKS = 5, MOST_TICKS = 4 * TICKS };

struct axis {
    double least, most; // of the values, their logarithms where it is logarithmic
    double begin, end;  // where they are drawn
    bool log;
};

// ---- numbers ----------------------------------------------------------------------------------

// Puts commas between thousands.
static void group(char text[CHART_NUMBER], const char *digits)
{
    size_t length = strlen(digits), at = 0, sign = *digits == '-';
    for (size_t i = 0; i < length && at + 2 < CHART_NUMBER; i++) {
        if (i > sign && (length - i) % 3 == 0)
            text[at++] = ',';
        text[at++] = digits[i];
    }
    text[at] = '\0';
}

const char *chart_number(char text[CHART_NUMBER], double value)
{
    double size = fabs(value);
    char digits[CHART_NUMBER];
    if (size >= 10000 && size < 1e15) {
        snprintf(digits, sizeof digits, "%.0f", value);
        group(text, digits);
    } else {
        snprintf(text, CHART_NUMBER, size >= 1000 ? "%.0f" : "%.4g", value);
    }
    return text;
}

const char *chart_time(char text[CHART_NUMBER], double seconds)
{
    double whole = floor(seconds + 0.5), minutes = floor(whole / 60), hours = floor(minutes / 60);
    if (whole < 60)
        snprintf(text, CHART_NUMBER, seconds < 10 ? "%.1f s" : "%.0f s", seconds);
    else if (hours < 1)
        snprintf(text, CHART_NUMBER, "%.0f min %02.0f s", minutes, whole - 60 * minutes);
    else
        snprintf(text, CHART_NUMBER, "%.0f h %02.0f min", hours, minutes - 60 * hours);
    return text;
}

// ---- axes -------------------------------------------------------------------------------------

static bool drawable(const struct axis *axis, double value)
{
    return value > -INFINITY && value < INFINITY && (!axis->log || value > 0);
}

static double scaled(const struct axis *axis, double value)
{
    return axis->log ? log10(value) : value;
}

static double place(const struct axis *axis, double value)
{
    double range = axis->most - axis->least;
    double part = range > 0 ? (scaled(axis, value) - axis->least) / range : 0.5;
    return axis->begin + part * (axis->end - axis->begin);
}

static void axis_take(struct axis *axis, double value)
{
    if (!drawable(axis, value))
        return;
    double now = scaled(axis, value);
    axis->least = now < axis->least ? now : axis->least;
    axis->most = now > axis->most ? now : axis->most;
}

// The distance between ticks: 1, 2 or 5 times a power of ten; of time, parts of minutes and hours.
static double tick_step(const struct axis *axis, bool seconds)
{
    static const double times[] = {1,   2,   5,    10,   15,   30,    60,    120,   300,
                                   600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400};
    double wanted = (axis->most - axis->least) / TICKS;
    if (axis->log)
        return wanted > 1 ? ceil(wanted) : 1;
    for (size_t i = 0; seconds && wanted > 1 && i < sizeof times / sizeof times[0]; i++)
        if (times[i] >= wanted)
            return times[i];
    double power = pow(10, floor(log10(wanted)));
    double part = wanted / power;
    return power * (part <= 1 ? 1 : part <= 2 ? 2 : part <= 5 ? 5 : 10);
}

static void tick_name(char text[CHART_NUMBER], double value, bool seconds)
{
    if (!seconds || value < 60)
        chart_number(text, value);
    else if (value < 3600)
        snprintf(text, CHART_NUMBER, "%.0f min", value / 60);
    else
        snprintf(text, CHART_NUMBER, "%.3g h", value / 3600);
    if (seconds && value < 60)
        snprintf(text, CHART_NUMBER, "%.4g s", value);
}

// A range of one value, or none, becomes one around it.
static void axis_widen(struct axis *axis)
{
    if (axis->most > axis->least)
        return;
    double middle = axis->most >= axis->least ? axis->least : 0, room = fabs(middle) / 10;
    axis->least = middle - (room > 0 ? room : 1);
    axis->most = middle + (room > 0 ? room : 1);
}

static void draw_x_axis(struct output *output, const struct axis *axis, const struct chart *chart)
{
    char name[CHART_NUMBER];
    const double step = tick_step(axis, chart->seconds), first = ceil(axis->least / step);
    for (int i = 0; i < MOST_TICKS && (first + i) * step <= axis->most; i++) {
        double at = (first + i) * step, x = place(axis, at);
        tick_name(name, at, chart->seconds);
        output_format(output, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>", x,
                      HEIGHT - BOTTOM + 18, name);
    }
    output_format(output, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">",
                  (axis->begin + axis->end) / 2, HEIGHT - 4);
    page_text(output, chart->x);
    output_text(output, "</text>");
}

static void draw_y_axis(struct output *output, const struct axis *axis, const struct chart *chart,
                        double left, double right)
{
    char name[CHART_NUMBER];
    const double step = tick_step(axis, false), first = ceil(axis->least / step);
    for (int i = 0; i < MOST_TICKS && (first + i) * step <= axis->most; i++) {
        double value = axis->log ? pow(10, (first + i) * step) : (first + i) * step;
        if (!drawable(axis, value))
            continue;
        double y = place(axis, value);
        output_format(output,
                      "<line class=\"tick\" x1=\"%.0f\" x2=\"%.0f\" y1=\"%.1f\" y2=\"%.1f\"/>"
                      "<text x=\"%.0f\" y=\"%.1f\" text-anchor=\"end\">%s</text>",
                      left, right, y, y, left - 6, y + 4, chart_number(name, value));
        if (chart->perplexity)
            output_format(output, "<text x=\"%.0f\" y=\"%.1f\">%s</text>", right + 6, y + 4,
                          chart_number(name, pow(2, value)));
    }
}

// ---- charts -----------------------------------------------------------------------------------

static bool point_ok(const struct axis *x, const struct axis *y, const struct chart_line *line,
                     size_t i)
{
    return drawable(x, line->x[i]) && drawable(y, line->y[i]);
}

static size_t points(const struct axis *x, const struct axis *y, const struct chart_line *line)
{
    size_t count = 0;
    for (size_t i = 0; i < line->count; i++)
        count += point_ok(x, y, line, i);
    return count;
}

static void write_value(struct output *output, const struct chart *chart,
                        const struct chart_line *line, size_t i)
{
    char x[CHART_NUMBER], y[CHART_NUMBER], other[CHART_NUMBER];
    if (chart->seconds)
        chart_time(x, line->x[i]);
    else
        chart_number(x, line->x[i]);
    output_format(output, "%s %s|%s", x, chart->seconds ? "" : chart->x,
                  chart_number(y, line->y[i]));
    if (chart->perplexity)
        output_format(output, " bits, perplexity %s", chart_number(other, pow(2, line->y[i])));
}

static void draw_line(struct output *output, const struct chart *chart,
                      const struct chart_line *line, const struct axis *x, const struct axis *y)
{
    const char *between = "";
    output_format(output, "<polyline class=\"curve%s\" style=\"stroke:var(--c%zu)\" data-name=\"",
                  line->dashed ? " dashed" : "", line->colour % CHART_COLOURS);
    page_text(output, line->name);
    output_text(output, "\" points=\"");
    for (size_t i = 0; i < line->count; i++) {
        if (!point_ok(x, y, line, i))
            continue;
        output_format(output, "%s%.1f,%.1f", between, place(x, line->x[i]), place(y, line->y[i]));
        between = " ";
    }
    output_text(output, "\" data-values=\"");
    between = "";
    for (size_t i = 0; i < line->count; i++) {
        if (!point_ok(x, y, line, i))
            continue;
        output_text(output, between);
        write_value(output, chart, line, i);
        between = ";";
    }
    output_text(output, "\"/>");
}

static void draw_key(struct output *output, const struct chart_line *line)
{
    output_format(output, "<span class=\"key\"><i%s style=\"border-color:var(--c%zu)\"></i>",
                  line->dashed ? " class=\"dashed\"" : "", line->colour % CHART_COLOURS);
    page_text(output, line->name);
    output_text(output, "</span>");
}

void chart_write(struct output *output, const struct chart *chart)
{
    double right = WIDTH - (chart->perplexity ? RIGHT_AXIS : RIGHT);
    struct axis x = {INFINITY, -INFINITY, LEFT, right, false};
    struct axis y = {INFINITY, -INFINITY, HEIGHT - BOTTOM, TOP, chart->log_y};
    size_t most = 0;
    for (size_t l = 0; l < chart->lines; l++) {
        const struct chart_line *line = &chart->line[l];
        size_t count = points(&x, &y, line);
        most = count > most ? count : most;
        for (size_t i = 0; i < line->count; i++)
            if (point_ok(&x, &y, line, i)) {
                axis_take(&x, line->x[i]);
                axis_take(&y, line->y[i]);
            }
    }
    if (most < 2)
        return;
    axis_widen(&x);
    axis_widen(&y);
    output_text(output, "<div class=\"card\"><h3>");
    page_text(output, chart->title);
    output_text(output, "</h3>");
    if (chart->about != NULL) {
        output_text(output, "<p>");
        page_text(output, chart->about);
        output_text(output, "</p>");
    }
    for (size_t l = 0; l < chart->lines; l++)
        if (points(&x, &y, &chart->line[l]) > 1)
            draw_key(output, &chart->line[l]);
    output_format(output, "<svg data-chart viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", WIDTH,
                  HEIGHT);
    page_text(output, chart->title);
    output_text(output, "\">");
    draw_y_axis(output, &y, chart, LEFT, right);
    draw_x_axis(output, &x, chart);
    for (size_t l = 0; l < chart->lines; l++)
        if (points(&x, &y, &chart->line[l]) > 1)
            draw_line(output, chart, &chart->line[l], &x, &y);
    output_format(output, "<line class=\"at\" y1=\"%d\" y2=\"%d\"/></svg>", TOP, HEIGHT - BOTTOM);
    output_text(output, "<div class=\"tip\"></div></div>\n");
}

void chart_spark(struct output *output, size_t count, const double *x, const double *y,
                 double least, double most)
{
    struct axis across = {INFINITY, -INFINITY, 2, 158, false};
    struct axis up = {INFINITY, -INFINITY, 26, 2, true};
    const struct chart_line line = {.count = count, .x = x, .y = y};
    const char *between = "";
    for (size_t i = 0; i < count; i++)
        axis_take(&across, x[i]);
    axis_take(&up, least);
    axis_take(&up, most);
    axis_widen(&across);
    axis_widen(&up);
    output_text(output, "<svg viewBox=\"0 0 160 28\"><polyline class=\"curve\" "
                        "style=\"stroke:var(--c0)\" points=\"");
    for (size_t i = 0; i < count; i++) {
        if (!point_ok(&across, &up, &line, i))
            continue;
        output_format(output, "%s%.1f,%.1f", between, place(&across, x[i]), place(&up, y[i]));
        between = " ";
    }
    output_text(output, "\"/></svg>");
}

// ---- bars and maps ----------------------------------------------------------------------------

enum { BARS_WIDTH = 240, BARS_HEIGHT = 120, BARS_BOTTOM = 100 };

void chart_bars(struct output *output, const char *title, double least, double most, size_t count,
                const double *share, const double *first)
{
    char name[CHART_NUMBER];
    double highest = 0, width = (double)BARS_WIDTH / (double)count;
    for (size_t i = 0; i < count; i++) {
        highest = share[i] > highest ? share[i] : highest;
        highest = first != NULL && first[i] > highest ? first[i] : highest;
    }
    double unit = highest > 0 ? (BARS_BOTTOM - 4) / highest : 0;
    output_text(output, "<div class=\"card\"><h3>");
    page_text(output, title);
    output_format(output, "</h3><svg viewBox=\"0 0 %d %d\">", BARS_WIDTH, BARS_HEIGHT);
    for (size_t i = 0; i < count; i++)
        output_format(output,
                      "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" "
                      "style=\"fill:var(--c0)\"/>",
                      (double)i * width + 0.5, BARS_BOTTOM - share[i] * unit, width - 1,
                      share[i] * unit);
    if (first != NULL) {
        output_text(output,
                    "<polyline class=\"curve dashed\" style=\"stroke:var(--c1)\" points=\"");
        for (size_t i = 0; i < count; i++)
            output_format(output, "%s%.1f,%.1f %.1f,%.1f", i > 0 ? " " : "", (double)i * width,
                          BARS_BOTTOM - first[i] * unit, (double)(i + 1) * width,
                          BARS_BOTTOM - first[i] * unit);
        output_text(output, "\"/>");
    }
    output_format(output, "<text x=\"0\" y=\"%d\">%s</text>", BARS_HEIGHT - 4,
                  chart_number(name, least));
    output_format(output, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text></svg></div>\n",
                  BARS_WIDTH, BARS_HEIGHT - 4, chart_number(name, most));
}

enum { MAP_WIDTH = 960, MAP_HEIGHT = 600, MAP_EDGE = 50 };

void chart_map(struct output *output, const char *title, const char *about,
               const struct chart_place *place_of, size_t count)
{
    struct axis x = {INFINITY, -INFINITY, MAP_EDGE, MAP_WIDTH - MAP_EDGE, false};
    struct axis y = {INFINITY, -INFINITY, MAP_HEIGHT - 14, 20, false};
    for (size_t i = 0; i < count; i++) {
        axis_take(&x, place_of[i].x);
        axis_take(&y, place_of[i].y);
    }
    axis_widen(&x);
    axis_widen(&y);
    output_text(output, "<div class=\"card\"><h3>");
    page_text(output, title);
    output_text(output, "</h3><p>");
    page_text(output, about);
    output_format(output,
                  "</p><div class=\"wide\"><svg viewBox=\"0 0 %d %d\" style=\"min-width:40rem\">",
                  MAP_WIDTH, MAP_HEIGHT);
    for (size_t i = 0; i < count; i++) {
        if (!drawable(&x, place_of[i].x) || !drawable(&y, place_of[i].y))
            continue;
        output_format(output, "<text class=\"word\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">",
                      place(&x, place_of[i].x), place(&y, place_of[i].y));
        page_text(output, place_of[i].word);
        output_text(output, "</text>");
    }
    output_text(output, "</svg></div></div>\n");
}
