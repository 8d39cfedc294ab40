# Runs one stand-in for exactly as long as its owner lives.
#
# "$@"  the program and its arguments
#
# Standard input is a pipe that the owner alone holds. Its end, which the kernel brings about however the owner dies, ends the
# stand-in. What it complains goes where the owner says.
set -u
"$@" </dev/null >/dev/null &
child=$!
# A signal ends `read` and with it the stand-in, never this script alone.
trap : HUP INT TERM
read -r _
kill "$child" 2>/dev/null
wait "$child" 2>/dev/null
