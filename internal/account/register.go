package account

import (
	"context"
	"errors"
	"slices"

	"clientele/internal/customer"
	"clientele/internal/email"
	"clientele/internal/fault"
	"clientele/internal/form"
	"clientele/internal/limit"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
	"clientele/internal/store"
	"clientele/internal/subscriber"
)

// Register makes a customer's account and returns its id. It is ErrClosed
// where the store takes none, and a Conflict with the code EmailInUse for an
// email that is taken.
func (s *Service) Register(ctx context.Context, site store.Site, in Registration, c Client) (int64, error) {
	p, cmd, err := s.newcomer(ctx, site, &in, c)
	if err != nil {
		return 0, err
	}
	// Who registers has asked for this email once; somebody else may have asked
	// for more before.
	quiet, err := s.askAccount(ctx, site.StoreID, in.Email, c)
	if err != nil {
		return 0, err
	}
	hash, err := s.passwords.Hash(ctx, party(site, c, false), in.Password)
	if err != nil {
		return 0, err
	}
	var id int64
	token, confirm := s.sys.Hex(32), s.sys.Hex(32)
	err = s.db.WriteAgain(ctx, site.StoreID, func(tx *sqldb.Tx) error {
		var admission customer.Admission
		if err := tx.Pipeline(admission.Query(site.ChannelID)...); err != nil {
			return err
		}
		if !admission.Open {
			return ErrClosed
		}
		this := cmd
		this.ChannelIDs = admission.Newcomers()
		rows, err := s.customers.CreateTx(tx, []customer.Create{this}, []string{hash})
		if err != nil {
			return err
		}
		id = rows[0].ID
		// Who guessed at a password before there was one may use it all the same.
		if err := remember(tx, id, c.Peer, s.sys.Now()); err != nil {
			return err
		}
		if p.ConfirmEmail {
			err = s.askToConfirm(tx, site, &rows[0], confirm, newAccount)
		} else {
			err = s.mail.Queue(tx, mailTo(site, &rows[0], MailAccountCreated, map[string]string{"link": link(site, "/login.php")}))
		}
		if err != nil || !in.AcceptsMarketing || quiet > 0 && p.DoubleOptIn {
			return err
		}
		return s.subscribe(tx, site, subscriber.Create{Email: in.Email, FirstName: in.FirstName, LastName: in.LastName}, c, p, token)
	})
	if err != nil {
		return 0, single(err)
	}
	return id, nil
}

// newcomer makes the command of a registration and holds it to all rules but
// that the email is free, so that a shopper learns of all faults at once and
// before the slow hash.
func (s *Service) newcomer(ctx context.Context, site store.Site, in *Registration, c Client) (Policy, customer.Create, error) {
	p, err := s.Policy(ctx, site.StoreID)
	if err != nil {
		return p, customer.Create{}, err
	}
	if !p.Registration {
		return p, customer.Create{}, ErrClosed
	}
	cmd := customer.Create{
		Email: in.Email, FirstName: in.FirstName, LastName: in.LastName, Phone: in.Phone, Company: in.Company,
		FormFields: in.FormFields, RegistrationIP: c.Peer.Address, OriginChannelID: site.ChannelID, AcceptsEmails: in.AcceptsMarketing,
		JoinDefault: true, Extent: form.Whole,
	}
	if in.Address != nil {
		first := *in.Address
		first.StateOrProvince = stateName(first.CountryCode, first.StateOrProvince)
		cmd.Addresses = []customer.AddressCreate{first}
	}
	bad := fault.Collector{Index: -1}
	checkPassword(&bad, p, in.Password)
	wrong, err := s.customers.Check(ctx, site.StoreID, cmd)
	if err != nil {
		return p, cmd, err
	}
	for _, it := range wrong {
		it.Index = -1
		bad.Items = append(bad.Items, it)
	}
	return p, cmd, bad.Err(fault.Invalid)
}

// CheckRegistration is Register that makes no account. A surface asks it
// before it uses up what proves a person.
func (s *Service) CheckRegistration(ctx context.Context, site store.Site, in Registration, c Client) error {
	_, _, err := s.newcomer(ctx, site, &in, c)
	return err
}

// single makes the fault of a batch of one customer one of an operation on
// no batch.
func single(err error) error {
	f := fault.As(err)
	if f == nil || !slices.ContainsFunc(f.Items, func(it fault.Item) bool { return it.Index >= 0 }) {
		return err
	}
	items := make([]fault.Item, len(f.Items))
	for i, it := range f.Items {
		it.Index = -1
		items[i] = it
	}
	return &fault.Error{Kind: f.Kind, Message: f.Message, Items: items, Cause: f.Cause}
}

