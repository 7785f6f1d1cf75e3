package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	chromium "clientele/internal/testing/browser"
)

// shopSeed is a store that wants addresses confirmed; %s is its URL.
const shopSeed = `stores:
  - hash: abc123
    name: Garden & Tools
    settings: {storefront: {confirm_email: true, confirm_subscription: true, theme_color: "#0a7d4f"}}
    channels: [{id: 1, name: Storefront, url: "%s"}]
    api_accounts:
      - {name: app, client_id: CID, client_secret: SECRET, access_token: TOKEN,
         scopes: [store_v2_customers, store_v2_customers_login, store_v2_information]}
    customers: [{id: 1, email: jane@example.com, first_name: Jane, last_name: Doe, password: Secret-123}]
`

// shop is a server with a storefront that may crash at any time and comes back
// at the same address, and a shopper's browser.
type shop struct {
	*server
	b *chromium.Tab
}

func openShop(t *testing.T, dsn string) *shop {
	t.Helper()
	host := quietPort(t)
	seed := filepath.Join(t.TempDir(), "seed.yaml")
	if err := os.WriteFile(seed, fmt.Appendf(nil, shopSeed, "http://"+host), 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, "seed", "--database", dsn, seed)
	b := chromium.Open(t, "http://"+host, "en-US")
	return &shop{serve(t, "--listen", host, "--database", dsn), b}
}

// portsTaken are those that tests of this process were given.
var portsTaken sync.Map

// quietPort returns an address that no server is given by chance: its port is
// below those that systems pick from.
func quietPort(t *testing.T) string {
	t.Helper()
	for port := 20000 + os.Getpid()%5000; port < 32000; port++ {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if _, taken := portsTaken.LoadOrStore(port, true); !taken {
			return fmt.Sprintf("127.0.0.1:%d", port)
		}
	}
	t.Fatal("no port is free")
	return ""
}

// crash kills the server and starts it again, with more arguments if given.
func (s *shop) crash(more ...string) {
	s.t.Helper()
	s.kill()
	args := s.args
	s.args = append(args[:len(args):len(args)], more...)
	s.restart(s.t.(*testing.T))
	s.args = args
}

// email is the last email of a kind to an address, as the outbox tells.
type email struct {
	Status string   `json:"status"`
	Links  []string `json:"links"`
}

// email waits for an email.
func (s *shop) email(kind, to string) email {
	s.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		res, err := http.Get(s.url + "/_clientele/outbox.json?" + url.Values{"kind": {kind}, "to": {to}}.Encode())
		if err != nil {
			s.t.Fatal(err)
		}
		text, err := io.ReadAll(res.Body)
		res.Body.Close()
		var answer struct {
			Data []email `json:"data"`
		}
		if err == nil {
			err = json.Unmarshal(text, &answer)
		}
		if err != nil || res.StatusCode != http.StatusOK {
			s.t.Fatalf("outbox: %d %s (%v)", res.StatusCode, text, err)
		}
		if len(answer.Data) > 0 && len(answer.Data[0].Links) > 0 {
			return answer.Data[0]
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("no email %s: %s", kind, text)
		}
	}
}

// link is the link in the last email of a kind, to be followed as it is.
func (s *shop) link(kind, to string) string {
	s.t.Helper()
	l := s.email(kind, to).Links[0]
	if !strings.HasPrefix(l, s.url+"/") {
		s.t.Fatalf("the email %s leads to %s, not to %s", kind, l, s.url)
	}
	return l
}

// app runs the app's part in node and returns what it prints.
func (s *shop) app(modules, input string, args ...string) string {
	s.t.Helper()
	dir := s.t.(*testing.T).TempDir()
	if err := copyClients(dir, "app.js"); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Symlink(modules, filepath.Join(dir, "node_modules")); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "input"), []byte(input), 0o600); err != nil {
		s.t.Fatal(err)
	}
	node := launch(s.t, dir, []string{"CLIENT_ID=CID", "CLIENT_SECRET=SECRET", "STORE_HASH=" + seedStore}, "sh", "-c", `exec node app.js "$@" <input`, "app", args[0], args[1])
	node.wait()
	if node.code != 0 {
		s.t.Fatalf("app.js %q exits with %d: %s", args, node.code, node.errs.String())
	}
	return node.out.String()
}

