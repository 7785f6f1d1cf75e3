package store

import (
	"context"
	"net/url"

	"clientele/internal/sqldb"
)

// Names of customer settings, as they are stored. Package setting keeps them.
const (
	// AskConsent is how a store, and a channel for itself, asks shoppers for
	// their consent to tracking.
	AskConsent           = "ask_consent"
	AskConsentOnCheckout = "ask_consent_on_checkout"
	PolicyURL            = "policy_url"
	DefaultGroup         = "default_group_id"
)

// Features are what a store has on, of what the original lets it switch.
type Features struct {
	// HTTPS: all storefronts are reached by https only.
	HTTPS bool
	// Wishlists: customers have wishlists. Nothing switches them off.
	Wishlists bool
	// GraphQL: a storefront is live, so that its API can be used in full.
	GraphQL bool
	// Consent: shoppers of a live storefront are asked for their consent to
	// tracking, and what they say is kept.
	Consent bool
	// Storefronts: the store may have several. It is never switched off.
	Storefronts bool
}

// The channel's own word counts before the store's, which is that of channel 0.
var selectFeatures = sqldb.Static(`SELECT c.status, CASE WHEN h.date_proved > 0 THEN c.url ELSE '' END, COALESCE(own.value, above.value, '0')
	FROM channels c
	LEFT JOIN site_hosts h ON h.store_id = c.store_id AND h.channel_id = c.id
	LEFT JOIN customer_settings own ON own.store_id = c.store_id AND own.channel_id = c.id AND own.name = '` + AskConsent + `'
	LEFT JOIN customer_settings above ON above.store_id = c.store_id AND above.channel_id = 0 AND above.name = '` + AskConsent + `'
	WHERE c.store_id = $1 AND c.type = 'storefront' ORDER BY c.id`)

// Features returns what a store has on.
func (s *Service) Features(ctx context.Context, id int64) (Features, error) {
	var out Features
	err := s.db.Read(ctx, id, func(tx *sqldb.Tx) error {
		out = Features{Wishlists: true, Storefronts: true}
		sites, plain := 0, 0
		err := tx.Query(selectFeatures, func(r *sqldb.Row) error {
			if !Live(r.Text(0)) {
				return nil
			}
			out.GraphQL = true
			out.Consent = out.Consent || r.Text(2) == "1"
			if site, err := url.Parse(r.Text(1)); err == nil && site.Host != "" {
				sites++
				if site.Scheme != "https" {
					plain++
				}
			}
			return nil
		})
		out.HTTPS = sites > 0 && plain == 0
		return err
	})
	return out, err
}

// Live reports whether a channel with the status sells, so that shoppers can do
// things there. The empty status is that of a site without a channel.
func Live(status string) bool {
	switch status {
	case "", "active", "prelaunch", "connected":
		return true
	}
	return false
}
