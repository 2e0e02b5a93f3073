# Options and what scripts parse: help, forms of options, mistakes, settings, logs.

load helpers

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    small_texts .
    rnnlm -train train -valid valid -rnnlm model -hidden 5 -class 20 -max-iter 1 >log
}

setup() {
    cd "$BATS_FILE_TMPDIR"
    out="$BATS_TEST_TMPDIR/out"
    new="$BATS_TEST_TMPDIR/new" # for models
}

# ---- help ---------------------------------------------------------------------------------------

@test "--help, -help, -h and no argument print the help, exit 0" {
    rnnlm --help >"$out"
    grep -q '^usage: rnnlm -train FILE -valid FILE -rnnlm MODEL' "$out"
    for form in -h -help --h; do rnnlm $form | cmp - "$out"; done
    rnnlm | cmp - "$out"
    run --separate-stderr rnnlm -train train --help
    [ "$status" -eq 0 ]
    [ -z "$stderr" ]
}

@test "--help shows every option of the reference with its default" {
    rnnlm --help >"$out"
    for option in rnnlm train valid test binary old-classes one-iter nbest independent lm-prob; do
        grep -qE -- "^  -$option( |\$)" "$out" || fail "no -$option"
    done
    while read -r option default; do
        # The default ends the option's paragraph.
        awk -v name="-$option" '/^  -/ { here = $1 == name } /^$/ { here = 0 } here { text = text " " $0 } END { print text }' \
            "$out" | grep -qF "($default)" || fail "-$option: no default ($default)"
    done <<'END'
class 100
hidden 30
alpha 0.1
beta 1e-07
compression 0
direct 0
direct-order 3
bptt 0
bptt-block 10
rand-seed 1
min-improvement 1.003
gradient-cutoff 15
max-iter 0
anti-kasparek 0
lambda 0.75
dynamic 0
gen 0
debug 1
END
}

@test "--help groups the options" {
    rnnlm --help >"$out"
    ! grep -q '.\{101\}' "$out"
    for group in Files "Size of a new model" Training "Testing and rescoring" General; do
        grep -q "^$group.*:\$" "$out" || fail "no group $group"
    done
}

@test "--help on a full disk fails" {
    [ -e /dev/full ] || skip "no /dev/full"
    ! rnnlm --help >/dev/full || fail "exit 0"
}

@test "--version" {
    run --separate-stderr rnnlm --version
    [ "$status" -eq 0 ]
    [[ "$output" =~ ^rnnlm\ [0-9]+\.[0-9]+ ]]
    [ "$(rnnlm -version)" = "$output" ]
}

# ---- forms --------------------------------------------------------------------------------------

@test "-name value, --name value and --name=value are the same" {
    rnnlm -rnnlm model -test test -lambda 0.5 >"$out"
    rnnlm --rnnlm model --test test --lambda 0.5 | cmp - "$out"
    rnnlm --rnnlm=model --test=test --lambda=0.5 | cmp - "$out"
    rnnlm -rnnlm=model -test=test -lambda=.5 | cmp - "$out"
}

@test "a value may hold = and spaces, and begin with a dash" {
    cp test "$BATS_TEST_TMPDIR/-a=b c"
    cp model "$BATS_TEST_TMPDIR/model"
    cd "$BATS_TEST_TMPDIR"
    rnnlm -rnnlm model -test "-a=b c" -debug 0 >1
    rnnlm -rnnlm model "--test=-a=b c" -debug 0 >2
    rnnlm -rnnlm model -test "$BATS_FILE_TMPDIR/test" -debug 0 | cmp - 1
    cmp 1 2
}

@test "an option given twice is refused: one of its values would be lost" {
    refuses_with 2 'option -test: found twice, with "none" and "test"' -- -rnnlm model -test none -test test
    refuses_with 2 'option -valid: found twice' 'cat makes one of several' -- \
        -train train -valid test -valid valid -rnnlm "$BATS_TEST_TMPDIR/new"
    [ ! -e "$BATS_TEST_TMPDIR/new" ]
    refuses_with 2 'option -hidden: found twice, with "3" and "4"' -- -rnnlm model -test test -hidden 3 --hidden=4
    refuses_with 2 'option -lambda: found twice' -- -rnnlm model -test test -lambda 0 --lambda=1
    rnnlm -rnnlm model -rnnlm model -test test -unk -unk >"$out" # these add up
    [ "$(grep -c '^rnnlm file: model' "$out")" -eq 2 ]
}

