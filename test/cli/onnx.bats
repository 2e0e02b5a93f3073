#!/usr/bin/env bats
# ONNX files: rnnlm-model -format onnx and onnx-state, -words, -write-words. What is computed with them: test/unit/test_onnx.c.

load helpers

setup() {
    cd "$BATS_TEST_TMPDIR"
    cp "$(cd "$BATS_TEST_DIRNAME/../golden" && pwd)/elman.model" model
}

model() {
    "$BIN/rnnlm-model" "$@"
}

# has FILE NAME VALUE: an entry of its metadata, which are a name and a value with their lengths before them.
has() {
    printf '\n%b%s\022%b%s' "\\0$(printf %o ${#2})" "$2" "\\0$(printf %o ${#3})" "$3" >wanted
    od -An -v -tx1 wanted | tr -d ' \n' >wanted.hex
    od -An -v -tx1 "$1" | tr -d ' \n' | grep -qF "$(cat wanted.hex)" || fail "$1 has no $2 $3"
}

@test "onnx: both forms, and what they say of the model" {
    model -rnnlm model -format onnx -o model.onnx
    model -rnnlm model -format onnx-state -o state.onnx
    for file in model.onnx state.onnx; do
        has $file vocab_size 1508
        has $file sos_id 0
        has $file eos_id 0
        has $file num_layers 1
        has $file hidden_size 8
        has $file layers elman:8:logistic
        has $file unit word
        has $file independent no
    done
    grep -qa x_lens model.onnx
    grep -qa next_h0 state.onnx
    # the same to standard output, compressed, and from other formats
    model -rnnlm model -format onnx -o - | cmp - model.onnx
    model -rnnlm model -format onnx -o model.onnx.gz
    gzip -dc model.onnx.gz | cmp - model.onnx
    model -rnnlm model -format native -o native
    model -rnnlm native -format onnx -o - | cmp - model.onnx
    # a model in halves is written in floats
    model -rnnlm model -format native-bf16 -o half
    model -rnnlm half -format onnx -o half.onnx
    [ "$(wc -c <half.onnx)" -eq "$(wc -c <model.onnx)" ]
    # with other words
    printf 'zebra 3\n' >added
    model -rnnlm model -add-words added -format onnx -o more.onnx
    has more.onnx vocab_size 1509
}

@test "onnx: words and their numbers" {
    model -rnnlm model -write-words words
    model -rnnlm model -vectors in -format text -o - | awk '{ print $1, NR - 1 }' | cmp - words
    model -rnnlm model -write-words - | cmp - words
    model -rnnlm model -format onnx -o model.onnx -write-words again
    cmp again words
    # a table of the same words has nothing to tell of
    model -rnnlm model -format onnx-state -words words -o state.onnx 2>err
    [ ! -s err ]
    has state.onnx vocab_size 1508
    { echo '<blk> 0'; echo '<sos/eos> 1'; echo '<unk> 2'; sed -n '2,101p' words | awk '{ print $1, NR + 2 }'; } >tokens.txt
    model -rnnlm model -format onnx -words tokens.txt -o tokens.onnx 2>err
    grep -qx 'rnnlm-model: warning: tokens.txt: 2 of 103 words are none of the model.s ("<blk>" is the first), passed by, with log10 P = -5; 1407 of the model.s have no number' err
    has tokens.onnx vocab_size 103
    has tokens.onnx sos_id 1
    has tokens.onnx eos_id 1
    printf '<unk> 9\n' >added
    model -rnnlm model -add-words added -format native -o native
    { tail -n +3 tokens.txt; echo '</s> 1'; echo '<s> 0'; } >table
    model -rnnlm native -format onnx -words table -o table.onnx 2>err
    has table.onnx sos_id 0
    has table.onnx eos_id 1
    grep -q 'table: 103 words; 1407 of the model.s have no number' err
    echo 'zebra 103' >>table
    model -rnnlm native -format onnx -words table -o table.onnx 2>err
    grep -q 'table: 1 of 104 words are none of the model.s ("zebra" is the first), taken as <unk>; 1407' err
}

@test "onnx: what does not go" {
    says 2 'found "onxx", wanted text, .*onnx or onnx-state' model -rnnlm model -format onxx -o out.onnx
    says 2 '-format onnx wants -o FILE' model -rnnlm model -format onnx -check
    says 2 '-words FILE is for -format onnx' model -rnnlm model -words model -o out.onnx
    says 2 'without -add-words, .*-write-words' model -rnnlm model -vectors in -o out.onnx -write-words words
    says 2 'goes with -rnnlm and -o alone' model -rnnlm model -statistics model -write-words words
    says 1 'would replace a file that is read' model -rnnlm model -format onnx -o model
    says 1 'would replace a file that is read or written' model -rnnlm model -format onnx -o both -write-words both
    printf '</s> 0\nthe 1\na 3\n' >gap
    says 1 'gap: found the number 3 of "a", wanted 0 to 2 for the 3 words' model -rnnlm model -format onnx -words gap -o out.onnx
    printf 'the 0\na 1\n' >endless
    says 1 'endless: found no </s> or <sos/eos>' model -rnnlm model -format onnx -words endless -o out.onnx
    printf '</s> 0\nthe\n' >cut
    says 1 'cut: line 2: ' model -rnnlm model -format onnx -words cut -o out.onnx
    printf '</s> 0\nthe 1\n' >table
    says 1 'table: that would replace a file that is read' model -rnnlm model -format onnx -words table -o table
    says 2 'found "onnx", wanted text' rnnlm -train model -valid model -rnnlm new -format onnx
    [ ! -e out.onnx ]
    cmp model "$BATS_TEST_DIRNAME/../golden/elman.model"
}

# Where node finds onnxruntime-node or onnxruntime-web (npm; NODE_PATH), the files are tried with it.
@test "onnx: a runtime gives the same probabilities" {
    skip_if_slow
    need_logarithms
    node -e 'try { require("onnxruntime-node") } catch { require("onnxruntime-web") }' 2>err || skip "node finds no onnxruntime"
    model -rnnlm model -format onnx -o model.onnx -write-words words
    model -rnnlm model -format onnx-state -o state.onnx
    head -n 20 "$DATA/test.txt" | awk 'FILENAME == "words" { number[$1] = $2; next }
        { line = ""; for (i = 1; i <= NF; i++) if ($i in number) { line = line " " number[$i]; printf "%s ", $i >"text" }
          printf "\n" >"text"; print substr(line, 2) }' words - >numbers
    node "$BATS_TEST_DIRNAME/onnx-run.cjs" model.onnx state.onnx <numbers >found
    rnnlm -rnnlm model -test text -per-sentence -debug 2 |
        awk -F '\t' 'NF == 3 && $1 ~ /^[0-9]+$/ { sum -= log($2) } NF == 3 && $1 == "0" { printf "%.5f\n", sum; sum = 0 }' >wanted
    paste -d ' ' found wanted | awk '{ for (i = 1; i <= 2; i++) if (($i - $3) ^ 2 > 1e-8 * $3) { print; exit 1 } } END { if (NR != 20) exit 1 }'
}
