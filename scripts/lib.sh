# Shared by the scripts of this folder: where things are, and how progress looks.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
mkdir -p .build

if [ -t 2 ] && [ -z "${NO_COLOR:-}" ]; then bold=$'\e[1m' green=$'\e[32m' red=$'\e[31m' dim=$'\e[2m' off=$'\e[0m'; else bold='' green='' red='' dim='' off=''; fi

say() { printf '%s\n' "${bold}$*${off}" >&2; }
die() { printf '%s\n' "${red}$*${off}" >&2; exit 1; }

# need COMMAND PACKAGE…: installs Debian's packages when COMMAND is missing and
# root can, and otherwise says in one line what to install and fails.
need() {
  local command=$1
  shift
  if command -v "$command" >/dev/null; then return; fi
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    printf '  %s\n' "installing $*" >&2
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; } >&2 || true
    if command -v "$command" >/dev/null; then return; fi
  fi
  die "$command is missing; install it with: apt-get install $*"
}

# step NAME COMMAND…: runs COMMAND with its output in .build/NAME.log and shows
# how long it takes; on failure it shows the output's end.
step() {
  local name=$1 start=$SECONDS pid code=0
  shift
  "$@" >".build/$name.log" 2>&1 &
  pid=$!
  while kill -0 "$pid" 2>/dev/null; do
    if [ -t 2 ]; then printf '\r  %s … %ds ' "$name" $((SECONDS - start)) >&2; fi
    sleep 0.2
  done
  wait "$pid" || code=$?
  if [ -t 2 ]; then printf '\r\e[K' >&2; fi
  if [ "$code" = 0 ]; then
    printf '  %s\n' "${green}✓${off} $name ${dim}($((SECONDS - start))s)${off}" >&2
  else
    printf '  %s\n' "${red}✗${off} $name ${dim}($((SECONDS - start))s)${off}" >&2
    tail -n "${STEP_TAIL:-60}" ".build/$name.log" >&2
  fi
  return "$code"
}
