'use strict';

// @space48/bigcommerce-api turns 204 and 404 of V2 into null.

const assert = require('node:assert/strict');
const { Management } = require('@space48/bigcommerce-api');
const { config, each, main } = require('./local');
const { person } = require('./people');

const { v2 } = new Management.Client(config);

main(async () => {
  const sent = Array.from({ length: 60 }, (_, i) => {
    const { first_name, last_name, email } = person(i);
    return { first_name, last_name, email };
  });
  const made = await each(sent, body => v2.post('/customers', { body }));
  assert.equal((await v2.get('/customers', { query: { limit: 250 } })).length, 61);
  assert.equal(await v2.get('/customers', { query: { page: 3 } }), null);
  assert.equal(await v2.get('/customers/{customer_id}', { path: { customer_id: 99999 } }), null);
  const path = { customer_id: made[0].id };
  assert.equal((await v2.put('/customers/{customer_id}', { path, body: { notes: 'N' } })).notes, 'N');
  await assert.rejects(v2.post('/customers', { body: sent[0] }), /409 - .*already in use/);

  const group = await v2.post('/customer_groups', { body: { name: 'Retail', is_default: true, discount_rules: [{ type: 'all', method: 'percent', amount: '5.0000' }] } });
  assert.deepEqual(group.discount_rules, [{ type: 'all', method: 'percent', amount: '5.0000' }]);
  assert.deepEqual((await v2.get('/customer_groups', { query: { is_default: true } })).map(g => g.id), [group.id]);
  assert.equal(await v2.delete('/customer_groups/{customer_group_id}', { path: { customer_group_id: group.id } }), null);

  await each(made, c => v2.delete('/customers/{customer_id}', { path: { customer_id: c.id } }));
  assert.deepEqual(await v2.get('/customers/count'), { count: 1 });
});
