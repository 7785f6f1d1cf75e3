'use strict';

// What the scripts of storefronts share: the store's own pages, its tokens
// and its emails.

const assert = require('node:assert/strict');

const server = process.env.SERVER_URL;
const store = process.env.STORE_HASH;
const { port } = new URL(server);

/** Makes a storefront token as an app does. */
async function token(kind, body) {
  const res = await fetch(`${server}/stores/${store}/v3/storefront/api-token${kind}`, {
    method: 'POST',
    headers: { 'X-Auth-Token': process.env.ACCESS_TOKEN, 'Content-Type': 'application/json', Accept: 'application/json' },
    body: JSON.stringify({ channel_id: 1, expires_at: Math.floor(Date.now() / 1000) + 3600, ...body }),
  });
  assert.equal(res.status, 200, await res.clone().text());
  return (await res.json()).data.token;
}

const privateToken = (scopes = ['Unauthenticated', 'Customer']) => token('-private', { scopes });
const browserToken = (...origins) => token('', { allowed_cors_origins: origins });

/** Returns the newest email of a kind to an address, once it is there. */
async function email(kind, to) {
  for (const end = Date.now() + 20_000; Date.now() < end;) {
    const res = await fetch(`${server}/_clientele/outbox.json?${new URLSearchParams({ kind, to })}`);
    assert.equal(res.status, 200);
    const [newest] = (await res.json()).data;
    if (newest) return newest;
    await new Promise(done => setTimeout(done, 100));
  }
  throw new Error(`no email ${kind} arrived`);
}

/** Runs the script and fails the process on any mismatch. */
function main(fn) {
  fn().then(() => console.log('ok'), err => {
    console.error(err);
    process.exit(1);
  });
}

module.exports = { server, store, port, privateToken, browserToken, email, main };
