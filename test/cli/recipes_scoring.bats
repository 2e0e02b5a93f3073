#!/usr/bin/env bats
# scripts/recipes/ptb, speech and ensemble, each on a tiny text.

load helpers

setup() {
    RECIPES="$BATS_TEST_DIRNAME/../../scripts/recipes"
    export RNNLM_BIN="$BIN"
    in_own_folder
}

# A text of data/ whose words are all in its first 400 training lines, others <unk>.
known_words() { # text lines
    awk 'NR == FNR { if (FNR <= 400) for (i = 1; i <= NF; i++) known[$i]; next }
        { for (i = 1; i <= NF; i++) if (!($i in known)) $i = "<unk>"; print }' "$DATA/train.txt" <(head -n "$2" "$DATA/$1.txt")
}

@test "ptb: every network in all ways, and a mixture that is better than its parts; once more nothing is done" {
    mkdir -- "-the texts"
    for part in train valid test; do
        known_words $part 200 >"./-the texts/ptb.$part.txt"
    done
    "$RECIPES/ptb" -quick -threads 1 -o "an output" -- "-the texts" >out
    diff "an output/table" <(tail -n 8 out)
    # Each figure is that of the program.
    found=$(sed -n 's/^lstm:20 .* \([0-9.]*\) *$/\1/p' out)
    rate=$(sed -n 's/^dynamic evaluation of .*: //p' "an output/lstm.rate")
    # shellcheck disable=SC2086 # words are meant
    rnnlm -rnnlm "an output/lstm" -test "./-the texts/ptb.test.txt" -tune "./-the texts/ptb.valid.txt" -cache-neural 500 \
        -dynamic-rule rms $rate >both
    [ "$(figure 'PPL net' both | awk '{ printf "%.1f", $1 }')" = "$found" ]
    awk '/^all, with everything/ { all = $NF } NF > 5 && $1 ~ /:/ { for (i = 4; i <= NF; i++) if (!least || $i < least) least = $i }
        END { exit !(all > 1 && all <= least) }' out
    ls -l --time-style=full-iso "an output" >before
    "$RECIPES/ptb" -quick -threads 1 -o "an output" -- "-the texts" >again
    cmp out again
    grep -v ' \(table\|.*progress\|messages\|.*[.]log\|all.*\|ngram.*\|beginning\|line\)$' before >kept
    ls -l --time-style=full-iso "an output" | grep -v ' \(table\|.*progress\|messages\|.*[.]log\|all.*\|ngram.*\|beginning\|line\)$' |
        diff kept -
    says 1 'begun with other settings' "$RECIPES/ptb" -o "an output" -- "-the texts"
    says 1 'ptb.train.txt: found nothing' "$RECIPES/ptb" "$PWD"
    says 2 'wanted one' "$RECIPES/ptb"
}

@test "speech: lists of the user's own, with weights found on others" {
    for part in train valid; do
        head -n 150 "$DATA/$part.txt" >$part
    done
    for part in valid test; do
        head -n 30 "$DATA/$part.txt" | awk '{ print NR - 1, $0 }' >$part.refs
        head -n 30 "$DATA/$part.txt" | "$RECIPES/../corrupt-text" -copies 3 >$part.lists
    done
    "$RECIPES/speech" -threads 1 -epochs 1 -train train -valid valid -dev-lists valid.lists -dev-refs valid.refs \
        -lists test.lists -refs test.refs -o systems >out
    [ "$(grep -cE '^[^ ].* [0-9]+ +[0-9.]+ +[0-9.]+ \.\.\. [0-9.]+$' systems/table)" -eq 6 ] || fail "$(cat systems/table)"
    for system in lstm mixture; do
        wer=$("$BIN/rnnlm-wer" test.refs systems/$system.best | sed -n 's/^%WER \([0-9.]*\).*/\1/p')
        grep -q "^%WER $wer " systems/$system.wer
    done
    grep -q "^lstm:200 .* $("$BIN/rnnlm-wer" test.refs systems/lstm.best | sed -n 's/^%WER \([0-9.]*\).*/\1/p') " systems/table
    says 2 'belong together' "$RECIPES/speech" -lists test.lists
}

@test "ensemble: four ways, of which all learn the same words" {
    for part in train valid test; do
        head -n 120 "$DATA/$part.txt" >$part
    done
    "$RECIPES/ensemble" -train train -valid valid -test test -members 2 -hidden 8 -epochs 1 -threads 1 -o many >out
    [ "$(grep -cE ' [0-9.]+ +[0-9.]+ +[0-9.]+ +[0-9.]+$' many/table)" -eq 3 ]
    # The parts that are held out make the text, and no member has seen its own.
    cat many/part1.held many/part2.held | cmp - train
    cmp many/part1.held many/part2.train
    [ "$(rnnlm -rnnlm many/seed1 -rnnlm many/seed2 -test test -unk -debug 0 2>/dev/null | figure 'PPL net' /dev/stdin |
        awk '{ printf "%.2f", $1 }')" = "$(awk '/^other seeds/ { print $(NF - 1) }' many/table)" ]
    grep -q "^one with their mean settings  *$(figure 'PPL net' many/mean.test | awk '{ printf "%.2f", $1 }') " many/table
    for member in seed1 part1 part2 set2 mean; do
        "$BIN/rnnlm-model" -rnnlm many/$member -check | grep '^vocabulary size' >>sizes
    done
    [ "$(sort -u sizes | wc -l)" -eq 1 ]
    says 2 'found 1, wanted a number from 2 to 8' "$RECIPES/ensemble" -members 1
}
