-- Every text of an email that was written, and which emails are switched off.

-- A template is of a kind, on a channel (0: all) and in a locale (empty: every
-- language). Each writing of it is a version; the latest one holds. One without
-- texts says that the store has no template any more. restores is the version
-- that was gone back to, 0 where there was none.
CREATE TABLE email_template_versions (
    store_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    channel_id INTEGER NOT NULL,
    locale TEXT NOT NULL,
    version INTEGER NOT NULL,
    is_latest INTEGER NOT NULL,
    subject TEXT NOT NULL,
    body_text TEXT NOT NULL,
    body_html TEXT NOT NULL,
    translations TEXT NOT NULL, -- JSON; empty: none
    writer TEXT NOT NULL, -- api, command or seed
    is_undo INTEGER NOT NULL,
    restores INTEGER NOT NULL,
    date_created INTEGER NOT NULL,
    PRIMARY KEY (store_id, kind, channel_id, locale, version)
) STRICT, WITHOUT ROWID;
CREATE INDEX email_template_versions_latest ON email_template_versions (store_id, is_latest, kind, channel_id, locale);

INSERT INTO email_template_versions (store_id, kind, channel_id, locale, version, is_latest, subject, body_text, body_html, translations, writer, is_undo, restores, date_created)
SELECT store_id, kind, 0, locale, 1, 1, subject, body_text, body_html, '', '', 0, 0, date_modified FROM email_templates;
-- The welcome of who has no password yet has a template of its own from now on.
INSERT INTO email_template_versions (store_id, kind, channel_id, locale, version, is_latest, subject, body_text, body_html, translations, writer, is_undo, restores, date_created)
SELECT store_id, 'guest_account_created', 0, locale, 1, 1, subject, body_text, body_html, '', '', 0, 0, date_modified FROM email_templates WHERE kind = 'account_created';
DROP TABLE email_templates;

-- channel_id 0 is the store. Without a row the email is sent, or on a channel
-- what the store says holds.
CREATE TABLE email_statuses (
    store_id INTEGER NOT NULL,
    channel_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    is_on INTEGER NOT NULL,
    PRIMARY KEY (store_id, channel_id, kind)
) STRICT, WITHOUT ROWID;
