// Package store is the tenant: stores with their default channel and
// per-store counters. "Store" means the merchant's shop; persistence is
// package sqldb.
package store

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"clientele/internal/fault"
	"clientele/internal/form"
	"clientele/internal/history"
	"clientele/internal/sqldb"
	"clientele/internal/system"
)

// Store is one merchant's shop.
type Store struct {
	ID          int64
	Hash        string // the {store_hash} of URLs
	Name        string
	DateCreated int64
	// DateArchived is since when it is not served, 0 where it is.
	DateArchived int64
}

// Channel is the part of a channel that this package needs; package channel
// manages channels.
type Channel struct {
	ID   int64
	Name string
	URL  string // of its site; empty if the claim of its host does not count
}

// DefaultChannel is the channel that every store has from its beginning.
const DefaultChannel = 1

var hashForm = regexp.MustCompile(`^[a-z0-9]{3,32}$`)

const storeColumns = `id, hash, name, date_created, date_archived`

var (
	selectStores         = sqldb.Global(`SELECT ` + storeColumns + ` FROM stores ORDER BY id`)
	selectByHash         = sqldb.Global(`SELECT ` + storeColumns + ` FROM stores WHERE hash = $1`)
	anyStore             = sqldb.Global(`SELECT id FROM stores LIMIT 1`)
	nextStoreID          = sqldb.Global(`SELECT COALESCE(MAX(id), 0) + 1 FROM stores`)
	lastSpareID          = sqldb.Global(`SELECT COALESCE(MAX(id), 0) FROM schema_spares`) // see package state
	insertStore          = sqldb.Global(`INSERT INTO stores (id, hash, name, date_created) VALUES ($1, $2, $3, $4)`)
	renameStore          = sqldb.Global(`UPDATE stores SET name = $2 WHERE id = $1`)
	insertCounter        = sqldb.Global(`INSERT INTO store_counters (store_id, form_field_id) VALUES ($1, $2)`)
	insertDefaultChannel = sqldb.Global(`INSERT INTO channels (store_id, id, name, url, date_created, date_modified) VALUES ($1, $2, $3, $4, $5, $5)`)
	// A URL is empty if the store's claim of its host does not count.
	selectChannels = sqldb.Static(`SELECT c.id, c.name, CASE WHEN h.date_proved > 0 THEN c.url ELSE '' END FROM channels c
		LEFT JOIN site_hosts h ON h.store_id = c.store_id AND h.channel_id = c.id WHERE c.store_id = $1 ORDER BY c.id`)
)

// Service keeps stores.
type Service struct {
	// Rules judge the hosts of new stores' sites.
	Rules HostRules

	db       *sqldb.DB
	sys      *system.System
	settings *keptSettings
}

// NewService returns a Service over db.
func NewService(db *sqldb.DB, sys *system.System) *Service {
	return &Service{db: db, sys: sys, settings: keepSettings(db)}
}

func scan(r *sqldb.Row) Store {
	return Store{ID: r.Int(0), Hash: r.Text(1), Name: r.Text(2), DateCreated: r.Int(3), DateArchived: r.Int(4)}
}

// List returns all stores by id.
func (s *Service) List(ctx context.Context) ([]Store, error) {
	var out []Store
	err := s.db.Read(ctx, 0, func(tx *sqldb.Tx) error {
		return tx.Query(selectStores, func(r *sqldb.Row) error {
			out = append(out, scan(r))
			return nil
		})
	})
	return out, err
}

// ByHash returns the store with a hash, or a NotFound fault.
func (s *Service) ByHash(ctx context.Context, hash string) (*Store, error) {
	var out *Store
	err := s.db.Read(ctx, 0, func(tx *sqldb.Tx) (err error) {
		out, err = FindTx(tx, hash)
		return err
	})
	if err == nil && out == nil {
		err = fault.New(fault.NotFound, fmt.Sprintf("there is no store %q", hash))
	}
	return out, err
}

// IsHash reports whether a store may have a hash.
func IsHash(text string) bool { return hashForm.MatchString(text) }

// Create makes a store with its default channel. The claim of the channel's host
// counts at once, as the operator makes it. An empty hash is drawn at random.
// Create returns a Conflict fault if the hash or the host is taken.
func (s *Service) Create(ctx context.Context, hash, name, url string) (*Store, error) {
	var out *Store
	// Two processes may pick the same next id; the loser looks again.
	for attempt := 0; ; attempt++ {
		err := s.db.Write(ctx, 0, func(tx *sqldb.Tx) (err error) {
			out, err = s.CreateTx(tx, hash, name, url)
			return err
		})
		if err == nil {
			return out, nil
		}
		if !errors.Is(err, sqldb.ErrUnique) || attempt == 10 {
			return nil, err
		}
	}
}

const defaultChannelName = "Storefront"

