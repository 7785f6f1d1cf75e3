'use strict';

const { Clientele } = require('clientele');

/** Gives each test of the file, or of the describe block, a store of its own. */
exports.useStore = function useStore({ from, server = new Clientele() } = {}) {
  let store;
  beforeEach(async () => {
    store = await server.store({ from });
  });
  afterEach(async () => {
    const last = store;
    store = undefined;
    if (last) await last.delete();
  });
  return () => {
    if (!store) throw new Error('useStore: there is a store within a test only');
    return store;
  };
};
