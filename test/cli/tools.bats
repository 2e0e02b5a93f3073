#!/usr/bin/env bats
# The companion programs: convert, prob, makenbest, gettext, getbest, rnnlm-mix.

bats_require_minimum_version 1.5.0

setup() {
    BIN="${RNNLM_BIN:-$BATS_TEST_DIRNAME/../../bin}"
    BIN="$(cd "$BIN" && pwd)"
    GOLDEN="${RNNLM_GOLDEN:-}"
    SRILM="$GOLDEN/srilm"
    MIKOLOV="$GOLDEN/mikolov"
    export LC_ALL=C
    mkdir -p "$BATS_TEST_TMPDIR"
    [ ! -d "$SRILM" ] || SRILM="$(cd "$SRILM" && pwd)" MIKOLOV="$(cd "$MIKOLOV" && pwd)"
    cd "$BATS_TEST_TMPDIR"
    {
        printf 'a b\n'
        printf '\tp( a | <s> ) \t= [2gram] 0.25 [ -0.60206 ]\n'
        printf '\tp( <unk> | a ...) \t= [OOV] 0 [ -inf ]\n'
        printf '\tp( </s> | <unk> ...) \t= [1gram] 0.002139661 [ -2.669655 ]\n'
        printf '1 sentences, 2 words, 1 OOVs\n'
        printf '0 zeroprobs, logprob= -3.271715 ppl= 43.2356 ppl1= 1869.27\n\n'
        printf 'file text: 1 sentences, 2 words, 1 OOVs\n'
        printf '0 zeroprobs, logprob= -3.271715 ppl= 43.2356 ppl1= 1869.27\n'
    } > srilm
    {
        printf 'Index   P(NET)          P(LM)           Word\n'
        printf -- '--------------------------------------------------\n'
        printf '5\t0.5000000000\t0.2500000000\ta\n'
        printf '7\t0.1250000000\t0.0000000000\tb\n'
        printf '0\t0.0010000000\t0.0021396610\t</s>\n\n'
        printf 'test log probability: -4.2\n\nPPL net: 25.2\n'
    } > table
    printf '0.5\n0.125\n0.001\n' > numbers
    printf -- '-100 -20 4 <s> the company said so </s>\n-102.5 -18 2 <s> it said </s>\n-99 -25 0 <s> </s>\n' > u1
    printf -- '-90 -10 1 yes\n' | gzip > u2.list.gz
}

golden() {
    [ -d "$SRILM" ] || skip "RNNLM_GOLDEN is not set: no outputs of SRILM to compare with"
}

# A megabyte of one letter, without a newline.
megabyte() {
    head -c 1048576 /dev/zero | tr '\0' "$1"
}

# refuses STATUS "the one line on standard error" PROGRAM ARGUMENTS...
refuses() {
    local status_wanted="$1" message="$2" program="$3"
    run --separate-stderr "$BIN/$program" "${@:4}"
    echo "status $status, stderr: $stderr"
    [ "$status" -eq "$status_wanted" ]
    [ "$stderr" = "$program: $message" ]
}

@test "every tool has --help and --version, and refuses unknown options with status 2" {
    for tool in convert prob makenbest gettext getbest rnnlm-mix; do
        run "$BIN/$tool" --help
        [ "$status" -eq 0 ]
        [[ "${lines[0]}" == "usage: $tool "* ]]
        run "$BIN/$tool" --version
        [ "$status" -eq 0 ]
        run "$BIN/$tool" --no-such-thing
        [ "$status" -eq 2 ]
    done
}

@test "a full disk is not silent" {
    [ -c /dev/full ] || skip "no /dev/full"
    for call in "convert" "prob numbers numbers 0.5" "rnnlm-mix numbers numbers"; do
        run bash -c "'$BIN'/$call < srilm > /dev/full"
        [ "$status" -eq 1 ]
        [[ "$output" == *"cannot write"* ]]
    done
}

# ---- convert ------------------------------------------------------------------------------------

