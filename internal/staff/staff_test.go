package staff_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"clientele/internal/app/apptest"
	"clientele/internal/fault"
	"clientele/internal/history/historytest"
	"clientele/internal/limit"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/staff"
)

type world struct {
	*apptest.World
	t *testing.T
}

func each(t *testing.T, fn func(w *world)) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := &world{apptest.New(t, db, apptest.Options{}), t}
		for _, hash := range []string{"one", "two"} {
			if _, err := w.Stores.Create(t.Context(), hash, "", ""); err != nil {
				t.Fatal(err)
			}
		}
		fn(w)
	})
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) want(got, want error) {
	w.t.Helper()
	if !errors.Is(got, want) {
		w.t.Errorf("%v, want %v", got, want)
	}
}

func why(err error) fault.Reason {
	if f := fault.As(err); f != nil && len(f.Items) > 0 {
		return f.Items[0].Why
	}
	return ""
}

const secret = "Plough the furrow"

func (w *world) person(email string, store int64, role staff.Role) *staff.Person {
	w.t.Helper()
	p, err := w.Staff.Create(w.t.Context(), nil, staff.Create{Email: email, Name: strings.ToUpper(email[:1]) + email[1:3], Password: secret, StoreID: store, Role: role})
	w.ok(err)
	return p
}

var here = staff.Client{Peer: limit.Peer{Address: "192.0.2.1"}, UserAgent: "Test"}

func (w *world) signIn(email, password string, c staff.Client) (staff.Grant, error) {
	return w.Staff.SignIn(w.t.Context(), email, password, c)
}

func (w *world) signed(token string) *staff.Signed {
	w.t.Helper()
	in, err := w.Staff.Authenticate(w.t.Context(), token)
	w.ok(err)
	return in
}

func (w *world) enter(email string) *staff.Signed {
	w.t.Helper()
	g, err := w.signIn(email, secret, here)
	w.ok(err)
	return w.signed(g.Token)
}

// The matrix of the roles is the documented one.
func TestRoles(t *testing.T) {
	want := map[staff.Role]string{
		staff.Owner:           "see_customers edit_customers store_credit merge delete_customers access sign_in_as structure segments subscribers import_customers import_subscribers export_customers export_subscribers personal_data settings emails apps make_api_accounts history manage_staff",
		staff.Administrator:   "see_customers edit_customers store_credit merge delete_customers access sign_in_as structure segments subscribers import_customers import_subscribers export_customers export_subscribers personal_data settings emails apps history manage_staff",
		staff.CustomerService: "see_customers edit_customers store_credit access sign_in_as subscribers emails",
		staff.Marketing:       "see_customers segments subscribers import_subscribers export_subscribers emails",
		staff.Privacy:         "see_customers delete_customers subscribers export_customers export_subscribers personal_data emails history",
		staff.Developer:       "see_customers emails apps make_api_accounts history",
		staff.ReadOnly:        "see_customers",
	}
	for _, r := range staff.Roles {
		var have []string
		for _, p := range staff.Permissions() {
			if r.Allows(p) {
				have = append(have, p.String())
			}
		}
		if got := strings.Join(have, " "); got != want[r] {
			t.Errorf("%s: %s", r, got)
		}
	}
	one := staff.Rights{{StoreID: 1, Role: staff.Administrator, Grants: []staff.Permission{staff.MakeAccounts}}, {StoreID: 2, Role: staff.Developer}}
	if !one.Can(staff.MakeAccounts, 1) || one.Can(staff.SeeCustomers, 3) || one.Can(staff.SeeCustomers, staff.AllStores) || one.Can(staff.ManageStaff, 2) {
		t.Error("rights of two stores")
	}
}

