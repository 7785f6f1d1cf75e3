package auth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"strings"

	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/sqldb"
	"clientele/internal/system"
)

// APIAccount is an API account of one store.
type APIAccount struct {
	StoreID   int64
	StoreHash string
	ID        int64
	Name      string
	ClientID  string
	Scopes    []Scope
	Created   int64
	Revoked   int64 // 0: in force
	Used      int64 // to the hour
	OldUntil  int64 // when the token before the present one ends; 0: it has ended
	// Archived tells that the store is not served.
	Archived  bool
	tokenHash string
	oldHash   string
}

// Credentials are what an app needs; the secret and the token are shown once.
type Credentials struct {
	ClientID, ClientSecret, AccessToken string
}

// HashToken returns what is stored of a random token: its SHA-256 in
// hexadecimal. A slow hash would add nothing, since tokens cannot be guessed.
func HashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

const accountColumns = `s.id, s.hash, a.id, a.name, a.client_id, a.scopes, a.date_created, a.date_revoked, a.token_hash, s.date_archived, a.date_used, a.old_token_until, a.old_token_hash`

var (
	accountByToken = sqldb.Global(`SELECT ` + accountColumns + ` FROM api_accounts a JOIN stores s ON s.id = a.store_id
		WHERE a.store_id = (SELECT id FROM stores WHERE hash = $1) AND a.token_hash = $2 AND a.date_revoked = 0`)
	accountsOfStore = sqldb.Global(`SELECT ` + accountColumns + ` FROM api_accounts a JOIN stores s ON s.id = a.store_id
		WHERE a.store_id = $1 ORDER BY a.id`)
	nextAccountID   = sqldb.Static(`UPDATE store_counters SET account_id = account_id + 1 WHERE store_id = $1 RETURNING account_id`)
	insertAccount   = sqldb.Static(`INSERT INTO api_accounts (store_id, id, name, client_id, client_secret, token_hash, scopes, date_created) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`)
	updateAccount   = sqldb.Static(`UPDATE api_accounts SET name = $3, client_secret = $4, token_hash = $5, scopes = $6 WHERE store_id = $1 AND client_id = $2 AND date_revoked = 0`)
	accountByClient = sqldb.Static(`SELECT date_revoked, scopes FROM api_accounts WHERE store_id = $1 AND client_id = $2`)
	// An account's webhooks go with it.
	deleteWebhooks  = sqldb.Static(`DELETE FROM webhooks WHERE store_id = $1 AND client_id IN (SELECT a.client_id FROM api_accounts a WHERE a.store_id = $1 AND a.id = $2)`)
	clientSecrets   = sqldb.Static(`SELECT client_id, client_secret FROM api_accounts WHERE store_id = $1 AND client_id > $2 ORDER BY client_id LIMIT $3`)
	putClientSecret = sqldb.Static(`UPDATE api_accounts SET client_secret = $3 WHERE store_id = $1 AND client_id = $2 AND client_secret = $4`)
	revokeAccount   = sqldb.Static(`UPDATE api_accounts SET date_revoked = $3 WHERE store_id = $1 AND id = $2 AND date_revoked = 0`)
)

// APIAccounts keeps API accounts.
type APIAccounts struct {
	db     *sqldb.DB
	sys    *system.System
	passes passes
	uses   accountUses
}

// NewAPIAccounts returns APIAccounts over db.
func NewAPIAccounts(db *sqldb.DB, sys *system.System) *APIAccounts {
	return &APIAccounts{db: db, sys: sys}
}

func scanAccount(r *sqldb.Row) *APIAccount {
	a := &APIAccount{
		StoreID: r.Int(0), StoreHash: r.Text(1), ID: r.Int(2), Name: r.Text(3), ClientID: r.Text(4),
		Created: r.Int(6), Revoked: r.Int(7), tokenHash: r.Text(8), Archived: r.Int(9) != 0, Used: r.Int(10), OldUntil: r.Int(11), oldHash: r.Text(12),
	}
	a.Scopes = splitScopes(r.Text(5))
	return a
}

