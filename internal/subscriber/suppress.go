package subscriber

import (
	"slices"

	"clientele/internal/fault"
	"clientele/internal/personal"
	"clientele/internal/sqldb"
	"clientele/internal/store"
	"clientele/internal/storekey"
)

var (
	insertSuppression = sqldb.Static(`INSERT INTO suppressions (store_id, address_hash, date_created) VALUES ($1, $2, $3) ON CONFLICT (store_id, address_hash) DO NOTHING`)
	anySuppression    = sqldb.Static(`SELECT address_hash FROM suppressions WHERE store_id = $1 LIMIT 1`)
	selectSuppression = sqldb.Static(`SELECT address_hash FROM suppressions WHERE store_id = $1 AND address_hash = $2`)
	liftSuppression   = sqldb.Static(`DELETE FROM suppressions WHERE store_id = $1 AND address_hash = $2`)
)

// Suppress keeps an address, by its hash (personal.HashOf), from being subscribed
// without a new consent.
func Suppress(tx *sqldb.Tx, hash string, now int64) error {
	return tx.Exec(insertSuppression, hash, now)
}

// suppressions tells of a transaction's store which addresses are suppressed.
type suppressions struct {
	tx   *sqldb.Tx
	keys *storekey.Keys
}

// suppressed returns the store's suppressions; nil where there are none.
func suppressed(tx *sqldb.Tx) (*suppressions, error) {
	some := false
	if err := tx.Query(anySuppression, func(*sqldb.Row) error { some = true; return nil }); err != nil || !some {
		return nil, err
	}
	keys, err := storekey.Made(tx)
	if err != nil || keys == nil {
		return nil, err
	}
	return &suppressions{tx, keys}, nil
}

func (s *suppressions) has(address string) (has bool, err error) {
	if s == nil {
		return false, nil
	}
	err = s.tx.Query(selectSuppression, func(*sqldb.Row) error { has = true; return nil }, personal.HashOf(s.keys, address))
	return has, err
}

// refuse is the rule of suppressed addresses: what comes from an import or from a
// storefront is refused, and what comes by the management API where the store
// asks for it. A subscription that the person has confirmed by a link, or of which
// somebody states that they agreed anew, is a new consent, which ends the
// suppression.
func (s *suppressions) refuse(by Origin, address string) error {
	has, err := s.has(address)
	if err != nil || !has {
		return err
	}
	switch {
	case by.Proof.Confirmed == ByEmail || by.Proof.Anew:
		return s.tx.Exec(liftSuppression, personal.HashOf(s.keys, address))
	case by.Via == ViaManagementAPI:
		settings, err := store.ReadSettings(s.tx)
		if err != nil || !settings.RefuseSuppressed {
			return err
		}
	}
	return errSuppressed
}

var errSuppressed = fault.Broken(fault.Invalid, fault.Item{Field: FieldEmail, Code: fault.NotAccepted, Why: WhySuppressed})

// Refused reports whether an error is that of an address which is suppressed or
// has left.
func Refused(err error) bool {
	f := fault.As(err)
	return f != nil && slices.ContainsFunc(f.Items, func(it fault.Item) bool { return it.Why == WhySuppressed || it.Why == WhyLeft })
}

// more reports whether a change of a subscriber subscribes: to something new, or
// by another address.
func (s *Subscriber) more(old *Subscriber) bool {
	return !s.sameKey(old) || slices.ContainsFunc(s.Consents, func(c string) bool { return !slices.Contains(old.Consents, c) })
}

var suppressionPart = personal.Table{
	Name: "suppressions", Title: "Suppression", Key: []string{"address_hash"},
	By: func(w *personal.Who) []any { return []any{w.Hash} },
	Select: sqldb.Static(`SELECT address_hash, date_created FROM suppressions WHERE store_id = $1 AND address_hash = $2 AND address_hash > $3
		ORDER BY address_hash LIMIT $4`),
	Kinds: "date_created time",
	Stays: "it keeps the address from being subscribed again, and holds a hash alone",
}.Part()