@test "convert: SRILM's output as numbers" {
    run "$BIN/convert" < srilm
    [ "$status" -eq 0 ]
    [ "$output" = "$(printf '2.500000E-01\n0.000000E+00\n2.139661E-03')" ]
    gzip srilm
    [ "$("$BIN/convert" < srilm.gz | wc -l)" -eq 3 ]
}

@test "convert: the goldens, byte for byte" {
    golden
    "$BIN/convert" < "$SRILM/kn3.ppl2" | cmp - "$SRILM/kn3.prob"
    "$BIN/convert" < "$SRILM/kn3.nbest.ppl2" | cmp - "$SRILM/kn3.nbest.prob"
}

@test "convert: a word and a line of a megabyte" {
    { megabyte x; printf '\n\tp( '; megabyte y; printf ' | <s> ) \t= [1gram] 0.5 [ -0.30103 ]\n'; } > long
    [ "$("$BIN/convert" < long)" = "5.000000E-01" ]
}

@test "convert: bad input" {
    : > empty
    printf '\tp( a | <s> ) \t= [1gram] nan [ -inf ]\n' > nan
    printf 'no such format\nat all\n' > other
    printf 'a b\n\tp( a | <s> ) \t= [2gram] 0.25 [ -0.6' > cut
    refuses 1 'standard input: the file is empty, probabilities are wanted' convert < empty
    refuses 1 'standard input: line 1: found "nan", wanted a probability from 0 to 1' convert < nan
    refuses 1 'standard input: line 1: found "no such format", wanted one probability a line, the output of ngram -ppl TEXT -debug 2, or that of rnnlm -test TEXT -debug 2' convert < other
    refuses 1 'standard input: line 2: found no "[ LOGARITHM ]" behind 0.25' convert < cut
}

# ---- prob ---------------------------------------------------------------------------------------

@test "prob: mixes two streams of any form" {
    run "$BIN/prob" srilm table 0.25
    [ "$status" -eq 0 ]
    [ "$output" = "$(printf '4.375000E-01\n9.375000E-02\n1.284915E-03')" ]
    run "$BIN/prob" numbers numbers 1
    [ "$output" = "$(printf '5.000000E-01\n1.250000E-01\n1.000000E-03')" ]
}

@test "prob: log probability and perplexity, zeros skipped" {
    run "$BIN/prob" < <(printf '0.5\n0\n0.125\n')
    [ "$status" -eq 0 ]
    [ "$output" = "$(printf 'Log P: -1.204120\nPPL: 4.000000')" ]
}

@test "prob: the perplexity of the golden stream is SRILM's" {
    golden
    "$BIN/prob" < "$SRILM/kn3.prob" > found
    awk '$1 == "Log" { l = $3 } $1 == "PPL:" { p = $2 }
        END { exit !(l < -19211.715 && l > -19211.73 && p > 215.245 && p < 215.247) }' found
}

@test "prob: bad input" {
    printf '0.5\n0.5\n' > short
    refuses 1 'short: ends after line 2, 2 words; numbers: line 3: goes on' prob numbers short 0.5
    refuses 2 'LAMBDA: found "1.5", wanted a number from 0 to 1' prob numbers numbers 1.5
    refuses 2 'LAMBDA: found "x", wanted a number from 0 to 1' prob numbers numbers x
    refuses 2 'LAMBDA: found "nan", wanted a number from 0 to 1' prob numbers numbers nan
    refuses 1 'cannot open absent: No such file or directory' prob numbers absent 0.5
    refuses 2 'wanted: A B LAMBDA, or nothing and a stream on standard input' prob numbers
    refuses 1 'standard input: every probability is 0' prob < <(printf '0\n0\n')
    refuses 1 'standard input: line 2: found "-1", wanted a probability from 0 to 1' prob < <(printf '0\n-1\n')
}

# ---- makenbest, gettext, getbest ----------------------------------------------------------------

