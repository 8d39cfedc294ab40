# Runs one throwaway server for exactly as long as its owner lives.
#
# $1  the postgres program     $2  the server's own folder, with data/ in it
#
# Standard input is a pipe that the owner alone holds. It carries the orders `start` and `stop`; its end, which the kernel
# brings about however the owner dies, stops the server and removes the folder.
set -u
postgres=$1
folder=$2
server=

start() {
    "$postgres" -D "$folder/data" </dev/null >>"$folder/server.log" 2>&1 &
    server=$!
}

# Immediate shutdown: the data is thrown away, or a test wants the crash. The server takes its pid file away as its last
# act, so the file tells when it is gone; a shell without job control could only ask about a zombie.
stop() {
    [ -n "$server" ] || return 0
    kill -QUIT "$server" 2>/dev/null
    tries=0
    while [ -e "$folder/data/postmaster.pid" ] && [ "$tries" -lt 200 ]; do
        sleep 0.05
        tries=$((tries + 1))
    done
    kill -KILL "$server" 2>/dev/null
    wait "$server" 2>/dev/null
    server=
    rm -f -- "$folder/data/postmaster.pid"
}

# A signal ends `read` and with it the server, never this script alone.
trap : HUP INT TERM
while read -r order; do
    case $order in
        start) start ;;
        stop) stop ;;
    esac
done
stop
rm -rf -- "$folder"
