import { describe, expect } from 'vitest';
import { Clientele } from 'clientele';
import { test } from 'clientele/vitest';

const ada = [{ email: 'ada@example.com', first_name: 'Ada', last_name: 'Lovelace' }];

describe.concurrent('tests at once have a store each', () => {
  for (let i = 0; i < 8; i++) {
    test(`${i}`, async ({ store, expect }) => {
      const made = await store.api('POST', '/v3/customers', ada);
      expect(made.status).toBe(200);
      const all = await store.api('GET', '/v3/customers');
      expect(all.body.data.map(c => c.email).sort()).toEqual(['ada@example.com', 'jane@example.com']);
      await store.expect({ method: 'POST', route: '/customers', email: 'ada@example.com' });
      await expect(store.expect({ method: 'PUT', route: '/customers' })).rejects.toThrow('method: want PUT, got');
    });
  }
});

test('faults are of one store', async ({ store, clientele }) => {
  const other = await clientele.store();
  const fault = await store.fault({ match: { surface: 'v3', route: '/customers', method: 'GET' }, effect: { status: { code: 503 } }, times: 1 });
  expect((await other.api('GET', '/v3/customers')).status).toBe(200);
  expect((await store.api('GET', '/v3/customers')).status).toBe(503);
  expect((await store.api('GET', '/v3/customers')).status).toBe(200);
  expect(await fault.counts()).toEqual({ seen: 2, fired: 1 });
  const [hit] = await store.requests({ fault: fault.id });
  expect(hit).toMatchObject({ status: 503, route: '/customers', faults: [fault.id] });
  await fault.remove();
  await other.delete();
});

test('a store goes back to how it was made', async ({ store }) => {
  await store.api('POST', '/v3/customers', ada);
  await store.reset();
  expect((await store.api('GET', '/v3/customers')).body.data).toHaveLength(1);
});

test('a server of its own', async () => {
  const server = await Clientele.launch();
  try {
    await server.seed({ stores: [{ hash: 'own1', api_accounts: [{ name: 'app', client_id: 'c', client_secret: 's', access_token: 't', scopes: ['all'] }] }] }, { baseline: true });
    const store = await server.store({ from: 'own1' });
    await server.clock.freeze();
    const before = await server.clock.now();
    await server.clock.advance('1h30m');
    expect((await server.clock.now()) - before).toBe(5_400_000);
    await server.clock.advance(new Date(before.getTime() + 7_200_000));
    expect((await server.clock.now()) - before).toBe(7_200_000);
    const res = await fetch(`${server.url}/api/storefront/customers`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ firstName: 'A', lastName: 'B', email: 'new@example.com', password: 'a good pass 9' }),
    });
    expect(res.status).toBeLessThan(300);
    expect(await server.emails({ to: 'new@example.com' })).toMatchObject([{ kind: 'account_created' }]);
    await server.snapshot('one');
    await store.api('POST', '/v3/customers', ada);
    await server.restore('one');
    expect((await store.api('GET', '/v3/customers')).body.data).toHaveLength(0);
    await server.reset();
    expect(await server.emails()).toEqual([]);
    await expect(store.server.control('GET', '/nothing')).rejects.toMatchObject({ status: 404 });
  } finally {
    await server.stop();
  }
  await expect(server.status()).rejects.toThrow();
  await expect(Clientele.launch({ args: ['--no-such-flag'] })).rejects.toThrow('no-such-flag');
});
