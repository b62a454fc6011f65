#!/usr/bin/env bash
# Real servers that ask who we are, on this machine and without containers, for the tests of TLS, users, sentinels and clusters: an Apache Kafka (TLS, SASL), a Redis
# (TLS, ACL user), a Redis with a replica and a sentinel, and a Redis cluster of three nodes.
#
#   eval "$(scripts/secure-stack.sh up)"     start them, and set the variables that the tests look for
#   scripts/secure-stack.sh down             stop them and forget their data
#
# Environment: VIGIA_SECURE_PORT (39500; ten ports from there on), VIGIA_SECURE_DIR (.stack/secure), VIGIA_STACK_DIR (.stack, for Kafka's jars).
# Exit status: 0 well, 1 failed, 2 wrong use, 3 something must be installed first.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly base=${VIGIA_SECURE_PORT:-39500}
readonly kafka_port=$base inner_port=$((base + 1)) controller_port=$((base + 2)) tls_port=$((base + 3))
readonly primary_port=$((base + 4)) replica_port=$((base + 5)) sentinel_port=$((base + 6))
readonly cluster_ports=($((base + 7)) $((base + 8)) $((base + 9)))
dir=${VIGIA_SECURE_DIR:-.stack/secure}
mkdir -p "$dir" "${VIGIA_STACK_DIR:-.stack}"
dir=$(cd "$dir" && pwd)
readonly dir
jars=$(cd "${VIGIA_STACK_DIR:-.stack}" && pwd)/kafka-${KAFKA_VERSION:-4.1.1}
readonly jars

