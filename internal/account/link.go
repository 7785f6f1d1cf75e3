package account

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"strings"

	"clientele/internal/auth"
	"clientele/internal/channel"
	"clientele/internal/customer"
	"clientele/internal/email"
	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/limit"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// Purposes of the tokens that emailed links carry.
const (
	forReset     = "reset"
	forSignIn    = "sign_in"
	forSubscribe = "subscribe"
	forConfirm   = "confirm"
	// forImpersonation is the purpose of links that nobody is emailed.
	forImpersonation = "impersonation"
)

// For how long a link is good, in seconds.
const (
	// SignInLinkLife is that of links that sign in.
	SignInLinkLife  = 900
	resetLife       = 24 * 60 * 60
	confirmLife     = 7 * 24 * 60 * 60
	maxRedirect     = 2048 // characters
	signInPath      = "/login.php?action=check_passwordless_login"
	resetPath       = "/login.php?action=change_password"
	subscribePath   = "/subscribe.php?action=confirm"
	confirmPath     = "/login.php?action=confirm_account"
	unsubscribePath = "/unsubscribe.php"
)

// What RequestSignInLink sends: the link, or, where the password has to be
// reset first, the link for that.
const (
	SentSignIn        = "sign_in"
	SentPasswordReset = "password_reset"
)

var (
	insertToken = sqldb.Static(`INSERT INTO account_tokens (store_id, token_hash, purpose, customer_id, channel_id, data, date_expires, email_norm) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`)
	selectToken = sqldb.Static(`SELECT customer_id, data FROM account_tokens WHERE store_id = $1 AND token_hash = $2 AND purpose = $3 AND channel_id = $4 AND date_expires > $5`)
	redeemToken = sqldb.Static(`DELETE FROM account_tokens WHERE store_id = $1 AND token_hash = $2 AND purpose = $3 AND channel_id = $4 AND date_expires > $5`)
)

// issue stores a new token of a site, for a link that is emailed. from is who asked
// for it, where that is not the transaction's origin. A link to reset a password
// that is nobody's goes nowhere.
func (s *Service) issue(tx *sqldb.Tx, site store.Site, token, purpose string, customerID int64, data string, life int64, from *history.Origin) error {
	if customerID != 0 || purpose == forSubscribe {
		e := ofLink(history.LinkSent, purpose, customerID)
		e.From = from
		if err := history.Enter(tx, s.sys.Now(), e); err != nil {
			return err
		}
	}
	key := ""
	if purpose == forSubscribe {
		in, _, err := decodeSubscription(data)
		if err != nil {
			return err
		}
		key = email.Key(in.Email)
	}
	return tx.Exec(insertToken, auth.HashToken(token), purpose, customerID, site.ChannelID, data, s.sys.Now()+life, key)
}

// peek looks at a token without using it up. Without one that is good it is
// ErrLink.
func (s *Service) peek(ctx context.Context, site store.Site, token, purpose string) (customerID int64, data string, err error) {
	if !tokenForm(token, 0) {
		return 0, "", ErrLink
	}
	found := false
	err = s.db.Read(ctx, site.StoreID, func(tx *sqldb.Tx) error {
		return tx.Query(selectToken, func(r *sqldb.Row) error {
			found, customerID, data = true, r.Int(0), r.Text(1)
			return nil
		}, auth.HashToken(token), purpose, site.ChannelID, s.sys.Now())
	})
	if err == nil && !found {
		err = ErrLink
	}
	return customerID, data, err
}

// redeem uses a customer's token up, or with 0 that of somebody who may be none,
// and records it; of several at once one wins, the others are ErrLink.
func (s *Service) redeem(tx *sqldb.Tx, site store.Site, token, purpose string, customerID int64) error {
	if err := history.Enter(tx, s.sys.Now(), ofLink(history.LinkUsed, purpose, customerID)); err != nil {
		return err
	}
	return s.useUp(tx, site, token, purpose)
}

// useUp is redeem that records nothing.
func (s *Service) useUp(tx *sqldb.Tx, site store.Site, token, purpose string) error {
	n, err := tx.ExecCount(redeemToken, auth.HashToken(token), purpose, site.ChannelID, s.sys.Now())
	if err == nil && n == 0 {
		return ErrLink
	}
	return err
}

// owner is who has an email and may sign in on a channel.
type owner struct {
	id          int64
	email, name string
	reset       bool
}

// owner finds who has an email and may sign in on the site; id 0 is nobody.
func (s *Service) owner(ctx context.Context, site store.Site, address string) (owner, error) {
	var o owner
	admission, err := s.Admission(ctx, site)
	if err != nil {
		return o, err
	}
	err = s.db.Read(ctx, site.StoreID, func(tx *sqldb.Tx) error {
		o = owner{}
		var holders []customer.Holder
		if err := tx.Pipeline(customer.SignInQuery(address, func(h customer.Holder) { holders = append(holders, h) })...); err != nil {
			return err
		}
		for i := range holders {
			if h := &holders[i]; o.id == 0 && admission.EntersAs(h) {
				o = owner{id: h.ID, email: h.Email, name: h.Name(), reset: h.ForcePasswordReset}
			}
		}
		return nil
	})
	return o, err
}

