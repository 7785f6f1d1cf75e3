-- What form fields and their choices are called in other languages. Texts that
-- are empty are as the field has them.

CREATE TABLE form_field_translations (
    store_id INTEGER NOT NULL,
    locale TEXT NOT NULL, -- a tag such as pt-BR
    field_id INTEGER NOT NULL,
    label TEXT NOT NULL,
    placeholder TEXT NOT NULL,
    choices TEXT NOT NULL, -- JSON: labels by choice
    PRIMARY KEY (store_id, locale, field_id),
    FOREIGN KEY (store_id, field_id) REFERENCES form_fields (store_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX form_field_translations_field ON form_field_translations (store_id, field_id);
