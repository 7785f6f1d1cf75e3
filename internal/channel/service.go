package channel

import (
	"cmp"
	"context"
	"reflect"
	"slices"
	"strings"

	"clientele/internal/event"
	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/listing"
	"clientele/internal/sqldb"
	"clientele/internal/store"
	"clientele/internal/system"
)

// IncludeCurrencies adds a channel's currencies.
const IncludeCurrencies = "currencies"

var (
	createdField  = listing.Field{Name: "date_created", Kind: listing.Time, Ops: []listing.Op{listing.Eq, listing.Min, listing.Max}, Column: "date_created"}
	modifiedField = listing.Field{Name: "date_modified", Kind: listing.Time, Ops: []listing.Op{listing.Eq, listing.Min, listing.Max}, Column: "date_modified"}
)

// List declares the list of channels.
var List = &listing.Spec{
	Table: "channels",
	Fields: []listing.Field{
		{Name: "available", Kind: listing.Text, Ops: []listing.Op{listing.Eq}, Values: same("true", "false"),
			Column: "(CASE WHEN status IN ('" + strings.Join(available, "', '") + "') THEN 'true' ELSE 'false' END)"},
		{Name: "status", Kind: listing.Text, Ops: []listing.Op{listing.In}, Column: "status", Values: same(allStatuses...)},
		{Name: "type", Kind: listing.Text, Ops: []listing.Op{listing.In}, Column: "type", Values: same(allTypes...)},
		{Name: "platform", Kind: listing.Text, Ops: []listing.Op{listing.In}, Column: "platform"},
		createdField,
		modifiedField,
	},
	Includes: []string{IncludeCurrencies},
}

// Single declares the parameters of a request for one channel.
var Single = &listing.Spec{Table: "channels", Includes: List.Includes, Unpaged: true}

// siteField hides the channels that have no site.
const siteField = "has_site"

// SiteList declares the list of sites.
var SiteList = &listing.Spec{
	Table: "channels",
	Fields: []listing.Field{
		{Name: "channel_id", Kind: listing.Int, Ops: []listing.Op{listing.In}, Column: "id"},
		{Name: "url_type", Kind: listing.Text, Ops: []listing.Op{listing.In}, Values: same("primary", "canonical", "checkout"),
			Where: "EXISTS (SELECT 1 FROM (SELECT 'primary' AS kind UNION ALL SELECT 'canonical' UNION ALL SELECT 'checkout') kinds WHERE (kind <> 'checkout' OR checkout_url <> '') AND kind IN {in})"},
		{Name: siteField, Kind: listing.Text, Ops: []listing.Op{listing.In}, Hidden: true, Column: "(CASE WHEN url <> '' THEN '1' ELSE '' END)"},
	},
}

// same returns the values of a field whose column holds them as they are.
func same(values ...string) map[string]string {
	out := make(map[string]string, len(values))
	for _, v := range values {
		out[v] = v
	}
	return out
}

const columns = `id, name, type, platform, status, external_id, is_listable, is_visible, currencies, date_created, date_modified,
	url, site_created, site_modified, checkout_url, checkout_created, checkout_modified`

var (
	selectOne = sqldb.Static(`SELECT ` + columns + ` FROM channels WHERE store_id = $1 AND id = $2`)
	// Channel 1 is made with its store and not drawn.
	nextID    = sqldb.Static(`UPDATE store_counters SET channel_id = CASE WHEN channel_id < 1 THEN 2 ELSE channel_id + 1 END WHERE store_id = $1 RETURNING channel_id`)
	sameName  = sqldb.Static(`SELECT id FROM channels WHERE store_id = $1 AND name = $2 AND platform = $3 AND type = $4 AND status <> 'deleted' AND status <> 'terminated'`)
	insertRow = sqldb.Static(`INSERT INTO channels (store_id, id, name, type, platform, status, external_id, is_listable, is_visible, currencies, date_created, date_modified, unique_name)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12)`)
	updateRow = sqldb.Static(`UPDATE channels SET name = $3, status = $4, external_id = $5, is_listable = $6, is_visible = $7, date_modified = $8, unique_name = $9
		WHERE store_id = $1 AND id = $2`)
	updateSite = sqldb.Static(`UPDATE channels SET url = $3, site_created = $4, site_modified = $5, checkout_url = $6, checkout_created = $7, checkout_modified = $8
		WHERE store_id = $1 AND id = $2`)
	updateKind = sqldb.Static(`UPDATE channels SET type = $3, platform = $4, currencies = $5 WHERE store_id = $1 AND id = $2`)
)