const submit = `main form .buttons button`

// A shopper's life in a real browser with a server that is killed between any
// two steps: nothing is lost on the way.
func TestShopper(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, dsn string) {
		s := openShop(t, dsn)
		b := s.b
		signIn := func(password string) {
			b.Open("/login.php").Write("login_email", "nora@example.com", "login_pass", password).Press(`form[action*=check_login] .buttons button`)
		}

		b.Open("/login.php?action=create_account").Write("email", "nora@example.com", "password", "a good pass 9", "confirm_password", "a good pass 9",
			"first_name", "Nora", "last_name", "New", "address1", "1 Main St", "city", "Austin", "state", "Texas", "postal_code", "78701")
		b.Press(submit).Want("Check your email", "sent to nora@example.com", "emails are kept in the outbox")
		s.crash()
		signIn("a good pass 9")
		b.Want("Please confirm your email address first")
		b.Open(s.link("confirm_account", "nora@example.com")).Want("Confirm your email address").Press(submit).Want("Your email address is confirmed.")
		signIn("a good pass 9")
		b.Want("Hello, Nora")
		s.crash()
		b.Open("/account.php?action=address_book").Want("Austin, Texas 78701").Press(`a[href*=edit_shipping_address]`)
		b.Write("city", "Dallas", "postal_code", "75201").Press(submit).Want("The address is saved.", "Dallas, Texas 75201")

		b.Open("/").Write("nl_email", "nora@example.com").Press(`.signup button`).Want("Please confirm your subscription")
		s.crash()
		c := s.client()
		if n := len(list[struct{}](c, "/customers/subscribers?email=nora@example.com").Data); n != 0 {
			t.Error("subscribed without a confirmation")
		}
		b.Open(s.link("confirm_subscription", "nora@example.com")).Press(submit).Want("You are subscribed")
		if n := len(list[struct{}](c, "/customers/subscribers?email=nora@example.com").Data); n != 1 {
			t.Errorf("%d subscribers after the confirmation", n)
		}
		b.Press(`header button`).Want("You are signed out.")
		b.Open("/account.php").Want("Please sign in first.")
		if p := list[customer](c, "/customers?email:in=nora@example.com&include=addresses"); len(p.Data) != 1 || p.Data[0].Addresses[0].City != "Dallas" {
			t.Errorf("the API sees %+v", p.Data)
		}

		// A forgotten password, while the mail server is down.
		s.crash("--smtp-url", "smtp://127.0.0.1:1", "--mail-from", "shop@example.com")
		b.Open("/login.php?action=reset_password").Write("email", "nora@example.com").Press(submit).Want("Check your email")
		s.crash()
		if m := s.email("password_reset", "nora@example.com"); m.Status != "queued" {
			t.Errorf("the email is %s", m.Status)
		}
		reset := s.link("password_reset", "nora@example.com")
		b.Open(reset).Write("password", "a better pass 8", "confirm_password", "a better pass 8").Press(submit).Want("Your new password is saved.")
		b.Open(reset).Write("password", "a worse pass 7", "confirm_password", "a worse pass 7").Press(submit).Want("This link is used up or too old.")
		signIn("a good pass 9")
		b.Want("The email address or the password is wrong.")
		signIn("a better pass 8")
		b.Want("Hello, Nora").Press(`header button`)

		// A link that signs in.
		b.Open("/login.php").Write("email", "nora@example.com").Press(`form[action*=passwordless_login] .buttons button`).Want("Check your email")
		s.crash()
		link := s.link("sign_in_link", "nora@example.com")
		b.Open(link).Want("Hello, Nora").Press(`header button`)
		b.Open(link).Press(submit).Want("This link is used up or too old.")
		b.Calm("the whole way")
		s.stop()
	})
}

