// Package clientele holds the operations of the management API that are our
// own, below /stores/{store_hash}/v3/clientele. They speak as V3 does, by what
// package v3 exports, and nothing but internal/app knows them: without this
// folder, its line there, its part of the API document and its line in the
// check of the coverage table, the documented API is what it was.
package clientele

import (
	"slices"

	"clientele/internal/account"
	"clientele/internal/auth"
	"clientele/internal/company"
	"clientele/internal/credit"
	"clientele/internal/customer"
	"clientele/internal/desk"
	"clientele/internal/duplicate"
	"clientele/internal/entitlement"
	"clientele/internal/export"
	"clientele/internal/figure"
	"clientele/internal/history"
	"clientele/internal/merge"
	"clientele/internal/person"
	"clientele/internal/rest"
	v3 "clientele/internal/rest/v3"
	"clientele/internal/segment"
	"clientele/internal/store"
	"clientele/internal/storekey"
	"clientele/internal/subscriber"
	"clientele/internal/transfer"
)

// Services are what the surface speaks for.
type Services struct {
	Tokens       *auth.StorefrontTokens
	Customers    *customer.Service
	Entitlements *entitlement.Service
	Companies    *company.Service
	Keys         *storekey.Service
	Credit       *credit.Service
	History      *history.Service
	Persons      *person.Service
	Stores       *store.Service
	Accounts     *account.Service
	Hosts        *store.Hosts
	Subscribers  *subscriber.Service
	Rules        *segment.Keeper
	Desk         *desk.Service
	Figures      *figure.Service
	Transfer     *transfer.Service
	Exports      *export.Service
	Merges       *merge.Service
	Duplicates   *duplicate.Service
}

// Surface is the API of our own operations.
type Surface struct {
	Services
}

// New returns the surface over the services.
func New(s Services) *Surface { return &Surface{s} }

// Prefix implements rest.Surface.
func (*Surface) Prefix() string { return "/stores/{store_hash}/v3/clientele" }

// Door implements rest.Recorded.
func (*Surface) Door() history.Surface { return history.V3 }

// Routes implements rest.Surface.
func (s *Surface) Routes() []rest.Route {
	return slices.Concat(s.storefrontTokenRoutes(), s.localeRoutes(), s.entitlementRoutes(), s.companyRoutes(), s.keyRoutes(), s.creditRoutes(), s.searchRoutes(), s.historyRoutes(), s.personRoutes(), s.personRequestRoutes(),
		s.impersonationRoutes(), s.consentRoutes(), s.bounceRoutes(), s.segmentRoutes(), s.deskRoutes(), s.figureRoutes(), s.importRoutes(), s.exportRoutes(), s.mergeRoutes(), s.duplicateRoutes())
}

// Error implements rest.Surface.
func (*Surface) Error(titles *rest.Titles, err error) (int, []byte) { return v3.Error(titles, err) }
