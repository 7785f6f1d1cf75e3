package panel_test

import (
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"clientele/internal/app"
	"clientele/internal/html/htmltest"
	"clientele/internal/panel"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/staff"
)

func TestWords(t *testing.T) { htmltest.Words(t, os.DirFS(".")) }

// Each page says what it takes to come to it; what is below a store's address is
// for who belongs to the store, and nothing is changed by a GET.
func TestRoutes(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range new(panel.Panel).Routes() {
		name := r.Method + " " + r.Pattern
		if !r.Need.Declared() || seen[name] {
			t.Errorf("%s: declared %t, twice %t", name, r.Need.Declared(), seen[name])
		}
		seen[name] = true
		if strings.Contains(r.Pattern, "{store}") != r.Need.OfStore() {
			t.Errorf("%s is about a store, or is not", name)
		}
		if r.Method != http.MethodGet && r.Method != http.MethodPost {
			t.Errorf("%s: the method", name)
		}
	}
	if len(seen) < 40 {
		t.Errorf("%d routes", len(seen))
	}
}

// Every role at every route, of its own store and of another one: whoever may
// not come gets 403 or 404 and not a byte of the store.
func TestMatrix(t *testing.T) {
	each(t, stores, func(t *testing.T, w *world) {
		w.person("all@example.com", staff.AllStores, staff.Owner)
		target := w.person("target@example.com", 2, staff.ReadOnly)
		routes := new(panel.Panel).Routes()
		requests := 0
		for _, role := range append([]staff.Role{""}, staff.Roles...) {
			b := w.browser()
			b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			rights := staff.Rights{}
			if role != "" {
				email := string(role) + "@example.com"
				rights = w.person(email, 1, role).Rights
				b.signIn(email).want(303, "")
			}
			for _, r := range routes {
				// What would end the session is tried by who has none.
				if role != "" && (strings.HasSuffix(r.Pattern, "/sign-out") || strings.HasSuffix(r.Pattern, "/sign-in") || r.Pattern == "/manage/single-sign-on/callback") {
					continue
				}
				for store, hash := range map[int64]string{1: "one", 2: "two", 3: "none"} {
					path := strings.NewReplacer("{store}", hash, "{id}", strconv.FormatInt(target.ID, 10)).Replace(r.Pattern)
					if !r.Need.OfStore() && store > 1 {
						continue
					}
					b.do(r.Method, path, "")
					requests++
					what := fmt.Sprintf("%s: %s %s", role, r.Method, path)
					met := role != "" && store < 3 && r.Need.Met(rights, store) && rights.In(store) || !r.Need.OfStore() && r.Need.Met(rights, staff.AllStores) && role != ""
					switch {
					case b.status >= 500:
						t.Errorf("%s: %d", what, b.status)
					case r.Need.Public():
					case role == "" && (b.status != 303 || !strings.HasPrefix(b.header.Get("Location"), "/manage/sign-in")):
						t.Errorf("%s: %d to %s", what, b.status, b.header.Get("Location"))
					case role != "" && !met && b.status != 403 && b.status != 404:
						t.Errorf("%s: %d", what, b.status)
					case role != "" && store > 1 && b.status != 404:
						t.Errorf("%s: %d, of a store that is not theirs", what, b.status)
					case role != "" && met && (b.status == 403 || b.status == 404 && !strings.Contains(r.Pattern, "{id}")):
						t.Errorf("%s: %d", what, b.status)
					}
					if store == 2 && strings.Contains(b.body, "Birch") || strings.Contains(b.body, "target@example.com") || (store != 1 || !met) && strings.Contains(b.body, "secret.of.one") {
						t.Errorf("%s: tells of another store", what)
					}
				}
			}
		}
		t.Logf("%d requests", requests)
	})
}

const policy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

