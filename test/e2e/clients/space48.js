'use strict';

// @space48/bigcommerce-api gives the data of an answer and pages by itself.

const assert = require('node:assert/strict');
const { Management } = require('@space48/bigcommerce-api');
const { config, each, chunks, main } = require('./local');
const { COUNT, person, check, descending } = require('./people');

const { v3 } = new Management.Client(config);
const include = ['addresses', 'attributes', 'formfields'];

async function all(path, query) {
  const rows = [];
  for await (const row of v3.list(path, { query })) rows.push(row);
  return rows;
}

/** The client puts status and body into its error's message. */
async function refusal(promise) {
  const err = await promise.then(() => assert.fail('a request that must be refused succeeded'), e => e);
  const [, code, body] = /: (\d+) - (.*)$/.exec(err.message) ?? assert.fail(err);
  return { code: Number(code), body: JSON.parse(body) };
}

main(async () => {
  // Create.
  const sent = Array.from({ length: COUNT }, (_, i) => person(i));
  const made = (await each(chunks(sent, 10), body => v3.post('/customers', { body }))).flat();
  assert.equal(made.length, COUNT);
  made.forEach((row, i) => check(row, sent[i], { credit: true }));
  assert.equal(new Set(made.map(c => c.id)).size, COUNT);
  const bySent = new Map(made.map((c, i) => [c.id, sent[i]]));

  // List and page through.
  const listed = await all('/customers', { limit: 250, include });
  assert.equal(listed.length, COUNT + 1);
  descending(listed);
  const jane = listed.pop();
  assert.equal(jane.email, 'jane@example.com');
  listed.forEach(c => check(c, bySent.get(c.id)));
  const plain = await all('/customers', { limit: 50 });
  assert.deepEqual(plain.map(c => c.id), [...listed.map(c => c.id), 1]);
  plain.slice(0, -1).forEach(c => check(c, bySent.get(c.id), { parts: false }));
  const addresses = await all('/customers/addresses', { limit: 250 });
  assert.equal(addresses.length, COUNT);
  assert.deepEqual(new Set(addresses.map(a => a.customer_id)), new Set(bySent.keys()));

  const some = made.slice(10, 20).map(c => c.id);
  assert.deepEqual((await v3.get('/customers', { query: { 'id:in': some } })).map(c => c.id), [...some].sort((a, b) => b - a));
  const found = await v3.get('/customers', { query: { 'email:in': [sent[7].email, 'jane@example.com'] } });
  assert.deepEqual(found.map(c => c.email), [sent[7].email, 'jane@example.com']);
  const credit = await v3.get('/customers', { query: { 'id:in': some[0], include: 'storecredit' } });
  check(credit[0], sent[10], { credit: true, parts: false });

  // Refusals.
  const duplicate = await refusal(v3.post('/customers', { body: [{ ...person(5000), email: sent[3].email }] }));
  assert.equal(duplicate.code, 422);
  assert.equal(duplicate.body.title, 'Create customers failed.');
  assert.deepEqual(duplicate.body.errors, { '.customer_create': `Error creating customers: email ${sent[3].email} already in use` });
  const taken = await refusal(v3.put('/customers', { body: [{ id: made[0].id, email: sent[1].email }] }));
  assert.equal(taken.code, 422);
  assert.equal(taken.body.title, 'Update customers failed.');
  const stranger = new Management.Client({ ...config, accessToken: 'wrong' }).v3;
  assert.equal((await refusal(stranger.post('/customers', { body: [person(5001)] }))).code, 401);

  // Update a part; the rest stays.
  await each(chunks(made, 10), async batch => {
    const rows = await v3.put('/customers', { body: batch.map(c => ({ id: c.id, company: `Firm ${c.id}` })) });
    rows.forEach((c, i) => {
      assert.equal(c.id, batch[i].id);
      check(c, { ...bySent.get(c.id), company: `Firm ${c.id}` }, { credit: true, parts: false });
    });
  });
  const changed = await all('/customers', { limit: 250, include });
  assert.equal(changed.pop().company, jane.company);
  changed.forEach(c => check(c, { ...bySent.get(c.id), company: `Firm ${c.id}` }));

  // Delete.
  assert.equal(await v3.delete('/customers'), null);
  assert.equal((await all('/customers', { limit: 250 })).length, COUNT + 1, 'no filter deletes nobody');
  await each(chunks(made.map(c => c.id), 250), async ids => {
    assert.equal(await v3.delete('/customers', { query: { 'id:in': ids } }), null);
  }, 2);
  assert.deepEqual((await all('/customers', { include })).map(c => [c.id, c.email]), [[1, 'jane@example.com']]);
  assert.deepEqual(await all('/customers/addresses', {}), []);
});
