/** An answer that is an error. */
export class ClienteleError extends Error {
  readonly status: number;
  readonly body: unknown;
}

export interface ServerOptions {
  /** Where the server is. Default: CLIENTELE_URL, or http://127.0.0.1:8080. */
  url?: string;
  /** Its control token. Default: CLIENTELE_CONTROL_TOKEN. */
  token?: string;
}

export interface LaunchOptions {
  /** The program. Default: CLIENTELE_COMMAND, or clientele. */
  command?: string;
  /** A seed file. */
  seed?: string;
  /** Further flags of `clientele serve`. */
  args?: string[];
  /** How many milliseconds it may take to be ready. */
  timeout?: number;
}

export interface Status {
  version: string;
  engine: string;
  ready: boolean;
  clock: { now: string; frozen: boolean };
  stores: { store_hash: string; customers: number; subscribers: number }[];
  snapshots: { name: string; date_created: string; stores: string[]; size: number }[];
  active_faults: number;
  journal: { requests: number; bytes: number };
}

/** What was done because it was due. */
export interface Advanced {
  now: string;
  frozen: boolean;
  /** Attempts at jobs, by kind. */
  jobs: Record<string, number>;
  /** Attempts at webhooks. */
  deliveries: number;
  complete: boolean;
}

/** The clock behind all dates of a server. All stores of a server share it. */
export class Clock {
  now(): Promise<Date>;
  /**
   * Moves the clock from one due time to the next, and does what is due there.
   * @param by a time such as `48h` or `1h30m`, milliseconds, or the time to go to
   */
  advance(by: string | number | Date): Promise<Advanced>;
  /** Moves the clock to a later time. What is due by then is done once. */
  set(to: Date): Promise<Advanced>;
  /** Has the clock stand still, or go on. */
  freeze(still?: boolean): Promise<Advanced>;
  /** Has the clock show the machine's time again. */
  restore(): Promise<{ now: string; frozen: boolean }>;
}

export type Surface = 'v3' | 'v2' | 'graphql' | 'storefront' | 'pages' | 'webhook' | 'smtp';

export interface Match {
  surface?: Surface;
  method?: string;
  /** The path of the API document after /v3 or /v2. */
  route?: string;
  store?: string;
  operation?: string;
  email?: string;
  body?: string;
}

export interface Effect {
  status?: { code: number; retry_after?: number };
  delay?: string | { p50: string; p99: string };
  drop?: 'before' | 'after_commit' | 'truncate' | 'empty';
  rate_limit?: { retry_after?: number };
  partial?: { item: number };
  duplicate?: boolean;
  reorder?: boolean;
  signature?: 'wrong';
  smtp?: { stage: 'connect' | 'mail_from' | 'rcpt_to' | 'data'; code: number };
}

/** What fails, how, and how often. */
export interface Rule {
  match?: Match;
  effect: Effect;
  after?: number;
  times?: number;
  every?: number;
  probability?: number;
  seed?: number;
}

/** A rule at work. */
export class Fault {
  readonly id: string;
  /** How many matched the rule, and how many of those it had fail. */
  counts(): Promise<{ seen?: number; fired?: number }>;
  remove(): Promise<void>;
}

/** Which requests are meant. */
export interface Filter {
  surface?: Surface;
  method?: string;
  route?: string;
  path?: string;
  operation?: string;
  store?: string;
  account_id?: number;
  status?: number;
  email?: string;
  body?: string;
  fault?: string;
  contract?: 'ok' | 'broken';
  unmatched?: boolean;
}

export interface Message {
  headers: Record<string, string[]>;
  body: unknown;
  size: number;
  cut?: boolean;
}