// still locks who was found to have an email and makes sure that they have it
// yet: no link must go to an address that is not the account's any more.
func (o owner) still(tx *sqldb.Tx, site store.Site) (owner, error) {
	who, err := lockCustomer(tx, o.id, site.ChannelID)
	if err == nil && (!who.admitted || !email.Same(who.Email, o.email)) {
		o = owner{}
	}
	return o, err
}

// RequestReset emails a link to reset the password to whom the email belongs.
// It never tells whether that is anybody, and does the same for an email that
// nobody has, but for sending it. path is where the link leads on the
// storefront; empty: to the site's route for forgotten passwords, or else to the
// page here.
func (s *Service) RequestReset(ctx context.Context, site store.Site, email, path string, c Client) error {
	if path != "" {
		ok := false
		if path, ok = localPath(site, path); !ok {
			return badPath(FieldPath)
		}
	}
	quiet, err := s.ask(ctx, site.StoreID, email, c)
	if err != nil {
		return err
	}
	o, err := s.owner(ctx, site, email)
	if err != nil || quiet {
		return err
	}
	return s.sendReset(ctx, site, o, path, c)
}

func (s *Service) sendReset(ctx context.Context, site store.Site, o owner, path string, c Client) error {
	token := s.sys.Hex(32)
	return s.db.Write(ctx, site.StoreID, func(tx *sqldb.Tx) error {
		o, err := o.still(tx, site)
		if err != nil {
			return err
		}
		if err := s.issue(tx, site, token, forReset, o.id, "", resetLife, nil); err != nil || o.id == 0 {
			return err
		}
		m := Mail{Kind: MailPasswordReset, Site: site, To: o.email, ToName: o.name, CustomerID: o.id, Expires: s.sys.Now() + resetLife}
		m.toReset(path, o.id, token, resetLife)
		return s.send(tx, c, m)
	})
}

// Reset sets a password by the token of an emailed link, once. All sessions
// end. The network that asks becomes known to the customer, so that wrong
// guesses of strangers do not keep the owner from signing in there.
func (s *Service) Reset(ctx context.Context, site store.Site, customerID int64, token, password string, c Client) (err error) {
	defer func() { s.followed(ctx, site.StoreID, forReset, c, err) }()
	if err := s.CheckPassword(ctx, site.StoreID, password); err != nil {
		return err
	}
	// A look first: strangers should not make us hash.
	id, _, err := s.peek(ctx, site, token, forReset)
	if err != nil {
		return err
	}
	if id == 0 || id != customerID {
		return ErrLink
	}
	hash, err := s.passwords.Hash(ctx, party(site, c, true), password)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, site.StoreID, func(tx *sqldb.Tx) error {
		who, err := lockCustomer(tx, id, site.ChannelID)
		if err != nil {
			return err
		}
		if err := s.redeem(tx, site, token, forReset, id); err != nil {
			return err
		}
		if !who.admitted {
			return ErrLink
		}
		// Who reads what is sent to the address has confirmed it.
		if who.unconfirmed {
			if err := s.confirmed(tx, id); err != nil {
				return err
			}
		}
		if err := s.setPassword(tx, site, id, 0, hash, c); err != nil {
			return err
		}
		return remember(tx, id, c.Peer, s.sys.Now())
	})
}

// RequestSignInLink emails a link that signs in and tells what was sent: where
// the password has to be reset first, the link for that. It is ErrNobody for
// an email that nobody has here, as documented.
func (s *Service) RequestSignInLink(ctx context.Context, site store.Site, email, redirect string, c Client) (sent string, err error) {
	if redirect != "" {
		ok := false
		if redirect, ok = localPath(site, redirect); !ok {
			return "", badPath(FieldRedirect)
		}
	}
	quiet, err := s.ask(ctx, site.StoreID, email, c)
	if err != nil {
		return "", err
	}
	if quiet {
		return "", limit.TooMany(limit.Window)
	}
	o, err := s.owner(ctx, site, email)
	if err != nil {
		return "", err
	}
	if o.id == 0 {
		return "", ErrNobody
	}
	if o.reset {
		return SentPasswordReset, s.sendReset(ctx, site, o, "", c)
	}
	token, kept := s.sys.Hex(32), redirect
	if c.Mark != "" {
		kept += markedBy + auth.HashToken(c.Mark)
	}
	err = s.db.Write(ctx, site.StoreID, func(tx *sqldb.Tx) error {
		o, err := o.still(tx, site)
		if err != nil {
			return err
		}
		if o.id == 0 {
			return ErrNobody
		}
		if err := s.issue(tx, site, token, forSignIn, o.id, kept, SignInLinkLife, nil); err != nil {
			return err
		}
		return s.send(tx, c, Mail{
			Kind: MailSignInLink, Site: site, To: o.email, ToName: o.name, CustomerID: o.id,
			Data: data(link(site, signInPath, "token", token, "redirectUrl", redirect), SignInLinkLife), Expires: s.sys.Now() + SignInLinkLife,
		})
	})
	if err != nil {
		return "", err
	}
	return SentSignIn, nil
}

