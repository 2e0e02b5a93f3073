// Reading of transcripts.
#include "wer/transcript.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "wer/letter_case.h"
#include "wer/transcript_reading.h"

static const char mlf_header[] = "#!MLF!#";

// ---- lines ------------------------------------------------------------------------------------

static bool read_lines(struct transcript_lines *lines, const char *path, struct error *error)
{
    struct input *input = input_open_text(path, error);
    bool ok = input != NULL;
    size_t length;
    for (const char *line; ok && (line = input_line(input, &length)) != NULL;) {
        ok = memory_grow(&lines->text, &lines->capacity, lines->used + length + 1, 1, error) &&
             memory_grow(&lines->end, &lines->end_capacity, lines->count + 1, sizeof *lines->end,
                         error);
        if (ok) {
            memcpy(lines->text + lines->used, line, length);
            lines->used += length;
            lines->text[lines->used] = '\0';
            lines->end[lines->count++] = lines->used;
        }
    }
    ok = ok && input_ok(input, error);
    input_close(input);
    return ok;
}

static struct span line_at(const struct transcript_lines *lines, size_t i)
{
    size_t begin = i > 0 ? lines->end[i - 1] : 0;
    return span_strip((struct span){lines->text + begin, lines->end[i] - begin});
}

bool transcript_next_line(struct transcript_reading *reading)
{
    if (reading->next == reading->lines.count)
        return false;
    reading->line = line_at(&reading->lines, reading->next++);
    return true;
}

bool transcript_is_comment(struct span line)
{
    return span_starts(line, ";;");
}

bool transcript_fail(const struct transcript_reading *reading, struct error *error,
                     const char *wanted)
{
    size_t length =
        reading->line.length < TRANSCRIPT_SHOWN ? reading->line.length : TRANSCRIPT_SHOWN;
    return error_set(error, "found \"%.*s\", wanted %s", (int)length, reading->line.text, wanted);
}

// ---- forms ------------------------------------------------------------------------------------

static const char *const form_names[] = {"any", "trn", "stm", "ctm", "mlf", "kaldi", "plain"};

const char *transcript_form_name(enum transcript_form form)
{
    return form_names[form];
}

bool transcript_form_parse(const char *name, enum transcript_form *form)
{
    for (size_t i = TRANSCRIPT_TRN; i <= TRANSCRIPT_PLAIN; i++)
        if (strcmp(name, form_names[i]) == 0) {
            *form = (enum transcript_form)i;
            return true;
        }
    return false;
}

// The name in brackets at the end of a trn line.
static bool take_trn_id(struct span *line, struct span *id)
{
    if (line->length < 3 || line->text[line->length - 1] != ')')
        return false;
    size_t begin = line->length - 1;
    while (begin > 0 && line->text[begin - 1] != '(' && line->text[begin - 1] != ')' &&
           !span_is_blank(line->text[begin - 1]))
        begin--;
    if (begin == 0 || line->text[begin - 1] != '(' || begin == line->length - 1)
        return false;
    *id = (struct span){line->text + begin, line->length - 1 - begin};
    line->length = begin - 1;
    return true;
}

static bool looks_like_name(struct span word)
{
    for (size_t i = 0; i < word.length; i++)
        if (word.text[i] == '-' || word.text[i] == '_' ||
            (word.text[i] >= '0' && word.text[i] <= '9'))
            return true;
    return false;
}

// How many lines there are, and what they look like.
struct looks {
    size_t lines, first; // begin with what looks like a name,
    size_t last, named;  // end in brackets, end in what looks like a name in brackets
    size_t stm, ctm;     // have times
    bool mlf, fraction;  // a time has a point
};

