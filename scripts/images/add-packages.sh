#!/usr/bin/env bash
# Adds Debian packages to an image of Debian, for a platform that need not be this machine's: nothing of it is run here, and no
# package's own scripts are. So it serves packages that work as they are unpacked.
#
#   scripts/images/add-packages.sh ARCH IMAGE OUT PACKAGE...
#
# ARCH is Debian's name (amd64, arm64); IMAGE a folder with `status`, `passwd` and `group` of the image. Writes to OUT what the
# image lacks: the packages with what they depend on, and the user `pawl` (docs/decisions/0025).
set -euo pipefail
[ $# -ge 4 ] || { echo "usage: add-packages.sh ARCH IMAGE OUT PACKAGE..." >&2; exit 64; }
arch=$1 image=$2 out=$3
shift 3
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
umask 022
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# What the image has is what counts as installed; its packages are of its platform alone.
mkdir -p "$work"/{debs/partial,lists/partial} "$out"/{etc,var/lib/dpkg/status.d}
options=(-qq -y -o "APT::Architecture=$arch" -o "APT::Architectures=$arch" -o APT::Sandbox::User=root
  -o "Dir::State::status=$image/status" -o "Dir::State::lists=$work/lists" -o "Dir::Cache::archives=$work/debs")
apt-get "${options[@]}" update
apt-get "${options[@]}" --no-install-recommends --download-only install "$@" >"$work/apt.log" 2>&1 ||
  { cat "$work/apt.log" >&2; exit 1; }
for deb in "$work"/debs/*.deb; do
  name=$(dpkg-deb --field "$deb" Package)
  dpkg-deb --extract "$deb" "$out"
  dpkg-deb --field "$deb" >"$out/var/lib/dpkg/status.d/$name"
done
# The image has links in place of these, which a folder must not replace.
for folder in bin sbin lib; do
  [ -d "$out/$folder" ] || continue
  mkdir -p "$out/usr/$folder"
  cp -a "$out/$folder/." "$out/usr/$folder/"
  rm -r "${out:?}/$folder"
done
# As in the image itself, of documentation only the licences stay.
find "$out/usr/share/doc" -mindepth 2 ! -type d ! -name copyright -delete
find "$out/usr/share/doc" -mindepth 1 -type d -empty -delete
rm -rf "$out"/usr/share/{man,info,locale,lintian,bash-completion,bug}

# Nobody becomes another one here.
find "$out" -type f -perm /6000 -exec chmod ug-s {} +
{ cat "$image/passwd"; echo 'pawl:x:1000:1000:pawl:/tmp:/usr/sbin/nologin'; } >"$out/etc/passwd"
{ cat "$image/group"; echo 'pawl:x:1000:'; } >"$out/etc/group"
