#!/usr/bin/env bash
# build.sh FOLDER: makes the guest of the beds with QEMU from Debian packages alone; does nothing where FOLDER is.
#
#     kernel       Debian's
#     initramfs    busybox, and the modules that the disk needs
#     root.ext4    Debian's packages unpacked and never configured, with overlay/ on top
#
# No package's script runs and nothing is mounted, so any user can build it. FOLDER appears when it is complete; callers
# hold a lock, so that there is one at a time.
set -euo pipefail
export PATH=$PATH:/usr/sbin:/sbin LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
folder=$1.partial # where it grows

fail() { echo "guest image: $*" >&2; exit 1; }

for tool in mmdebstrap mke2fs depmod modprobe cpio; do
    command -v $tool >/dev/null || fail "$tool is missing; install the packages of group vm in .ci/packages"
done
[[ $(uname -m) == x86_64 ]] || fail "made for x86_64 alone, not for $(uname -m)"

words() { sed '/^#/d' "$here/$1"; }

# sources: the host's own archives of Debian, mirrors included.
sources() {
    apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 'Origin: Debian'
}

unpack() {
    local mode=chrootless release
    ((EUID)) || mode=root
    sources >"$folder/sources.list"
    [[ -s $folder/sources.list ]] || fail "apt knows no archive of Debian; run apt-get update"
    release=$(. /etc/os-release && echo "$VERSION_CODENAME")
    timeout 300 mmdebstrap --quiet --mode=$mode --variant=extract --format=directory \
        --include="$(words packages | paste -sd,)" "$release" "$root" "$folder/sources.list" ||
        fail "the packages could not be fetched and unpacked"
}

# needs FOR: the files of these modules and of those that they need, in the order of loading.
needs() {
    local wanted module
    words modules | while read -r wanted module; do
        [[ $wanted == "$1" ]] || continue
        modprobe --dirname "$root" --set-version "$version" --show-depends "$module"
    done | sed -n 's/^insmod \([^ ]*\).*/\1/p' | awk '!seen[$0]++'
}

make_initramfs() {
    local tree=$folder/initramfs.d
    mkdir -p "$tree"/{bin,dev,root,lib}
    cp "$root/bin/busybox" "$tree/bin/"
    cp "$here/initramfs_init" "$tree/init"
    needs boot | while read -r file; do
        cp "$file" "$tree/lib/"
        echo "/lib/${file##*/}"
    done >"$tree/modules"
    (cd "$tree" && find . | cpio --quiet --create --format=newc --owner=0:0) >"$folder/initramfs"
}

# Keeps of the modules what is named, and nothing that only a human reads.
prune() {
    local modules=$root/lib/modules/$version kept=$folder/modules.d
    mkdir "$kept"
    needs root | xargs -r cp -t "$kept"
    rm -rf "$modules/kernel" "$root"/usr/share/{doc,man,locale,icons,perl} "$root"/usr/lib/x86_64-linux-gnu/{dri,perl}
    rm -rf "$root"/usr/lib/gcc "$root"/boot "$root"/lib/udev/hwdb.d
    rm -f "$root"/usr/lib/x86_64-linux-gnu/lib{LLVM,z3}*
    mv "$kept" "$modules/kernel"
    depmod --basedir "$root" "$version"
}

# What the packages' own scripts would have done.
settle() {
    local applet
    cp -r "$here/overlay/." "$root/"
    cp "$root/usr/share/base-passwd/passwd.master" "$root/etc/passwd"
    cp "$root/usr/share/base-passwd/group.master" "$root/etc/group"
    echo 'guest::1000:1000:guest:/home/guest:/bin/sh' >>"$root/etc/passwd"
    echo 'guest:x:1000:' >>"$root/etc/group"
    echo 0123456789abcdef0123456789abcdef >"$root/etc/machine-id"
    for applet in $("$root/bin/busybox" --list); do
        [[ -e $root/bin/$applet || -e $root/usr/bin/$applet || -e $root/sbin/$applet || -e $root/usr/sbin/$applet ]] ||
            ln -s /bin/busybox "$root/bin/$applet"
    done
    rm -rf "$root/var"
    mkdir -p "$root"/{dev,proc,sys,run,tmp,var,root} "$root/home/guest"
}

main() {
    root=$folder/root.d
    [[ ! -e $1 ]] || return 0
    rm -rf "$folder"
    trap 'rm -rf "$folder"' EXIT
    mkdir -p "$folder"
    unpack
    version=$(ls "$root/lib/modules")
    cp "$root/boot/vmlinuz-$version" "$folder/kernel"
    depmod --basedir "$root" "$version"
    make_initramfs
    prune
    settle
    mke2fs -q -t ext4 -O ^has_journal -m 0 -d "$root" "$folder/root.ext4" 700M >/dev/null
    rm -rf "$folder"/*.d "$folder/sources.list"
    mv "$folder" "$1"
    find "${1%/*}" -mindepth 1 -maxdepth 1 -type d -mtime +30 -exec rm -rf {} + # of other recipes, long unused
}

main "$1"
