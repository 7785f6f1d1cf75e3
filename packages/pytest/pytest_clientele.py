"""Fixtures of pytest for Clientele, a stand-in for BigCommerce's customer APIs.

Copy this file beside your tests and load it in conftest.py:

    pytest_plugins = ["pytest_clientele"]

Then a test that takes ``store`` has a store of its own, so tests run at once:

    def test_sync(store, clientele):
        store.fault({"match": {"method": "POST"}, "effect": {"drop": "after_commit"}, "times": 1})
        sync(store.management_url, store.token)
        store.expect({"method": "POST", "route": "/customers"}, at_least=2)

The server is found by CLIENTELE_URL and CLIENTELE_CONTROL_TOKEN; a test's store
begins as the one that CLIENTELE_STORE names, or the server's first. It needs
Python 3.8 or newer, and nothing else.
"""

import json
import os
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from datetime import datetime, timedelta, timezone

import pytest

# How long a request may take: a clock that is moved far works for 50 seconds.
PATIENCE = 60

# Proxies are not for a server of tests.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class ClienteleError(Exception):
    """An answer that is an error."""

    def __init__(self, method, path, status, body):
        title = body.get("title") if isinstance(body, dict) else body
        super().__init__(f"{method} {path}: {status} {title or body}")
        self.status = status
        self.body = body


def _request(method, url, body=None, headers=None):
    """Makes a request, and returns the status and the body: what it says as JSON, else a text."""
    data = None
    headers = {"Accept": "application/json", **(headers or {})}
    if body is not None:
        data = (body if isinstance(body, str) else json.dumps(body)).encode()
        headers.setdefault("Content-Type", "application/json")
    request = urllib.request.Request(url, data=data, method=method, headers=headers)
    try:
        with _OPENER.open(request, timeout=PATIENCE) as answer:
            status, text = answer.status, answer.read().decode()
    except urllib.error.HTTPError as err:
        with err:
            status, text = err.code, err.read().decode()
    try:
        return status, json.loads(text) if text else None
    except ValueError:
        return status, text


def _query(members):
    return urllib.parse.urlencode({name: str(v).lower() if isinstance(v, bool) else v for name, v in members.items()})


class Clock:
    """The clock behind all dates of a server. All stores of a server share it."""

    def __init__(self, server):
        self._server = server

    def now(self):
        return _time(self._server.control("GET", "/clock")["now"])

    def advance(self, by):
        """Moves the clock by a timedelta, or to a time, from one due time to the next, and does what is due there."""
        to = by if isinstance(by, datetime) else self.now() + by
        jobs, deliveries = {}, 0
        while True:
            done = self._server.control("POST", "/clock/advance", {"to": to.isoformat()})
            for kind, n in done["jobs"].items():
                jobs[kind] = jobs.get(kind, 0) + n
            deliveries += done["deliveries"]
            if done["complete"]:
                return {**done, "jobs": jobs, "deliveries": deliveries}

    def set(self, to):
        """Moves the clock to a later time. What is due by then is done once."""
        return self._server.control("PUT", "/clock", {"now": to.isoformat()})

    def freeze(self, still=True):
        return self._server.control("PUT", "/clock", {"frozen": still})

    def restore(self):
        """Has the clock show the machine's time again."""
        return self._server.control("DELETE", "/clock")


def _time(text):
    # Python before 3.11 reads neither Z nor nanoseconds.
    whole, fraction = re.fullmatch(r"([^.Z]+)(?:\.(\d+))?Z", text).groups()
    return datetime.fromisoformat(whole).replace(tzinfo=timezone.utc) + timedelta(microseconds=int(((fraction or "") + "000000")[:6]))


class Fault:
    """A rule at work."""

    def __init__(self, server, id):
        self._server = server
        self.id = id

    def counts(self):
        """How many matched the rule, and how many of those it had fail."""
        for rule in self._server.control("GET", "/faults")["data"]:
            if rule["id"] == self.id:
                return rule["seen"], rule["fired"]
        raise LookupError(f"{self.id} was removed")

    def remove(self):
        self._server.control("DELETE", f"/faults/{self.id}")