static struct looks look_at(const struct transcript_lines *lines)
{
    struct looks looks = {0};
    for (size_t i = 0; i < lines->count; i++) {
        struct span line = line_at(lines, i), rest = line, word, id;
        if (line.length == 0 || transcript_is_comment(line))
            continue;
        looks.mlf |= looks.lines == 0 && span_is(line, mlf_header);
        looks.lines++;
        looks.stm += transcript_looks_like_stm(line, &looks.fraction);
        looks.ctm += transcript_looks_like_ctm(line, &looks.fraction);
        looks.first += span_take(&rest, &word) && looks_like_name(word);
        if (take_trn_id(&line, &id)) {
            looks.last++;
            looks.named += looks_like_name(id);
        }
    }
    return looks;
}

// Times of which none has a point may be words. Where each line ends in brackets, or most of them in a name, that is the utterance's: a line
// without is an error then. Where all begin with a name as well, it takes names on both ends, and
// nothing that speaks for Kaldi's form.
static enum transcript_form recognise(const struct transcript_lines *lines,
                                      enum transcript_form like)
{
    struct looks looks = look_at(lines);
    bool named = looks.first == looks.lines;
    if (looks.mlf)
        return TRANSCRIPT_MLF;
    if (looks.fraction && looks.stm == looks.lines)
        return TRANSCRIPT_STM;
    if (looks.fraction && looks.ctm == looks.lines)
        return TRANSCRIPT_CTM;
    if (named && looks.named == looks.lines && like != TRANSCRIPT_KALDI)
        return TRANSCRIPT_TRN;
    if (!named && ((looks.lines > 1 && looks.last == looks.lines) ||
                   (looks.named > 0 && 2 * looks.named >= looks.lines)))
        return TRANSCRIPT_TRN;
    if (like != TRANSCRIPT_ANY)
        return like == TRANSCRIPT_PLAIN ? TRANSCRIPT_PLAIN : TRANSCRIPT_KALDI;
    return named ? TRANSCRIPT_KALDI : TRANSCRIPT_PLAIN;
}

// ---- utterances -------------------------------------------------------------------------------

bool transcript_skip(const struct transcript_reading *reading, struct error *error)
{
    const struct transcript_rules *rules = reading->words.rules;
    error_prefix(error, "%s: line %llu: ", reading->transcript->name,
                 (unsigned long long)reading->bad);
    return rules->skip != NULL && rules->skip(rules->context, error);
}

bool transcript_begin_utterance(struct transcript_reading *reading, struct span id,
                                struct error *error)
{
    struct transcript *transcript = reading->transcript;
    int shown = id.length < TRANSCRIPT_SHOWN ? (int)id.length : TRANSCRIPT_SHOWN;
    int32_t known = vocabulary_find(&transcript->ids, id.text, id.length);
    if (known == WORD_END)
        return error_set(error, "found \"</s>\", wanted an utterance's name");
    if (known > WORD_END)
        return error_set(error, "utterance %.*s is here again, after line %llu", shown, id.text,
                         (unsigned long long)transcript->utterance[known - 1].line);
    if (!memory_grow(&transcript->utterance, &transcript->capacity, transcript->count + 1,
                     sizeof *transcript->utterance, error) ||
        vocabulary_add(&transcript->ids, id.text, id.length, error) == WORD_OOV)
        return false;
    struct utterance *utterance = &transcript->utterance[transcript->count++];
    *utterance = (struct utterance){.line = reading->next};
    return transcript_words_begin(&reading->words, &utterance->text, error);
}

void transcript_spoil(struct transcript_reading *reading, size_t count)
{
    struct transcript *transcript = reading->transcript;
    if (transcript->count > count)
        alignment_text_free(&transcript->utterance[count].text);
}

bool transcript_map(struct transcript_reading *reading, struct span *line, struct error *error)
{
    const struct transcript_rules *rules = reading->words.rules;
    size_t length;
    if (rules->glm == NULL && !rules->split_hyphens)
        return true;
    if (!glm_apply(rules->glm, *line, reading->words.marks, rules->split_hyphens, &reading->mapped,
                   &reading->mapped_capacity, &length, error))
        return false;
    *line = (struct span){reading->mapped, length};
    return true;
}