func TestFirstStart(t *testing.T) {
	each(t, func(w *world) {
		ctx := t.Context()
		earlier, err := w.Staff.SetupKey(ctx)
		w.ok(err)
		key, err := w.Staff.SetupKey(ctx)
		w.ok(err)
		in := staff.Create{Email: "ann@example.com", Name: "Ann", Password: secret}
		weak := in
		for password, reason := range map[string]fault.Reason{"short": staff.WhyShortPassword, "qwertyuiop": staff.WhyCommonPassword, "nuttertools": staff.WhyCommonPassword, "1234567890": staff.WhyCommonPassword, "Password2026!": staff.WhyCommonPassword, "ann@example.com": staff.WhyOwnPassword} {
			weak.Password = password
			if _, err := w.Staff.SetUp(ctx, key, weak, here); why(err) != reason {
				t.Errorf("%s: %v", password, err)
			}
		}
		_, err = w.Staff.SetUp(ctx, strings.Repeat("0", 64), in, here)
		w.want(err, staff.ErrLink)
		// Of two at once one wins.
		ends := make(chan error, 2)
		for _, k := range []string{key, earlier} {
			go func() {
				mine := in
				mine.Email = k[:8] + "@example.com"
				_, err := w.Staff.SetUp(context.Background(), k, mine, here)
				ends <- err
			}()
		}
		a, b := <-ends, <-ends
		if a == nil == (b == nil) || !errors.Is(errors.Join(a, b), staff.ErrLink) {
			t.Errorf("two at once: %v, %v", a, b)
		}
		if none, err := w.Staff.SetupKey(ctx); none != "" || err != nil {
			t.Errorf("a key where there is somebody: %q, %v", none, err)
		}
		people, err := w.Staff.List(ctx)
		w.ok(err)
		if len(people) != 1 || !people[0].Rights.Owns(staff.AllStores) {
			t.Errorf("%+v", people)
		}
	})
	each(t, func(w *world) { // a key is good for an hour
		key, err := w.Staff.SetupKey(t.Context())
		w.ok(err)
		w.Clock.Advance(time.Hour)
		w.want(w.Staff.CheckSetup(t.Context(), key), staff.ErrLink)
	})
}

func TestSessions(t *testing.T) {
	each(t, func(w *world) {
		ctx := t.Context()
		w.person("ann@example.com", staff.AllStores, staff.Owner)
		_, err := w.signIn("nobody@example.com", secret, here)
		w.want(err, staff.ErrCredentials)
		_, err = w.signIn("ann@example.com", "wrong", here)
		w.want(err, staff.ErrCredentials)
		g, err := w.signIn("ANN@example.com", secret, here)
		w.ok(err)
		first := w.signed(g.Token)
		if first == nil || first.Session.Stage != staff.SignedIn || !w.Staff.Proved(first) {
			t.Fatalf("%+v", first)
		}
		// Signing in ends what the browser had before, under another id.
		again, err := w.signIn("ann@example.com", secret, staff.Client{Peer: here.Peer, Previous: g.Token})
		w.ok(err)
		if w.signed(g.Token) != nil || again.Token == g.Token {
			t.Error("the session before goes on")
		}
		// A proof is good for a quarter of an hour, and gives the session another id.
		w.Clock.Advance(15 * time.Minute)
		in := w.signed(again.Token)
		if w.Staff.Proved(in) {
			t.Error("a proof that is too old")
		}
		_, err = w.Staff.Prove(ctx, in, "wrong", here)
		w.want(err, staff.ErrWrongPassword)
		proved, err := w.Staff.Prove(ctx, in, secret, here)
		w.ok(err)
		if w.signed(again.Token) != nil || !w.Staff.Proved(w.signed(proved.Token)) {
			t.Error("a proof")
		}
		// An hour without use, twelve in all.
		in = w.signed(proved.Token)
		w.Clock.Advance(59 * time.Minute)
		if w.signed(proved.Token) == nil {
			t.Error("ends while it is used")
		}
		w.Clock.Advance(time.Hour)
		if w.signed(proved.Token) != nil {
			t.Error("outlives an hour without use")
		}
		g, err = w.signIn("ann@example.com", secret, here)
		w.ok(err)
		for range 13 {
			w.Clock.Advance(59 * time.Minute)
			in = w.signed(g.Token)
		}
		if in != nil {
			t.Error("outlives twelve hours")
		}
		// Another password ends the other sessions.
		one, two := w.enter("ann@example.com"), w.enter("ann@example.com")
		w.want(w.Staff.ChangePassword(ctx, one, "wrong", "Another furrow 2"), staff.ErrWrongPassword)
		w.ok(w.Staff.ChangePassword(ctx, one, secret, "Another furrow 2"))
		w.want(w.Staff.EndOthers(ctx, two), nil) // changes nothing of one's own
		list, err := w.Staff.Sessions(ctx, one.ID)
		w.ok(err)
		if len(list) != 0 && list[0].ID != one.Session.ID {
			t.Errorf("%+v", list)
		}
		_, err = w.signIn("ann@example.com", secret, here)
		w.want(err, staff.ErrCredentials)
		w.Clock.Advance(40 * 24 * time.Hour)
		w.ok(w.DB.DropEnded(ctx, w.System.Now(), staff.Ended()))
		// Guesses are bounded, also at nobody's.
		for _, who := range []string{"ann@example.com", "nobody@example.org"} {
			for range 10 {
				_, err = w.signIn(who, "wrong", staff.Client{Peer: limit.Peer{Address: "198.51.100.7"}})
				w.want(err, staff.ErrCredentials)
			}
			if _, err = w.signIn(who, "Another furrow 2", staff.Client{Peer: limit.Peer{Address: "198.51.100.7"}}); fault.As(err) == nil || fault.As(err).Kind != fault.TooMany {
				t.Errorf("%s: %v", who, err)
			}
		}
	})
}

