#!/bin/busybox sh
# The lab's first process: makes this machine's root, shared read-only, the guest's root under a throw-away overlay.
# Here is nothing but busybox and the modules that this needs; guest.sh goes on.
B=/bin/busybox
end() {
  echo "lab: $1"
  $B reboot -f
}
$B mount -t proc proc /proc
$B mount -t sysfs sys /sys
$B mount -t devtmpfs dev /dev
while read -r module; do
  $B insmod "/modules/$module" || echo "lab: $module cannot be loaded"
done </modules/order
$B mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=524288,cache=loose root /lower || end "no shared root"
$B mount -t tmpfs -o size=60% upper /upper
$B mkdir /upper/data /upper/work
$B mount -t overlay -o lowerdir=/lower,upperdir=/upper/data,workdir=/upper/work root /merged || end "no overlay"
for dir in proc sys dev; do $B mount --move /$dir /merged/$dir; done
for dir in run dev/shm; do
  $B mkdir -p /merged/$dir
  $B mount -t tmpfs -o mode=1777 tmpfs /merged/$dir
done
script=
for word in $($B cat /merged/proc/cmdline); do
  case $word in lab.script=*) script=${word#*=} ;; esac
done
exec $B switch_root -c /dev/console /merged /bin/bash "$script" </merged/dev/null
end "no switch to the shared root"
