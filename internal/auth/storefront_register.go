package auth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/jsonx"
	"clientele/internal/jwt"
	"clientele/internal/listing"
	"clientele/internal/sqldb"
)

// TokenStatus tells whether a token in the register is good, or why not.
type TokenStatus string

// The statuses. Where several would do the first one here is told.
const (
	StatusRevoked        TokenStatus = "revoked"
	StatusAccountRevoked TokenStatus = "account_revoked"
	StatusKeyRetired     TokenStatus = "key_retired"
	StatusExpired        TokenStatus = "expired"
	StatusActive         TokenStatus = "active"
)

// IssuedToken is a token's entry in the register, which does not hold its text.
type IssuedToken struct {
	ID int64
	StorefrontToken
	Used    int64 // last; 0: never
	Revoked int64 // 0: it was not, itself
	Status  TokenStatus
}

// StorefrontTokenList declares the register as a list, the newest entry first.
var StorefrontTokenList = &listing.Spec{
	Table: "storefront_tokens",
	Fields: []listing.Field{
		{Name: "kind", Kind: listing.Text, Ops: []listing.Op{listing.Eq, listing.In}, Column: "kind", Values: tokenKinds},
		{Name: "client_id", Kind: listing.Text, Ops: []listing.Op{listing.Eq, listing.In}, Column: "client_id"},
	},
	Descending: true,
	Cursors:    true,
}

var tokenKinds = map[string]string{
	BrowserToken.String():       BrowserToken.String(),
	ImpersonationToken.String(): ImpersonationToken.String(),
	PrivateToken.String():       PrivateToken.String(),
}

const tokenColumns = `id, kind, client_id, key_id, channel_ids, scopes, origins, date_created, date_expires, date_used, date_revoked`

var (
	nextTokenIDs = sqldb.Static(`UPDATE store_counters SET storefront_token_id = storefront_token_id + $2 WHERE store_id = $1 RETURNING storefront_token_id`)
	// A token that is there already, as it was made or used elsewhere at the same
	// time, keeps its entry.
	insertToken = sqldb.Static(`INSERT INTO storefront_tokens (store_id, id, token_hash, kind, client_id, key_id, channel_ids, scopes, origins, date_created, date_expires, date_used)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
		ON CONFLICT (store_id, token_hash) DO UPDATE SET date_used = excluded.date_used WHERE storefront_tokens.date_used < excluded.date_used`)
	tokenByHash      = sqldb.Static(`SELECT id FROM storefront_tokens WHERE store_id = $1 AND token_hash = $2`)
	tokenState       = sqldb.Static(`SELECT id, date_used, date_revoked FROM storefront_tokens WHERE store_id = $1 AND token_hash = $2`)
	tokenByID        = sqldb.Static(`SELECT token_hash, date_expires FROM storefront_tokens WHERE store_id = $1 AND id = $2`)
	markRevoked      = sqldb.Static(`UPDATE storefront_tokens SET date_revoked = $3 WHERE store_id = $1 AND token_hash = $2 AND date_revoked = 0`)
	findRevocation   = sqldb.Static(`SELECT 1 FROM storefront_revocations WHERE store_id = $1 AND token_hash = $2`)
	insertRevocation = sqldb.Static(`INSERT INTO storefront_revocations (store_id, token_hash, date_expires, date_revoked) VALUES ($1, $2, $3, $4)
		ON CONFLICT (store_id, token_hash) DO NOTHING`)
)

const (
	revokedClients = `SELECT client_id FROM api_accounts WHERE store_id = $1 AND date_revoked > 0 AND client_id IN `
	keysInForce    = `SELECT id FROM storefront_keys WHERE store_id = $1 AND date_retired = 0 AND id IN `
)

// List returns a page of a store's tokens.
func (s *StorefrontTokens) List(ctx context.Context, storeID int64, q *listing.Query) (out []IssuedToken, res *listing.Result, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		out = make([]IssuedToken, 0, min(q.Limit, 64))
		res, err = q.Run(tx, tokenColumns, func(r *sqldb.Row) error {
			t, err := scanToken(r)
			t.StoreID = storeID
			out = append(out, t)
			return err
		})
		if err != nil || len(out) == 0 {
			return err
		}
		return s.setStatus(tx, out)
	})
	if err == nil && q.Reversed() {
		slices.Reverse(out)
	}
	return out, res, err
}

