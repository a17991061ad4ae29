"""Other gateways, each started as its makers say, for a run side by side.

They are no part of gesso and nothing here installs them unasked: `python -m bench peers` puts
Portkey's and LiteLLM's into the system's temporary directory with the ordinary clients of their
registries. A peer that is missing is said to be missing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.gateway import KEY, running
from bench.load import request
from bench.site import CHAT, Gateway, Site

#: What is measured is what these versions do; a newer one is a new measurement.
PORTKEY, LITELLM = "1.15.2", "1.106.2"

PLACE = Path(os.environ.get("BENCH_PEERS", tempfile.gettempdir() + "/gesso-bench-peers"))
_GATEWAY = PLACE / "portkey/node_modules/@portkey-ai/gateway/build/start-server.js"
_LITELLM = PLACE / "litellm/bin/litellm"

_NGINX_CONF = """
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log /dev/null crit;
worker_rlimit_nofile 20000;
events {{ worker_connections 16384; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  keepalive_requests 1000000000;
  upstream models {{
    server 127.0.0.1:{upstream};
    keepalive 256;
    keepalive_requests 1000000000;
  }}
  server {{
    listen 127.0.0.1:{port} backlog=8192;
    location / {{
      proxy_pass http://models;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
      proxy_read_timeout 600s;
    }}
  }}
}}
"""

_LITELLM_CONF = """
model_list:
  - model_name: gpt-4o-mini
    litellm_params:
      model: openai/gpt-4o-mini
      api_base: http://127.0.0.1:{upstream}/v1
      api_key: up
general_settings:
  master_key: {key}
"""


class Nginx:
    """nginx as a plain reverse proxy: the least that any gateway has to do."""

    name, about = "nginx", "proxy_pass with keepalive; no key, no limits, no accounts"
    missing = "install the package nginx, or name the program in BENCH_NGINX"
    health = "/"

    def program(self) -> str | None:
        """Return what to run, or None where it is missing."""
        # Debian keeps it out of the path of ordinary users.
        return os.environ.get("BENCH_NGINX") or shutil.which(
            "nginx", path=os.environ.get("PATH", "") + ":/usr/sbin"
        )

    def chat(self, site: Site, body: bytes) -> bytes:
        """Return the request of a chat call."""
        return request("POST", CHAT, KEY, body)

    @contextmanager
    def started(self, site: Site) -> Iterator[subprocess.Popen[bytes]]:
        """Run it while the block lasts."""
        conf = site.folder / "nginx.conf"
        conf.write_text(
            _NGINX_CONF.format(folder=site.folder, port=site.port, upstream=site.upstream)
        )
        with running([str(self.program()), "-p", f"{site.folder}/", "-c", str(conf)], {}) as popen:
            yield popen


class Portkey:
    """Portkey's open gateway on Node."""

    name, about = "Portkey", f"gateway {PORTKEY}; no keys of its own, no limits, no accounts"
    missing = "python -m bench peers"
    health = "/"

    def program(self) -> str | None:
        """Return what to run, or None where it is missing."""
        return str(_GATEWAY) if _GATEWAY.exists() and shutil.which("node") else None

    def chat(self, site: Site, body: bytes) -> bytes:
        """Return the request of a chat call, which names the upstream."""
        host = f"http://127.0.0.1:{site.upstream}/v1"
        wanted = {"x_portkey_provider": "openai", "x_portkey_custom_host": host}
        return request("POST", CHAT, KEY, body, **wanted)

    @contextmanager
    def started(self, site: Site) -> Iterator[subprocess.Popen[bytes]]:
        """Run it while the block lasts."""
        command = ["node", str(self.program()), "--headless", f"--port={site.port}"]
        with running(command, _plain() | {"NODE_ENV": "production"}) as popen:
            yield popen


class LiteLLM:
    """LiteLLM's proxy on one worker."""

    name = "LiteLLM"
    about = f"proxy {LITELLM}; master key on, no database, so no limits and no accounts"
    missing = "python -m bench peers"
    health = "/health/liveliness"

    def program(self) -> str | None:
        """Return what to run, or None where it is missing."""
        return str(_LITELLM) if _LITELLM.exists() else None

    def chat(self, site: Site, body: bytes) -> bytes:
        """Return the request of a chat call."""
        return request("POST", CHAT, KEY, body)

    @contextmanager
    def started(self, site: Site) -> Iterator[subprocess.Popen[bytes]]:
        """Run it while the block lasts."""
        conf = site.folder / "litellm.yaml"
        conf.write_text(_LITELLM_CONF.format(upstream=site.upstream, key=KEY))
        command = [str(self.program()), "--config", str(conf), "--host", "127.0.0.1"]
        command += ["--port", str(site.port), "--num_workers", "1", "--telemetry", "False"]
        env = _plain() | {
            "LITELLM_MODE": "PRODUCTION",
            "LITELLM_LOG": "ERROR",
            # Prices from its package; otherwise its start asks the network.
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        }
        with running(command, env) as popen:
            yield popen


PEERS: tuple[Gateway, ...] = (Nginx(), Portkey(), LiteLLM())


def install() -> None:
    """Install the peers that come from package registries; nginx is the system's."""
    folder = PLACE / "portkey"
    folder.mkdir(parents=True, exist_ok=True)
    package = f"@portkey-ai/gateway@{PORTKEY}"
    npm = ["npm", "install", "--silent", "--no-fund", "--no-audit", "--prefix", str(folder)]
    subprocess.run([*npm, package], check=True)
    subprocess.run([sys.executable, "-m", "venv", str(PLACE / "litellm")], check=True)
    pip = [str(PLACE / "litellm/bin/python"), "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, f"litellm[proxy]=={LITELLM}"], check=True)
    for peer in PEERS:
        print(f"{peer.name}: {peer.program() or 'missing; ' + peer.missing}")


def _plain() -> dict[str, str]:
    return {k: os.environ[k] for k in ("PATH", "HOME", "LANG") if k in os.environ}
