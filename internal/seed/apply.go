package seed

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"clientele/internal/auth"
	"clientele/internal/channel"
	"clientele/internal/customer"
	"clientele/internal/email"
	"clientele/internal/fault"
	"clientele/internal/fold"
	"clientele/internal/form"
	"clientele/internal/group"
	"clientele/internal/history"
	"clientele/internal/instrument"
	"clientele/internal/jsonx"
	"clientele/internal/mail"
	"clientele/internal/metafield"
	"clientele/internal/opt"
	"clientele/internal/password"
	"clientele/internal/segment"
	"clientele/internal/setting"
	"clientele/internal/sqldb"
	"clientele/internal/store"
	"clientele/internal/subscriber"
	"clientele/internal/system"
	"clientele/internal/tax"
	"clientele/internal/webhook"
	"clientele/internal/wishlist"
	"clientele/internal/words"
)

// Applier applies documents.
type Applier struct {
	DB        *sqldb.DB
	System    *system.System
	Stores    *store.Service
	Customers *customer.Service
	Passwords *password.Hasher
	// Strict refuses credentials that are short enough to be guessed:
	// production mode.
	Strict bool
	// Skip is told of a store that was there before and does not take its part
	// of the file, and the other stores go on. What API accounts have changed in
	// one store must not keep a server from starting for all. Nil: that is an
	// error of Apply.
	Skip func(storeHash string, err error)
}

// minCredential is the shortest token or secret that Strict accepts, in
// characters.
const minCredential = 24

// Result counts what a document made.
type Result struct {
	Stores    int
	Customers int
}

// storeBound is how long the transaction of a store's part may take: a million
// customers with a subscriber each need minutes.
const storeBound = 3 * time.Hour

// Apply applies a document, store by store; each store's part is one
// transaction.
func (a *Applier) Apply(ctx context.Context, doc *Document) (Result, error) {
	res, err := a.apply(sqldb.Lengthy(bySeed(ctx), storeBound), doc)
	return res, doc.locate(err)
}

// bySeed returns a context whose writes are a seed file's.
func bySeed(ctx context.Context) context.Context {
	from := history.Of(ctx)
	from.Surface = history.Seed
	if from.Actor.Kind == history.System {
		from.Actor = history.Actor{Kind: history.BySeed}
	}
	return history.With(ctx, &from)
}

func (a *Applier) apply(ctx context.Context, doc *Document) (Result, error) {
	var res Result
	for i := range doc.Stores {
		s := &doc.Stores[i]
		if s.Hash == "" {
			return res, at(errors.New("a store needs a hash"), "stores.%d", i)
		}
		grants, err := a.check(s)
		if err != nil {
			return res, ofStore(i, s.Hash, words.Terminal.Told(err))
		}
		hashes, err := a.hashes(ctx, s)
		if err != nil {
			return res, ofStore(i, s.Hash, words.Terminal.Told(err))
		}
		n, existed, err := a.store(ctx, s, grants, hashes, &res)
		err = words.Terminal.Told(err)
		if err != nil && existed && a.Skip != nil && ctx.Err() == nil && !errors.Is(err, sqldb.ErrUnavailable) && !errors.Is(err, sqldb.ErrUnknownOutcome) {
			a.Skip(s.Hash, doc.locate(at(err, "stores.%d", i)))
			continue
		}
		if err != nil {
			return res, ofStore(i, s.Hash, err)
		}
		res.Customers += n
	}
	return res, a.staff(ctx, doc)
}

