# Words added to trained models and removed from them: rnnlm-model -add-words, -remove-words.

load helpers

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    small_texts .
    local options="-train train -valid valid -max-iter 1 -debug 0"
    rnnlm $options -hidden 8 -class 10 -rnnlm text
    rnnlm $options -layers lstm:6 -output full -streams 16 -min-count 3 -rnnlm full
    rnnlm $options -hidden 8 -class 10 -direct 1 -format native -rnnlm direct
    printf 'xylophone 12 like:was,from\nqqqq\n\ndragonss\n' >words
}

setup() {
    in_own_folder
}

model() {
    "$BIN/rnnlm-model" "$@"
}

# wrong STATUS TEXT OPTIONS...: the program ends so, with one line on standard error, and leaves no file.
wrong() {
    local wanted=$1 text=$2
    shift 2
    run --separate-stderr model "$@" -o new
    [ "$status" -eq "$wanted" ] || fail "$*: status $status: $stderr" || return 1
    [[ "$stderr" == "rnnlm-model: "*"$text"* ]] || fail "$*: $stderr" || return 1
    [ "${#stderr_lines[@]}" -eq 1 ] && [ ! -e new ] || fail "$*: $stderr"
}

size() {
    figure "vocabulary size" <(model -rnnlm "$1" -check)
}

# How many words of the line are not in a model.
unknown() {
    echo "$2" >line
    rnnlm -rnnlm "$1" -test line -debug 2 | grep -c OOV || true
}

@test "added words are words of the model: they are scored, and it is trained on" {
    for from in full direct; do
        model -rnnlm $from -add-words words -o new -check >check
        [ "$(figure "vocabulary size" check)" -eq $(($(size $from) + 3)) ]
        model -rnnlm new -check | cmp - check
        [ "$(unknown $from "the xylophone qqqq dragonss")" -eq 3 ]
        [ "$(unknown new "the xylophone qqqq dragonss")" -eq 0 ]
        rnnlm -rnnlm new -train train -valid valid -max-iter 2 -debug 0
        model -rnnlm new -check | grep -qx "vocabulary size: $(($(size $from) + 3))"
    done
}

@test "counts are shares of the probability; -from-unk takes them from <unk>" {
    model -rnnlm full -add-words words -count 50 -o new
    model -rnnlm full -add-words words -count 50 -from-unk -o from-unk
    head -n 100 train | sed 's/[^ ]*/<unk>/3' >some
    for word in qqqq "<unk>"; do
        sed "s/<unk>/$word/" some >line
        for which in new from-unk; do
            rnnlm -rnnlm $which -test line -debug 2 | table /dev/stdin |
                awk -F '\t' -v w="$word" '$NF == w { n++; sum += $2 } END { printf "%.9f\n", sum / n }' >>shares
        done
    done
    rnnlm -rnnlm full -test some -debug 2 | table /dev/stdin |
        awk -F '\t' '$NF == "<unk>" { n++; sum += $2 } END { printf "%.9f\n", sum / n }' >>shares
    # qqqq in both; <unk> when all give, and when it alone gives; <unk> before
    paste -s -d ' ' shares | awk '{ exit !($1 > 0 && $2 > 0 && $4 < $3 && $3 < $5) }' || fail "$(cat shares)"
}

@test "rows from letters, or rare words, or given words alone" {
    for from in letters rare; do model -rnnlm full -add-words words -from $from -o $from 2>warning; done
    [ ! -s warning ]
    ! cmp -s letters rare
    model -rnnlm full -add-words words -o letters-again 2>warning
    cmp letters letters-again
    wrong 1 "words: line 2: found \"qqqq\" without like:WORD" -rnnlm full -add-words words -from similar
    head -n 1 words >given
    model -rnnlm full -add-words given -from similar -o similar
    model -rnnlm full -add-words given -from rare -o again
    cmp similar again
    echo '~~~' >strange
    model -rnnlm full -add-words strange -o new 2>warning
    grep -qF "strange: 1 of 1 words share no letters" warning
}

@test "the reference's formats keep their classes" {
    for format in text binary; do
        model -rnnlm text -add-words words -format $format -o $format.new 2>warning
        grep -q "new words join the last class, with the count 0" warning
        [ "$(unknown $format.new "xylophone qqqq dragonss")" -eq 0 ]
        model -rnnlm $format.new -check | grep -qx "class size: 10"
    done
    model -rnnlm text -add-words words -format native -o native 2>warning
    [ ! -s warning ]
    model -rnnlm native -check | grep -qx "class size: 11"
    model -rnnlm text -add-words words -format native-bf16 -o half
    [ "$(unknown half "xylophone qqqq dragonss")" -eq 0 ]
}

