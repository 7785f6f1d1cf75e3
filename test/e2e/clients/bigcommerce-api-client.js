'use strict';

// bigcommerce-api-client takes no agent; it uses the one of the process. It
// turns 404 of GET and DELETE into null, 204 of V2 into '', and dates into Dates.

const assert = require('node:assert/strict');
const https = require('node:https');
const { BigCommerceApiClient } = require('bigcommerce-api-client');
const { config, each, main } = require('./local');
const { person, check } = require('./people');

https.globalAgent = config.agent;
const COUNT = 130;
const ALL = -1; // the largest page
const client = new BigCommerceApiClient({ storeHash: config.storeHash, accessToken: config.accessToken, defaultLimit: 50, maxRetries: 0 });
const { customersV2: v2, customersV3: v3 } = client;

/** Dates as they came over the wire. */
function undated(c) {
  const wire = d => d.toISOString().replace('.000Z', 'Z');
  return { ...c, date_created: wire(c.date_created), date_modified: wire(c.date_modified) };
}

const ids = rows => rows.map(c => c.id).sort((a, b) => a - b);

main(async () => {
  // V3: create and update in batches, list, delete.
  const sent = Array.from({ length: COUNT }, (_, i) => person(i));
  const made = (await v3.createCustomers(sent)).data;
  assert.equal(made.length, COUNT);
  made.forEach((c, i) => check(undated(c), sent[i], { credit: true }));
  const all = await v3.getAllCustomers({ include: 'addresses,attributes,formfields' }, 1, ALL);
  assert.deepEqual(ids(all.data), [1, ...ids(made)]);
  const bySender = new Map(sent.map(c => [c.email, c]));
  all.data.filter(c => c.id !== 1).forEach(c => check(undated(c), bySender.get(c.email)));
  assert.equal((await v3.getAllCustomers({ 'id:in': [made[0].id, made[1].id] })).data.length, 2);
  const changed = (await v3.updateCustomers(made.map(c => ({ id: c.id, notes: `new ${c.id}` })))).data;
  assert.ok(changed.length === COUNT && changed.every(c => c.notes === `new ${c.id}`));
  await assert.rejects(v3.createCustomers([sent[0]]), /Response Status: 422/);
  await v3.deleteCustomers({ 'id:in': ids(made).slice(0, 30) });
  assert.equal((await v3.getAllCustomers()).meta.pagination.total, COUNT + 1 - 30);
  await v3.deleteCustomers({ 'id:in': ids(made) });

  // V2: one at a time.
  const plain = sent.slice(0, 60).map(({ first_name, last_name, email }) => ({ first_name, last_name, email, _authentication: { password: 'Secret-123' } }));
  const singles = await each(plain, c => v2.createCustomer(c));
  singles.forEach((c, i) => assert.equal(c.email, plain[i].email));
  assert.deepEqual(await v2.getCustomersCount(), { count: 61 });
  assert.deepEqual([...await v2.getAllCustomers({}, 1), ...await v2.getAllCustomers({}, 2)].map(c => c.id), [1, ...ids(singles)]);
  const [{ id }] = singles;
  assert.equal((await v2.updateCustomer(id, { company: 'Changed' })).company, 'Changed');
  assert.equal((await v2.getCustomer(id)).company, 'Changed');
  assert.deepEqual(await v2.customerPasswords.validatePassword(id, 'Secret-123'), { success: true });
  await v2.deleteCustomer(id);
  assert.equal(await v2.getCustomer(id), null);

  // The default group is one thing in both.
  const group = await v2.customerGroups.createCustomerGroup({ name: 'Retail', is_default: true });
  assert.equal((await v3.customerSettings.getCustomerSettings()).data.customer_group_settings.default_customer_group_id, group.id);
  await v3.customerSettings.updateCustomerSettings({ customer_group_settings: { default_customer_group_id: 0, guest_customer_group_id: group.id } });
  const now = await v2.customerGroups.getCustomerGroup(group.id);
  assert.deepEqual([now.is_default, now.is_group_for_guests], [false, true]);

  await v2.deleteCustomers();
  assert.deepEqual((await v3.getAllCustomers()).data, []);
});
