'use strict';

// Preloaded where the resolver does not know that *.localhost is this machine.

const dns = require('node:dns');

const { lookup } = dns;
dns.lookup = function (name, ...rest) {
  return lookup.call(this, name.endsWith('.localhost') ? '127.0.0.1' : name, ...rest);
};