# Every option with a value, of every program, but those that say that they may be given several times.
@test "no program takes an option twice that does not add up" {
    for program in "$BIN"/* "$BIN/rnnlm-ngram "{train,count,build,ppl,prune,mix,renorm,convert,expand,cache,vocab}; do
        [[ "$program" != *.* ]] || continue
        $program --manual=x | sed -n '/^\.TP/{N;N;s/\n/ /g;p;}' >"$BATS_TEST_TMPDIR/manual"
        # lines .TP .B \-NAME \fIVALUE\fP TEXT
        while read -r _ _ name value text; do
            [[ "$value" == \\fI* ]] || continue
            name=${name#\\-}
            name=${name//\\-/-}
            [[ "$text" != *'several times'* ]] || continue
            code=0
            $program "-$name" 1 "-$name" 1 2>"$BATS_TEST_TMPDIR/err" >"$BATS_TEST_TMPDIR/out" || code=$?
            [ $code -eq 2 ] && grep -qE "option -$name: found (twice|\"1\")" "$BATS_TEST_TMPDIR/err" ||
                fail "$program -$name 1 -$name 1: $code, $(cat "$BATS_TEST_TMPDIR/err")"
            echo "$name" >>"$BATS_TEST_TMPDIR/names"
        done <"$BATS_TEST_TMPDIR/manual"
    done
    [ "$(wc -l <"$BATS_TEST_TMPDIR/names")" -gt 100 ]
}

@test "the order of options does not matter" {
    rnnlm -rnnlm model -test test -debug 2 -independent >"$out"
    rnnlm -independent -debug 2 -test test -rnnlm model | cmp - "$out"
}

# ---- mistakes -----------------------------------------------------------------------------------

@test "an unknown option: exit 2, and the near name is suggested" {
    refuses_with 2 "unknown option -hiden" "-hidden?" -- -hiden 5
    refuses_with 2 "unknown option --ramd-seed" "-rand-seed?" -- --ramd-seed 5
    refuses_with 2 "unknown option --ramd-seed=5" "-rand-seed?" -- --ramd-seed=5
    refuses_with 2 "unknown option -one_iter" "-one-iter?" -- -one_iter
    refuses_with 2 "unknown option -classes" "-class?" -- -classes 5
    refuses_with 2 "unknown option -zzzzzzzz" "--help" -- -zzzzzzzz
}

@test "an option of endless length is refused" {
    refuses_with 2 "unknown option" -- "-$(printf '%70000s' '' | tr ' ' a)"
}

@test "an argument that is no option: exit 2" {
    refuses_with 2 '"train"' -- train
    refuses_with 2 '"5"' -- -hidden 5 5
    refuses_with 2 '"-hidden"' -- -- -hidden
}

@test "a missing value and one too many: exit 2, naming the option" {
    refuses_with 2 "-hidden" -- -hidden
    refuses_with 2 "-rnnlm" -- -test test -rnnlm
    refuses_with 2 "-binary" "yes" -- --binary=yes
}

@test "bad values: exit 2, naming option and value" {
    while read -r option value; do
        refuses_with 2 "option -$option:" "\"$value\"" "wanted" -- -train train -valid valid -rnnlm "$new" "-$option" "$value"
    done <<'END'
hidden 0
hidden -3
hidden 5.5
hidden 5x
hidden x
hidden 1e3
hidden 99999999999999999999999
class 0
class -1
class ten
bptt -1
bptt 9999999999
bptt-block 0
compression -1
direct -1
direct 1.5
direct-order 21
direct-order -1
rand-seed -1
rand-seed 4294967296
alpha x
alpha -0.1
alpha nan
alpha inf
alpha 1e999
alpha 0.1.2
beta -1
gradient-cutoff -1
min-improvement x
max-iter -1
anti-kasparek -1
anti-kasparek 10k
lambda 1.1
lambda -0.1
lambda nan
dynamic -1
dynamic inf
gen -1
gen ten
debug -1
debug on
END
    [ ! -e "$new" ]
}

@test "an empty value is a bad one" {
    refuses_with 2 "-hidden" '""' -- -hidden ""
    refuses_with 2 "-alpha" '""' -- --alpha=
}

@test "what is missing, and what does not go together: exit 2" {
    refuses_with 2 "-rnnlm" -- -train train -valid valid
    refuses_with 2 "-rnnlm" -- -test test
    refuses_with 2 "-train" "-test" "-gen" -- -rnnlm model
    refuses_with 2 "-valid" "-one-iter" -- -train train -rnnlm "$new"
    refuses_with 2 "exclude each other" -- -rnnlm model -test test -mixing log-linear -lm-prob b -debug 0
    rnnlm --help | tail -n 3 | tr '\n' ' ' | grep -q 'Exit status: 0; 1 after a failure; 2 where the command line is wrong'
    [ ! -e "$new" ]
}

# ---- what scripts parse -------------------------------------------------------------------------

# Standard output without the epochs.
settings() {
    rnnlm "$@" | grep -v '^Iter: '
}

@test "settings of a training: the reference's lines in its order" {
    settings -rnnlm "$new" -binary -rand-seed 3 -bptt-block 5 -bptt 3 -direct-order 2 -direct 1 -compression 4 \
        -hidden 5 -anti-kasparek 20000 -min-improvement 1.01 -beta 1e-6 -alpha 0.2 -independent \
        -gradient-cutoff 10 -old-classes -class 20 -valid valid -max-iter 1 -train train -debug 1 >"$out"
    cat >"$out.wanted" <<END
debug mode: 1
train file: train
Maximum number of iterations: 1
valid file: valid
class size: 20
Old algorithm for computing classes will be used
Gradient cutoff: 10.000000
Sentences will be processed independently...
Starting learning rate: 0.200000
Regularization: 0.000001
Min improvement: 1.010000
Model will be saved after each # words: 20000
Hidden layer size: 5
Compression layer size: 4
Direct connections: 1M
Order of direct connections: 2
BPTT: 3
BPTT block: 5
Rand seed: 3
Model will be saved in binary format
rnnlm file: $new
Starting training using file train
Vocab size: 1508
Words in train file: 5226
END
    diff "$out.wanted" "$out"
}

@test "settings of a training: only what was given" {
    settings -train train -rnnlm "$new" -one-iter >"$out"
    printf '%s\n' "train file: train" "Training for one iteration" "rnnlm file: $new" \
        "Starting training using file train" "Vocab size: 1508" "Words in train file: 5226" | diff - "$out"
}

@test "settings of a training that goes on" {
    cp model "$new"
    settings -train train -valid valid -rnnlm "$new" -max-iter 1 >"$out"
    printf '%s\n' "train file: train" "Maximum number of iterations: 1" "valid file: valid" "rnnlm file: $new" \
        "Starting training using file train" "Restoring network from file to continue training..." | diff - "$out"
}

@test "settings of a test" {
    awk '{ for (i = 0; i <= NF; i++) print 0.01 }' test >"$BATS_TEST_TMPDIR/prob"
    rnnlm -rnnlm model -test test -lm-prob "$BATS_TEST_TMPDIR/prob" -independent -dynamic 0.1 -lambda 0.5 \
        -debug 1 | sed '/^$/,$d' >"$out"
    printf '%s\n' "debug mode: 1" "test file: test" \
        "Lambda (interpolation coefficient between rnnlm and other lm): 0.500000" \
        "Dynamic learning rate: 0.100000" "Sentences will be processed independently..." \
        "other lm probabilities specified in: $BATS_TEST_TMPDIR/prob" "rnnlm file: model" | diff - "$out"
}

@test "settings of n-best lists and of generating" {
    small_nbest test >"$BATS_TEST_TMPDIR/lists"
    rnnlm -rnnlm model -nbest -test "$BATS_TEST_TMPDIR/lists" | sed '/^-/,$d' >"$out"
    printf '%s\n' "Processing test data as list of nbests" "test file: $BATS_TEST_TMPDIR/lists" \
        "rnnlm file: model" | diff - "$out"
    rnnlm -rnnlm model -gen 20 | head -n 2 >"$out"
    printf '%s\n' "Generating # words: 20" "rnnlm file: model" | diff - "$out"
}

@test "-anti-kasparek below 10000 is 10000" {
    settings -train train -rnnlm "$new" -one-iter -anti-kasparek 5 >"$out"
    grep -qx 'Model will be saved after each # words: 10000' "$out"
    grep -qx 'save after processing # words: 10000' "$new"
}

@test "-debug 0 prints results only" {
    rnnlm -train train -valid valid -rnnlm "$new" -hidden 5 -class 20 -max-iter 1 -debug 0 >"$out"
    ! grep -qE '^(debug|train|valid|rnnlm|Hidden|class|Vocab|Words)' "$out"
    grep -q '^Iter:   0' "$out"
    small_nbest test >"$BATS_TEST_TMPDIR/lists"
    rnnlm -rnnlm model -nbest -test "$BATS_TEST_TMPDIR/lists" -debug 0 >"$out"
    [ "$(wc -l <"$out")" -eq 150 ]
    ! grep -qvE '^-[0-9]+\.[0-9]{6}$' "$out"
}

@test "training prints one line an epoch in the reference's form" {
    rnnlm -train train -valid valid -rnnlm "$new" -hidden 5 -class 20 -max-iter 2 >"$out"
    tail -n 2 "$out" >"$out.epochs"
    tab="$(printf '\t')"
    number='[0-9][0-9]*\.[0-9]'
    [ "$(grep -cx "Iter:   [01]${tab}Alpha: 0\.100000$tab   TRAIN entropy: ${number}[0-9]\{3\}    Words/sec: $number   VALID entropy: ${number}[0-9]\{3\}" "$out.epochs")" -eq 2 ]
}

@test "without validation text the epoch's line has none" {
    rnnlm -train train -rnnlm "$new" -hidden 5 -class 20 -one-iter >"$out"
    grep -q '^Iter:   0.*TRAIN entropy: [0-9.]*    Words/sec: [0-9.]* *$' "$out"
    ! grep -q VALID "$out"
    [ ! -e "$new.output.txt" ]
}

@test "no carriage returns and no escape sequences in a log file" {
    rnnlm -train train -valid valid -rnnlm "$new" -hidden 5 -class 20 -max-iter 1 -debug 2 >"$out" 2>"$out.err"
    ! grep -q "$(printf '[\r\033]')" "$out"
    [ ! -s "$out.err" ]
}

@test "MODEL.output.txt gets each epoch, appended" {
    need_logarithms
    rnnlm -train train -valid valid -rnnlm "$new" -hidden 5 -class 20 -max-iter 2 >"$out"
    rnnlm -train train -valid valid -rnnlm "$new" -max-iter 3 >"$out.more"
    sed 's/[0-9][0-9]*\.[0-9]\{6\}/X/' "$new.output.txt" >"$out.found"
    for epoch in 0 1 2; do
        printf '\niter: %d\nvalid log probability: -X\nPPL net: X\n' $epoch
    done | diff - "$out.found"
    # Entropy in bits is the perplexity's logarithm.
    within "$(entropy VALID 2 "$out.more")" \
        "$(awk '/PPL net/ { v = $3 } END { print log(v) / log(2) }' "$new.output.txt")" 0.0001
}

@test "-test prints a log probability and a perplexity that belong together" {
    need_logarithms
    rnnlm -rnnlm model -test test -debug 2 >"$out"
    words=$(table "$out" | awk '$1 >= 0' | wc -l)
    near "$(figure "PPL net" "$out")" \
        "$(awk -v l="$(figure "test log probability" "$out")" -v n="$words" 'BEGIN { print exp(-l / n * log(10)) }')" 1e-4
    near "$(figure "test log probability" "$out")" \
        "$(table "$out" | awk '$1 >= 0 { s += log($2) / log(10) } END { print s }')" 1e-4
    grep -qx -e "$(printf -- '-1\t0\t\tOOV')" "$out"
    [ "$(tail -n 4 "$out" | sed 's/[-0-9.]*$//')" = "$(printf '\ntest log probability: \n\nPPL net: ')" ]
}

@test "the table of -debug 2 is the text, sentence ends included" {
    rnnlm -rnnlm model -test test -debug 2 >"$out"
    table "$out" | awk -F '\t' '{ print $NF }' >"$out.words"
    awk 'FNR == NR { known[$1] = 1; next } { for (i = 1; i <= NF; i++) print ($i in known ? $i : "OOV"); print "</s>" }' \
        <(tr ' ' '\n' <train) test | diff - "$out.words"
}

@test "-write srilm prints what ngram -ppl prints; -format srilm, the older spelling, too" {
    rnnlm -rnnlm model -test test -debug 0 >"$out"
    for debug in 0 1 2; do
        rnnlm -rnnlm model -test test -write srilm -debug $debug >"$out.$debug"
        rnnlm -rnnlm model -test test -format srilm -debug $debug | cmp - "$out.$debug"
        [ "$(tail -n 2 "$out.$debug")" = "$(cat "$out.0")" ]
    done
    grep -q '^file test: 200 sentences, ' "$out.0"
    near "$(sed -n 's/.*logprob= \([^ ]*\).*/\1/p' "$out.0")" "$(figure 'test log probability' "$out")" 1e-5
    [ "$(grep -cP '^\tp\( ' "$out.2")" -eq "$(($(wc -w <test) + 200))" ]
}