// store applies a store's part, which was checked. existed tells that there
// was the store before.
func (a *Applier) store(ctx context.Context, s *Store, grants []auth.Grant, hashes map[int]string, res *Result) (made int, existed bool, err error) {
	created := false
	err = a.DB.Write(ctx, 0, func(tx *sqldb.Tx) error {
		// Processes that start at once with one file take turns.
		if err := sqldb.LockProgram(tx); err != nil {
			return err
		}
		st, err := store.FindTx(tx, s.Hash)
		if err != nil {
			return err
		}
		if created = st == nil; created {
			if st, err = a.Stores.CreateTx(tx, s.Hash, s.Name, ""); err != nil {
				return err
			}
		}
		tx = tx.In(st.ID)
		told, err := store.Look(tx)
		if err != nil {
			return err
		}
		if !created && s.Name != "" {
			if err := store.RenameTx(tx, a.System.Now(), s.Name); err != nil {
				return err
			}
		}
		if err := a.reference(tx, s, grants, told, created); err != nil {
			return err
		}
		if made, err = a.customers(tx, s, hashes); err != nil {
			return err
		}
		if err := a.goods(tx, s); err != nil {
			return err
		}
		return a.segments(tx, s)
	})
	if created && err == nil {
		res.Stores++
	}
	return made, !created, err
}

// check finds what is wrong with a store's part before anything is written.
func (a *Applier) check(s *Store) ([]auth.Grant, error) {
	grants := make([]auth.Grant, len(s.APIAccounts))
	for i, acc := range s.APIAccounts {
		var err error
		if grants[i], err = auth.ParseGrant(acc.Scopes); err != nil {
			return nil, at(err, "api_accounts.%d", i)
		}
		if acc.Name == "" || acc.ClientID == "" || acc.ClientSecret == "" || acc.AccessToken == "" || grants[i].Empty() {
			return nil, at(errors.New("name, client_id, client_secret, access_token and scopes are needed"), "api_accounts.%d", i)
		}
		if a.Strict && (len(acc.ClientSecret) < minCredential || len(acc.AccessToken) < minCredential) {
			return nil, at(fmt.Errorf("in production a client_secret and an access_token have at least %d characters", minCredential), "api_accounts.%d", i)
		}
	}
	if s.Settings != nil {
		if err := s.Settings.Check(); err != nil {
			return nil, at(err, "settings")
		}
	}
	if s.StorefrontKey != "" {
		if err := auth.CheckStorefrontKey(s.StorefrontKey); err != nil {
			return nil, at(err, "storefront_key")
		}
	}
	for i, c := range s.Channels {
		if c.ID < 1 || c.Name == "" {
			return nil, at(errors.New("id and name are needed"), "channels.%d", i)
		}
	}
	for i, f := range s.FormFields {
		if f.Name == "" || f.Form != form.Customer && f.Form != form.Address {
			return nil, at(errors.New("name and form (customer or address) are needed"), "form_fields.%d", i)
		}
		if err := form.CheckField(f.definition()); err != nil {
			return nil, at(err, "form_fields.%d", i)
		}
	}
	for i, attr := range s.Attributes {
		if attr.Name == "" || !slices.Contains(customer.AttributeTypes, attr.Type) {
			return nil, at(fmt.Errorf("name and type (one of %v) are needed", customer.AttributeTypes), "attributes.%d", i)
		}
	}
	for i, g := range s.Groups {
		if g.Name == "" {
			return nil, at(errors.New("a name is needed"), "customer_groups.%d", i)
		}
	}
	for i, c := range s.Customers {
		if c.Password != "" {
			if it := password.Check(c.Password); it != nil {
				return nil, at(errors.New(words.Terminal.Sentence(it)), "customers.%d", i)
			}
		}
		if c.PasswordHash != nil {
			if _, err := c.PasswordHash.imported().Stored(); err != nil {
				return nil, at(err, "customers.%d.password_hash", i)
			}
			if c.Password != "" {
				return nil, at(errors.New("password and password_hash exclude each other"), "customers.%d", i)
			}
		}
	}
	if err := s.checkGoods(); err != nil {
		return nil, err
	}
	for i := range s.EmailTemplates {
		t := s.EmailTemplates[i].template()
		if err := mail.CheckTemplate(&t); err != nil {
			return nil, at(err, "email_templates.%d", i)
		}
	}
	for i, sub := range s.Subscribers {
		if reason := email.Reason(sub.Email); reason != "" {
			return nil, at(fmt.Errorf("a valid email is needed: this is %s", reason), "subscribers.%d", i)
		}
	}
	for i, seg := range s.Segments {
		if seg.Name == "" {
			return nil, at(errors.New("a name is needed"), "segments.%d", i)
		}
	}
	return grants, nil
}