say() { printf 'secure-stack: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

need_tools() {
  local tool
  for tool in redis-server redis-cli openssl java; do
    command -v $tool >/dev/null || { say "$tool is not installed. On Debian or Ubuntu: apt-get install redis-server openssl default-jre-headless"; exit 3; }
  done
  [ -e "$jars/.complete" ] || { say "Apache Kafka is not in $jars; \`make stack\` fetches it"; exit 3; }
}

# start NAME COMMAND…: in a session of its own, so that Ctrl-C in this terminal does not reach it.
start() {
  local name=$1
  shift
  setsid "$@" </dev/null >"$dir/$name.log" 2>&1 &
  echo $! >"$dir/$name.pid"
}

# ours NAME: is the process that we started still there? Process ids are reused, so that its folder must be in its command line or its files.
ours() {
  local pid
  pid=$(cat "$dir/$1.pid" 2>/dev/null) && [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null || return 1
  [[ $(readlink "/proc/$pid/cwd") = "$dir"/* ]] || tr '\0' ' ' <"/proc/$pid/cmdline" | grep -qF "$dir"
}

wait_for() { # NAME COMMAND…: until it succeeds
  local name=$1 deadline=$((SECONDS + 90))
  shift
  until "$@" >/dev/null 2>&1; do
    kill -0 "$(cat "$dir/$name.pid")" 2>/dev/null || { tail -n 20 "$dir/$name.log" >&2; die "$name ended while starting"; }
    ((SECONDS < deadline)) || { tail -n 20 "$dir/$name.log" >&2; die "$name does not answer after 90 s"; }
    sleep 0.2
  done
  say "$name answers"
}

certificates() {
  [ -e "$dir/server.pem" ] && return
  openssl rand -hex 24 >"$dir/password"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=vigia test authority" -keyout "$dir/ca.key" -out "$dir/ca.pem" 2>/dev/null
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=localhost" -keyout "$dir/server.key" -out "$dir/server.csr" 2>/dev/null
  openssl x509 -req -in "$dir/server.csr" -CA "$dir/ca.pem" -CAkey "$dir/ca.key" -CAcreateserial -days 30 -out "$dir/server.pem" \
    -extfile <(echo "subjectAltName=DNS:localhost,IP:127.0.0.1") 2>/dev/null
  cat "$dir/server.key" "$dir/server.pem" >"$dir/keystore.pem"
}

redis() { # NAME PORT SETTING…
  local name=$1 port=$2
  shift 2
  mkdir -p "$dir/$name"
  start "$name" redis-server --bind 127.0.0.1 --dir "$dir/$name" --save "" --maxmemory-policy noeviction --port "$port" "$@"
}

redis_answers() { [ "$(redis-cli -h 127.0.0.1 "$@" ping)" = PONG ]; }

redis_up() {
  local password=$1 port nodes=()
  # What Vigia needs, and no more: data and scripts under its keys, and to look at the server.
  cat >"$dir/users.acl" <<ACL
user default off
user vigia on >$password ~* &* -@all +@read +@write +@scripting +@connection +time +info +scan +script|load -@admin +info -flushall -flushdb -swapdb
ACL
  if ! ours redis-tls; then
    redis redis-tls 0 --tls-port $tls_port --tls-cert-file "$dir/server.pem" --tls-key-file "$dir/server.key" --tls-ca-cert-file "$dir/ca.pem" --tls-auth-clients no \
      --aclfile "$dir/users.acl"
  fi
  wait_for redis-tls env REDISCLI_AUTH="$password" redis-cli -e -p $tls_port --tls --cacert "$dir/ca.pem" --user vigia ping
  ours redis-primary || redis redis-primary $primary_port
  wait_for redis-primary redis_answers -p $primary_port
  ours redis-replica || redis redis-replica $replica_port --replicaof "127.0.0.1 $primary_port"
  wait_for redis-replica redis_answers -p $replica_port
  if ! ours redis-sentinel; then
    mkdir -p "$dir/redis-sentinel"
    cat >"$dir/redis-sentinel/sentinel.conf" <<CONF
port $sentinel_port
bind 127.0.0.1
dir "$dir/redis-sentinel"
requirepass $password
sentinel monitor mymaster 127.0.0.1 $primary_port 1
sentinel down-after-milliseconds mymaster 2000
sentinel failover-timeout mymaster 5000
CONF
    start redis-sentinel redis-server "$dir/redis-sentinel/sentinel.conf" --sentinel
  fi
  wait_for redis-sentinel env REDISCLI_AUTH="$password" redis-cli -e -p $sentinel_port sentinel get-master-addr-by-name mymaster
  for port in "${cluster_ports[@]}"; do
    ours "redis-$port" || redis "redis-$port" "$port" --cluster-enabled yes --cluster-node-timeout 2000
    wait_for "redis-$port" redis_answers -p "$port"
    nodes+=("127.0.0.1:$port")
  done
  cluster_ready() { redis-cli -p "${cluster_ports[0]}" cluster info | grep -q cluster_state:ok; }
  cluster_ready || redis-cli --cluster create "${nodes[@]}" --cluster-yes >"$dir/cluster.log" 2>&1 || die "the cluster could not be made; see $dir/cluster.log"
  wait_for "redis-${cluster_ports[0]}" cluster_ready
}

kafka_config() {
  cat >"$dir/kafka.properties" <<CONF
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$controller_port
listeners=SASL_SSL://127.0.0.1:$kafka_port,INNER://127.0.0.1:$inner_port,CONTROLLER://127.0.0.1:$controller_port
advertised.listeners=SASL_SSL://127.0.0.1:$kafka_port,INNER://127.0.0.1:$inner_port
listener.security.protocol.map=SASL_SSL:SASL_SSL,INNER:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=INNER
controller.listener.names=CONTROLLER
ssl.keystore.type=PEM
ssl.keystore.location=$dir/keystore.pem
ssl.enabled.protocols=TLSv1.2,TLSv1.3
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_vigia="$1";
listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
log.dirs=$dir/kafka
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
log.cleaner.dedupe.buffer.size=16777216
CONF
}

kafka_answers() {
  openssl s_client -connect "127.0.0.1:$kafka_port" -CAfile "$dir/ca.pem" -verify_return_error </dev/null
}

kafka_up() {
  if ! ours kafka; then
    kafka_config "$1"
    local run=(java -Xms128m -Xmx384m -XX:+ExitOnOutOfMemoryError -cp "$jars/libs/*")
    if [ ! -e "$dir/kafka/meta.properties" ]; then
      "${run[@]}" kafka.tools.StorageTool format -t dmlnaWEtc2VjdXJlc3RhYw -c "$dir/kafka.properties" \
        --add-scram "SCRAM-SHA-256=[name=vigia,password=$1]" --add-scram "SCRAM-SHA-512=[name=vigia,password=$1]" >"$dir/kafka-format.log" 2>&1 ||
        { tail -n 20 "$dir/kafka-format.log" >&2; die "formatting Kafka's storage failed"; }
    fi
    start kafka "${run[@]}" kafka.Kafka "$dir/kafka.properties"
  fi
  wait_for kafka kafka_answers
}

down() {
  local file name pid
  for file in "$dir"/*.pid; do
    [ -e "$file" ] || continue
    name=$(basename "$file" .pid)
    if ours "$name"; then
      pid=$(cat "$file")
      kill -KILL "$pid" # nothing here is kept
      while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
    fi
  done
  rm -rf "$dir"
  say "stopped"
}

case ${1:-} in
  up)
    need_tools
    umask 077
    certificates
    password=$(cat "$dir/password")
    redis_up "$password"
    kafka_up "$password"
    cat <<VARS
export VIGIA_TEST_SECURE_KAFKA=127.0.0.1:$kafka_port
export VIGIA_TEST_SECURE_REDIS=127.0.0.1:$tls_port
export VIGIA_TEST_SECURE_SENTINEL=127.0.0.1:$sentinel_port
export VIGIA_TEST_SECURE_CLUSTER=127.0.0.1:${cluster_ports[0]}
export VIGIA_TEST_SECURE_CA=$dir/ca.pem
export VIGIA_TEST_SECURE_PASSWORD=$password
VARS
    ;;
  down) down ;;
  *)
    say "usage: scripts/secure-stack.sh up|down"
    exit 2
    ;;
esac
