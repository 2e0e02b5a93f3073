# Texts and files in every shape: compressed, from standard input, without newlines, with endless
# words and lines, with very many words.

load helpers

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    small_texts .
    rnnlm -train train -valid valid -rnnlm model -hidden 5 -class 20 -max-iter 1 >log
    rnnlm -rnnlm model -test test -debug 2 >test.out
    for text in train valid test; do gzip -c $text >$text.gz; done
}

setup() {
    cd "$BATS_FILE_TMPDIR"
    new="$BATS_TEST_TMPDIR/new"
    out="$BATS_TEST_TMPDIR/out"
}

# small_model NAME ARGUMENTS: trains one epoch.
small_model() {
    local name="$1"
    shift
    rnnlm $(defaults "-hidden 5 -class 20 -max-iter 1" "$@") -rnnlm "$name" "$@" >"$BATS_TEST_TMPDIR/log"
}

# same_weights MODEL: the vocabulary and the weights are those of `model`.
same_weights() {
    sed -n '/^Vocabulary:/,$p' "$1" | cmp - <(sed -n '/^Vocabulary:/,$p' model)
}

# same_scores FILE: results are those of the test text.
same_scores() {
    sed '1,/^-----/d' "$1" | cmp - <(sed '1,/^-----/d' test.out)
}

# ---- where texts and models come from -----------------------------------------------------------

@test "compressed texts" {
    small_model "$new" -train train.gz -valid valid.gz
    same_weights "$new"
    rnnlm -rnnlm model -test test.gz -debug 2 >"$out"
    same_scores "$out"
}

@test "compressed texts need no name that says so, and several members are one text" {
    { head -n 100 test | gzip -c; tail -n +101 test | gzip -c; } >"$BATS_TEST_TMPDIR/text"
    rnnlm -rnnlm model -test "$BATS_TEST_TMPDIR/text" -debug 2 >"$out"
    same_scores "$out"
}

@test "compressed models are read, and written where the name ends in .gz" {
    gzip -c model >"$BATS_TEST_TMPDIR/zipped"
    rnnlm -rnnlm "$BATS_TEST_TMPDIR/zipped" -test test -debug 2 >"$out"
    same_scores "$out"
    small_model "$new.gz" -train train -valid valid
    gzip -t "$new.gz"
    gzip -dc "$new.gz" >"$new"
    same_weights "$new"
    # Training goes on from it, and it stays compressed.
    rnnlm -train train -valid valid -rnnlm "$new.gz" -max-iter 2 >"$out"
    [ "$(last_epoch "$out")" -eq 1 ]
    gzip -t "$new.gz"
    rnnlm -rnnlm "$new.gz" -test test >"$out"
}

@test "a binary compressed model" {
    small_model "$new.gz" -train train -valid valid -binary
    rnnlm -rnnlm "$new.gz" -test test -debug 2 >"$out"
    same_scores "$out"
}

@test "- is standard input: texts" {
    rnnlm -rnnlm model -test - -debug 2 <test >"$out"
    same_scores "$out"
    gzip -c test | rnnlm -rnnlm model -test - -debug 2 >"$out"
    same_scores "$out"
    cat test | rnnlm -rnnlm model -test /dev/stdin -debug 2 >"$out"
    same_scores "$out"
}

@test "- is standard input: training text, validation text, several epochs" {
    small_model "$new" -train - -valid valid <train
    same_weights "$new"
    cat valid | small_model "$new.2" -train train -valid -
    same_weights "$new.2"
    rnnlm -train train -valid valid -rnnlm "$new.3" -hidden 5 -class 20 -max-iter 3 >"$out"
    gzip -c train | rnnlm -train - -valid valid -rnnlm "$new.4" -hidden 5 -class 20 -max-iter 3 >"$out"
    cmp <(sed -n '/^Vocabulary:/,$p' "$new.3") <(sed -n '/^Vocabulary:/,$p' "$new.4")
}

