package subscriber

import (
	"encoding/json"
	"slices"
	"strings"

	"clientele/internal/email"
	"clientele/internal/opt"
	"clientele/internal/personal"
	"clientele/internal/sqldb"
	"clientele/internal/storekey"
)

// Undoing a consent that the staff entered is no wish of the person: the entry of the
// history says which one it takes back, and that one counts for no agreement any more.

// Before is what undoing a change of a subscriber's consents needs to know. Of the
// person it holds nothing.
type Before struct {
	// Change is the entry of the history of consents.
	Change int64 `json:"change,omitempty"`
	// Ended is how the address had left the channel, nil: not.
	Ended *Ended `json:"ended,omitempty"`
	// Suppressed is since when the address was suppressed, 0: not.
	Suppressed int64 `json:"suppressed,omitempty"`
	// Bounced is why nothing was sent to the address, nil: nothing kept it.
	Bounced *Refusal `json:"bounced,omitempty"`
}

// Ended is an end without the address.
type Ended struct {
	Time int64  `json:"time"`
	Via  string `json:"via"`
}

// Refusal is a bounce without the address, and without what a mail server said, which
// may name it.
type Refusal struct {
	Time int64  `json:"time"`
	Kind string `json:"kind"`
	Via  string `json:"via"`
}

var (
	endAt   = sqldb.Static(`SELECT date_ended, via FROM subscriber_ends WHERE store_id = $1 AND email_norm = $2 AND channel_id = $3`)
	lastTwo = sqldb.Static(`SELECT id, action, consents, via, proof FROM consent_changes WHERE store_id = $1 AND subscriber_id = $2 ORDER BY id DESC LIMIT 2`)
)

// BeforeTx returns how an address stands on a channel before its consents change.
func BeforeTx(tx *sqldb.Tx, address string, channel int64) (b Before, err error) {
	key := email.Key(address)
	if err := tx.Query(endAt, func(r *sqldb.Row) error { b.Ended = &Ended{r.Int(0), r.Text(1)}; return nil }, key, channel); err != nil {
		return b, err
	}
	bounce, err := bounceOf(tx, key)
	if err != nil {
		return b, err
	}
	if bounce != nil {
		b.Bounced = &Refusal{bounce.Time, bounce.Kind, bounce.Via}
	}
	hash, err := suppressionOf(tx, address)
	if err != nil || hash == "" {
		return b, err
	}
	return b, tx.Query(suppressedSince, func(r *sqldb.Row) error { b.Suppressed = r.Int(0); return nil }, hash)
}

// suppressionOf is the hash by which an address is suppressed, empty as long as the
// store has no key for it.
func suppressionOf(tx *sqldb.Tx, address string) (string, error) {
	keys, err := storekey.Made(tx)
	if err != nil || keys == nil {
		return "", err
	}
	return personal.HashOf(keys, address), nil
}

// entryOf is an entry of the history as undoing reads it.
type entryOf struct {
	id                    int64
	action, consents, via string
	proof                 Proof
}

func lastEntries(tx *sqldb.Tx, id int64) (out []entryOf, err error) {
	return out, tx.Query(lastTwo, func(r *sqldb.Row) error {
		out = append(out, entryOf{r.Int(0), r.Text(1), r.Text(2), r.Text(3), parseProof(r.Text(4))})
		return nil
	}, id)
}

// Noted notes the change that was made of a subscriber.
func (b *Before) Noted(tx *sqldb.Tx, id int64) error {
	last, err := lastEntries(tx, id)
	if len(last) > 0 {
		b.Change = last[0].id
	}
	return err
}

// UndoTx takes back what a change made of a subscriber who is held, and reports
// whether it did: nothing is taken back after another change. A subscriber whom it made
// goes, and the address stands as it did before.
func UndoTx(tx *sqldb.Tx, s *Subscriber, b Before, by Origin, now int64) (bool, error) {
	last, err := lastEntries(tx, s.ID)
	if err != nil || len(last) == 0 {
		return false, err
	}
	of := &last[0]
	if b.Change == 0 && of.via == by.Via && of.proof.Ground == by.Proof.Ground && of.proof.Undoes == 0 {
		b.Change = of.id // of before entries were noted
	}
	if of.id != b.Change {
		return false, nil
	}
	by = by.Came(tx.Context())
	by.Proof.Anew, by.Proof.Ground, by.Proof.Undoes = false, "", of.id
	if of.action == Created {
		if err := removeOne(tx, s, by, now); err != nil {
			return false, err
		}
		if err := tx.Exec(forgetEnd, email.Key(s.Email), s.ChannelID); err != nil {
			return false, err
		}
		return true, b.restore(tx, s)
	}
	if len(last) < 2 {
		return false, nil
	}
	had := Update{Consents: opt.Some(parseConsents(last[1].consents))}
	// Who complained meanwhile is not brought back.
	if _, err := changeHeld(tx, s, &had, by, now); Refused(err) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	return true, b.restore(tx, s)
}

// restore puts back how the address had left, and what kept it from being written to.
func (b *Before) restore(tx *sqldb.Tx, s *Subscriber) error {
	key := email.Key(s.Email)
	if e := b.Ended; e != nil {
		if err := insertEnds.Exec(tx, []any{e.Time}, []any{key, s.ChannelID, e.Via}); err != nil {
			return err
		}
	}
	if b.Suppressed != 0 {
		hash, err := suppressionOf(tx, s.Email)
		if err != nil || hash == "" {
			return err
		}
		if err := Suppress(tx, hash, b.Suppressed); err != nil {
			return err
		}
	}
	if b.Bounced == nil {
		return nil
	}
	if now, err := bounceOf(tx, key); err != nil || now != nil {
		return err
	}
	return tx.Exec(putBounce, key, s.Email, b.Bounced.Kind, "", b.Bounced.Via, b.Bounced.Time)
}

// everAgreed reports whether a subscriber had the newsletter at any time, but for what
// was taken back by an undo.
func everAgreed(tx *sqldb.Tx, id int64) (ever bool, err error) {
	undone := map[int64]bool{} // an undo comes after what it takes back
	agreed := sqldb.Dynamic(`SELECT id, consents, proof FROM consent_changes WHERE store_id = $1 AND subscriber_id = $2 AND (consents = $3 OR consents = $4 OR ` + tx.Contains("proof", 5) + `) ORDER BY id DESC`)
	err = tx.Query(agreed, func(r *sqldb.Row) error {
		if p := parseProof(r.Text(2)); p.Undoes != 0 {
			undone[p.Undoes] = true
		}
		if !undone[r.Int(0)] && slices.Contains(parseConsents(r.Text(1)), MarketingNewsletter) {
			ever = true
		}
		return nil
	}, id, MarketingNewsletter, strings.Join(Consents, ","), `"undoes":`)
	return ever, err
}

// String is what is stored of b.
func (b *Before) String() string {
	text, _ := json.Marshal(b) // numbers and words always become JSON
	return string(text)
}