@test "-write is the output, -format the model's format, both at once" {
    rnnlm -train train -rnnlm "$new" -hidden 5 -class 20 -one-iter -format binary -test test -write srilm >"$out"
    grep -aq '^file format: 1$' "$new"
    grep -q '^file test: 200 sentences, ' "$out"
    refuses_with 2 'option -write: found "table", wanted srilm' -- -rnnlm model -test test -write table -debug 0
    refuses_with 2 '-write srilm is for texts' -- -rnnlm model -test test -write srilm -nbest -debug 0
    refuses_with 2 'option -format: found "table", wanted text' -- -train train -one-iter -rnnlm "$new" -format table -debug 0
}

@test "-gen: so many words, </s> as the line's end, each known, the same for the same seed" {
    rnnlm -rnnlm model -gen 1000 -debug 0 >"$out"
    # A word or a line's end for each; a last line that is cut short gets its newline too.
    [ "$(($(wc -w <"$out") + $(wc -l <"$out")))" -ge 1000 ]
    [ "$(($(wc -w <"$out") + $(wc -l <"$out")))" -le 1001 ]
    awk 'FNR == NR { known[$1] = 1; next } { for (i = 1; i <= NF; i++) if (!($i in known)) exit 1 }' \
        <(tr ' ' '\n' <train) "$out"
    rnnlm -rnnlm model -gen 1000 -debug 0 | cmp - "$out"
    ! rnnlm -rnnlm model -gen 1000 -debug 0 -rand-seed 2 | cmp -s - "$out"
}