// What developers look at works in a browser as well: the documents, whose
// first press is answered, and the outbox.
func TestDeveloperPages(t *testing.T) {
	t.Parallel()
	s := openShop(t, dbtest.MigratedDSN(t, sqldb.SQLite))
	s.b.Open("/docs/api/getCustomers").Await(`document.querySelector("#try-token").value`)
	s.b.Tick(`form[data-try] .buttons button`).Await(`document.querySelector(".result[data-status='200']")`)
	s.b.Open("/docs/graphql").Tick(`[data-send]`).Await(`document.querySelector(".result[data-status='200']") && document.body.innerText.includes('"storeName"')`)
	s.b.Calm("documents")
	s.b.Open("/_clientele/outbox").Want("There are no emails.")
	s.client().call(http.StatusOK, http.MethodPost, "/customers", []any{map[string]any{
		"email": "a.rather.long.name@example.com", "first_name": "Ann", "last_name": "Lee", "trigger_account_created_notification": true,
	}})
	s.email("account_created", "a.rather.long.name@example.com")
	s.b.Open("/_clientele/outbox").See("outbox").Press(`td a`).Want("a.rather.long.name@example.com", "Choose a password").See("outbox-email")
	s.stop()
}

// An app signs a shopper in, asks on the shop's page who is signed in, and
// believes only what is signed.
func TestSingleSignOn(t *testing.T) {
	t.Parallel()
	modules, err := nodeModules()
	chromium.Need(t, err)
	engines(t, func(t *testing.T, dsn string) {
		s := openShop(t, dsn)
		b := s.b
		const fetchCurrent = `fetch("/customer/current.jwt?app_client_id=CID").then(async r => r.status + " " + await r.text())`
		current := func(algorithm string) {
			t.Helper()
			status, token, _ := strings.Cut(b.Eval(fetchCurrent), " ")
			var claims struct {
				Customer struct {
					ID    int64  `json:"id"`
					Email string `json:"email"`
				} `json:"customer"`
				StoreHash string `json:"store_hash"`
			}
			text := s.app(modules, token, "verify", algorithm)
			if err := json.Unmarshal([]byte(text), &claims); err != nil || status != "200" || claims.Customer.ID != 1 || claims.Customer.Email != "jane@example.com" || claims.StoreHash != seedStore {
				t.Errorf("%s, %s: %s (%v)", algorithm, status, text, err)
			}
		}
		b.Open("/")
		if got := b.Eval(fetchCurrent); !strings.HasPrefix(got, "404 ") {
			t.Errorf("a guest is answered with %s", got)
		}
		token := s.app(modules, "", "login", "1")
		b.Open("/login/token/" + token).Want("Hello, Jane")
		if got := b.Path(); got != "/account.php" {
			t.Errorf("signing in leads to %s", got)
		}
		s.crash()
		b.Press(`header button`).Want("You are signed out.")
		b.Open("/login/token/"+token).Want("Invalid login. Please attempt to log in again.", "the token was used before")
		if got := b.Path(); got != "/login.php" {
			t.Errorf("a token that was used leads to %s", got)
		}
		if got := b.Eval(fetchCurrent); !strings.HasPrefix(got, "404 ") {
			t.Errorf("a token that was used signs in: %s", got)
		}
		if !strings.Contains(s.errs.String(), `reason="the token was used before"`) || strings.Contains(s.errs.String(), token) {
			t.Error("the log does not tell why, or tells the token")
		}

		b.Open("/login/token/" + s.app(modules, "", "login", "1")).Want("Hello, Jane")
		current("HS512")
		must(t, "store", "settings", "--database", dsn, "--store", seedStore, "--set", "storefront.current_customer_algorithm=HS256")
		s.crash()
		b.Open("/account.php").Want("Hello, Jane")
		current("HS256")
		b.Calm("the whole way")
		s.stop()
	})
}