func (c *Channel) scan(r *sqldb.Row) {
	*c = Channel{
		ID: r.Int(0), Name: r.Text(1), Type: r.Text(2), Platform: r.Text(3), Status: r.Text(4), ExternalID: r.Text(5),
		IsListable: r.Flag(6), IsVisible: r.Flag(7), Currencies: strings.Split(r.Text(8), ","), DateCreated: r.Int(9), DateModified: r.Int(10),
		site: Site{
			ChannelID: r.Int(0), URL: r.Text(11), DateCreated: r.Int(12), DateModified: r.Int(13),
			CheckoutURL: r.Text(14), CheckoutCreated: r.Int(15), CheckoutModified: r.Int(16),
		},
	}
	if c.site.DateCreated == 0 { // made with its store
		c.site.DateCreated, c.site.DateModified = c.DateCreated, c.DateModified
	}
}

// Service keeps channels and sites.
type Service struct {
	// Rules judge the hosts of sites.
	Rules store.HostRules

	db     *sqldb.DB
	sys    *system.System
	routes *sqldb.Kept[int64, Routes] // by channel
}

// NewService returns a Service over db.
func NewService(db *sqldb.DB, sys *system.System) *Service {
	return &Service{db: db, sys: sys, routes: sqldb.Keep(db, shopperRoutes, "site_routes")}
}

func notFound() error {
	return &fault.Error{Kind: fault.NotFound, Message: "there is no such channel or site"}
}

// List returns a page of channels.
func (s *Service) List(ctx context.Context, storeID int64, q *listing.Query) (out []Channel, res *listing.Result, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out, res, err = page(tx, q)
		return err
	})
	return out, res, err
}

func page(tx *sqldb.Tx, q *listing.Query) ([]Channel, *listing.Result, error) {
	out := make([]Channel, 0, min(q.Limit, 64))
	res, err := q.Run(tx, columns, func(r *sqldb.Row) error {
		out = append(out, Channel{})
		out[len(out)-1].scan(r)
		return nil
	})
	return out, res, err
}

// Sites returns a page of sites.
func (s *Service) Sites(ctx context.Context, storeID int64, q *listing.Query) (out []Site, res *listing.Result, err error) {
	q.Where(siteField, listing.In, nil, []string{"1"})
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		channels, r, err := page(tx, q)
		res = r
		if err != nil {
			return err
		}
		out = make([]Site, len(channels))
		for i := range channels {
			out[i] = channels[i].site
		}
		return s.explain(tx, out)
	})
	return out, res, err
}

// explain notes at sites why they do not count.
func (s *Service) explain(tx *sqldb.Tx, sites []Site) error {
	ids := make([]int64, len(sites))
	for i := range sites {
		ids[i] = sites[i].ChannelID
	}
	why, err := s.Rules.WhyNot(tx, ids)
	for i := range sites {
		sites[i].WhyNot = why[sites[i].ChannelID]
	}
	return err
}

// Get returns one channel.
func (s *Service) Get(ctx context.Context, storeID, id int64) (Channel, error) {
	var c Channel
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error { return c.read(tx, id) })
	if err == nil && c.ID == 0 {
		err = notFound()
	}
	return c, err
}

func (c *Channel) read(tx *sqldb.Tx, id int64) error {
	return tx.Query(selectOne, func(r *sqldb.Row) error { c.scan(r); return nil }, id)
}

// Site returns the site of a channel.
func (s *Service) Site(ctx context.Context, storeID, id int64) (Site, error) {
	out := make([]Site, 1)
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		var c Channel
		if err := c.read(tx, id); err != nil {
			return err
		}
		if c.site.URL == "" {
			return notFound()
		}
		out[0] = c.site
		return s.explain(tx, out)
	})
	return out[0], err
}

// taken returns a Conflict if another channel has the name, the platform and
// the type.
func (c *Channel) taken(tx *sqldb.Tx) error {
	var holder int64
	err := tx.Query(sameName, func(r *sqldb.Row) error { holder = r.Int(0); return nil }, c.Name, c.Platform, c.Type)
	if err == nil && holder != 0 && holder != c.ID && !c.gone() {
		err = fault.Broken(fault.Conflict, fault.Item{Code: fault.Taken, Why: WhyTaken, Value: c.Name, Want: c.Platform, Other: c.Type})
	}
	return err
}

