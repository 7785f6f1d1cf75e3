package visit_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"clientele/internal/app"
	"clientele/internal/app/apptest"
	"clientele/internal/limit"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
	"clientele/internal/system"
	"clientele/internal/visit"
)

func TestSafeRedirect(t *testing.T) {
	for in, want := range map[string]string{
		"/checkout": "/checkout", "/a?b=//c#d": "/a?b=//c#d", "/": "/", "/login.php?action=logout": "/login.php?action=logout",
		"": "/x", "checkout": "/x", "//evil.example": "/x", `/\evil.example`: "/x", `\/evil.example`: "/x", "https://evil.example": "/x",
		"/\t/evil.example": "/x", "/a\r\nSet-Cookie: b=c": "/x", "javascript:alert(1)": "/x", " /a": "/x", "/" + strings.Repeat("a", 3000): "/x",
		"/a b": "/a%20b", "/größe?q=é&p=1": "/gr%C3%B6%C3%9Fe?q=%C3%A9&p=1", "/a%20b%2Fc": "/a%20b%2Fc", "/100%": "/100%25", "/%zz%4": "/%25zz%254",
		"/a\"<>^`{|}": "/a%22%3C%3E%5E%60%7B%7C%7D", "/a\xff": "/a%FF", "/a?x[]=1;b=2+3&c='(*)!$,@:": "/a?x[]=1;b=2+3&c='(*)!$,@:", "/~a-._": "/~a-._",
	} {
		got := visit.SafeRedirect(in, "/x")
		if got != want {
			t.Errorf("%q: %q", in, got)
		}
		if again := visit.SafeRedirect(got, "/x"); again != got {
			t.Errorf("%q is %q at first and then %q", in, got, again)
		}
	}
}

