# The toolkit's nine example scripts, as users have them (examples/*.sh), with the programs of this
# project in $rnnpath. Where SRILM is not installed, examples/srilm stands in for it.

load helpers

EXAMPLES="$BATS_TEST_DIRNAME/examples"

setup() {
    cd "$BATS_TEST_TMPDIR"
    head -n 1500 "$DATA/train.txt" >train
    head -n 200 "$DATA/valid.txt" >valid
    head -n 200 "$DATA/test.txt" >test
    for program in convert prob makenbest gettext getbest; do
        [ -x "$BIN/$program" ] || fail "$BIN/$program is wanted"
    done
    if ! command -v ngram-count >/dev/null || ! command -v ngram >/dev/null; then
        PATH="$EXAMPLES/srilm:$PATH"
    fi
}

# example NAME: runs a script; nothing on standard error.
example() {
    sh -e "$EXAMPLES/$1" "$BIN" >out 2>err || fail "$1: exit status $?" "$(cat err)"
    [ ! -s err ] || fail "$1: $(cat err)"
}

ppls() {
    awk '$1 == "PPL" && $2 == "net:" { print $3 }' "$@"
}

less() {
    awk -v a="$1" -v b="$2" 'BEGIN { exit !(a != "" && b != "" && a + 0 < b + 0) }' || fail "$1 is not less than $2"
}

@test "example 1: training, and interpolation with a 5-gram" {
    need_logarithms
    example 1-interpolate.sh
    [ "$(wc -l <srilm.txt)" -eq "$(awk '{ n += NF + 1 } END { print n }' test)" ]
    ! grep -qvE '^[0-9]\.[0-9]{6}E[-+][0-9]{2}$' srilm.txt
    less "$(figure "PPL combine" out)" "$(figure "PPL other" out)"
    less "$(figure "PPL combine" out)" 400
    # The other model's log probability is that of its own output.
    near "$(figure "test log probability given by other lm" out)" \
        "$(awk '$1 > 0 { s += log($1) / log(10) } END { print s }' srilm.txt)" 1e-4
}

@test "example 1: -lm-prob is what prob computes of the two streams" {
    need_logarithms
    example 1-interpolate.sh
    "$BIN/rnnlm" -rnnlm model -test test -debug 2 >table
    table table | awk -F '\t' '{ print $2 }' >net
    "$BIN/prob" net srilm.txt 0.5 >mixed
    "$BIN/prob" <mixed >mixed.out
    near "$(figure "PPL" mixed.out)" "$(figure "PPL combine" out)" 1e-3
}

@test "example 2: n-best lists from lattices" {
    need_logarithms
    mkdir nbest
    # SRILM's form: acoustic score, language model score, number of words, the words.
    awk -v dir=nbest 'NR > 20 { exit }
         {
             file = sprintf("%s/utterance%02d", dir, NR)
             print -100 - NR, -20, NF, "<s>", $0, "</s>" > file
             line = ""; for (i = NF; i >= 1; i--) line = line " " $i
             print -101, -21.5, NF, "<s>" line, "</s>" > file
             print -102.25, -22, NF + 1, "<s>", $1, $0, "</s>" > file
             print -103, -23, NF + 1, "<s>", "notaword", $0, "</s>" > file
             close(file)
         }' test
    gzip nbest/*
    example 2-nbest.sh
    [ "$(wc -l <nbest.txt)" -eq 80 ]
    [ "$(cut -d ' ' -f 1 nbest.txt | uniq | wc -l)" -eq 20 ]
    cut -d ' ' -f 2- nbest.txt | diff - nbest.words
    # The lists hold the text's sentences, in order.
    awk 'NR % 4 == 1' nbest.words | diff - <(head -n 20 test)
    [ "$(wc -l <scores)" -eq 80 ]
    [ "$(wc -l <scores.net)" -eq 80 ]
    ! cmp -s scores scores.net
    [ "$(wc -l <srilm.txt)" -eq "$(awk '{ n += NF } END { print n }' nbest.txt)" ]
    # The best of each list by an independent count.
    paste -d ' ' scores nbest.txt | awk '
        $2 != id { if (NR > 1) print best; id = $2; top = "" }
        top == "" || $1 + 0 > top { top = $1 + 0; best = $3; for (i = 4; i <= NF; i++) best = best " " $i }
        END { print best }' | diff - best.txt
    # Mostly the sentences that somebody has said.
    [ "$(head -n 20 test | paste -d '|' - best.txt | awk -F '|' '$1 == $2' | wc -l)" -ge 12 ]
}

@test "example 3: five seeds averaged" {
    need_logarithms
    example 3-average.sh
    for seed in 1 2 3 4 5; do
        near "$(figure "PPL" ppl$seed)" "$(ppls table$seed)" 1e-4
    done
    # The logarithm of a mean is above the mean of logarithms.
    less "$(figure "PPL" out)" "$(cat ppl[12345] | awk '/^PPL/ { s += log($2) } END { print exp(s / 5) }')"
    grep -qE '^Log P: -[0-9]+\.[0-9]{6}$' out
    grep -qE '^PPL: [0-9]+\.[0-9]{6}$' out
    ! cmp -s prob1 prob2
    # λA + (1-λ)B, line by line.
    paste prob1 prob2 prob12 | awk '{ d = ($1 + $2) / 2 - $3; if (d < 0) d = -d; if (!(d <= 1e-4 * $3 + 1e-6)) exit 1 }'
}

@test "example 4: sampling text for an n-gram model" {
    need_logarithms
    example 4-sample.sh
    words=$(awk '{ n += NF + 1 } END { print n }' sample)
    [ "$words" -ge 20000 ] && [ "$words" -le 20001 ]
    tail -n 2 temp.ppl | grep -q 'zeroprobs, logprob= -'
}

@test "example 5: no validation data, a schedule of one's own" {
    example 5-schedule.sh
    [ "$(grep '^Iter' out | awk '{ print $4 }' | tr '\n' ' ')" = "0.100000 0.100000 0.050000 0.025000 " ]
    ! grep -q VALID out
    [ ! -e model.output.txt ]
    [ "$(grep -c '^Restoring network from file' out)" -eq 3 ]
    # Each run is better than the one before.
    grep '^Iter' out | sed 's/.*TRAIN entropy: \([0-9.]*\).*/\1/' | sort -rnc
    less "$(ppls out)" 400
}

@test "example 6: killed and resumed" {
    example 6-resume.sh
    grep -q '^Restoring network from file' out
    [ "$(figure "current position in training data" model)" -eq 0 ]
    less "$(ppls out)" 400
}

@test "example 7: -dynamic" {
    example 7-dynamic.sh
    set -- $(ppls out)
    [ $# -eq 2 ]
    less "$2" "$1"
}

@test "example 8: -direct" {
    example 8-direct.sh
    set -- $(ppls out)
    [ $# -eq 2 ]
    less "$1" 400
    less "$2" 400
    [ "$(grep -a '^direct connections' model | cut -d ' ' -f 3)" = 1000000 ]
    [ "$(grep -a '^direct order' model0 | cut -d ' ' -f 3)" = 4 ]
}

@test "example 9: characters" {
    example 9-characters.sh
    less "$(ppls out)" 20
    [ "$(figure "class size" model)" -eq 1 ]
    [ "$(figure "vocabulary size" model)" -lt 100 ]
}