// Create makes a channel.
func (s *Service) Create(ctx context.Context, storeID int64, in Create) (Channel, error) {
	var out Channel
	err := s.db.WriteAgain(ctx, storeID, func(tx *sqldb.Tx) error {
		now := s.sys.Now()
		out = in.channel(now)
		if err := out.check(""); err != nil {
			return err
		}
		counters, err := store.Advance{EventIDs: 1, Entries: 1}.Run(tx)
		if err != nil {
			return err
		}
		if err := out.taken(tx); err != nil {
			return err
		}
		if err := tx.Query(nextID, func(r *sqldb.Row) error { out.ID = r.Int(0); return nil }); err != nil {
			return err
		}
		if err := out.insert(tx); err != nil {
			return err
		}
		if err := history.Record(tx, counters.EntryID, now, []history.Entry{out.changeOf(nil, &out)}); err != nil {
			return err
		}
		return event.Record(tx, counters.EventID, now, []event.Event{event.Channel(event.ChannelCreated, out.ID)})
	})
	return out, err
}

// uniqueName is what no two channels of a store have that are not deleted.
func (c *Channel) uniqueName() string {
	if c.gone() {
		return ""
	}
	return c.Type + "/" + c.Platform + "/" + c.Name
}

func (c *Channel) insert(tx *sqldb.Tx) error {
	return tx.Exec(insertRow, c.ID, c.Name, c.Type, c.Platform, c.Status, c.ExternalID, sqldb.Flag(c.IsListable), sqldb.Flag(c.IsVisible),
		strings.Join(c.Currencies, ","), c.DateCreated, c.uniqueName())
}

// lock returns a channel and locks it against changes.
func lock(tx *sqldb.Tx, id int64) (Channel, error) {
	var c Channel
	err := tx.Query(sqldb.Dynamic(`SELECT `+columns+` FROM channels WHERE store_id = $1 AND id = $2`+tx.ForUpdate()), func(r *sqldb.Row) error {
		c.scan(r)
		return nil
	}, id)
	if err == nil && c.ID == 0 {
		err = notFound()
	}
	return c, err
}

// Update changes a channel. One that does not change records no event.
func (s *Service) Update(ctx context.Context, storeID int64, in Update) (Channel, error) {
	var out Channel
	err := s.db.WriteAgain(ctx, storeID, func(tx *sqldb.Tx) error {
		old, err := lock(tx, in.ID)
		if err != nil {
			return err
		}
		out = old
		if err := in.fixed(); err != nil {
			return err
		}
		if old.gone() {
			return invalid(fault.Item{Code: fault.NotAccepted, Why: WhyDeleted})
		}
		out.Name = in.Name.Or(old.Name)
		out.Status = in.Status.Or(old.Status)
		out.ExternalID = in.ExternalID.Or(old.ExternalID)
		out.IsListable = in.IsListable.Or(old.IsListable)
		out.IsVisible = in.IsVisible.Or(old.IsVisible)
		if err := out.check(old.Status); err != nil {
			return err
		}
		if out.Name == old.Name && out.Status == old.Status && out.ExternalID == old.ExternalID && out.IsListable == old.IsListable && out.IsVisible == old.IsVisible {
			return nil
		}
		out.DateModified = s.sys.Now()
		counters, err := store.Advance{EventIDs: 1, Entries: 1}.Run(tx)
		if err != nil {
			return err
		}
		if err := out.taken(tx); err != nil {
			return err
		}
		if err := tx.Exec(updateRow, out.ID, out.Name, out.Status, out.ExternalID, sqldb.Flag(out.IsListable), sqldb.Flag(out.IsVisible), out.DateModified, out.uniqueName()); err != nil {
			return err
		}
		if out.gone() {
			told, err := store.Look(tx)
			if err != nil {
				return err
			}
			if err := store.Unclaim(tx, out.ID); err != nil {
				return err
			}
			if err := told.Tell(tx, out.DateModified); err != nil {
				return err
			}
		}
		if err := history.Record(tx, counters.EntryID, out.DateModified, []history.Entry{out.changeOf(&old, &out)}); err != nil {
			return err
		}
		return event.Record(tx, counters.EventID, out.DateModified, []event.Event{event.Channel(event.ChannelUpdated, out.ID)})
	})
	return out, err
}

// fixed reports what was sent and cannot change.
func (u *Update) fixed() error {
	c := fault.Collector{}
	if u.GivesType {
		c.Because(FieldType, fault.ReadOnly, WhyFixed, "")
	}
	if u.GivesPlatform {
		c.Because(FieldPlatform, fault.ReadOnly, WhyFixed, "")
	}
	return c.Err(fault.Invalid)
}

