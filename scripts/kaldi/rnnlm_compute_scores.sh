#!/bin/sh
# Scores of n-best lists for Kaldi's steps/rnnlmrescore.sh, in place of utils/rnnlm_compute_scores.sh:
#
#   rnnlm_compute_scores.sh [--OPTION VALUE]... <rnn-dir> <temp-dir> <input-text> <output-scores>
#
# <rnn-dir> holds rnnlm (the model), wordlist.rnn (its words) and unk.probs (lines "word probability": the share of a
# rare word in the model's word for rare words). Each line of <input-text> is "ID word word ..."; <output-scores> gets
# "ID cost" in the same order, the cost being the negative natural logarithm of the hypothesis' probability, </s>
# included. A rare word that unk.probs does not have costs 1e-7 and a warning, and so does a hypothesis without words,
# which is one such word. Kaldi's --rnnlm_ver and other options of that kind are accepted and change nothing. Every
# hypothesis begins a sentence of its own, as -independent asks of the reference; the first one begins, as there, in the
# state before all lists. RNNLM_NBEST names the program, rnnlm-nbest; RNNLM_OPTIONS has further options for it.
set -eu

while [ $# -gt 0 ]; do
    case $1 in
    --) shift && break ;;
    --*=*) shift ;;
    --*) shift 2 ;;
    *) break ;;
    esac
done
if [ $# -ne 4 ]; then
    echo "Usage: rnnlm_compute_scores.sh <rnn-dir> <temp-dir> <input-text> <output-scores>" >&2
    exit 1
fi

# A name that begins with a dash would be an option to the programs below, one with "=" an assignment to awk.
path() {
    case $1 in
    /*) printf '%s\n' "$1" ;;
    -* | *=*) printf './%s\n' "$1" ;;
    *) printf '%s\n' "$1" ;;
    esac
}
dir=$(path "$1") temp=$(path "$2") text=$(path "$3") scores=$(path "$4")

for name in rnnlm wordlist.rnn unk.probs; do
    if [ ! -f "$dir/$name" ]; then
        echo "rnnlm_compute_scores.sh: expected file $dir/$name to exist." >&2
        exit 1
    fi
done

program=${RNNLM_NBEST:-$(dirname "$0")/../../bin/rnnlm-nbest}
[ -x "$program" ] || program=rnnlm-nbest

mkdir -p "$temp"
if [ ! -s "$text" ]; then
    [ -f "$text" ] || { echo "rnnlm_compute_scores.sh: cannot open $text" >&2; exit 1; }
    : >"$scores"
    exit 0
fi
# What costs 1e-7 is told once a word.
awk 'FILENAME == ARGV[1] { if (NF > 0) known[$1]; next }
    FILENAME == ARGV[2] { if ($2 > 0) known[$1]; next }
    NF == 0 { next }
    NF == 1 {
        print "rnnlm_compute_scores.sh: warning: " $1 ": no words" >"/dev/stderr"
        for (word = "<empty>"; word in known;) word = word "_"
        print $1, word
        next
    }
    {
        for (i = 2; i <= NF; i++)
            if (!($i in known) && !told[$i]++)
                print "rnnlm_compute_scores.sh: warning: unknown word " $i >"/dev/stderr"
        print
    }' "$dir/wordlist.rnn" "$dir/unk.probs" "$text" >"$temp/text"
score() {
    # shellcheck disable=SC2086 # RNNLM_OPTIONS is a list
    [ ! -s "$1" ] || "$program" -rnnlm "$dir/rnnlm" -word-list "$dir/wordlist.rnn" -unk-probs "$dir/unk.probs" \
        -independent -form id -write scores "$@" ${RNNLM_OPTIONS:-}
}
sed 1q "$temp/text" >"$temp/text.first"
sed 1d "$temp/text" >"$temp/text.rest"
score "$temp/text.first" -history previous >"$temp/scores.log10"
score "$temp/text.rest" >>"$temp/scores.log10"
awk 'NF > 0 { print $1 }' <"$text" >"$temp/ids"
paste "$temp/ids" "$temp/scores.log10" | awk -F '\t' 'NF != 2 || $2 == "" { exit 1 }
    { printf "%s %.6f\n", $1, -$2 * 2.302585092994046 }' >"$temp/scores" || {
    echo "rnnlm_compute_scores.sh: the numbers of IDs and scores differ in $temp" >&2
    exit 1
}
mv "$temp/scores" "$scores"
