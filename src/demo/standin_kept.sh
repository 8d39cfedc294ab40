# Runs one stand-in for as long as a file is there, whatever becomes of its owner.
#
# $1   the file without its ending: `.runs` is looked at, `.ended` is left where the stand-in has ended
# $2…  the program and its arguments
set -u
PATH=$PATH:/usr/bin:/bin
name=$1
shift
"$@" </dev/null >/dev/null &
child=$!
# A signal ends `sleep` alone.
trap : HUP INT TERM
while [ -e "$name.runs" ] && kill -0 "$child" 2>/dev/null; do
    sleep 0.1
done
kill "$child" 2>/dev/null
wait "$child" 2>/dev/null
# Where the folder is gone, nobody waits for this.
: 2>/dev/null >"$name.ended"
