package webhook

import (
	"encoding/json"
	"fmt"
	"strconv"

	"clientele/internal/auth"
	"clientele/internal/sqldb"
)

const columns = `id, client_id, scope, destination, headers, is_active, disabled, last_event, last_delivered, date_created, date_modified, destination_norm, from_event, idle_seen, idle_time`

var (
	// Who calls may not be in force any more; what they made is silent then.
	selectActive = sqldb.Static(`SELECT ` + columns + ` FROM webhooks WHERE store_id = $1 AND is_active = 1
		AND client_id IN (SELECT a.client_id FROM api_accounts a WHERE a.store_id = $1 AND a.date_revoked = 0) ORDER BY id`)
	selectOne    = sqldb.Static(`SELECT ` + columns + ` FROM webhooks WHERE store_id = $1 AND id = $2`)
	selectOwn    = sqldb.Static(`SELECT ` + columns + ` FROM webhooks WHERE store_id = $1 AND client_id = $2 ORDER BY id`)
	selectIdle   = sqldb.Static(`SELECT ` + columns + ` FROM webhooks WHERE store_id = $1 AND is_active = 1 AND (idle_seen <> 0 OR last_event <= $2 AND date_modified <= $2) ORDER BY id`)
	selectSecret = sqldb.Static(`SELECT client_secret FROM api_accounts WHERE store_id = $1 AND client_id = $2 AND date_revoked = 0`)

	nextID    = sqldb.Static(`UPDATE store_counters SET webhook_id = webhook_id + $2 WHERE store_id = $1 RETURNING webhook_id`)
	insertRow = sqldb.Static(`INSERT INTO webhooks (store_id, id, client_id, scope, destination, destination_norm, headers, is_active, date_created, date_modified, from_event)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10)`)
	updateRow = sqldb.Static(`UPDATE webhooks SET scope = $3, destination = $4, destination_norm = $5, headers = $6, is_active = $7, disabled = $8, date_modified = $9, from_event = $10
		WHERE store_id = $1 AND id = $2`)
	allHeaders = sqldb.Static(`SELECT id, headers FROM webhooks WHERE store_id = $1 AND id > $2 ORDER BY id LIMIT $3`)
	putHeaders = sqldb.Static(`UPDATE webhooks SET headers = $3 WHERE store_id = $1 AND id = $2 AND headers = $4`)
	deleteRow  = sqldb.Static(`DELETE FROM webhooks WHERE store_id = $1 AND id = $2`)
	disableRow = sqldb.Static(`UPDATE webhooks SET is_active = 0, disabled = $3, date_modified = $4, idle_seen = 0, idle_time = 0 WHERE store_id = $1 AND id = $2 AND is_active = 1`)

	markIdle = sqldb.Static(`UPDATE webhooks SET idle_seen = $3, idle_time = $4 WHERE store_id = $1 AND id = $2`)

	// A hook's times are to the hour: a busy one is not written at each event.
	markEvent     = sqldb.Static(`UPDATE webhooks SET last_event = $3 WHERE store_id = $1 AND id = $2 AND last_event < $3 - 3600`)
	markDelivered = sqldb.Static(`UPDATE webhooks SET last_delivered = $3 WHERE store_id = $1 AND id = $2 AND last_delivered < $3 - 3600`)

	selectContacts = sqldb.Static(`SELECT email FROM webhook_contacts WHERE store_id = $1 AND client_id = $2 ORDER BY position`)
	deleteContacts = sqldb.Static(`DELETE FROM webhook_contacts WHERE store_id = $1 AND client_id = $2`)
	insertContact  = sqldb.Static(`INSERT INTO webhook_contacts (store_id, client_id, position, email) VALUES ($1, $2, $3, $4)`)

	upsertBlock = sqldb.Static(`INSERT INTO webhook_blocks (store_id, client_id, domain, blocked_until, reasons) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (store_id, client_id, domain) DO UPDATE SET blocked_until = EXCLUDED.blocked_until, reasons = EXCLUDED.reasons`)
	selectBlocks = sqldb.Static(`SELECT domain, blocked_until, reasons FROM webhook_blocks WHERE store_id = $1 AND client_id = $2 AND blocked_until > $3 ORDER BY domain`)
	selectBlock  = sqldb.Static(`SELECT blocked_until FROM webhook_blocks WHERE store_id = $1 AND client_id = $2 AND domain = $3 AND blocked_until > $4`)
	sweepBlocks  = sqldb.Static(`DELETE FROM webhook_blocks WHERE store_id = $1 AND blocked_until <= $2`)
)

// headers are what hooks are sent with, tokens of their receivers among them.
var headers = sqldb.Column{Table: "webhooks", Name: "headers"}