@test "- is standard input: n-best lists, probabilities, models" {
    small_nbest test >"$BATS_TEST_TMPDIR/lists"
    rnnlm -rnnlm model -test "$BATS_TEST_TMPDIR/lists" -nbest -debug 0 >"$out"
    rnnlm -rnnlm model -test - -nbest -debug 0 <"$BATS_TEST_TMPDIR/lists" | cmp - "$out"
    awk '{ for (i = 0; i <= NF; i++) print 0.01 }' test >"$BATS_TEST_TMPDIR/prob"
    rnnlm -rnnlm model -test test -lm-prob "$BATS_TEST_TMPDIR/prob" -debug 0 >"$out"
    rnnlm -rnnlm model -test test -lm-prob - -debug 0 <"$BATS_TEST_TMPDIR/prob" | cmp - "$out"
    rnnlm -rnnlm - -test test -debug 2 <model >"$out"
    same_scores "$out"
}

@test "n-best lists through named pipes" {
    mkfifo "$BATS_TEST_TMPDIR/to" "$BATS_TEST_TMPDIR/from"
    "$BIN/rnnlm" -rnnlm model -test - -nbest -debug 0 <"$BATS_TEST_TMPDIR/to" >"$BATS_TEST_TMPDIR/from" 3>&- &
    exec 8>"$BATS_TEST_TMPDIR/to" 9<"$BATS_TEST_TMPDIR/from"
    echo "1 at school those brave lessons" >&8
    exec 8>&-
    read -r -t 20 score <&9
    exec 9<&-
    [[ "$score" =~ ^-[0-9]+\.[0-9]{6}$ ]]
    wait
}

@test "paths with spaces, and very long ones" {
    folder="$BATS_TEST_TMPDIR/a b/$(printf '%200s' '' | tr ' ' d)/$(printf '%200s' '' | tr ' ' e)"
    mkdir -p "$folder"
    cp train "$folder/train text"
    small_model "$folder/the model" -train "$folder/train text" -valid valid
    same_weights "$folder/the model"
    [ "$(figure "training data file" "$folder/the model")" = "$folder/train text" ]
    rnnlm -rnnlm "$folder/the model" -test test -debug 2 >"$out"
    same_scores "$out"
}

@test "a model that is a link: what it points to is written, and keeps its mode" {
    cp model "$BATS_TEST_TMPDIR/real"
    chmod 640 "$BATS_TEST_TMPDIR/real"
    ln -s real "$BATS_TEST_TMPDIR/link"
    rnnlm -train train -one-iter -rnnlm "$BATS_TEST_TMPDIR/link" >"$out"
    [ -L "$BATS_TEST_TMPDIR/link" ]
    [ "$(ls -l "$BATS_TEST_TMPDIR/real" | cut -c 1-10)" = -rw-r----- ]
    ! cmp -s model "$BATS_TEST_TMPDIR/real"
}

# ---- lines and tokens ---------------------------------------------------------------------------

@test "no newline at the end is as good as one" {
    printf '%s' "$(cat test)" >"$BATS_TEST_TMPDIR/text"
    [ "$(wc -c <"$BATS_TEST_TMPDIR/text")" -lt "$(wc -c <test)" ]
    rnnlm -rnnlm model -test "$BATS_TEST_TMPDIR/text" -debug 2 >"$out"
    same_scores "$out"
}

@test "CRLF text is LF text" {
    for text in train valid test; do
        sed "s/\$/$(printf '\r')/" $text >"$BATS_TEST_TMPDIR/$text"
    done
    small_model "$new" -train "$BATS_TEST_TMPDIR/train" -valid "$BATS_TEST_TMPDIR/valid"
    same_weights "$new"
    rnnlm -rnnlm model -test "$BATS_TEST_TMPDIR/test" -debug 2 >"$out"
    same_scores "$out"
}

@test "tabs and runs of blanks separate words as one blank does" {
    awk '{ gsub(/ /, NR % 2 ? "\t" : "  \t "); print " " $0 "\t" }' test >"$BATS_TEST_TMPDIR/text"
    rnnlm -rnnlm model -test "$BATS_TEST_TMPDIR/text" -debug 2 >"$out"
    same_scores "$out"
}