@test "-gen draws words with their probability" {
    rnnlm -rnnlm model -gen 30000 -debug 0 >"$out"
    # The share of sentence ends is that of the training text, give or take.
    within "$(awk '{ n += NF + 1 } END { print NR / n }' "$out")" "$(awk '{ n += NF + 1 } END { print NR / n }' train)" 0.03
}

@test "-independent at test time has its effect though the model says otherwise" {
    rnnlm -rnnlm model -test test >"$out"
    rnnlm -rnnlm model -test test -independent >"$out.independent"
    [ "$(figure "PPL net" "$out")" != "$(figure "PPL net" "$out.independent")" ]
    # Independent sentences score the same in any order: the sum over two halves is the whole.
    head -n 100 test >"$BATS_TEST_TMPDIR/a"
    tail -n +101 test >"$BATS_TEST_TMPDIR/b"
    cat "$BATS_TEST_TMPDIR/b" "$BATS_TEST_TMPDIR/a" >"$BATS_TEST_TMPDIR/ba"
    rnnlm -rnnlm model -test test -independent -debug 2 >"$out"
    rnnlm -rnnlm model -test "$BATS_TEST_TMPDIR/ba" -independent -debug 2 >"$out.ba"
    # All but the first sentences, which stand behind the state in the model file.
    head -n 50 test | tail -n +2 | awk '{ n += NF + 1 } END { print n }' >"$BATS_TEST_TMPDIR/n"
    skip_rows=$(head -n 1 test | awk '{ print NF + 1 }')
    skip_ba=$(cat "$BATS_TEST_TMPDIR/b" <(head -n 1 test) | awk '{ n += NF + 1 } END { print n }')
    n=$(cat "$BATS_TEST_TMPDIR/n")
    table "$out" | tail -n +$((skip_rows + 1)) | head -n "$n" >"$BATS_TEST_TMPDIR/1"
    table "$out.ba" | tail -n +$((skip_ba + 1)) | head -n "$n" >"$BATS_TEST_TMPDIR/2"
    # The same words, and probabilities but for last bits, which other numbers of rows at a time change.
    paste "$BATS_TEST_TMPDIR/1" "$BATS_TEST_TMPDIR/2" | awk '
        $1 != $4 || $3 != $6 || ($2 - $5) ^ 2 > (2e-6 * $2) ^ 2 { bad = 1; print }
        END { exit bad || NR < 100 }'
}

