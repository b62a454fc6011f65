#!/usr/bin/env bash
# Real servers on this machine, without containers: Apache Kafka (KRaft, one node, from its published jars) and Redis (from the system's packages).
#
#   scripts/stack.sh up       start what is not running and wait until both answer (safe to repeat)
#   scripts/stack.sh down     stop what `up` started; the data stays
#   scripts/stack.sh status   say what runs; exit 0 only when both answer
#   scripts/stack.sh wipe     down, and forget the data
#
# Environment: VIGIA_STACK_KAFKA_PORT (39092; the controller takes the next port), VIGIA_STACK_REDIS_PORT (36379), VIGIA_STACK_DIR (.stack),
# KAFKA_VERSION (4.1.1). Exit status: 0 well, 1 failed, 2 wrong use, 3 something must be installed first.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly kafka_version=${KAFKA_VERSION:-4.1.1}
readonly kafka_port=${VIGIA_STACK_KAFKA_PORT:-39092}
readonly controller_port=$((kafka_port + 1))
readonly redis_port=${VIGIA_STACK_REDIS_PORT:-36379}
dir=${VIGIA_STACK_DIR:-.stack}
mkdir -p "$dir"/{log,run,data/kafka,data/redis}
dir=$(cd "$dir" && pwd)
readonly dir
readonly jars=$dir/kafka-$kafka_version

