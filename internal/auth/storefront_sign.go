package auth

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"strconv"

	"clientele/internal/jwt"
	"clientele/internal/sqldb"
)

// A store's keys also sign tokens that are no storefront tokens: what else a
// store vouches for. Those are in no register; a retired key ends them too.

var keyRetired = sqldb.Static(`SELECT date_retired FROM storefront_keys WHERE store_id = $1 AND id = $2`)

// Sign returns a token with the given claims, which are JSON, signed by the key
// that signs a store's new storefront tokens.
func (s *StorefrontTokens) Sign(ctx context.Context, storeID int64, claims []byte) (string, error) {
	keys, err := s.signing(ctx, storeID)
	if err != nil {
		return "", err
	}
	id := strconv.FormatInt(keys.last, 10)
	return jwt.SignES256(keys.keys[id].private, id, claims)
}

// Signed returns TokenBadSignature if no key of a store signed a token as it
// is, and TokenRevoked if the key is retired.
func (s *StorefrontTokens) Signed(ctx context.Context, storeID int64, t *jwt.Token) error {
	id, err := s.signer(ctx, storeID, t)
	if err != nil {
		return err
	}
	inForce := false
	if err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		inForce = false
		return tx.Query(keyRetired, func(r *sqldb.Row) error { inForce = r.Int(0) == 0; return nil }, id)
	}); err != nil {
		return err
	}
	if !inForce {
		return TokenRevoked
	}
	return nil
}

// signer returns the id of the key that signed a token, which the token has to
// name, or TokenBadSignature.
func (s *StorefrontTokens) signer(ctx context.Context, storeID int64, t *jwt.Token) (id int64, err error) {
	name, _ := t.Header.Get("kid").Str()
	var key *ecdsa.PrivateKey
	if key, err = s.key(ctx, storeID, name); err != nil {
		return 0, err
	}
	if key == nil {
		return 0, TokenBadSignature
	}
	if id, err = strconv.ParseInt(name, 10, 64); err != nil {
		return 0, TokenBadSignature
	}
	switch err := t.SignedByES256(key); {
	case errors.Is(err, jwt.ErrSignature), errors.Is(err, jwt.ErrAlgorithm), errors.Is(err, jwt.ErrCritical):
		return 0, TokenBadSignature
	case err != nil:
		return 0, err
	}
	return id, nil
}
