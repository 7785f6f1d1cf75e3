package auth

import (
	"context"

	"clientele/internal/sqldb"
)

// The register is pruned, so what is passed over are good tokens. Were the time
// compared as it is bound, SQLite would plan the statement again at each run, to
// see by the time whether an index for date_expires > 0 will do.
var crossSiteTokens = sqldb.Static(`SELECT 1 FROM storefront_tokens WHERE store_id = $1 AND kind = $2
	AND origins <> '[]' AND date_revoked = 0 AND (date_expires = 0 OR date_expires > CAST($3 AS BIGINT)) ORDER BY id DESC LIMIT 1`)

// CrossSite reports whether a store has a token with which pages of other
// origins may use its GraphQL API, so that they need the shopper's session.
func (s *StorefrontTokens) CrossSite(ctx context.Context, storeID int64) (yes bool, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		yes = false
		return tx.Query(crossSiteTokens, func(*sqldb.Row) error { yes = true; return nil }, BrowserToken.String(), s.sys.Now())
	})
	return yes, err
}
