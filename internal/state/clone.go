package state

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"clientele/internal/auth"
	"clientele/internal/fault"
	"clientele/internal/form"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// Account is an API account of a new store, with what an app needs.
type Account struct {
	Name         string `json:"name"`
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	AccessToken  string `json:"access_token"`
}

// Clone is a store for one test.
type Clone struct {
	Hash     string
	Accounts []Account
}

var (
	nextStore   = sqldb.Global(`SELECT COALESCE(MAX(id), 0) + 1 FROM stores`)
	deleteStore = sqldb.Global(`DELETE FROM stores WHERE id = $1`)
)

// snapshotOf names a snapshot as what a store is made from.
const snapshotOf = "snapshot:"

// Clone makes a store that holds what another one does, or what one did in a
// snapshot: the same ids, API accounts and scopes, with a hash, tokens and secrets
// of its own. It has no host but the one that its hash spells. An empty hash is
// drawn.
func (s *Service) Clone(ctx context.Context, from, hash string) (*Clone, error) {
	of, err := s.source(ctx, from)
	if err != nil {
		return nil, err
	}
	if hash == "" {
		hash = s.System.Token(10)
	}
	if !store.IsHash(hash) {
		return nil, fault.New(fault.Invalid, "hash: a store hash has 3 to 32 characters of a-z and 0-9")
	}
	id, mold := s.spare(of.holds)
	full := id != 0
	var out *Clone
	var made kept
	for attempt := 0; ; attempt++ {
		if id == 0 {
			if id, err = s.reserve(ctx); err != nil {
				return nil, err
			}
		}
		err := s.DB.Write(ctx, 0, func(tx *sqldb.Tx) (err error) {
			have, err := s.plan.shopsTx(tx)
			if err != nil {
				return err
			}
			if find(have, hash) != nil {
				return fault.New(fault.Conflict, fmt.Sprintf("hash: there is a store %q", hash))
			}
			if len(have) >= maxStores {
				return fault.New(fault.Conflict, fmt.Sprintf("there are %d stores: delete some", len(have)))
			}
			if n, err := tx.ExecCount(takeSpare, id); err != nil || n == 0 {
				return cmp.Or(err, errGone)
			}
			if made.shop, err = s.plan.as(of.shop, id, hash, true); err != nil {
				return err
			}
			out = &Clone{Hash: hash}
			if made.holds, err = s.renewed(tx, of, id, out); err != nil {
				return err
			}
			if err := s.plan.putShop(tx, made.shop); err != nil {
				return err
			}
			in, there := tx.In(id), full
			if !full {
				if there, err = s.cast(in, mold); err != nil {
					return err
				}
			}
			return s.plan.fill(in, made.holds, there)
		})
		if err == nil {
			break
		}
		if errors.Is(err, errGone) && attempt < 3 { // another process has begun to take it away
			id, full = 0, false
			continue
		}
		s.discard(id)
		if errors.Is(err, sqldb.ErrUnique) {
			err = fault.New(fault.Conflict, fmt.Sprintf("hash: there is a store %q", hash))
		}
		return nil, err
	}
	s.mu.Lock()
	s.baseline.put(&made)
	s.mu.Unlock()
	s.forget()
	return out, nil
}

// source returns what a store is to be made from.
func (s *Service) source(ctx context.Context, from string) (*kept, error) {
	if err := s.wait(ctx); err != nil {
		return nil, err
	}
	name, isSnapshot := strings.CutPrefix(from, snapshotOf)
	if isSnapshot {
		name, which, _ := strings.Cut(name, "/")
		c, err := s.named(ctx, name)
		if err != nil {
			return nil, err
		}
		for i := range c.stores {
			if c.stores[i].Hash == which || which == "" && len(c.stores) == 1 {
				return &c.stores[i], nil
			}
		}
		if which != "" {
			return nil, fault.New(fault.NotFound, fmt.Sprintf("from: the snapshot %q has no store %q", name, which))
		}
		return nil, fault.New(fault.Invalid, fmt.Sprintf("from: the snapshot %q has %d stores: name one of them, as snapshot:%[1]s/HASH", name, len(c.stores)))
	}
	all, err := s.hold(ctx, []string{from})
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.baseline.of[from]; b != nil {
		all.stores[0].holds.same(b.holds)
	}
	return &all.stores[0], nil
}

// renewed returns what a new store holds: that of another with what is to differ.
func (s *Service) renewed(tx *sqldb.Tx, of *kept, id int64, out *Clone) (holding, error) {
	h, err := s.moved(tx, of.holds, of.ID, id)
	if err != nil {
		return nil, err
	}
	in := tx.In(id)
	accounts := s.plan.named["api_accounts"]
	at := accounts.column
	changed, err := accounts.change(h.of(accounts), func(f [][]byte) (bool, error) {
		if number(f[at("date_revoked")]) != 0 {
			return true, nil
		}
		a := Account{
			Name: string(text(f[at("name")])), ClientID: string(text(f[at("client_id")])),
			ClientSecret: s.System.Hex(32), AccessToken: s.System.Token(31),
		}
		stored, err := auth.SealSecret(in, a.ClientID, a.ClientSecret)
		if err != nil {
			return false, err
		}
		f[at("client_secret")], f[at("token_hash")] = textField(stored), textField(auth.HashToken(a.AccessToken))
		out.Accounts = append(out.Accounts, a)
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	h = h.with(accounts, changed)
	channels := s.plan.named["channels"]
	if changed, err = channels.change(h.of(channels), func(f [][]byte) (bool, error) {
		f[channels.column("url")] = textField("")
		return true, nil
	}); err != nil {
		return nil, err
	}
	// Hosts are one store's, and seals name theirs: the history is sealed anew.
	return h.with(channels, changed).with(s.plan.named["site_hosts"], noRows).with(s.plan.named["history_seals"], noRows), nil
}

// emptied returns what a store holds without its content.
func (s *Service) emptied(h holding) (holding, error) {
	out := make(holding, len(s.plan.tables))
	for _, t := range s.plan.stores() {
		var err error
		switch r := ruleOf(t.name); {
		case t.name == "form_fields": // those that every store has
			out[t.place], err = t.change(h.of(t), func(f [][]byte) (bool, error) { return number(f[t.column("id")]) <= form.LastBuiltIn, nil })
		case r == counters:
			out[t.place], err = t.change(h.of(t), func(f [][]byte) (bool, error) {
				for i, c := range t.columns {
					switch {
					case c.Name == "form_field_id":
						f[i] = numberField(form.LastBuiltIn)
					case !frameIDs[c.Name]:
						f[i] = numberField(0)
					}
				}
				return true, nil
			})
		case r == frame:
			out[t.place] = h.of(t)
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Drop deletes a store.
func (s *Service) Drop(ctx context.Context, hash string) error {
	if err := s.wait(ctx); err != nil {
		return err
	}
	left := int64(0)
	err := s.DB.Replace(ctx, func(tx *sqldb.Tx) (out sqldb.Replaced, err error) {
		have, err := s.plan.shopsTx(tx)
		if err != nil {
			return out, err
		}
		st := find(have, hash)
		if st == nil {
			return out, unknown(hash)
		}
		out.Stores, left = []int64{st.ID}, st.ID
		return out, s.forsake(tx, st.ID)
	})
	if err == nil {
		s.mu.Lock()
		if b := s.baseline.of[hash]; b != nil && b.ForTest {
			delete(s.baseline.of, hash)
		}
		s.mu.Unlock()
		s.discard(left)
		s.forget()
	}
	return err
}
