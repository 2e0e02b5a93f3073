# -write surprisal: a table of each word's bits and entropies, for networks, n-gram models and mixtures.

load helpers

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    awk 'BEGIN { for (i = 1; i <= 200; i++) print (i % 3 ? "a b" : "b c a") (i % 4 ? " c" : "") (i % 5 ? "" : " a a") }' >train
    "$BIN/rnnlm" -train train -rnnlm net -hidden 3 -class 2 -one-iter -debug 0 >log
    sed 's/c a/d a/' train >train.d # a word that the network does not have
    "$BIN/rnnlm-ngram" train -order 2 -text train.d -discount-fallback -o arpa
    printf 'a b c\n\nb d a\n' >text
}

ngram() {
    "$BIN/rnnlm-ngram" "$@"
}

setup() {
    cd "$BATS_FILE_TMPDIR"
    out="$BATS_TEST_TMPDIR/out"
}

# entropies MODELS: behind the start of a sentence and each beginning of "a b c", from the probabilities of all words there.
entropies() {
    local beginning word
    for beginning in "" "a" "a b" "a b c"; do
        for word in a b c d; do
            echo "$beginning $word"
        done >"$BATS_TEST_TMPDIR/lines"
        rnnlm $1 -per-sentence -test "$BATS_TEST_TMPDIR/lines" -write srilm -debug 2 2>"$BATS_TEST_TMPDIR/err" |
            awk -v at="$(wc -w <<<"$beginning")" '
                /^\tp\(/ && n++ == at { split($0, part, "] "); print part[2] + 0 }
                /logprob=/ { n = 0 }' >"$BATS_TEST_TMPDIR/probs"
        # What is left is that of </s>.
        awk '$1 > 0 { left += $1; sum -= $1 * log($1) } END { p = 1 - left; printf "%.5f\n", (sum - p * log(p)) / log(2) }' \
            "$BATS_TEST_TMPDIR/probs"
    done
}

@test "surprisal: bits of each word, entropies over all that may come, what they fall by" {
    need_logarithms
    for models in "-rnnlm net" "-rnnlm net -ngram arpa -lambda 0.6"; do
        rnnlm $models -per-sentence -test text -write surprisal >"$out" 2>"$out.err"
        entropies "$models" >"$out.wanted"
        awk -F '\t' '$1 == 1 { if ($2 == 1) print "?"; print $5 } $2 == 1 && $1 == 3 { print $6 }' "$out" >"$out.found"
        # A row has the entropy behind its word; the last one, that of the start of a line.
        awk 'NR == FNR { wanted[NR] = $1; next }
            FNR > 1 && FNR <= 4 { diff = $1 - wanted[FNR]; if (diff < 0) diff = -diff; if (diff > 2e-5) { print FNR, $1, wanted[FNR]; bad = 1 } n++ }
            FNR == 5 { diff = $1 - wanted[1]; if (diff < 0) diff = -diff; if (diff > 2e-5) { print "start", $1, wanted[1]; bad = 1 } }
            END { exit bad || n != 3 }' "$out.wanted" "$out.found" >&2
        # Falls: never below 0, and the first word falls from the start of a line.
        awk -F '\t' -v start="$(head -n 1 "$out.wanted")" '
            NR > 1 { fall = (NR == 2 ? start : before) - $5; if (fall < 0) fall = 0; diff = fall - $6
                if (diff < -2e-5 || diff > 2e-5) { print NR, $6, fall; bad = 1 } falls += fall > 0; before = $5 }
            END { exit bad || !falls }' "$out" >&2
    done
}

@test "surprisal: the bits are those of the probabilities, and unknown words and counts are told" {
    need_logarithms
    rnnlm -rnnlm net -test text -write surprisal >"$out" 2>"$out.err"
    rnnlm -rnnlm net -test text -debug 2 | awk 'NR == FNR { if ($1 ~ /^-?[0-9]+$/ && NF > 2) p[++n] = $3 == "OOV" ? "NA" : -log($2) / log(2); next }
        FNR > 1 { diff = $4 - p[FNR - 1]; if (diff < -2e-5 || diff > 2e-5 || ($4 == "NA") != (p[FNR - 1] == "NA")) { print FNR, $4, p[FNR - 1]; bad = 1 } rows++ }
        END { exit bad || rows != 9 || n != 9 }' - FS='\t' "$out" >&2
    head -n 1 "$out" | grep -qx 'sentence	position	word	surprisal	entropy	reduction	unknown	frequency'
    grep -q "1 words that no model knows have no surprisal" "$out.err"
    awk -F '\t' 'NF != 8 { exit 1 } { print $1, $2, $3, $7, $8 }' "$out" >"$out.columns"
    tr -s ' ' '\n' <train | grep -cx a >"$out.a"
    grep -qx "1 1 a 0 $(cat "$out.a")" "$out.columns"
    grep -qx "2 1 </s> 0 200" "$out.columns"
    grep -qx "3 2 d 1 0" "$out.columns"
    # The mixture has a word that the n-gram model alone knows.
    rnnlm -rnnlm net -ngram arpa -lambda 0.6 -test text -format surprisal >"$out" 2>"$out.err"
    awk -F '\t' '$3 == "d" && $4 > 0 && $7 == 0 && $8 == 0 { found = 1 } END { exit !found }' "$out"
    [ ! -s "$out.err" ]
}

@test "surprisal: of an n-gram model by itself, and beside a file of probabilities without entropies" {
    need_logarithms
    ngram ppl -lm arpa -text text -write surprisal >"$out"
    ngram ppl -lm arpa -text <(grep . text) -debug 2 | sed -n 's/.*\[ \(.*\) \]$/\1/p' >"$out.logs"
    awk 'NR == FNR { bits[NR] = -$1 / log(2) * log(10); next } FNR > 1 && $1 != 2 {
        n++; diff = $4 - bits[n]; if (diff < -2e-5 || diff > 2e-5 || $8 != "NA" || $5 == "NA") { print n, $4, bits[n]; bad = 1 } }
        END { exit bad || n != 8 }' "$out.logs" FS='\t' "$out" >&2
    printf '0.5\n%.0s' 1 2 3 4 5 6 7 8 9 >probs
    rnnlm -rnnlm net -lm-prob probs -test text -write surprisal >"$out"
    awk -F '\t' 'NR > 1 && ($4 == "NA" || $5 != "NA" || $6 != "NA") { exit 1 }' "$out"
}

@test "surprisal: what does not go with it is refused in words" {
    run -2 rnnlm -rnnlm net -test text -write surprise
    [[ "$output" == *'found "surprise", wanted srilm, scores or surprisal'* ]]
    run -2 rnnlm -rnnlm net -test text -write surprisal -dynamic 0.1
    [[ "$output" == *"-write surprisal and -dynamic exclude each other"* ]]
    run -2 ngram ppl -lm arpa -text text -write surprise
    [[ "$output" == *'found "surprise", wanted srilm or surprisal'* ]]
    run -1 rnnlm -rnnlm net -test /dev/null -write surprisal
    [[ "$output" == *"/dev/null: the text is empty"* ]]
}
