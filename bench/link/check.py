"""Measures links by plain UDP and TCP: is the link what was asked for?

Here belongs: the measuring, what may differ. Not here: the link itself (link.py).

The ends are processes of this very file: `check.py answer` at the server's end, `check.py measure` at the client's.
"""
import json
import os
import socket
import statistics
import subprocess
import sys
import threading
import time

SERVER, PORT = '10.87.0.1', 5201
PACKETS = 800
# What carries one datagram: UDP, IPv4 and Ethernet headers.
DATAGRAM_HEADERS = 42
# A TCP segment's share of payload: 1448 of 1514 bytes.
PAYLOAD = 1448 / 1514
TCP_SECONDS = 3

# Words of the link, and what is to be measured on it: (what, expected, may differ by).
CASES = [
    ('rate=0.8 delay=50 up:delay=50', {'trip ms': (100, 8), 'tcp Mbit/s': (0.8 * PAYLOAD, 0.06)}),
    ('rate=10 delay=20 jitter=5 up:delay=20', {'trip ms': (40, 6), 'spread ms': (5, 2.5), 'tcp Mbit/s': (10 * PAYLOAD, 1)}),
    ('loss=5', {'lost %': (5, 2)}),
    ('loss=10 burst=4', {'lost %': (10, 5), 'in a row': (4, 1.5)}),
]


def answer():
    """Sends datagrams back as they come, and to each TCP connection as much as it takes for some seconds."""
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagrams.bind((SERVER, PORT))
    listener = socket.create_server((SERVER, PORT))

    def echo():
        while True:
            datagrams.sendto(*datagrams.recvfrom(2048))

    threading.Thread(target=echo, daemon=True).start()
    print('ready', flush=True)
    while True:
        connection, _ = listener.accept()
        end = time.monotonic() + TCP_SECONDS
        with connection:
            connection.settimeout(TCP_SECONDS)
            try:
                while time.monotonic() < end:
                    connection.send(bytes(8192))
            except OSError:
                pass


def measure():
    """One line of JSON: round trips in ms or None, and TCP's Mbit/s."""
    trips = [None] * PACKETS
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagrams.connect((SERVER, PORT))

    def receive():
        datagrams.settimeout(1)
        try:
            while True:
                number, sent = json.loads(datagrams.recv(2048))
                trips[number] = (time.monotonic() - sent) * 1000
        except TimeoutError:
            pass

    receiving = threading.Thread(target=receive)
    receiving.start()
    for number in range(PACKETS):
        datagrams.send(json.dumps([number, time.monotonic()]).encode())
        time.sleep(0.005)
    receiving.join()

    received, first, last = 0, None, None
    with socket.create_connection((SERVER, PORT)) as connection:
        while data := connection.recv(1 << 16):
            last = time.monotonic()
            if first is None:
                first = last  # what has come by then took time that was not seen
            else:
                received += len(data)
    print(json.dumps({'trips': trips, 'mbit': received * 8e-6 / max(last - first, 1e-9)}))


def figures(found):
    trips = found['trips']
    arrived = sorted(trip for trip in trips if trip is not None)
    runs, length = [], 0
    for trip in [*trips, 0]:
        if trip is None:
            length += 1
        elif length:
            runs.append(length)
            length = 0
    return {
        'trip ms': statistics.median(arrived),
        'spread ms': arrived[len(arrived) * 3 // 4] - arrived[len(arrived) // 4],
        'lost %': 100 * (1 - len(arrived) / len(trips)),
        'in a row': statistics.mean(runs) if runs else 0,
        'tcp Mbit/s': found['mbit'],
    }


def main(make_link):
    """Tries all cases on one link, which is changed between them."""
    link = make_link([])
    stop, stopped = os.pipe()
    carrying = threading.Thread(target=link.carry, args=(stop,))
    carrying.start()
    ends = [sys.executable, os.path.abspath(__file__)]
    faults = 0
    server = subprocess.Popen(
        [*ends, 'answer'], stdout=subprocess.PIPE, preexec_fn=lambda: enter(link.server))
    try:
        server.stdout.readline()
        for words, expected in CASES:
            link.shape(words.split())
            client = subprocess.run(
                [*ends, 'measure'], capture_output=True, check=True, preexec_fn=lambda: enter(link.client))
            found = figures(json.loads(client.stdout))
            for what, (value, leeway) in expected.items():
                good = abs(found[what] - value) <= leeway
                faults += not good
                print(f'{words:<40} {what:<11} asked {value:7.2f}  measured {found[what]:7.2f}  {"" if good else "DIFFERS"}')
    finally:
        server.terminate()
        server.wait()
        os.write(stopped, b'.')
        carrying.join()
    return 1 if faults else 0


if __name__ == '__main__':
    {'answer': answer, 'measure': measure}[sys.argv[1]]()
else:
    from __main__ import enter