func TestMembers(t *testing.T) {
	each(t, func(w *world) {
		ctx := t.Context()
		ann := w.person("ann@example.com", staff.AllStores, staff.Owner)
		adam := w.person("adam@example.com", 1, staff.Administrator)
		w.want(func() error {
			_, err := w.Staff.Create(ctx, adam, staff.Create{Email: "x@example.com", Name: "X", Password: secret, StoreID: 2, Role: staff.ReadOnly})
			return err
		}(), staff.ErrDenied)
		for _, in := range []staff.Create{{StoreID: 1, Role: staff.Owner}, {StoreID: staff.AllStores, Role: staff.ReadOnly}, {StoreID: 1, Role: staff.Administrator, Grants: []staff.Permission{staff.MakeAccounts}}} {
			in.Email, in.Name, in.Password = "x@example.com", "X", secret
			_, err := w.Staff.Create(ctx, adam, in)
			w.want(err, staff.ErrDenied)
		}
		after := int64(len(historytest.Lines(t, w.DB, 1, 0)))
		bea, link, err := w.Staff.Invite(ctx, adam, staff.Invite{
			Create: staff.Create{Email: "bea@example.com", Name: "Bea", StoreID: 1, Role: staff.CustomerService},
			Link:   func(token string) string { return staff.InvitationLink("https://shop.example", token) },
		})
		w.ok(err)
		token := link[strings.LastIndexByte(link, '=')+1:]
		if _, err := w.signIn("bea@example.com", "", here); !errors.Is(err, staff.ErrCredentials) {
			t.Errorf("before the invitation: %v", err)
		}
		g, err := w.Staff.Accept(ctx, token, "Bea B", "Gardening tools 7", here)
		w.ok(err)
		_, err = w.Staff.Accept(ctx, token, "Bea B", "Gardening tools 7", here)
		w.want(err, staff.ErrLink)
		in := w.signed(g.Token)
		if !in.Rights.Can(staff.StoreCredit, 1) || in.Rights.Can(staff.Apps, 1) || in.Rights.In(2) {
			t.Errorf("%+v", in.Rights)
		}
		// Another role ends her sessions at once; stale pages are told so.
		w.want(w.Staff.SetMember(ctx, adam, staff.Member{StaffID: bea.ID, StoreID: 1, Role: staff.Marketing, Version: opt.Some[int64](1)}), staff.ErrStale)
		w.ok(w.Staff.SetMember(ctx, adam, staff.Member{StaffID: bea.ID, StoreID: 1, Role: staff.Marketing}))
		if w.signed(g.Token) != nil {
			t.Error("goes on with the role before")
		}
		// Nobody but owners touches owners, and there is always one.
		w.want(w.Staff.SetMember(ctx, adam, staff.Member{StaffID: ann.ID, StoreID: 1, Role: staff.ReadOnly}), nil)
		w.want(w.Staff.RemoveMember(ctx, adam, ann.ID, staff.AllStores), staff.ErrDenied)
		w.want(w.Staff.ResetFactors(ctx, adam, ann.ID), staff.ErrDenied)
		if err := w.Staff.RemoveMember(ctx, ann, ann.ID, staff.AllStores); why(err) != staff.WhyLastOwner {
			t.Errorf("the last owner: %v", err)
		}
		if err := w.Staff.Remove(ctx, nil, ann.ID); why(err) != staff.WhyLastOwner {
			t.Errorf("the last owner: %v", err)
		}
		// A removed person's session ends, also if they asked meanwhile.
		stale := w.enter("adam@example.com")
		w.ok(w.Staff.RemoveMember(ctx, ann, adam.ID, 1))
		w.want(w.Staff.RemoveMember(ctx, &stale.Person, bea.ID, 1), staff.ErrSession)
		if _, err := w.Staff.Get(ctx, adam.ID); !errors.Is(err, staff.ErrNobody) {
			t.Errorf("with the last membership: %v", err)
		}
		got := historytest.Lines(t, w.DB, 1, after)
		for _, want := range []string{"created staff_member 3", "updated staff_member 3", "deleted staff_member 2"} {
			if !slices.ContainsFunc(got, func(l string) bool { return strings.HasPrefix(l, want) }) {
				t.Errorf("no %q in %q", want, got)
			}
		}
	})
}

