package subscriber

import (
	"slices"

	"clientele/internal/fault"
	"clientele/internal/opt"
	"clientele/internal/personal"
	"clientele/internal/sqldb"
	"clientele/internal/storekey"
)

// Said is what another system knows of a person's wish for the newsletter.
type Said uint8

// What a person may have said.
const (
	NoWord Said = iota
	Agreed
	HasLeft // unsubscribed
	Barred  // nothing may be sent to the address
)

// ImportRow is a subscriber as an import brings one.
type ImportRow struct {
	Email, FirstName, LastName string
	Said                       Said
	// At and IP are when and from where consent was given, File is the SHA-256 of
	// the file that says so.
	At   int64
	IP   string
	File string
}

// Outcome is what became of a row of an import.
type Outcome uint8

// The outcomes.
const (
	ImportRejected Outcome = iota
	ImportCreated
	ImportChanged
	ImportUnchanged
	// ImportKept: the row says that the person agreed, but they have left here,
	// or were erased, and are not subscribed again.
	ImportKept
)

// ImportTx takes what a row says of a person's wishes. Whoever has left, here or
// there, is not subscribed: of two wishes the stricter one holds. keys are the
// store's, for addresses that nothing may be sent to.
func ImportTx(tx *sqldb.Tx, keys *storekey.Keys, in ImportRow, now int64) (Outcome, *fault.Error, error) {
	cmd := Create{Email: in.Email, FirstName: in.FirstName, LastName: in.LastName, Consents: opt.Some([]string{})}
	if in.Said == Agreed {
		cmd.Consents = opt.Some([]string{MarketingNewsletter})
	}
	sub, err := cmd.build()
	if err != nil {
		return ImportRejected, fault.As(err), nil
	}
	by := Origin{Via: ViaImport, IP: in.IP, Proof: Proof{Surface: ViaImport}}
	if in.Said == Agreed {
		by.Proof.Asked = &Asked{Time: in.At, IP: in.IP, Shown: Shown{Place: "sha256:" + in.File}}
	}
	hash := personal.HashOf(keys, in.Email)
	kept := false
	if err := tx.Query(selectSuppression, func(*sqldb.Row) error { kept = true; return nil }, hash); err != nil || kept {
		return ImportKept, nil, err
	}
	var id int64
	if err := tx.Pipeline(holder(&sub, &id)...); err != nil {
		return 0, nil, err
	}
	leaves := in.Said == HasLeft || in.Said == Barred
	out, wrong, err := importOne(tx, &sub, id, &in, leaves, by, now)
	if err == nil && wrong == nil && leaves {
		// After the subscriber is written: a suppressed address is none's.
		err = Suppress(tx, hash, now)
	}
	return out, wrong, err
}

// importOne makes a subscriber, or changes the one that has the address.
func importOne(tx *sqldb.Tx, sub *Subscriber, id int64, in *ImportRow, leaves bool, by Origin, now int64) (Outcome, *fault.Error, error) {
	if id == 0 {
		return made(create(tx, sub, 0, by, now))
	}
	old, err := lock(tx, id, tx.ForUpdate())
	if err != nil || old == nil {
		return ImportUnchanged, nil, err
	}
	u := Update{}
	switch {
	case leaves:
		u.Consents = opt.Some([]string{})
	case in.Said == Agreed && !slices.Contains(old.Consents, MarketingNewsletter):
		return ImportKept, nil, nil
	}
	if old.FirstName == "" && old.LastName == "" {
		u.FirstName, u.LastName = opt.Some(in.FirstName), opt.Some(in.LastName)
	}
	after, err := changeHeld(tx, old, &u, by, now)
	if err == nil && after == old {
		return ImportUnchanged, nil, nil
	}
	return ImportChanged, nil, err
}

// made is the outcome of a creation.
func made(err error) (Outcome, *fault.Error, error) {
	if f := fault.As(err); f != nil {
		return ImportRejected, f, nil
	}
	return ImportCreated, nil, err
}
