#!/usr/bin/env bash
# Assembles what an image holds below our own files, for a platform that need not be this machine's: nothing of it is run here.
#
#   scripts/images/assemble-root.sh ARCH NODE NATIVE OUT
#
# ARCH is Debian's name (amd64, arm64), NODE the Node binary of that platform, NATIVE a folder with native packages that must
# find their libraries. Writes OUT/base (Node, the init, the libraries that these load, certificates, users) and OUT/service
# (what the service has besides: its allocator, and the shell by which it limits its decoders). Runs as root on Debian with
# apt; takes from Debian's archive. Ends with a code other than 0 when a library is missing (docs/decisions/0025).
set -euo pipefail
[ $# = 4 ] || { echo "usage: assemble-root.sh ARCH NODE NATIVE OUT" >&2; exit 64; }
arch=$1 node=$2 native=$3 out=$4
case $arch in
  amd64) triplet=x86_64-linux-gnu ;;
  arm64) triplet=aarch64-linux-gnu ;;
  *) echo "no image for $arch: expected amd64 or arm64" >&2; exit 64 ;;
esac
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
umask 022
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# --- Debian's packages, unpacked ---------------------------------------------------------------------------------------

dpkg --add-architecture "$arch"
apt-get update -qq
# The strip and readelf of that platform; both exist as packages on either.
apt-get install -y -qq --no-install-recommends "binutils-${triplet//_/-}" >"$work/apt.log" 2>&1 ||
  { cat "$work/apt.log" >&2; exit 1; }
# Not verified against a list of ours: apt has checked the archive's signature and the packages' digests.
(cd "$work" && apt-get -qq -o APT::Sandbox::User=root download ca-certificates \
  {base-files,dash,gcc-12-base,libatomic1,libc6,libgcc-s1,libjemalloc2,libstdc++6,tini}:"$arch" 2>&1 | { grep -v '^W:' || true; } >&2)
mkdir "$work/pool"
for deb in "$work"/*.deb; do
  dpkg-deb --extract "$deb" "$work/pool/$(dpkg-deb --field "$deb" Package)"
done

# take ROOT PACKAGE PATH...: copies files of a package, and notes that it is there, as scanners look for it.
take() {
  local root=$1 package=$2 path
  shift 2
  for path in "$@"; do
    mkdir -p "$root/$(dirname "$path")"
    # Followed: one file under the name by which it is asked for.
    cp -L --preserve=mode "$work/pool/$package/$path" "$root/$path"
  done
  mkdir -p "$root/var/lib/dpkg/status.d" "$root/usr/share/doc/$package"
  dpkg-deb --field "$work/${package}"_*.deb >"$root/var/lib/dpkg/status.d/$package"
  cp -L "$work/pool/$package/usr/share/doc/$package/copyright" "$root/usr/share/doc/$package/copyright" 2>/dev/null ||
    # The documentation of GCC's libraries is a link to that of one of them.
    cp "$work/pool/gcc-12-base/usr/share/doc/gcc-12-base/copyright" "$root/usr/share/doc/$package/copyright"
}

# needed FILE...: the libraries that they name, one a line.
needed() { "$triplet-readelf" --dynamic "$@" 2>/dev/null | sed -n 's/.*(NEEDED).*\[\(.*\)\]$/\1/p' | sort -u; }

# take_libraries ROOT FILE...: what they load and what that loads, but for what is in NATIVE or in OUT/base already.
take_libraries() {
  local root=$1 name path package
  shift
  for name in $(needed "$@"); do
    if [ -n "$(find "$native" "$out" -name "$name" -print -quit)" ]; then continue; fi
    path=$(find "$work/pool" -name "$name" -print | sort | head -1)
    if [ -z "$path" ]; then echo "no package brings $name, which is loaded by one of: $*" >&2; return 1; fi
    path=${path#"$work/pool/"}
    package=${path%%/*}
    take "$root" "$package" "${path#*/}"
    take_libraries "$root" "$root/${path#*/}"
  done
}

# --- What all images begin with ----------------------------------------------------------------------------------------

base=$out/base
mkdir -p "$base"/{etc/ssl/certs,tmp,usr/local/bin,usr/share/common-licenses}
chmod 1777 "$base/tmp"
cp "$node" "$base/usr/local/bin/node"
"$triplet-strip" "$base/usr/local/bin/node"
# By both of these names a scanner knows which Debian the packages are of.
take "$base" base-files etc/debian_version usr/lib/os-release
ln -s ../usr/lib/os-release "$base/etc/os-release"
# The copyright files refer to these.
cp "$work"/pool/base-files/usr/share/common-licenses/{Apache-2.0,Artistic,GFDL-1.3,GPL-1,GPL-2,GPL-3,LGPL-2,LGPL-2.1,LGPL-3,MPL-1.1,MPL-2.0} \
  "$base/usr/share/common-licenses/"
take "$base" tini usr/bin/tini-static
# Under the very name by which the kernel asks for it.
loader=$("$triplet-readelf" --program-headers "$node" | sed -n 's/.*program interpreter: \/\(.*\)\]$/\1/p')
take "$base" libc6 "$loader"
take_libraries "$base" "$base/usr/local/bin/node"
# As update-ca-certificates joins them, which runs only where the package is installed.
take "$base" ca-certificates
find "$work/pool/ca-certificates/usr/share/ca-certificates" -name '*.crt' -print0 | sort -z | xargs -0 cat >"$base/etc/ssl/certs/ca-certificates.crt"
printf '%s\n' 'root:x:0:0:root:/:/sbin/nologin' 'pawl:x:1000:1000:pawl:/tmp:/sbin/nologin' 'nobody:x:65534:65534:nobody:/tmp:/sbin/nologin' >"$base/etc/passwd"
printf '%s\n' 'root:x:0:' 'pawl:x:1000:' 'nogroup:x:65534:' >"$base/etc/group"
printf '%s\n' 'passwd: files' 'group: files' 'hosts: files dns' >"$base/etc/nsswitch.conf"

# --- What the service has besides --------------------------------------------------------------------------------------

service=$out/service
take "$service" libjemalloc2 "usr/lib/$triplet/libjemalloc.so.2"
# Only a shell sets the limit of memory of a decoder process (apps/shared/src/execution/decoder). It comes alone.
take "$service" dash bin/dash
mv "$service/bin/dash" "$service/bin/sh"
mapfile -d '' natives < <(find "$native" -type f \( -name '*.node' -o -name '*.so' -o -name '*.so.*' \) -print0)
[ ${#natives[@]} -gt 0 ] || { echo "$native has no native code: expected onnxruntime and libvips" >&2; exit 1; }
take_libraries "$service" "$service/bin/sh" "$service/usr/lib/$triplet/libjemalloc.so.2" "${natives[@]}"