func scanToken(r *sqldb.Row) (t IssuedToken, err error) {
	t.ID, t.ClientID, t.KeyID = r.Int(0), r.Text(2), r.Int(3)
	t.Issued, t.Expires, t.Used, t.Revoked = r.Int(7), r.Int(8), r.Int(9), r.Int(10)
	t.Kind = TokenKind(slices.Index(kindNames[:], r.Text(1)))
	for i, each := range []func(jsonx.Value){
		func(v jsonx.Value) { n, _ := v.Int(); t.Channels = append(t.Channels, n) },
		func(v jsonx.Value) { name, _ := v.Str(); t.Scopes = append(t.Scopes, AccessScope(name)) },
		func(v jsonx.Value) { name, _ := v.Str(); t.Origins = append(t.Origins, name) },
	} {
		list, err := jsonx.Parse(r.Bytes(4+i), jsonx.Limits{Depth: 2, Values: 1 + MaxTokenChannels})
		if err != nil {
			return t, fmt.Errorf("storefront token %d: %w", t.ID, err)
		}
		for _, v := range list.Elems() {
			each(v)
		}
	}
	return t, nil
}

// setStatus tells of tokens of a page whether they are good.
func (s *StorefrontTokens) setStatus(tx *sqldb.Tx, page []IssuedToken) error {
	var clients []string
	var ids []int64
	for i := range page {
		clients, ids = append(clients, page[i].ClientID), append(ids, page[i].KeyID)
	}
	revoked, keys := map[string]bool{}, map[int64]bool{}
	ofClients, clientArgs := sqldb.In(nil, distinct(clients))
	ofKeys, keyArgs := sqldb.In(nil, distinct(ids))
	if err := tx.Pipeline(
		sqldb.Q{Stmt: sqldb.Dynamic(revokedClients + ofClients), Args: clientArgs, Each: func(r *sqldb.Row) error { revoked[r.Text(0)] = true; return nil }},
		sqldb.Q{Stmt: sqldb.Dynamic(keysInForce + ofKeys), Args: keyArgs, Each: func(r *sqldb.Row) error { keys[r.Int(0)] = true; return nil }},
	); err != nil {
		return err
	}
	now := s.sys.Now()
	for i := range page {
		switch t := &page[i]; {
		case t.Revoked != 0:
			t.Status = StatusRevoked
		case revoked[t.ClientID]:
			t.Status = StatusAccountRevoked
		case !keys[t.KeyID]:
			t.Status = StatusKeyRetired
		case t.Expires != 0 && now >= t.Expires:
			t.Status = StatusExpired
		default:
			t.Status = StatusActive
		}
	}
	return nil
}

func distinct[T cmp.Ordered](list []T) []T { return slices.Compact(slices.Sorted(slices.Values(list))) }

// enterNew enters a new token, unless it is one that was revoked.
func (s *StorefrontTokens) enterNew(ctx context.Context, t *StorefrontToken, hash string) (good bool, err error) {
	err = s.db.Write(ctx, t.StoreID, func(tx *sqldb.Tx) error {
		good = true
		if err := tx.Query(findRevocation, func(*sqldb.Row) error { good = false; return nil }, hash); err != nil || !good {
			return err
		}
		id, err := takeTokenIDs(tx, 1)
		if err != nil {
			return err
		}
		if made, err := insertEntry(tx, id, t, hash, 0); err != nil || !made {
			return err
		}
		return history.Enter(tx, s.sys.Now(), tokenHistory.Change(history.StorefrontToken, id, 0, nil, t))
	})
	return good, err
}

// takeTokenIDs gives out n ids and returns the last.
func takeTokenIDs(tx *sqldb.Tx, n int64) (last int64, err error) {
	err = tx.Query(nextTokenIDs, func(r *sqldb.Row) error { last = r.Int(0); return nil }, n)
	return last, err
}

// insertEntry enters a token, and reports whether it was not there or was used later
// than is known.
func insertEntry(tx *sqldb.Tx, id int64, t *StorefrontToken, hash string, used int64) (bool, error) {
	n, err := tx.ExecCount(insertToken, id, hash, t.Kind.String(), t.ClientID, t.KeyID, string(jsonx.AppendInts(nil, t.Channels)),
		string(jsonx.AppendStrings(nil, scopeNames(t.Scopes))), string(jsonx.AppendStrings(nil, t.Origins)), t.Issued, t.Expires, used)
	return n > 0, err
}

