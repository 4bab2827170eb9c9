#!/usr/bin/env python3
"""A shaped link between two network namespaces, and a command at its server's end.

    link.py [WORD…] -- COMMAND…        link.py --check

Two TAP devices, each in a namespace of its own, are joined by this process: what goes into one comes out of the other
by a line of a given rate with a drop-tail queue before it, and a delay, a jitter and losses behind it. The kernel needs
no traffic control for it, and nothing of it has a name in the system: the namespaces live as long as the processes in
them, so that nothing is left over, however this ends.

    server 10.87.0.1  ── down ─▶  10.87.0.2 client
                      ◀─ up ────

Words say what the way down is like, words that begin with `up:` the way up (`rate=0.8 delay=20 up:delay=20`); what is
not said is a cable: 1000 Mbit/s, nothing else. TCP's congestion control is one that fills a queue until packets are
lost, as on machines that nobody tuned, whatever this one has.

    rate=MBIT    megabits a second; Ethernet frames are counted, whole
    delay=MS     milliseconds that each packet takes beside its time on the line
    jitter=MS    each takes longer or shorter by up to this; the order is kept
    loss=PERCENT packets that are lost behind the queue
    burst=N      they are lost so many in a row, on average (1: each by itself)
    queue=KIB    what waits before the line at most; a packet beyond is lost

COMMAND finds in its environment LINK_CLIENT, the client's namespace (`nsenter --net=$LINK_CLIENT PROGRAM…` runs a
program there), and LINK_CONTROL, a pipe: each line of words written to it is what both ways are like from then on.

--check measures links by plain UDP and TCP, prints what was asked for and what was measured, and fails where they
differ.

Here belongs: the link. Not here: what runs at its ends, what the links are like that something is tried on.
"""
import collections
import ctypes
import errno
import fcntl
import heapq
import os
import random
import select
import signal
import struct
import subprocess
import sys
import threading
import time

# <linux/sched.h>, <linux/if_tun.h>, <linux/prctl.h>
CLONE_NEWNET = 0x40000000
TUNSETIFF = 0x400454CA
IFF_TAP, IFF_NO_PI = 0x0002, 0x1000
PR_SET_PDEATHSIG = 1

ADDRESSES = ('10.87.0.1', '10.87.0.2')
CABLE = {'rate': 1000.0, 'delay': 0.0, 'jitter': 0.0, 'loss': 0.0, 'burst': 1.0, 'queue': 256.0}
# Larger than any packet of a device whose MTU is 1500.
PACKET_BYTES = 2048
# Packets taken from one device before the other's turn.
TURN = 64

libc = ctypes.CDLL(None, use_errno=True)


def shapes(words):
    """What both ways are like, down and up, by these words."""
    ways = (dict(CABLE), dict(CABLE))
    for word in words:
        name, equals, value = word.removeprefix('up:').partition('=')
        if not equals or name not in CABLE:
            raise ValueError(f"'{word}' is none of " + ', '.join(f'{known}=' for known in CABLE))
        number = float(value)
        if number < 0 or name in ('rate', 'burst') and number == 0:
            raise ValueError(f"'{word}': that cannot be")
        ways[word.startswith('up:')][name] = number
    return ways


class Way:
    """One direction: a queue, a line behind it, and what is under way behind that."""

    def __init__(self, shape, out, seed):
        self.shape, self.out = shape, out
        self.random = random.Random(seed)
        self.queue, self.queued_bytes = collections.deque(), 0
        self.line_free = self.last_due = 0.0
        self.losing = False
        self.under_way, self.count = [], 0

    def put(self, packet, now):
        """A packet comes, if there is room for it."""
        if self.queued_bytes + len(packet) <= self.shape['queue'] * 1024 or not self.queue:
            self.queue.append((now, packet))
            self.queued_bytes += len(packet)

    def run(self, now):
        """What is due comes out. When something is due next, if anything is."""
        while self.queue and max(self.line_free, self.queue[0][0]) <= now:
            self.transmit(*self.queue.popleft())
        while self.under_way and self.under_way[0][0] <= now:
            packet = heapq.heappop(self.under_way)[2]
            try:
                os.write(self.out, packet)
            except OSError:
                pass  # the device's own queue is full: lost, as on any machine
        waits = [self.under_way[0][0]] if self.under_way else []
        if self.queue:
            waits.append(self.line_free)
        return min(waits, default=None)

    def transmit(self, came, packet):
        shape = self.shape
        self.queued_bytes -= len(packet)
        self.line_free = max(self.line_free, came) + len(packet) * 8 / (shape['rate'] * 1e6)
        if self.is_lost():
            return
        late = shape['delay'] + self.random.uniform(-shape['jitter'], shape['jitter'])
        self.last_due = max(self.line_free + late / 1000, self.last_due)
        self.count += 1
        heapq.heappush(self.under_way, (self.last_due, self.count, packet))

    def is_lost(self):
        """Gilbert's model: in its bad state all is lost; how long that lasts and how often it comes gives both figures."""
        loss, burst = min(self.shape['loss'] / 100, 1.0), self.shape['burst']
        if loss in (0.0, 1.0):
            return loss == 1.0
        if burst <= 1:
            return self.random.random() < loss
        stays = 1 - 1 / burst
        comes = loss / (burst * (1 - loss))
        self.losing = self.random.random() < (stays if self.losing else comes)
        return self.losing


