#!/bin/sh
# Lets a network learn from the test text as it goes.
rnnpath=${1:-../rnnlm}

rm -f model model.output.txt
$rnnpath/rnnlm -train train -valid valid -rnnlm model -hidden 15 -rand-seed 1 -class 100 -max-iter 4 > train.log
$rnnpath/rnnlm -rnnlm model -test test
$rnnpath/rnnlm -rnnlm model -test test -dynamic 0.1
