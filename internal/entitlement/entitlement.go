// Package entitlement tells what a shopper may see and pays by: what the
// customer's group gives on the channels the customer may use, the segments that
// promotions are aimed at, and the tax code. A catalog or a cart applies the
// answer; nothing is kept here.
package entitlement

import (
	"context"

	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/group"
	"clientele/internal/segment"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// Entitlements are what a customer or a guest has.
type Entitlements struct {
	CustomerID int64 // 0: a guest
	// Group is the customer's, or that for guests; its ID is 0 if there is none.
	Group group.Group
	// Access tells which categories may be seen. Who is in no group sees all.
	Access group.Access
	// Discounts are in force wherever no price list applies.
	Discounts []group.Rule
	// PriceLists has the channels on which the customer may be, by id.
	PriceLists []PriceList
	Segments   []string // their UUIDs
	// TaxExemptCategory is the customer's tax code, "" for none.
	TaxExemptCategory string
}

// PriceList is by what is paid on a channel.
type PriceList struct {
	ChannelID int64
	ID        int64 // 0: the catalog's prices, less the discounts
}

// On returns the price list on a channel, and whether the customer may be
// there.
func (e *Entitlements) On(channelID int64) (priceList int64, ok bool) {
	for _, p := range e.PriceLists {
		if p.ChannelID == channelID {
			return p.ID, true
		}
	}
	return 0, false
}

var errNoChannel = fault.New(fault.NotFound, "there is no such channel")

// Service tells entitlements.
type Service struct {
	db *sqldb.DB
}

// NewService returns a Service over db.
func NewService(db *sqldb.DB) *Service { return &Service{db: db} }

// OfCustomer returns what a customer has, or a NotFound fault. The channels are
// those on which an app may act for the customer.
func (s *Service) OfCustomer(ctx context.Context, storeID, customerID int64) (Entitlements, error) {
	var out Entitlements
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out = Entitlements{CustomerID: customerID}
		var c customer.Standing
		var channels []int64
		if err := tx.Pipeline(
			customer.StandingQuery(customerID, &c),
			store.OpenChannels(&channels),
			segment.SegmentsQuery(` = $2`, []any{customerID}, func(_ int64, uuid string) { out.Segments = append(out.Segments, uuid) }),
		); err != nil {
			return err
		}
		if c.ID == 0 {
			return customer.ErrNoCustomer
		}
		out.TaxExemptCategory = c.TaxExemptCategory
		for _, id := range channels {
			a := customer.Admission{ChannelID: id, Entrance: store.Entrance{Open: true}}
			if a.Serves(c.Channels) {
				out.PriceLists = append(out.PriceLists, PriceList{ChannelID: id})
			}
		}
		return out.read(tx, c.GroupID)
	})
	return out, err
}

// OfGuest returns what somebody has who has not signed in on a channel, by the
// channel's group for guests, or a NotFound fault if there is no such channel.
func (s *Service) OfGuest(ctx context.Context, storeID, channelID int64) (Entitlements, error) {
	var out Entitlements
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out = Entitlements{PriceLists: []PriceList{{ChannelID: channelID}}}
		var groupID int64
		var e store.Entrance
		if err := tx.Pipeline(append(e.Query(channelID), group.GuestQuery(channelID, &groupID))...); err != nil {
			return err
		}
		if !e.Open {
			return errNoChannel
		}
		return out.read(tx, groupID)
	})
	return out, err
}

// read fills in what a group gives, or with 0 what is given to who is in none.
func (e *Entitlements) read(tx *sqldb.Tx, groupID int64) error {
	var lists group.PriceLists
	if err := tx.Pipeline(group.OneQuery(groupID, &e.Group), group.PriceListsQuery(groupID, &lists)); err != nil {
		return err
	}
	e.Access = group.Access{Type: group.AccessAll}
	if e.Group.ID != 0 {
		e.Access = e.Group.Access
		e.Discounts = e.Group.Discounts()
	}
	for i := range e.PriceLists {
		p := &e.PriceLists[i]
		p.ID = lists.On(p.ChannelID, e.Group.ID, len(e.Discounts) > 0)
	}
	return nil
}