// CreateTx is Create inside a transaction.
func (s *Service) CreateTx(tx *sqldb.Tx, hash, name, url string) (*Store, error) {
	if hash == "" {
		hash = s.sys.Token(10)
	}
	if !hashForm.MatchString(hash) {
		return nil, fault.New(fault.Invalid, "a store hash has 3 to 32 characters of a-z and 0-9")
	}
	if name == "" {
		name = "My store"
	}
	if err := checkName(name); err != nil {
		return nil, err
	}
	have, err := FindTx(tx, hash)
	if err != nil {
		return nil, err
	}
	if have != nil {
		return nil, fault.New(fault.Conflict, fmt.Sprintf("store %q exists already", hash))
	}
	out := &Store{Hash: hash, Name: name, DateCreated: s.sys.Now()}
	if err := tx.Pipeline(
		sqldb.Q{Stmt: nextStoreID, Each: func(r *sqldb.Row) error { out.ID = r.Int(0); return nil }},
		sqldb.Q{Stmt: lastSpareID, Each: func(r *sqldb.Row) error { out.ID = max(out.ID, r.Int(0)+1); return nil }},
	); err != nil {
		return nil, err
	}
	if err := tx.Exec(insertStore, out.ID, hash, name, out.DateCreated); err != nil {
		return nil, err
	}
	if err := tx.Exec(insertCounter, out.ID, form.LastBuiltIn); err != nil {
		return nil, err
	}
	if err := insertBuiltIns(tx, out.ID, out.DateCreated); err != nil {
		return nil, err
	}
	if err := tx.Exec(insertDefaultChannel, out.ID, int64(DefaultChannel), defaultChannelName, url, out.DateCreated); err != nil {
		return nil, err
	}
	if err := history.Enter(tx.In(out.ID), out.DateCreated, out.made(defaultChannelName, url)...); err != nil || url == "" {
		return out, err
	}
	return out, s.Rules.Claim(tx.In(out.ID), DefaultChannel, url, Operator, out.DateCreated)
}

// FindTx returns the store with a hash, or nil, inside a transaction.
func FindTx(tx *sqldb.Tx, hash string) (*Store, error) {
	var out *Store
	if !hashForm.MatchString(hash) {
		return nil, nil
	}
	err := tx.Query(selectByHash, func(r *sqldb.Row) error {
		st := scan(r)
		out = &st
		return nil
	}, hash)
	return out, err
}

// Any reports whether there is a store, inside a transaction.
func Any(tx *sqldb.Tx) (bool, error) {
	found := false
	err := tx.Query(anyStore, func(*sqldb.Row) error { found = true; return nil })
	return found, err
}

// RenameTx gives a transaction's store another name.
func RenameTx(tx *sqldb.Tx, now int64, name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	id, before := tx.Store(), ""
	if err := tx.Query(sqldb.Dynamic(`SELECT name FROM stores WHERE id = $1`+tx.ForUpdate()), func(r *sqldb.Row) error { before = r.Text(0); return nil }); err != nil || before == name {
		return err
	}
	e := history.Entry{Action: history.Updated, Resource: history.Store, ID: id}
	e.Add(false, history.FieldName, history.Text(before), history.Text(name))
	if err := history.Enter(tx, now, e); err != nil {
		return err
	}
	return tx.Exec(renameStore, id, name)
}

// Rename gives a store another name.
func (s *Service) Rename(ctx context.Context, id int64, name string) error {
	return s.db.Write(ctx, id, func(tx *sqldb.Tx) error { return RenameTx(tx, s.sys.Now(), name) })
}

// Overview returns how many customers each of some stores has.
func (s *Service) Overview(ctx context.Context, of []Store) (customers []int64, err error) {
	err = s.db.Read(ctx, 0, func(tx *sqldb.Tx) error {
		customers = make([]int64, len(of))
		for i := range of {
			if err := tx.In(of[i].ID).Query(countCustomers, func(r *sqldb.Row) error { customers[i] = r.Int(0); return nil }); err != nil {
				return err
			}
		}
		return nil
	})
	return customers, err
}

// checkName reports what is wrong with a store's name.
func checkName(name string) error {
	if strings.TrimSpace(name) == "" || utf8.RuneCountInString(name) > maxText || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return fault.Broken(fault.Invalid, fault.Item{Field: FieldName, Code: fault.BadFormat, Why: WhyName, Want: strconv.Itoa(maxText)})
	}
	return nil
}

// Channels returns a store's channels by id, inside tx.
func Channels(tx *sqldb.Tx) ([]Channel, error) {
	var out []Channel
	err := tx.Query(selectChannels, func(r *sqldb.Row) error {
		out = append(out, Channel{ID: r.Int(0), Name: r.Text(1), URL: r.Text(2)})
		return nil
	})
	return out, err
}
