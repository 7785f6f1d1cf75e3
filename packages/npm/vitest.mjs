import { test as base } from 'vitest';
import { Clientele } from 'clientele';

/** Tests with a store each. */
export const test = base.extend({
  // Vitest reads which fixtures a fixture needs from its first parameter.
  clientele: async ({}, use) => {
    await use(new Clientele());
  },
  from: undefined,
  store: async ({ clientele, from }, use) => {
    const store = await clientele.store({ from });
    await use(store);
    await store.delete();
  },
});

export const it = test;
