'use strict';

// An app signs a customer in with a token of its own making, and asks on the
// storefront who is signed in.

const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const jwt = require('jsonwebtoken');
const { config, main } = require('./local');

const shop = process.env.SERVER_URL;
const secret = 'SECRET';

function loginURL(change = {}, options = {}) {
  const claims = {
    iss: config.clientId,
    iat: Math.floor(Date.now() / 1000),
    jti: crypto.randomUUID(),
    operation: 'customer_login',
    store_hash: config.storeHash,
    customer_id: 1,
    ...change,
  };
  return `${shop}/login/token/${jwt.sign(claims, secret, { algorithm: 'HS256', ...options })}`;
}

const go = (url, headers = {}) => fetch(url, { redirect: 'manual', headers });

async function refused(url) {
  const res = await go(url);
  assert.equal(res.status, 302);
  assert.equal(res.headers.get('location'), '/login.php');
  assert.ok(!res.headers.getSetCookie().some(c => c.startsWith('SHOP_SESSION_TOKEN=')));
}

main(async () => {
  const url = loginURL({ redirect_to: '/cart.php', channel_id: 1, request_ip: '127.0.0.1' });
  const res = await go(url);
  assert.equal(res.status, 302);
  assert.equal(res.headers.get('location'), '/cart.php');
  const cookie = res.headers.getSetCookie().find(c => c.startsWith('SHOP_SESSION_TOKEN=')).split(';')[0];

  await refused(url);
  await refused(loginURL({}, { algorithm: 'HS512' }));
  await refused(loginURL({}, { algorithm: 'none' }));
  await refused(loginURL({ iat: Math.floor(Date.now() / 1000) - 60 }));
  await refused(loginURL({ store_hash: 'other' }));
  await refused(loginURL({ request_ip: '192.0.2.1' }));

  const current = `${shop}/customer/current.jwt?app_client_id=${config.clientId}`;
  assert.equal((await go(current)).status, 404);
  assert.equal((await go(`${current}x`, { cookie })).status, 403);
  const answer = await go(current, { cookie });
  assert.equal(answer.status, 200);
  const token = await answer.text();
  const claims = jwt.verify(token, secret, {
    algorithms: ['HS512'], issuer: 'bc/apps', audience: config.clientId, subject: config.storeHash,
  });
  assert.deepEqual(claims.customer, { id: 1, email: 'jane@example.com', group_id: '0' });
  assert.equal(claims.exp - claims.iat, 900);
  assert.equal(claims.operation, 'current_customer');
  const asObject = await (await go(current, { cookie, accept: 'application/json' })).json();
  assert.equal(jwt.verify(asObject.token, secret, { algorithms: ['HS512'] }).store_hash, config.storeHash);
});
