"""Where local services keep their files, and as which account they run.

PostgreSQL refuses to run as root, so root drops to an existing unprivileged account. That account must be able to reach
its data and its binaries; where a clone lies in a private folder such as /root, both go to PRIVATE_CLONE_ROOT instead.
"""

import hashlib
import os
import pwd
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path

from webapp.local.errors import LocalServiceError

UNPRIVILEGED_ACCOUNTS = ("postgres", "nobody")
PRIVATE_CLONE_ROOT = Path("/var/lib/densepose-annotation")
# A socket's whole path must fit into 107 bytes, so sockets lie in short folders here and not in the clone.
SOCKET_ROOT = Path("/tmp")  # noqa: S108 - folders in it are 0700 and their owner is checked


@dataclass(frozen=True)
class Account:
    """A system account that a service runs as."""

    name: str
    uid: int
    gid: int


def service_account() -> Account | None:
    """Return the account that root drops to; None where this process is not root.

    Raises:
        LocalServiceError: the machine has none of the usual unprivileged accounts.
    """
    if os.geteuid() != 0:
        return None
    for name in UNPRIVILEGED_ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(name, entry.pw_uid, entry.pw_gid)
    raise LocalServiceError(
        "PostgreSQL does not run as root and this machine has no account named "
        f"{' or '.join(UNPRIVILEGED_ACCOUNTS)}. Run as another user, or set DATABASE_URL to a server of your own."
    )


def digest_of(folder: Path) -> str:
    """Return eight hex digits that stand for a folder's real path."""
    return hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:8]


def can_reach(path: Path, account: Account | None) -> bool:
    """Tell whether the account may read `path` and enter every folder above it."""
    if account is None:
        return True
    path = path.resolve()
    wanted = stat.S_IRUSR | (stat.S_IXUSR if path.is_dir() else 0)
    return _allows(path.stat(), account, wanted) and all(
        _allows(folder.stat(), account, stat.S_IXUSR) for folder in path.parents
    )


def _allows(status: os.stat_result, account: Account, wanted: int) -> bool:
    if status.st_uid == account.uid:
        return status.st_mode & wanted == wanted
    shift = 3 if status.st_gid == account.gid else 6
    return status.st_mode & (wanted >> shift) == wanted >> shift


def home_of(service: str, var: Path, account: Account | None) -> Path:
    """Return the folder for a service's own files: in `var` where its account can reach that, else a place apart.

    The folder itself is made, owned by the account, mode 0700.
    """
    var.mkdir(parents=True, exist_ok=True)
    if can_enter(var, account):
        home = var / service
    else:
        apart = PRIVATE_CLONE_ROOT / _identity_of(var)
        apart.mkdir(parents=True, exist_ok=True)
        for folder in (PRIVATE_CLONE_ROOT, apart):
            folder.chmod(0o755)
        (var / f"{service}.where").write_text(f"{apart / service}\n")
        home = apart / service
    private_folder(home, account)
    return home


def _identity_of(var: Path) -> str:
    """Return a name made once for `var`: a folder that was removed and made again must not find the old one's data."""
    file = var / "identity"
    if not file.exists():
        write_private(file, secrets.token_hex(6))
    return file.read_text().strip()


def can_enter(folder: Path, account: Account | None) -> bool:
    """Tell whether the account may pass through `folder` and every folder above it."""
    if account is None:
        return True
    folder = folder.resolve()
    return all(_allows(each.stat(), account, stat.S_IXUSR) for each in (folder, *folder.parents))


def socket_folder(service: str, home: Path, account: Account | None) -> Path:
    """Return a short private folder for the service's socket, made where it is missing."""
    folder = SOCKET_ROOT / f"dpa-{service}-{digest_of(home)}"
    private_folder(folder, account)
    return folder


def private_folder(folder: Path, account: Account | None) -> None:
    """Make `folder` with mode 0700 for the account; refuse one that belongs to somebody else.

    Raises:
        LocalServiceError: the name is taken by another owner, a link or a file.
    """
    owner = os.geteuid() if account is None else account.uid
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        status = folder.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid not in {owner, os.geteuid()}:
            raise LocalServiceError(
                f"{folder} exists and does not belong to this account. Remove it, or name another place in DPA_VAR_DIR."
            ) from None
    if account is not None:
        os.chown(folder, account.uid, account.gid)
    folder.chmod(0o700)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner reads, whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)
