#!/bin/bash
# Installs the Debian packages that the jobs of ci/run.py need and that are missing; nothing else.
#
#   ci/install.sh [GROUP...]     build (the default), clang, tidy, root, flake
#
# Debian 12 and 13, as root or with sudo. Nothing missing: it says nothing and touches nothing.
# It never removes a package. Debian 12's default Boost (1.74, libboost-dev) excludes the 1.81 that
# is needed here, so where the former is installed this stops and says so; ATREST_REPLACE=1 lets apt
# replace what is in the way.
set -euo pipefail

fail() {
  echo "ci/install.sh: $*" >&2
  exit 1
}

distribution=none
if [ -r /etc/os-release ]; then
  distribution=$(. /etc/os-release && echo "${ID:-}-${VERSION_ID:-}")
fi
case "$distribution" in
  debian-12) boost=(libboost1.81-dev libboost-filesystem1.81-dev) botan=libbotan-2-dev clang=14 ;;
  debian-13) boost=(libboost-dev libboost-filesystem-dev) botan=libbotan-3-dev clang=19 ;;
  *) fail "this is $distribution; only Debian 12 and 13 are supported. Elsewhere install what" \
          "CONTRIBUTING.md lists under Libraries and give ci/run.py the option --no-install." ;;
esac

packages=()
for group in "${@:-build}"; do
  case "$group" in
    build)
      packages+=(g++ cmake ninja-build pkg-config ccache python3 python3-cryptography
                 "${boost[@]}" "$botan" librapidcheck-dev libgtest-dev libgmock-dev
                 nlohmann-json3-dev libprotobuf-dev protobuf-compiler libcli11-dev libnats-dev
                 libpugixml-dev libbenchmark-dev libssl-dev nats-server
                 "python3-clang-$clang") ;;
    clang) packages+=(clang "libclang-rt-$clang-dev") ;;
    tidy) packages+=(clang-format clang-tidy) ;;
    root) packages+=(debootstrap) ;;
    flake) packages+=(stress-ng) ;;
    *) fail "no package group is called '$group'; there are build, clang, tidy, root and flake" ;;
  esac
done

# One dpkg-query for all of them; that it has never heard of one is no error here.
installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${packages[@]}" 2>/dev/null) ||
  true
missing=()
for package in "${packages[@]}"; do
  grep -qxF "installed $package" <<<"$installed" || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || fail "must install ${missing[*]}, but this is not root and there" \
                                     "is no sudo. Run ci/install.sh ${*:-build} as root."
  as_root=(sudo)
fi
apt() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get -q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 "$@"
}

may_remove=--no-remove
[ -z "${ATREST_REPLACE:-}" ] || may_remove=
echo "installing: ${missing[*]}"
apt update
apt install -y --no-install-recommends $may_remove "${missing[@]}" ||
  fail "apt-get could not install: ${missing[*]}. If it said that packages would have to be" \
       "removed (as libboost1.74-dev on Debian 12), this lets it remove them:" \
       "ATREST_REPLACE=1 ci/install.sh ${*:-build}"