// ByToken returns the account that a token names in a store, or nil. Another
// store's token names nobody.
func (s *APIAccounts) ByToken(ctx context.Context, storeHash, token string) (*APIAccount, error) {
	if strings.ContainsFunc(storeHash, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, nil // no store has such a hash, and not every engine takes any bytes for text
	}
	hash := HashToken(token)
	if out, err := s.byPass(ctx, storeHash, hash); out != nil || err != nil {
		return out, err
	}
	out, err := s.byHash(ctx, accountByToken, storeHash, hash)
	if out != nil || err != nil {
		return out, err
	}
	return s.byHash(ctx, accountByOldToken, storeHash, hash, s.sys.Now())
}

func (s *APIAccounts) byHash(ctx context.Context, stmt *sqldb.Stmt, storeHash, hash string, more ...any) (out *APIAccount, err error) {
	err = s.db.Read(ctx, 0, func(tx *sqldb.Tx) error {
		out = nil
		return tx.Query(stmt, func(r *sqldb.Row) error {
			a := scanAccount(r)
			now, old := subtle.ConstantTimeCompare([]byte(a.tokenHash), []byte(hash)), subtle.ConstantTimeCompare([]byte(a.oldHash), []byte(hash))
			if now|old == 1 {
				out = a
			}
			return nil
		}, append([]any{storeHash, hash}, more...)...)
	})
	return out, err
}

// Get returns a store's account.
func (s *APIAccounts) Get(ctx context.Context, store, id int64) (*APIAccount, error) {
	all, err := s.List(ctx, store)
	if err != nil {
		return nil, err
	}
	for _, a := range all {
		if a.ID == id {
			return a, nil
		}
	}
	return nil, fault.New(fault.NotFound, fmt.Sprintf("there is no API account %d", id))
}

// List returns a store's accounts, revoked ones included.
func (s *APIAccounts) List(ctx context.Context, store int64) ([]*APIAccount, error) {
	var out []*APIAccount
	err := s.db.Read(ctx, 0, func(tx *sqldb.Tx) error {
		return tx.Query(accountsOfStore, func(r *sqldb.Row) error {
			out = append(out, scanAccount(r))
			return nil
		}, store)
	})
	return out, err
}

// Create makes an account. Empty credentials are drawn at random, in the
// original's form: 31 characters for ids and tokens, 64 hexadecimal digits
// for secrets.
func (s *APIAccounts) Create(ctx context.Context, store int64, name string, scopes []Scope, c Credentials) (out Credentials, err error) {
	err = s.db.Write(ctx, store, func(tx *sqldb.Tx) (err error) {
		out, err = s.CreateTx(tx, name, scopes, c)
		return err
	})
	return out, err
}

// CreateTx is Create inside a transaction.
func (s *APIAccounts) CreateTx(tx *sqldb.Tx, name string, scopes []Scope, c Credentials) (Credentials, error) {
	if name == "" || len(name) > 255 {
		return c, &fault.Error{Kind: fault.Invalid, Message: "an API account needs a name of at most 255 characters", Items: []fault.Item{{Field: FieldName, Code: fault.TooLong, Want: "255"}}}
	}
	if len(scopes) == 0 {
		return c, &fault.Error{Kind: fault.Invalid, Message: "an API account needs at least one scope", Items: []fault.Item{{Field: FieldScopes, Code: fault.Required}}}
	}
	if c.ClientID == "" {
		c.ClientID = s.sys.Token(31)
	}
	if c.ClientSecret == "" {
		c.ClientSecret = s.sys.Hex(32)
	}
	if c.AccessToken == "" {
		c.AccessToken = s.sys.Token(31)
	}
	return c, putAccount(tx, name, scopes, c, s.sys.Now())
}

// InForce returns the query for whether a store has an API account with a client
// id that was not revoked, to be run in a pipeline.
func InForce(clientID string, into *bool) sqldb.Q {
	*into = false
	return sqldb.Q{Stmt: accountByClient, Args: []any{clientID}, Each: func(r *sqldb.Row) error { *into = r.Int(0) == 0; return nil }}
}