// CreateSite gives a channel its site.
func (s *Service) CreateSite(ctx context.Context, storeID, channelID int64, url string) (Site, error) {
	return s.claim(ctx, storeID, channelID, func(c *Channel, now int64) error {
		if _, err := checkURL(url); err != nil {
			return err
		}
		if c.site.URL != "" {
			return invalid(fault.Item{Field: FieldChannel, Code: fault.Taken, Why: WhyHasSite})
		}
		if c.gone() {
			return invalid(fault.Item{Field: FieldChannel, Code: fault.Unknown, Why: WhyGone})
		}
		c.site = Site{ChannelID: c.ID, URL: url, DateCreated: now, DateModified: now}
		return nil
	})
}

// UpdateSite changes where a site is.
func (s *Service) UpdateSite(ctx context.Context, storeID, channelID int64, url string) (Site, error) {
	return s.claim(ctx, storeID, channelID, func(c *Channel, now int64) error {
		if c.site.URL == "" {
			return notFound()
		}
		if _, err := checkURL(url); err != nil {
			return err
		}
		if c.site.CheckoutURL != "" {
			// The checkout stays within the site's main domain.
			if _, err := checkCheckout(url, c.site.CheckoutURL); err != nil {
				return err
			}
		}
		if c.site.URL != url {
			c.site.URL, c.site.DateModified = url, now
		}
		return nil
	})
}

// claim is a change of a site by which its channel claims the URL's host: also
// of one that stays, so that its proof is looked for.
func (s *Service) claim(ctx context.Context, storeID, channelID int64, change func(c *Channel, now int64) error) (Site, error) {
	return s.site(ctx, storeID, channelID, func(tx *sqldb.Tx, c *Channel, now int64) error {
		if err := change(c, now); err != nil || c.gone() {
			return err
		}
		return s.Rules.Claim(tx, c.ID, c.site.URL, store.Merchant, now)
	})
}

// DeleteSite takes a channel's site away.
func (s *Service) DeleteSite(ctx context.Context, storeID, channelID int64) error {
	_, err := s.site(ctx, storeID, channelID, func(tx *sqldb.Tx, c *Channel, _ int64) error {
		if c.site.URL == "" {
			return notFound()
		}
		c.site = Site{ChannelID: c.ID}
		return store.Unclaim(tx, c.ID)
	})
	return err
}

// ReleaseHost takes away the sites that a store has at a host, so that another
// store can have the name. It returns their channels.
func (s *Service) ReleaseHost(ctx context.Context, storeID int64, host string) ([]int64, error) {
	var ids []int64
	err := s.db.Write(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		if err := sqldb.LockProgram(tx); err != nil {
			return err
		}
		told, err := store.Look(tx)
		if err != nil {
			return err
		}
		if ids, err = store.ClaimedBy(tx, host); err != nil {
			return err
		}
		for _, id := range ids {
			if err := store.Unclaim(tx, id); err != nil {
				return err
			}
			if err := (&Site{ChannelID: id}).write(tx, s.sys.Now()); err != nil {
				return err
			}
		}
		return told.Tell(tx, s.sys.Now())
	})
	return ids, err
}

// SetCheckout gives a site an address of its own for the checkout, or with
// "" takes it away.
func (s *Service) SetCheckout(ctx context.Context, storeID, channelID int64, url string) (Site, error) {
	return s.site(ctx, storeID, channelID, func(_ *sqldb.Tx, c *Channel, now int64) error {
		switch {
		case c.site.URL == "":
			return notFound()
		case url == "":
			c.site.CheckoutURL, c.site.CheckoutCreated, c.site.CheckoutModified = "", 0, 0
			return nil
		}
		stored, err := checkCheckout(c.site.URL, url)
		if err != nil {
			return err
		}
		if c.site.CheckoutURL == "" {
			c.site.CheckoutCreated = now
		}
		if c.site.CheckoutURL != stored {
			c.site.CheckoutURL, c.site.CheckoutModified = stored, now
		}
		return nil
	})
}

func (s *Service) site(ctx context.Context, storeID, channelID int64, change func(tx *sqldb.Tx, c *Channel, now int64) error) (Site, error) {
	out := make([]Site, 1)
	err := s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		// Before the channel's own lock, as seed files take them too.
		if err := sqldb.LockProgram(tx); err != nil {
			return err
		}
		c, err := lock(tx, channelID)
		if err != nil {
			return err
		}
		told, err := store.Look(tx)
		if err != nil {
			return err
		}
		if err := change(tx, &c, s.sys.Now()); err != nil {
			return err
		}
		if err := c.site.write(tx, s.sys.Now()); err != nil {
			return err
		}
		if err := told.Tell(tx, s.sys.Now()); err != nil {
			return err
		}
		out[0] = c.site
		if c.site.URL == "" {
			return nil
		}
		return s.explain(tx, out)
	})
	return out[0], err
}

