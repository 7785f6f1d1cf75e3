'use strict';

// node-bigcommerce speaks V2 unless told otherwise, in JSON or in XML.

const assert = require('node:assert/strict');
const BigCommerce = require('node-bigcommerce');
const { config, each, main } = require('./local');
const { person } = require('./people');

const COUNT = 120;
const json = new BigCommerce(config);
const xml = new BigCommerce({ ...config, responseType: 'xml' });

async function refusal(promise) {
  const err = await promise.then(() => assert.fail('a request that must be refused succeeded'), e => e);
  assert.ok(err.code, err);
  return { code: err.code, body: err.responseBody };
}

main(async () => {
  // Create, read and page through.
  const sent = Array.from({ length: COUNT }, (_, i) => {
    const { first_name, last_name, email } = person(i);
    return { first_name, last_name, email, store_credit: i / 4, _authentication: { password: 'Secret-123', password_confirmation: 'Secret-123' } };
  });
  const made = await each(sent, c => json.post('/customers', c));
  made.forEach((c, i) => {
    assert.equal(c.email, sent[i].email);
    assert.equal(c.store_credit, (i / 4).toFixed(4));
    assert.equal(c.form_fields, null);
    assert.match(c.date_created, /^\w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} \+0000$/);
    assert.equal(c.addresses.resource, `/customers/${c.id}/addresses`);
  });
  const rows = [];
  for (let page = 1; ; page++) {
    const some = await json.get(`/customers?limit=50&page=${page}`);
    if (some === '') break; // past the end
    rows.push(...some);
  }
  assert.deepEqual(rows.map(c => c.id), [1, ...made.map(c => c.id).sort((a, b) => a - b)]);
  assert.deepEqual(await json.get('/customers/count'), { count: COUNT + 1 });
  assert.deepEqual((await json.get(`/customers?email=${encodeURIComponent(sent[7].email)}`)).map(c => c.id), [made[7].id]);
  assert.equal(await json.get('/customers?email=nobody@example.com'), '');

  // The same in XML.
  const one = await xml.get(`/customers/${made[3].id}`);
  assert.match(one, /^<\?xml version="1.0" encoding="UTF-8"\?>\n<customer><id>/);
  assert.ok(one.includes(`<link rel="resource" href="`) && one.includes(`/customers/${made[3].id}/addresses.xml">`));
  assert.match(await xml.get('/customers?limit=2'), /<customers>(<customer>.*<\/customer>){2}<\/customers>/);
  assert.equal((await xml.get('/customers?page=99')), '');
  assert.match((await refusal(xml.get('/customers/99999'))).body, /<errors><error><status>404<\/status>/);

  // Update, check passwords, refusals.
  const changed = await json.put(`/customers/${made[0].id}`, { company: 'Changed', _authentication: { force_reset: true } });
  assert.deepEqual({ ...changed, date_modified: '' }, { ...made[0], company: 'Changed', reset_pass_on_login: true, date_modified: '' });
  assert.deepEqual(await json.post(`/customers/${made[0].id}/validate`, { password: 'Secret-123' }), { success: true });
  assert.deepEqual(await json.post(`/customers/${made[0].id}/validate`, { password: 'secret-123' }), { success: false });
  assert.deepEqual(JSON.parse((await refusal(json.post('/customers', { ...sent[0], email: 'abcd' }))).body), [{ status: 400, message: "The field 'email' is invalid." }]);
  assert.equal((await refusal(json.post('/customers', sent[0]))).code, 409);
  assert.equal((await refusal(json.get('/customers?colour=red'))).code, 400);

  // Addresses.
  const address = { first_name: 'Jane', last_name: 'Doe', street_1: '1 Main Street', city: 'Austin', state: 'Texas', zip: '78726', country: 'United States', phone: '1' };
  const book = `/customers/${made[0].id}/addresses`;
  const added = await json.post(book, address);
  assert.equal(added.country_iso2, 'US');
  assert.deepEqual(await json.get(book), [added]);
  assert.deepEqual(await json.put(`${book}/${added.id}`, { ...added, city: 'Dallas' }), { ...added, city: 'Dallas' });
  assert.equal(await json.delete(book), '');
  assert.deepEqual(await json.get(`${book}/count`), { count: 0 });

  // Groups, places, the store.
  const group = await json.post('/customer_groups', { name: 'Trade', discount_rules: [{ type: 'price_list', price_list_id: 1 }] });
  await json.put(`/customers/${made[0].id}`, { customer_group_id: group.id });
  assert.equal(await json.delete(`/customer_groups/${group.id}`), '');
  assert.equal((await json.get(`/customers/${made[0].id}`)).customer_group_id, 0);
  assert.equal((await json.get('/countries?country_iso2=AU'))[0].id, 13);
  assert.equal((await json.get('/countries/13/states?state_abbreviation=ACT'))[0].id, 208);
  assert.equal((await json.get('/store')).id, config.storeHash);
  assert.ok(Math.abs((await json.get('/time')).time - Date.now() / 1000) < 60);

  // Webhooks, the same in both versions.
  const v3 = new BigCommerce({ ...config, apiVersion: 'v3' });
  assert.deepEqual(await json.get('/hooks'), []);
  const hook = await json.post('/hooks', { scope: 'store/customer/*', destination: 'http://localhost:3000/hooks', is_active: true });
  assert.deepEqual({ ...hook, created_at: 0, updated_at: 0 }, {
    id: 1, client_id: hook.client_id, store_hash: config.storeHash, scope: 'store/customer/*', destination: 'http://localhost:3000/hooks',
    headers: null, is_active: true, created_at: 0, updated_at: 0,
  });
  assert.deepEqual(await json.get('/hooks'), [hook]);
  assert.deepEqual((await v3.get('/hooks?scope=store/customer/*')).data, [hook]);
  const off = await json.put(`/hooks/${hook.id}`, { ...hook, is_active: false });
  assert.equal(off.is_active, false);
  assert.deepEqual((await v3.get('/hooks/admin')).data.hooks_list, [{ ...off, status: 'inactive' }]);
  assert.equal((await refusal(v3.post('/hooks', { scope: hook.scope, destination: hook.destination }))).code, 422);
  assert.deepEqual((await v3.delete(`/hooks/${hook.id}`)).data, off);
  assert.equal((await refusal(json.get(`/hooks/${hook.id}`))).code, 404);

  // V3 sees the same customers; V2 deletes them all.
  assert.equal((await v3.get('/customers?limit=1')).meta.pagination.total, COUNT + 1);
  assert.equal(await json.delete('/customers'), '');
  assert.deepEqual((await v3.get('/customers')).data, []);
});
