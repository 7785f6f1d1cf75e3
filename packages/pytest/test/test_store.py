from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from pytest_clientele import ClienteleError

ADA = [{"email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace"}]


@pytest.mark.parametrize("name", ["one", "two"])
def test_each_begins_as_the_store_is(store, name):
    status, body = store.api("POST", "/v3/customers", ADA)
    assert (status, body["data"][0]["id"]) == (200, 2)
    store.expect({"method": "POST", "route": "/customers", "email": "ada@example.com"})
    with pytest.raises(AssertionError, match="method: want PUT, got"):
        store.expect({"method": "PUT", "route": "/customers"})
    assert len(store.requests(method="POST", unmatched=False)) == 1
    store.reset()
    assert len(store.api("GET", "/v3/customers")[1]["data"]) == 1


def test_stores_at_once(clientele):
    def work(_):
        store = clientele.store("abc123")
        store.api("POST", "/v3/customers", ADA)
        emails = sorted(c["email"] for c in store.api("GET", "/v3/customers")[1]["data"])
        store.delete()
        return emails

    with ThreadPoolExecutor(8) as pool:
        for emails in pool.map(work, range(16)):
            assert emails == ["ada@example.com", "jane@example.com"]


def test_faults_are_of_one_store(store, clientele):
    other = clientele.store()
    fault = store.fault({"match": {"surface": "v3", "method": "GET"}, "effect": {"status": {"code": 503}}, "times": 1})
    assert other.api("GET", "/v3/customers")[0] == 200
    assert [store.api("GET", "/v3/customers")[0] for _ in range(2)] == [503, 200]
    assert fault.counts() == (2, 1)
    assert store.requests(fault=fault.id)[0]["status"] == 503
    fault.remove()
    other.delete()


def test_clock_and_emails(store, clientele):
    clientele.clock.freeze()
    try:
        before = clientele.clock.now()
        done = clientele.clock.advance(timedelta(hours=48))
        assert clientele.clock.now() - before == timedelta(hours=48)
        assert done["complete"] and clientele.emails(to="nobody@example.com") == [] and store.emails() == []
    finally:
        clientele.clock.restore()
    with pytest.raises(ClienteleError) as refused:
        clientele.control("GET", "/nothing")
    assert refused.value.status == 404
