#!/bin/sh
# Trains without validation data, with a learning rate schedule of its own.
rnnpath=${1:-../rnnlm}

rm -f model model.output.txt
$rnnpath/rnnlm -train train -rnnlm model -hidden 15 -rand-seed 1 -class 100 -bptt 4 -bptt-block 10 -one-iter -alpha 0.1
$rnnpath/rnnlm -train train -rnnlm model -one-iter -alpha 0.1
$rnnpath/rnnlm -train train -rnnlm model -one-iter -alpha 0.05
$rnnpath/rnnlm -train train -rnnlm model -one-iter -alpha 0.025
$rnnpath/rnnlm -rnnlm model -test test
