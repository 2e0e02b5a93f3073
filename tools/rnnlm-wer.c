// rnnlm-wer: word error rate of one hypothesis, or of two that are compared.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "tool.h"
#include "wer/error_report.h"
#include "wer/transcript.h"

#define PROGRAM "rnnlm-wer"

enum missing { MISSING_ERROR, MISSING_DELETIONS, MISSING_IGNORE };

static struct {
    const char *form, *reference_form, *hypothesis_form, *marks, *missing, *speaker, *map;
    const char *glm, *unit;
    bool case_sensitive, fragments, optional, unweighted, split_hyphens;
    struct option_list ignored;
    bool speakers, align, keep_going;
    int64_t samples, seed;
    bool samples_given;
} set = {.marks = "trn",
         .missing = "error",
         .speaker = "first",
         .unit = "word",
         .samples = 1000,
         .seed = 1};

static const struct option table[] = {
    {.type = OPTION_GROUP, .help = "Transcripts"},
    {OPTION_TEXT, "form", "FORM", &set.form, NULL, 0, 0,
     "Form of all files: trn (WORD ... (ID)), stm (NIST's segments with times), ctm (words with "
     "times, against an stm), mlf (HTK), kaldi (ID WORD ...) or plain (WORD ...; lines belong "
     "together by number). Default: recognised by content."},
    {OPTION_TEXT, "ref-form", "FORM", &set.reference_form, NULL, 0, 0, "Of the reference only."},
    {OPTION_TEXT, "hyp-form", "FORM", &set.hypothesis_form, NULL, 0, 0, "Of the hypotheses only."},
    {OPTION_TEXT, "marks", "WHERE", &set.marks, NULL, 0, 0,
     "In which files { A / B / @ } are alternatives, @ is no word and (WORD) may be left out: trn "
     "(and stm and ctm), all or none."},
    {OPTION_TEXT, "glm", "FILE", &set.glm, NULL, 0, 0,
     "Rules that words of all files go through first: NIST's global mapping file, lines [INPUT] => "
     "[OUTPUT] / [LEFT] __ [RIGHT]. Those of a ctm go through it one by one."},
    {OPTION_FLAG, "dh", NULL, &set.split_hyphens, NULL, 0, 0,
     "A hyphen within a word is a blank (as csrfilt.sh -dh)."},
    {OPTION_LIST, "ignore", "WORD", &set.ignored, NULL, 0, 0,
     "Leave this word out on both sides; may be given several times."},
    {OPTION_TEXT, "missing", "WHAT", &set.missing, NULL, 0, 0,
     "An utterance of the reference that a hypothesis lacks is an error, counts as deletions, or "
     "is left out: error, deletions or ignore."},
    {OPTION_FLAG, "keep-going", NULL, &set.keep_going, NULL, 0, 0,
     "Report an utterance that cannot be read or matched, go on, and exit with status 1 at the "
     "end. What a hypothesis lacks counts as deletions then, what the reference lacks is left "
     "out."},
    {.type = OPTION_GROUP, .help = "Scoring"},
    {OPTION_TEXT, "unit", "UNIT", &set.unit, NULL, 0, 0,
     "What is counted: word, or char, the characters of all words (of UTF-8, blanks left out), for "
     "a character error rate."},
    {OPTION_FLAG, "s", NULL, &set.case_sensitive, NULL, 0, 0,
     "Upper and lower case differ (as sclite -s)."},
    {OPTION_FLAG, "F", NULL, &set.fragments, NULL, 0, 0,
     "Fragments, WORD- and -WORD, are correct against words that begin or end so (as sclite -F)."},
    {OPTION_FLAG, "D", NULL, &set.optional, NULL, 0, 0,
     "(WORD) is correct if it is left out (as sclite -D); else the brackets are letters of it."},
    {OPTION_FLAG, "unweighted", NULL, &set.unweighted, NULL, 0, 0,
     "Align with the fewest errors, as Kaldi's compute-wer does, not with the weights 4, 3, 3 of "
     "substitution, insertion, deletion."},
    {.type = OPTION_GROUP, .help = "Reports"},
    {OPTION_FLAG, "speakers", NULL, &set.speakers, NULL, 0, 0, "A table by speaker."},
    {OPTION_TEXT, "speaker", "RULE", &set.speaker, NULL, 0, 0,
     "What of an utterance's name is the speaker: what stands before the first or the last - or _ "
     "(first, last; all of it if there is none), or so many bytes (a number). An stm names the "
     "speakers itself."},
    {OPTION_TEXT, "utt2spk", "FILE", &set.map, NULL, 0, 0,
     "Speakers from lines UTTERANCE SPEAKER."},
    {OPTION_FLAG, "align", NULL, &set.align, NULL, 0, 0, "The alignment of every utterance."},
    {OPTION_COUNT, "bootstrap", "N", &set.samples, &set.samples_given, 1, 1e9,
     "95 % confidence interval from N samples of the utterances; also without this option where "
     "two hypotheses are compared."},
    {OPTION_COUNT, "seed", "S", &set.seed, NULL, 0, 4294967295., "Of the samples."},
};

