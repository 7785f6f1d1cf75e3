package auth

import (
	"clientele/internal/history"
	"clientele/internal/sqldb"
)

// kept is an API account as the history knows it. Secrets are told as changed.
type kept struct {
	id                                        int64
	name, clientID, secret, tokenHash, scopes string
}

var accountHistory = history.Table[kept]{
	history.TextColumn(history.FieldName, func(k *kept) string { return k.name }),
	history.TextColumn(history.FieldClient, func(k *kept) string { return k.clientID }),
	history.MaskedColumn(history.FieldClientSecret, func(k *kept) string { return k.secret }),
	history.MaskedColumn(history.FieldAccessToken, func(k *kept) string { return k.tokenHash }),
	history.TextColumn(history.FieldScopes, func(k *kept) string { return k.scopes }),
}

func (k *kept) changeOf(before, after *kept) history.Entry {
	return accountHistory.Change(history.APIAccount, k.id, 0, before, after)
}

var keptAccount = sqldb.Static(`SELECT id, name, client_secret, token_hash, scopes FROM api_accounts WHERE store_id = $1 AND client_id = $2`)

// keptOf reads an API account.
func keptOf(tx *sqldb.Tx, clientID string) (kept, error) {
	k := kept{clientID: clientID}
	sealed := ""
	if err := tx.Query(keptAccount, func(r *sqldb.Row) error {
		k.id, k.name, sealed, k.tokenHash, k.scopes = r.Int(0), r.Text(1), r.Text(2), r.Text(3), r.Text(4)
		return nil
	}, clientID); err != nil {
		return k, err
	}
	var err error
	k.secret, err = OpenSecret(tx, clientID, sealed)
	return k, err
}

// tokenHistory is what is told of a storefront token, which is not kept itself.
var tokenHistory = history.Table[StorefrontToken]{
	history.TextColumn(history.FieldKind, func(t *StorefrontToken) string { return t.Kind.String() }),
	history.TextColumn(history.FieldClient, func(t *StorefrontToken) string { return t.ClientID }),
	history.IntColumn(history.FieldSigningKey, func(t *StorefrontToken) int64 { return t.KeyID }),
	history.IntsColumn(history.FieldChannels, func(t *StorefrontToken) []int64 { return t.Channels }),
	history.TextsColumn(history.FieldScopes, func(t *StorefrontToken) []string {
		if len(t.Scopes) == 0 {
			return nil
		}
		return scopeNames(t.Scopes)
	}),
	history.TextsColumn(history.FieldOrigins, func(t *StorefrontToken) []string { return t.Origins }),
	history.IntColumn(history.FieldExpires, func(t *StorefrontToken) int64 { return t.Expires }),
}
