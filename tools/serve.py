#!/usr/bin/env python3
"""Serves a directory over HTTP with the headers that cross-origin isolation needs.

As a module, for servers of one's own:

    from http.server import HTTPServer
    from serve import COOPCOEPHandler
    HTTPServer(('localhost', 8000), COOPCOEPHandler).serve_forever()

As a command: python3 serve.py [port] [directory]
"""

import argparse
import functools
import os
import signal
import sys
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer


def is_served(path, directory):
    """Links may lead out of the directory; to open a FIFO or a device may take for ever."""
    root, file = os.path.realpath(directory), os.path.realpath(path)
    is_openable = os.path.isfile(file) or os.path.isdir(file) or not os.path.exists(file)
    return is_openable and os.path.commonpath((root, file)) == root


class COOPCOEPHandler(SimpleHTTPRequestHandler):
    """Static files with COOP, COEP and CORP headers, uncached, under the types browsers insist on."""

    # Python's own table follows the machine's MIME database, which may lack or contradict these.
    extensions_map = {
        **SimpleHTTPRequestHandler.extensions_map,
        '.css': 'text/css; charset=utf-8',
        '.db': 'application/vnd.sqlite3',
        '.html': 'text/html; charset=utf-8',
        '.js': 'text/javascript; charset=utf-8',
        '.json': 'application/json',
        '.mjs': 'text/javascript; charset=utf-8',
        '.sqlite': 'application/vnd.sqlite3',
        '.sqlite3': 'application/vnd.sqlite3',
        '.svg': 'image/svg+xml',
        '.txt': 'text/plain; charset=utf-8',
        '.wasm': 'application/wasm',
    }

    def send_head(self):
        path = self.translate_path(self.path)
        pages = [os.path.join(path, page) for page in ('', 'index.html', 'index.htm')]
        if '\0' not in path and all(is_served(page, self.directory) for page in pages):
            return super().send_head()
        self.send_error(403, 'Outside of what is served')
        return None

    def end_headers(self):
        self.send_header('Cross-Origin-Opener-Policy', 'same-origin')
        self.send_header('Cross-Origin-Embedder-Policy', 'require-corp')
        self.send_header('Cross-Origin-Resource-Policy', 'same-origin')
        self.send_header('Cache-Control', 'no-store')
        super().end_headers()


def parse_arguments():
    parser = argparse.ArgumentParser(description='Serves a directory with COOP and COEP headers')
    parser.add_argument('port', nargs='?', type=int, default=8000, help='0 takes any free one')
    parser.add_argument('directory', nargs='?', default='.')
    return parser.parse_args()


def stop(_signal, _frame):
    raise KeyboardInterrupt


def main():
    arguments = parse_arguments()
    if not os.path.isdir(arguments.directory):
        print(f'serve.py: cannot serve {arguments.directory}: not a directory', file=sys.stderr)
        return 1
    # Before the port is announced: from then on a signal may come at any time.
    signal.signal(signal.SIGTERM, stop)
    handler = functools.partial(COOPCOEPHandler, directory=arguments.directory)
    try:
        server = ThreadingHTTPServer(('localhost', arguments.port), handler)
    except (OSError, OverflowError) as error:
        reason = getattr(error, 'strerror', None) or error
        print(f'serve.py: cannot listen on localhost:{arguments.port}: {reason}', file=sys.stderr)
        return 1
    with server:
        try:
            print(f'Listening on http://localhost:{server.server_port}/', flush=True)
            server.serve_forever()
        except KeyboardInterrupt:
            pass
    return 0


if __name__ == '__main__':
    sys.exit(main())
