package account

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"clientele/internal/customer"
	"clientele/internal/email"
	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/limit"
	"clientele/internal/sqldb"
)

// Held is what is held back at the moment.
type Held struct {
	limit.Hold
	// Reference names the email or the network in the log.
	Reference string
	// Known: guesses from a network are counted apart, as the customer signed in
	// from there before.
	Known bool
}

// Whose says which of what is held back is meant. Without any member it is
// everything.
type Whose struct {
	CustomerID int64
	Address    string // an IP address, or the network that it counts as
	Reference  string
}

// Held returns what is held back in a store: accounts and addresses at whose
// passwords, or from which, too much was guessed, and requests for emails and
// accounts that were too many.
func (s *Service) Held(ctx context.Context, storeID int64, of Whose) ([]Held, error) {
	ledger, err := s.readLedger(ctx, storeID)
	if err != nil {
		return nil, err
	}
	var out []Held
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out = nil
		// Emails that are asked for are counted before anybody looks whose they are.
		var own []string
		if of.CustomerID != 0 {
			var p customer.Person
			if err := tx.Pipeline(customer.PersonQuery(of.CustomerID, &p)); err != nil {
				return err
			}
			if p.ID == 0 {
				return customer.ErrNoCustomer
			}
			own = []string{askingFor(email.Key(p.Email)).Subject, changing(of.CustomerID).Subject}
		}
		holds, err := limit.Holds(tx, s.sys.Now())
		for _, h := range holds {
			one := Held{Hold: h, Known: h.Action == limit.Guessing && h.CustomerID != 0 && h.Network != ""}
			one.Reference = ledger.reference(h.Subject)
			if h.Network != "" {
				one.Reference = ledger.ofNetwork(h.Network)
			}
			if one.matches(of, own) {
				out = append(out, one)
			}
		}
		return err
	})
	return out, err
}

// matches reports whether something held back is meant. own are the subjects of
// the customer who is meant, besides guesses.
func (h *Held) matches(of Whose, own []string) bool {
	switch {
	case of.CustomerID != 0:
		return h.CustomerID == of.CustomerID || slices.Contains(own, h.Subject)
	case of.Address != "":
		return h.Network != "" && (h.Network == of.Address || h.Network == limit.Peer{Address: of.Address}.Network())
	case of.Reference != "":
		return h.Reference == of.Reference
	}
	return true
}

// Unlock ends what is held back, for all processes at once, and returns it. It
// is a NotFound fault where nothing is.
func (s *Service) Unlock(ctx context.Context, storeID int64, of Whose) ([]Held, error) {
	held, err := s.Held(ctx, storeID, of)
	if err != nil {
		return nil, err
	}
	if len(held) == 0 {
		return nil, fault.New(fault.NotFound, fmt.Sprintf("nothing %sis held back", of))
	}
	return held, s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		for i := range held {
			if err := limit.Release(tx, held[i].Subject); err != nil {
				return err
			}
		}
		return history.Enter(tx, s.sys.Now(), unlocked(held, of.CustomerID)...)
	})
}

// unlocked returns the entries of what is held back no more, of a customer or of
// whoever it is.
func unlocked(held []Held, customerID int64) []history.Entry {
	if len(held) > history.Few {
		return []history.Entry{history.Many(history.Unlocked, history.Customer, int64(len(held)), "")}
	}
	out := make([]history.Entry, len(held))
	for i := range held {
		h, id := &held[i], cmp.Or(held[i].CustomerID, customerID)
		out[i] = history.Entry{Action: history.Unlocked, Resource: history.Customer, ID: id, CustomerID: id}
		out[i].Add(false, history.FieldKind, "", history.Text(h.Action))
		out[i].Add(true, history.FieldAddress, "", history.Text(h.Network))
		out[i].Add(false, history.FieldUntil, "", history.Int(h.Until))
	}
	return out
}

// String says whose it is, with a space at the end.
func (w Whose) String() string {
	switch {
	case w.CustomerID != 0:
		return fmt.Sprintf("of customer %d ", w.CustomerID)
	case w.Address != "":
		return "from " + w.Address + " "
	case w.Reference != "":
		return "with the reference " + w.Reference + " "
	}
	return ""
}
