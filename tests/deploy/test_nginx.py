"""The proxy's configuration is one that nginx takes, and requests pass it whole and under their real address."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.support.live import free_port
from tests.support.tools import demand
from webapp.foundation import clock

ROOT = Path(__file__).resolve().parent.parent.parent
NAME = "desk.example.gov.cn"


def nginx_missing() -> str | None:
    """Why nginx can't be tried; None if it can."""
    return None if shutil.which("nginx") else "nginx is not installed (apt-get install nginx-light)"


@dataclass
class Proxy:
    """nginx on ports of this machine, before a socket in place of the app."""

    plain: int
    encrypted: int
    app: socket.socket

    def connect(self) -> ssl.SSLSocket:
        """A connection as a browser makes it."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context.wrap_socket(
            socket.create_connection(("127.0.0.1", self.encrypted), timeout=10), server_hostname=NAME
        )


def certify(folder: Path) -> None:
    """Make a certificate for a day."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    made = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(clock.now() - timedelta(days=1)).not_valid_after(clock.now() + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    (folder / "fullchain.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "privkey.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )


def adapted(folder: Path, plain: int, encrypted: int, app: int) -> str:
    """The site's configuration with the ports and paths of this test, inside the least that nginx needs around it."""
    site = (ROOT / "deploy" / "nginx.conf").read_text()
    for old, new in {
        "listen 80;": f"listen 127.0.0.1:{plain};",
        "listen [::]:80;": "",
        "listen 443 ": f"listen 127.0.0.1:{encrypted} ",
        "listen [::]:443 ssl http2;": "",
        "/etc/ssl/mobile-desk": str(folder),
        "/var/log/nginx": str(folder),
        "127.0.0.1:8000": f"127.0.0.1:{app}",
        "client_body_timeout 30s": "client_body_timeout 1s",  # or the test would take as long
    }.items():
        assert old in site, old
        site = site.replace(old, new)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{kind}_temp_path {folder / kind};\n" for kind in kinds)
    return (
        f"daemon off;\npid {folder / 'nginx.pid'};\nerror_log {folder / 'error.log'};\n"
        f"events {{}}\nhttp {{\n{temporary}{site}}}\n"
    )


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    demand(nginx_missing())
    folder = tmp_path_factory.mktemp("nginx")
    folder.parent.chmod(0o755)  # where the tests run as root, nginx's processes do not
    folder.chmod(0o755)
    certify(folder)
    with socket.create_server(("127.0.0.1", 0)) as app:
        proxy = Proxy(free_port(), free_port(), app)
        configuration = folder / "nginx.conf"
        configuration.write_text(adapted(folder, proxy.plain, proxy.encrypted, app.getsockname()[1]))
        command = ["nginx", "-c", str(configuration), "-e", str(folder / "error.log")]
        subprocess.run([*command, "-t"], check=True, capture_output=True)
        nginx = subprocess.Popen(command)
        try:
            for _ in range(100):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", proxy.encrypted)) == 0:
                        break
                time.sleep(0.05)
            yield proxy
        finally:
            nginx.terminate()
            nginx.wait(10)


def head(length: int, *more: str) -> bytes:
    lines = ("POST /feedback HTTP/1.1", f"Host: {NAME}", f"Content-Length: {length}", *more)
    return "\r\n".join((*lines, "", "")).encode()


def reaches(app: socket.socket) -> bool:
    """Whether a request reaches the app within half a second."""
    app.settimeout(0.5)
    try:
        app.accept()[0].close()
    except TimeoutError:
        return False
    return True


def test_the_app_hears_of_a_request_once_it_is_whole(proxy: Proxy) -> None:
    forged = (
        "X-Forwarded-For: 6.6.6.6", "X-Forwarded-Host: evil.example", "X-Forwarded-Proto: http",
        "Forwarded: for=6.6.6.6", "X_Forwarded_For: 6.6.6.6",
    )  # fmt: skip
    with proxy.connect() as sender:
        sender.sendall(head(100, *forged) + b"a" * 50)
        assert not reaches(proxy.app)
        sender.sendall(b"a" * 50)
        proxy.app.settimeout(5)
        with proxy.app.accept()[0] as arrived:
            arrived.settimeout(5)
            request = b""
            while not request.endswith(b"a" * 100):
                request += arrived.recv(10_000)
            arrived.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
        assert sender.recv(1000).startswith(b"HTTP/1.1 204 ")
    headers = request.decode().lower().split("\r\n")
    assert [line for line in headers if "forwarded" in line] == [
        f"x-forwarded-host: {NAME}", "x-forwarded-for: 127.0.0.1", "x-forwarded-proto: https",
    ]  # fmt: skip
    assert "6.6.6.6" not in request.decode()


def test_a_silent_sender_is_sent_away_and_the_app_never_hears_of_it(proxy: Proxy) -> None:
    with proxy.connect() as sender:
        sender.sendall(head(100) + b"a" * 50)
        assert sender.recv(1000) == b""
    assert not reaches(proxy.app)


def test_what_is_too_long_is_refused_at_the_door(proxy: Proxy) -> None:
    with proxy.connect() as sender:
        sender.sendall(head(40_000_000))
        assert sender.recv(1000).startswith(b"HTTP/1.1 413 ")
    assert not reaches(proxy.app)


def test_without_encryption_there_is_only_a_pointer(proxy: Proxy) -> None:
    with socket.create_connection(("127.0.0.1", proxy.plain), timeout=10) as sender:
        sender.sendall(b"GET /login HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
        answer = sender.recv(1000).decode()
    assert answer.startswith("HTTP/1.1 301 ")
    assert f"Location: https://{NAME}/login" in answer