def congestion_control():
    """That of new sockets in this thread's namespace: Linux's own, or its like where only that may be chosen."""
    for name in ('cubic', 'reno'):
        try:
            with open('/proc/sys/net/ipv4/tcp_congestion_control', 'w') as setting:
                setting.write(name)
            return
        except OSError:
            pass
    print('link.py: TCP keeps the congestion control that this machine has', file=sys.stderr)


def in_new_namespace(address):
    """A TAP device and its namespace, as two open files."""
    made = []

    def make():
        # Namespaces are a thread's own: this one's is left when it ends.
        if libc.unshare(CLONE_NEWNET) != 0:
            made.append(OSError(ctypes.get_errno(), 'a network namespace'))
            return
        try:
            tap = os.open('/dev/net/tun', os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
            fcntl.ioctl(tap, TUNSETIFF, struct.pack('16sH22x', b'eth0', IFF_TAP | IFF_NO_PI))
            for words in ('link set lo up', f'addr add {address}/24 dev eth0', 'link set eth0 txqueuelen 1000 up'):
                subprocess.run(['ip', *words.split()], check=True)
            congestion_control()
            made.append((tap, os.open('/proc/thread-self/ns/net', os.O_RDONLY | os.O_CLOEXEC)))
        except (OSError, subprocess.CalledProcessError) as error:
            made.append(error)

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    if isinstance(made[0], Exception):
        raise made[0]
    return made[0]


def keep_time():
    """Before all others, so that a busy machine does not change the link; as well as we may."""
    try:
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(1))
    except OSError:
        try:
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), -10)
        except OSError:
            pass  # then as one among all


def enter(namespace):
    """To be called in a child before its program runs."""
    if libc.setns(namespace, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), 'setns')
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Link:
    """Both namespaces and both ways between them."""

    def __init__(self, words):
        (self.server_tap, self.server), (self.client_tap, self.client) = map(in_new_namespace, ADDRESSES)
        down, up = shapes(words)
        # A run is like another as far as packets come in the same order.
        self.ways = {self.server_tap: Way(down, self.client_tap, 1), self.client_tap: Way(up, self.server_tap, 2)}
        self.control, self.control_in = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self.line = b''

    def shape(self, words):
        for way, shape in zip(self.ways.values(), shapes(words)):
            way.shape = shape

    def start(self, namespace, command):
        environment = dict(os.environ)
        environment['LINK_CLIENT'] = f'/proc/{os.getpid()}/fd/{self.client}'
        environment['LINK_CONTROL'] = f'/proc/{os.getpid()}/fd/{self.control_in}'
        return subprocess.Popen(command, env=environment, preexec_fn=lambda: enter(namespace))

    def carry(self, ended):
        """Carries packets until the file `ended` can be read."""
        keep_time()
        files = [*self.ways, self.control, ended]
        while True:
            now = time.monotonic()
            due = [due for due in [way.run(now) for way in self.ways.values()] if due is not None]
            wait = max(min(due) - time.monotonic(), 0) if due else None
            ready = select.select(files, [], [], wait)[0]
            for tap in self.ways.keys() & ready:
                self.take(tap)
            if self.control in ready:
                self.obey()
            if ended in ready:
                return

    def take(self, tap):
        way = self.ways[tap]
        for _ in range(TURN):
            try:
                packet = os.read(tap, PACKET_BYTES)
            except OSError as error:
                if error.errno in (errno.EAGAIN, errno.EIO):
                    return
                raise
            way.put(packet, time.monotonic())

    def obey(self):
        *lines, self.line = (self.line + os.read(self.control, 4096)).split(b'\n')
        for line in lines:
            try:
                self.shape(line.decode().split())
            except ValueError as error:
                print(f'link.py: {error}', file=sys.stderr)


def run(link, command):
    """Runs a command at the server's end; its status."""
    child = link.start(link.server, command)
    ended = os.pidfd_open(child.pid)
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal tells the command, too
    try:
        link.carry(ended)
    finally:
        child.terminate()
        status = child.wait()
    return status if status >= 0 else 128 - status


def main(arguments):
    if '--check' in arguments:
        import check
        return check.main(Link)
    if '--' not in arguments or arguments[-1] == '--':
        print(__doc__, file=sys.stderr)
        return 2
    at = arguments.index('--')
    try:
        shapes(arguments[:at])
    except ValueError as error:
        print(f'link.py: {error}', file=sys.stderr)
        return 2
    return run(Link(arguments[:at]), arguments[at + 1:])


if __name__ == '__main__':
    try:
        sys.exit(main(sys.argv[1:]))
    except (OSError, subprocess.CalledProcessError) as error:
        print(
            f'link.py: no shaped link could be made ({error}). It takes root (CAP_SYS_ADMIN and CAP_NET_ADMIN), '
            'iproute2, and a kernel with network namespaces and /dev/net/tun.', file=sys.stderr)
        sys.exit(77)
