// rnnlm-report: pages for a browser from the logs of trainings.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "report/learning_page.h"
#include "tool.h"

#define PROGRAM "rnnlm-report"

static struct {
    const char *output;
} set = {.output = "-"};

static const struct option table[] = {{.type = OPTION_GROUP, .help = "Files"},
                                      {OPTION_TEXT, "o", "FILE", &set.output, NULL, 0, 0,
                                       "The page: one file, which needs no other and no network."}};

static const struct options options = {
    .program = PROGRAM,
    .summary = "pages that show what trainings have learnt",
    .usage = "[-o PAGE.html] LOG...",
    .about = "Makes a page for a browser from the logs that rnnlm leaves beside its models\n"
             "(MODEL.log): of one log the page that rnnlm -train ... -report FILE draws while it\n"
             "runs; of several a comparison, with the best in bold letters and the settings that\n"
             "differ. A log is a table with tabs between four columns, words, seconds, name and\n"
             "value of a figure; rnnlm/report/log.h has the names.",
    .table = table,
    .count = sizeof table / sizeof *table,
    .operands = "LOG...",
};

static bool write_page(const struct learning_log *log, size_t logs, struct output *standard,
                       struct error *error)
{
    bool is_standard = strcmp(set.output, "-") == 0;
    struct output *output = is_standard ? standard : output_create(set.output, error);
    if (output == NULL)
        return false;
    bool ok = learning_page_write(output, log, logs, 0, error);
    return is_standard ? ok : output_end(output, ok, error);
}

static bool run(const struct option_list *operands, struct output *output, struct error *error)
{
    size_t count = operands->count;
    struct learning_log *page = memory_new(count, sizeof *page, error);
    struct log *log = memory_new(count, sizeof *log, error);
    bool ok = page != NULL && log != NULL;
    for (size_t i = 0; ok && i < count; i++) {
        ok = log_read(&log[i], operands->item[i], error);
        page[i] = (struct learning_log){operands->item[i], &log[i]};
    }
    ok = ok && write_page(page, count, output, error);
    for (size_t i = 0; log != NULL && i < count; i++)
        log_free(&log[i]);
    free(log);
    free(page);
    return ok;
}

int main(int argc, char **argv)
{
    static struct option_list operands;
    program_begin(PROGRAM);
    enum options_result result = options_parse(&options, argc, argv, &operands);
    if (result != OPTIONS_RUN)
        return options_status(result);
    if (operands.count == 0) {
        options_fail(PROGRAM, "no log named: MODEL.log of a training is wanted");
        return options_status(OPTIONS_BAD_USAGE);
    }
    return tool_run(PROGRAM, run, &operands);
}