@test "makenbest: SRILM's lists, a file each, numbered or named" {
    run --separate-stderr "$BIN/makenbest" u1 u2.list.gz
    [ "$status" -eq 0 ]
    [ "$output" = "$(printf '0 the company said so\n0 it said\n1 yes')" ]
    [ "$stderr" = "makenbest: warning: u1: 1 hypotheses without words left out" ]
    run --separate-stderr "$BIN/makenbest" -names "$PWD/u1" u2.list.gz
    [ "$output" = "$(printf 'u1 the company said so\nu1 it said\nu2 yes')" ]
    run --separate-stderr "$BIN/makenbest" -first 7 < u2.list.gz
    [ "$output" = "7 yes" ]
}

@test "makenbest: lists on standard input with blank lines between" {
    run "$BIN/makenbest" < <(printf -- '-1 -2 1 a\n-1 -2 1 b\n\n-1 -2 1 c\n')
    [ "$status" -eq 0 ]
    [ "$output" = "$(printf '0 a\n0 b\n1 c')" ]
}

@test "makenbest: NBestList1.0 and NBestList2.0" {
    printf 'NBestList1.0\n(-1234) a b\n( -1235 ) <s> a </s>\nNBestList1.0\n(-9) c\n' > one
    {
        printf 'NBestList2.0\n(-1234) <s> ( st: 0 et: 0.1 g: 0 a: 0 ) '
        printf 'the ( st: 0.1 et: 0.5 g: -3 a: -20 ) dh ( st: 0.1 et: 0.3 g: 0 a: -10 ) ax ( st: 0.3 et: 0.5 g: 0 a: -10 ) '
        printf 'end ( st: 0.5 et: 0.9 g: -3 a: -20 )\n'
    } > two
    run "$BIN/makenbest" one two
    [ "$status" -eq 0 ]
    [ "$output" = "$(printf '0 a b\n0 a\n1 c\n2 the end')" ]
}

@test "makenbest: bad input" {
    printf -- '-1 -2 1 a\nb c d\n' > mixed
    printf 'NBestList2.0\n(-1) a ( st: 0.5 et: x )\n' > times
    printf 'NBestList1.0\n-1 a b\n' > score
    printf '\n\n' > empty
    gzip -c u1 | head -c 30 > cut.gz
    refuses 1 'mixed: line 2: found "b c d", wanted ACOUSTIC LANGUAGE NWORDS WORD ...' makenbest mixed
    refuses 1 'times: line 2: found "(-1) a ( st: 0.5 et: x )", wanted (SCORE) and WORD ( st: START et: END g: SCORE a: SCORE ) for each word' makenbest times
    refuses 1 'score: line 2: found "-1 a b", wanted (SCORE) WORD ...' makenbest score
    refuses 1 'empty: the file is empty, an n-best list is wanted' makenbest empty
    run "$BIN/makenbest" cut.gz
    [ "$status" -eq 1 ]
    [[ "$output" == *"compressed data is cut short"* ]]
    run "$BIN/makenbest" -first x u1
    [ "$status" -eq 2 ]
}

