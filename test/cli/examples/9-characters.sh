#!/bin/sh
# A model of characters: spaces become _, and one class is enough.
rnnpath=${1:-../rnnlm}

for text in train valid test; do
    sed 's/ /_/g; s/./& /g' $text > $text.characters
done
rm -f model model.output.txt
$rnnpath/rnnlm -train train.characters -valid valid.characters -rnnlm model -hidden 20 -rand-seed 1 -class 1 -bptt 5 -max-iter 2
$rnnpath/rnnlm -rnnlm model -test test.characters