// PutAccount makes an account with given credentials, or brings the one with
// that client id in line with them, inside tx.
func PutAccount(tx *sqldb.Tx, name string, grant Grant, c Credentials, now int64) error {
	var has []Scope
	there := false
	if err := tx.Query(accountByClient, func(r *sqldb.Row) error {
		there, has = r.Int(0) == 0, splitScopes(r.Text(1))
		return nil
	}, c.ClientID); err != nil {
		return err
	}
	if !there {
		return putAccount(tx, name, grant.New(), c, now)
	}
	sealed, err := tx.Seal(clientSecret, c.ClientID, c.ClientSecret)
	if err != nil {
		return err
	}
	before, err := keptOf(tx, c.ClientID)
	if err != nil {
		return err
	}
	after := kept{before.id, name, c.ClientID, c.ClientSecret, HashToken(c.AccessToken), joinScopes(grant.Over(has), " ")}
	if e := after.changeOf(&before, &after); e.Changed() {
		if err := history.Enter(tx, now, e); err != nil {
			return err
		}
	}
	return tx.Exec(updateAccount, c.ClientID, name, sealed, after.tokenHash, after.scopes)
}

// clientSecret is where client secrets are. Rows go by client id.
var clientSecret = sqldb.Column{Table: "api_accounts", Name: "client_secret"}

// Secrets are what this package keeps that is encrypted.
func Secrets() []sqldb.Secrets {
	return []sqldb.Secrets{
		{Column: clientSecret, Values: clientSecrets, Put: putClientSecret},
		{Column: privateKey, Numbered: true, Values: privateKeys, Put: putPrivateKey},
	}
}

// SealSecret returns what to store of the client secret of an account.
func SealSecret(tx *sqldb.Tx, clientID, secret string) (string, error) {
	return tx.Seal(clientSecret, clientID, secret)
}

// OpenSecret returns the client secret that is stored for an account.
func OpenSecret(tx *sqldb.Tx, clientID, stored string) (string, error) {
	return tx.Unseal(clientSecret, clientID, stored)
}

// putAccount adds an account. A client id is given out once, also when its
// account was revoked: storefront tokens name the account by it, and those of a
// revoked one must stay refused.
func putAccount(tx *sqldb.Tx, name string, scopes []Scope, c Credentials, now int64) error {
	taken := ""
	if err := tx.Query(accountByClient, func(r *sqldb.Row) error {
		taken = "an API account with this client id is there"
		if r.Int(0) != 0 {
			taken = "the API account with this client id was revoked, which is for good"
		}
		return nil
	}, c.ClientID); err != nil {
		return err
	}
	if taken != "" {
		return fault.New(fault.Conflict, taken)
	}
	var id int64
	if err := tx.Query(nextAccountID, func(r *sqldb.Row) error { id = r.Int(0); return nil }); err != nil {
		return err
	}
	if id == 0 {
		return fault.New(fault.NotFound, "there is no such store")
	}
	sealed, err := tx.Seal(clientSecret, c.ClientID, c.ClientSecret)
	if err != nil {
		return err
	}
	k := kept{id, name, c.ClientID, c.ClientSecret, HashToken(c.AccessToken), joinScopes(scopes, " ")}
	if err := history.Enter(tx, now, k.changeOf(nil, &k)); err != nil {
		return err
	}
	return tx.Exec(insertAccount, id, name, c.ClientID, sealed, k.tokenHash, k.scopes, now)
}

// Revoke ends an account's access for good, and with it its webhooks and the
// storefront tokens that it made.
func (s *APIAccounts) Revoke(ctx context.Context, store, id int64) error {
	return s.db.Write(ctx, store, func(tx *sqldb.Tx) error {
		n, err := tx.ExecCount(revokeAccount, id, s.sys.Now())
		if err == nil && n == 0 {
			return notInForce(id)
		}
		if err != nil {
			return err
		}
		entries := []history.Entry{{Action: history.Revoked, Resource: history.APIAccount, ID: id}}
		hooks, err := tx.ExecCount(deleteWebhooks, id)
		if err != nil {
			return err
		}
		if hooks > 0 {
			entries = append(entries, history.Many(history.DeletedAll, history.Webhook, hooks, ""))
		}
		return history.Enter(tx, s.sys.Now(), entries...)
	})
}
