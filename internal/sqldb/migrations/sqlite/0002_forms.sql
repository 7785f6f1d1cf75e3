-- Form fields: built-in ones with their fixed numbers, custom ones from 26 on,
-- and one order for the values of customers and addresses.

CREATE TABLE kept_form_values AS
    SELECT store_id, customer_id, 0 AS address_id, field_id + 25 AS field_id, value FROM customer_form_values
    UNION ALL
    SELECT store_id, 0, address_id, field_id + 25, value FROM address_form_values;
DELETE FROM customer_form_values;
DELETE FROM address_form_values;

-- In two steps, so that no two fields ever share a number.
UPDATE form_fields SET id = 0 - id;
UPDATE form_fields SET id = 25 - id;
UPDATE store_counters SET form_field_id = form_field_id + 25;

-- A session is a form as one customer or one address filled it in: twice a
-- customer's id, or twice an address's id plus one. It orders the values of
-- both kinds in one list.
ALTER TABLE customer_form_values ADD COLUMN session_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE address_form_values ADD COLUMN session_id INTEGER NOT NULL DEFAULT 0;
INSERT INTO customer_form_values (store_id, customer_id, field_id, value, session_id)
    SELECT store_id, customer_id, field_id, value, 2 * customer_id FROM kept_form_values WHERE customer_id <> 0;
INSERT INTO address_form_values (store_id, address_id, field_id, value, session_id)
    SELECT store_id, address_id, field_id, value, 2 * address_id + 1 FROM kept_form_values WHERE address_id <> 0;
DROP TABLE kept_form_values;
CREATE UNIQUE INDEX customer_form_values_session ON customer_form_values (store_id, session_id, field_id);
CREATE UNIQUE INDEX address_form_values_session ON address_form_values (store_id, session_id, field_id);

-- The fields that every store has. Their name_norm begins with a space, which
-- no folded name does: they never stand in the way of a custom field's name.
WITH b (id, form, name, name_norm, type, required, options) AS (VALUES
    (1, 'customer', 'EmailAddress', ' emailaddress', 'text', 1, '{"label":"Email Address","sort_order":1}'),
    (2, 'customer', 'Password', ' password', 'password', 1, '{"label":"Password","sort_order":2}'),
    (3, 'customer', 'ConfirmPassword', ' confirmpassword', 'password', 1, '{"label":"Confirm Password","sort_order":3}'),
    (4, 'address', 'FirstName', ' firstname', 'text', 1, '{"label":"First Name","sort_order":4}'),
    (5, 'address', 'LastName', ' lastname', 'text', 1, '{"label":"Last Name","sort_order":5}'),
    (6, 'address', 'CompanyName', ' companyname', 'text', 0, '{"label":"Company Name","sort_order":6}'),
    (7, 'address', 'Phone', ' phone', 'text', 0, '{"label":"Phone Number","sort_order":7}'),
    (8, 'address', 'AddressLine1', ' addressline1', 'text', 1, '{"label":"Address Line 1","sort_order":8}'),
    (9, 'address', 'AddressLine2', ' addressline2', 'text', 0, '{"label":"Address Line 2","sort_order":9}'),
    (10, 'address', 'City', ' city', 'text', 1, '{"label":"City","sort_order":10}'),
    (11, 'address', 'Country', ' country', 'dropdown', 1, '{"label":"Country","sort_order":11}'),
    (12, 'address', 'State', ' state', 'dropdown', 1, '{"label":"State/Province","sort_order":12}'),
    (13, 'address', 'Zip', ' zip', 'text', 1, '{"label":"Postal Code","sort_order":13}'),
    (24, 'customer', 'CurrentPassword', ' currentpassword', 'password', 0, '{"label":"Current Password","sort_order":24}'),
    (25, 'customer', 'ReceiveMarketingEmails', ' receivemarketingemails', 'checkbox', 0, '{"label":"Receive offers by email","sort_order":25}')
)
INSERT INTO form_fields (store_id, id, form, name, name_norm, type, required, options, date_created, date_modified)
    SELECT s.id, b.id, b.form, b.name, b.name_norm, b.type, b.required, b.options, s.date_created, s.date_created
    FROM stores s CROSS JOIN b;

CREATE INDEX attribute_values_created ON attribute_values (store_id, date_created, id);
CREATE INDEX attribute_values_modified ON attribute_values (store_id, date_modified, id);
