package channel

import (
	"context"
	"fmt"
	"slices"

	"clientele/internal/event"
	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/listing"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

const routeColumns = `id, channel_id, type, matching, route, date_created, date_modified`

var (
	selectRoute  = sqldb.Static(`SELECT ` + routeColumns + ` FROM site_routes WHERE store_id = $1 AND channel_id = $2 AND id = $3`)
	nextRoutes   = sqldb.Static(`UPDATE store_counters SET site_route_id = site_route_id + $2 WHERE store_id = $1 RETURNING site_route_id`)
	insertRoute  = sqldb.Static(`INSERT INTO site_routes (store_id, id, channel_id, type, matching, route, date_created, date_modified) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`)
	deleteRoute  = sqldb.Static(`DELETE FROM site_routes WHERE store_id = $1 AND channel_id = $2 AND id = $3`)
	routesOfSite = sqldb.Static(`SELECT ` + routeColumns + ` FROM site_routes WHERE store_id = $1 AND channel_id = $2 ORDER BY id`)
	deleteRoutes = sqldb.Static(`DELETE FROM site_routes WHERE store_id = $1 AND channel_id = $2`)
)

func (r *Route) scan(row *sqldb.Row) {
	*r = Route{ID: row.Int(0), SiteID: row.Int(1), Type: row.Text(2), Matching: row.Text(3), Route: row.Text(4), DateCreated: row.Int(5), DateModified: row.Int(6)}
}

func noRoute() error { return fault.New(fault.NotFound, "there is no such route") }

// Routes returns a page of a site's routes.
func (s *Service) Routes(ctx context.Context, storeID, siteID int64, q *listing.Query) (out []Route, res *listing.Result, err error) {
	q.Where(routeSite, listing.In, []int64{siteID}, nil)
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out = make([]Route, 0, min(q.Limit, 64))
		var c Channel
		if err := c.read(tx, siteID); err != nil {
			return err
		}
		if c.site.URL == "" {
			return notFound()
		}
		res, err = q.Run(tx, routeColumns, func(r *sqldb.Row) error {
			out = append(out, Route{})
			out[len(out)-1].scan(r)
			return nil
		})
		return err
	})
	return out, res, err
}

// ShopperRoutes returns the routes of a channel's site by which shoppers are
// sent. They are shared: nobody changes them.
func (s *Service) ShopperRoutes(ctx context.Context, storeID, channelID int64) (Routes, error) {
	return s.routes.Get(ctx, storeID, channelID)
}

func shopperRoutes(tx *sqldb.Tx, channelID int64) (out Routes, err error) {
	err = tx.Pipeline(RoutesQuery(channelID, &out))
	return out, err
}

// Route returns one route of a site.
func (s *Service) Route(ctx context.Context, storeID, siteID, id int64) (out Route, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out = Route{}
		return tx.Query(selectRoute, func(r *sqldb.Row) error { out.scan(r); return nil }, siteID, id)
	})
	if err == nil && out.ID == 0 {
		err = noRoute()
	}
	return out, err
}

// lockSite locks the channel of a site, so that its routes change one after
// the other.
func lockSite(tx *sqldb.Tx, siteID int64) error {
	c, err := lock(tx, siteID)
	if err == nil && c.site.URL == "" {
		err = notFound()
	}
	return err
}

// PutRoute makes a route or, with an id, changes one.
func (s *Service) PutRoute(ctx context.Context, storeID, siteID int64, in RouteWrite) (Route, error) {
	out, err := s.PutRoutes(ctx, storeID, siteID, []RouteWrite{in})
	if f := fault.As(err); f != nil && slices.ContainsFunc(f.Items, func(it fault.Item) bool { return it.Why == WhyNoRoute }) {
		return Route{}, noRoute()
	}
	if err != nil {
		return Route{}, fault.Alone(err)
	}
	return out[0], nil
}

// PutRoutes makes and changes routes: all of them or, if any breaks a rule,
// none.
func (s *Service) PutRoutes(ctx context.Context, storeID, siteID int64, in []RouteWrite) ([]Route, error) {
	var out []Route
	err := s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		if err := lockSite(tx, siteID); err != nil {
			return err
		}
		w := routeWrite{siteID: siteID, now: s.sys.Now()}
		if err := w.read(tx, in); err != nil {
			return err
		}
		if err := w.check(tx); err != nil {
			return err
		}
		out = w.routes
		return w.store(tx, true)
	})
	return out, err
}

// PutRoutes makes routes of a site, or brings those of the same type and
// matching in line, inside tx, and tells of it if asked to. It returns which of
// them a fault is about.
func PutRoutes(tx *sqldb.Tx, siteID int64, routes []Route, now int64, tell bool) (int, error) {
	some := false
	for i := range routes {
		if i == 0 {
			if err := lockSite(tx, siteID); err != nil {
				return i, err
			}
		}
		r := &routes[i]
		in := RouteWrite{Type: opt.Some(r.Type), Matching: opt.Some(r.Matching), Route: opt.Some(r.Route)}
		if err := tx.Query(routeAt, func(row *sqldb.Row) error { in.ID = opt.Some(row.Int(0)); return nil }, siteID, r.Type, r.Matching); err != nil {
			return i, err
		}
		w := routeWrite{siteID: siteID, now: now}
		if err := w.read(tx, []RouteWrite{in}); err != nil {
			return i, fault.Alone(err)
		}
		if err := w.store(tx, false); err != nil {
			return i, err
		}
		some = some || w.changed
	}
	if !some || !tell {
		return 0, nil
	}
	return 0, store.Record(tx, now, event.Site(siteID, event.RouteUpdated))
}