@test "-alpha given for an existing model overrides its rate" {
    cp model "$new"
    rnnlm -train train -rnnlm "$new" -one-iter -alpha 0.03 >"$out"
    grep -q 'Alpha: 0.030000' "$out"
    rnnlm -train train -rnnlm "$new" -one-iter >"$out"
    grep -q 'Alpha: 0.030000' "$out"
}

@test "the learning rate schedule: halved once improvement is small, then the end" {
    # No epoch ever improves so much: halving from the second on, the end at the third.
    rnnlm -train train -valid valid -rnnlm "$new" -hidden 5 -class 20 -min-improvement 2 >"$out"
    [ "$(sed -n 's/^Iter: *\([0-9]*\).*Alpha: \([0-9.]*\).*/\1 \2/p' "$out")" = "$(printf '0 0.100000\n1 0.100000\n2 0.050000')" ]
}

@test "-max-iter bounds the epochs, those of earlier runs included" {
    rnnlm -train train -valid valid -rnnlm "$new" -hidden 5 -class 20 -max-iter 2 >"$out"
    [ "$(last_epoch "$out")" -eq 1 ]
    [ "$(figure "number of finished iterations" "$new")" -eq 2 ]
    rnnlm -train train -valid valid -rnnlm "$new" -max-iter 3 >"$out"
    [ "$(grep -c '^Iter' "$out")" -eq 1 ]
    [ "$(last_epoch "$out")" -eq 2 ]
    cp "$new" "$new.copy"
    rnnlm -train train -valid valid -rnnlm "$new" -max-iter 3 >"$out"
    ! grep -q '^Iter' "$out"
    cmp "$new" "$new.copy"
}

