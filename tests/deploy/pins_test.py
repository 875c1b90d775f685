"""Gives .ci/pins a registry on loopback: what it has is named by its digest, and what it has not is never made up."""

import hashlib
import json
import subprocess
import tempfile
import threading
import unittest
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

PINS = Path(__file__).resolve().parents[2] / ".ci" / "pins"
INDEX = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json"}).encode()
ANSWERS = {"/v2/library/rust/manifests/1.95": INDEX, "/v2/distroless/cc/manifests/odd": b"<html>not found</html>"}


class Registry(BaseHTTPRequestHandler):
    def do_GET(self):
        body = ANSWERS.get(self.path)
        self.send_response(404 if body is None else 200)
        # What a registry claims in a header is not what counts.
        self.send_header("Docker-Content-Digest", "sha256:" + "0" * 64)
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_):
        pass


class Pins(unittest.TestCase):
    def setUp(self):
        self.server = HTTPServer(("127.0.0.1", 0), Registry)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.host = f"127.0.0.1:{self.server.server_port}"
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.file = Path(folder.name) / "Containerfile"

    def pin(self, text):
        self.file.write_text(text, encoding="utf-8")
        done = subprocess.run([PINS, "images", self.file], capture_output=True, text=True, check=False)
        return done.returncode, self.file.read_text(encoding="utf-8"), done.stderr

    def test_an_image_is_named_by_what_the_registry_sends(self):
        digest = hashlib.sha256(INDEX).hexdigest()
        plain = f"ARG BUILD_IMAGE={self.host}/library/rust:1.95\nFROM ${{BUILD_IMAGE}}\n"
        code, pinned, _ = self.pin(plain)
        self.assertEqual((code, pinned), (0, plain.replace("1.95", f"1.95@sha256:{digest}")))
        renewed = self.pin(pinned.replace(digest, "0" * 64))
        self.assertEqual(renewed[:2], (0, pinned))

    def test_what_the_registry_does_not_have_is_written_nowhere(self):
        for missing in ["library/rust:1.96", "distroless/cc:odd"]:
            text = f"    image: {self.host}/library/rust:1.95\n    image: {self.host}/{missing}\n"
            code, left, said = self.pin(text)
            self.assertEqual((code, left), (1, text))
            self.assertIn(missing, said)

    def test_a_registry_that_is_away_fails(self):
        text = "ARG BUILD_IMAGE=127.0.0.1:1/library/rust:1.95\n"
        code, left, _ = self.pin(text)
        self.assertEqual((code, left), (1, text))

    def test_a_file_without_images_is_a_mistake(self):
        self.assertEqual(self.pin("FROM scratch\n")[0], 1)


if __name__ == "__main__":
    unittest.main()