// markedBy stands between where a link to sign in leads and the mark of the
// browser that asked for it.
const markedBy = "\n"

// Asked reports whether the token of a link to sign in was asked for by the
// browser with a mark.
func (s *Service) Asked(ctx context.Context, site store.Site, token, mark string) (bool, error) {
	_, text, err := s.peek(ctx, site, token, forSignIn)
	if errors.Is(err, ErrLink) {
		return false, nil
	}
	_, by, marked := strings.Cut(text, markedBy)
	return err == nil && marked && mark != "" && by == auth.HashToken(mark), err
}

// RedeemSignInLink opens a browser's session by the token of an emailed link,
// once, and returns the path that the link leads to, empty for none.
func (s *Service) RedeemSignInLink(ctx context.Context, site store.Site, token string, c Client) (_ Grant, path string, err error) {
	p, err := s.Policy(ctx, site.StoreID)
	if err != nil {
		return Grant{}, "", err
	}
	var id int64
	defer func() {
		s.followed(ctx, site.StoreID, forSignIn, c, err)
		s.ended(ctx, site.StoreID, id, ByLink, c.Peer, err)
	}()
	id, text, err := s.peek(ctx, site, token, forSignIn)
	if err != nil {
		return Grant{}, "", err
	}
	redirect, _, _ := strings.Cut(text, markedBy)
	g := s.draw(site, Browser, id, c, p)
	err = s.db.Write(ctx, site.StoreID, func(tx *sqldb.Tx) error {
		who, err := lockSessions(tx, id, site.ChannelID)
		if err != nil {
			return err
		}
		if err := s.useUp(tx, site, token, forSignIn); err != nil {
			return err
		}
		switch {
		case !who.admitted:
			return ErrLink
		case who.ForcePasswordReset:
			return ErrResetRequired
		}
		if who.unconfirmed {
			if err := s.confirmed(tx, id); err != nil {
				return err
			}
		}
		return s.open(tx, g, c, &who, opening{by: ByLink, also: []history.Entry{ofLink(history.LinkUsed, forSignIn, id)}})
	})
	if err != nil {
		return Grant{}, "", err
	}
	return *g, redirect, nil
}

// toReset has an email link to where a password is chosen: a path on the
// storefront or, with "", the site's route for forgotten passwords, or else the
// page here.
func (m *Mail) toReset(path string, customerID int64, token string, life int64) {
	with := []string{"c", strconv.FormatInt(customerID, 10), "t", token}
	if path == "" {
		path, m.Route, m.Parameters = resetPath, channel.RouteForgotPassword, with
	}
	m.Data = data(link(m.Site, path, with...), life)
}

// toSignIn has an email link to where customers sign in.
func (m *Mail) toSignIn() {
	m.Route, m.Data = channel.RouteLogin, map[string]string{"link": link(m.Site, "/login.php")}
}

// data is that of an email with a link that is good for a while.
func data(link string, seconds int64) map[string]string {
	return map[string]string{"link": link, "minutes": strconv.FormatInt(seconds/60, 10)}
}

func badPath(field fault.Field) error {
	return fault.Broken(fault.Invalid, fault.Item{Field: field, Code: fault.NotAccepted, Why: WhyPath})
}

// link returns a URL on a storefront with parameters added to the path's; ones
// with an empty value are left out.
func link(site store.Site, path string, params ...string) string {
	u, err := url.Parse(path)
	if err != nil {
		u = &url.URL{Path: "/"}
	}
	var b strings.Builder
	b.WriteString(u.RawQuery)
	for i := 0; i < len(params); i += 2 {
		if params[i+1] == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('&')
		}
		b.WriteString(params[i] + "=" + url.QueryEscape(params[i+1]))
	}
	u.RawQuery = b.String()
	return strings.TrimRight(site.URL, "/") + u.String()
}

// localPath returns where a URL or path leads on the storefront, beginning
// with a slash, or false where it leads away or nowhere.
func localPath(site store.Site, target string) (string, bool) {
	if len(target) > maxRedirect || strings.ContainsFunc(target, func(r rune) bool { return r <= ' ' || r == '\\' || r == 0x7f }) {
		return "", false
	}
	u, err := url.Parse(target)
	if err != nil || u.User != nil || u.Opaque != "" {
		return "", false
	}
	if u.Scheme != "" || u.Host != "" {
		own, err := url.Parse(site.URL)
		if err != nil || u.Scheme != "" && u.Scheme != own.Scheme || !strings.EqualFold(u.Host, own.Host) {
			return "", false
		}
		u.Scheme, u.Host = "", ""
		if u.Path == "" {
			u.Path = "/"
		}
	}
	path := u.String()
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") {
		return "", false
	}
	return path, true
}
