# What runs in the lab as root: loads modules, runs the command, ends the machine. xtask puts before this
#   KERNEL  the folder with the kernel's modules
#   MODULES modules to load, each with its parameters, one a line; a path loads that file
#   and a function command_here, which is what is to run.
mkdir -p /lib/modules
mount --bind "$KERNEL/lib/modules" /lib/modules
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/run LAB=1
trap 'echo b >/proc/sysrq-trigger; sleep 60' EXIT
# Its number depends on what other devices there are.
for _ in $(seq 100); do
  port=$(echo /dev/vport*p1)
  [ -e "$port" ] && break
  sleep .02
done
ip link set lo up
for name in fd:fd stdin:fd/0 stdout:fd/1 stderr:fd/2; do ln -sf "/proc/self/${name#*:}" "/dev/${name%%:*}"; done
load() {
  local words=("$@")
  case $1 in
    /*)
      # Its own dependencies first: insmod looks for none.
      for needed in $(modinfo -F depends "$1" | tr , ' '); do modprobe "$needed"; done
      insmod "${words[@]}"
      ;;
    *) modprobe "${words[@]}" ;;
  esac
}
# Through a pipe: the port takes one writer and cannot be opened again by name.
{
  while read -r -a module; do
    [ ${#module[@]} -eq 0 ] || load "${module[@]}" || echo "lab: the module ${module[*]} cannot be loaded"
  done <<<"$MODULES"
  command_here </dev/null
} 2>&1 | cat >"$port"
