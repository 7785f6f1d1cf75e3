-- What form fields and their choices are called in other languages. Texts that
-- are empty are as the field has them.

CREATE TABLE form_field_translations (
    store_id BIGINT NOT NULL,
    locale TEXT COLLATE "C" NOT NULL, -- a tag such as pt-BR
    field_id BIGINT NOT NULL,
    label TEXT COLLATE "C" NOT NULL,
    placeholder TEXT COLLATE "C" NOT NULL,
    choices TEXT COLLATE "C" NOT NULL, -- JSON: labels by choice
    PRIMARY KEY (store_id, locale, field_id),
    FOREIGN KEY (store_id, field_id) REFERENCES form_fields (store_id, id) ON DELETE CASCADE
);
CREATE INDEX form_field_translations_field ON form_field_translations (store_id, field_id);