@test "the help fits the terminal, and 80 columns where there is none" {
    for program in "$BIN"/*; do
        "$program" --help >"$out"
        awk 'length > 80 { print FILENAME ": " $0; bad = 1 } length > 70 { long = 1 } END { exit bad || !long }' "$out" ||
            fail "$program"
    done
    for command in ppl train cache; do
        "$BIN/rnnlm-ngram" $command --help | awk 'length > 80 { exit 1 }'
    done
    command -v script >/dev/null || skip "no program to make a terminal (script)"
    for columns in 60 95; do
        script -qec "stty cols $columns; $BIN/rnnlm --help" /dev/null | tr -d '\r' >"$out"
        awk -v most=$columns 'length > most { bad = 1 } length > most - 10 { long = 1 } END { exit bad || !long }' "$out"
    done
}

@test "the line of progress fits the terminal" {
    command -v script >/dev/null || skip "no program to make a terminal (script)"
    head -n 4000 "$DATA/train.txt" >"$BATS_TEST_TMPDIR/long"
    for columns in 120 80 50 20; do
        rm -f "$new"
        script -qec "stty cols $columns; $BIN/rnnlm -train $BATS_TEST_TMPDIR/long -rnnlm $new -hidden 20 -class 5 -one-iter -debug 0" /dev/null |
            tr '\r' '\n' | sed -n "s/^$(printf '\033')\[K//p" | grep -v '^$' | grep -v '	' >"$out"
        [ -s "$out" ]
        awk -v most=$columns 'length >= most { print; bad = 1 } END { exit bad }' "$out"
        [ $columns -lt 50 ] || grep -q 'left$' "$out"
        [ $columns -lt 80 ] || grep -q '^Iter: .*TRAIN entropy: ' "$out"
        [ $columns -lt 120 ] || grep -q 'Alpha: .*Words/sec: ' "$out"
    done
}

@test "an n-gram model is -lm, -ngram or -ngrams in every program" {
    MODEL="$(cd "$BATS_TEST_DIRNAME/../golden" && pwd)/elman.model"
    cd "$BATS_TEST_TMPDIR"
    head -n 20 "$DATA/test.txt" >text
    sed 's/^/u /' text >list
    printf '%s\n' u '0 1 a 1,2,' '1 0,0,' '' >lattice
    "$BIN/rnnlm-ngram" train -order 2 -text text -discount-fallback -o arpa
    for command in "rnnlm -rnnlm $MODEL -test text -debug 0" "rnnlm-nbest -rnnlm $MODEL list" \
        "rnnlm-lattice -rnnlm $MODEL -write nbest lattice" "rnnlm-ngram ppl -text text" \
        "rnnlm-arpa -rnnlm $MODEL -o -"; do
        for name in lm ngram ngrams; do
            # shellcheck disable=SC2086 # a list of arguments
            "$BIN/"$command -$name arpa >$name.out 2>err || fail "$command -$name: $(cat err)"
            [ -s $name.out ]
            cmp $name.out lm.out
        done
    done
    ! "$BIN/rnnlm-mix" -ngram arpa text 2>err
    grep -q 'unknown option -ngram' err
}