// UpdateDetails changes what a customer who is signed in says of themselves.
// Every required custom field of the account's form has to be filled in again.
// Another email takes effect at once and is told to the old address, and links
// that went there end. Where addresses have to be confirmed, the new one has
// to be before the next sign-in by password.
func (s *Service) UpdateDetails(ctx context.Context, site store.Site, sess Session, in Details, c Client) (*customer.Customer, error) {
	if in.CurrentPassword.Set {
		right, err := s.VerifyPassword(ctx, site.StoreID, sess.CustomerID, in.CurrentPassword.Value, c.Peer)
		if err != nil {
			return nil, err
		}
		if !right {
			return nil, ErrWrongPassword
		}
	}
	p, err := s.Policy(ctx, site.StoreID)
	if err != nil {
		return nil, err
	}
	cmd := customer.Update{
		ID: sess.CustomerID, Email: in.Email, FirstName: in.FirstName, LastName: in.LastName, Phone: in.Phone, Company: in.Company, FormFields: in.FormFields,
		Extent: form.Again,
	}
	var out *customer.Customer
	token, counted := s.sys.Hex(32), false
	change := func(tx *sqldb.Tx) error {
		who, err := lockCustomer(tx, sess.CustomerID, site.ChannelID)
		if err != nil {
			return err
		}
		// Without a session somebody acts for the customer who may for any.
		if !who.admitted && (sess.ID != 0 || !who.served) {
			return ErrNobody
		}
		if err := stillOpen(tx, sess); err != nil {
			return err
		}
		moved := in.Email.Set && email.Key(in.Email.Value) != email.Key(who.Email)
		if moved && in.Careful && !in.CurrentPassword.Set {
			return ErrWrongPassword
		}
		// That an email is taken is told here as well as to who registers.
		if moved && !counted {
			return errUncounted
		}
		rows, err := s.customers.UpdateTx(tx, []customer.Update{cmd}, []string{""})
		if err != nil {
			return err
		}
		out = &rows[0]
		if !moved {
			return nil
		}
		m := mailTo(site, out, MailEmailChanged, map[string]string{"new_email": out.Email})
		m.To = who.Email
		if err := s.mail.Queue(tx, m); err != nil || !p.ConfirmEmail {
			return err
		}
		return s.askToConfirm(tx, site, out, token, newEmail)
	}
	err = s.db.WriteAgain(ctx, site.StoreID, change)
	if errors.Is(err, errUncounted) {
		wait, failed := s.askAccount(ctx, site.StoreID, in.Email.Value, c)
		if failed == nil && wait > 0 {
			failed = limit.TooMany(wait)
		}
		if failed != nil {
			return nil, failed
		}
		counted = true
		err = s.db.WriteAgain(ctx, site.StoreID, change)
	}
	if err != nil {
		return nil, single(err)
	}
	return out, nil
}

// errUncounted: another email is asked for, which is to be counted first,
// whether or not it can be had.
var errUncounted = errors.New("account: the request for another email is not counted")

// fromStorefront is how a shopper's own consent comes.
func fromStorefront(c Client) subscriber.Origin {
	return subscriber.Origin{Via: subscriber.ViaStorefront, IP: c.Peer.Address}
}

// subscribe subscribes an address on a site or, where the store asks for it,
// emails a link that does.
func (s *Service) subscribe(tx *sqldb.Tx, site store.Site, in subscriber.Create, c Client, p Policy, token string) error {
	in.ChannelID, in.Source = opt.Some(site.ChannelID), subscriber.FromStorefront
	if !p.DoubleOptIn {
		return subscriber.Agree(tx, in, fromStorefront(c), s.sys.Now())
	}
	text, err := encodeSubscription(in)
	if err != nil {
		return err
	}
	if err := s.issue(tx, site, token, forSubscribe, 0, text, confirmLife); err != nil {
		return err
	}
	return s.mail.Queue(tx, Mail{
		Kind: MailConfirmSubscription, Site: site, To: in.Email, ToName: customer.FullName(in.FirstName, in.LastName),
		Data: data(link(site, subscribePath, "token", token), confirmLife), Expires: s.sys.Now() + confirmLife,
	})
}

// Subscribe asks for the newsletter on behalf of an email address, a
// customer's or not. pending tells that a confirmation was emailed first.
func (s *Service) Subscribe(ctx context.Context, site store.Site, email, firstName, lastName string, c Client) (pending bool, err error) {
	return s.askFor(ctx, site, email, firstName, lastName, c, false)
}

// SubscribeNew is Subscribe for who wants to know whether that was news: it is
// ErrSubscribed where the address has the newsletter already. Where a
// confirmation is emailed, nobody is told.
func (s *Service) SubscribeNew(ctx context.Context, site store.Site, email, firstName, lastName string, c Client) (pending bool, err error) {
	return s.askFor(ctx, site, email, firstName, lastName, c, true)
}

func (s *Service) askFor(ctx context.Context, site store.Site, email, firstName, lastName string, c Client, news bool) (pending bool, err error) {
	p, err := s.Policy(ctx, site.StoreID)
	if err != nil {
		return false, err
	}
	in := subscriber.Create{Email: email, FirstName: firstName, LastName: lastName}
	if err := in.Check(); err != nil {
		return false, err
	}
	quiet, err := s.ask(ctx, site.StoreID, email, c)
	if err != nil || quiet && p.DoubleOptIn {
		return p.DoubleOptIn, err
	}
	token := s.sys.Hex(32)
	return p.DoubleOptIn, s.db.WriteAgain(ctx, site.StoreID, func(tx *sqldb.Tx) error {
		if news && !p.DoubleOptIn {
			has, err := subscriber.HasNewsletter(tx, site.ChannelID, in.Email)
			if err != nil {
				return err
			}
			if has {
				return ErrSubscribed
			}
		}
		return s.subscribe(tx, site, in, c, p, token)
	})
}

// ConfirmSubscription subscribes by the token of an emailed link, once.
func (s *Service) ConfirmSubscription(ctx context.Context, site store.Site, token string, c Client) (err error) {
	defer func() { s.followed(ctx, site.StoreID, forSubscribe, c, err) }()
	_, text, err := s.peek(ctx, site, token, forSubscribe)
	if err != nil {
		return err
	}
	in, err := decodeSubscription(text)
	if err != nil {
		return err
	}
	in.ChannelID, in.Source = opt.Some(site.ChannelID), subscriber.FromStorefront
	return s.db.WriteAgain(ctx, site.StoreID, func(tx *sqldb.Tx) error {
		if err := s.redeem(tx, site, token, forSubscribe); err != nil {
			return err
		}
		return subscriber.Agree(tx, in, fromStorefront(c), s.sys.Now())
	})
}
