-- What a form field says below itself, in other languages.
ALTER TABLE form_field_translations ADD COLUMN hint TEXT NOT NULL DEFAULT '';
