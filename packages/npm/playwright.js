'use strict';

const { test: base, expect } = require('@playwright/test');
const { Clientele } = require('clientele');

/** Tests with a store each, whose storefront relative URLs lead to. */
exports.test = base.extend({
  clientele: [
    async ({}, use) => {
      await use(new Clientele());
    },
    { scope: 'worker' },
  ],
  from: [undefined, { option: true }],
  store: async ({ clientele, from }, use) => {
    const store = await clientele.store({ from });
    await use(store);
    await store.delete();
  },
  baseURL: async ({ store }, use) => {
    await use(store.storefrontUrl);
  },
});

exports.expect = expect;