bool transcript_add_words(struct transcript_reading *reading, struct span line, struct error *error)
{
    if (!transcript_map(reading, &line, error))
        return false;
    for (struct span word; span_take(&line, &word);)
        if (!transcript_words_add(&reading->words, word, error))
            return false;
    return transcript_words_end(&reading->words, error);
}

// ---- a line an utterance ----------------------------------------------------------------------

static bool read_trn(struct transcript_reading *reading, struct error *error)
{
    struct span line = reading->line, id;
    if (line.length == 0 || transcript_is_comment(line))
        return true;
    if (!take_trn_id(&line, &id))
        return transcript_fail(reading, error,
                               "words and (UTTERANCE-ID), as the lines before have them");
    return transcript_begin_utterance(reading, id, error) &&
           transcript_add_words(reading, line, error);
}

// A line of another form among these would silently be scored as words.
static bool is_foreign(const struct transcript_reading *reading, struct error *error)
{
    struct span line = reading->line, rest = line, word, id;
    bool named = reading->transcript->form == TRANSCRIPT_KALDI && span_take(&rest, &word) &&
                 looks_like_name(word);
    if (!reading->recognised)
        return false;
    if (span_is(line, mlf_header))
        return !transcript_fail(reading, error, "a line of words: forms are mixed");
    return !named && take_trn_id(&line, &id) && looks_like_name(id) &&
           !transcript_fail(reading, error,
                            "a line without (UTTERANCE-ID), as the lines before: forms are mixed, "
                            "-ref-form or -hyp-form tells which it is");
}

static bool read_kaldi(struct transcript_reading *reading, struct error *error)
{
    struct span line = reading->line, id;
    if (!span_take(&line, &id))
        return true;
    return transcript_begin_utterance(reading, id, error) && !is_foreign(reading, error) &&
           transcript_add_words(reading, line, error);
}

static bool read_plain(struct transcript_reading *reading, struct error *error)
{
    char id[24];
    int length = snprintf(id, sizeof id, "%llu", (unsigned long long)reading->next);
    return transcript_begin_utterance(reading, (struct span){id, (size_t)length}, error) &&
           !is_foreign(reading, error) && transcript_add_words(reading, reading->line, error);
}

// ---- MLF --------------------------------------------------------------------------------------

// The name without quotes, folders and the last extension.
static bool take_mlf_id(struct transcript_reading *reading, struct span *id, struct error *error)
{
    struct span line = reading->line;
    if (line.length < 3 || *line.text != '"' || line.text[line.length - 1] != '"')
        return transcript_fail(reading, error, "\"PATTERN/UTTERANCE-ID.EXT\"");
    *id = (struct span){line.text + 1, line.length - 2};
    for (size_t i = id->length; i > 0; i--)
        if (id->text[i - 1] == '/') {
            *id = (struct span){id->text + i, id->length - i};
            break;
        }
    for (size_t i = id->length; i > 1; i--)
        if (id->text[i - 1] == '.') {
            id->length = i - 1;
            break;
        }
    return id->length > 0 || transcript_fail(reading, error, "an utterance's name in quotes");
}

static bool is_time(struct span word)
{
    for (size_t i = 0; i < word.length; i++)
        if (word.text[i] < '0' || word.text[i] > '9')
            return false;
    return true;
}

