import type { TestAPI } from 'vitest';
import type { Clientele, Store } from 'clientele';

export interface Fixtures {
  /** The server that CLIENTELE_URL names. */
  clientele: Clientele;
  /** The store that each test's begins as: a hash or `snapshot:NAME`. */
  from: string | undefined;
  /** The test's own store. */
  store: Store;
}

/** Tests with a store each. */
export const test: TestAPI<Fixtures>;
export const it: typeof test;