say() { printf 'stack: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

need_tools() {
  local missing=()
  command -v redis-server >/dev/null && command -v redis-cli >/dev/null || missing+=("redis-server")
  command -v java >/dev/null || missing+=("default-jre-headless (Java 17 or later)")
  [ -e "$jars/.complete" ] || command -v mvn >/dev/null || missing+=("maven")
  [ ${#missing[@]} -eq 0 ] && return
  say "not installed here: $(printf '%s, ' "${missing[@]}" | sed 's/, $//'). On Debian or Ubuntu: apt-get install redis-server default-jre-headless maven"
  exit 3
}

# alive NAME: is the process that we started still there, and still the program that we started (process ids are reused)?
alive() {
  local pid
  pid=$(cat "$dir/run/$1.pid" 2>/dev/null) && [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null || return 1
  case $(tr '\0' ' ' <"/proc/$pid/cmdline") in
    *"$dir"* | *redis-server*"127.0.0.1:"*) return 0 ;;
    *) return 1 ;;
  esac
}

redis_answers() { [ "$(redis-cli -h 127.0.0.1 -p "$redis_port" ping 2>/dev/null)" = PONG ]; }

# An ApiVersions request (key 18, version 0, correlation id 1, client "vigia"); a broker that serves echoes the correlation id after the length.
kafka_answers() {
  # shellcheck disable=SC2016 # the inner shell expands its own arguments
  timeout 2 bash -c '
    exec 3<>"/dev/tcp/127.0.0.1/$1"
    printf "\x00\x00\x00\x0f\x00\x12\x00\x00\x00\x00\x00\x01\x00\x05vigia" >&3
    head -c 8 <&3 | tail -c 4 | od -An -tx1 | grep -q "00 00 00 01"
  ' _ "$kafka_port" 2>/dev/null
}

# start NAME COMMAND…: in a session of its own, so that Ctrl-C in this terminal does not reach it.
start() {
  local name=$1
  shift
  setsid "$@" </dev/null >>"$dir/log/$name.log" 2>&1 9>&- &
  echo $! >"$dir/run/$name.pid"
}

wait_for() { # NAME PORT ANSWERS SECONDS
  local name=$1 port=$2 answers=$3 deadline=$((SECONDS + $4))
  until "$answers"; do
    # A process that was just forked is still this script for a moment.
    alive "$name" || { sleep 1; alive "$name"; } || { tail -n 20 "$dir/log/$name.log" >&2; die "$name ended while starting; its log is $dir/log/$name.log"; }
    ((SECONDS < deadline)) || { tail -n 20 "$dir/log/$name.log" >&2; die "$name does not answer on 127.0.0.1:$port after $4 s (was it started with another port? then: scripts/stack.sh down)"; }
    sleep 0.2
  done
  say "$name answers on 127.0.0.1:$port"
}

redis_up() {
  if ! alive redis; then
    redis_answers && die "port $redis_port already serves a Redis that is not ours; choose another with VIGIA_STACK_REDIS_PORT"
    cat >"$dir/run/redis.conf" <<CONF
bind 127.0.0.1
port $redis_port
daemonize no
dir "$dir/data/redis"
save ""
appendonly yes
appendfsync everysec
maxmemory-policy noeviction
CONF
    start redis redis-server "$dir/run/redis.conf"
  fi
  wait_for redis "$redis_port" redis_answers 30
}

kafka_jars() {
  [ -e "$jars/.complete" ] && return
  say "fetching Apache Kafka $kafka_version (about 55 MB, once)"
  rm -rf "$jars" && mkdir -p "$jars"
  cat >"$jars/pom.xml" <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>cx.vigia</groupId><artifactId>stack</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>$kafka_version</version></dependency>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>$kafka_version</version></dependency>
    <dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-core</artifactId><version>2.24.3</version></dependency>
    <dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId><version>2.24.3</version></dependency>
  </dependencies>
</project>
POM
  mvn -q -B -Dstyle.color=never -f "$jars/pom.xml" dependency:copy-dependencies -DoutputDirectory="$jars/libs" >"$dir/log/maven.log" 2>&1 ||
    { tail -n 20 "$dir/log/maven.log" >&2; die "Maven could not fetch Apache Kafka $kafka_version; is the version right, and is Maven Central reachable?"; }
  touch "$jars/.complete"
}

kafka_config() {
  cat >"$dir/run/kafka.properties" <<CONF
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$controller_port
listeners=PLAINTEXT://127.0.0.1:$kafka_port,CONTROLLER://127.0.0.1:$controller_port
advertised.listeners=PLAINTEXT://127.0.0.1:$kafka_port
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=$dir/data/kafka
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
log.cleaner.dedupe.buffer.size=16777216
CONF
  cat >"$dir/run/log4j2.properties" <<CONF
rootLogger.level=info
rootLogger.appenderRef.out.ref=out
appender.out.type=Console
appender.out.name=out
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d{ISO8601} %p %m (%c{1})%n
CONF
}

kafka_java() { # the class path and settings that formatting and running share
  printf '%s\0' java -Xms256m -Xmx512m -XX:+UseG1GC -XX:+ExitOnOutOfMemoryError -Djava.awt.headless=true \
    "-Dlog4j2.configurationFile=$dir/run/log4j2.properties" -cp "$jars/libs/*"
}

kafka_up() {
  if ! alive kafka; then
    kafka_answers && die "port $kafka_port already serves a Kafka that is not ours; choose another with VIGIA_STACK_KAFKA_PORT"
    kafka_jars
    kafka_config
    local run
    mapfile -d '' run < <(kafka_java)
    if [ ! -e "$dir/data/kafka/meta.properties" ]; then
      # A fixed cluster id: this cluster has one node and never meets another.
      "${run[@]}" kafka.tools.StorageTool format -t dmlnaWEtdGVzdC1zdGFjaw -c "$dir/run/kafka.properties" >>"$dir/log/kafka.log" 2>&1 ||
        { tail -n 20 "$dir/log/kafka.log" >&2; die "formatting Kafka's storage failed; its log is $dir/log/kafka.log"; }
    fi
    start kafka "${run[@]}" kafka.Kafka "$dir/run/kafka.properties"
  fi
  wait_for kafka "$kafka_port" kafka_answers 90
}

stop() { # NAME: ask, wait, insist
  local name=$1 pid deadline=$((SECONDS + 30))
  if ! alive "$name"; then
    rm -f "$dir/run/$name.pid"
    say "$name is not running"
    return
  fi
  pid=$(cat "$dir/run/$name.pid")
  kill -TERM "$pid"
  while kill -0 "$pid" 2>/dev/null; do
    ((SECONDS < deadline)) || { say "$name ignores SIGTERM for 30 s; killing it"; kill -KILL "$pid" 2>/dev/null || true; break; }
    sleep 0.1
  done
  rm -f "$dir/run/$name.pid"
  say "$name stopped"
}

report() { # NAME PORT ANSWERS
  if "$3"; then say "$1 answers on 127.0.0.1:$2"; else say "$1 does not answer on 127.0.0.1:$2"; return 1; fi
}

# One at a time: two runs that start together would take each other's ports.
exec 9>"$dir/run/lock"
flock -w 180 9 || die "another scripts/stack.sh holds $dir/run/lock for 180 s"

case ${1:-} in
  up)
    need_tools
    redis_up
    kafka_up
    ;;
  down)
    stop kafka
    stop redis
    ;;
  wipe)
    stop kafka
    stop redis
    rm -rf "$dir/data"
    ;;
  status)
    rc=0
    report redis "$redis_port" redis_answers || rc=1
    report kafka "$kafka_port" kafka_answers || rc=1
    exit $rc
    ;;
  *)
    say "usage: scripts/stack.sh up|down|status|wipe"
    exit 2
    ;;
esac