@test "an empty line is a sentence of </s> alone" {
    printf '\n\nat\n \n' >"$BATS_TEST_TMPDIR/text"
    rnnlm -rnnlm model -test "$BATS_TEST_TMPDIR/text" -debug 2 >"$out"
    [ "$(table "$out" | awk -F '\t' '{ printf "%s ", $3 }')" = "</s> </s> at </s> </s> " ]
    printf 'a b\n\nb\n' >"$BATS_TEST_TMPDIR/train"
    small_model "$new" -train "$BATS_TEST_TMPDIR/train" -valid "$BATS_TEST_TMPDIR/train" -class 1
    [ "$(figure "# of training words" "$new")" -eq 6 ]
}

@test "an empty line counts nowhere for SRILM's output, which leaves it out" {
    awk 'NR % 7 == 3 { print "" } { print } END { print "" }' test >"$BATS_TEST_TMPDIR/text"
    "$BIN/rnnlm-ngram" train -order 2 -text train -o "$BATS_TEST_TMPDIR/lm"
    "$BIN/rnnlm-ngram" ppl -lm "$BATS_TEST_TMPDIR/lm" -text "$BATS_TEST_TMPDIR/text" -debug 2 >"$BATS_TEST_TMPDIR/ppl"
    rnnlm -rnnlm model -test "$BATS_TEST_TMPDIR/text" -lm-prob "$BATS_TEST_TMPDIR/ppl" -debug 2 >"$out" 2>"$out.err"
    lines="$(awk 'NF == 0' "$BATS_TEST_TMPDIR/text" | wc -l)"
    [ "$lines" -gt 3 ]
    grep -q "the other model gives $((lines + $(table "$out" | awk -F '\t' '$1 != -1 && $3 == 0 && $4 != "</s>"' | wc -l)))" "$out.err"
    near "$(figure "PPL other" "$out")" \
        "$(table "$out" | awk -F '\t' '$1 != -1 && $3 > 0 { s += log($3); n++ } END { print exp(-s / n) }')" 1e-5
    # In a mixture of streams the two keep step, too.
    "$BIN/rnnlm-mix" -lambda 0.5,0.5 "$out" "$BATS_TEST_TMPDIR/ppl" >"$BATS_TEST_TMPDIR/mixed"
    rnnlm -rnnlm model -test test -debug 2 >"$out.full"
    "$BIN/rnnlm-ngram" ppl -lm "$BATS_TEST_TMPDIR/lm" -text test -debug 2 >"$BATS_TEST_TMPDIR/ppl.full"
    "$BIN/rnnlm-mix" -lambda 0.5,0.5 "$out.full" "$BATS_TEST_TMPDIR/ppl.full" >"$BATS_TEST_TMPDIR/full"
    [ "$(head -n 1 "$BATS_TEST_TMPDIR/mixed")" = "$(head -n 1 "$BATS_TEST_TMPDIR/full")" ]
}

@test "a word of 100 kB" {
    long=$(printf '%100000s' '' | tr ' ' w)
    printf 'a %s b\n%sx a\n%s\n' "$long" "$long" "$long" >"$BATS_TEST_TMPDIR/text"
    small_model "$new" -train "$BATS_TEST_TMPDIR/text" -valid "$BATS_TEST_TMPDIR/text" -class 1
    # </s>, a, b and two long ones that differ in their last letter only.
    [ "$(figure "vocabulary size" "$new")" -eq 5 ]
    rnnlm -rnnlm "$new" -test "$BATS_TEST_TMPDIR/text" -debug 2 >"$out"
    [ "$(table "$out" | awk -F '\t' 'length($3) >= 100000' | wc -l)" -eq 3 ]
    ! grep -q OOV "$out"
}

@test "a line of 1 MB, in texts and in n-best lists" {
    tr '\n' ' ' <"$DATA/train.txt" | head -c 1000000 >"$BATS_TEST_TMPDIR/text"
    echo >>"$BATS_TEST_TMPDIR/text"
    rnnlm -rnnlm model -test "$BATS_TEST_TMPDIR/text" -debug 2 >"$out"
    [ "$(table "$out" | wc -l)" -eq $(($(wc -w <"$BATS_TEST_TMPDIR/text") + 1)) ]
    { printf '1 '; cat "$BATS_TEST_TMPDIR/text"; } >"$BATS_TEST_TMPDIR/lists"
    rnnlm -rnnlm model -test "$BATS_TEST_TMPDIR/lists" -nbest -debug 0 >"$out"
    [ "$(wc -l <"$out")" -eq 1 ]
}

@test "bytes above 127 are letters" {
    printf 'na\303\257ve \344\377 \303\274ber\nna\303\257ve \302\240 x\n' >"$BATS_TEST_TMPDIR/text"
    small_model "$new" -train "$BATS_TEST_TMPDIR/text" -valid "$BATS_TEST_TMPDIR/text" -class 2
    [ "$(figure "vocabulary size" "$new")" -eq 6 ]
    rnnlm -rnnlm "$new" -test "$BATS_TEST_TMPDIR/text" -debug 2 >"$out"
    ! grep -aq OOV "$out"
}

@test "</s> and <s> in a text" {
    printf '<s> a b </s>\nb <s>\n' >"$BATS_TEST_TMPDIR/text"
    small_model "$new" -train "$BATS_TEST_TMPDIR/text" -valid "$BATS_TEST_TMPDIR/text" -class 1
    [ "$(figure "vocabulary size" "$new")" -eq 4 ]
    [ "$(figure "# of training words" "$new")" -eq 8 ]
    [ "$(awk -F '\t' '$3 == "</s>" { print $2 + 0 }' "$new")" -eq 3 ]
}

@test "the vocabulary: </s> first, then by falling count" {
    sed -n '/^Vocabulary:/,/^$/p' model | sed '1d;$d' >"$out"
    [ "$(wc -l <"$out")" -eq "$(figure "vocabulary size" model)" ]
    head -n 1 "$out" | grep -q "</s>"
    sed 1d "$out" | awk -F '\t' '{ print $2 + 0 }' | sort -rnc
    # Counts are those of the text, classes are runs.
    awk -F '\t' 'NR > 1 { print $2 + 0, $3 }' "$out" | sort >"$out.found"
    tr ' ' '\n' <train | sort | uniq -c | awk '{ print $1, $2 }' | sort | diff - "$out.found"
    awk -F '\t' '{ print $4 }' "$out" | sort -nc
    [ "$(awk -F '\t' '{ print $4 }' "$out" | uniq | wc -l)" -le 20 ]
}

@test "equal counts: the order that selection with swaps gives" {
    # The reference's sort, spelt out, on the words in order of first sight.
    awk '{ for (i = 1; i <= NF; i++) { if (!($i in id)) { id[$i] = ++n; word[n] = $i } count[id[$i]]++ } }
         END {
             for (a = 1; a <= n; a++) {
                 best = a
                 for (b = a + 1; b <= n; b++) if (count[b] > count[best]) best = b
                 t = count[a]; count[a] = count[best]; count[best] = t
                 t = word[a]; word[a] = word[best]; word[best] = t
                 print word[a]
             }
         }' train >"$out"
    sed -n '/^Vocabulary:/,/^$/p' model | awk -F '\t' 'NF == 4 && $3 != "</s>" { print $3 }' | diff - "$out"
}

@test "a vocabulary of very many words" {
    words=200000
    [ "${RNNLM_SLOW:-0}" != 1 ] || words=1000000
    [ "${RNNLM_SLOW_BUILD:-0}" != 1 ] || words=20000
    awk -v n="$words" 'BEGIN { for (i = 1; i <= n; i++) printf "w%d%s", i, i % 20 ? " " : "\n" }' >"$BATS_TEST_TMPDIR/text"
    timeout 300 "$BIN/rnnlm" -train "$BATS_TEST_TMPDIR/text" -rnnlm "$new" -hidden 1 -class 1000 -one-iter -binary >"$out"
    [ "$(figure "Vocab size" "$out")" -eq $((words + 1)) ]
    [ "$(figure "Words in train file" "$out")" -eq $((words + words / 20)) ]
    head -n 100 "$BATS_TEST_TMPDIR/text" >"$BATS_TEST_TMPDIR/head"
    rnnlm -rnnlm "$new" -test "$BATS_TEST_TMPDIR/head" -debug 2 >"$out"
    ! grep -q OOV "$out"
}
