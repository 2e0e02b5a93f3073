#!/usr/bin/env bats
# scripts/tune: settings found by random search with successive halving.

load helpers

setup() {
    TUNE="$BATS_TEST_DIRNAME/../../scripts/tune"
    in_own_folder
    mkdir fake
    cat >fake/rnnlm <<'SCRIPT'
#!/bin/sh
# Stands for a training: perplexity 100 + 1000 (x - 0.3)^2, less 1 for each time that it goes on.
while [ $# -gt 0 ]; do
    case $1 in
    -x) x=$2 ;;
    -rnnlm) model=$2 ;;
    -test) test=yes ;;
    -max-minutes) minutes=$2 ;;
    esac
    shift
done
if [ -n "${test:-}" ]; then
    awk '{ n++; x = $1 } END { printf "PPL net: %f\n", 100 + 1000 * (x - 0.3) ^ 2 - n }' "$model"
    exit
fi
echo "$model $x $minutes" >>"$CALLS"
[ "$(wc -l <"$CALLS")" != "${STOP:-}" ] || exit 130
case $x in
*7 | *8) exit 1 ;;
esac
echo "$x" >>"$model"
[ ! -e "$(dirname "$CALLS")/end" ] || exit 0
exit 75
SCRIPT
    chmod +x fake/rnnlm
    touch train valid
    export CALLS="$PWD/calls"
}

fake() {
    RNNLM_BIN="$PWD/fake" "$TUNE" "$@" -- -train train -valid valid
}

@test "the better half goes on, round by round" {
    fake -minutes 12 -trials 9 -o found -vary x=0.0..1.0 >out
    # 9, 4, 2 and 1 of them, of 3 minutes together each time
    awk '{ n[$3]++ } END { exit !(n["0.3333"] == 9 && n["0.75"] == 4 && n["1.5"] == 2 && n["3"] == 1) }' calls
    # the last one is the best of those that did not fail, and every one that went on is better than those that did not
    awk -F '\t' 'NR > 1 { sub(/.* /, "", $5); loss = ($5 - 0.3) ^ 2; print $2, $4 == "failed" ? 9 : loss }' found/table >rounds
    [ "$(wc -l <rounds)" -eq 9 ]
    awk '{ if ($1 != last) { most = worst; last = $1 } if (NR > 1 && $2 < most) exit 1; if ($2 > worst) worst = $2 }' rounds
    x=$(sed -n '2s/.*-x //p' found/table)
    grep -qx -- "best: -x $x" out
    grep -qx "its training goes on with: rnnlm -train train -valid valid -rnnlm found/trial-[0-9]*/model -x $x" out
    [ "$(find found -name model | wc -l)" -eq 1 ]
    # the same again does nothing
    cp calls before
    fake -minutes 12 -trials 9 -o found -vary x=0.0..1.0 >again
    cmp calls before
    cmp out again
}

@test "an interrupted search goes on" {
    fake -minutes 6 -trials 6 -o whole -vary x=0.0..1.0 >out
    for stop in 2 4 3; do
        rm calls
        ! STOP=$stop fake -minutes 6 -trials 6 -o parts -vary x=0.0..1.0 >log || fail "not interrupted"
        [ "$(wc -l <calls)" -eq $stop ]
    done
    fake -minutes 6 -trials 6 -o parts -vary x=0.0..1.0 >log
    diff -r whole parts
    diff <(sed 's/whole/parts/' out) log
    complains 'parts holds another search' fake -minutes 6 -trials 7 -o parts -vary x=0.0..1.0
    complains 'parts holds another search' fake -minutes 6 -trials 6 -o parts -vary x=0.0..2.0
    [ "$(fake -minutes 6 -trials 6 -seed 2 -o seed -vary x=0.0..1.0 | grep best:)" != "$(grep best: out)" ]
}

complains() { # MESSAGE COMMAND...
    local message="$1"
    shift
    ! "$@" >found.out 2>found.err || fail "$*: no failure"
    grep -q -- "$message" found.err || fail "$*: $(cat found.err)"
}