class Clientele:
    """A server of development mode."""

    def __init__(self, url=None, token=None):
        self.url = (url or os.environ.get("CLIENTELE_URL") or "http://127.0.0.1:8080").rstrip("/")
        self._token = token if token is not None else os.environ.get("CLIENTELE_CONTROL_TOKEN")
        self.clock = Clock(self)

    def _ask(self, method, path, body=None):
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        status, answer = _request(method, self.url + path, body, headers)
        if status >= 300:
            raise ClienteleError(method, path, status, answer)
        return answer

    def control(self, method, path, body=None):
        """Makes a request under /_clientele/v1, and returns what it answers."""
        return self._ask(method, "/_clientele/v1" + path, body)

    def ready(self, timeout=30):
        """Waits until the server is ready."""
        until = time.monotonic() + timeout
        while True:
            try:
                status = self.status()
                if status["ready"]:
                    return status
            except ClienteleError as err:
                if err.status < 500:
                    raise
            except OSError:
                if time.monotonic() > until:
                    raise
            if time.monotonic() > until:
                raise TimeoutError(f"{self.url} is not ready")
            time.sleep(0.05)

    def status(self):
        return self.control("GET", "/status")

    def reset(self, **members):
        """Brings the server back to what there was after its seeds."""
        return self.control("POST", "/reset", members)

    def seed(self, document, baseline=False):
        """Applies a seed file: YAML or JSON as text, or a dict."""
        return self.control("POST", f"/seed?baseline={str(baseline).lower()}", document)

    def snapshot(self, name, **members):
        return self.control("PUT", f"/snapshots/{urllib.parse.quote(name, safe='')}", members)

    def restore(self, name, **members):
        return self.control("POST", f"/snapshots/{urllib.parse.quote(name, safe='')}/restore", members)

    def store(self, source=None, hash=None):
        """Makes a store for one test, which holds what the store of a hash does, or snapshot:NAME."""
        source = source or os.environ.get("CLIENTELE_STORE")
        if not source:
            stores = self.status()["stores"]
            if not stores:
                raise LookupError("the server has no store: give it a seed")
            source = stores[0]["store_hash"]
        return Store(self, self.control("POST", "/stores", {"from": source, **({"hash": hash} if hash else {})}))

    def fault(self, rule):
        """Has what the rule says fail from now on."""
        return Fault(self, self.control("POST", "/faults", rule)["id"])

    def requests(self, **filter):
        """The last requests that a filter matches, the newest first."""
        return self.control("GET", "/requests?" + _query(filter))["data"]

    def expect(self, match, at_least=1):
        """Fails unless requests match a filter, and tells which came nearest."""
        try:
            return self.control("POST", "/requests/expect", {"match": match, "at_least": at_least})
        except ClienteleError as err:
            if err.status != 409:
                raise
            near = "".join(
                f"\n  {m['method']} {m['path']} ({m['status']})" + "".join(f"\n    {d['field']}: want {d['want']}, got {d['got']}" for d in m["differences"])
                for m in err.body.get("nearest") or []
            )
            matched = err.body["matched"]
        raise AssertionError(f"{matched} requests match, want {at_least} or more; nearest:{near}")

    def emails(self, **filter):
        """The emails that were sent, the newest first, once all that is due has been sent."""
        self.control("POST", "/clock/advance", {"by": "0s"})
        return self._ask("GET", "/_clientele/outbox.json?" + _query(filter))["data"]


class Store:
    """A store of a server."""

    def __init__(self, server, made):
        self.server = server
        self.hash = made["store_hash"]
        # The server may be reached under another port than it knows of.
        self.management_url = f"{server.url}/stores/{self.hash}"
        storefront, at = urllib.parse.urlsplit(made["storefront_url"]), urllib.parse.urlsplit(server.url)
        host = storefront.netloc
        if (storefront.hostname or "").endswith(".localhost"):
            host = storefront.hostname + (f":{at.port}" if at.port else "")
        self.storefront_url = f"{storefront.scheme}://{host}"
        self.accounts = made["accounts"]
        first = self.accounts[0] if self.accounts else {}
        self.token = first.get("access_token")
        self.client_id = first.get("client_id")
        self.client_secret = first.get("client_secret")

    def api(self, method, path, body=None):
        """Makes a request to the management API, and returns the status and the body; path is one such as /v3/customers."""
        return _request(method, self.management_url + path, body, {"X-Auth-Token": self.token})

    def emails(self, **filter):
        return self.server.emails(**{**filter, "store": self.hash})

    def requests(self, **filter):
        return self.server.requests(**{**filter, "store": self.hash})

    def expect(self, match, at_least=1):
        return self.server.expect({**match, "store": self.hash}, at_least)

    def fault(self, rule):
        """Has requests to this store fail as the rule says."""
        return self.server.fault({**rule, "match": {**rule.get("match", {}), "store": self.hash}})

    def reset(self):
        return self.server.reset(stores=[self.hash], keep=["clock", "faults", "journal"])

    def delete(self):
        self.server.control("DELETE", f"/stores/{self.hash}")


@pytest.fixture(scope="session")
def clientele():
    """The server that CLIENTELE_URL names."""
    server = Clientele()
    server.ready()
    return server


@pytest.fixture(scope="session")
def clientele_from():
    """The store that each test's begins as: override it to name another, or snapshot:NAME."""
    return None


@pytest.fixture
def store(clientele, clientele_from):
    """The test's own store."""
    made = clientele.store(clientele_from)
    yield made
    made.delete()