static const struct options options = {
    .program = PROGRAM,
    .summary = "word error rate of one recogniser, or of two compared",
    .usage = "[options] REFERENCE HYPOTHESIS [HYPOTHESIS2]",
    .about =
        "Prints the word error rate of a hypothesis. Words are aligned and counted as NIST's\n"
        "sclite does; the lines %WER (%CER for characters) and %SER are in the form of\n"
        "Kaldi's compute-wer. With two hypotheses, both are scored and the second is compared\n"
        "with the first: bootstrap of the difference, matched pairs sentence-segment word\n"
        "error test, sign test over utterances. Files may be gzip-compressed, - is standard\n"
        "input.",
    .table = table,
    .count = sizeof table / sizeof *table,
    .operands = "REFERENCE HYPOTHESIS [HYPOTHESIS2]",
};

enum { SYSTEMS = 2 };

struct scoring {
    struct transcript_rules rules;
    struct glm *glm;
    struct alignment_weights weights;
    enum missing missing;
    enum transcript_form reference_form, hypothesis_form;
    struct vocabulary words, ignored, speakers; // speakers: those of the map
    struct transcript map, reference, hypothesis[SYSTEMS];
    size_t systems;
    struct alignment alignment[SYSTEMS];
    struct error_counts counts[SYSTEMS];
    struct error_table table[SYSTEMS];
    struct error_list list[SYSTEMS];
    uint64_t missed[SYSTEMS];
    struct comparison comparison;
    uint64_t problems; // reported under -keep-going
};

// ---- settings ---------------------------------------------------------------------------------

static bool report(void *context, const struct error *problem)
{
    struct scoring *scoring = context;
    options_fail(PROGRAM, problem->text);
    scoring->problems++;
    return true;
}

static bool set_form(const char *name, enum transcript_form *form, struct error *error)
{
    return name == NULL || transcript_form_parse(name, form) ||
           error_usage(error, "found the form \"%s\", wanted trn, stm, ctm, mlf, kaldi or plain",
                       name);
}

// Which of several words an option holds.
static bool choose(const char *option, const char *value, const char *const *words, int *chosen,
                   struct error *error)
{
    for (*chosen = 0; *chosen < 3; ++*chosen)
        if (strcmp(value, words[*chosen]) == 0)
            return true;
    return error_usage(error, "-%s: found \"%s\", wanted %s, %s or %s", option, value, words[0],
                       words[1], words[2]);
}

static bool take_settings(struct scoring *scoring, struct error *error)
{
    static const char *const marks[] = {"trn", "all", "none"}, *const missing[] = {
                                                                   "error", "deletions", "ignore"};
    int where, what;
    if (!choose("marks", set.marks, marks, &where, error) ||
        !choose("missing", set.missing, missing, &what, error) ||
        !set_form(set.form, &scoring->reference_form, error) ||
        !set_form(set.form, &scoring->hypothesis_form, error) ||
        !set_form(set.reference_form, &scoring->reference_form, error) ||
        !set_form(set.hypothesis_form, &scoring->hypothesis_form, error))
        return false;
    bool characters = strcmp(set.unit, "char") == 0;
    if (!characters && strcmp(set.unit, "word") != 0)
        return error_usage(error, "-unit: found \"%s\", wanted word or char", set.unit);
    if (set.glm != NULL && (scoring->glm = glm_open(set.glm, error)) == NULL)
        return false;
    for (size_t i = 0; i < set.ignored.count; i++)
        if (!transcript_ignore(&scoring->ignored, set.ignored.item[i], set.case_sensitive, error))
            return false;
    scoring->missing = (enum missing)what;
    scoring->weights = set.unweighted ? alignment_unweighted : alignment_sclite;
    scoring->rules = (struct transcript_rules){.case_sensitive = set.case_sensitive,
                                               .optional = set.optional,
                                               .fragments = set.fragments,
                                               .characters = characters,
                                               .split_hyphens = set.split_hyphens,
                                               .glm = scoring->glm,
                                               .marks = (enum transcript_marks)where,
                                               .ignored = &scoring->ignored,
                                               .skip = set.keep_going ? report : NULL,
                                               .context = scoring};
    return true;
}

