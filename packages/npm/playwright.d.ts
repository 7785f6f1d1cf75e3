import type { PlaywrightTestArgs, PlaywrightTestOptions, PlaywrightWorkerArgs, PlaywrightWorkerOptions, TestType } from '@playwright/test';
import type { Clientele, Store } from 'clientele';

export { expect } from '@playwright/test';

export interface Fixtures {
  /** The store that each test's begins as: a hash or `snapshot:NAME`. */
  from: string | undefined;
  /** The test's own store, whose storefront relative URLs lead to. */
  store: Store;
}

export interface WorkerFixtures {
  /** The server that CLIENTELE_URL names. */
  clientele: Clientele;
}

/** Tests with a store each. */
export const test: TestType<PlaywrightTestArgs & PlaywrightTestOptions & Fixtures, PlaywrightWorkerArgs & PlaywrightWorkerOptions & WorkerFixtures>;