// Secrets are what this package keeps that is encrypted.
func Secrets() []sqldb.Secrets {
	return []sqldb.Secrets{{Column: headers, Numbered: true, Values: allHeaders, Put: putHeaders}}
}

// seal returns what to store of the hook's headers.
func (h *Hook) seal(tx *sqldb.Tx) (string, error) {
	return tx.Seal(headers, strconv.FormatInt(h.ID, 10), stored(h.Headers))
}

func (h *Hook) scan(tx *sqldb.Tx, r *sqldb.Row) (err error) {
	*h = Hook{
		ID: r.Int(0), ClientID: r.Text(1), Scope: r.Text(2), Destination: r.Text(3), IsActive: r.Flag(5), Disabled: r.Text(6),
		LastEvent: r.Int(7), LastDelivery: r.Int(8), DateCreated: r.Int(9), DateModified: r.Int(10), norm: r.Text(11), from: r.Int(12), idleSeen: r.Int(13), idleTime: r.Int(14),
	}
	text, err := tx.Unseal(headers, strconv.FormatInt(h.ID, 10), r.Text(4))
	if err != nil {
		return err
	}
	h.Headers, err = readHeaders(text)
	return err
}

func collect(tx *sqldb.Tx, out *[]Hook) func(*sqldb.Row) error {
	return func(r *sqldb.Row) error {
		*out = append(*out, Hook{})
		return (*out)[len(*out)-1].scan(tx, r)
	}
}

// Active returns the store's hooks to which something may be sent, by id:
// those that are active and whose API account is in force.
func Active(tx *sqldb.Tx) ([]Hook, error) {
	var out []Hook
	err := tx.Query(selectActive, collect(tx, &out))
	return out, err
}

// Find returns a store's hook, or nil.
func Find(tx *sqldb.Tx, id int64) (*Hook, error) {
	var out *Hook
	err := tx.Query(selectOne, func(r *sqldb.Row) error {
		out = &Hook{}
		return out.scan(tx, r)
	}, id)
	return out, err
}

// Secret returns the client secret of an API account in force, which signs
// what is sent to its hooks, or "".
func Secret(tx *sqldb.Tx, clientID string) (string, error) {
	out := ""
	err := tx.Query(selectSecret, func(r *sqldb.Row) (err error) { out, err = auth.OpenSecret(tx, clientID, r.Text(0)); return err }, clientID)
	return out, err
}

// MarkEvent notes that an event matched a hook, MarkDelivered that a delivery
// arrived.
func MarkEvent(tx *sqldb.Tx, id, now int64) error { return tx.Exec(markEvent, id, now) }

// MarkDelivered is described at MarkEvent.
func MarkDelivered(tx *sqldb.Tx, id, now int64) error { return tx.Exec(markDelivered, id, now) }

// Disable switches a hook off for a reason, and tells whether it was on.
func Disable(tx *sqldb.Tx, id int64, reason string, now int64) (bool, error) {
	n, err := tx.ExecCount(disableRow, id, reason, now)
	return n > 0, err
}

// Contacts returns whom an API account wants to be told of failures.
func Contacts(tx *sqldb.Tx, clientID string) ([]string, error) {
	var out []string
	err := tx.Query(selectContacts, func(r *sqldb.Row) error { out = append(out, r.Text(0)); return nil }, clientID)
	return out, err
}

// PutBlock blocks a domain for an API account.
func PutBlock(tx *sqldb.Tx, clientID string, b Block) error {
	if b.Reasons == nil {
		b.Reasons = []Reason{}
	}
	reasons, err := json.Marshal(b.Reasons)
	if err != nil {
		return err
	}
	return tx.Exec(upsertBlock, clientID, b.Domain, b.Until, string(reasons))
}

// BlockedUntil returns when a domain's block ends, 0 if it is not blocked.
func BlockedUntil(tx *sqldb.Tx, clientID, domain string, now int64) (until int64, err error) {
	err = tx.Query(selectBlock, func(r *sqldb.Row) error { until = r.Int(0); return nil }, clientID, domain, now)
	return until, err
}

// SweepBlocks removes a store's blocks that are over.
func SweepBlocks(tx *sqldb.Tx, now int64) error { return tx.Exec(sweepBlocks, now) }

// blocks returns the blocks of an API account.
func blocks(tx *sqldb.Tx, clientID string, now int64) ([]Block, error) {
	var out []Block
	err := tx.Query(selectBlocks, func(r *sqldb.Row) error {
		b := Block{Domain: r.Text(0), Until: r.Int(1)}
		if err := json.Unmarshal([]byte(r.Text(2)), &b.Reasons); err != nil {
			return fmt.Errorf("webhook: stored reasons: %w", err)
		}
		out = append(out, b)
		return nil
	}, clientID, now)
	return out, err
}