// ---- speakers ---------------------------------------------------------------------------------

static bool check_speaker_rule(struct error *error)
{
    const char *rule = set.speaker;
    size_t digits = strspn(rule, "0123456789");
    if (strcmp(rule, "first") == 0 || strcmp(rule, "last") == 0 ||
        (digits > 0 && digits < 10 && rule[digits] == '\0' && atoi(rule) > 0))
        return true;
    return error_usage(error, "-speaker: found \"%s\", wanted first, last or a number of bytes",
                       rule);
}

// Bytes of an utterance's name that are the speaker's.
static size_t speaker_length(const char *id)
{
    size_t length = strlen(id), bytes = strtoul(set.speaker, NULL, 10), at;
    if (bytes > 0)
        return bytes < length ? bytes : length;
    if (*set.speaker == 'f')
        at = strcspn(id, "-_");
    else
        for (at = length; at > 0 && id[at] != '-' && id[at] != '_';)
            at--;
    return at > 0 ? at : length;
}

static bool find_speaker(const struct scoring *scoring, const char *id, const char **name,
                         size_t *length, struct error *error)
{
    const struct transcript *reference = &scoring->reference;
    const char *named = transcript_speaker(reference, transcript_find(reference, id));
    *name = named != NULL ? named : id;
    *length = named != NULL ? strlen(named) : speaker_length(id);
    if (set.map == NULL)
        return true;
    const struct utterance *entry = transcript_find(&scoring->map, id);
    if (entry == NULL)
        return error_set(error, "%s: there is no speaker for utterance %s", set.map, id);
    if (entry->text.arcs != 1)
        return error_set(error,
                         "%s: line %llu: found %zu words behind an utterance, wanted its speaker",
                         set.map, (unsigned long long)entry->line, entry->text.arcs);
    *name = vocabulary_word(&scoring->speakers, entry->text.arc[0].word);
    *length = strlen(*name);
    return true;
}

// ---- utterances -------------------------------------------------------------------------------

// A text that could not be read has no nodes: that has been reported.
static bool is_readable(const struct utterance *utterance)
{
    return utterance->text.nodes > 0;
}

enum found { FOUND, FOUND_NOT, FOUND_BAD, FOUND_FAILED };

// The utterance's text in a hypothesis, or a text without words where deletions are counted.
static enum found find_text(struct scoring *scoring, size_t system, size_t index,
                            const struct alignment_text *nothing,
                            const struct alignment_text **text, struct error *error)
{
    const struct transcript *reference = &scoring->reference;
    const char *id = transcript_id(reference, index);
    const struct utterance *utterance = transcript_find(&scoring->hypothesis[system], id);
    if (utterance != NULL && !is_readable(utterance))
        return FOUND_BAD;
    *text = utterance != NULL ? &utterance->text : nothing;
    if (utterance != NULL)
        return FOUND;
    scoring->missed[system]++;
    if (scoring->missing != MISSING_ERROR)
        return scoring->missing == MISSING_IGNORE ? FOUND_NOT : FOUND;
    error_set(error,
              "%s: there is no utterance %s, which %s has in line %llu: -missing deletions "
              "counts it, -missing ignore leaves it out",
              scoring->hypothesis[system].name, id, reference->name,
              (unsigned long long)reference->utterance[index].line);
    return set.keep_going && report(scoring, error) ? FOUND : FOUND_FAILED;
}

