const { useStore } = require('clientele/jest');

const store = useStore({ from: 'abc123' });

for (const name of ['one', 'two']) {
  test(`test ${name} begins as the store is`, async () => {
    const made = await store().api('POST', '/v3/customers', [{ email: 'ada@example.com', first_name: 'Ada', last_name: 'Lovelace' }]);
    expect(made.body.data[0].id).toBe(2);
    expect(await store().requests({ method: 'POST' })).toHaveLength(1);
  });
}
