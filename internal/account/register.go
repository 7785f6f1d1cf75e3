package account

import (
	"context"
	"errors"

	"clientele/internal/customer"
	"clientele/internal/email"
	"clientele/internal/fault"
	"clientele/internal/form"
	"clientele/internal/limit"
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
		// Wrong guesses at this email may have been counted before it had an
		// account. The network becomes known, so that they do not keep the new
		// customer from signing in there.
		if err := remember(tx, id, c.Peer, s.sys.Now()); err != nil {
			return err
		}
		if p.ConfirmEmail {
			err = s.askToConfirm(tx, site, &rows[0], c, confirm, newAccount)
		} else {
			m := mailTo(site, &rows[0], MailAccountCreated, nil)
			m.toSignIn()
			err = s.send(tx, c, m)
		}
		if err != nil || !in.AcceptsMarketing || quiet > 0 && p.ConfirmSubscription {
			return err
		}
		return s.subscribe(tx, site, subscriber.Create{Email: in.Email, FirstName: in.FirstName, LastName: in.LastName}, c, p, token)
	})
	if err != nil {
		return 0, fault.Alone(err)
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
		JoinDefault: true, Extent: form.Whole, Locale: c.Language.Keep(""),
	}
	if in.Address != nil {
		first := *in.Address
		first.StateOrProvince = stateName(first.CountryCode, first.StateOrProvince)
		cmd.Addresses = []customer.AddressCreate{first}
	}
	bad := fault.Collector{}
	checkPassword(&bad, p, in.Password)
	// As they are kept: the transaction that makes the account reads them anew.
	fields, err := s.forms.All(ctx, site.StoreID, "")
	if err != nil {
		return p, cmd, err
	}
	wrong, err := s.customers.Check(ctx, site.StoreID, cmd, fields)
	if err != nil {
		return p, cmd, err
	}
	bad.Items = append(bad.Items, wrong...)
	return p, cmd, fault.Alone(bad.Err(fault.Invalid))
}

// CheckRegistration is Register that makes no account. A surface asks it
// before it uses up what proves a person.
func (s *Service) CheckRegistration(ctx context.Context, site store.Site, in Registration, c Client) error {
	_, _, err := s.newcomer(ctx, site, &in, c)
	return err
}

// UpdateDetails changes what a customer who is signed in says of themselves.
// Every required custom field of the account's form has to be filled in again.
// Another email takes effect at once and is told to the old address, and links
// that went there end. It is ErrOnBehalf for who acts for the customer. Where addresses have to be confirmed, the new one has
// to be before the next sign-in by password.
func (s *Service) UpdateDetails(ctx context.Context, site store.Site, sess Session, in Details, c Client) (*customer.Customer, error) {
	if in.CurrentPassword.Set {
		if err := sess.own(); err != nil {
			return nil, err
		}
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
		moved := in.Email.Set && !email.Same(in.Email.Value, who.Email)
		if in.Email.Set && in.Email.Value != who.Email {
			if err := sess.own(); err != nil {
				return err
			}
		}
		if moved && in.Careful && !in.CurrentPassword.Set {
			return ErrWrongPassword
		}
		// That an email is taken is told here as well as to who registers. What is
		// no email address is nobody's and gets no email, so it is not counted.
		if moved && !counted && email.Valid(in.Email.Value) {
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
		if err := s.send(tx, c, m); err != nil || !p.ConfirmEmail {
			return err
		}
		return s.askToConfirm(tx, site, out, c, token, newEmail)
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
		return nil, fault.Alone(err)
	}
	return out, nil
}

// errUncounted undoes the transaction of UpdateDetails when the customer turns
// out to ask for another email. That request is counted first, in a transaction
// of its own, since its outcome tells whether somebody has the email.
var errUncounted = errors.New("account: the request for another email is not counted")