static bool count_utterance(struct scoring *scoring, size_t system, const char *id,
                            struct error *error)
{
    struct error_counts counts = error_counts_of(&scoring->alignment[system]);
    const char *speaker;
    size_t length;
    error_counts_add(&scoring->counts[system], &counts);
    return find_speaker(scoring, id, &speaker, &length, error) &&
           error_table_add(&scoring->table[system], speaker, length, &counts, error) &&
           error_list_add(&scoring->list[system], &counts, error);
}

// One utterance of the reference with those of the same name. One that a hypothesis lacks, where
// that is no deletion, is left out for all.
static bool score_utterance(struct scoring *scoring, size_t index,
                            const struct alignment_text *nothing, struct output *output,
                            struct error *error)
{
    const struct transcript *reference = &scoring->reference;
    const struct utterance *utterance = &reference->utterance[index];
    const struct alignment_text *text[SYSTEMS];
    const char *id = transcript_id(reference, index);
    bool complete = is_readable(utterance);
    for (size_t system = 0; system < scoring->systems; system++) {
        enum found found = find_text(scoring, system, index, nothing, &text[system], error);
        if (found == FOUND_FAILED)
            return false;
        complete = complete && found == FOUND;
    }
    for (size_t system = 0; complete && system < scoring->systems; system++) {
        struct alignment *alignment = &scoring->alignment[system];
        if (!alignment_find(alignment, &utterance->text, text[system], &scoring->weights,
                            &scoring->words, error))
            return error_prefix(error, "%s: line %llu: utterance %s: ", reference->name,
                                (unsigned long long)utterance->line, id);
        if (!count_utterance(scoring, system, id, error))
            return false;
        if (set.align && scoring->systems > 1)
            output_format(output, "%s\n", scoring->hypothesis[system].name);
        if (set.align && !error_report_alignment(alignment, id, &scoring->words,
                                                 !set.case_sensitive, output, error))
            return false;
    }
    return !complete || scoring->systems < SYSTEMS ||
           comparison_add(&scoring->comparison, &scoring->alignment[0], &scoring->alignment[1],
                          error);
}

// What a hypothesis has and the reference has not.
static bool check_extra(struct scoring *scoring, size_t system, struct error *error)
{
    const struct transcript *hypothesis = &scoring->hypothesis[system];
    for (size_t i = 0; i < hypothesis->count; i++) {
        const char *id = transcript_id(hypothesis, i);
        if (transcript_find(&scoring->reference, id) != NULL)
            continue;
        error_set(error, "%s: line %llu: utterance %s is not in %s: -keep-going leaves it out",
                  hypothesis->name, (unsigned long long)hypothesis->utterance[i].line, id,
                  scoring->reference.name);
        if (!set.keep_going)
            return false;
        report(scoring, error);
    }
    return true;
}

static bool score_all(struct scoring *scoring, struct output *output, struct error *error)
{
    struct alignment_text nothing;
    bool ok = alignment_text_init(&nothing, error);
    for (size_t system = 0; ok && system < scoring->systems; system++)
        ok = check_extra(scoring, system, error);
    for (size_t i = 0; ok && i < scoring->reference.count; i++)
        ok = score_utterance(scoring, i, &nothing, output, error);
    alignment_text_free(&nothing);
    if (ok && scoring->counts[0].sentences == 0)
        ok = error_set(error, "%s: no utterance can be scored", scoring->reference.name);
    return ok;
}

// ---- files ------------------------------------------------------------------------------------

static bool read_hypothesis(struct scoring *scoring, size_t system, const char *path,
                            struct error *error)
{
    const struct transcript *reference = &scoring->reference;
    struct transcript *hypothesis = &scoring->hypothesis[system];
    scoring->rules.segments = reference;
    if (!transcript_read(hypothesis, path, scoring->hypothesis_form, reference->form,
                         &scoring->rules, &scoring->words, error))
        return false;
    if ((hypothesis->form == TRANSCRIPT_PLAIN) == (reference->form == TRANSCRIPT_PLAIN))
        return true;
    return error_set(error,
                     "%s is %s, %s is %s: there are no names to match utterances by (-ref-form and "
                     "-hyp-form tell the forms)",
                     reference->name, transcript_form_name(reference->form), hypothesis->name,
                     transcript_form_name(hypothesis->form));
}

