'use strict';

const { spawn } = require('node:child_process');
const { mkdtemp, rm } = require('node:fs/promises');
const { createServer } = require('node:net');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

/** An answer that is an error. */
class ClienteleError extends Error {
  constructor(method, path, status, body) {
    super(`${method} ${path}: ${status} ${(body && body.title) || (typeof body === 'string' ? body : JSON.stringify(body))}`);
    this.name = 'ClienteleError';
    this.status = status;
    this.body = body;
  }
}

/** How long a request may take: a clock that is moved far works for 50 seconds. */
const PATIENCE = 60_000;

/** Makes a request, and returns the status and the body: what it says as JSON, else a text. */
async function request(method, url, { body, headers } = {}) {
  const init = { method, headers: { accept: 'application/json', ...headers }, signal: AbortSignal.timeout(PATIENCE) };
  if (body !== undefined) {
    init.body = typeof body === 'string' ? body : JSON.stringify(body);
    init.headers['content-type'] ??= 'application/json';
  }
  const res = await fetch(url, init);
  const text = await res.text();
  try {
    return { status: res.status, headers: res.headers, body: text === '' ? undefined : JSON.parse(text) };
  } catch {
    return { status: res.status, headers: res.headers, body: text };
  }
}

/** The clock behind all dates of a server. All stores of a server share it. */
class Clock {
  #server;
  constructor(server) {
    this.#server = server;
  }
  async now() {
    return new Date((await this.#server.control('GET', '/clock')).now);
  }
  /** Moves the clock from one due time to the next, and does what is due there. */
  async advance(by) {
    let to = by;
    if (!(by instanceof Date)) {
      const text = typeof by === 'number' ? `${by}ms` : by;
      const first = await this.#server.control('POST', '/clock/advance', { by: '0s' });
      const ms = duration(text);
      if (ms === 0) return first;
      to = new Date(Date.parse(first.now) + ms);
    }
    const all = { jobs: {}, deliveries: 0 };
    for (;;) {
      const done = await this.#server.control('POST', '/clock/advance', { to: to.toISOString() });
      for (const [kind, n] of Object.entries(done.jobs)) all.jobs[kind] = (all.jobs[kind] ?? 0) + n;
      all.deliveries += done.deliveries;
      if (done.complete) return { ...done, ...all };
    }
  }
  /** Moves the clock to a later time. What is due by then is done once. */
  set(to) {
    return this.#server.control('PUT', '/clock', { now: to.toISOString() });
  }
  freeze(still = true) {
    return this.#server.control('PUT', '/clock', { frozen: still });
  }
  /** Has the clock show the machine's time again. */
  restore() {
    return this.#server.control('DELETE', '/clock');
  }
}

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** The milliseconds of a time such as 48h or 1h30m. */
function duration(text) {
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) throw new TypeError(`${text}: want a time such as 31s, 48h or 1h30m`);
  let ms = 0;
  for (const [, n, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) ms += Number(n) * UNITS[unit];
  return ms;
}

/** A rule at work. */
class Fault {
  #server;
  constructor(server, id) {
    this.#server = server;
    this.id = id;
  }
  /** How many matched the rule, and how many of those it had fail. */
  async counts() {
    const { data } = await this.#server.control('GET', '/faults');
    const { seen, fired } = data.find(f => f.id === this.id) ?? {};
    return { seen, fired };
  }
  remove() {
    return this.#server.control('DELETE', `/faults/${this.id}`);
  }
}

/** A server of development mode. */
class Clientele {
  #token;
  constructor({ url = process.env.CLIENTELE_URL ?? 'http://127.0.0.1:8080', token = process.env.CLIENTELE_CONTROL_TOKEN } = {}) {
    this.url = url.replace(/\/+$/, '');
    this.#token = token;
    this.clock = new Clock(this);
  }

  /** Starts a server of its own, which ends with stop or with this process. */
  static async launch({ command = process.env.CLIENTELE_COMMAND ?? 'clientele', seed, args = [], timeout = 30_000 } = {}) {
    const dir = await mkdtemp(join(tmpdir(), 'clientele-'));
    const port = await freePort();
    const all = ['serve', '--listen', `127.0.0.1:${port}`, '--database', `sqlite:${join(dir, 'clientele.db')}`, ...(seed ? ['--seed', seed] : []), ...args];
    // What configures other servers is not for this one.
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('CLIENTELE_')));
    const child = spawn(command, all, { env, stdio: ['ignore', 'ignore', 'pipe'] });
    let log = '';
    child.stderr.on('data', text => (log = (log + text).slice(-10_000)));
    const ended = new Promise(resolve => {
      child.once('error', err => resolve(err.message));
      child.once('exit', (code, signal) => resolve(`it ended (${code ?? signal})`));
    });
    const end = () => child.kill('SIGKILL');
    process.once('exit', end);
    const server = new Clientele({ url: `http://127.0.0.1:${port}`, token: '' });
    server.stop = async () => {
      process.off('exit', end);
      child.kill('SIGTERM');
      await ended;
      await rm(dir, { recursive: true, force: true });
    };
    const failed = await Promise.race([server.ready({ timeout }).then(() => undefined, err => err.message), ended]);
    if (failed !== undefined) {
      await server.stop();
      throw new Error(`${command} does not serve: ${failed}\n${log}`);
    }
    return server;
  }

