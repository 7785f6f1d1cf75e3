'use strict';

const https = require('node:https');
const net = require('node:net');

/**
 * The clients only know https://api.bigcommerce.com. This agent, which they
 * take as an option, connects to the server under test instead, in the clear.
 */
class LocalAgent extends https.Agent {
  constructor(url) {
    super({ keepAlive: true, maxSockets: 8 });
    this.server = new URL(url);
  }

  createConnection() {
    return net.connect(Number(this.server.port), this.server.hostname);
  }
}

const config = {
  storeHash: process.env.STORE_HASH,
  accessToken: process.env.ACCESS_TOKEN,
  clientId: process.env.CLIENT_ID,
  agent: new LocalAgent(process.env.SERVER_URL),
};

/** Runs an async function over a list, a few at a time; results in order. */
async function each(list, fn, atOnce = 6) {
  const out = new Array(list.length);
  let next = 0;
  await Promise.all(Array.from({ length: atOnce }, async () => {
    while (next < list.length) {
      const i = next++;
      out[i] = await fn(list[i], i);
    }
  }));
  return out;
}

function chunks(list, size) {
  const out = [];
  for (let i = 0; i < list.length; i += size) out.push(list.slice(i, i + size));
  return out;
}

/** Runs the script and fails the process on any mismatch. */
function main(fn) {
  fn().then(() => {
    config.agent.destroy();
    console.log('ok');
  }, err => {
    console.error(err);
    process.exit(1);
  });
}

module.exports = { config, each, chunks, main };
