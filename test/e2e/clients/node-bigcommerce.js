'use strict';

// node-bigcommerce gives the whole body of an answer.

const assert = require('node:assert/strict');
const BigCommerce = require('node-bigcommerce');
const { config, each, chunks, main } = require('./local');
const { COUNT, person, check, descending } = require('./people');

const client = new BigCommerce({ ...config, apiVersion: 'v3' });
const parts = 'include=addresses,attributes,formfields';

async function refusal(promise) {
  try {
    await promise;
  } catch (err) {
    assert.ok(err.code, err);
    return { code: err.code, body: JSON.parse(err.responseBody) };
  }
  return assert.fail('a request that must be refused succeeded');
}

/** Follows links from page to page, as told. */
async function follow(query, next) {
  const rows = [];
  let pages = 0;
  while (query) {
    const body = await client.get(`/customers${query}`);
    rows.push(...body.data);
    pages++;
    query = next(body.meta);
  }
  return { rows, pages };
}

main(async () => {
  // Create.
  const sent = Array.from({ length: COUNT }, (_, i) => person(i));
  const answers = await each(chunks(sent, 10), batch => client.post('/customers', batch));
  const made = answers.flatMap((body, i) => {
    assert.deepEqual(body.meta, {});
    body.data.forEach((row, j) => check(row, sent[i * 10 + j], { credit: true }));
    return body.data;
  });
  assert.equal(made.length, COUNT);
  assert.equal(new Set(made.map(c => c.id)).size, COUNT);
  assert.equal(new Set(made.map(c => c.addresses[0].id)).size, COUNT);
  const bySent = new Map(made.map((c, i) => [c.id, sent[i]]));

  // List and page through, by page and by cursor.
  const first = await client.get('/customers');
  assert.equal(first.data.length, 50);
  assert.equal(first.meta.pagination.total, COUNT + 1);
  assert.equal(first.meta.pagination.count, 50);
  assert.equal(first.meta.pagination.per_page, 50);
  assert.equal(first.meta.pagination.current_page, 1);
  assert.equal(first.meta.pagination.total_pages, Math.ceil((COUNT + 1) / 50));
  assert.equal(first.data[0].id, Math.max(...bySent.keys()), 'newest first');
  first.data.forEach(c => check(c, bySent.get(c.id), { parts: false }));

  const paged = await follow(`?limit=250&${parts}`, meta => meta.pagination.links?.next);
  assert.equal(paged.pages, Math.ceil((COUNT + 1) / 250));
  assert.equal(paged.rows.length, COUNT + 1);
  descending(paged.rows);
  const jane = paged.rows.pop();
  assert.equal(jane.email, 'jane@example.com');
  assert.equal(jane.id, 1);
  assert.deepEqual(jane.addresses, []);
  paged.rows.forEach(c => check(c, bySent.get(c.id)));

  const walked = await follow('?limit=100', meta => meta.cursor_pagination.links.next);
  assert.deepEqual(walked.rows.map(c => c.id), [...paged.rows.map(c => c.id), 1]);

  const found = await client.get(`/customers?email:in=${encodeURIComponent(sent[7].email.toLowerCase())}`);
  assert.deepEqual(found.data.map(c => c.email), [sent[7].email]);
  assert.equal(found.meta.pagination.links, undefined, 'one page has no links');

  // Refusals.
  const rename = { ...person(5000), email: 'someone-new@example.com' };
  const duplicate = await refusal(client.post('/customers', [rename, { ...person(5001), email: sent[3].email.toUpperCase() }]));
  assert.equal(duplicate.code, 422);
  assert.equal(duplicate.body.status, 422);
  assert.equal(duplicate.body.title, 'Create customers failed.');
  assert.match(duplicate.body.errors['.customer_create'], /email .* already in use/);
  assert.deepEqual((await client.get('/customers?email:in=someone-new@example.com')).data, [], 'a refused batch makes nobody');
  const missing = await refusal(client.post('/customers', [{ email: 'x@example.com', last_name: 'X' }]));
  assert.equal(missing.code, 422);
  assert.equal(missing.body.title, 'JSON data is missing or invalid');
  const unknown = await refusal(client.put('/customers', [{ id: 999999, notes: 'x' }]));
  assert.equal(unknown.code, 422);
  assert.equal(unknown.body.errors['0.id'], 'invalid customer ID');
  const eleven = await refusal(client.post('/customers', Array.from({ length: 11 }, (_, i) => person(6000 + i))));
  assert.equal(eleven.code, 413);
  const filter = await refusal(client.get('/customers?colour=red'));
  assert.equal(filter.code, 422);
  assert.match(filter.body.title, /colour/);

  // Update a part; the rest stays.
  await each(chunks(made, 10), async batch => {
    const body = await client.put('/customers', batch.map(c => ({ id: c.id, notes: `changed ${c.id}`, last_name: 'Changed' })));
    assert.deepEqual(body.data.map(c => c.id), batch.map(c => c.id));
    body.data.forEach(c => check(c, { ...bySent.get(c.id), notes: `changed ${c.id}`, last_name: 'Changed' }, { credit: true, parts: false }));
  });
  const changed = await follow(`?limit=250&${parts}`, meta => meta.pagination.links?.next);
  assert.equal(changed.rows.pop().notes, jane.notes);
  changed.rows.forEach(c => check(c, { ...bySent.get(c.id), notes: `changed ${c.id}`, last_name: 'Changed' }));

  // Addresses on their own.
  const owner = made[0];
  const [added] = (await client.post('/customers/addresses', [{ ...sent[0].addresses[0], address1: '2 Side Street', customer_id: owner.id }])).data;
  assert.equal(added.customer_id, owner.id);
  const again = await client.post('/customers/addresses', [{ ...sent[0].addresses[0], address1: '2 Side Street', customer_id: owner.id }]);
  assert.deepEqual(again.data, [], 'an address exists once');
  const [moved] = (await client.put('/customers/addresses', [{ id: added.id, city: 'Dallas' }])).data;
  assert.deepEqual(moved, { ...added, city: 'Dallas' });
  const book = await client.get(`/customers/addresses?customer_id:in=${owner.id}`);
  assert.deepEqual(book.data.map(a => a.id).sort(), [owner.addresses[0].id, added.id].sort());
  await client.delete(`/customers/addresses?id:in=${added.id}`);
  assert.equal((await client.get('/customers/addresses?limit=1')).meta.pagination.total, COUNT);

  // Delete.
  await client.delete('/customers');
  assert.equal((await client.get('/customers?limit=1')).meta.pagination.total, COUNT + 1, 'no filter deletes nobody');
  const ids = made.map(c => c.id);
  assert.equal(await client.delete(`/customers?id:in=${ids.slice(0, 500).join(',')}`), '');
  const rest = await follow('?limit=250', meta => meta.pagination.links?.next);
  assert.deepEqual(rest.rows.map(c => c.id).sort((a, b) => a - b), [1, ...ids.slice(500)].sort((a, b) => a - b));
  await each(chunks(ids.slice(500), 100), some => client.delete(`/customers?id:in=${some.join(',')}`));
  const left = await client.get('/customers?include=addresses');
  assert.deepEqual(left.data.map(c => c.email), ['jane@example.com']);
  assert.equal(left.meta.pagination.total, 1);
  assert.equal((await client.get('/customers/addresses')).meta.pagination.total, 0);
});