/** A request that the server was sent, with its answer. */
export interface Request {
  id: number;
  at: string;
  took_ms: number;
  surface: string;
  operation: string;
  method: string;
  path: string;
  route: string;
  host: string;
  store_hash: string;
  account_id: number;
  request_id: string;
  request: Message;
  status: number;
  response: Message;
  reason: string;
  faults: string[];
  dropped: string;
  contract: { ok: boolean; problems: string[] } | null;
  warnings: string[];
  unmatched: boolean;
  original?: string;
}

/** An email that was sent. */
export interface Email {
  id: string;
  store_hash: string;
  channel_id: number;
  /** Such as account_created. */
  kind: string;
  status: string;
  error: string;
  to: string;
  to_name: string;
  customer_id: number;
  subject: string;
  text: string;
  html: string;
  links: string[];
  date_created: string;
  date_sent: string | null;
}

export interface EmailFilter {
  to?: string;
  kind?: string;
  status?: string;
  store?: string;
}

export interface StoreOptions {
  /** The hash of a store, or `snapshot:NAME`. Default: CLIENTELE_STORE, or the server's first store. */
  from?: string;
  /** The new store's hash. Default: a random one. */
  hash?: string;
}

export interface Account {
  name: string;
  client_id: string;
  client_secret: string;
  access_token: string;
}

/** A server of development mode. */
export class Clientele {
  constructor(options?: ServerOptions);
  /** Starts a server of its own, which ends with stop or with this process. */
  static launch(options?: LaunchOptions): Promise<Clientele & { stop(): Promise<void> }>;

  readonly url: string;
  readonly clock: Clock;

  /** Waits until the server is ready. */
  ready(options?: { timeout?: number }): Promise<Status>;
  status(): Promise<Status>;
  /** Brings the server back to what there was after its seeds. */
  reset(options?: { stores?: string[]; to?: 'baseline' | 'empty'; keep?: ('clock' | 'faults' | 'journal')[] }): Promise<{ took_ms: number }>;
  /** Applies a seed file: YAML or JSON as text, or an object. */
  seed(document: string | object, options?: { baseline?: boolean }): Promise<{ stores_created: number; customers_created: number }>;
  snapshot(name: string, options?: { stores?: string[] }): Promise<Status['snapshots'][number]>;
  restore(name: string, options?: { stores?: string[] }): Promise<{ took_ms: number }>;
  /** Makes a store for one test. */
  store(options?: StoreOptions): Promise<Store>;
  /** Has what the rule says fail from now on. */
  fault(rule: Rule): Promise<Fault>;
  clearFaults(): Promise<void>;
  /** The last requests that a filter matches, the newest first. */
  requests(filter?: Filter & { before?: number; limit?: number }): Promise<Request[]>;
  /** Rejects unless requests match a filter, and tells which came nearest. */
  expect(match: Filter, atLeast?: number): Promise<{ met: true; matched: number; requests: number[] }>;
  /** The emails that were sent, the newest first, once all that is due has been sent. */
  emails(filter?: EmailFilter): Promise<Email[]>;
  /** Makes a request under /_clientele/v1, and returns what it answers. */
  control(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<any>;
}

/** A store of a server. */
export class Store {
  readonly server: Clientele;
  readonly hash: string;
  /** What comes after it is a path such as /v3/customers. */
  readonly managementUrl: string;
  readonly storefrontUrl: string;
  readonly accounts: Account[];
  /** Credentials of the first API account. */
  readonly token: string;
  readonly clientId: string;
  readonly clientSecret: string;

  /** Makes a request to the management API; path is one such as /v3/customers. */
  api(method: string, path: string, body?: unknown): Promise<{ status: number; headers: Headers; body: any }>;
  emails(filter?: EmailFilter): Promise<Email[]>;
  requests(filter?: Filter): Promise<Request[]>;
  expect(match: Filter, atLeast?: number): Promise<{ met: true; matched: number; requests: number[] }>;
  /** Has requests to this store fail as the rule says. */
  fault(rule: Rule): Promise<Fault>;
  reset(): Promise<{ took_ms: number }>;
  delete(): Promise<void>;
}