@test "removed words are none; their counts are <unk>'s; what was added is removed without a trace" {
    model -rnnlm full -o copy
    model -rnnlm full -add-words words -o new
    cut -d ' ' -f 1 words >names
    model -rnnlm new -remove-words names -o back
    sed 1d <(model -rnnlm copy -check) | cmp - <(sed 1d <(model -rnnlm back -check))
    rnnlm -rnnlm back -test test -debug 2 | cmp - <(rnnlm -rnnlm copy -test test -debug 2 | sed 's/copy/back/')
    echo the >the
    model -rnnlm full -remove-words the -o new
    [ "$(unknown new "the of")" -eq 1 ]
    echo "the 9" >the-again
    printf 'the\n' >the
    model -rnnlm full -remove-words the -add-words the-again -o new
    [ "$(unknown new "the of")" -eq 0 ]
}

@test "wrong lists are told with their line" {
    printf 'new\nother\nnew\n' >twice
    printf 'new york\n' >blank
    printf '\n \n' >empty
    printf 'x like:yyy\n' >like
    printf 'new\nthe\n' >there
    wrong 1 "twice: line 3: found \"new\" for the second time, the first is on line 1" -rnnlm full -add-words twice
    wrong 1 "there: line 2: found \"the\", which the model has already" -rnnlm full -add-words there
    wrong 1 "blank: line 1: found \"york\" behind a word" -rnnlm full -add-words blank
    wrong 1 "empty: found no word" -rnnlm full -add-words empty
    wrong 1 "like: line 1: found \"yyy\" behind like:" -rnnlm full -add-words like
    wrong 1 "cannot open none" -rnnlm full -add-words none
    wrong 1 "there: line 1: found \"new\", which the model does not have" -rnnlm full -remove-words there
    printf 'the\nthe\n' >twice
    wrong 1 "twice: line 2: found \"the\" for the second time" -rnnlm full -remove-words twice
    echo '</s>' >end
    wrong 1 "end: line 1: found </s>" -rnnlm full -remove-words end
    echo the >the
    wrong 1 "direct connections are found by the numbers of words" -rnnlm direct -remove-words the
    wrong 1 "-format native is wanted" -rnnlm text -remove-words the
    wrong 1 "smaller counts are wanted" -rnnlm full -add-words words -count 100000 -from-unk
    wrong 1 "has no word for unknown words" -rnnlm text -format native -add-words words -from-unk
}

@test "options that do not go together" {
    wrong 2 "option -from: found \"mars\", wanted letters, similar or rare" -rnnlm full -add-words words -from mars
    wrong 2 "-count is for -add-words FILE" -rnnlm full -count 3
    wrong 2 "-from-unk is for -add-words FILE" -rnnlm full -remove-words words -from-unk
    run -2 --separate-stderr model -rnnlm full -check -add-words words
    [[ "$stderr" == "rnnlm-model: -add-words wants -o FILE"* ]]
}

# ---- averages -------------------------------------------------------------------------------------

@test "the mean of models has the means of their weights" {
    cd "$BATS_TEST_TMPDIR"
    small_texts .
    for epochs in 1 2 3; do
        rnnlm -train train -valid valid -rnnlm m -layers gru:8 -class 20 -streams 4 -max-iter $epochs >log 2>&1
        cp m m$epochs
    done
    "$BIN/rnnlm-model" -rnnlm m1 -average m2 -average m3 -o mean
    for model in m1 m2 m3 mean; do
        "$BIN/rnnlm-model" -rnnlm $model -vectors in -format text -o $model.in
        "$BIN/rnnlm-model" -rnnlm $model -vectors out -format text -o $model.out
    done
    for way in in out; do
        paste -d ' ' m1.$way m2.$way m3.$way mean.$way | awk '{ n = NF / 4
            for (i = 2; i <= n; i++) { d = ($i + $(n + i) + $(2 * n + i)) / 3 - $(3 * n + i); if (d * d > 1e-12) exit 1 } }'
    done
    ! cmp -s m3.in mean.in
    # of one model with itself it is that model
    "$BIN/rnnlm-model" -rnnlm m3 -average m3 -o same
    [ "$(rnnlm -rnnlm same -test test | grep PPL)" = "$(rnnlm -rnnlm m3 -test test | grep PPL)" ]
    # and it can be trained on
    rnnlm -train train -valid valid -rnnlm mean -streams 4 -max-iter 5 >log 2>&1
    rnnlm -train train -valid valid -rnnlm other -layers gru:9 -class 20 -streams 4 -max-iter 1 >log 2>&1
    rnnlm -train train -valid valid -rnnlm classes -layers gru:8 -class 19 -streams 4 -max-iter 1 >log 2>&1
    head -n 450 train >fewer
    rnnlm -train fewer -valid valid -rnnlm lexicon -layers gru:8 -class 20 -streams 4 -max-iter 1 >log 2>&1
    for call in "other:found layers gru:9, wanted gru:8" "classes:19 classes" "lexicon:found [0-9]* words, wanted" "missing:missing"; do
        ! "$BIN/rnnlm-model" -rnnlm m1 -average ${call%%:*} -o no 2>err
        grep -q "${call#*:}" err && [ ! -e no ] || { cat err; false; }
    done
    code=0
    "$BIN/rnnlm-model" -rnnlm m1 -average m2 2>err || code=$?
    [ $code -eq 2 ]
}