// exists looks for a customer by id, if it has one, and by email on its
// channels: who was deleted and made anew since has another id.
func exists(tx *sqldb.Tx, c *Customer) (found bool, err error) {
	if c.ID != 0 {
		if found, err = customer.Exists(tx, c.ID); err != nil || found {
			return found, err
		}
	}
	free, err := customer.EmailFree(tx, c.Email, c.ChannelIDs)
	return !free, err
}

// hashes hashes the passwords of customers that do not exist yet, which is
// too slow for a transaction, and returns them by the customer's position.
func (a *Applier) hashes(ctx context.Context, s *Store) (map[int]string, error) {
	absent := make([]bool, len(s.Customers))
	err := a.DB.Read(ctx, 0, func(tx *sqldb.Tx) error {
		st, err := store.FindTx(tx, s.Hash)
		if err != nil {
			return err
		}
		for i := range s.Customers {
			found := false
			if st != nil {
				if found, err = exists(tx.In(st.ID), &s.Customers[i]); err != nil {
					return err
				}
			}
			absent[i] = !found
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	out := map[int]string{}
	for i, c := range s.Customers {
		if !absent[i] {
			continue
		}
		out[i] = ""
		if c.Password != "" {
			if out[i], err = a.Passwords.Hash(ctx, password.Party{}, c.Password); err != nil {
				return nil, err
			}
		} else if c.PasswordHash != nil {
			if out[i], err = c.PasswordHash.imported().Stored(); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

func (a *Applier) reference(tx *sqldb.Tx, s *Store, grants []auth.Grant, told *store.Told, created bool) error {
	now := a.System.Now()
	// Ids that are drawn come after all that the file chose.
	var low store.Lowest
	for _, at := range s.Attributes {
		low.AttributeID = max(low.AttributeID, at.ID)
	}
	for _, g := range s.Groups {
		low.GroupID = max(low.GroupID, g.ID)
	}
	if s.Settings != nil {
		if err := store.PutSettings(tx, s.Settings.Settings); err != nil {
			return at(err, "settings")
		}
	}
	for _, c := range s.Channels {
		low.ChannelID = max(low.ChannelID, c.ID)
	}
	if err := low.Lift(tx); err != nil {
		return err
	}
	for i, c := range s.Channels {
		in := channel.Given{
			ID: c.ID, Name: c.Name, URL: c.URL, Type: c.Type, Platform: c.Platform, Status: c.Status, ExternalID: c.ExternalID,
			IsListable: c.IsListable, IsVisible: c.IsVisible, Currencies: c.Currencies, Rules: a.Stores.Rules,
		}
		if err := channel.Put(tx, in, now); err != nil {
			return at(err, "channels.%d", i)
		}
		if j, err := channel.PutRoutes(tx, c.ID, routesOf(&c), now, !created); err != nil {
			return at(err, "channels.%d.routes.%d", i, j)
		}
	}
	for i, acc := range s.APIAccounts {
		cred := auth.Credentials{ClientID: acc.ClientID, ClientSecret: acc.ClientSecret, AccessToken: acc.AccessToken}
		if err := auth.PutAccount(tx, acc.Name, grants[i], cred, now); err != nil {
			return at(err, "api_accounts.%d", i)
		}
	}
	if s.StorefrontKey != "" {
		if err := auth.PutStorefrontKey(tx, s.StorefrontKey, now); err != nil {
			return at(err, "storefront_key")
		}
	}
	for i, f := range s.FormFields {
		if err := form.Put(tx, f.definition(), now); err != nil {
			return at(err, "form_fields.%d", i)
		}
	}
	for i, attr := range s.Attributes {
		if _, err := customer.PutAttribute(tx, attr.ID, attr.Name, attr.Type, now); err != nil {
			return at(err, "attributes.%d", i)
		}
	}
	for i, g := range s.Groups {
		w, err := g.command()
		if err != nil {
			return at(err, "customer_groups.%d", i)
		}
		if _, err := group.Put(tx, g.ID, w, now); err != nil {
			return at(err, "customer_groups.%d", i)
		}
	}
	if _, err := setting.PutTx(tx, 0, s.CustomerSettings.command(), now); err != nil {
		return at(err, "customer_settings")
	}
	for i, c := range s.Channels {
		if _, err := setting.PutTx(tx, c.ID, c.CustomerSettings.command(), now); err != nil {
			return at(err, "channels.%d.customer_settings", i)
		}
	}
	if _, err := setting.PutCheckoutTx(tx, 0, s.CheckoutSettings.command()); err != nil {
		return at(err, "checkout_settings")
	}
	for i, c := range s.Channels {
		if _, err := setting.PutCheckoutTx(tx, c.ID, c.CheckoutSettings.command()); err != nil {
			return at(err, "channels.%d.checkout_settings", i)
		}
	}
	tell := told.TellAll
	if created { // nobody can have asked to be told of a new store
		tell = told.Enter
	}
	if err := tell(tx, now); err != nil {
		return err
	}
	if _, err := mail.SetStatuses(tx, 0, statusesOf(s.EmailStatuses), now); err != nil {
		return at(err, "email_statuses")
	}
	for i, c := range s.Channels {
		if len(c.EmailStatuses) == 0 {
			continue
		}
		if _, err := mail.SetStatuses(tx, c.ID, statusesOf(c.EmailStatuses), now); err != nil {
			return at(err, "channels.%d.email_statuses", i)
		}
	}
	for i := range s.EmailTemplates {
		if err := mail.PutTemplate(tx, s.EmailTemplates[i].template(), mail.BySeed, now); err != nil {
			return at(err, "email_templates.%d", i)
		}
	}
	if err := a.webhooks(tx, s, now); err != nil {
		return err
	}
	return a.subscribers(tx, s, now)
}

func (a *Applier) webhooks(tx *sqldb.Tx, s *Store, now int64) error {
	for i, w := range s.Webhooks {
		in := webhook.Create{Scope: w.Scope, Destination: w.Destination}
		for _, name := range slices.Sorted(maps.Keys(w.Headers)) {
			in.Headers = append(in.Headers, webhook.Header{Name: name, Value: w.Headers[name]})
		}
		if w.IsActive != nil {
			in.IsActive = opt.Some(*w.IsActive)
		}
		if err := webhook.Put(tx, w.ClientID, in, webhook.Rules{Production: a.Strict}, now); err != nil {
			return at(err, "webhooks.%d", i)
		}
	}
	return nil
}

func (a *Applier) subscribers(tx *sqldb.Tx, s *Store, now int64) error {
	order := chosenFirst(len(s.Subscribers), func(i int) int64 { return s.Subscribers[i].ID })
	all := make([]subscriber.Create, len(order))
	for k, i := range order {
		all[k] = s.Subscribers[i].command()
	}
	if k, err := subscriber.Ensure(tx, all, subscriber.Origin{Via: subscriber.ViaSeed}, now); err != nil {
		return at(err, "subscribers.%d", order[k])
	}
	return nil
}

func (sub *Subscriber) command() subscriber.Create {
	in := subscriber.Create{ID: sub.ID, Email: sub.Email, FirstName: sub.FirstName, LastName: sub.LastName, Source: sub.Source}
	if sub.ChannelID != 0 {
		in.ChannelID = opt.Some(sub.ChannelID)
	}
	if sub.OrderID != 0 {
		in.OrderID = opt.Some(sub.OrderID)
	}
	if sub.Consents != nil {
		in.Consents = opt.Some(sub.Consents)
	}
	return in
}

// chosenFirst returns the positions of n things, those with a chosen id before
// the others, whose ids are drawn and come after them.
func chosenFirst(n int, id func(i int) int64) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		return cmp.Compare(sqldb.Flag(id(i) == 0), sqldb.Flag(id(j) == 0))
	})
	return order
}

// customers makes the customers that have a hash and do not exist.
func (a *Applier) customers(tx *sqldb.Tx, s *Store, hashes map[int]string) (int, error) {
	attributes, err := customer.AttributesByName(tx)
	if err != nil {
		return 0, err
	}
	made := 0
	fresh := map[string]bool{} // emails of customers that this file makes
	var some newcomers
	for _, i := range chosenFirst(len(s.Customers), func(i int) int64 { return s.Customers[i].ID }) {
		c := &s.Customers[i]
		hash, ok := hashes[i]
		if !ok {
			continue
		}
		// A command's ids are either all chosen or all drawn, and the look for who
		// exists has to see who has the same.
		if some.clash(c) {
			if err := a.make(tx, s, &some); err != nil {
				return 0, err
			}
		}
		found, err := exists(tx, c)
		if err != nil {
			return 0, err
		}
		if found && fresh[email.Key(c.Email)] {
			return 0, at(fmt.Errorf("the email %s is given twice", c.Email), "customers.%d", i)
		}
		if found {
			continue
		}
		fresh[email.Key(c.Email)] = true
		in, err := c.command(attributes)
		if err != nil {
			return 0, ofCustomer(i, c, err)
		}
		some.add(i, c, in, hash)
		made++
	}
	return made, a.make(tx, s, &some)
}

func ofCustomer(i int, c *Customer, err error) error {
	return at(fmt.Errorf("customer %s: %w", c.Email, err), "customers.%d", i)
}

// newcomersAtOnce is how many customers are made by one command: each command
// changes the row of the store's counters, which grows slower with each change
// in a transaction.
const newcomersAtOnce = 200

// newcomers are customers of a file that one command makes.
type newcomers struct {
	at     []int // their positions in the file
	in     []customer.Create
	hashes []string
	same   map[string]bool // their ids and emails
}

func (n *newcomers) clash(c *Customer) bool {
	return len(n.in) > 0 && (len(n.in) == newcomersAtOnce || (n.in[0].ID == 0) != (c.ID == 0) || n.same[email.Key(c.Email)] || c.ID != 0 && n.same[strconv.FormatInt(c.ID, 10)])
}

func (n *newcomers) add(i int, c *Customer, in customer.Create, hash string) {
	if n.same == nil {
		n.same = map[string]bool{}
	}
	n.at, n.in, n.hashes = append(n.at, i), append(n.in, in), append(n.hashes, hash)
	n.same[email.Key(c.Email)], n.same[strconv.FormatInt(c.ID, 10)] = true, true
}

// make makes newcomers with all that is theirs, and leaves none.
func (a *Applier) make(tx *sqldb.Tx, s *Store, some *newcomers) error {
	tx.Replan() // the tables grow with each time
	created, err := a.Customers.CreateTx(tx, some.in, some.hashes)
	if err != nil {
		k, err := one(err)
		return ofCustomer(some.at[k], &s.Customers[some.at[k]], err)
	}
	all := make([]newcomer, len(some.at))
	for k, i := range some.at {
		all[k] = newcomer{&s.Customers[i], i, created[k].ID}
	}
	now := a.System.Now()
	if err := metafieldsOf(tx, all, now); err != nil {
		return err
	}
	for _, n := range all {
		if err := n.owned(tx, n.id, now); err != nil {
			return n.fails(err)
		}
	}
	if err := taxesOf(tx, all, now); err != nil {
		return err
	}
	for _, n := range all {
		if err := a.wishlists(tx, n.id, n.Wishlists); err != nil {
			return n.fails(err)
		}
	}
	*some = newcomers{}
	return nil
}

// one returns the first item of a batch that an error is about, and what is wrong with
// it.
func one(err error) (int, error) {
	f := fault.As(err)
	if f == nil || len(f.Items) == 0 {
		return 0, err
	}
	alone := *f
	alone.Items = slices.DeleteFunc(slices.Clone(f.Items), func(it fault.Item) bool { return it.Index() != f.Items[0].Index() })
	return max(0, f.Items[0].Index()), fault.Alone(&alone)
}

// newcomer is a customer of a file who was made.
type newcomer struct {
	*Customer
	at int // the position in the file
	id int64
}

func (n *newcomer) fails(err error) error { return ofCustomer(n.at, n.Customer, err) }

// metafieldsOf makes the metafields of new customers, those of each app by one command.
func metafieldsOf(tx *sqldb.Tx, all []newcomer, now int64) error {
	type place struct{ who, at int }
	var apps []string // in the order of the file
	in, places := map[string][]metafield.Create{}, map[string][]place{}
	for k, n := range all {
		for i, m := range n.Metafields {
			app := m.OwnerClientID
			if app == "" {
				return n.fails(at(errors.New("owner_client_id is needed"), "metafields.%d", i))
			}
			if in[app] == nil {
				apps = append(apps, app)
			}
			in[app] = append(in[app], metafield.Create{
				CustomerID: n.id, Namespace: m.Namespace, Key: m.Key, Value: m.Value, Description: m.Description, Permission: m.PermissionSet,
			})
			places[app] = append(places[app], place{k, i})
		}
	}
	for _, app := range apps {
		o, err := metafield.CreateTx(tx, metafield.Caller{ClientID: app}, in[app], now)
		k := 0
		if err == nil {
			k, err = o.Fault()
		}
		if err != nil {
			p := places[app][k]
			return all[p.who].fails(at(err, "metafields.%d", p.at))
		}
	}
	return nil
}

// taxesOf gives new customers their tax properties by one command.
func taxesOf(tx *sqldb.Tx, all []newcomer, now int64) error {
	var in []tax.Customer
	var who []newcomer
	for _, n := range all {
		if len(n.TaxProperties) == 0 {
			continue
		}
		c := tax.Customer{ID: n.id}
		for _, code := range slices.Sorted(maps.Keys(n.TaxProperties)) {
			c.Properties = append(c.Properties, tax.Property{Code: code, Value: n.TaxProperties[code]})
		}
		in, who = append(in, c), append(who, n)
	}
	if len(in) == 0 {
		return nil
	}
	if _, err := tax.PutTx(tx, in, now); err != nil {
		k, err := one(err)
		return who[k].fails(at(err, "tax_properties"))
	}
	return nil
}

func (s *CustomerSettings) command() setting.Update {
	return setting.Update{
		AllowGlobalLogins:    given(s.AllowGlobalLogins),
		AskConsent:           given(s.Privacy.AskConsent),
		AskConsentOnCheckout: given(s.Privacy.AskConsentOnCheckout),
		PolicyURL:            given(s.Privacy.PolicyURL),
		GuestGroupID:         given(s.Groups.Guest),
		DefaultGroupID:       given(s.Groups.Default),
	}
}

func (s *CheckoutSettings) command() setting.CheckoutUpdate {
	out := setting.CheckoutUpdate{
		store.CheckoutType:               given(s.Type),
		store.GuestCheckoutType:          given(s.GuestCheckout),
		store.GuestCheckoutForExisting:   given(s.ExistingAccounts),
		store.CheckoutPolicyConsent:      given(s.PolicyConsent),
		store.CheckoutContactEmail:       given(s.ContactEmail),
		store.CheckoutTermsType:          given(s.TermsType),
		store.CheckoutTermsLink:          given(s.TermsLink),
		store.CheckoutTermsText:          given(s.TermsText),
		store.CheckoutScript:             given(s.Script),
		store.CheckoutScriptHash:         given(s.ScriptHash),
		store.OrderConfirmationScript:    given(s.ConfirmationScript),
		store.OrderConfirmationIntegrity: given(s.ConfirmationScriptHash),
	}
	out.Flag(store.CheckoutTermsEnabled, given(s.TermsEnabled))
	out.Flag(store.RedirectForAuth, given(s.RedirectForAuth))
	out.Flag(store.CheckoutSupportsUCO, given(s.SupportsUCO))
	out.Flag(store.ConfirmationUsesScript, given(s.ConfirmationUsesScript))
	return out
}

func given[T any](v *T) opt.Field[T] {
	if v == nil {
		return opt.Field[T]{}
	}
	return opt.Some(*v)
}

func (in *Instrument) command() instrument.Instrument {
	out := instrument.Instrument{
		Type: in.Type, Token: in.Token, IsDefault: in.IsDefault, Brand: in.Brand, ExpiryMonth: in.ExpiryMonth, ExpiryYear: in.ExpiryYear,
		IIN: in.IIN, Last4: in.Last4, Email: in.Email, MaskedNumber: in.MaskedNumber, Issuer: in.Issuer,
	}
	if b := in.BillingAddress; b != nil {
		billing := instrument.BillingAddress(*b)
		out.Billing = &billing
	}
	return out
}

func (a *Applier) wishlists(tx *sqldb.Tx, customer int64, lists []Wishlist) error {
	service := wishlist.NewService(a.DB, a.System)
	for i, l := range lists {
		in := wishlist.Create{CustomerID: customer, Name: l.Name, IsPublic: l.IsPublic}
		for _, it := range l.Items {
			in.Items = append(in.Items, wishlist.Item{ProductID: it.ProductID, VariantID: it.VariantID})
		}
		if _, err := service.CreateTx(tx, in); err != nil {
			return at(err, "wishlists.%d", i)
		}
	}
	return nil
}

// owned makes what else a new customer has in other packages.
func (c *Customer) owned(tx *sqldb.Tx, id, now int64) error {
	if c.Consent != nil {
		if err := customer.SetConsentTx(tx, id, customer.Consent{Allow: c.Consent.Allow, Deny: c.Consent.Deny, DateModified: now}); err != nil {
			return at(err, "consent")
		}
	}
	for i := range c.StoredInstruments {
		if err := instrument.PutTx(tx, id, c.StoredInstruments[i].command(), now); err != nil {
			return at(err, "stored_instruments.%d", i)
		}
	}
	return nil
}

func (g *Group) command() (group.Write, error) {
	w := group.Write{Name: opt.Some(g.Name)}
	if g.IsDefault != nil {
		w.IsDefault = opt.Some(*g.IsDefault)
	}
	if g.IsGuest != nil {
		w.IsGuest = opt.Some(*g.IsGuest)
	}
	if g.CategoryAccess != nil {
		w.Access = opt.Some(group.Access{Type: g.CategoryAccess.Type, Categories: g.CategoryAccess.Categories})
	}
	if g.DiscountRules == nil {
		return w, nil
	}
	rules := make([]group.Rule, len(g.DiscountRules))
	for i, r := range g.DiscountRules {
		rules[i] = group.Rule{Type: r.Type, Method: r.Method, Target: max(r.CategoryID, r.ProductID, r.PriceListID)}
		if r.Amount == "" {
			continue
		}
		v, ok, _ := jsonx.ParseDecimal(r.Amount, group.AmountScale)
		if !ok {
			return w, at(fmt.Errorf("amount %q is not an amount such as 12.5", r.Amount), "discount_rules.%d", i)
		}
		rules[i].Amount = v
	}
	w.Rules = opt.Some(rules)
	return w, nil
}

// segments makes profiles with chosen ids, and segments with their members.
func (a *Applier) segments(tx *sqldb.Tx, s *Store) error {
	service := segment.NewService(a.DB, a.System)
	for i, c := range s.Customers {
		if c.ShopperProfileID == "" {
			continue
		}
		id, err := findCustomer(tx, c.ID, c.Email)
		if err == nil {
			_, err = service.EnsureProfile(tx, id, c.ShopperProfileID)
		}
		if err != nil {
			return at(err, "customers.%d.shopper_profile_id", i)
		}
	}
	for i, seg := range s.Segments {
		members := make([]int64, len(seg.Members))
		for j, m := range seg.Members {
			var err error
			switch m := m.(type) {
			case int:
				members[j], err = findCustomer(tx, int64(m), "")
			case string:
				members[j], err = findCustomer(tx, 0, m)
			default:
				err = errors.New("want a customer's email or id")
			}
			if err != nil {
				return at(err, "segments.%d.members.%d", i, j)
			}
		}
		if err := service.Ensure(tx, segment.Create{UUID: seg.ID, Name: seg.Name, Description: seg.Description}, members); err != nil {
			return at(err, "segments.%d", i)
		}
	}
	return nil
}

// findCustomer returns the one customer with an id or, without, with an email.
func findCustomer(tx *sqldb.Tx, id int64, address string) (int64, error) {
	found := map[int64]bool{}
	var err error
	if id == 0 {
		err = tx.Pipeline(customer.HoldersQuery(address, func(h customer.Holder) { id, found[h.ID] = h.ID, true })...)
	} else if there, failed := customer.Exists(tx, id); failed != nil || there {
		found[id], err = true, failed
	}
	if err == nil && len(found) == 0 {
		err = errors.New("there is no such customer")
	}
	if len(found) > 1 {
		err = fmt.Errorf("%d customers have this email: name them by id", len(found))
	}
	return id, err
}

func (c *Customer) command(attributes map[string]int64) (customer.Create, error) {
	in := customer.Create{
		ID: c.ID, Email: c.Email, FirstName: c.FirstName, LastName: c.LastName, Company: c.Company, Phone: c.Phone, Notes: c.Notes,
		TaxExemptCategory: c.TaxExemptCategory, GroupID: c.GroupID, AcceptsEmails: c.AcceptsEmails,
		OriginChannelID: c.OriginChannelID, ChannelIDs: c.ChannelIDs, ForcePasswordReset: c.ForcePasswordReset, Locale: c.Locale,
	}
	if c.StoreCredit != "" {
		v, ok, _ := jsonx.ParseDecimal(c.StoreCredit, customer.CreditScale)
		if !ok {
			return in, fmt.Errorf("store_credit %q is not an amount such as 12.5", c.StoreCredit)
		}
		in.StoreCredit = v
	}
	var err error
	if in.FormFields, err = fieldInputs(c.FormFields); err != nil {
		return in, err
	}
	for _, v := range c.Attributes {
		id, ok := attributes[fold.Text(v.Name)]
		if !ok {
			return in, fmt.Errorf("there is no attribute %q", v.Name)
		}
		in.Attributes = append(in.Attributes, customer.AttributeInput{AttributeID: id, Value: v.Value})
	}
	for _, ad := range c.Addresses {
		add := customer.AddressCreate{AddressFields: customer.AddressFields{
			FirstName: ad.FirstName, LastName: ad.LastName, Company: ad.Company, Phone: ad.Phone, Type: ad.Type,
			Address1: ad.Address1, Address2: ad.Address2, City: ad.City, StateOrProvince: ad.StateOrProvince,
			PostalCode: ad.PostalCode, CountryCode: ad.CountryCode,
		}}
		if add.FormFields, err = fieldInputs(ad.FormFields); err != nil {
			return in, err
		}
		in.Addresses = append(in.Addresses, add)
	}
	return in, nil
}

func fieldInputs(values []FieldValue) ([]form.Input, error) {
	var out []form.Input
	for _, v := range values {
		value, err := fieldValue(v.Value)
		if err != nil {
			return nil, err
		}
		out = append(out, form.Input{Name: v.Name, Value: value})
	}
	return out, nil
}

// fieldValue reads the value of a form field: a text, a number or a list of
// texts.
func fieldValue(v any) (form.Value, error) {
	switch v := v.(type) {
	case string:
		return form.Text(v), nil
	case []any:
		texts := make([]string, len(v))
		for i, e := range v {
			text, ok := e.(string)
			if !ok {
				return form.Value{}, errFieldValue
			}
			texts[i] = text
		}
		return form.Texts(texts), nil
	case int, int64, uint64:
		return form.Number(fmt.Sprint(v)), nil
	case float64:
		return form.Number(strconv.FormatFloat(v, 'f', -1, 64)), nil
	default:
		return form.Value{}, errFieldValue
	}
}

var errFieldValue = errors.New("a form field's value is a string, a number or a list of strings")

func routesOf(c *Channel) []channel.Route {
	out := make([]channel.Route, len(c.Routes))
	for i, r := range c.Routes {
		out[i] = channel.Route{Type: r.Type, Matching: cmp.Or(r.Matching, channel.AnyItem), Route: r.Route}
	}
	return out
}

func statusesOf(given map[string]bool) mail.StatusChange {
	out := mail.StatusChange{}
	for kind, on := range given {
		out[mail.Kind(kind)] = opt.Some(on)
	}
	return out
}