// write stores a site. One that goes takes its routes along.
func (s *Site) write(tx *sqldb.Tx, now int64) error {
	if s.URL == "" {
		if err := dropRoutes(tx, s.ChannelID, now); err != nil {
			return err
		}
	}
	return tx.Exec(updateSite, s.ChannelID, s.URL, s.DateCreated, s.DateModified, s.CheckoutURL, s.CheckoutCreated, s.CheckoutModified)
}

// Put makes a channel, or brings the one with its id in line, inside tx. It
// leaves it to its caller to tell of it, takes names that Create does not, and the host of a URL
// that it is given counts by the operator's word.
func Put(tx *sqldb.Tx, in Given, now int64) error {
	var c Channel
	if err := c.read(tx, in.ID); err != nil {
		return err
	}
	fresh := c.ID == 0
	if fresh {
		typ := cmp.Or(in.Type, Storefront)
		c = (&Create{Name: in.Name, Type: typ, Platform: cmp.Or(in.Platform, "bigcommerce")}).channel(now)
		c.ID, c.site.ChannelID = in.ID, in.ID
	}
	before := c
	c.Name = in.Name
	c.Type = cmp.Or(in.Type, c.Type)
	c.Platform = cmp.Or(in.Platform, c.Platform)
	c.Status = cmp.Or(in.Status, c.Status)
	c.ExternalID = cmp.Or(in.ExternalID, c.ExternalID)
	if in.IsListable != nil {
		c.IsListable = *in.IsListable
	}
	if in.IsVisible != nil {
		c.IsVisible = *in.IsVisible
	}
	if len(in.Currencies) > 0 {
		if err := checkCurrencies(in.Currencies); err != nil {
			return err
		}
		c.Currencies = in.Currencies
	}
	if in.URL != "" && in.URL != c.site.URL {
		if _, err := checkURL(in.URL); err != nil {
			return err
		}
		if c.site.URL == "" {
			c.site.DateCreated = now
		}
		c.site.URL, c.site.DateModified = in.URL, now
	}
	if (fresh || c.Status != before.Status) && (!slices.Contains(Writable(c.Type), c.Status) || c.ID == defaultID && c.gone()) {
		return c.badStatus()
	}
	if err := c.checkRest(c.Status); err != nil {
		return err
	}
	if fresh || c.uniqueName() != before.uniqueName() {
		if err := c.taken(tx); err != nil {
			return err
		}
	}
	if err := c.put(tx, before, fresh, now); err != nil {
		return err
	}
	switch {
	case c.gone():
		return store.Unclaim(tx, c.ID)
	case in.URL != "":
		return in.Rules.Claim(tx, c.ID, c.site.URL, store.Operator, now)
	case before.gone() && c.site.URL != "":
		return c.reclaim(tx, in.Rules, now)
	}
	return nil
}

// reclaim has a channel that comes back claim the host of the site it has. An
// API account may have written that URL while the channel was gone, so it has
// no more weight than a claim of that account: what must be proved waits, and
// what can never count stays unclaimed and does not stop the operator.
func (c *Channel) reclaim(tx *sqldb.Tx, rules store.HostRules, now int64) error {
	err := rules.Claim(tx, c.ID, c.site.URL, store.Merchant, now)
	if f := fault.As(err); f != nil && f.Kind == fault.Conflict {
		return nil
	}
	return err
}

// put writes a channel that was another one before, or none.
func (c *Channel) put(tx *sqldb.Tx, before Channel, fresh bool, now int64) error {
	switch {
	case fresh:
		if err := c.insert(tx); err != nil {
			return err
		}
	case reflect.DeepEqual(before, *c):
		return nil
	default:
		if err := tx.Exec(updateRow, c.ID, c.Name, c.Status, c.ExternalID, sqldb.Flag(c.IsListable), sqldb.Flag(c.IsVisible), now, c.uniqueName()); err != nil {
			return err
		}
		if err := tx.Exec(updateKind, c.ID, c.Type, c.Platform, strings.Join(c.Currencies, ",")); err != nil {
			return err
		}
	}
	return c.site.write(tx, now)
}
