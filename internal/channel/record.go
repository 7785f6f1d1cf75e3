package channel

import (
	"strings"

	"clientele/internal/history"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// Of sites, and of channels that seed files make, package store records.

var routeHistory = history.Table[Route]{
	history.IntColumn(history.FieldChannel, func(r *Route) int64 { return r.SiteID }),
	history.TextColumn(history.FieldType, func(r *Route) string { return r.Type }),
	history.TextColumn(history.FieldMatching, func(r *Route) string { return r.Matching }),
	history.TextColumn(history.FieldRoute, func(r *Route) string { return r.Route }),
}

func (c *Channel) facts() *store.ChannelFacts {
	return &store.ChannelFacts{
		Name: c.Name, Type: c.Type, Platform: c.Platform, Status: c.Status, ExternalID: c.ExternalID,
		Currencies: strings.Join(c.Currencies, ","), Listable: c.IsListable, Visible: c.IsVisible,
	}
}

// changeOf returns the entry of a change; without before the channel is new.
func (c *Channel) changeOf(before, after *Channel) history.Entry {
	if before == nil {
		return store.ChannelHistory.Change(history.Channel, c.ID, 0, nil, after.facts())
	}
	return store.ChannelHistory.Change(history.Channel, c.ID, 0, before.facts(), after.facts())
}

func (r *Route) changeOf(before, after *Route) history.Entry {
	return routeHistory.Change(history.SiteRoute, r.ID, 0, before, after)
}

// dropRoutes takes the routes of a site away that goes. The caller holds the
// channel.
func dropRoutes(tx *sqldb.Tx, siteID, now int64) error {
	var entries []history.Entry
	if err := tx.Query(routesOfSite, func(row *sqldb.Row) error {
		var r Route
		r.scan(row)
		entries = append(entries, r.changeOf(&r, nil))
		return nil
	}, siteID); err != nil || len(entries) == 0 {
		return err
	}
	if err := history.Enter(tx, now, entries...); err != nil {
		return err
	}
	return tx.Exec(deleteRoutes, siteID)
}
