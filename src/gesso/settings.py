"""Settings: read once from the environment, frozen, handed down from the front hall.

Nobody else reads the environment (a test checks). Every field says what it means and its
unit; `docs/reference/settings.md` is made from here. A value may also come from a file:
`GESSO_ADMIN_KEY_FILE=/run/secrets/key`. Unknown `GESSO_…` names are refused, because a
misspelt limit is worse than none.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from gesso.domain.errors import BadSettings

#: Settings that are one of a few words.
_ROLES = ("admin", "operator", "viewer", "member")
_CHOICES = {
    "mask_polarity": ("light", "transparent"),
    "channel_rule": ("best_wait", "round_robin", "weighted", "random", "fill"),
    "oidc_create": ("", *_ROLES),
    "outage": ("move", "wait", "refuse"),
}


def _setting(default: Any, meaning: str, *, secret: bool = False) -> Any:
    return field(default=default, metadata={"meaning": meaning, "secret": secret})


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of one gesso process."""

    host: str = _setting("127.0.0.1", "Address to listen on. A public one needs GESSO_ADMIN_KEY.")
    port: int = _setting(8080, "TCP port to listen on.")
    data_dir: Path = _setting(Path("./gesso-data"), "Directory of the database and the pictures.")
    database_url: str = _setting(
        "",
        "Where tasks and money live: empty for SQLite in the data directory, or postgresql://…",
        secret=True,
    )
    admin_key: str = _setting(
        "", "First admin key, set by the operator; empty draws one and prints it once.", secret=True
    )
    secret_key: str = _setting(
        "",
        "Keys that seal the credentials of channels in the database, comma separated: the first "
        "seals, all of them open. Empty: drawn into `secret.key` of the data directory. Set it "
        "where several machines share a database.",
        secret=True,
    )
    public_url: str = _setting(
        "", "How clients reach this gateway; starts every picture link. Empty: http://host:port."
    )
    blob_url: str = _setting(
        "", "Where pictures are kept: empty for the data directory, or s3://bucket/prefix."
    )
    s3_endpoint: str = _setting("", "Endpoint of the S3-compatible store; empty for the default.")
    s3_region: str = _setting("us-east-1", "Region of the S3-compatible store.")
    s3_access_key: str = _setting("", "Access key of the S3-compatible store.", secret=True)
    s3_secret_key: str = _setting("", "Secret key of the S3-compatible store.", secret=True)
    worker_inside: bool = _setting(
        True, "Whether `gesso serve` also runs a worker (always so on SQLite)."
    )
    worker_tasks: int = _setting(
        256, "Most tasks that one worker holds at once, over all channels."
    )
    heartbeat_s: float = _setting(
        6.0, "Seconds without a worker's heartbeat until its tasks run elsewhere."
    )
    upstream_poll_s: float = _setting(
        1.0, "Seconds between two looks at a young task of an upstream; older ones are seen less."
    )
    upstream_answer_s: float = _setting(
        30.0, "Seconds until an upstream of tasks must have answered a call."
    )
    upstream_retry_s: float = _setting(
        1.0, "Seconds before an upstream that failed is asked again; grows with every failure."
    )
    channel_rule: str = _setting(
        "best_wait",
        "How a channel is picked among equals: best_wait, round_robin, weighted, random or fill.",
    )
    outage: str = _setting(
        "move",
        "What happens to tasks of a channel that rests after failures: `move` them to another "
        "one that can serve them, let them `wait`, or `refuse` new ones when no other can.",
    )
    outage_wait_s: float = _setting(
        600.0, "Seconds a task waits for a channel that rests before it fails, at no cost."
    )
    breaker_failures: int = _setting(5, "Failures in a row after which a channel rests.")
    breaker_rest_s: float = _setting(
        15.0, "First rest of a failing channel, in seconds; each further one is twice as long."
    )
    notify_hook: str = _setting("", "URL told of every task that names no notifyHook of its own.")
    callback_private: str = _setting(
        "",
        "Networks in CIDR form, comma separated, that callbacks may reach though they are private.",
    )
    callback_timeout_s: float = _setting(10.0, "Seconds a receiver may take to answer a callback.")
    callback_hours: float = _setting(24.0, "Hours for which an unanswered callback is retried.")
    callback_ports: str = _setting(
        "80,443",
        "Ports below 1024 that callbacks may reach, comma separated; those above always may.",
    )
    delivery_days: float = _setting(30.0, "Days for which the log of callbacks is kept.")
    max_admin_body_bytes: int = _setting(
        256 * 1024, "Largest request body of the admin API, in bytes."
    )
    max_body_bytes: int = _setting(
        80 * 1024 * 1024, "Largest request body, in bytes (five base64 pictures fit)."
    )
    max_prompt_chars: int = _setting(8192, "Longest prompt, in characters.")
    max_picture_bytes: int = _setting(12 * 1024 * 1024, "Largest input picture, in bytes.")
    max_picture_pixels: int = _setting(50_000_000, "Largest input picture, in pixels.")
    max_picture_frames: int = _setting(200, "Most frames of an animated input picture.")
    max_result_bytes: int = _setting(
        256 * 1024 * 1024, "Largest single result that an upstream may deliver, in bytes."
    )
    mask_polarity: str = _setting(
        "light",
        "Which pixels of a mask are repainted: `light` (opaque and light ones) or `transparent`.",
    )
    fetch_private: str = _setting(
        "",
        "Networks in CIDR form, comma separated, that picture links may reach though private.",
    )
    upload_hours: float = _setting(72.0, "Hours for which uploaded pictures are kept.")
    max_pictures: int = _setting(5, "Most input pictures of one request.")
    max_list: int = _setting(500, "Most ids of one list-by-condition, most rows of one list.")
    max_streams: int = _setting(20_000, "Most event streams that one process holds open.")
    events_keep_s: float = _setting(
        3600.0,
        "Seconds for which the snapshots of watched tasks are kept, for event streams that are "
        "taken up again with Last-Event-ID.",
    )
    picture_days: float = _setting(30.0, "Days for which result pictures are kept.")
    link_hours: float = _setting(
        720.0, "Hours for which a signed picture link works; never longer than the picture."
    )
    banned_words: str = _setting("", "Words that no prompt may hold, comma separated, whole-word.")
    translate_model: str = _setting(
        "",
        "Chat model of a channel that translates prompts into English; empty leaves them as "
        "they are.",
    )
    translate_timeout_s: float = _setting(
        10.0, "Seconds the translator may take; after that the prompt stays as it is."
    )
    moderate_model: str = _setting(
        "", "Moderation model of a channel that checks orders; empty checks none."
    )
    moderate_always: bool = _setting(False, "Check every order, not only those with `nsfw_check`.")
    moderate_timeout_s: float = _setting(
        10.0, "Seconds the moderation may take; after that the order is refused."
    )
    sandbox_paint_s: float = _setting(
        2.5, "Seconds that the sandbox takes for a picture, as a real backend would; 0 in tests."
    )
    sandbox_pixels: int = _setting(
        640 * 640, "Pixels of each single picture that the sandbox paints."
    )
    sandbox_video_s: float = _setting(
        5.2, "Length of the clips that the sandbox films, in seconds."
    )
    relay_body_bytes: int = _setting(
        32 * 1024 * 1024, "Largest body of a relayed request, uploads included, in bytes."
    )
    relay_buffer_bytes: int = _setting(
        256 * 1024 * 1024, "Most bytes of relayed JSON bodies that are held in memory at once."
    )
    relay_messages: int = _setting(2048, "Most messages of one chat request.")
    relay_output_tokens: int = _setting(
        4096, "Tokens of an answer that are paid for in advance when a request names no maximum."
    )
    relay_connect_s: float = _setting(5.0, "Seconds until a model upstream must be connected.")
    relay_first_byte_s: float = _setting(
        120.0, "Seconds until a model upstream must begin its answer; then another is tried."
    )
    relay_idle_s: float = _setting(120.0, "Seconds a model upstream may be silent in mid-answer.")
    relay_total_s: float = _setting(3600.0, "Seconds one relayed call may last.")
    relay_attempts: int = _setting(
        3, "How often a call is tried, over all keys and channels, before the first byte."
    )
    picture_wait_s: float = _setting(
        120.0, "Seconds a synchronous picture request waits for its task."
    )
    public_prices: bool = _setting(
        False, "Whether anybody may read the price list (/prices, /pricing.json) without a key."
    )
    oidc_issuer: str = _setting(
        "",
        "OpenID Connect issuer that people may log in to the console by, such as "
        "https://login.example.com/realms/main; empty for none. docs/howto/console.md tells more.",
    )
    oidc_client_id: str = _setting("", "Client id of this gateway at the issuer.")
    oidc_client_secret: str = _setting(
        "", "Client secret at the issuer; empty for a public client, which has none.", secret=True
    )
    oidc_name: str = _setting(
        "", "What the button of the log-in page calls the issuer; empty for its host."
    )
    oidc_scopes: str = _setting("openid email profile", "Scopes asked of the issuer.")
    oidc_name_claim: str = _setting(
        "email",
        "Claim that names the user at their first log-in. Of `email`, only a verified one counts.",
    )
    oidc_create: str = _setting(
        "",
        "Role of people who are not users yet: admin, operator, viewer or member. Empty refuses "
        "them, and people without a role where GESSO_OIDC_ROLE_CLAIM is set.",
    )
    oidc_account: str = _setting("acc_first", "Account of users that a log-in creates.")
    oidc_role_claim: str = _setting(
        "",
        "Claim, also a path such as realm_access.roles, that sets the role at every log-in by "
        "GESSO_OIDC_ROLES; empty leaves roles to the page Users.",
    )
    oidc_roles: str = _setting(
        "",
        "What the values of that claim mean, comma separated, such as gesso-admins=admin,"
        "staff=member; of several, the role that may do most counts.",
    )
    oidc_private: str = _setting(
        "",
        "Networks in CIDR form, comma separated, where the issuer may be though they are private; "
        "only then may its URL start with http://.",
    )
    oidc_timeout_s: float = _setting(10.0, "Seconds the issuer may take to answer a call.")
    free_balance: str = _setting(
        "10", "US dollars credited to the first account of a fresh installation, for trying out."
    )
    log_json: bool = _setting(False, "Log one JSON object per line instead of readable text.")

    @property
    def distributed(self) -> bool:
        """Whether tasks live in PostgreSQL, shared by many processes."""
        return self.database_url.startswith(("postgresql://", "postgres://"))

    @property
    def callback_port_numbers(self) -> tuple[int, ...]:
        """Ports below 1024 that callbacks may reach; raises BadSettings for what is none."""
        parts = [part.strip() for part in self.callback_ports.split(",") if part.strip()]
        if not all(p.isascii() and p.isdigit() and 0 < int(p[:6]) < 1024 for p in parts):
            raise BadSettings("GESSO_CALLBACK_PORTS must be ports of 1–1023, comma separated")
        return tuple(int(part) for part in parts)

    @property
    def oidc_role_names(self) -> dict[str, str]:
        """Roles by what the issuer calls them; raises BadSettings for what is no role."""
        parts = [part.strip() for part in self.oidc_roles.split(",") if part.strip()]
        pairs = [
            (part.rpartition("=")[0].strip(), part.rpartition("=")[2].strip()) for part in parts
        ]
        if not all(theirs and ours in _ROLES for theirs, ours in pairs):
            raise BadSettings(
                f"GESSO_OIDC_ROLES: each is name=role, with one of {', '.join(_ROLES)}"
            )
        return dict(pairs)

    @property
    def base_url(self) -> str:
        """Start of every link we give out, without a trailing slash."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    def listens_publicly(self) -> bool:
        """Whether the address to listen on can be reached from other machines."""
        if self.host in {"localhost", ""}:
            return self.host == ""
        try:
            return not ipaddress.ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return True


def read(environ: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """Read the settings once; raises BadSettings naming the variable at fault."""
    environ = os.environ if environ is None else environ
    known = {f"GESSO_{f.name.upper()}": f for f in fields(Settings)}
    values: dict[str, Any] = {}
    for name, text in environ.items():
        if not name.startswith("GESSO_"):
            continue
        source = name.removesuffix("_FILE") if name not in known else name
        if source not in known:
            raise BadSettings(f"{name} is not a setting of gesso; see docs/reference/settings.md")
        if source != name:
            text = _read_file(name, text)
        values[known[source].name] = _convert(source, text, known[source].default)
    values |= {name: value for name, value in overrides.items() if value is not None}
    settings = Settings(**values)
    _check(settings)
    return settings


def _read_file(name: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise BadSettings(f"{name}: cannot read {path}: {error.strerror}") from error


def _convert(name: str, text: str, default: Any) -> Any:
    try:
        if isinstance(default, bool):
            return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}[
                text.strip().lower()
            ]
        return type(default)(text) if not isinstance(default, Path) else Path(text)
    except (ValueError, KeyError) as error:
        kind = {bool: "1 or 0", int: "a whole number", float: "a number"}.get(type(default), "text")
        raise BadSettings(f"{name} must be {kind}, not {text[:60]!r}") from error


def _check(settings: Settings) -> None:
    for f in fields(settings):
        value = getattr(settings, f.name)
        if isinstance(value, int | float) and not isinstance(value, bool) and not 0 <= value < 1e15:
            raise BadSettings(f"GESSO_{f.name.upper()} must not be negative")
    if not 0 < settings.port < 65536:
        raise BadSettings(f"GESSO_PORT must be 1–65535, not {settings.port}")
    if settings.database_url and not settings.distributed:
        raise BadSettings(
            "GESSO_DATABASE_URL must start with postgresql://; leave it empty for SQLite"
        )
    for name, known in _CHOICES.items():
        if getattr(settings, name) not in known:
            raise BadSettings(f"GESSO_{name.upper()} must be one of {', '.join(known)}")
    _ = settings.callback_port_numbers  # wrong ones are told at the start
    _check_oidc(settings)
    if settings.public_url and urlsplit(settings.public_url).scheme not in {"http", "https"}:
        raise BadSettings("GESSO_PUBLIC_URL must start with http:// or https://")
    if settings.admin_key and not (
        settings.admin_key.startswith("sk-") and len(settings.admin_key) >= 24
    ):
        raise BadSettings("GESSO_ADMIN_KEY must start with sk- and have at least 24 characters")


def _check_oidc(settings: Settings) -> None:
    issuer = urlsplit(settings.oidc_issuer)
    if not settings.oidc_issuer:
        return
    if not settings.oidc_client_id:
        raise BadSettings("GESSO_OIDC_ISSUER needs GESSO_OIDC_CLIENT_ID")
    schemes = {"https", "http"} if settings.oidc_private else {"https"}
    if issuer.scheme not in schemes or not issuer.netloc or issuer.query or issuer.fragment:
        raise BadSettings(
            "GESSO_OIDC_ISSUER must be an https:// URL without a query; http:// is for issuers "
            "in the networks of GESSO_OIDC_PRIVATE"
        )
    if bool(settings.oidc_role_claim) != bool(settings.oidc_role_names):
        raise BadSettings("GESSO_OIDC_ROLE_CLAIM and GESSO_OIDC_ROLES need each other")
    if "openid" not in settings.oidc_scopes.split():
        raise BadSettings("GESSO_OIDC_SCOPES must hold openid")
