'use strict';

const assert = require('node:assert/strict');

/** How many customers each script makes. */
const COUNT = Number(process.env.COUNT || 1000);

/** The customer to send, by number. */
function person(n) {
  return {
    email: `Person.${n}+shop@example.com`,
    first_name: `Zoë ${n}`,
    last_name: 'O’Neil',
    company: `Company ${n} & "Sons"`,
    phone: `555-${n}`,
    notes: `note ${n}`,
    customer_group_id: n % 2,
    addresses: [{
      first_name: 'Zoë',
      last_name: 'O’Neil',
      address1: `${n} Main Street`,
      address2: '',
      city: 'Austin',
      state_or_province: 'Texas',
      postal_code: '78701',
      country_code: 'US',
      phone: '555',
      address_type: 'residential',
    }],
    attributes: [{ attribute_id: 1, attribute_value: String(36 + n % 10) }],
    form_fields: [{ name: 'Referral', value: `friend ${n}` }],
  };
}

const FIELDS = [
  'id', 'authentication', 'company', 'customer_group_id', 'email', 'first_name', 'last_name', 'notes', 'phone',
  'registration_ip_address', 'tax_exempt_category', 'date_created', 'date_modified',
  'accepts_product_review_abandoned_cart_emails', 'store_credit_amounts', 'origin_channel_id', 'channel_ids',
];

/** Checks a stored customer, and its address where it comes along, against what was sent. */
function check(got, sent, { credit = false, parts = true } = {}) {
  const fields = credit ? FIELDS : FIELDS.filter(f => f !== 'store_credit_amounts');
  assert.deepEqual(Object.keys(got).slice(0, fields.length), fields);
  for (const f of ['email', 'first_name', 'last_name', 'company', 'phone', 'notes', 'customer_group_id']) {
    assert.equal(got[f], sent[f], `${f} of ${sent.email}`);
  }
  assert.deepEqual(got.authentication, { force_password_reset: false });
  assert.equal(got.registration_ip_address, '');
  assert.equal(got.tax_exempt_category, '');
  assert.equal(got.accepts_product_review_abandoned_cart_emails, false);
  assert.equal(got.origin_channel_id, 1);
  assert.equal(got.channel_ids, null);
  if (credit) assert.deepEqual(got.store_credit_amounts, [{ amount: 0 }]);
  for (const f of ['date_created', 'date_modified']) assert.match(got[f], /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  if (!parts) {
    assert.deepEqual(Object.keys(got), fields);
    return;
  }
  assert.equal(got.addresses.length, 1);
  const [address] = got.addresses;
  assert.ok(Number.isInteger(address.id) && address.id > 0);
  assert.deepEqual({ ...address, id: 0 }, { ...sent.addresses[0], company: '', country: 'United States', customer_id: got.id, id: 0, ...extra(address) });
  assert.equal(got.attributes.length, 1);
  assert.equal(got.attributes[0].attribute_value, sent.attributes[0].attribute_value);
  assert.equal(got.attributes[0].customer_id, got.id);
  assert.deepEqual(got.form_fields, [{ name: 'Referral', value: sent.form_fields[0].value, customer_id: got.id }]);
}

// An address has form fields of its own only where these were asked for.
function extra(address) {
  return 'form_fields' in address ? { form_fields: [] } : {};
}

/** Checks that customers come newest first, each once. */
function descending(customers) {
  for (let i = 1; i < customers.length; i++) {
    assert.ok(customers[i - 1].id > customers[i].id, `customer ${customers[i].id} comes after ${customers[i - 1].id}`);
  }
}

module.exports = { COUNT, person, check, descending };