# As the reference's companions have it: names of files in, a line of theirs behind the number of each, and so on.
@test "makenbest, gettext and getbest on names of files, as the reference has it" {
    mkdir nbest
    printf -- '-100 -20 4 <s> the company said so </s>\n-101.5 -18 2 <s> it said </s>\n' > nbest/u-1
    printf -- '-90 -10 1 <s> yes </s>\n\n-80 -9 2 <s> oh yes </s>\n' | gzip > nbest/u-2.gz
    run --separate-stderr "$BIN/makenbest" < <(ls nbest/*)
    [ "$status" -eq 0 ]
    [ "$stderr" = "" ]
    [ "$output" = "$(printf -- '0 -100 -20 4 <s> the company said so </s>\n0 -101.5 -18 2 <s> it said </s>\n1 -90 -10 1 <s> yes </s>\n1 -80 -9 2 <s> oh yes </s>')" ]
    printf '%s\n' "$output" > lists
    [ "$("$BIN/makenbest" -first 5 -names < <(ls nbest/*) | cut -d ' ' -f 1 | uniq | tr '\n' ' ')" = "u-1 u-2 " ]
    run "$BIN/gettext" < lists
    [ "$output" = "$(printf '0 the company said so\n0 it said\n1 yes\n1 oh yes')" ]
    # ac + 14 * score: -100 - 140 against -101.5 - 138.6; -90 - 14 against -80 - 28
    printf -- '-10\n-9.9\n-1\n-2\n' > scores
    run "$BIN/getbest" scores lists
    [ "$output" = "$(printf 'the company said so\nyes')" ]
    printf -- '-10\n-9.8\n-1\n-1.5\n' > scores
    run "$BIN/getbest" -id scores lists
    [ "$output" = "$(printf '0 it said\n1 oh yes')" ]
    [ "$("$BIN/getbest" -ac-scale 1 scores lists | head -n 1)" = "the company said so" ]
    # A name that is not there, and no names at all.
    refuses 1 'cannot open nbest/u-3: No such file or directory' makenbest < <(printf 'nbest/u-1\nnbest/u-3\n')
    refuses 1 'standard input: no hypothesis has words, wanted n-best lists, or names of files that are there' makenbest < <(printf 'u-3\nu-4\n')
    # Numbers may be words.
    [ "$("$BIN/gettext" < <(printf '0 -1 -2 3 four\n'))" = "-1 -2 3 four" ]
    refuses 1 'standard input: line 2: found "0 a b", wanted ID ACOUSTIC LANGUAGE NWORDS <s> WORD ... </s>' gettext < <(printf -- '0 -1 -2 1 <s> a </s>\n0 a b\n')
}

@test "gettext: words without IDs, in the same order" {
    run "$BIN/gettext" < <(printf 'u1 a  b\nu1\tc\n\nu2 <s> d 5\r\n')
    [ "$status" -eq 0 ]
    [ "$output" = "$(printf 'a b\nc\nd 5')" ]
    { printf '7 '; megabyte z; printf '\n'; } > long
    [ "$("$BIN/gettext" < long | wc -c)" -eq 1048577 ]
}

@test "gettext: bad input" {
    refuses 1 'standard input: line 2: found no words, wanted at least one' gettext < <(printf '1 a\n1\n')
    refuses 1 'standard input: the file is empty, an n-best list is wanted' gettext < /dev/null
}

@test "getbest: the highest score of each list, the first of several" {
    printf 'a one\na two\nb three\nb four\na five\n' > nbest
    printf -- '-3.5\n-2\n-7\n-7\n-inf\n' > scores
    run "$BIN/getbest" scores nbest
    [ "$status" -eq 0 ]
    [ "$output" = "$(printf 'two\nthree\nfive')" ]
    run "$BIN/getbest" -id - nbest < scores
    [ "$output" = "$(printf 'a two\nb three\na five')" ]
}

@test "getbest: acoustic scores and word penalty of SRILM's lists" {
    printf -- '-10\n-11\n-5\n' > scores
    run "$BIN/getbest" scores u1 u2.list.gz
    [ "$status" -eq 0 ]
    [ "$output" = "$(printf 'the company said so\nyes')" ]
    run "$BIN/getbest" -word-penalty -1 scores u1 u2.list.gz
    [ "$output" = "$(printf 'it said\nyes')" ]
    printf -- '-12\n-11\n-5\n' > scores
    [ "$("$BIN/getbest" scores u1 u2.list.gz | head -n 1)" = "it said" ]
    [ "$("$BIN/getbest" -id -ac-scale 1 scores u1 u2.list.gz | head -n 1)" = "0 the company said so" ]
}

@test "makenbest, gettext and getbest work on the same hypotheses" {
    "$BIN/makenbest" u1 u2.list.gz > nbest 2> warning
    "$BIN/gettext" < nbest > text
    [ "$(wc -l < text)" -eq "$(wc -l < nbest)" ]
    printf -- '-2\n-1\n-3\n' > scores
    "$BIN/getbest" -id scores nbest > best
    "$BIN/getbest" -id scores u1 u2.list.gz | cmp - best
}

@test "getbest: bad input" {
    printf '1 a\n1 b\n' > nbest
    refuses 1 'nbest: line 2: no score: standard input: ends after line 1' getbest - nbest < <(printf -- '-1\n')
    refuses 1 'standard input: line 3: found one more score, but the n-best lists have ended' getbest - nbest < <(printf -- '-1\n-1\n-1\n')
    refuses 1 'nbest: line 1: no score: standard input: line 1: found "nan", wanted a log10 score' getbest - nbest < <(printf 'nan\n-1\n')
    refuses 1 'nbest: line 2: no score: standard input: line 2: found "x", wanted a log10 score' getbest - nbest < <(printf -- '-1\nx\n')
    refuses 2 'wanted: SCORES NBEST...' getbest nbest
}

# ---- rnnlm-mix ----------------------------------------------------------------------------------

@test "rnnlm-mix: given weights, all forms, the mixed stream" {
    run "$BIN/rnnlm-mix" -lambda 0.25,0.5,0.25 -o mixed srilm table numbers
    [ "$status" -eq 0 ]
    [ "${lines[0]}" = "words: 3, left out: 0" ]
    [ "$(cat mixed)" = "$(printf '0.4375\n0.09375\n0.00128491525')" ]
    awk '$5 == "srilm" { ok += $1 == 0.25 && $3 == 1 && $4 > 43.2 && $4 < 43.3 }
        $5 == "table" { ok += $1 == 0.5 && $3 == 0 && $4 > 25.1 && $4 < 25.3 } END { exit ok != 2 }' <<< "$output"
    run --separate-stderr "$BIN/rnnlm-mix" -lambda 0.25,0.5,0.25 -o - srilm table - < numbers
    [ "$output" = "$(cat mixed)" ]
    [[ "$stderr" == *"lambda: 0.25000000,0.50000000,0.25000000"* ]]
}

@test "rnnlm-mix: the second column of a table" {
    "$BIN/rnnlm-mix" -lambda 1 -column lm -o lm table > report
    [ "$(cat lm)" = "$(printf '0.25\n0\n0.002139661')" ]
    "$BIN/rnnlm-mix" -lambda 0,1 -column net,lm -o lm2 table table > report
    cmp lm lm2
}

@test "rnnlm-mix: weights found are those of the likelihood's maximum" {
    # Half of the words are known to one model only, a quarter of the others' probability is no use.
    printf '0.5\n0.5\n0.1\n0\n' > a
    printf '0\n0.1\n0.5\n0\n' > b
    "$BIN/rnnlm-mix" -precision 1e-9 a b > report
    grep -q '^words: 3, left out: 1$' report
    # d/dx log(0.5 x) + log(0.1 + 0.4 x) + log(0.5 - 0.4 x) = 0
    awk '$5 == "a" { x = $1; d = 1 / x + 0.4 / (0.1 + 0.4 * x) - 0.4 / (0.5 - 0.4 * x)
        exit !(d < 1e-4 && d > -1e-4 || x > 0.99999) }' report
    lambda="$(sed -n 's/^lambda: //p' report)"
    "$BIN/rnnlm-mix" -lambda "$lambda" a b | awk '$5 == "mixture"' > given
    awk '$5 == "mixture"' report | cmp - given
}

@test "rnnlm-mix: golden streams, the same weights as compute-best-mix" {
    golden
    best() { "$BIN/rnnlm-mix" "$@" | sed -n 's/^lambda: //p'; }
    # The weights are computed here, as its manual says: EM from 1/2, 1/4, 1/4 until none changes by 0.001.
    for name in kn3 kn5 kn3.unk; do
        awk '/^\tp\( / { print $(NF - 1) == "-inf" ? 0 : 10 ^ $(NF - 1) }' "$SRILM/$name.ppl2" > "$name.p"
    done
    paste kn3.p kn5.p kn3.unk.p | awk '{ if ($1 + $2 + $3 > 0) { n++; for (i = 1; i <= 3; i++) p[n, i] = $i } }
        END { l[1] = 0.5; l[2] = l[3] = 0.25
            do { s[1] = s[2] = s[3] = 0
                for (t = 1; t <= n; t++) { m = l[1] * p[t, 1] + l[2] * p[t, 2] + l[3] * p[t, 3]
                    for (i = 1; i <= 3; i++) s[i] += l[i] * p[t, i] / m }
                d = 0
                for (i = 1; i <= 3; i++) { c = s[i] / n - l[i]; l[i] = s[i] / n; if (c < 0) c = -c; if (c > d) d = c }
            } while (d >= 0.001)
            printf "%.8f,%.8f,%.8f\n", l[1], l[2], l[3] }' > wanted
    best "$SRILM/kn3.ppl2" "$SRILM/kn5.ppl2" "$SRILM/kn3.unk.ppl2" > found
    paste -d, found wanted | awk -F, '{ for (i = 1; i <= 3; i++) { d = $i - $(i + 3); if (d > 1e-4 || d < -1e-4) exit 1 } }'
    if command -v compute-best-mix > where && command -v gawk > where; then
        compute-best-mix "$SRILM/kn3.ppl2" "$SRILM/kn5.ppl2" "$SRILM/kn3.unk.ppl2" 2> trace | sed -n 's/.*best lambda (\(.*\))$/\1/p' > srilm
        tr ',' ' ' < found | paste -d ' ' - srilm | awk '{ for (i = 1; i <= 3; i++) { d = $i - $(i + 3); if (d > 1e-3 || d < -1e-3) exit 1 } }'
    fi
}

@test "rnnlm-mix: a network and an n-gram model, golden perplexities" {
    golden
    "$BIN/rnnlm-mix" -lambda 0.6,0.4 "$MIKOLOV/elman.test2" "$SRILM/kn3.ppl2" > report
    awk '$5 == "mixture" { exit !($4 > 186.17 && $4 < 186.20) }' report
}

@test "rnnlm-mix: bad input" {
    printf '0.5\n0.5\n' > short
    printf '0.5\n1.5\n0.5\n' > large
    sed 's/p( a |/p( c |/' srilm > other
    printf '0\n0\n0\n' > zeros
    refuses 1 'short: ends after line 2, 2 words; srilm: line 4: goes on' rnnlm-mix srilm short
    refuses 1 'short: ends after line 2, 2 words; srilm: line 4: goes on' rnnlm-mix short srilm
    refuses 1 'large: line 2: found "1.5", wanted a probability from 0 to 1' rnnlm-mix numbers large
    refuses 1 'table: line 3: found the probability of a, but other: line 2: has that of c (word 1)' rnnlm-mix other table
    refuses 1 'zeros: no word has a probability above 0 in any of the models' rnnlm-mix zeros zeros
    refuses 2 'option -lambda: found 3 weights, wanted one for each of the 2 streams' rnnlm-mix -lambda 0.5,0.25,0.25 numbers table
    refuses 2 'option -lambda: weight 2 is -0.5, wanted 0 or more' rnnlm-mix -lambda 1.5,-0.5 numbers table
    refuses 2 'option -lambda: the weights sum to 0.9, wanted 1' rnnlm-mix -lambda 0.5,0.4 numbers table
    refuses 2 'option -lambda: found "", wanted a number' rnnlm-mix -lambda 0.5, numbers table
    refuses 2 'option -lambda: weight 1 is nan, wanted 0 or more' rnnlm-mix -lambda nan,1 numbers table
    refuses 2 'option -column: found "x", wanted net or lm' rnnlm-mix -column x numbers table
    refuses 2 'option -column: found 3 names, wanted one, or one for each of the 2 streams' rnnlm-mix -column lm,lm,lm numbers table
    refuses 1 'cannot write absent/mixed: No such file or directory' rnnlm-mix -o absent/mixed numbers table
    refuses 2 'no stream named; rnnlm-mix --help says what one is' rnnlm-mix
}

@test "rnnlm-mix: an old result stays when the new one fails" {
    echo old > mixed
    run "$BIN/rnnlm-mix" -o mixed numbers absent
    [ "$status" -eq 1 ]
    [ "$(cat mixed)" = old ]
    [ "$(ls | grep -c mixed)" -eq 1 ]
}