// A label with its escapes (\303\251, \x) put in their place; in quotes it may hold blanks.
static bool take_label(struct transcript_reading *reading, struct span rest, struct span *label,
                       struct error *error)
{
    char quote = *rest.text == '"' || *rest.text == '\'' ? *rest.text : '\0';
    size_t used = 0, at = quote != '\0';
    if (!memory_grow(&reading->label, &reading->label_capacity, rest.length + 1, 1, error))
        return false;
    for (; at < rest.length; at++) {
        const char *byte = rest.text + at;
        size_t left = rest.length - at;
        if (quote != '\0' ? *byte == quote : span_is_blank(*byte))
            break;
        if (*byte == '\\' && left >= 4 && byte[1] >= '0' && byte[1] <= '3' && byte[2] >= '0' &&
            byte[2] <= '7' && byte[3] >= '0' && byte[3] <= '7') {
            reading->label[used++] =
                (char)((byte[1] - '0') << 6 | (byte[2] - '0') << 3 | (byte[3] - '0'));
            at += 3;
        } else if (*byte == '\\' && left >= 2) {
            reading->label[used++] = byte[1];
            at++;
        } else {
            reading->label[used++] = *byte;
        }
    }
    if (quote != '\0' && (at == rest.length || used == 0))
        return transcript_fail(reading, error, "a word that begins and ends with the same quote");
    *label = (struct span){reading->label, used};
    return true;
}

static bool read_mlf_label(struct transcript_reading *reading, struct error *error)
{
    struct span rest = reading->line, word, label;
    for (int times = 0; times < 2; times++) {
        struct span behind = rest;
        if (!span_take(&behind, &word) || !is_time(word))
            break;
        behind = span_strip(behind);
        if (behind.length == 0)
            break;
        rest = behind;
    }
    return take_label(reading, rest, &label, error) &&
           transcript_words_add(&reading->words, label, error);
}

// The name of the next utterance among the words of this: its full stop is missing.
static bool ends_mlf_words(const struct transcript_reading *reading, struct error *error)
{
    struct span line = reading->line;
    if (line.length < 7 || *line.text != '"' || line.text[line.length - 1] != '"')
        return false;
    const char *end = line.text + line.length - 5;
    return (span_starts(line, "\"*/") || memcmp(end, ".lab", 4) == 0 ||
            memcmp(end, ".rec", 4) == 0) &&
           !transcript_fail(reading, error, "a word or a full stop");
}

// From the line with the name to that with the full stop, which is read in any case.
static bool read_mlf(struct transcript_reading *reading, struct error *error)
{
    struct span id;
    if (reading->line.length == 0 || span_is(reading->line, mlf_header))
        return true;
    if (!take_mlf_id(reading, &id, error))
        return false;
    bool ok = transcript_begin_utterance(reading, id, error), ended = false;
    reading->bad = reading->next;
    for (bool first = true; !ended && transcript_next_line(reading);) {
        ended = span_is(reading->line, ".");
        if (span_is(reading->line, "///"))
            first = false;
        else if (ok && first && !ended && reading->line.length > 0) {
            reading->bad = reading->next;
            ok = !ends_mlf_words(reading, error) && read_mlf_label(reading, error);
        }
    }
    if (!ok)
        return false;
    reading->bad = reading->next;
    if (!ended)
        return error_set(error, "the file ends within utterance %.*s, wanted a full stop",
                         id.length < TRANSCRIPT_SHOWN ? (int)id.length : TRANSCRIPT_SHOWN, id.text);
    return transcript_words_end(&reading->words, error);
}

// ---- files ------------------------------------------------------------------------------------

typedef bool read_function(struct transcript_reading *reading, struct error *error);

static bool read_utterances(struct transcript_reading *reading, struct error *error)
{
    static read_function *const read[] = {[TRANSCRIPT_TRN] = read_trn,
                                          [TRANSCRIPT_STM] = transcript_read_stm,
                                          [TRANSCRIPT_MLF] = read_mlf,
                                          [TRANSCRIPT_KALDI] = read_kaldi,
                                          [TRANSCRIPT_PLAIN] = read_plain};
    struct transcript *transcript = reading->transcript;
    while (transcript_next_line(reading)) {
        size_t count = transcript->count;
        if (transcript->form == TRANSCRIPT_MLF && reading->next == 1 &&
            !span_is(reading->line, mlf_header)) {
            transcript_fail(reading, error, mlf_header);
            return error_prefix(error, "%s: line 1: ", transcript->name);
        }
        reading->bad = reading->next;
        if (read[transcript->form](reading, error))
            continue;
        transcript_spoil(reading, count);
        if (!transcript_skip(reading, error))
            return false;
    }
    return true;
}