  /** Makes a request under /_clientele/v1, and returns what it answers. */
  async control(method, path, body, headers) {
    const authorization = this.#token ? { authorization: `Bearer ${this.#token}` } : {};
    const res = await request(method, `${this.url}/_clientele/v1${path}`, { body, headers: { ...authorization, ...headers } });
    if (res.status >= 300) throw new ClienteleError(method, path, res.status, res.body);
    return res.body;
  }

  /** Waits until the server is ready. */
  async ready({ timeout = 30_000 } = {}) {
    for (const until = Date.now() + timeout; ; await new Promise(resolve => setTimeout(resolve, 50))) {
      try {
        const status = await this.status();
        if (status.ready) return status;
      } catch (err) {
        if (err instanceof ClienteleError && err.status < 500) throw err;
        if (Date.now() > until) throw err;
      }
      if (Date.now() > until) throw new Error(`${this.url} is not ready`);
    }
  }

  status() {
    return this.control('GET', '/status');
  }
  /** Brings the server back to what there was after its seeds. */
  reset({ stores, to, keep } = {}) {
    return this.control('POST', '/reset', { stores, to, keep });
  }
  /** Applies a seed file: YAML or JSON as text, or an object. */
  seed(document, { baseline = false } = {}) {
    return this.control('POST', `/seed?baseline=${baseline}`, document);
  }
  snapshot(name, { stores } = {}) {
    return this.control('PUT', `/snapshots/${encodeURIComponent(name)}`, { stores });
  }
  restore(name, { stores } = {}) {
    return this.control('POST', `/snapshots/${encodeURIComponent(name)}/restore`, { stores });
  }

  /** Makes a store for one test: it holds what another store does, or a snapshot. */
  async store({ from, hash } = {}) {
    from ??= process.env.CLIENTELE_STORE ?? (await this.#first()).store_hash;
    return new Store(this, await this.control('POST', '/stores', { from, hash }));
  }
  async #first() {
    const { stores } = await this.status();
    if (stores.length === 0) throw new Error('the server has no store: give it a seed');
    return stores[0];
  }

  /** Has what the rule says fail from now on. */
  async fault(rule) {
    return new Fault(this, (await this.control('POST', '/faults', rule)).id);
  }
  clearFaults() {
    return this.control('DELETE', '/faults');
  }

  /** The last requests that a filter matches, the newest first. */
  async requests(filter = {}) {
    return (await this.control('GET', `/requests?${new URLSearchParams(filter)}`)).data;
  }
  /** Throws unless requests match a filter, and tells which came nearest. */
  async expect(match, atLeast = 1) {
    try {
      return await this.control('POST', '/requests/expect', { match, at_least: atLeast });
    } catch (err) {
      if (!(err instanceof ClienteleError) || err.status !== 409) throw err;
      const near = (err.body.nearest ?? []).map(m => `\n  ${m.method} ${m.path} (${m.status})` + m.differences.map(d => `\n    ${d.field}: want ${d.want}, got ${d.got}`).join(''));
      throw new Error(`${err.body.matched} requests match, want ${atLeast} or more; nearest:${near.join('')}`);
    }
  }

  /** The emails that were sent, the newest first, once all that is due has been sent. */
  async emails(filter = {}) {
    await this.clock.advance(0);
    const authorization = this.#token ? { authorization: `Bearer ${this.#token}` } : {};
    const path = `/_clientele/outbox.json?${new URLSearchParams(filter)}`;
    const res = await request('GET', this.url + path, { headers: authorization });
    if (res.status >= 300) throw new ClienteleError('GET', path, res.status, res.body);
    return res.body.data;
  }
}

/** A port that nobody listens on. */
function freePort() {
  return new Promise((resolve, reject) => {
    const s = createServer();
    s.once('error', reject);
    s.listen(0, '127.0.0.1', () => {
      const { port } = s.address();
      s.close(() => resolve(port));
    });
  });
}

/** A store of a server. */
class Store {
  constructor(server, { store_hash, storefront_url, accounts }) {
    this.server = server;
    this.hash = store_hash;
    // The server may be reached under another port than it knows of.
    this.managementUrl = `${server.url}/stores/${store_hash}`;
    const storefront = new URL(storefront_url);
    if (storefront.hostname.endsWith('.localhost')) storefront.port = new URL(server.url).port;
    this.storefrontUrl = storefront.origin;
    this.accounts = accounts;
    const [first = {}] = accounts;
    this.token = first.access_token;
    this.clientId = first.client_id;
    this.clientSecret = first.client_secret;
  }

  /** Makes a request to the management API; path is one such as /v3/customers. */
  async api(method, path, body) {
    return request(method, this.managementUrl + path, { body, headers: { 'x-auth-token': this.token } });
  }
  emails(filter = {}) {
    return this.server.emails({ ...filter, store: this.hash });
  }
  requests(filter = {}) {
    return this.server.requests({ ...filter, store: this.hash });
  }
  expect(match, atLeast) {
    return this.server.expect({ ...match, store: this.hash }, atLeast);
  }
  /** Has requests to this store fail as the rule says. */
  fault(rule) {
    return this.server.fault({ ...rule, match: { ...rule.match, store: this.hash } });
  }
  reset() {
    return this.server.reset({ stores: [this.hash], keep: ['clock', 'faults', 'journal'] });
  }
  delete() {
    return this.server.control('DELETE', `/stores/${this.hash}`);
  }
}

exports.Clientele = Clientele;
exports.ClienteleError = ClienteleError;
exports.Store = Store;
exports.Fault = Fault;
exports.Clock = Clock;