func TestSignIn(t *testing.T) {
	each(t, stores, func(t *testing.T, w *world) {
		// Nobody has claimed it: there is no form.
		b := w.browser()
		b.get("/manage").want(200, "/manage", "Nobody has claimed", "!<form method=\"post\" action=\"/manage/setup")
		b.get("/manage/sign-in").want(200, "/manage")
		b.get("/manage/setup?key="+strings.Repeat("0", 64)).want(200, "/manage")
		key, err := w.Staff.SetupKey(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		b.get("/manage/setup?key="+key).want(200, "", "Set up Clientele")
		b.post("/manage/setup", "key", key, "name", "Ann", "email", "ann@example.com", "password", "1234567890", "confirm_password", "1234567890").want(422, "", "guessed first")
		b.post("/manage/setup", "key", key, "name", "Ann", "email", "ann@example.com", "password", password, "confirm_password", password).want(200, "/manage/setup/store", "Name of the store")
		w.browser().get("/manage/setup?key="+key).want(410, "", "no longer good")
		b.get("/manage").want(200, "/manage/stores", "First store", "Birch Books")

		// Headers of every page.
		if got := b.header.Get("Content-Security-Policy"); got != policy {
			t.Errorf("the policy is %s", got)
		}
		if b.header.Get("Cache-Control") != "no-store" || b.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%v", b.header)
		}
		// Where one goes after signing in stays within the panel.
		for _, to := range []string{"https://evil.example/", "//evil.example", "/login.php", "/manage/../login.php", "/manageX"} {
			out := w.browser()
			out.post("/manage/sign-in", "email", "ann@example.com", "password", password, "to", to).want(200, "/manage/stores")
		}
		out := w.browser()
		out.get("/manage/store/one/staff?q=a").want(200, "/manage/sign-in?to=%2Fmanage%2Fstore%2Fone%2Fstaff%3Fq%3Da")
		out.post("/manage/sign-in", "email", "ann@example.com", "password", password, "to", "/manage/store/one/staff?q=a").want(200, "/manage/store/one/staff?q=a", "ann@example.com")
		// Wrong, and unknown: the same words.
		wrong := w.browser().post("/manage/sign-in", "email", "ann@example.com", "password", "x").want(422, "").body
		unknown := w.browser().post("/manage/sign-in", "email", "bob@example.com", "password", "x").want(422, "").body
		if strings.ReplaceAll(wrong, "ann@", "bob@") != unknown {
			t.Error("tells who is somebody")
		}
		// Cookies, and what other sites send.
		req, err := http.NewRequest(http.MethodPost, w.server.URL+"/manage/sign-in", strings.NewReader("email=ann%40example.com&password="+strings.ReplaceAll(password, " ", "+")))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if c := strings.Join(res.Header.Values("Set-Cookie"), "\n"); !strings.Contains(c, "clientele_staff=") || !strings.Contains(c, "HttpOnly; SameSite=Strict") {
			t.Errorf("%s", c)
		}
		for header, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"} {
			b.extra = http.Header{header: {value}}
			b.post("/manage/profile", "name", "Eve").want(403, "", "another site")
			b.post("/manage/sign-out").want(403, "")
		}
		b.extra = http.Header{"Sec-Fetch-Site": {"same-origin"}}
		b.get("/manage/profile").want(200, "/manage/profile", "Ann")
		// A link in an email comes without the cookie: the page loads itself anew.
		cold := w.browser()
		cold.extra = http.Header{"Sec-Fetch-Site": {"cross-site"}}
		cold.get("/manage/profile").want(200, "/manage/profile", `http-equiv="refresh"`)
		b.post("/manage/sign-out").want(200, "/manage/sign-in", "You are signed out.")
		b.get("/manage/profile").want(200, "/manage/sign-in?to=%2Fmanage%2Fprofile")
	})
}

// What cannot be undone asks for the password again, and goes on afterwards.
func TestProof(t *testing.T) {
	each(t, stores, func(t *testing.T, w *world) {
		w.person("ann@example.com", staff.AllStores, staff.Owner)
		bob := w.person("bob@example.com", 1, staff.Marketing)
		b := w.browser()
		b.signIn("ann@example.com").want(200, "/manage/stores")
		w.Clock.Advance(16 * time.Minute)
		at := fmt.Sprintf("/manage/store/one/staff/%d", bob.ID)
		b.get("/manage/store/one/staff/new").want(200, "/manage/prove?to=%2Fmanage%2Fstore%2Fone%2Fstaff%2Fnew", "confirm that it is you")
		b.get(at).want(200, at, "bob@example.com")
		b.post(at, "role", "developer", "version", "1").want(200, at, "confirm that it is you", "role=developer")
		sent := "role=developer&version=1"
		b.post("/manage/prove", "to", at, "sent", sent, "current_password", "wrong").want(422, "", "The password is wrong.", "role=developer")
		b.post("/manage/prove", "to", at, "sent", sent, "current_password", password).want(200, "/manage/prove", `action="`+at+`"`, `name="role" value="developer"`)
		b.post(at, "role", "developer", "version", "1").want(200, "/manage/store/one/staff", "has the role Developer now", "Undo")
		// Somebody else was quicker: both versions, and nothing is lost.
		b.post(at, "role", "privacy", "version", "1").want(409, at, "changed this meanwhile", "<td data-label=\"Yours\">Privacy", "<td data-label=\"As it is now\">Developer", `name="version" value="2"`)
		b.post(at, "role", "owner", "version", "2").want(200, "/manage/store/one/staff")
		b.get(at+"/remove").want(200, "", "Remove Some One?")
		b.post(at+"/remove").want(200, "/manage/store/one/staff", "Some One is removed.", "!bob@example.com")
		b.post("/manage/store/one/staff/1/remove").want(409, "", "There has to be an owner of all stores")
		// A removed person's open tab is nobody's.
		if _, err := w.Staff.Get(t.Context(), bob.ID); err == nil {
			t.Error("is still there")
		}
	})
}