static bool read_all(struct transcript_reading *reading, struct error *error)
{
    const struct transcript *transcript = reading->transcript;
    if (!(transcript->form == TRANSCRIPT_CTM ? transcript_read_ctm(reading, error)
                                             : read_utterances(reading, error)))
        return false;
    return transcript->count > 0 ||
           error_set(error, "%s: there are no utterances", transcript->name);
}

bool transcript_ignore(struct vocabulary *ignored, const char *word, bool case_sensitive,
                       struct error *error)
{
    char *copy = memory_text(word, strlen(word), error);
    if (copy != NULL && !case_sensitive)
        letter_case_lower(copy, strlen(copy));
    int32_t id = copy != NULL ? vocabulary_add(ignored, copy, strlen(copy), error) : WORD_OOV;
    free(copy);
    if (id != WORD_OOV)
        ignored->count[id] = 1;
    return id != WORD_OOV;
}

// Whether marks are read in a form.
static bool has_marks(enum transcript_form form, enum transcript_marks marks)
{
    bool nist = form == TRANSCRIPT_TRN || form == TRANSCRIPT_STM || form == TRANSCRIPT_CTM;
    return marks == TRANSCRIPT_MARKS_ALL || (marks == TRANSCRIPT_MARKS_TRN && nist);
}

bool transcript_read(struct transcript *transcript, const char *path, enum transcript_form form,
                     enum transcript_form like, const struct transcript_rules *rules,
                     struct vocabulary *words, struct error *error)
{
    struct transcript_reading reading = {.transcript = transcript,
                                         .words = {.rules = rules, .words = words}};
    *transcript = (struct transcript){.form = form};
    bool ok = vocabulary_init(&transcript->ids, error) &&
              vocabulary_init(&transcript->channels, error) &&
              vocabulary_init(&transcript->speakers, error) &&
              (transcript->name = memory_text(path, strlen(path), error)) != NULL &&
              read_lines(&reading.lines, path, error);
    reading.recognised = form == TRANSCRIPT_ANY;
    if (ok && form == TRANSCRIPT_ANY)
        transcript->form = recognise(&reading.lines, like);
    reading.words.marks = has_marks(transcript->form, rules->marks);
    ok = ok && read_all(&reading, error);
    transcript_words_free(&reading.words);
    free(reading.lines.text);
    free(reading.lines.end);
    free(reading.label);
    free(reading.mapped);
    return ok;
}

void transcript_free(struct transcript *transcript)
{
    for (size_t i = 0; i < transcript->count; i++)
        alignment_text_free(&transcript->utterance[i].text);
    for (size_t i = 0; i < transcript->channel_count; i++)
        free(transcript->channel[i].segment);
    free(transcript->channel);
    free(transcript->utterance);
    free(transcript->name);
    vocabulary_free(&transcript->ids);
    vocabulary_free(&transcript->channels);
    vocabulary_free(&transcript->speakers);
    *transcript = (struct transcript){0};
}

const char *transcript_speaker(const struct transcript *transcript,
                               const struct utterance *utterance)
{
    return utterance->speaker > WORD_END
               ? vocabulary_word(&transcript->speakers, utterance->speaker)
               : NULL;
}

const char *transcript_id(const struct transcript *transcript, size_t index)
{
    return vocabulary_word(&transcript->ids, (int32_t)(index + 1));
}

const struct utterance *transcript_find(const struct transcript *transcript, const char *id)
{
    int32_t known = vocabulary_find(&transcript->ids, id, strlen(id));
    return known > WORD_END ? &transcript->utterance[known - 1] : NULL;
}