func TestSecondFactor(t *testing.T) {
	each(t, func(w *world) {
		ctx := t.Context()
		w.Staff.Rules.Production = true
		w.person("ann@example.com", staff.AllStores, staff.Owner)
		w.person("bea@example.com", 1, staff.CustomerService)
		// From the second sign-in on an owner has to have one.
		if in := w.enter("ann@example.com"); in.Session.Stage != staff.SignedIn {
			t.Errorf("the first time: %v", in.Session.Stage)
		}
		in := w.enter("ann@example.com")
		if in.Session.Stage != staff.NeedsEnroll {
			t.Errorf("the second time: %v", in.Session.Stage)
		}
		new, err := w.Staff.NewTOTP(&in.User, "")
		w.ok(err)
		code := func(secret string) string {
			t.Helper()
			c, err := totp.GenerateCode(secret, w.Clock.Now())
			w.ok(err)
			return c
		}
		_, _, err = w.Staff.ConfirmTOTP(ctx, in, new.Secret, "000000", here)
		w.want(err, staff.ErrCode)
		codes, g, err := w.Staff.ConfirmTOTP(ctx, in, new.Secret, code(new.Secret), here)
		w.ok(err)
		if len(codes) != 10 || w.signed(g.Token).Session.Stage != staff.SignedIn {
			t.Errorf("%d codes, %+v", len(codes), g)
		}
		// A code counts once, one from a minute ago not at all.
		wait := func() *staff.Signed {
			t.Helper()
			in := w.enter("ann@example.com")
			if in.Session.Stage != staff.NeedsFactor {
				t.Fatalf("%v", in.Session.Stage)
			}
			return in
		}
		_, err = w.Staff.GiveCode(ctx, wait(), code(new.Secret), false, here)
		w.want(err, staff.ErrCode)
		w.Clock.Advance(30 * time.Second)
		g, err = w.Staff.GiveCode(ctx, wait(), code(new.Secret), true, here)
		w.ok(err)
		if g.Browser != "" {
			t.Error("an owner's browser is remembered")
		}
		// A recovery code counts once.
		for i, want := range []error{nil, staff.ErrCode} {
			if _, err = w.Staff.GiveCode(ctx, wait(), strings.ToUpper(codes[0]), false, here); !errors.Is(err, want) {
				t.Errorf("the recovery code, time %d: %v", i+1, err)
			}
		}
		// After five wrong ones in a row each waits.
		at := wait()
		for range 4 {
			_, err = w.Staff.GiveCode(ctx, at, "111111", false, here)
			w.want(err, staff.ErrCode)
		}
		_, err = w.Staff.GiveCode(ctx, wait(), code(new.Secret), false, here)
		if f := fault.As(err); f == nil || f.Kind != fault.TooMany {
			t.Errorf("after five wrong codes: %v", err)
		}
		w.Clock.Advance(time.Hour)
		_, err = w.Staff.GiveCode(ctx, wait(), code(new.Secret), false, here)
		w.ok(err)
		// Others may have a browser remembered, until the password changes.
		bea := w.enter("bea@example.com")
		new, err = w.Staff.NewTOTP(&bea.User, "")
		w.ok(err)
		_, _, err = w.Staff.ConfirmTOTP(ctx, bea, new.Secret, code(new.Secret), here)
		w.ok(err)
		w.Clock.Advance(30 * time.Second)
		waiting := w.enter("bea@example.com")
		g, err = w.Staff.GiveCode(ctx, waiting, code(new.Secret), true, here)
		w.ok(err)
		known := here
		known.Browser = g.Browser
		next, err := w.signIn("bea@example.com", secret, known)
		if err != nil || next.Stage != staff.SignedIn {
			t.Errorf("in a remembered browser: %+v, %v", next, err)
		}
		entries := func(do func() error) []string {
			t.Helper()
			before := len(historytest.Lines(t, w.DB, 0, 0))
			w.ok(do())
			return historytest.Lines(t, w.DB, 0, 0)[before:]
		}
		reset := func() error { return w.Staff.ResetFactors(ctx, nil, bea.ID) }
		if got := entries(reset); !slices.Equal(got, []string{"revoked staff 2", "deleted second_factor 2"}) {
			t.Errorf("a reset: %q", got)
		}
		if w.signed(next.Token) != nil {
			t.Error("outlives the reset of the second factor")
		}
		// Of what was not there is no entry.
		if got := entries(reset); len(got) != 0 {
			t.Errorf("another reset: %q", got)
		}
		alone := w.enter("bea@example.com")
		if got := entries(func() error { return w.Staff.EndOthers(ctx, alone) }); len(got) != 0 {
			t.Errorf("no other session ended: %q", got)
		}
		if got := entries(reset); !slices.Equal(got, []string{"revoked staff 2"}) {
			t.Errorf("a reset that ends a session: %q", got)
		}
	})
}
