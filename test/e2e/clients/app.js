'use strict';

// An app's part in signing shoppers in. "login ID" prints a login token for a
// customer; "verify ALGORITHM" prints the claims of a token, from standard
// input, that tells who is signed in.

const fs = require('node:fs');
const jwt = require('jsonwebtoken');
const { BigCommerceOAuthClient } = require('bigcommerce-oauth-client');

const clientId = process.env.CLIENT_ID;
const clientSecret = process.env.CLIENT_SECRET;
const client = new BigCommerceOAuthClient({ clientId, clientSecret, storeHash: process.env.STORE_HASH });

const [what, of] = process.argv.slice(2);
if (what === 'login') {
  process.stdout.write(client.createCustomerLoginJwt(Number(of)));
} else {
  const token = fs.readFileSync(0, 'utf8').trim();
  // The client verifies what is documented, HS256, only.
  const claims = of === 'HS256' ? client.verifyCustomerJwt(token) : jwt.verify(token, clientSecret, {
    algorithms: [of], audience: clientId, issuer: 'bc/apps', subject: process.env.STORE_HASH,
  });
  process.stdout.write(JSON.stringify(claims));
}
