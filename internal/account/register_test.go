package account_test

import (
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"clientele/internal/account"
	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/form"
	"clientele/internal/group"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

func newcomer(email string) account.Registration {
	return account.Registration{Email: email, Password: right, FirstName: "Ines", LastName: "Duarte"}
}

func (s *shop) texts(sql string, args ...any) []string {
	s.Helper()
	var out []string
	s.write(s.a.StoreID, func(tx *sqldb.Tx) error {
		return tx.Query(sqldb.Dynamic(sql), func(r *sqldb.Row) error { out = append(out, r.Text(0)); return nil }, args...)
	})
	return out
}

func TestRegister(t *testing.T) {
	each(t, func(s *shop) {
		ctx := s.Context()
		s.write(s.a.StoreID, func(tx *sqldb.Tx) error {
			if _, err := group.Put(tx, 5, group.Write{Name: opt.Some("New"), IsDefault: opt.Some(true)}, start); err != nil {
				return err
			}
			for _, f := range []form.Field{
				{Form: form.Customer, Name: "Size", Type: form.TextField, Required: true},
				{Form: form.Customer, Name: "Secret", Type: form.PasswordField, Required: true},
				{Form: form.Customer, Name: "Color", Type: form.TextField},
				{Form: form.Address, Name: "Floor", Type: form.TextField, Required: true},
			} {
				if err := form.Put(tx, f, start); err != nil {
					return err
				}
			}
			return tx.Exec(sqldb.Dynamic(`UPDATE form_fields SET required = 1 WHERE store_id = $1 AND id = 7`))
		})
		// Everything that is wrong is told at once; nothing is made.
		bad := newcomer("not an address")
		bad.Password, bad.FirstName = "short", ""
		if _, err := s.svc.Register(ctx, s.a, bad, home); kind(err) != fault.Invalid || len(codes(err)) != 7 {
			s.Errorf("%v", err)
		}
		if _, err := s.svc.Register(ctx, s.a, newcomer("ines@example.com"), home); len(codes(err)) != 3 || !slices.Contains(codes(err), fault.Required) {
			s.Errorf("required fields: %v", err)
		}
		in := newcomer("ines@example.com")
		in.Phone, in.AcceptsMarketing = "030", true
		in.FormFields = []form.Input{{Name: "size", Value: form.Text("M")}, {Name: "Secret", Value: form.Text("")}}
		in.Address = &customer.AddressCreate{AddressFields: customer.AddressFields{FirstName: "Ines", LastName: "Duarte", Address1: "Rua 1", City: "Lisboa", PostalCode: "1", CountryCode: "PT"}}
		if _, err := s.svc.Register(ctx, s.a, in, home); len(codes(err)) != 3 { // Secret, Floor, phone of the address
			s.Errorf("required fields: %v", err)
		}
		if got := s.texts(`SELECT email FROM customers WHERE store_id = $1`); len(got) != 0 || len(s.mails.Take()) != 0 {
			s.Errorf("made %q", got)
		}
		in.FormFields[1].Value = form.Text("s")
		in.Address.Phone = "030"
		in.Address.FormFields = []form.Input{{Name: "Floor", Value: form.Text("2")}}
		id, err := s.svc.Register(ctx, on(s.a, 2), in, home)
		if err != nil {
			s.Fatal(err)
		}
		c, err := s.customers.Get(ctx, s.a.StoreID, id)
		if err != nil || c.GroupID != 5 || c.RegistrationIP != "192.0.2.1" || c.OriginChannelID != 2 || c.ChannelIDs != nil || !c.AcceptsEmails || c.Phone != "030" {
			s.Errorf("%+v, %v", c, err)
		}
		if m := s.mails.Take(); len(m) != 1 || m[0].Kind != account.MailAccountCreated || m[0].CustomerID != id || m[0].Data["link"] != "https://shop.example.com/login.php" {
			s.Errorf("%+v", m)
		}
		if got := s.texts(`SELECT email || ' ' || source || ' ' || consents FROM subscribers WHERE store_id = $1 AND channel_id = 2`); !slices.Equal(got, []string{"ines@example.com storefront marketing_newsletter"}) {
			s.Errorf("%q", got)
		}
		if got := s.texts(`SELECT via || ' ' || ip_address FROM consent_changes WHERE store_id = $1`); !slices.Equal(got, []string{"storefront 192.0.2.1"}) {
			s.Errorf("%q", got)
		}
		if got := s.texts(`SELECT scope FROM events WHERE store_id = $1 ORDER BY id`); !slices.Equal(got, []string{"store/customer/created", "store/customer/address/created", "store/customer/updated", "store/subscriber/created"}) {
			s.Errorf("%q", got)
		}
		s.signIn(s.a, account.Browser, "ines@example.com")
		if _, err := s.svc.Register(ctx, s.a, in, home); kind(err) != fault.Conflict || !slices.Equal(codes(err), []fault.Code{fault.EmailInUse}) {
			s.Errorf("%v", err)
		}
		if len(s.mails.Take()) != 0 {
			s.Error("an email for a taken address")
		}
		// Where only the channel's own customers may sign in, one becomes one.
		in.Email = "three@example.com"
		third, err := s.svc.Register(ctx, on(s.a, 3), in, home)
		if err != nil {
			s.Fatal(err)
		}
		if c, err := s.customers.Get(ctx, s.a.StoreID, third); err != nil || !slices.Equal(c.ChannelIDs, []int64{3}) {
			s.Errorf("%+v, %v", c, err)
		}
		s.signIn(on(s.a, 3), account.Browser, "three@example.com")
		no := false
		s.settings(func(f *store.StorefrontSettings) { f.Registration = &no })
		_, err = s.svc.Register(ctx, s.a, newcomer("x@example.com"), home)
		s.want(err, account.ErrClosed)
	})
}

func TestRegisterRace(t *testing.T) {
	each(t, func(s *shop) {
		var won atomic.Int64
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() {
				switch _, err := s.svc.Register(s.Context(), s.a, newcomer("ines@example.com"), home); {
				case err == nil:
					won.Add(1)
				case kind(err) != fault.Conflict:
					s.Error(err)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 {
			s.Errorf("%d won", won.Load())
		}
	})
}

func TestConfirmAccount(t *testing.T) {
	each(t, func(s *shop) {
		ctx := s.Context()
		s.settings(func(f *store.StorefrontSettings) { f.ConfirmEmail = true })
		id, err := s.svc.Register(ctx, s.a, newcomer("ines@example.com"), home)
		if err != nil {
			s.Fatal(err)
		}
		token := s.link(account.MailConfirmAccount).Get("token")
		_, err = s.svc.SignIn(ctx, s.a, account.Browser, "ines@example.com", right, home)
		s.want(err, account.ErrUnconfirmed)
		_, err = s.svc.SignIn(ctx, s.a, account.Browser, "ines@example.com", "wrong", home)
		s.want(err, account.ErrCredentials)
		s.want(s.svc.ConfirmAccount(ctx, s.b, token, home), account.ErrLink)
		s.want(s.svc.ConfirmAccount(ctx, on(s.a, 2), token, home), account.ErrLink)
		s.want(s.svc.ConfirmAccount(ctx, s.a, token, home), nil)
		s.want(s.svc.ConfirmAccount(ctx, s.a, token, home), account.ErrLink)
		if m := s.mails.Take(); len(m) != 1 || m[0].Kind != account.MailAccountCreated || m[0].CustomerID != id {
			s.Errorf("%+v", m)
		}
		s.signIn(s.a, account.Browser, "ines@example.com")
		// A link that signs in confirms as well.
		if _, err := s.svc.Register(ctx, s.a, newcomer("rui@example.com"), home); err != nil {
			s.Fatal(err)
		}
		s.mails.Take()
		if _, err := s.svc.RequestSignInLink(ctx, s.a, "rui@example.com", "", home); err != nil {
			s.Fatal(err)
		}
		if _, err := s.signInWith(s.a, s.link(account.MailSignInLink).Get("token")); err != nil {
			s.Error(err)
		}
		s.signIn(s.a, account.Browser, "rui@example.com")
		// So does a reset, which was emailed too.
		zoe, err := s.svc.Register(ctx, s.a, newcomer("zoe@example.com"), home)
		if err != nil {
			s.Fatal(err)
		}
		s.mails.Take()
		s.want(s.svc.RequestReset(ctx, s.a, "zoe@example.com", "", home), nil)
		s.want(s.svc.Reset(ctx, s.a, zoe, s.link(account.MailPasswordReset).Get("t"), right, home), nil)
		s.signIn(s.a, account.Browser, "zoe@example.com")
		// Who is confirmed by then is not welcomed by the link to confirm.
		s.mails.Take()
		if _, err := s.svc.Register(ctx, s.a, newcomer("noor@example.com"), home); err != nil {
			s.Fatal(err)
		}
		token = s.link(account.MailConfirmAccount).Get("token")
		if _, err := s.svc.RequestSignInLink(ctx, s.a, "noor@example.com", "", home); err != nil {
			s.Fatal(err)
		}
		if _, err := s.signInWith(s.a, s.link(account.MailSignInLink).Get("token")); err != nil {
			s.Error(err)
		}
		s.mails.Take()
		s.want(s.svc.ConfirmAccount(ctx, s.a, token, home), nil)
		if m := s.mails.Take(); len(m) != 0 {
			s.Errorf("%+v", m)
		}
	})
}

// Confirming one's own address must not be a way to have another's.
func TestAnotherEmailIsConfirmedToo(t *testing.T) {
	each(t, func(s *shop) {
		ctx := s.Context()
		s.settings(func(f *store.StorefrontSettings) { f.ConfirmEmail = true })
		s.person("ines@example.com")
		g := s.signIn(s.a, account.Browser, "ines@example.com")
		move := func(email string) {
			s.Helper()
			if _, err := s.svc.UpdateDetails(ctx, s.a, g.Session, account.Details{Email: opt.Some(email)}, home); err != nil {
				s.Fatal(err)
			}
		}
		tokenTo := func(email string) string {
			s.Helper()
			m := s.mails.Take()
			if len(m) != 2 || m[0].Kind != account.MailEmailChanged || m[1].Kind != account.MailConfirmAccount || m[1].To != email {
				s.Fatalf("%+v", m)
			}
			u, err := url.Parse(m[1].Data["link"])
			if err != nil {
				s.Fatal(err)
			}
			return u.Query().Get("token")
		}
		move("first@example.com")
		first := tokenTo("first@example.com")
		if !s.open(g.Token) {
			s.Error("another address ended the session")
		}
		_, err := s.svc.SignIn(ctx, s.a, account.Browser, "first@example.com", right, home)
		s.want(err, account.ErrUnconfirmed)
		// What went to one address confirms no other.
		move("second@example.com")
		second := tokenTo("second@example.com")
		s.want(s.svc.ConfirmAccount(ctx, s.a, first, home), account.ErrLink)
		_, err = s.svc.SignIn(ctx, s.a, account.Browser, "second@example.com", right, home)
		s.want(err, account.ErrUnconfirmed)
		s.want(s.svc.ConfirmAccount(ctx, s.a, second, home), nil)
		if m := s.mails.Take(); len(m) != 0 {
			s.Errorf("%+v", m) // the account was welcomed when it was new
		}
		s.signIn(s.a, account.Browser, "second@example.com")
		// The same address written otherwise is no other.
		s.mails.Take()
		move("Second@example.com")
		if m := s.mails.Take(); len(m) != 0 {
			s.Errorf("%+v", m)
		}
		s.signIn(s.a, account.Browser, "second@example.com")
	})
}

func TestUpdateDetails(t *testing.T) {
	each(t, func(s *shop) {
		ctx := s.Context()
		id := s.person("ines@example.com")
		s.person("taken@example.com")
		g := s.signIn(s.a, account.Browser, "ines@example.com")
		c, err := s.svc.UpdateDetails(ctx, s.a, g.Session, account.Details{FirstName: opt.Some("Inês"), Company: opt.Some("Sol")}, home)
		if err != nil || c.FirstName != "Inês" || c.Company != "Sol" || c.LastName != "Duarte" || len(s.mails.Take()) != 0 {
			s.Errorf("%+v, %v", c, err)
		}
		mail := account.Details{Email: opt.Some("new@example.com"), Careful: true}
		_, err = s.svc.UpdateDetails(ctx, s.a, g.Session, mail, home)
		s.want(err, account.ErrWrongPassword)
		mail.CurrentPassword = opt.Some("wrong")
		_, err = s.svc.UpdateDetails(ctx, s.a, g.Session, mail, home)
		s.want(err, account.ErrWrongPassword)
		mail.CurrentPassword = opt.Some(right)
		if _, err = s.svc.UpdateDetails(ctx, s.a, g.Session, mail, home); err != nil {
			s.Fatal(err)
		}
		if m := s.mails.Take(); len(m) != 1 || m[0].Kind != account.MailEmailChanged || m[0].To != "ines@example.com" || m[0].Data["new_email"] != "new@example.com" {
			s.Errorf("%+v", m)
		}
		if !s.open(g.Token) {
			s.Error("another address ended the session")
		}
		_, err = s.svc.UpdateDetails(ctx, s.a, g.Session, account.Details{Email: opt.Some("Taken@example.com")}, home)
		if kind(err) != fault.Conflict || len(s.mails.Take()) != 0 {
			s.Errorf("%v", err)
		}
		if got := s.texts(`SELECT scope FROM events WHERE store_id = $1 ORDER BY id`); len(got) != 4 || got[3] != "store/customer/updated" {
			s.Errorf("%q", got)
		}
		s.want(s.customers.DeleteOne(ctx, s.a.StoreID, id), nil)
		_, err = s.svc.UpdateDetails(ctx, s.a, g.Session, account.Details{FirstName: opt.Some("X")}, home)
		s.want(err, account.ErrNobody)
	})
}

func TestSubscriptions(t *testing.T) {
	each(t, func(s *shop) {
		ctx := s.Context()
		rows := func() []string {
			return s.texts(`SELECT CAST(id AS TEXT) || ' ' || email || ' ' || consents FROM subscribers WHERE store_id = $1 ORDER BY id`)
		}
		if _, err := s.svc.Subscribe(ctx, s.a, "not an address", "", "", home); kind(err) != fault.Invalid {
			s.Errorf("%v", err)
		}
		for range 2 {
			if pending, err := s.svc.Subscribe(ctx, s.a, "ines@example.com", "Ines", "", home); pending || err != nil {
				s.Errorf("%v, %v", pending, err)
			}
		}
		if got := rows(); !slices.Equal(got, []string{"1 ines@example.com marketing_newsletter"}) {
			s.Errorf("%q", got)
		}
		// Who subscribes anew is told that they have, unless that would tell anybody
		// who asks: where the address is to be confirmed.
		_, err := s.svc.SubscribeNew(ctx, s.a, "ines@example.com", "Ines", "", home)
		s.want(err, account.ErrSubscribed)
		s.settings(func(f *store.StorefrontSettings) { f.ConfirmSubscription = true })
		if pending, err := s.svc.SubscribeNew(ctx, s.a, "ines@example.com", "Ines", "", home); !pending || err != nil {
			s.Errorf("%v, %v", pending, err)
		}
		s.mails.Take()
		in := newcomer("rui@example.com")
		in.AcceptsMarketing = true
		if _, err := s.svc.Register(ctx, s.a, in, home); err != nil {
			s.Fatal(err)
		}
		m := s.mails.Take()
		if len(m) != 2 || m[1].Kind != account.MailConfirmSubscription || len(rows()) != 1 {
			s.Fatalf("%+v", m)
		}
		_, token, _ := strings.Cut(m[1].Data["link"], "token=")
		s.want(s.svc.ConfirmSubscription(ctx, on(s.a, 2), token, home), account.ErrLink)
		s.want(s.svc.ConfirmSubscription(ctx, s.a, token, home), nil)
		s.want(s.svc.ConfirmSubscription(ctx, s.a, token, home), account.ErrLink)
		if got := rows(); len(got) != 2 || got[1] != "2 rui@example.com marketing_newsletter" {
			s.Errorf("%q", got)
		}

		// Unsubscribe links are good for ever, for the one they name.
		link, err := s.svc.UnsubscribeLink(ctx, s.a, 2)
		_, leave, _ := strings.Cut(link, "/unsubscribe.php?token=")
		again, err2 := s.svc.UnsubscribeToken(ctx, s.a.StoreID, 2)
		if err != nil || err2 != nil || leave == "" || leave != again {
			s.Fatalf("%q, %q, %v, %v", link, again, err, err2)
		}
		theirs, err := s.svc.UnsubscribeToken(ctx, s.b.StoreID, 2)
		if err != nil || theirs == leave {
			s.Errorf("another store signs alike: %v", err)
		}
		for _, bad := range []string{"", "2", "2.", "1" + leave[1:], leave + "A", leave[:len(leave)-1], "x." + leave[2:], "-2" + leave[1:], "02" + leave[1:], theirs} {
			s.want(s.svc.Unsubscribe(ctx, s.a.StoreID, bad, home), account.ErrLink)
		}
		if len(rows()) != 2 {
			s.Error("a forged link unsubscribed")
		}
		s.now.Add(10 * 365 * 86400)
		for range 2 {
			s.want(s.svc.Unsubscribe(ctx, s.a.StoreID, leave, home), nil)
		}
		if got := rows(); len(got) != 1 {
			s.Errorf("%q", got)
		}
		// The address subscribed anew, and the old link still ends it.
		s.settings(func(*store.StorefrontSettings) {})
		if _, err := s.svc.Subscribe(ctx, s.a, "Rui@example.com", "", "", home); err != nil {
			s.Fatal(err)
		}
		s.want(s.svc.Unsubscribe(ctx, s.a.StoreID, leave, home), nil)
		if got := rows(); len(got) != 1 {
			s.Errorf("%q", got)
		}
	})
}