@test "what is drawn" {
    touch end
    fake -minutes 1 -trials 60 -o found -vary x=0.2..0.4 -vary n=3..6 -vary rate=log:0.001..1 -vary size=log:2..32 \
        -vary "layers=lstm:20 gru:10,elman:5" -vary "tied=on off" -vary below=-3..-1 >log
    awk 'NF < 10 { exit 1 } { delete seen
            for (i = 1; i < NF; i++) { value[$i] = $(i + 1); if ($i !~ /^-[a-z]/) continue; all[$i, $(i + 1)]++; count[$i]++ } }
        value["-x"] < 0.2 || value["-x"] > 0.4 || value["-rate"] < 0.001 || value["-rate"] > 1 { exit 1 }
        value["-rate"] < 0.03 { small++ }
        value["-size"] != int(value["-size"]) || value["-size"] < 2 || value["-size"] > 32 { exit 1 }
        END { for (n = 3; n <= 6; n++) if (!all["-n", n]) exit 1
            for (n = -3; n <= -1; n++) if (!all["-below", n]) exit 1
            if (all["-n", 3] + all["-n", 4] + all["-n", 5] + all["-n", 6] != 60) exit 1
            if (all["-layers", "lstm:20"] + all["-layers", "gru:10,elman:5"] != 60 || !all["-layers", "lstm:20"]) exit 1
            if (count["-tied"] == 0 || count["-tied"] == 60) exit 1
            exit small < 15 || small > 45 }' found/trials
    # no more than there are
    fake -minutes 1 -trials 60 -o few -vary n=1..3 -vary "tied=on off" -vary x=0.5..0.5 >log
    [ "$(sort -u few/trials | wc -l)" -eq 6 ] && [ "$(wc -l <few/trials)" -eq 6 ]
}

@test "what does not fit" {
    complains 'wanted NAME=VALUES' fake -minutes 1 -o found -vary x
    complains 'given twice' fake -minutes 1 -o found -vary x=1..2 -vary x=1..2
    complains 'FROM is above TO' fake -minutes 1 -o found -vary x=2..1
    complains 'wanted numbers' fake -minutes 1 -o found -vary x=a..1
    complains 'a logarithm wants numbers above 0' fake -minutes 1 -o found -vary x=log:0..1
    complains 'wanted log:FROM..TO' fake -minutes 1 -o found -vary x=log:1
    complains 'wanted a number above 0' fake -minutes 0 -o found -vary x=0..1
    complains 'wanted a whole number' fake -minutes 1 -trials 1.5 -o found -vary x=0..1
    complains 'wanted at least 1' fake -minutes 1 -trials 0 -o found -vary x=0..1
    complains '-minutes X is wanted' fake -o found -vary x=0..1
    complains '-o FOLDER is wanted' fake -minutes 1 -vary x=0..1
    complains '-vary NAME=VALUES is wanted' fake -minutes 1 -o found
    complains '-valid FILE are wanted' "$TUNE" -minutes 1 -o found -vary x=0..1 -- -train train
    complains "-rnnlm is tune's own" "$TUNE" -minutes 1 -o found -vary x=0..1 -- -train train -valid valid -rnnlm m
    complains 'options of rnnlm stand behind --' "$TUNE" -minutes 1 -train train
    complains 'no program rnnlm in none' env RNNLM_BIN=none "$TUNE" -minutes 1 -o found -vary x=0..1 -- -train t -valid v
    complains 'no trial has learnt anything' fake -minutes 1 -trials 2 -o none -vary "x=0.7 0.8"
    [ "$(cut -f 4 none/table | sort -u | tr '\n' ' ')" = 'failed state ' ]
    [ ! -e calls ] || [ "$(cut -d / -f 1 calls | sort -u)" = none ]
    # what the program does not take ends the search
    small_texts .
    export RNNLM_BIN="$BIN"
    complains 'rnnlm does not take the settings of trial 1: -hidden lots' \
        "$TUNE" -minutes 1 -o found -vary "hidden=lots" -- -train train -valid valid
}

@test "a search of trainings" {
    small_texts .
    RNNLM_BIN="$BIN" "$TUNE" -minutes 9 -trials 2 -o found -vary hidden=2..5 -- \
        -train train -valid valid -class 20 -fast -epochs 1 >out
    at=$(sed -n 's/^its training has ended: the model is //p' out)
    ppl=$(rnnlm -rnnlm "$at" -test valid -debug 0 | sed -n 's/^PPL net: //p')
    grep -qx "PPL of valid: $ppl" out
    [ "$(sed -n '2p' found/table | cut -f 3)" = "$ppl" ]
    awk -F '\t' 'NR == 2 { a = $3 } NR == 3 { exit !($3 >= a) }' found/table
}