static bool read_all(struct scoring *scoring, const struct option_list *operands,
                     struct error *error)
{
    const struct transcript_rules as_is = {.case_sensitive = true, .marks = TRANSCRIPT_MARKS_NONE};
    scoring->systems = operands->count - 1;
    if (!vocabulary_init(&scoring->words, error) || !vocabulary_init(&scoring->ignored, error) ||
        !vocabulary_init(&scoring->speakers, error) || !take_settings(scoring, error) ||
        !check_speaker_rule(error) ||
        !transcript_read(&scoring->reference, operands->item[0], scoring->reference_form,
                         TRANSCRIPT_ANY, &scoring->rules, &scoring->words, error) ||
        (set.map != NULL && !transcript_read(&scoring->map, set.map, TRANSCRIPT_KALDI,
                                             TRANSCRIPT_ANY, &as_is, &scoring->speakers, error)))
        return false;
    for (size_t system = 0; system < scoring->systems; system++)
        if (!read_hypothesis(scoring, system, operands->item[system + 1], error) ||
            !error_table_init(&scoring->table[system], error))
            return false;
    return true;
}

static void free_all(struct scoring *scoring)
{
    for (size_t system = 0; system < SYSTEMS; system++) {
        transcript_free(&scoring->hypothesis[system]);
        alignment_free(&scoring->alignment[system]);
        error_table_free(&scoring->table[system]);
        error_list_free(&scoring->list[system]);
    }
    glm_close(scoring->glm);
    transcript_free(&scoring->reference);
    transcript_free(&scoring->map);
    vocabulary_free(&scoring->words);
    vocabulary_free(&scoring->ignored);
    vocabulary_free(&scoring->speakers);
    comparison_free(&scoring->comparison);
}

// ---- reports ----------------------------------------------------------------------------------

static bool write_system(struct scoring *scoring, size_t system, struct output *output,
                         struct error *error)
{
    const struct transcript *reference = &scoring->reference,
                            *hypothesis = &scoring->hypothesis[system];
    struct error_interval interval;
    output_format(output, "reference   %s (%s)\nhypothesis  %s (%s)\n\n", reference->name,
                  transcript_form_name(reference->form), hypothesis->name,
                  transcript_form_name(hypothesis->form));
    if (set.speakers && !error_report_speakers(&scoring->table[system], output, error))
        return false;
    error_report_totals(&scoring->counts[system], scoring->missed[system],
                        scoring->rules.characters, output);
    if (set.samples_given) {
        if (!error_list_bootstrap(&scoring->list[system], NULL, (uint64_t)set.samples,
                                  (uint32_t)set.seed, &interval, error))
            return false;
        error_report_interval(&interval, (uint64_t)set.samples, scoring->rules.characters, output);
    }
    output_text(output, system + 1 < scoring->systems ? "\n" : "");
    return true;
}

static bool write_comparison(struct scoring *scoring, struct output *output, struct error *error)
{
    struct error_interval interval;
    if (!error_list_bootstrap(&scoring->list[0], &scoring->list[1], (uint64_t)set.samples,
                              (uint32_t)set.seed, &interval, error))
        return false;
    output_text(output, "\n");
    error_report_comparison(&scoring->comparison, &scoring->counts[0], &scoring->counts[1],
                            &interval, (uint64_t)set.samples, scoring->rules.characters, output);
    return true;
}

static bool score_files(const struct option_list *operands, struct output *output,
                        struct error *error)
{
    struct scoring scoring = {0};
    bool ok = read_all(&scoring, operands, error) && score_all(&scoring, output, error);
    for (size_t system = 0; ok && system < scoring.systems; system++)
        ok = write_system(&scoring, system, output, error);
    if (ok && scoring.systems == SYSTEMS)
        ok = write_comparison(&scoring, output, error);
    if (ok && scoring.problems > 0)
        ok =
            error_set(error, "%llu problems, reported above", (unsigned long long)scoring.problems);
    free_all(&scoring);
    return ok;
}

int main(int argc, char **argv)
{
    static struct option_list operands;
    program_begin(PROGRAM);
    enum options_result result = options_parse(&options, argc, argv, &operands);
    if (result != OPTIONS_RUN)
        return options_status(result);
    if (operands.count < 2 || operands.count > 1 + SYSTEMS) {
        options_fail(PROGRAM, "wanted: REFERENCE HYPOTHESIS [HYPOTHESIS2]");
        return options_status(OPTIONS_BAD_USAGE);
    }
    return tool_run(PROGRAM, score_files, &operands);
}