func FuzzSafeRedirect(f *testing.F) {
	for _, s := range []string{"/a", "//a", `/\a`, "/%09/a", "/..//a", "http:/a"} {
		f.Add(s)
	}
	base, _ := url.Parse("https://shop.example/login.php")
	f.Fuzz(func(t *testing.T, in string) {
		got := visit.SafeRedirect(in, "/x")
		// Browsers drop these characters before they read a URL.
		read, err := base.Parse(strings.NewReplacer("\t", "", "\n", "", "\r", "", `\`, "/").Replace(strings.TrimSpace(got)))
		if err != nil || read.Host != "shop.example" {
			t.Errorf("%q leads to %s, %v", in, read, err)
		}
		if strings.ContainsFunc(got, func(r rune) bool { return r <= ' ' || r >= 0x7f }) || visit.SafeRedirect(got, "/x") != got {
			t.Errorf("%q is %q, which is not percent-encoded", in, got)
		}
	})
}

func TestOpen(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := apptest.New(t, db, apptest.Options{Change: func(c *app.Config) {
			c.StorefrontDomains, c.TrustedProxies = []string{"shops.example"}, []string{"10.0.0.0/8"}
		}})
		for _, s := range []struct{ hash, url string }{{"aaa", "https://shop.example"}, {"bbb", ""}} {
			if _, err := w.Stores.Create(t.Context(), s.hash, "", s.url); err != nil {
				t.Fatal(err)
			}
		}
		open := func(remote, host string, header ...string) (*visit.Visit, error) {
			r := httptest.NewRequest(http.MethodGet, "http://"+host+"/", nil)
			r.RemoteAddr = remote
			for i := 0; i < len(header); i += 2 {
				r.Header.Add(header[i], header[i+1])
			}
			return w.Visits.Open(httptest.NewRecorder(), r)
		}
		for host, want := range map[string]string{
			"shop.example": "aaa https://shop.example", "SHOP.example:8443": "aaa https://shop.example", "store-bbb.localhost:99": "bbb http://store-bbb.localhost:99",
			"store-bbb-1.shops.example": "bbb http://store-bbb-1.shops.example", "store-aaa.localhost": "aaa https://shop.example",
			"store-bbb-2.localhost": "", "store-ccc.localhost": "", "store-bbb.evil.example": "", "other.example": "", "store-aaa.localhost.": "aaa https://shop.example",
		} {
			v, err := open("192.0.2.1:5", host)
			got := ""
			if err == nil {
				got = v.Site.StoreHash + " " + v.Site.URL
			}
			if got != want {
				t.Errorf("%s: %q, %v", host, got, err)
			}
		}
		for _, c := range []struct{ remote, forwarded, want string }{
			{"192.0.2.1:5", "198.51.100.7", "192.0.2.1"},
			{"10.0.0.1:5", "198.51.100.7", "198.51.100.7"},
			{"10.0.0.1:5", "203.0.113.9, 198.51.100.7, 10.2.2.2", "198.51.100.7"},
			{"10.0.0.1:5", "junk, 10.2.2.2", "10.2.2.2"},
			{"10.0.0.1:5", "", "10.0.0.1"},
			{"[::ffff:10.0.0.1]:5", "2001:db8::1", "2001:db8::1"},
		} {
			v, err := open(c.remote, "shop.example", "X-Forwarded-For", c.forwarded, visit.ClientIP, "203.0.113.99")
			if err != nil || v.Peer != (limit.Peer{Address: c.want}) {
				t.Errorf("%v: %+v, %v", c, v.Peer, err)
			}
		}
		if v, err := open("10.0.0.1:5", "internal", "X-Forwarded-Host", "shop.example", "X-Forwarded-Proto", "https"); err != nil || !v.Secure || v.Host != "shop.example" {
			t.Errorf("behind a proxy: %+v, %v", v, err)
		}
		if _, err := open("192.0.2.1:5", "internal", "X-Forwarded-Host", "shop.example"); err == nil {
			t.Error("a stranger names the host")
		}
	})
}

func TestOneHostOneStore(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := apptest.New(t, db, apptest.Options{})
		if _, err := w.Stores.Create(t.Context(), "aaa", "", "https://shop.example"); err != nil {
			t.Fatal(err)
		}
		for _, url := range []string{"https://shop.example", "https://SHOP.example:443/x", "http://shop.example", "https://shop.example.:8443"} {
			if _, err := w.Stores.Create(t.Context(), "", "", url); err == nil {
				t.Errorf("%s: two stores have it", url)
			}
		}
	})
}

func TestForms(t *testing.T) {
	visits := &visit.Visits{Config: visit.Config{System: system.Real()}}
	first := httptest.NewRecorder()
	v := &visit.Visit{W: first, R: httptest.NewRequest(http.MethodGet, "/", nil), Visits: visits, Host: "shop.example"}
	token := v.FormToken()
	if v.FormToken() != token {
		t.Error("a page has two tokens")
	}
	cookie := first.Result().Cookies()[0]
	if !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode {
		t.Errorf("%+v", cookie)
	}
	for _, c := range []struct {
		name, field, cookie string
		header              []string
		want                bool
	}{
		{"genuine", token, token, nil, true},
		{"with headers", token, token, []string{"Origin", "https://shop.example", "Sec-Fetch-Site", "same-origin"}, true},
		{"no field", "", token, nil, false},
		{"no cookie", token, "", nil, false},
		{"neither", "", "", nil, false},
		{"another", strings.Repeat("0", 32), token, nil, false},
		{"not a token", "x", "x", nil, false},
		{"another origin", token, token, []string{"Origin", "https://evil.example"}, false},
		{"an opaque origin", token, token, []string{"Origin", "null"}, false},
		{"another site", token, token, []string{"Sec-Fetch-Site", "cross-site"}, false},
		{"a sibling", token, token, []string{"Sec-Fetch-Site", "same-site"}, false},
	} {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(url.Values{visit.FormField: {c.field}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if c.cookie != "" {
			r.AddCookie(&http.Cookie{Name: cookie.Name, Value: c.cookie})
		}
		for i := 0; i < len(c.header); i += 2 {
			r.Header.Set(c.header[i], c.header[i+1])
		}
		if got := (&visit.Visit{W: httptest.NewRecorder(), R: r, Visits: visits, Host: "shop.example"}).Genuine(); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// A page that came by http may be anybody's who sits between.
func TestSameOriginComparesSchemes(t *testing.T) {
	for _, c := range []struct {
		origin string
		secure bool
		want   bool
	}{
		{"https://shop.example", true, true},
		{"http://shop.example", true, false},
		{"http://shop.example", false, true},
		{"https://shop.example", false, true}, // a proxy that is not trusted has the certificate
		{"https://evil.example", true, false},
		{"null", true, false},
	} {
		r := httptest.NewRequest("POST", "https://shop.example/", nil)
		r.Header.Set("Origin", c.origin)
		if got := (&visit.Visit{R: r, Host: "shop.example", Secure: c.secure}).SameOrigin(); got != c.want {
			t.Errorf("%s, secure %v: %v", c.origin, c.secure, got)
		}
	}
}

// Where a store's token lets pages of other sites act for shoppers, the
// session's cookie goes to those over https, all others stay at home, and who
// says nothing changes nothing with it.
func TestCrossSite(t *testing.T) {
	for _, c := range []struct {
		name            string
		cross, https    bool
		header          map[string]string
		allowed         bool
		session, others string
	}{
		{"plain", true, false, nil, false, "Lax", "Lax"},
		{"no origins", false, true, nil, false, "Lax; Secure", "Lax; Secure"},
		{"https", true, true, nil, false, "None; Secure", "Lax; Secure"},
		{"the site itself", true, true, map[string]string{"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "empty"}, false, "None; Secure", "Lax; Secure"},
		{"a link", true, true, map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "document"}, false, "None; Secure", "Lax; Secure"},
		{"a picture", true, true, map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "image"}, false, "Lax; Secure", "Lax; Secure"},
		{"an allowed page", true, true, map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "empty"}, true, "None; Secure", "Lax; Secure"},
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		for k, v := range c.header {
			r.Header.Set(k, v)
		}
		visits := visit.New(visit.Config{System: system.Real(), CrossSite: func(context.Context, int64) (bool, error) { return c.cross, nil }})
		v := &visit.Visit{W: w, R: r, Site: store.Site{StoreID: 1}, Host: "shop.example", Secure: c.https, Allowed: c.allowed, Visits: visits}
		v.SetToken("x", 5)
		v.Flash("x", "")
		for _, cookie := range w.Result().Cookies() {
			got := map[http.SameSite]string{http.SameSiteLaxMode: "Lax", http.SameSiteNoneMode: "None"}[cookie.SameSite]
			if cookie.Secure {
				got += "; Secure"
			}
			want := c.others
			if cookie.Name == "SHOP_SESSION_TOKEN" || cookie.Name == "clientele_form" {
				want = c.session
			}
			if got != want {
				t.Errorf("%s: %s is %s, want %s", c.name, cookie.Name, got, want)
			}
		}
		if len(c.header) > 0 {
			continue
		}
		if !v.SameOrigin() {
			t.Errorf("%s: refused without a cookie", c.name)
		}
		r.AddCookie(&http.Cookie{Name: "SHOP_SESSION_TOKEN", Value: "x"})
		if got, want := v.SameOrigin(), !c.cross || !c.https; got != want {
			t.Errorf("%s: who says nothing with a cookie: %v", c.name, got)
		}
		r.Header.Set("Origin", "https://shop.example")
		if !v.SameOrigin() {
			t.Errorf("%s: refused from the site itself", c.name)
		}
		r.Header.Set("Origin", "https://evil.example")
		if v.SameOrigin() {
			t.Errorf("%s: taken from another site", c.name)
		}
	}
}

// What a browser keeps of an answer counts where it is complete: each category
// allowed or denied.
func TestConsentIsComplete(t *testing.T) {
	for text, want := range map[string]bool{
		`{"allow":[1,2,3],"deny":[],"at":5}`:  true,
		`{"allow":[],"deny":[3,2,1],"at":5}`:  true,
		`{"allow":[2],"deny":[1,3],"at":5}`:   true,
		`{"allow":[2],"deny":[1],"at":5}`:     false,
		`{"allow":[],"deny":[],"at":5}`:       false,
		`{"allow":[1,2],"deny":[2,3],"at":5}`: false,
		`{}`:                                  false,
		`x`:                                   false,
		``:                                    false,
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.AddCookie(&http.Cookie{Name: "bc_consent", Value: url.QueryEscape(text)})
		got, ok := (&visit.Visit{R: r}).Consent()
		if ok != want || ok && (len(got.Allow)+len(got.Deny) != 3 || got.DateModified != 5) || !ok && len(got.Allow)+len(got.Deny) > 0 {
			t.Errorf("%s: %+v, %v", text, got, ok)
		}
	}
}

// What explains a message is for developers. In production it is neither kept
// nor believed: a cookie may be anybody's.
func TestReasonsOfMessages(t *testing.T) {
	for _, c := range []struct {
		keeps, shows bool
		want         string
	}{{true, true, "why"}, {true, false, ""}, {false, true, ""}, {false, false, ""}} {
		kept := httptest.NewRecorder()
		visits := func(reasons bool) *visit.Visits { return &visit.Visits{Config: visit.Config{Reasons: reasons}} }
		(&visit.Visit{W: kept, R: httptest.NewRequest(http.MethodGet, "/", nil), Visits: visits(c.keeps)}).Flash("code", "why")
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.AddCookie(kept.Result().Cookies()[0])
		taken := httptest.NewRecorder()
		code, reason := (&visit.Visit{W: taken, R: r, Visits: visits(c.shows)}).TakeFlash()
		if code != "code" || reason != c.want {
			t.Errorf("kept %v, shown %v: %q %q", c.keeps, c.shows, code, reason)
		}
		if cookies := taken.Result().Cookies(); len(cookies) != 1 || cookies[0].MaxAge >= 0 {
			t.Errorf("it is shown again: %v", cookies)
		}
	}
}

// Signing in and out ends what proved the origin of forms before it.
func TestFormTokensEndWithSessions(t *testing.T) {
	for name, do := range map[string]func(*visit.Visit){
		"in": func(v *visit.Visit) { v.SetToken("x", 5) }, "out": func(v *visit.Visit) { v.ClearToken() },
	} {
		w := httptest.NewRecorder()
		do(&visit.Visit{W: w, R: httptest.NewRequest(http.MethodPost, "/", nil), Visits: &visit.Visits{}})
		ends := map[string]bool{}
		for _, c := range w.Result().Cookies() {
			ends[c.Name] = c.MaxAge < 0
		}
		if !ends["clientele_form"] || len(ends) != 2 || ends["SHOP_SESSION_TOKEN"] != (name == "out") {
			t.Errorf("signed %s: %v", name, ends)
		}
	}
}