// Revoke ends a token of a store before its time. One that has ended already
// is fine.
func (s *StorefrontTokens) Revoke(ctx context.Context, storeID int64, token string) error {
	var t *readToken
	err := error(TokenMissing)
	if token != "" {
		t, err = s.readSigned(ctx, storeID, token)
	}
	if bad := TokenFault(""); errors.As(err, &bad) {
		code := fault.BadFormat
		if bad == TokenMissing {
			code = fault.Required
		}
		return fault.Broken(fault.Invalid, fault.Item{Field: FieldToken, Code: code, Why: fault.Reason(bad)})
	}
	if err != nil {
		return err
	}
	err = s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		// Those who write when tokens were used lock the counters first, too.
		last, err := takeTokenIDs(tx, 0)
		if err != nil {
			return err
		}
		id := int64(0)
		if err := tx.Query(tokenByHash, func(r *sqldb.Row) error { id = r.Int(0); return nil }, t.hash); err != nil {
			return err
		}
		if id == 0 { // it is from before the register
			id = last + 1
			if _, err := takeTokenIDs(tx, 1); err != nil {
				return err
			}
			if _, err := insertEntry(tx, id, &t.token, t.hash, 0); err != nil {
				return err
			}
		}
		return s.revokeTx(tx, id, t.hash, t.token.Expires)
	})
	if err == nil {
		s.forgetHash(storeID, t.hash)
	}
	return err
}

// RevokeID is Revoke by the id in the register.
func (s *StorefrontTokens) RevokeID(ctx context.Context, storeID, id int64) error {
	hash := ""
	err := s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		if _, err := takeTokenIDs(tx, 0); err != nil {
			return err
		}
		var expires int64
		hash = ""
		if err := tx.Query(tokenByID, func(r *sqldb.Row) error { hash, expires = r.Text(0), r.Int(1); return nil }, id); err != nil {
			return err
		}
		if hash == "" {
			return fault.New(fault.NotFound, fmt.Sprintf("there is no storefront token %d", id))
		}
		return s.revokeTx(tx, id, hash, expires)
	})
	if err == nil {
		s.forgetHash(storeID, hash)
	}
	return err
}

func (s *StorefrontTokens) revokeTx(tx *sqldb.Tx, id int64, hash string, expires int64) error {
	now := s.sys.Now()
	if err := tx.Exec(insertRevocation, hash, expires, now); err != nil {
		return err
	}
	if n, err := tx.ExecCount(markRevoked, hash, now); err != nil || n == 0 {
		return err
	}
	return history.Enter(tx, now, history.Entry{Action: history.Revoked, Resource: history.StorefrontToken, ID: id})
}

func (s *StorefrontTokens) forgetHash(storeID int64, hash string) {
	s.forget(storeID, func(t *readToken) bool { return t.hash == hash })
}

// Inspect tells what a token of the store says and whether it is good. fault is why
// it cannot be read; where the signature is not ours it still says what it says.
func (s *StorefrontTokens) Inspect(ctx context.Context, storeID int64, token string) (out IssuedToken, bad TokenFault, err error) {
	if token == "" {
		return out, TokenMissing, nil
	}
	if len(token) > jwt.MaxLength {
		return out, TokenNoJWT, nil
	}
	t, err := s.readSigned(ctx, storeID, token)
	if errors.As(err, &bad) {
		if raw, wrong := jwt.Parse(token); wrong == nil {
			out.StorefrontToken, _ = readClaims(raw.Claims)
		}
		return out, bad, nil
	}
	if err != nil {
		return out, "", err
	}
	page := []IssuedToken{{StorefrontToken: t.token}}
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		page[0] = IssuedToken{StorefrontToken: t.token}
		if err := tx.Query(tokenState, func(r *sqldb.Row) error {
			page[0].ID, page[0].Used, page[0].Revoked = r.Int(0), r.Int(1), r.Int(2)
			return nil
		}, t.hash); err != nil {
			return err
		}
		if err := tx.Query(findRevocation, func(*sqldb.Row) error { page[0].Revoked = max(page[0].Revoked, 1); return nil }, t.hash); err != nil {
			return err
		}
		return s.setStatus(tx, page)
	})
	return page[0], "", err
}