// A store is taken out of service and put back, by owners of all stores alone.
func TestArchive(t *testing.T) {
	each(t, stores, func(t *testing.T, w *world) {
		w.person("ann@example.com", staff.AllStores, staff.Owner)
		w.person("bob@example.com", 1, staff.Owner)
		ann, bob := w.browser(), w.browser()
		ann.signIn("ann@example.com").want(200, "/manage/stores", "Archive", "/manage/stores/two/archive")
		bob.signIn("bob@example.com").want(200, "/manage/store/one")
		for _, path := range []string{"/manage/stores/one/archive", "/manage/stores/one/restore"} {
			bob.get(path).want(403, "", "!Archive First store")
			bob.post(path).want(403, "")
		}
		ann.get("/manage/stores/one/restore").want(404, "")
		ann.get("/manage/stores/none/archive").want(404, "")
		ann.get("/manage/stores/one/archive").want(200, "", "Archive First store?", "stop working at once")
		ann.post("/manage/stores/one/archive").want(200, "/manage/stores", "First store is archived.", "Archived", "/manage/stores/one/restore", "!/manage/store/one\"")
		ann.post("/manage/stores/one/archive").want(404, "")
		for _, b := range []*browser{ann, bob} {
			b.get("/manage/store/one/customers").want(404, "", "!secret.of.one")
		}
		bob.get("/manage/stores").want(200, "", "!First store")
		bob.get("/manage").want(200, "/manage/stores", "No store yet")
		ann.get("/manage").want(200, "/manage/stores", "First store")
		ann.get("/manage/stores/one/restore").want(200, "", "Put First store back into service?")
		ann.post("/manage/stores/one/restore").want(200, "/manage/stores", "First store is in service again.")
		bob.get("/manage/store/one/history").want(200, "", "Archived:")
	})
}

// Where the panel answers, and who reaches it.
func TestReach(t *testing.T) {
	db := dbtest.Open(t, sqldb.SQLite)
	ask := func(w *world, host, path string, peer string) int {
		r, err := http.NewRequest(http.MethodGet, w.server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		if peer != "" {
			r.Header.Set("X-Forwarded-For", peer)
		}
		res, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res.StatusCode
	}
	production := func(c *app.Config) {
		c.Mode, c.PublicURL, c.ManageHosts, c.TrustedProxies = "production", "https://crm.example", []string{"admin.example"}, []string{"127.0.0.0/8"}
	}
	w := open(t, db, strings.Replace(stores, "name: First store,", `name: First store, channels: [{id: 1, name: Shop, url: "https://shop.example"}],`, 1), production)
	for host, want := range map[string]int{"crm.example": 200, "ADMIN.example": 200, "shop.example": 404, "other.example": 404} {
		for _, path := range []string{"/manage", "/manage/assets/panel.css"} {
			if got := ask(w, host, path, ""); got != want {
				t.Errorf("%s%s: %d", host, path, got)
			}
		}
	}
	w = open(t, db, "", production, func(c *app.Config) { c.ManageAllow = []string{"203.0.113.0/24"} })
	for peer, want := range map[string]int{"203.0.113.9": 200, "198.51.100.9": 404} {
		if got := ask(w, "crm.example", "/manage", peer); got != want {
			t.Errorf("from %s: %d", peer, got)
		}
	}
	w = open(t, db, "", func(c *app.Config) { c.Manage = "off" })
	for _, path := range []string{"/manage", "/manage/sign-in", "/manage/assets/panel.js"} {
		if got := ask(w, "", path, ""); got != 404 {
			t.Errorf("off: %s: %d", path, got)
		}
	}
}