// routeWrite is a write of some routes of a site.
type routeWrite struct {
	siteID int64
	now    int64
	before []Route // with id 0 where there is none
	routes []Route

	changed bool // anything
}

// read finds what is changed and notes what it becomes.
func (w *routeWrite) read(tx *sqldb.Tx, in []RouteWrite) error {
	w.before, w.routes = make([]Route, len(in)), make([]Route, len(in))
	qs := make([]sqldb.Q, 0, len(in))
	for i := range in {
		if id := in[i].ID.Value; id != 0 {
			qs = append(qs, sqldb.Q{Stmt: selectRoute, Args: []any{w.siteID, id}, Each: func(r *sqldb.Row) error { w.before[i].scan(r); return nil }})
		}
	}
	if len(qs) > 0 {
		if err := tx.Pipeline(qs...); err != nil {
			return err
		}
	}
	var b fault.Batch
	seen := map[int64]bool{}
	b.Each(len(in), func(i int, c *fault.Collector) {
		old := w.before[i]
		switch id := in[i].ID.Value; {
		case in[i].ID.Set && old.ID == 0:
			c.Because(FieldID, fault.Unknown, WhyNoRoute, "")
		case id != 0 && seen[id]:
			c.Because(FieldID, fault.Duplicate, WhyRouteTwice, "")
		}
		seen[in[i].ID.Value] = true
		if old.ID == 0 {
			old = Route{SiteID: w.siteID, Matching: AnyItem, DateCreated: w.now, DateModified: w.now}
		}
		w.routes[i] = old
		r := &w.routes[i]
		r.Type, r.Matching, r.Route = in[i].Type.Or(old.Type), in[i].Matching.Or(old.Matching), in[i].Route.Or(old.Route)
		if r.changed(&w.before[i]) {
			r.DateModified = w.now
		}
		r.check(c)
	})
	return b.Err(fault.Invalid)
}

func (r *Route) changed(before *Route) bool {
	return r.Type != before.Type || r.Matching != before.Matching || r.Route != before.Route
}

func (r *Route) place() string { return r.Type + " " + r.Matching }

// check makes sure that no two routes of the site are of the same pages.
func (w *routeWrite) check(tx *sqldb.Tx) error {
	moved := map[int64]bool{}
	taken := map[string]bool{}
	for i := range w.routes {
		moved[w.routes[i].ID] = true
	}
	qs := make([]sqldb.Q, 0, len(w.routes))
	for i := range w.routes {
		r := &w.routes[i]
		qs = append(qs, sqldb.Q{Stmt: routeAt, Args: []any{w.siteID, r.Type, r.Matching}, Each: func(row *sqldb.Row) error {
			if !moved[row.Int(0)] {
				taken[r.place()] = true
			}
			return nil
		}})
	}
	if err := tx.Pipeline(qs...); err != nil {
		return err
	}
	var b fault.Batch
	b.Each(len(w.routes), func(i int, c *fault.Collector) {
		r := &w.routes[i]
		if taken[r.place()] {
			c.AddItem(fault.Item{
				Field: FieldRoutePlace, Code: fault.Taken, Why: WhyRouteTaken,
				Value: fmt.Sprint(w.siteID), Want: r.Matching, Other: r.Type,
			})
		}
		taken[r.place()] = true
	})
	return b.Err(fault.Conflict)
}

var routeAt = sqldb.Static(`SELECT id FROM site_routes WHERE store_id = $1 AND channel_id = $2 AND type = $3 AND matching = $4`)

// store writes and records what is new or has changed, and tells webhooks of it
// if asked to. Routes that change places with each other leave them first.
func (w *routeWrite) store(tx *sqldb.Tx, tell bool) error {
	fresh := int64(0)
	var changed []int
	for i := range w.routes {
		switch {
		case w.before[i].ID == 0:
			fresh++
		case !w.routes[i].changed(&w.before[i]):
			continue
		}
		changed = append(changed, i)
	}
	if w.changed = len(changed) > 0; !w.changed {
		return nil
	}
	var last int64
	if err := tx.Query(nextRoutes, func(r *sqldb.Row) error { last = r.Int(0); return nil }, fresh); err != nil {
		return err
	}
	entries := make([]history.Entry, len(changed))
	for n, i := range changed {
		r, before := &w.routes[i], &w.before[i]
		if before.ID == 0 {
			before = nil
			fresh--
			r.ID = last - fresh
		} else if err := tx.Exec(deleteRoute, w.siteID, r.ID); err != nil {
			return err
		}
		entries[n] = r.changeOf(before, r)
	}
	var events []event.Event
	if tell {
		events = append(events, event.Site(w.siteID, event.RouteUpdated))
	}
	if err := store.Note(tx, w.now, events, entries); err != nil {
		return err
	}
	for _, i := range changed {
		r := &w.routes[i]
		if err := tx.Exec(insertRoute, r.ID, r.SiteID, r.Type, r.Matching, r.Route, r.DateCreated, r.DateModified); err != nil {
			return err
		}
	}
	return nil
}

// DeleteRoute takes a route away.
func (s *Service) DeleteRoute(ctx context.Context, storeID, siteID, id int64) error {
	return s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		if err := lockSite(tx, siteID); err != nil {
			return err
		}
		var old Route
		if err := tx.Query(selectRoute, func(r *sqldb.Row) error { old.scan(r); return nil }, siteID, id); err != nil {
			return err
		}
		if old.ID == 0 {
			return noRoute()
		}
		if err := store.Note(tx, s.sys.Now(), []event.Event{event.Site(siteID, event.RouteUpdated)}, []history.Entry{old.changeOf(&old, nil)}); err != nil {
			return err
		}
		return tx.Exec(deleteRoute, siteID, id)
	})
}
